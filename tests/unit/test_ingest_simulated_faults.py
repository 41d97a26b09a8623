"""The simulator's broken inputs fail here for the reasons that it states."""

from dataclasses import replace

import pytest

import phantoms
from radfeat.core.errors import CaseError
from radfeat.core.vocabulary import Reason
from radfeat.core.volume import to_sitk
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.settings import IngestSettings
from radfeat.qc.mask_checks import measure_mask
from radfeat.simulate.acquisition import acquire
from radfeat.simulate.anatomy import build_anatomy
from radfeat.simulate.broken import EXPECTED_REASON, Fault, break_scan
from radfeat.simulate.scan_files import write_image
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.subjects import build_subjects

SIMULATION = SimulationSettings(subjects=9, field_z_mm=60.0)
SUBJECT = build_subjects(SIMULATION)[1]
SCAN = acquire(SUBJECT, build_anatomy(SUBJECT, SIMULATION), 0, SIMULATION)
SETTINGS = IngestSettings()


@pytest.fixture
def row(tmp_path):
    image, mask = tmp_path / "i.nii.gz", tmp_path / "m.nii.gz"
    write_image(image, to_sitk(SCAN.voxels_zyx, SCAN.grid))
    write_image(mask, to_sitk(SCAN.labels_zyx, SCAN.grid))
    return phantoms.build_row(image, mask, label=1)


def test_sound_scan_is_read(row):
    pair = read_pair(read_image(row, SETTINGS), row, SETTINGS)
    assert (pair.mask.voxels_zyx == (SCAN.labels_zyx == 1)).all()


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.ONE_VOXEL])
def test_each_fault_has_the_reason_that_the_simulator_states(row, fault):
    break_scan(fault, SCAN, row.image, row.mask)
    with pytest.raises(CaseError) as caught:
        read_pair(read_image(row, SETTINGS), row, SETTINGS)
    assert caught.value.reason is EXPECTED_REASON[fault]


def test_single_voxel_is_read_and_left_to_preparation(row):
    break_scan(Fault.ONE_VOXEL, SCAN, row.image, row.mask)
    pair = read_pair(read_image(row, SETTINGS), row, SETTINGS)
    assert measure_mask(pair.mask).voxels == 1
    assert EXPECTED_REASON[Fault.ONE_VOXEL] is Reason.ROI_TOO_SMALL


def test_missing_label_lists_what_the_mask_holds(row):
    break_scan(Fault.LABEL_ABSENT, SCAN, row.image, row.mask)
    other = replace(row, label=1)
    with pytest.raises(CaseError, match=r"does not hold the label 1 \(found 9\)"):
        read_pair(read_image(other, SETTINGS), other, SETTINGS)
