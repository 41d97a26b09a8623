"""One case: whatever is wrong with it is a row with a reason, and names no file."""

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

import phantoms
from radfeat.core.errors import ExtractionError
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Reason
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline import case
from radfeat.pipeline.case import CaseFolders, CaseSettings, process_case
from radfeat.prepare.settings import PrepareSettings

FEATURES = FeatureSettings.model_validate({"classes": {"firstorder": ["Mean"]}})
SETTINGS = CaseSettings(features=FEATURES)
RESAMPLED = CaseSettings(
    features=FEATURES, prepare=PrepareSettings(resampled_spacing_xyz_mm=(1.0, 1.0, 1.0), pad_voxels=1)
)


def build_row(folder: Path, subject: str, grid: Grid = phantoms.GRID) -> ImageRow:
    folder.mkdir(exist_ok=True)
    row = phantoms.build_row(*phantoms.write_pair(folder, grid=grid))
    return replace(row, key=phantoms.build_key(subject))


def test_case_that_would_grow_beyond_memory_is_a_row_and_its_neighbour_is_measured(tmp_path: Path) -> None:
    vast = build_row(tmp_path / "vast", "P1", replace(phantoms.GRID, spacing_xyz_mm=(1000.0, 1000.0, 1000.0)))
    sound = build_row(tmp_path / "sound", "P2")
    first, second = (process_case([row], RESAMPLED, CaseFolders()) for row in (vast, sound))
    (failed,), (measured,) = first.rois, second.rois
    assert (failed.roi["status"], failed.roi["reason"]) == ("FAILED", "OUT_OF_MEMORY")
    assert failed.roi["sentence"].startswith(f"{vast.key.roi_id}: the new grid of 1 x 1 x 1 mm")
    assert measured.roi["status"] == "OK"
    assert list(measured.values) == ["original_firstorder_Mean"]


@pytest.mark.parametrize("step", ["check_image", "build_series_row"])
@pytest.mark.parametrize(
    ("error", "reason"),
    [(MemoryError(), Reason.OUT_OF_MEMORY), (ExtractionError("no"), Reason.COMPUTE_ERROR)],
)
def test_failure_after_reading_the_image_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: Exception, reason: Reason
) -> None:
    row, real = build_row(tmp_path, "P1"), case.build_series_row

    def fail(*args: object, **named: object) -> object:
        if "error" in named:
            return real(row, error=named["error"])  # type: ignore[arg-type]
        raise error

    monkeypatch.setattr(case, step, fail)
    record = process_case([row], SETTINGS, CaseFolders())
    assert record.series["reason"] == reason.value
    assert [roi.roi["reason"] for roi in record.rois] == [reason.value]


def refuse(*args: object) -> NoReturn:
    raise RuntimeError("Exception thrown in SimpleITK: /src/a.cxx:3:\nsitk::ERROR: no place in /home/Mueller")


def test_crop_that_cannot_be_written_is_a_row_without_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = build_row(tmp_path, "P1")
    monkeypatch.setattr("radfeat.prepare.crops.sitk.WriteImage", refuse)
    (roi,) = process_case([row], SETTINGS, CaseFolders(prepared=tmp_path / "prepared")).rois
    assert roi.roi["reason"] == "COMPUTE_ERROR"
    assert "writing the prepared crops failed" in roi.roi["sentence"]
    assert not {"cxx", "home", "Mueller"} & set(
        roi.roi["sentence"].replace("/", " ").replace(".", " ").split()
    )
    assert not any((tmp_path / "prepared").iterdir())
