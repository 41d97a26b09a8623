"""One case: whatever is wrong with it is a row with a reason, and names no file."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

import dicom_phantoms
import phantoms
from radfeat.core.errors import ExtractionError
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality, Reason
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline import case
from radfeat.pipeline.case import process_case
from radfeat.pipeline.case_settings import CaseFolders, CaseSettings
from radfeat.prepare.settings import PrepareSettings
from radfeat.qc.settings import QcSettings

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


def test_few_grey_levels_reach_the_rows(tmp_path: Path) -> None:
    features = FeatureSettings.model_validate({"bin_width": 1e6, "classes": {"glcm": ["Contrast"]}})
    record = process_case([build_row(tmp_path, "P1")], CaseSettings(features=features), CaseFolders())
    assert record.rois[0].roi["status"] == "OK"
    (told,) = [f for f in record.rois[0].findings if f["check"] == "feature.few_bins"]
    assert (told["measured"], told["limit"], told["unit"]) == (1.0, 8.0, "grey levels")


def test_roi_that_a_person_excluded_is_a_row_with_the_reason(tmp_path: Path) -> None:
    row = replace(build_row(tmp_path, "P1"), exclude_reason="The patient moved.")
    (roi,) = process_case([row], SETTINGS, CaseFolders()).rois
    assert (roi.roi["status"], roi.roi["reason"]) == ("FAILED", "QC_EXCLUDED")
    assert "excluded by hand: The patient moved." in roi.roi["sentence"]
    assert roi.roi["voxels"] > 0, "the mask was measured, the features were not"
    assert roi.values == {}


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


# -- acquisition ---------------------------------------------------------------------------------------------


def held_against(**rules: object) -> CaseSettings:
    qc = QcSettings.model_validate({"protocol": {"modalities": {"CT": rules, "PT": rules, "MR": rules}}})
    return replace(SETTINGS, qc=qc)


def dicom_row(folder: Path, scanner: str | None = None) -> ImageRow:
    """A CT series in DICOM with a structure set, as the sheet names them."""
    series = dicom_phantoms.build_series()
    dicom_phantoms.write_series(folder / "ct", series)
    drawn = dicom_phantoms.build_structure_set(series, {"GTV": dicom_phantoms.build_contours()})
    mask = dicom_phantoms.write_dataset(folder / "rs.dcm", drawn)
    row = phantoms.build_row(folder / "ct", mask, modality=Modality.CT)
    return replace(row, label=None, scanner=scanner)


def verdicts(record: case.CaseRecord) -> dict[str, tuple[object, str]]:
    return {
        row["parameter"]: (row["number"] if row["text"] is None else row["text"], row["verdict"])
        for row in record.acquisition
    }


def test_acquisition_of_a_dicom_series_is_held_against_the_protocol(tmp_path: Path) -> None:
    settings = held_against(
        slice_spacing={"max": 2}, manufacturer={"one_of": ["phantom works"]}, pixel_spacing={"max": 2}
    )
    record = process_case([dicom_row(tmp_path)], settings, CaseFolders())
    found = verdicts(record)
    assert found["slice_spacing"] == (3.0, "deviate")
    assert found["manufacturer"] == ("PHANTOM WORKS", "conform")
    assert found["pixel_spacing"] == (None, "unknown")  # the phantom's pixels are not square
    assert found["kvp"] == (120.0, "not_specified")
    assert record.series["scanner"] == "PHANTOM WORKS MODEL 1"
    assert {row["scanner"] for row in record.acquisition} == {"PHANTOM WORKS MODEL 1"}
    spoken = {f["check"]: f["sentence"] for f in record.findings}
    assert "slice_spacing 3 mm (allowed: at most 2 mm)" in spoken["protocol.deviation"]
    assert "pixel_spacing (allowed: at most 2 mm)" in spoken["protocol.unknown"]
    assert [roi.roi["status"] for roi in record.rois] == ["OK"]


def test_a_scanner_that_the_sheet_names_stays(tmp_path: Path) -> None:
    record = process_case([dicom_row(tmp_path, scanner="CT-1")], SETTINGS, CaseFolders())
    assert record.series["scanner"] == "CT-1"


@pytest.mark.parametrize(
    "rule", [{"slice_spacing": {"max": 2}}, {"exposure": {"min": 1000}}, {"phase": {"pattern": "."}}]
)
def test_what_the_protocol_requires_excludes_the_roi(
    tmp_path: Path, rule: dict[str, dict[str, object]]
) -> None:
    ((name, limits),) = rule.items()
    row = dicom_row(tmp_path)
    for required in (False, True):
        qc = QcSettings.model_validate(
            {"protocol": {"modalities": {"CT": {name: limits | {"required": required}}}}}
        )
        (roi,) = process_case([row], replace(SETTINGS, qc=qc), CaseFolders()).rois
        assert roi.roi["reason"] == ("QC_EXCLUDED" if required else None)
        assert roi.roi["voxels"] > 0
    assert name in roi.roi["sentence"]


def test_a_file_without_headers_tells_its_spacings_and_nothing_else(tmp_path: Path) -> None:
    settings = held_against(slice_spacing={"min": 0}, manufacturer={"pattern": "."})
    record = process_case([build_row(tmp_path, "P1")], settings, CaseFolders())
    z = phantoms.GRID.spacing_xyz_mm[2]
    assert verdicts(record)["slice_spacing"] == (z, "conform")
    assert verdicts(record)["manufacturer"] == (None, "unknown")


def test_an_image_that_cannot_be_read_has_unknown_rows_for_the_rules_alone(tmp_path: Path) -> None:
    row = build_row(tmp_path, "P1")
    row.image.unlink()
    record = process_case([row], held_against(slice_spacing={"max": 3}), CaseFolders())
    assert verdicts(record) == {"slice_spacing": (None, "unknown")}
    assert not [f for f in record.findings if f["check"].startswith("protocol.")]
    assert process_case([row], SETTINGS, CaseFolders()).acquisition == ()


def test_acquisition_survives_the_cache(tmp_path: Path) -> None:
    record = process_case([build_row(tmp_path, "P1")], SETTINGS, CaseFolders())
    assert record.acquisition
    assert case.CaseRecord.from_json(json.loads(json.dumps(record.to_json()))) == record
