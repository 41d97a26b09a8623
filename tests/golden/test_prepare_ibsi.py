"""The recipe ``ibsi`` prepares the CT phantom as IBSI does: statistics and volume are IBSI's.

Configurations A to E of IBSI-1; values, tolerances and codes are those of ``reference_values.csv``. What is
asserted here is computed by numpy from the prepared masks alone, so that a failure is one of the preparation.
"""

import csv
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK as sitk

from phantoms import SHARED, build_key
from radfeat.core.pair import PreparedPair, SourcePair
from radfeat.core.provenance import Provenance
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.volume import Mask, Volume, array_of, grid_of
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import PrepareSettings

pytestmark = pytest.mark.needs_shared

IBSI = SHARED / "ibsi1"
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "A": {"resegment_range": [-500, 400]},
    "B": {"resampled_spacing_xyz_mm": [2, 2, 0], "resegment_range": [-500, 400]},
    "C": {"resampled_spacing_xyz_mm": [2, 2, 2], "resegment_range": [-1000, 400]},
    "D": {"resampled_spacing_xyz_mm": [2, 2, 2], "outlier_resegment_sd": 3},
    "E": {
        "resampled_spacing_xyz_mm": [2, 2, 2],
        "interpolator": "bspline",
        "resegment_range": [-1000, 400],
        "outlier_resegment_sd": 3,
    },
}


@cache
def read_phantom() -> SourcePair:
    folder = IBSI / "ct_phantom" / "nifti"
    image = sitk.ReadImage(str(folder / "image" / "phantom.nii.gz"))
    mask = sitk.ReadImage(str(folder / "mask" / "mask.nii.gz"))
    volume = Volume(array_of(image), grid_of(image), Modality.CT, Unit.HU)
    drawn = Mask(array_of(mask) == 1, grid_of(mask), build_key())
    return SourcePair(volume, drawn, Provenance("", "", "", ""))


def prepare(given: dict[str, Any]) -> PreparedPair:
    source, settings = read_phantom(), PrepareSettings.model_validate(given)
    return prepare_roi(prepare_image(source.image, settings), source, settings)


def read_references(configuration: str) -> dict[str, tuple[float, float]]:
    """Value and tolerance by IBSI code, of the statistics and the volume by counting."""
    with (IBSI / "reference_values.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["ibsi_code"]: (float(row["value"]), float(row["tolerance"]))
            for row in csv.DictReader(file)
            if row["config"] == configuration
            and (row["family"] == "intensity_statistics" or row["ibsi_code"] == "YEKZ")
        }


def compute_statistics(x: npt.NDArray[np.float64]) -> dict[str, float]:
    """IBSI's intensity statistics of the intensities in a mask."""
    p10, p25, median, p75, p90 = np.percentile(x, [10, 25, 50, 75, 90])
    z = (x - x.mean()) / x.std()
    core = x[(x >= p10) & (x <= p90)]
    return {
        "Q4LE": x.mean(),
        "ECT3": x.var(),
        "KE2A": (z**3).mean(),
        "IPH6": (z**4).mean() - 3,
        "Y12H": median,
        "1GSF": x.min(),
        "QG58": p10,
        "8DWT": p90,
        "84IY": x.max(),
        "SALO": p75 - p25,
        "2OJQ": x.max() - x.min(),
        "4FUA": np.abs(x - x.mean()).mean(),
        "1128": np.abs(core - core.mean()).mean(),
        "N72L": np.abs(x - median).mean(),
        "7TET": x.std() / x.mean(),
        "9S40": (p75 - p25) / (p75 + p25),
        "N8CA": (x**2).sum(),
        "5ZWQ": np.sqrt((x**2).mean()),
    }


def find_misses(configuration: str, pair: PreparedPair) -> list[str]:
    """Every value that, at the three digits of its reference, is farther from it than the tolerance."""
    references = read_references(configuration)
    values = compute_statistics(pair.image.voxels_zyx[pair.intensity_mask.voxels_zyx].astype(np.float64))
    values["YEKZ"] = float(pair.morphological_mask.voxels_zyx.sum()) * pair.image.grid.voxel_volume_mm3
    assert values.keys() == references.keys()
    assert len(values) == 19
    return [
        f"{code}: {value:.6g} instead of {references[code][0]:g} +- {references[code][1]:g}"
        for code, value in values.items()
        if not np.isclose(float(f"{value:.3g}"), references[code][0], rtol=1e-9, atol=references[code][1])
    ]


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_statistics_and_volume_are_those_of_ibsi(configuration: str) -> None:
    pair = prepare({"recipe": "ibsi", **CONFIGURATIONS[configuration]})
    assert find_misses(configuration, pair) == []


@pytest.mark.parametrize(
    ("configuration", "voxels"),
    [("B", (29842, 27359)), ("C", (45985, 45981)), ("D", (45985, 44465)), ("E", (45985, 44484))],
)
def test_the_masks_hold_as_many_voxels_as_by_simpleitk(configuration: str, voxels: tuple[int, int]) -> None:
    # Counted with SimpleITK 2.5 in place of SciPy: image and mask resampled in float64 on the same grids.
    pair = prepare({"recipe": "ibsi", **CONFIGURATIONS[configuration]})
    masks = pair.morphological_mask, pair.intensity_mask
    assert tuple(int(mask.voxels_zyx.sum()) for mask in masks) == voxels


@pytest.mark.parametrize("configuration", ["B", "C", "E"])
def test_the_recipe_pyradiomics_is_another(configuration: str) -> None:
    given = {"interpolator": "linear", **CONFIGURATIONS[configuration]}
    given.pop("outlier_resegment_sd", None)
    assert find_misses(configuration, prepare(given))


@pytest.mark.parametrize("configuration", ["B", "C", "D", "E"])
def test_without_rounding_the_90th_percentile_is_missed(configuration: str) -> None:
    pair = prepare({"recipe": "ibsi", **CONFIGURATIONS[configuration], "round_hu": 0})
    assert find_misses(configuration, pair)[0].startswith("8DWT")


@pytest.mark.parametrize(
    ("configuration", "changed"),
    [
        ("C", {"interpolator": "bspline"}),
        ("D", {"outlier_resegment_sd": 2}),
        ("D", {"resampled_spacing_xyz_mm": None}),
    ],
)
def test_other_settings_are_noticed(configuration: str, changed: dict[str, Any]) -> None:
    assert find_misses(configuration, prepare({"recipe": "ibsi", **CONFIGURATIONS[configuration], **changed}))
