from dataclasses import replace

import numpy as np
import pytest

import phantoms
from radfeat.core.errors import CaseError, EmptyRoiError, GeometryError, InputError
from radfeat.core.provenance import compute_file_sha256, compute_voxel_digest
from radfeat.core.vocabulary import Modality, Reason, Unit
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.settings import IngestSettings

SETTINGS = IngestSettings()
LABELS = phantoms.build_labels()
ROI_ID = "TRIAL/S1/P1/T0/CT/GTV"


@pytest.fixture
def pair_of(tmp_path):
    """Read a sound image with a mask that the test wrote."""
    image = phantoms.write(tmp_path / "image.nii.gz", phantoms.build_voxels())

    def run(mask, label=None, settings=SETTINGS):
        row = phantoms.build_row(image, mask, label=label)
        return read_pair(read_image(row, settings), row, settings)

    return run


def sentence_of(run, *args, reason, kind=CaseError):
    with pytest.raises(kind) as caught:
        run(*args)
    assert caught.value.reason is reason
    assert caught.value.sentence.startswith(f"{ROI_ID}: ")
    assert caught.value.remedy
    return caught.value.sentence


def test_sound_pair_has_voxels_hashes_and_unit(tmp_path, pair_of):
    image, mask = phantoms.write_pair(tmp_path)
    pair = pair_of(mask)
    assert np.array_equal(pair.mask.voxels_zyx, LABELS == 1)
    assert np.array_equal(pair.image.voxels_zyx, phantoms.build_voxels())
    assert pair.image.voxels_zyx.dtype == np.int16
    assert (pair.image.unit, pair.roi.roi_id) == (Unit.HU, ROI_ID)
    assert pair.provenance.image_sha256 == compute_file_sha256(image)
    assert pair.provenance.mask_sha256 == compute_file_sha256(mask)
    assert pair.provenance.mask_voxel_digest == compute_voxel_digest(LABELS == 1, phantoms.GRID)


def test_voxel_digest_does_not_depend_on_the_container(tmp_path):
    rows = [
        phantoms.build_row(phantoms.write(tmp_path / f"a.{ending}", phantoms.build_voxels()), tmp_path)
        for ending in ("nii.gz", "nrrd", "mha")
    ]
    images = [read_image(row, SETTINGS) for row in rows]
    assert len({image.voxel_digest for image in images}) == 1
    assert len({image.sha256 for image in images}) == 3


@pytest.mark.parametrize(
    ("modality", "setting", "unit"),
    [
        (Modality.CT, Unit.SUVBW, Unit.HU),
        (Modality.PT, Unit.ARBITRARY, Unit.ARBITRARY),
        (Modality.PT, Unit.SUVBW, Unit.SUVBW),
        (Modality.MR, Unit.SUVBW, Unit.ARBITRARY),
    ],
)
def test_unit_is_that_of_ct_or_declared_never_guessed(tmp_path, modality, setting, unit):
    image, mask = phantoms.write_pair(tmp_path)
    row = phantoms.build_row(image, mask, modality=modality)
    assert read_image(row, IngestSettings(pet_unit=setting)).volume.unit is unit


# -- which label ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "i2", "u8", "f4", "f8"])
def test_label_by_number_in_any_number_type(tmp_path, pair_of, dtype):
    mask = phantoms.write(tmp_path / "m.nii.gz", LABELS.astype(dtype))
    assert np.array_equal(pair_of(mask, 2).mask.voxels_zyx, LABELS == 2)


def test_single_label_needs_no_name_whatever_its_number(tmp_path, pair_of):
    mask = phantoms.write(tmp_path / "m.nii.gz", np.uint8(255) * (LABELS == 1))
    assert np.array_equal(pair_of(mask).mask.voxels_zyx, LABELS == 1)


def test_several_labels_and_none_named_are_listed(tmp_path, pair_of):
    mask = phantoms.write(tmp_path / "m.nii.gz", LABELS)
    sentence = sentence_of(pair_of, mask, reason=Reason.ROI_NOT_FOUND, kind=InputError)
    assert "several labels, and the sheet names none (found 1, 2)" in sentence


def test_absent_label_lists_those_present(tmp_path, pair_of):
    mask = phantoms.write(tmp_path / "m.nii.gz", LABELS)
    sentence = sentence_of(pair_of, mask, 9, reason=Reason.ROI_NOT_FOUND, kind=InputError)
    assert "does not hold the label 9 (found 1, 2)" in sentence


def test_long_lists_of_labels_are_shortened(tmp_path, pair_of):
    labels = np.arange(LABELS.size, dtype=np.int16).reshape(LABELS.shape)
    mask = phantoms.write(tmp_path / "m.nii.gz", labels)
    sentence = sentence_of(pair_of, mask, 999, reason=Reason.ROI_NOT_FOUND)
    assert "20 and 315 more" in sentence


@pytest.mark.parametrize("label", [None, 1])
def test_mask_of_zeros_is_empty(tmp_path, pair_of, label):
    mask = phantoms.write(tmp_path / "m.nii.gz", np.zeros_like(LABELS))
    sentence = sentence_of(pair_of, mask, label, reason=Reason.ROI_EMPTY, kind=EmptyRoiError)
    assert "holds no label: every voxel is 0" in sentence


def test_zero_is_the_background_not_a_label(tmp_path, pair_of):
    mask = phantoms.write(tmp_path / "m.nii.gz", LABELS)
    assert "background" in sentence_of(pair_of, mask, 0, reason=Reason.ROI_NOT_FOUND)


@pytest.mark.parametrize("odd", [0.5, np.nan, np.inf])
def test_labels_that_are_no_whole_numbers_are_refused(tmp_path, pair_of, odd):
    labels = LABELS.astype(np.float32)
    labels[0, 0, 0] = odd
    mask = phantoms.write(tmp_path / "m.nii.gz", labels)
    assert "not whole numbers (voxels: 1)" in sentence_of(pair_of, mask, 1, reason=Reason.UNREADABLE)


def test_missing_mask_is_an_roi_not_found(tmp_path, pair_of):
    sentence = sentence_of(pair_of, tmp_path / "gone.nii.gz", reason=Reason.ROI_NOT_FOUND)
    assert "the mask file is not there" in sentence


def test_colour_mask_without_segments_is_refused(tmp_path, pair_of):
    for name in ("m.nii.gz", "m.nrrd"):
        phantoms.break_colours(tmp_path / name)
        assert "several numbers per voxel" in sentence_of(
            pair_of, tmp_path / name, 1, reason=Reason.UNREADABLE
        )


def test_colour_image_in_nrrd_is_refused(tmp_path):
    phantoms.break_colours(tmp_path / "i.nrrd")
    with pytest.raises(InputError, match=r"several numbers per voxel .* \(found 3, allowed 1\)"):
        read_image(phantoms.build_row(tmp_path / "i.nrrd", tmp_path), SETTINGS)


# -- names ---------------------------------------------------------------------------------------------------

SEGMENTS = [("GTV primary", 1, 0), ("淋巴结", 2, 0)]


def test_segment_by_name_in_one_layer(tmp_path, pair_of):
    mask = phantoms.write_segmentation(tmp_path / "m.seg.nrrd", [LABELS], SEGMENTS)
    assert np.array_equal(pair_of(mask, "GTV primary").mask.voxels_zyx, LABELS == 1)
    assert np.array_equal(pair_of(mask, "淋巴结").mask.voxels_zyx, LABELS == 2)
    assert np.array_equal(pair_of(mask, 2).mask.voxels_zyx, LABELS == 2)


def test_overlapping_segments_lie_in_layers(tmp_path, pair_of):
    whole = np.uint8(1) * (LABELS > 0)
    segments = [("core", 1, 0), ("whole", 1, 1)]
    mask = phantoms.write_segmentation(
        tmp_path / "m.seg.nrrd", [np.uint8(1) * (LABELS == 2), whole], segments
    )
    assert np.array_equal(pair_of(mask, "core").mask.voxels_zyx, LABELS == 2)
    assert np.array_equal(pair_of(mask, "whole").mask.voxels_zyx, LABELS > 0)
    sentence = sentence_of(pair_of, mask, 1, reason=Reason.ROI_NOT_FOUND)
    assert "the label 1 in 2 layers (found 'core' (1), 'whole' (1))" in sentence


def test_unknown_name_lists_the_segments(tmp_path, pair_of):
    mask = phantoms.write_segmentation(tmp_path / "m.seg.nrrd", [LABELS], SEGMENTS)
    sentence = sentence_of(pair_of, mask, "gtv primary", reason=Reason.ROI_NOT_FOUND)
    assert "no segment named 'gtv primary' (found 'GTV primary' (1), '淋巴结' (2))" in sentence


def test_same_name_twice_is_ambiguous(tmp_path, pair_of):
    mask = phantoms.write_segmentation(tmp_path / "m.seg.nrrd", [LABELS], [("GTV", 1, 0), ("GTV", 2, 0)])
    assert "2 segments named 'GTV'" in sentence_of(pair_of, mask, "GTV", reason=Reason.ROI_NOT_FOUND)


def test_names_match_whatever_their_unicode_form(tmp_path, pair_of):
    mask = phantoms.write_segmentation(tmp_path / "m.seg.nrrd", [LABELS], [("Le\u0301sion", 1, 0)])
    assert np.array_equal(pair_of(mask, "L\u00e9sion").mask.voxels_zyx, LABELS == 1)


def test_two_declared_segments_are_ambiguous_even_if_one_is_empty(tmp_path, pair_of):
    drawn = np.uint8(2) * (LABELS == 2)
    mask = phantoms.write_segmentation(tmp_path / "m.seg.nrrd", [drawn], SEGMENTS)
    assert "2 segments, and the sheet names none" in sentence_of(pair_of, mask, reason=Reason.ROI_NOT_FOUND)
    sentence = sentence_of(pair_of, mask, "GTV primary", reason=Reason.ROI_EMPTY, kind=EmptyRoiError)
    assert "no voxel in its segment 'GTV primary' (1)" in sentence


def test_name_in_a_format_without_names_says_so(tmp_path, pair_of):
    mask = phantoms.write(tmp_path / "m.nii.gz", LABELS)
    sentence = sentence_of(pair_of, mask, "GTV", reason=Reason.ROI_NOT_FOUND)
    assert "no names to its labels, so 'GTV' cannot be looked up (found 1, 2)" in sentence


def test_segment_without_number_is_refused(tmp_path, pair_of):
    mask = phantoms.write_segmentation(tmp_path / "m.seg.nrrd", [LABELS], SEGMENTS)
    phantoms.edit_header(mask, "Segment0_LabelValue:=1\n", "")
    assert "segment 0 without a valid" in sentence_of(pair_of, mask, 1, reason=Reason.UNREADABLE)


# -- geometry ------------------------------------------------------------------------------------------------

BY_HALF_A_DEGREE = (0.99996, -0.0087, 0.0, 0.0087, 0.99996, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        (phantoms.move(phantoms.GRID, 20.0), "mask origin (10, 20, 30) mm, image (-10, 20, 30) mm"),
        (phantoms.stretch(phantoms.GRID, 1.6), "mask spacing (1.6, 2, 3) mm, image (1.5, 2, 3) mm"),
        (phantoms.turn(phantoms.GRID, BY_HALF_A_DEGREE), "mask direction"),
        (phantoms.turn(phantoms.GRID, phantoms.FLIPPED), "mask direction"),
    ],
)
def test_mask_on_another_grid_is_refused_and_says_what_differs(tmp_path, pair_of, grid, says):
    mask = phantoms.write(tmp_path / "m.nrrd", np.uint8(1) * (LABELS == 1), grid)
    sentence = sentence_of(pair_of, mask, reason=Reason.GEOMETRY, kind=GeometryError)
    assert says in sentence
    assert "found a difference of" in sentence
    assert "allowed 0.00" in sentence


def test_mask_of_another_size_is_refused(tmp_path, pair_of):
    grid = replace(phantoms.GRID, size_xyz=(8, 7, 5))
    mask = phantoms.write(tmp_path / "m.nrrd", LABELS[:5], grid)
    assert "the mask has 8 x 7 x 5 voxels, the image 8 x 7 x 6" in sentence_of(
        pair_of, mask, 1, reason=Reason.GEOMETRY
    )


def test_mask_within_the_tolerance_keeps_its_own_grid(tmp_path, pair_of):
    mask = phantoms.write(
        tmp_path / "m.nrrd", np.uint8(1) * (LABELS == 1), phantoms.move(phantoms.GRID, 0.0009)
    )
    pair = pair_of(mask)
    assert pair.mask.grid.origin_xyz_mm[0] == pytest.approx(-9.9991)
    assert pair.image.grid == phantoms.GRID
    with pytest.raises(GeometryError, match="allowed 0 mm"):
        pair_of(mask, None, IngestSettings(geometry_tolerance_mm=0))


def test_wider_tolerance_accepts_what_it_says(tmp_path, pair_of):
    mask = phantoms.write(tmp_path / "m.nrrd", np.uint8(1) * (LABELS == 1), phantoms.move(phantoms.GRID, 0.4))
    assert pair_of(mask, None, IngestSettings(geometry_tolerance_mm=0.5)).mask.voxels_zyx.sum() == 18


# -- one reading for several ROIs ----------------------------------------------------------------------------


def test_shared_mask_file_is_read_once_for_an_image(tmp_path):
    image = phantoms.write(tmp_path / "i.nii.gz", phantoms.build_voxels())
    shared = phantoms.write(tmp_path / "m.nii.gz", LABELS)
    rows = [
        replace(phantoms.build_row(image, shared, label=n), key=phantoms.build_key(roi=f"R{n}"))
        for n in (1, 2)
    ]
    read = read_image(rows[0], SETTINGS)
    first, second = (read_pair(read, row, SETTINGS) for row in rows)
    assert np.array_equal(first.mask.voxels_zyx, LABELS == 1)
    assert np.array_equal(second.mask.voxels_zyx, LABELS == 2)
    assert read.read_labels.cache_info().misses == 1
    assert read_image(rows[0], SETTINGS).read_labels.cache_info().misses == 0


def test_each_roi_of_a_faulty_shared_file_is_named(tmp_path):
    image, mask = phantoms.write_pair(tmp_path)
    phantoms.break_truncated(mask)
    row = phantoms.build_row(image, mask)
    read = read_image(row, SETTINGS)
    for roi in ("A", "B"):
        with pytest.raises(InputError, match=f"CT/{roi}: the mask file is cut short"):
            read_pair(read, replace(row, key=phantoms.build_key(roi=roi)), SETTINGS)
