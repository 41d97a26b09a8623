"""One case: whatever is wrong with it is a row with a reason, and names no file."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
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
FILE_FAULTS = (phantoms.break_missing, phantoms.break_empty, phantoms.break_truncated, phantoms.break_magic)
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


def leave_out_the_label(mask: Path) -> None:
    phantoms.write(mask, np.uint8(2) * (phantoms.build_labels() == 1))


def move_the_grid(mask: Path) -> None:
    phantoms.write(mask, np.uint8(1) * (phantoms.build_labels() == 1), phantoms.move(phantoms.GRID, 5.0))


def leave_no_voxel(mask: Path) -> None:
    phantoms.write(mask, np.uint8(0) * phantoms.build_labels())


@pytest.mark.parametrize(
    ("broken", "spoil"),
    [
        *((name, spoil) for name in ("image", "mask") for spoil in FILE_FAULTS),
        *(("mask", spoil) for spoil in (leave_out_the_label, move_the_grid, leave_no_voxel)),
    ],
)
def test_names_of_files_are_nowhere_in_the_record(
    tmp_path: Path, broken: str, spoil: Callable[[Path], None]
) -> None:
    image = phantoms.write(tmp_path / "Mueller_Hans_CT.nii.gz", phantoms.build_voxels())
    mask = phantoms.write(tmp_path / "Mueller_Hans_ROI.nii.gz", np.uint8(1) * (phantoms.build_labels() == 1))
    spoil({"image": image, "mask": mask}[broken])
    record = process_case([phantoms.build_row(image, mask, label=1)], SETTINGS, CaseFolders())
    assert record.failed
    text = json.dumps(record.to_json())
    assert not any(word in text for word in ("Mueller", "Hans", str(tmp_path)))


def test_ending_that_holds_a_name_is_not_said(tmp_path: Path) -> None:
    image = tmp_path / "CT.Mueller_Hans"
    image.write_bytes(b"no scan")
    record = process_case([phantoms.build_row(image, image)], SETTINGS, CaseFolders())
    assert record.rois[0].roi["reason"] == "UNREADABLE"
    assert "Mueller" not in json.dumps(record.to_json())
