"""IBSI-1: every reference value that PyRadiomics can express, on both phantoms, through every door.

Source: IBSI reference manual (arXiv:1612.07003), whose consensus values and tolerances ship with the
package. The CT phantom: https://github.com/theibsi/data_sets, CC BY-NC 3.0.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from phantoms import SHARED
from radfeat.cli.main import run_command_line
from radfeat.core.vocabulary import Configuration, PhantomSource
from radfeat.ibsi.comparison import ConfigurationResult
from radfeat.ibsi.phantom import GRID, build_intensities, build_mask
from radfeat.pipeline.ct_phantom import find_ct_phantom
from radfeat.pipeline.ibsi import SETUPS, measure_phantoms, measure_setup
from radfeat.pipeline.ibsi_phantoms import read_ct_phantom
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import CONFORMANCE

FOLDER = SHARED / "ibsi1"
COUNTS = {"digital": 402, "A": 284, "B": 284, "C": 165, "D": 166, "E": 166}

Results = Mapping[tuple[Configuration, PhantomSource], ConfigurationResult]


def describe(result: ConfigurationResult) -> list[str]:
    return [
        f"{e.feature} {e.aggregation}: {c.value}, not {e.value} +- {e.tolerance}"
        for c in result.failing
        for e in [c.expected]
    ]


@pytest.mark.requirement("R-FEAT-1")
def test_digital_phantom_meets_every_reference_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command_line(["ibsi", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "402 of 402" in said
    assert (
        "Not run, for want of the CT phantom (no --data was given): configurations A, B, C, D and E." in said
    )
    table = read_table(tmp_path / "conformance.parquet", CONFORMANCE, verify=True)
    assert table.num_rows == 402
    assert set(table["agreement"].to_pylist()) == {"agrees"}


@pytest.fixture(scope="module")
def results() -> Results:
    return {(r.configuration, r.source): r for r in measure_phantoms(find_ct_phantom(FOLDER))}


@pytest.mark.requirement("R-FEAT-1")
@pytest.mark.needs_shared
@pytest.mark.parametrize("source", [PhantomSource.NIFTI, PhantomSource.DICOM])
@pytest.mark.parametrize("configuration", list(Configuration)[1:])
def test_ct_phantom_meets_every_reference_value(
    results: Results, configuration: Configuration, source: PhantomSource
) -> None:
    result = results[configuration, source]
    assert describe(result) == []
    assert result.agreeing == len(result.comparisons) == COUNTS[configuration.value]


@pytest.mark.requirement("R-FEAT-1")
@pytest.mark.needs_shared
def test_a_phantom_that_is_off_by_one_hu_is_noticed() -> None:
    roi = read_ct_phantom(find_ct_phantom(FOLDER)[PhantomSource.NIFTI])
    volume = replace(roi.image.volume, voxels_zyx=roi.image.volume.voxels_zyx + np.float32(1))
    raised = replace(roi, image=replace(roi.image, volume=volume))
    failing = {c.expected.ibsi_name for c in measure_setup(raised, PhantomSource.NIFTI, SETUPS[1]).failing}
    assert "90th percentile" in failing


@pytest.mark.needs_shared
@pytest.mark.parametrize(
    ("name", "built"), [("image/phantom", build_intensities()), ("mask/mask", build_mask())]
)
def test_digital_phantom_in_code_is_ibsis_own(name: str, built: np.ndarray) -> None:
    image = sitk.ReadImage(str(FOLDER / "digital_phantom" / "nifti" / f"{name}.nii.gz"))
    assert np.array_equal(sitk.GetArrayFromImage(image), built)
    assert image.GetSpacing() == GRID.spacing_xyz_mm
    assert image.GetOrigin() == GRID.origin_xyz_mm
