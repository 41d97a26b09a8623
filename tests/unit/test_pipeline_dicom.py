"""A DICOM series through the hallway: its findings reach the tables, a changed slice is a changed case."""

from dataclasses import replace

import pytest

import dicom_phantoms as dicom
import phantoms
from radfeat.core.vocabulary import Modality
from radfeat.core.volume import to_sitk
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.image_sheet import check_image_files
from radfeat.pipeline.cache import fingerprint
from radfeat.pipeline.case import CaseFolders, CaseSettings, process_case
from radfeat.pipeline.pair import measure_pair
from radfeat.pipeline.plan import list_stats

SETTINGS = CaseSettings(features=FeatureSettings.model_validate({"classes": {"firstorder": []}}))


@pytest.fixture
def row(tmp_path):
    series = dicom.write_series(tmp_path / "series", dicom.build_series())
    (series / "notes.txt").write_text("x")
    mask = phantoms.write_image(tmp_path / "mask.nii.gz", to_sitk(dicom.build_block(), dicom.GRID))
    return phantoms.build_row(series, mask)


def test_what_reading_found_stands_in_the_records_and_in_the_notebook(row):
    record = process_case([row], SETTINGS, CaseFolders())
    assert not record.failed
    assert [f["check"] for f in record.findings if f["check"].startswith("dicom.")] == ["dicom.ignored_files"]
    assert record.series["unit"] == "HU"
    result = measure_pair(row.image, row.mask, modality="CT", settings=SETTINGS)
    assert "dicom.ignored_files" in {finding.check for finding in result.findings}


def test_a_faulty_series_is_a_row_with_its_reason(row):
    sorted(row.image.glob("*.dcm"))[4].unlink()
    record = process_case([row], SETTINGS, CaseFolders())
    assert record.series["reason"] == "GEOMETRY"
    assert "misses slices" in record.rois[0].roi["sentence"]
    wrong = process_case([replace(row, modality=Modality.MR)], SETTINGS, CaseFolders())
    assert wrong.rois[0].roi["reason"] == "UNREADABLE"


def test_a_changed_slice_is_seen_by_the_plan_and_the_cache(row):
    stats, files = list_stats(row.image), fingerprint([row])
    assert len(stats) == 1
    assert len(files) == 12  # ten slices, the note, the mask
    assert fingerprint([row], files) == files
    path = sorted(row.image.glob("*.dcm"))[4]
    path.write_bytes(path.read_bytes() + b"\0")
    assert list_stats(row.image) != stats
    assert {f["sha256"] for f in fingerprint([row], files)} != {f["sha256"] for f in files}
    path.unlink()
    assert len(fingerprint([row], files)) == 11


def test_the_sheet_accepts_folders_and_names_lost_files_of_a_series_list(row, tmp_path):
    assert not check_image_files([row])
    listing = tmp_path / "ct.series.json"
    listing.write_text('{"format": "radfeat series list 1", "series": "0", "files": ["gone1", "gone2"]}')
    (fault,) = check_image_files([replace(row, image=listing)])
    assert fault.problem == "2 of the files that the series list names are not there"
