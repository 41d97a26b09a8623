"""DICOM segmentations: binary, fractional, label maps; frames placed by where they lie."""

from copy import deepcopy
from dataclasses import replace
from itertools import count

import highdicom as hd
import numpy as np
import pytest
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

import dicom_mask_faults as faults
import phantoms
from dicom_phantoms import (
    GRID,
    build_block,
    build_enhanced,
    build_segmentation,
    build_series,
    uid_of,
    write_dataset,
    write_series,
)
from radfeat.core.errors import CaseError, EmptyRoiError, GeometryError, InputError
from radfeat.core.vocabulary import Modality, Reason, Severity
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.dicom.image_place import ImagePlace
from radfeat.ingest.dicom.masks import read_dicom_mask
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

SETTINGS = IngestSettings()
ROI_ID = "TRIAL/S1/P1/T0/CT/GTV"
SERIES = build_series()
BLOCK = build_block()
NODE = np.roll(BLOCK, (2, 3, 1), axis=(0, 1, 2))
"""Overlaps the block."""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The phantom series, read once."""
    folder = write_series(tmp_path_factory.mktemp("series"), SERIES)
    return read_image(phantoms.build_row(folder, folder), SETTINGS)


@pytest.fixture
def read(tmp_path, image):
    """Write a segmentation and read its mask as the case reader does."""
    numbers = count(1)

    def run(dataset, label=None, settings=SETTINGS, where=image):
        path = write_dataset(tmp_path / f"SEG{next(numbers)}.dcm", dataset)
        return read_pair(where, phantoms.build_row(path, path, label=label), settings)

    return run


def build_of_kind(kind, masks, syntax=ExplicitVRLittleEndian, **more):
    """A segmentation of any type, as highdicom writes it."""
    described = [
        hd.seg.SegmentDescription(
            segment_number=n,
            segment_label=label,
            segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
            segmented_property_type=codes.SCT.Neoplasm,
            algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for n, label in enumerate(masks, start=1)
    ]
    return hd.seg.Segmentation(
        source_images=SERIES,
        pixel_array=np.stack(list(masks.values()), axis=-1),
        segmentation_type=kind,
        segment_descriptions=described,
        series_instance_uid=uid_of("seg"),
        series_number=9,
        sop_instance_uid=uid_of("seg", "0"),
        instance_number=1,
        manufacturer="Phantom Works",
        manufacturer_model_name="Model 1",
        software_versions="1.0",
        device_serial_number="1",
        transfer_syntax_uid=syntax,
        **more,
    )


# -- sound ---------------------------------------------------------------------------------------------------


def test_sound_segmentation_gives_its_voxels(read, image):
    pair = read(build_segmentation(SERIES, {"GTV": BLOCK}))
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert pair.mask.grid == image.volume.grid
    assert pair.findings == ()


@pytest.mark.parametrize(("label", "expected"), [("GTV", BLOCK), ("node", NODE), (1, BLOCK), (2, NODE)])
def test_overlapping_segments_are_told_apart_by_name_or_number(read, label, expected):
    pair = read(build_segmentation(SERIES, {"GTV": BLOCK, "node": NODE}), label)
    assert np.array_equal(pair.mask.voxels_zyx, expected)


def test_frames_are_placed_by_their_position_whatever_their_order(read):
    shape = BLOCK & (np.arange(BLOCK.size).reshape(BLOCK.shape) % 7 != 0)
    turned = build_segmentation(SERIES[::-1], {"GTV": shape[::-1]})
    assert np.array_equal(read(turned).mask.voxels_zyx, shape)


def test_empty_frames_may_stand_in_the_file(read):
    dataset = build_of_kind("BINARY", {"GTV": BLOCK.astype(np.uint8)}, omit_empty_frames=False)
    assert dataset.NumberOfFrames == GRID.size_xyz[2]
    assert np.array_equal(read(dataset).mask.voxels_zyx, BLOCK)


@pytest.mark.parametrize("direction", [phantoms.OBLIQUE, phantoms.FLIPPED, phantoms.SAGITTAL])
def test_direction_of_the_slices_does_not_matter(tmp_path, direction):
    grid = replace(GRID, direction=direction)
    series = build_series(Modality.MR, grid)
    folder = write_series(tmp_path / "image", series)
    path = write_dataset(tmp_path / "SEG.dcm", build_segmentation(series, {"GTV": BLOCK}))
    row = phantoms.build_row(folder, path, modality=Modality.MR)
    pair = read_pair(read_image(row, SETTINGS), row, SETTINGS)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert pair.findings == ()


@pytest.mark.parametrize(("across", "down"), [(True, True), (True, False), (False, True)])
def test_rows_and_columns_may_run_the_other_way(read, across, down):
    """As in masks that were NIfTI (RAS): the same lattice, written from another corner."""
    shape = BLOCK & (np.arange(BLOCK.size).reshape(BLOCK.shape) % 7 != 0)
    dataset = build_segmentation(SERIES, {"GTV": shape})
    faults.flip_segment(dataset, across, down)
    pair = read(dataset)
    assert np.array_equal(pair.mask.voxels_zyx, shape)
    assert pair.findings == ()


def test_segmentation_of_an_enhanced_object(tmp_path, read):
    enhanced = build_enhanced(SERIES, Modality.CT)
    path = write_dataset(tmp_path / "e.dcm", enhanced)
    image = read_image(phantoms.build_row(path, path), SETTINGS)
    dataset = build_segmentation(SERIES, {"GTV": BLOCK})
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        source = frame.DerivationImageSequence[0].SourceImageSequence[0]
        source.ReferencedSOPInstanceUID = enhanced.SOPInstanceUID
    pair = read(dataset, where=image)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert pair.findings == ()


def test_compressed_frames_are_unpacked(read):
    share = np.where(BLOCK, 0.75, 0.25).astype(np.float32)
    pair = read(build_of_kind("FRACTIONAL", {"GTV": share}, RLELossless))
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)


def test_only_segment_of_a_label_map_needs_no_label(read):
    pair = read(build_segmentation(SERIES, {"GTV": BLOCK}, "LABELMAP"), label=None)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)


def test_label_map_holds_each_segment_under_its_number(read):
    apart = NODE & ~BLOCK
    dataset = build_of_kind("LABELMAP", {"GTV": BLOCK.astype(np.uint8), "node": apart.astype(np.uint8)})
    assert np.array_equal(read(dataset, "GTV").mask.voxels_zyx, BLOCK)
    assert np.array_equal(read(dataset, 2).mask.voxels_zyx, apart)


# -- fractions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threshold", [0.1, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("highest", [10, 200])
def test_threshold_is_exact_and_said(read, threshold, highest):
    steps = np.broadcast_to(np.arange(11) / 10, (10, 14, 11))
    share = np.zeros(BLOCK.shape, np.float32)
    share[..., :11] = steps
    dataset = build_of_kind("FRACTIONAL", {"GTV": share}, max_fractional_value=highest)
    pair = read(dataset, settings=IngestSettings(fractional_threshold=threshold))
    assert np.flatnonzero(pair.mask.voxels_zyx[0, 0]).tolist() == list(range(round(threshold * 10), 11))
    (finding,) = pair.findings
    assert (finding.check, finding.severity, finding.limit) == ("dicom.fractional", Severity.INFO, threshold)
    assert f"voxels of probability {threshold:g} or more were taken" in finding.sentence


def test_occupancy_is_called_by_its_name(read):
    dataset = build_of_kind("FRACTIONAL", {"GTV": BLOCK.astype(np.float32)}, fractional_type="OCCUPANCY")
    (finding,) = read(dataset).findings
    assert "voxels of occupancy 0.5 or more" in finding.sentence


def test_fractions_below_the_threshold_leave_nothing(read):
    with pytest.raises(EmptyRoiError, match="no voxel in the segment"):
        read(build_segmentation(SERIES, {"GTV": BLOCK * 0.4}, kind="FRACTIONAL"))


@pytest.mark.parametrize("highest", [None, 0])
def test_fractions_without_their_highest_value_are_refused(read, highest):
    dataset = build_segmentation(SERIES, {"GTV": BLOCK * 0.9}, kind="FRACTIONAL")
    dataset.MaximumFractionalValue = highest
    with pytest.raises(InputError, match="which of its values stands for 1"):
        read(dataset)


def test_fractions_above_their_highest_value_are_refused(read):
    dataset = build_segmentation(SERIES, {"GTV": BLOCK * 0.9}, kind="FRACTIONAL")
    dataset.MaximumFractionalValue = 100
    with pytest.raises(InputError, match=r"values in frame \d+ that it does not declare \(found 2\d\d"):
        read(dataset)


# -- whose image it is ---------------------------------------------------------------------------------------


def test_segmentation_of_another_series_is_placed_and_said(read):
    dataset = build_segmentation(SERIES, {"GTV": BLOCK})
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        for source in frame.DerivationImageSequence[0].SourceImageSequence:
            source.ReferencedSOPInstanceUID = uid_of("strange")
    pair = read(dataset)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert [(f.check, f.measured) for f in pair.findings] == [("dicom.other_series", 6)]


def test_segmentation_as_a_whole_may_say_that_it_is_of_another_series(read):
    dataset = build_segmentation(SERIES, {"GTV": BLOCK})
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        del frame.DerivationImageSequence
    assert read(deepcopy(dataset)).findings == ()
    for reference in dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence:
        reference.ReferencedSOPInstanceUID = uid_of("strange")
    assert [(f.check, f.measured) for f in read(dataset).findings] == [("dicom.other_series", 1)]


def test_slices_that_only_the_segmentation_knows_are_missed(read):
    dataset = build_segmentation(SERIES, {"GTV": BLOCK})
    listed = dataset.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    listed.append(deepcopy(listed[0]))
    listed[-1].ReferencedSOPInstanceUID = uid_of("lost")
    assert [(f.check, f.measured) for f in read(dataset).findings] == [("dicom.missing_instances", 1)]


def test_nifti_image_names_no_frame_and_that_is_said(tmp_path, read):
    nifti = phantoms.write(tmp_path / "image.nii.gz", phantoms.build_voxels(GRID), GRID)
    image = read_image(phantoms.build_row(nifti, nifti), SETTINGS)
    pair = read(build_segmentation(SERIES, {"GTV": BLOCK}), where=image)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert [finding.check for finding in pair.findings] == ["dicom.frame_unchecked"]


# -- faults --------------------------------------------------------------------------------------------------


def name_of(value):
    return getattr(value, "__name__", "")


def refuse(read, spoil, kind, reason, says):
    dataset = build_segmentation(SERIES, {"GTV": BLOCK})
    spoil(dataset)
    with pytest.raises(kind, match=says) as caught:
        read(dataset)
    assert caught.value.reason is reason
    assert caught.value.sentence.startswith(f"{ROI_ID}: the mask file ")
    assert caught.value.remedy
    assert "1.2.826" not in caught.value.sentence


@pytest.mark.parametrize(("spoil", "says"), faults.OFF_GRID.items(), ids=name_of)
def test_frames_that_do_not_lie_on_the_image_are_refused(read, spoil, says):
    refuse(read, spoil, GeometryError, Reason.GEOMETRY, says)


@pytest.mark.parametrize(("spoil", "says"), faults.DAMAGED.items(), ids=name_of)
def test_damaged_segmentations_are_refused(read, spoil, says):
    refuse(read, spoil, InputError, Reason.UNREADABLE, says)


def test_fault_in_another_segment_does_not_matter(read):
    dataset = build_segmentation(SERIES, {"GTV": BLOCK, "node": NODE})
    last = dataset.NumberOfFrames - 1
    faults.move_frame(dataset, last, x_mm=5)
    assert np.array_equal(read(dataset, "GTV").mask.voxels_zyx, BLOCK)
    with pytest.raises(GeometryError, match="beside"):
        read(dataset, "node")


def test_segment_without_a_frame_is_empty(read):
    dataset = build_segmentation(SERIES, {"GTV": BLOCK, "node": np.zeros_like(BLOCK)})
    with pytest.raises(EmptyRoiError, match="no frame of the segment"):
        read(dataset, "node")


def test_frames_of_another_size_are_refused(read):
    grid = replace(GRID, size_xyz=(14, 16, 10))
    series = build_series(grid=grid)
    with pytest.raises(GeometryError, match=r"another size .*\(found 14 x 16, allowed 16 x 14\)"):
        read(build_segmentation(series, {"GTV": build_block(grid)}))


@pytest.mark.parametrize("keep", np.linspace(0.02, 0.999, 12))
@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL", "LABELMAP"])
def test_file_that_was_cut_short_never_gives_another_mask(tmp_path, image, keep, kind):
    dataset = build_segmentation(SERIES, {"GTV": BLOCK * 1.0}, kind)
    path = write_dataset(tmp_path / "SEG.dcm", dataset)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(CaseError) as caught:
        read_pair(image, phantoms.build_row(path, path), SETTINGS)
    assert caught.value.reason in (Reason.UNREADABLE, Reason.ROI_NOT_FOUND)


def test_nothing_is_said_aloud(tmp_path, capfd, caplog):
    """What pydicom and highdicom warn of quotes values, which may be names."""
    dataset = build_segmentation(SERIES, {"GTV": BLOCK})
    dataset.add_new("PatientID", "UT", "Name^Patient" * 20)
    dataset.add_new("StudyDate", "UT", "Name^Patient")
    dataset.add_new("SegmentationFractionalType", "UT", "Name^Patient" * 9)
    path = write_dataset(tmp_path / "SEG.dcm", dataset)
    source = Source(path, ROI_ID, missing=Reason.ROI_NOT_FOUND)
    with caplog.at_level("DEBUG"):
        read_dicom_mask(source, ImagePlace(GRID), phantoms.build_row(path, path), SETTINGS)
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
