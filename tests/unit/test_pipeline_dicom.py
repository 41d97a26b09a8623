"""DICOM in, rows out: what reading a series and its structure set found is among the case's findings."""

import pytest

import dicom_mask_faults as faults
import phantoms
from dicom_phantoms import (
    build_contours,
    build_series,
    build_structure_set,
    uid_of,
    write_dataset,
    write_series,
)
from radfeat.core.vocabulary import Modality
from radfeat.features.settings import FeatureSettings
from radfeat.pipeline.case import process_case
from radfeat.pipeline.case_settings import CaseFolders, CaseSettings
from radfeat.pipeline.pair import measure_pair

SETTINGS = CaseSettings(features=FeatureSettings(classes={"firstorder": ["Mean"]}))
SERIES = build_series()


@pytest.fixture
def paths(tmp_path):
    """A series, and a structure set that was drawn on another copy of it."""
    dataset = build_structure_set(SERIES, {"GTV": build_contours()})
    for contour in faults.contours_of(dataset):
        contour.ContourImageSequence[0].ReferencedSOPInstanceUID = uid_of("strange")
    image = write_series(tmp_path / "image", SERIES)
    return image, write_dataset(tmp_path / "mask" / "RS.dcm", dataset)


def test_findings_of_the_mask_are_rows_of_the_case(paths):
    record = process_case([phantoms.build_row(*paths)], SETTINGS, CaseFolders())
    (roi,) = record.rois
    assert roi.roi["status"] == "OK"
    assert roi.roi["voxels"] == 384
    assert "dicom.other_series" in {finding["check"] for finding in roi.findings}


def test_findings_of_the_mask_reach_a_notebook(paths):
    result = measure_pair(*paths, modality=Modality.CT, settings=SETTINGS)
    assert "dicom.other_series" in {finding.check for finding in result.findings}
    assert result.features["original_firstorder_Mean"] is not None


def test_faulty_mask_is_a_failed_row_with_its_reason(paths, tmp_path):
    dataset = build_structure_set(SERIES, {"GTV": build_contours()})
    faults.spoil_twice(dataset)
    row = phantoms.build_row(paths[0], write_dataset(tmp_path / "twice.dcm", dataset))
    (roi,) = process_case([row], SETTINGS, CaseFolders()).rois
    assert (roi.roi["status"], roi.roi["reason"]) == ("FAILED", "UNREADABLE")
    assert "cancel each other out" in roi.roi["sentence"]
