"""Structure sets: sound ones give the voxels that they enclose, faulty ones a sentence with a reason."""

import logging
import os
from copy import deepcopy
from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from pydicom import dcmwrite
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    generate_uid,
)

import dicom_mask_faults as faults
import phantoms
from dicom_phantoms import (
    GRID,
    build_block,
    build_contours,
    build_enhanced,
    build_rectangle,
    build_series,
    build_structure_set,
    write_dataset,
    write_series,
)
from radfeat.core.errors import CaseError, EmptyRoiError, GeometryError, InputError
from radfeat.core.provenance import compute_file_sha256
from radfeat.core.vocabulary import Modality, Reason, Severity
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.dicom.mask_object import read_mask_object
from radfeat.ingest.settings import IngestSettings

SETTINGS = IngestSettings()
ROI_ID = "TRIAL/S1/P1/T0/CT/GTV"
SERIES = build_series()
BLOCK = build_block()
FIRST = GRID.size_xyz[2] // 4
"""The first slice with a contour."""


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The phantom series, read once."""
    folder = write_series(tmp_path_factory.mktemp("series"), SERIES)
    return read_image(phantoms.build_row(folder, folder), SETTINGS)


@pytest.fixture
def build():
    """A sound structure set with the region GTV, as it stands in a file."""
    return lambda: build_structure_set(SERIES, {"GTV": build_contours()})


@pytest.fixture
def read(tmp_path, image):
    """Write a structure set and read its mask as the case reader does."""

    numbers = count(1)

    def run(dataset, label=None, settings=SETTINGS, where=image):
        path = write_dataset(tmp_path / f"RS{next(numbers)}.dcm", dataset)
        return read_pair(where, phantoms.build_row(path, path, label=label), settings)

    return run


def checks_of(pair):
    return [finding.check for finding in pair.findings]


def shrink(points, factor):
    """A contour with the same middle."""
    middle = points.mean(axis=0)
    return middle + (points - middle) * factor


# -- sound ---------------------------------------------------------------------------------------------------


def test_sound_structure_set_gives_the_voxels_that_it_encloses(read, build, tmp_path, image):
    pair = read(build())
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert pair.mask.grid == image.volume.grid
    assert pair.findings == ()
    assert pair.provenance.mask_sha256 == compute_file_sha256(tmp_path / "RS1.dcm")


@pytest.mark.parametrize(
    ("syntax", "little"),
    [(ImplicitVRLittleEndian, True), (DeflatedExplicitVRLittleEndian, True), (ExplicitVRBigEndian, False)],
)
def test_every_transfer_syntax_gives_the_same_mask(build, tmp_path, image, syntax, little):
    dataset = build()
    dataset.file_meta.TransferSyntaxUID = syntax
    path = tmp_path / "rs"
    implicit = syntax == ImplicitVRLittleEndian
    dcmwrite(path, dataset, implicit_vr=implicit, little_endian=little, enforce_file_format=True)
    assert np.array_equal(read_pair(image, phantoms.build_row(path, path), SETTINGS).mask.voxels_zyx, BLOCK)


@pytest.mark.parametrize(
    "direction",
    [phantoms.OBLIQUE, phantoms.FLIPPED, phantoms.SAGITTAL, (1.0, 0, 0, 0, 0.8, -0.6, 0, 0.6, 0.8)],
)
def test_direction_of_the_slices_does_not_matter(tmp_path, direction):
    grid = replace(GRID, direction=tuple(float(c) for c in direction))
    series = build_series(Modality.MR, grid)
    folder = write_series(tmp_path / "image", series)
    path = write_dataset(tmp_path / "RS.dcm", build_structure_set(series, {"GTV": build_contours(grid)}))
    row = phantoms.build_row(folder, path, modality=Modality.MR)
    pair = read_pair(read_image(row, SETTINGS), row, SETTINGS)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert pair.findings == ()


def test_hole_is_cut_out_and_said(read):
    small = [shrink(build_rectangle(z=k), 0.4) for k in (FIRST, FIRST + 1)]
    pair = read(build_structure_set(SERIES, {"GTV": [*build_contours(), *small]}))
    plane = pair.mask.voxels_zyx[FIRST]
    assert plane.sum() < BLOCK[FIRST].sum()
    assert not plane[GRID.size_xyz[1] // 2, GRID.size_xyz[0] // 2]
    assert np.array_equal(pair.mask.voxels_zyx[FIRST + 2], BLOCK[FIRST + 2])
    (finding,) = pair.findings
    assert (finding.check, finding.severity, finding.measured) == ("dicom.contour_holes", Severity.INFO, 2)


def test_contours_that_cross_are_combined_by_xor_and_said(read, build):
    dataset = build()
    step = np.array([2 * GRID.spacing_xyz_mm[0], 0, 0])
    faults.add_contour(dataset, build_rectangle(z=FIRST) + step)
    pair = read(dataset)
    moved = np.roll(BLOCK[FIRST], 2, axis=1)
    assert np.array_equal(pair.mask.voxels_zyx[FIRST], BLOCK[FIRST] ^ moved)
    assert checks_of(pair) == ["dicom.contour_crossing"]


def test_closed_contours_of_the_xor_type_are_read_alike(read, build):
    dataset = build()
    for contour in faults.contours_of(dataset):
        contour.ContourGeometricType = "CLOSEDPLANAR_XOR"
    assert np.array_equal(read(dataset).mask.voxels_zyx, BLOCK)


def test_order_of_contours_and_a_last_point_like_the_first_do_not_matter(read, build):
    dataset = build()
    contours = faults.contours_of(dataset)
    for contour in contours:
        points = faults.points_of(contour)
        faults.redraw(contour, [*points, points[0]])
    dataset.ROIContourSequence[0].ContourSequence = Items(list(contours)[::-1])
    assert np.array_equal(read(dataset).mask.voxels_zyx, BLOCK)


def test_number_of_points_may_be_left_unsaid(read, build):
    dataset = build()
    for contour in faults.contours_of(dataset):
        del contour.NumberOfContourPoints
    assert np.array_equal(read(dataset).mask.voxels_zyx, BLOCK)


def test_slice_that_was_skipped_stays_empty(read, build):
    dataset = build()
    del faults.contours_of(dataset)[2]
    expected = BLOCK.copy()
    expected[FIRST + 2] = False
    assert np.array_equal(read(dataset).mask.voxels_zyx, expected)


def test_marked_points_and_lines_beside_contours_are_left_out_and_said(read, build):
    dataset = build()
    faults.add_contour(dataset, build_rectangle()[:1], "POINT")
    faults.add_contour(dataset, build_rectangle()[:2])
    faults.add_contour(dataset, build_rectangle()[[0, 1, 0, 1]])
    faults.add_contour(dataset, np.empty((0, 3)))
    pair = read(dataset)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert [(f.check, f.measured) for f in pair.findings] == [
        ("dicom.contour_points", 1),
        ("dicom.contour_degenerate", 3),
    ]


# -- partly outside, or off the slices -----------------------------------------------------------------------


def test_contours_partly_beside_the_image_are_cut_off_and_said(read, build):
    dataset = build()
    faults.move_all(dataset, x_mm=-10 * GRID.spacing_xyz_mm[0])
    pair = read(dataset)
    columns = np.flatnonzero(BLOCK.any(axis=(0, 1))) - 10
    assert np.array_equal(np.flatnonzero(pair.mask.voxels_zyx.any(axis=(0, 1))), columns[columns >= 0])
    (finding,) = pair.findings
    assert (finding.check, finding.severity, finding.measured) == (
        "dicom.contour_outside",
        Severity.WARNING,
        12,
    )


def test_contours_partly_above_the_image_are_cut_off_and_said(read, build):
    dataset = build()
    faults.move_all(dataset, z_mm=4 * GRID.spacing_xyz_mm[2])
    pair = read(dataset)
    assert np.array_equal(np.flatnonzero(pair.mask.voxels_zyx.any(axis=(1, 2))), [6, 7, 8, 9])
    (finding,) = pair.findings
    assert (finding.check, finding.measured) == ("dicom.contour_beyond", 2)


@pytest.mark.parametrize("level", [-1.6, -1.5, -1.45, 28.45, 28.5, 28.6])
def test_contour_half_a_slice_above_or_below_all_is_cut_off_and_said(read, build, level):
    """No slice lies beyond, so there are no two between which it could lie."""
    dataset = build()
    faults.add_contour(dataset, np.add(build_rectangle(z=0), (0, 0, level)))
    pair = read(dataset)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert [(f.check, f.measured) for f in pair.findings] == [("dicom.contour_beyond", 1)]


def test_contour_less_than_half_a_slice_above_all_is_of_the_last_slice(read, build):
    dataset = build()
    faults.add_contour(dataset, np.add(build_rectangle(z=0), (0, 0, 28.3)))
    pair = read(dataset)
    assert np.array_equal(pair.mask.voxels_zyx[9], BLOCK[FIRST])
    assert checks_of(pair) == ["dicom.contour_off_slice"]


def test_contour_on_the_border_of_the_outermost_voxels_is_inside(read):
    grid = GRID
    whole = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]) * (*grid.size_xyz[:2], 0.0) - (0.5, 0.5, 0)
    contour = whole * grid.spacing_xyz_mm + grid.origin_xyz_mm
    pair = read(build_structure_set(SERIES, {"GTV": [contour]}))
    assert pair.mask.voxels_zyx[0].all()
    assert pair.findings == ()


@pytest.mark.parametrize(("off_mm", "says"), [(0.04, []), (0.5, ["dicom.contour_off_slice"])])
def test_contours_off_the_slices_go_to_the_nearest_and_are_said(read, build, off_mm, says):
    dataset = build()
    faults.move_all(dataset, z_mm=off_mm)
    pair = read(dataset)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert checks_of(pair) == says
    assert [finding.measured for finding in pair.findings] == pytest.approx([off_mm] * len(says), abs=1e-5)


@pytest.mark.parametrize(("tolerance", "accepted"), [(0.1, False), (0.5, True)])
def test_tolerance_says_what_counts_as_parallel(read, build, tolerance, accepted):
    dataset = build()
    contour = faults.contours_of(dataset)[2]
    faults.redraw(
        contour, np.add(faults.points_of(contour), [[0, 0, 0], [0, 0, 0], [0, 0, 0.3], [0, 0, 0.3]])
    )
    settings = IngestSettings(slice_tolerance_mm=tolerance)
    if accepted:
        assert np.array_equal(read(dataset, settings=settings).mask.voxels_zyx, BLOCK)
    else:
        with pytest.raises(GeometryError, match="not parallel"):
            read(dataset, settings=settings)


def test_tolerance_is_never_more_than_a_quarter_of_the_distance_of_slices(read, build):
    dataset = build()
    faults.spoil_tilt(dataset)
    with pytest.raises(GeometryError, match=r"found points 1 mm apart .* allowed 0\.75 mm"):
        read(dataset, settings=IngestSettings(slice_tolerance_mm=5))


def test_contours_of_one_slice_within_the_tolerance_are_of_one_plane(read, build):
    dataset = build()
    faults.add_contour(dataset, np.add(shrink(build_rectangle(z=FIRST), 0.4), (0, 0, 0.05)))
    assert checks_of(read(dataset)) == ["dicom.contour_holes"]


def island(x, y, half, z=FIRST, off_mm=0.0):
    """A square contour around a voxel's centre; half its width in voxels."""
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half + (x, y)
    points = np.column_stack([corners, np.full(4, float(z))]) * GRID.spacing_xyz_mm + GRID.origin_xyz_mm
    return np.add(points, (0, 0, off_mm))


def test_islands_of_one_slice_that_lie_apart_may_be_in_two_planes_and_that_is_said(read):
    pair = read(
        build_structure_set(
            SERIES, {"GTV": [island(3, 3, 1.2, off_mm=-0.06), island(9, 9, 1.2, off_mm=0.06)]}
        )
    )
    expected = np.zeros_like(BLOCK)
    expected[FIRST, 2:5, 2:5] = expected[FIRST, 8:11, 8:11] = True
    assert np.array_equal(pair.mask.voxels_zyx, expected)
    (finding,) = pair.findings
    assert (finding.check, finding.severity) == ("dicom.contour_planes", Severity.WARNING)
    assert finding.measured == pytest.approx(0.12)


def test_hole_may_lie_in_the_plane_of_its_island_while_another_island_does_not(read):
    contours = [island(4, 4, 2.2), island(4, 4, 0.6), island(11, 9, 1.2, off_mm=0.3)]
    pair = read(build_structure_set(SERIES, {"GTV": contours}))
    assert pair.mask.voxels_zyx[FIRST].sum() == 25 - 1 + 9
    assert "dicom.contour_planes" in checks_of(pair)


def test_ring_without_a_centre_in_it_holds_nothing_and_that_is_said(read):
    """A hole within an outline of the same one voxel is no copy: the ring between them holds no centre."""
    ring = [island(1, 1, 0.4), island(1, 1, 0.2)]
    pair = read(build_structure_set(SERIES, {"GTV": [*build_contours(), *ring]}))
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    (finding,) = pair.findings
    assert (finding.check, finding.severity, finding.measured) == ("dicom.contour_ring", Severity.WARNING, 1)


def test_region_of_such_a_ring_alone_is_empty(read):
    with pytest.raises(EmptyRoiError, match="encloses no voxel's centre"):
        read(build_structure_set(SERIES, {"GTV": [island(9, 9, 0.4), island(9, 9, 0.2)]}))


# -- whose image it is ---------------------------------------------------------------------------------------


def strange(dataset):
    """Let every reference name an instance of another series."""
    (study,) = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    references = [*study.RTReferencedSeriesSequence[0].ContourImageSequence]
    for contour in faults.contours_of(dataset):
        references += contour.get("ContourImageSequence", [])
    for reference in references:
        reference.ReferencedSOPInstanceUID = generate_uid()


def test_slices_that_only_the_structure_set_knows_are_missed(read, build):
    """The set as a whole refers to slices that are not here; the contours to those that are."""
    dataset = build()
    (study,) = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    listed = study.RTReferencedSeriesSequence[0].ContourImageSequence
    for _ in range(5):
        listed.append(deepcopy(listed[0]))
        listed[-1].ReferencedSOPInstanceUID = generate_uid()
    (finding,) = read(dataset).findings
    assert (finding.check, finding.severity) == ("dicom.missing_instances", Severity.WARNING)
    assert (finding.measured, finding.limit, finding.unit) == (5, 0, "instances")
    assert f"5 of the {len(SERIES) + 5} instances" in finding.sentence


def test_another_series_that_the_structure_set_lists_too_is_not_missed(read, build):
    dataset = build()
    (study,) = dataset.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    other = deepcopy(study.RTReferencedSeriesSequence[0])
    for reference in other.ContourImageSequence:
        reference.ReferencedSOPInstanceUID = generate_uid()
    study.RTReferencedSeriesSequence.append(other)
    assert read(dataset).findings == ()


@pytest.mark.parametrize("contours_refer", [True, False])
def test_structure_set_of_another_series_is_placed_and_said(read, build, contours_refer):
    dataset = build()
    if not contours_refer:
        for contour in faults.contours_of(dataset):
            del contour.ContourImageSequence
    strange(dataset)
    pair = read(dataset)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    (finding,) = pair.findings
    assert (finding.check, finding.severity) == ("dicom.other_series", Severity.WARNING)
    assert finding.measured == (6 if contours_refer else 1)


def test_structure_set_that_refers_to_nothing_is_placed_by_its_coordinates(read, build):
    dataset = build()
    for contour in faults.contours_of(dataset):
        del contour.ContourImageSequence
    del dataset.ReferencedFrameOfReferenceSequence
    assert read(dataset).findings == ()


@pytest.mark.parametrize("number", [0, 5])
def test_contours_that_all_refer_to_one_slice_are_placed_by_coordinates_and_that_is_said(read, build, number):
    dataset = build()
    faults.refer_all(dataset, number)
    pair = read(dataset)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    (finding,) = pair.findings
    assert (finding.check, finding.severity, finding.measured) == ("dicom.one_reference", Severity.WARNING, 6)


def test_frame_of_reference_may_stand_in_the_list_of_frames(read, build):
    dataset = build()
    del dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    assert read(dataset).findings == ()
    dataset.ReferencedFrameOfReferenceSequence[0].FrameOfReferenceUID = generate_uid()
    with pytest.raises(GeometryError, match="another frame of reference"):
        read(dataset)


def test_frame_of_reference_that_nobody_names_is_said(read, build):
    dataset = build()
    del dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID
    del dataset.ReferencedFrameOfReferenceSequence
    pair = read(dataset)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert checks_of(pair) == ["dicom.frame_unchecked"]
    assert "the mask file names no frame of reference" in pair.findings[0].sentence


def test_nifti_image_names_no_frame_and_that_is_said(tmp_path, read, build):
    nifti = phantoms.write(tmp_path / "image.nii.gz", phantoms.build_voxels(GRID), GRID)
    image = read_image(phantoms.build_row(nifti, nifti), SETTINGS)
    pair = read(build(), where=image)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert checks_of(pair) == ["dicom.frame_unchecked"]
    assert "the image names no frame of reference" in pair.findings[0].sentence


def test_contours_may_refer_to_the_one_instance_of_an_enhanced_object(tmp_path, read):
    enhanced = build_enhanced(SERIES, Modality.CT)
    path = write_dataset(tmp_path / "e.dcm", enhanced)
    image = read_image(phantoms.build_row(path, path), SETTINGS)
    dataset = build_structure_set(SERIES, {"GTV": build_contours()})
    for contour in faults.contours_of(dataset):
        contour.ContourImageSequence[0].ReferencedSOPInstanceUID = enhanced.SOPInstanceUID
    pair = read(dataset, where=image)
    assert np.array_equal(pair.mask.voxels_zyx, BLOCK)
    assert pair.findings == ()


# -- faults --------------------------------------------------------------------------------------------------


def refuse(read, build, spoil, kind, reason, says):
    dataset = build()
    spoil(dataset)
    with pytest.raises(kind, match=says) as caught:
        read(dataset)
    assert caught.value.reason is reason
    assert caught.value.sentence.startswith(f"{ROI_ID}: the mask file ")
    assert caught.value.remedy
    assert "1.2.826" not in caught.value.sentence


def name_of(value):
    return getattr(value, "__name__", "")


@pytest.mark.parametrize(("spoil", "says"), faults.UNREADABLE.items(), ids=name_of)
def test_contours_that_can_be_read_in_two_ways_are_refused(read, build, spoil, says):
    refuse(read, build, spoil, InputError, Reason.UNREADABLE, says)


@pytest.mark.parametrize(("spoil", "says"), faults.MISPLACED.items(), ids=name_of)
def test_contours_that_do_not_lie_on_the_image_are_refused(read, build, spoil, says):
    refuse(read, build, spoil, GeometryError, Reason.GEOMETRY, says)


@pytest.mark.parametrize(("spoil", "says"), faults.EMPTY.items(), ids=name_of)
def test_region_that_encloses_nothing_is_empty(read, build, spoil, says):
    refuse(read, build, spoil, EmptyRoiError, Reason.ROI_EMPTY, says)


def test_contour_that_says_to_lie_on_a_slice_and_lies_above_all_is_refused(read, build):
    dataset = build()
    contour = faults.contours_of(dataset)[5]
    faults.redraw(contour, np.add(faults.points_of(contour), (0, 0, 60)))
    with pytest.raises(
        GeometryError, match="contour 6 of 6 lies outside the image and refers to another slice"
    ):
        read(dataset)


# -- files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", np.linspace(0.02, 0.999, 24))
def test_file_that_was_cut_short_never_gives_another_mask(read, build, tmp_path, image, keep):
    path = write_dataset(tmp_path / "RS.dcm", build())
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    row = phantoms.build_row(path, path)
    with pytest.raises(CaseError) as caught:
        read_pair(image, row, SETTINGS)
    assert caught.value.reason in (Reason.UNREADABLE, Reason.ROI_NOT_FOUND, Reason.ROI_EMPTY)


@pytest.mark.parametrize(
    ("spoil", "reason", "says"),
    [
        (phantoms.break_missing, Reason.ROI_NOT_FOUND, "is not there"),
        (phantoms.break_empty, Reason.UNREADABLE, r"is empty \(0 bytes\)"),
        (phantoms.break_magic, Reason.UNREADABLE, "is not DICOM"),
    ],
)
def test_file_that_is_none_is_refused(build, tmp_path, image, spoil, reason, says):
    path = write_dataset(tmp_path / "RS.dcm", build())
    spoil(path)
    with pytest.raises(InputError, match=says) as caught:
        read_pair(image, phantoms.build_row(path, path), SETTINGS)
    assert caught.value.reason is reason


def test_pipe_in_place_of_a_mask_is_refused_at_once(tmp_path, image):
    for path in (tmp_path / "RS.dcm", tmp_path / "folder" / "RS"):
        path.parent.mkdir(exist_ok=True)
        os.mkfifo(path)
    for path in (tmp_path / "RS.dcm", tmp_path / "folder"):
        with pytest.raises(InputError, match="the mask file is no file, but a pipe or a device"):
            read_pair(image, phantoms.build_row(path, path), SETTINGS)


def test_pipe_beside_the_mask_is_passed_over(build, tmp_path, image):
    path = write_dataset(tmp_path / "folder" / "RS.dcm", build())
    os.mkfifo(path.with_name("pipe"))
    row = phantoms.build_row(path, path.parent)
    assert np.array_equal(read_pair(image, row, SETTINGS).mask.voxels_zyx, BLOCK)


def test_pydicom_is_kept_quiet_once_around_all_contours(build, tmp_path, image):
    """Not value by value: each time costs more than the value."""
    path = write_dataset(tmp_path / "RS.dcm", build())
    levels = []

    def read(source):
        levels.append(logging.getLogger("pydicom").level)
        return read_mask_object(source)

    read_pair(replace(image, read_object=read), phantoms.build_row(path, path), SETTINGS)
    assert levels == [logging.CRITICAL + 1]
    assert logging.getLogger("pydicom").level <= logging.CRITICAL


def test_image_in_place_of_a_mask_is_refused(read):
    with pytest.raises(InputError, match="no structure set or segmentation") as caught:
        read(SERIES[0])
    assert caught.value.reason is Reason.ROI_NOT_FOUND


def test_folder_with_one_structure_set_among_images_is_enough(build, tmp_path, image):
    write_series(tmp_path / "all", SERIES)
    write_dataset(tmp_path / "all" / "sub" / "RS", build())
    (tmp_path / "all" / "notes.txt").write_text("nothing")
    row = phantoms.build_row(tmp_path, tmp_path / "all")
    assert np.array_equal(read_pair(image, row, SETTINGS).mask.voxels_zyx, BLOCK)


@pytest.mark.parametrize("number", [0, 2])
def test_folder_with_none_or_several_is_ambiguous(build, tmp_path, image, number):
    write_series(tmp_path / "all", SERIES[:3])
    for n in range(number):
        write_dataset(tmp_path / "all" / f"RS{n}.dcm", build())
    with pytest.raises(
        InputError, match=rf"exactly one .*\(found {number} among {3 + number} files"
    ) as caught:
        read_pair(image, phantoms.build_row(tmp_path, tmp_path / "all"), SETTINGS)
    assert caught.value.reason is Reason.ROI_NOT_FOUND


def test_shared_structure_set_is_read_once_for_an_image(tmp_path):
    folder = write_series(tmp_path / "image", SERIES)
    regions = {"A": build_contours(), "B": build_contours()[:2]}
    path = write_dataset(tmp_path / "RS.dcm", build_structure_set(SERIES, regions))
    row = phantoms.build_row(folder, path)
    image = read_image(row, SETTINGS)
    for name, slices in (("A", 6), ("B", 2)):
        pair = read_pair(image, replace(row, label=name), SETTINGS)
        assert pair.mask.voxels_zyx.any(axis=(1, 2)).sum() == slices
    assert image.read_object.cache_info().misses == 1
