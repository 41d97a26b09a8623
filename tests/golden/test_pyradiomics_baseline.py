"""PyRadiomics' own baseline tables, shipped in its source release, are reproduced.

The tables were written by PyRadiomics 1.3 to 3.0 with NumPy 1.14 and SimpleITK 0.9 to 1.2; PyRadiomics' own
tests allow 3 %. What holds is 1e-11 relative, the digits that the tables print, for 3,366 of 3,370 values of
eight families, with normalisation, resampling, re-segmentation, bin counts and slices. The other four are of
one mesh (brain1), which PyRadiomics has triangulated otherwise since: they hold to 0.1 %.
"""

import ast
import csv
import math
from pathlib import Path
from typing import Any

import pytest
import SimpleITK as sitk
import yaml
from reference import measure, read_scan

from radfeat.config.parameter_file import read_parameter_file

COUNTS = {
    "firstorder": 360,
    "glcm": 960,
    "gldm": 490,
    "glrlm": 640,
    "glszm": 560,
    "ngtdm": 175,
    "shape": 140,
    "shape2D": 45,
}
"""Values in each table."""

OTHER_MESH = {
    f"original_shape_{name}" for name in ("MeshVolume", "SurfaceArea", "SurfaceVolumeRatio", "Sphericity")
}


def read_baseline(path: Path) -> dict[str, dict[str, str]]:
    """The columns of a baseline table, by test case."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream))
    cases = rows[0][1:]
    return {case: {row[0]: row[n] for row in rows[1:]} for n, case in enumerate(cases, start=1)}


def write_parameters(path: Path, family: str, column: dict[str, str]) -> Path:
    settings: dict[str, Any] = ast.literal_eval(column["diagnostics_Configuration_Settings"])
    if family == "shape":
        settings["resegmentRange"] = None  # as PyRadiomics' own test does
    if family == "shape2D":
        del settings["correctMask"]  # their masks had a grid of one slice; ours keep the image's
    path.write_text(yaml.safe_dump({"setting": settings, "featureClass": {family: []}}), encoding="utf-8")
    return path


def relative_difference(ours: float | None, theirs: float) -> float:
    if ours is None:
        return math.inf
    return abs(ours - theirs) / abs(theirs) if theirs else abs(ours)


def compare(release_folder: Path, tmp_path: Path, family: str) -> dict[tuple[str, str], float]:
    """Relative difference of every value of a family's table, by case and feature."""
    data = release_folder / "data"
    differences = {}
    for case, column in read_baseline(data / "baseline" / f"baseline_{family}.csv").items():
        scan = column["diagnostics_Configuration_TestCase"].removesuffix("_2D")
        image, mask = read_scan(data / f"{scan}_image.nrrd", data / f"{scan}_label.nrrd")
        if family == "shape2D":
            mask = take_slice(mask, ast.literal_eval(column["diagnostics_Mask-corrected_BoundingBox"])[2])
        given = read_parameter_file(write_parameters(tmp_path / "baseline.yaml", family, column))
        values = measure(image, mask, given.prepare, given.features).values
        wanted = {name: float(text) for name, text in column.items() if name.startswith("original_")}
        assert set(values) == set(wanted)
        for name, value in wanted.items():
            differences[case, name] = relative_difference(values[name], value)
    return differences


def take_slice(mask: sitk.Image, z: int) -> sitk.Image:
    """The mask on one slice, empty elsewhere: so were PyRadiomics' single-slice masks made."""
    voxels = sitk.GetArrayFromImage(mask)
    voxels[:z], voxels[z + 1 :] = 0, 0
    cut = sitk.GetImageFromArray(voxels)
    cut.CopyInformation(mask)
    return cut


@pytest.mark.requirement("R-FEAT-3")
@pytest.mark.parametrize("family", COUNTS)
def test_baseline_is_reproduced(release_folder: Path, tmp_path: Path, family: str) -> None:
    differences = compare(release_folder, tmp_path, family)
    assert len(differences) == COUNTS[family]
    for (case, name), difference in differences.items():
        allowed = 1e-3 if case == "brain1" and name in OTHER_MESH else 1e-11
        assert difference <= allowed, (case, name)
