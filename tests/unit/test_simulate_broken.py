import gzip
import json
from collections import Counter

import numpy as np
import pytest
import SimpleITK as sitk

from radfeat.core.vocabulary import Reason
from radfeat.core.volume import array_of, grid_of
from radfeat.simulate.acquisition import acquire
from radfeat.simulate.anatomy import build_anatomy
from radfeat.simulate.broken import EXPECTED_REASON, Fault, break_scan, choose_broken
from radfeat.simulate.scan_files import write_image
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.subjects import build_subjects
from radfeat.simulate.trial import write_trial

SETTINGS = SimulationSettings(subjects=9, field_z_mm=60.0)
SUBJECT = build_subjects(SETTINGS)[1]
SCAN = acquire(SUBJECT, build_anatomy(SUBJECT, SETTINGS), 0, SETTINGS)


@pytest.fixture
def break_it(tmp_path):
    def run(fault):
        image, mask = tmp_path / "i.nii.gz", tmp_path / "m.nii.gz"
        for path, voxels in ((image, SCAN.voxels_zyx), (mask, SCAN.labels_zyx)):
            written = sitk.GetImageFromArray(voxels)
            written.SetSpacing(SCAN.grid.spacing_xyz_mm)
            written.SetOrigin(SCAN.grid.origin_xyz_mm)
            written.SetDirection(SCAN.grid.direction)
            write_image(path, written)
        break_scan(fault, SCAN, image, mask)
        return image, mask

    return run


def test_first_five_faults_have_five_reasons():
    five = [EXPECTED_REASON[fault] for fault in list(Fault)[:5]]
    assert set(five) == {
        *(Reason.NO_IMAGE, Reason.UNREADABLE, Reason.GEOMETRY, Reason.ROI_NOT_FOUND, Reason.ROI_EMPTY),
    }
    assert set(EXPECTED_REASON) == set(Fault)


def test_chosen_subjects_differ_and_sites_take_turns():
    subjects = build_subjects(SimulationSettings(subjects=60))
    chosen = choose_broken(subjects, 6, seed=3)
    assert len({b.subject.subject_id for b in chosen}) == 6
    assert Counter(b.subject.scanner.site_id for b in chosen) == {"S01": 2, "S02": 2, "S03": 2}
    assert [b.fault for b in chosen] == list(Fault)[:6]


def test_every_subject_can_be_broken_once_and_faults_recur():
    subjects = build_subjects(SimulationSettings(subjects=30))
    chosen = choose_broken(subjects, 30, seed=3)
    assert len({b.subject.number for b in chosen}) == 30
    assert chosen[len(Fault)].fault is next(iter(Fault))


def test_healthy_subjects_files_do_not_change(tmp_path):
    write_trial(tmp_path / "sound", SETTINGS)
    write_trial(tmp_path / "broken", SETTINGS.model_copy(update={"broken": 4}))
    listed = json.loads((tmp_path / "broken" / "truth.json").read_text(encoding="utf-8"))["broken"]
    assert [b["expected_reason"] for b in listed] == [EXPECTED_REASON[f].value for f in list(Fault)[:4]]
    stems = tuple(b["case_id"].split("/")[2] for b in listed)
    sound = {p.name: p.read_bytes() for p in (tmp_path / "sound").rglob("*.nii.gz")}
    kept = {p.name: p.read_bytes() for p in (tmp_path / "broken").rglob("*.nii.gz")}
    healthy = [name for name in sound if not name.startswith(stems)]
    assert len(healthy) == 10
    assert all(sound[name] == kept[name] for name in healthy)
    assert sum(sound[name] != kept.get(name) for name in sound) == 4
    for sheet in ("images.csv", "clinical.csv"):
        assert (tmp_path / "sound" / sheet).read_bytes() == (tmp_path / "broken" / sheet).read_bytes()


def test_missing_image_leaves_only_the_mask(break_it):
    image, mask = break_it(Fault.MISSING_IMAGE)
    assert (image.exists(), mask.exists()) == (False, True)


def test_empty_file_has_no_byte(break_it):
    assert break_it(Fault.EMPTY_FILE)[0].read_bytes() == b""


def test_truncated_image_is_half_of_a_gzip_stream(break_it):
    sound = break_it(Fault.ONE_VOXEL)[0].read_bytes()
    cut = break_it(Fault.TRUNCATED_IMAGE)[0].read_bytes()
    assert cut == sound[: len(sound) // 2]


@pytest.mark.parametrize("fault", [Fault.MASK_OTHER_GRID, Fault.MASK_MOVED])
def test_mask_grid_differs_by_far_more_than_a_tolerance(break_it, fault):
    image, mask = (grid_of(sitk.ReadImage(str(path))) for path in break_it(fault))
    assert image.size_xyz == mask.size_xyz
    gaps = np.abs(
        np.subtract(image.spacing_xyz_mm + image.origin_xyz_mm, mask.spacing_xyz_mm + mask.origin_xyz_mm)
    )
    assert gaps.max() > 0.19


def test_label_absent_keeps_a_drawing_under_another_number(break_it):
    labels = array_of(sitk.ReadImage(str(break_it(Fault.LABEL_ABSENT)[1])))
    assert 1 not in labels
    assert np.array_equal(labels > 0, SCAN.labels_zyx > 0)


def test_empty_mask_has_no_voxel(break_it):
    assert not array_of(sitk.ReadImage(str(break_it(Fault.EMPTY_MASK)[1]))).any()


def test_one_voxel_mask_keeps_one_voxel_of_the_lesion(break_it):
    labels = array_of(sitk.ReadImage(str(break_it(Fault.ONE_VOXEL)[1])))
    assert labels.sum() == 1
    assert SCAN.labels_zyx[labels == 1].item() == 1


def test_nan_image_has_nan_within_the_lesion(break_it):
    # SimpleITK would not show it: its NIfTI reader turns NaN into 0 without a word.
    content = gzip.decompress(break_it(Fault.NAN_IMAGE)[0].read_bytes())
    voxels = np.frombuffer(content, "<f4", offset=352).reshape(SCAN.labels_zyx.shape)
    assert np.isnan(voxels[SCAN.labels_zyx == 1]).any()
    assert not np.isnan(voxels).all()


def test_odd_images_have_four_dimensions_or_three_colours(break_it):
    assert sitk.ReadImage(str(break_it(Fault.FOUR_DIMENSIONS)[0])).GetDimension() == 4
    assert sitk.ReadImage(str(break_it(Fault.COLOUR_IMAGE)[0])).GetNumberOfComponentsPerPixel() == 3
