"""Every way in which a structure set or a segmentation can be wrong, one function each.

A ``spoil_`` function alters a sound dataset in place: one region of ``dicom_phantoms.build_contours``, or one
segment. What is wrong with a file as such (cut short, empty) stands in ``phantoms.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pack_bits
from pydicom.sequence import Sequence as Items
from pydicom.uid import generate_uid

from dicom_phantoms import GRID

Spoil = Callable[[Dataset], None]


def contours_of(dataset: Dataset) -> Items:
    """The contours of the first region."""
    contours: Items = dataset.ROIContourSequence[0].ContourSequence
    return contours


def points_of(contour: Dataset) -> npt.NDArray[np.float64]:
    """Points (n, 3) of a contour, mm."""
    return np.array(contour.ContourData, dtype=float).reshape(-1, 3)


def redraw(contour: Dataset, points: npt.NDArray[np.float64] | Sequence[Sequence[float]]) -> None:
    """Give a contour other points, and their number."""
    flat = np.array(points, dtype=float).ravel()
    contour.ContourData = [f"{c:.10g}" for c in flat]
    contour.NumberOfContourPoints = len(flat) // 3


def add_contour(dataset: Dataset, points: npt.NDArray[np.float64], kind: str = "CLOSED_PLANAR") -> Dataset:
    """One more contour of the first region, which refers to no image."""
    contour = Dataset()
    contour.ContourGeometricType = kind
    redraw(contour, points)
    contours_of(dataset).append(contour)
    return contour


def move_all(dataset: Dataset, x_mm: float = 0, y_mm: float = 0, z_mm: float = 0) -> None:
    """Move all contours of the first region; they refer to no image any more."""
    for contour in contours_of(dataset):
        redraw(contour, np.add(points_of(contour), (x_mm, y_mm, z_mm)))
        del contour.ContourImageSequence


# -- contours that are damaged -------------------------------------------------------------------------------


def spoil_count(dataset: Dataset) -> None:
    """A contour of four points that says five."""
    contours_of(dataset)[2].NumberOfContourPoints = 5


def spoil_lost_point(dataset: Dataset) -> None:
    """A contour that lost its last point."""
    contour = contours_of(dataset)[2]
    contour.ContourData = list(contour.ContourData)[:-3]


def spoil_lost_coordinate(dataset: Dataset) -> None:
    """A contour that lost its last coordinate."""
    contour = contours_of(dataset)[2]
    contour.ContourData = list(contour.ContourData)[:-1]
    del contour.NumberOfContourPoints


def spoil_no_data(dataset: Dataset) -> None:
    """A contour without coordinates that says it has four points."""
    del contours_of(dataset)[2].ContourData


def spoil_nothing_said(dataset: Dataset) -> None:
    """A contour without coordinates that does not say how many points it has."""
    del contours_of(dataset)[2].ContourData
    del contours_of(dataset)[2].NumberOfContourPoints


def write_text(contour: Dataset, text: str) -> None:
    """Put text in place of the first coordinate; pydicom would refuse it in a number."""
    rest = "\\".join(str(c) for c in list(contour.ContourData)[1:])
    data = f"{text}\\{rest}"
    contour.add_new("ContourData", "LT", data)


def spoil_nan(dataset: Dataset) -> None:
    """A coordinate that is not a number."""
    write_text(contours_of(dataset)[2], "nan")


def spoil_infinite(dataset: Dataset) -> None:
    """A coordinate that is infinite."""
    write_text(contours_of(dataset)[2], "-inf")


def spoil_overflow(dataset: Dataset) -> None:
    """A coordinate beyond what a double holds."""
    write_text(contours_of(dataset)[2], "1e400")


def spoil_letters(dataset: Dataset) -> None:
    """A coordinate that holds letters."""
    write_text(contours_of(dataset)[2], "12abc")


def spoil_blank(dataset: Dataset) -> None:
    """A coordinate that is missing among others."""
    write_text(contours_of(dataset)[2], "")


def spoil_comma(dataset: Dataset) -> None:
    """A decimal comma."""
    write_text(contours_of(dataset)[2], "12,5")


# -- contours that cannot be laid on the slices without doubt ------------------------------------------------


def spoil_tilt(dataset: Dataset) -> None:
    """A contour of which one edge lies 1 mm higher."""
    contour = contours_of(dataset)[2]
    redraw(contour, np.add(points_of(contour), [[0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 1]]))


def spoil_midway(dataset: Dataset) -> None:
    """All contours half a slice higher."""
    move_all(dataset, z_mm=GRID.spacing_xyz_mm[2] / 2)


def spoil_thin_slices(dataset: Dataset) -> None:
    """One contour more between two slices, as if drawn on thinner ones."""
    add_contour(dataset, np.add(points_of(contours_of(dataset)[2]), (0, 0, 1.0)))


def spoil_planes_overlap(dataset: Dataset) -> None:
    """A hole drawn half a millimetre above its outline."""
    points = points_of(contours_of(dataset)[2])
    middle = points.mean(axis=0)
    add_contour(dataset, np.add(middle + (points - middle) * 0.4, (0, 0, 0.5)))


def spoil_other_slice(dataset: Dataset) -> None:
    """A contour that refers to the slice beside its own."""
    third, fourth = contours_of(dataset)[2:4]
    third.ContourImageSequence = deepcopy(fourth.ContourImageSequence)


def refer_all(dataset: Dataset, number: int = 0) -> None:
    """Let all contours refer to the image of one of them."""
    image = contours_of(dataset)[number].ContourImageSequence
    for contour in contours_of(dataset):
        contour.ContourImageSequence = deepcopy(image)


def spoil_one_reference_off(dataset: Dataset) -> None:
    """All contours refer to one slice, and lie half a millimetre off theirs."""
    for contour in contours_of(dataset):
        redraw(contour, np.add(points_of(contour), (0, 0, 0.5)))
    refer_all(dataset)


def spoil_one_reference_of_two(dataset: Dataset) -> None:
    """Two contours that refer to the slice of the first."""
    del contours_of(dataset)[2:]
    refer_all(dataset)


def spoil_outside(dataset: Dataset) -> None:
    """All contours beside the image."""
    move_all(dataset, x_mm=200)


def spoil_beyond(dataset: Dataset) -> None:
    """All contours above the image."""
    move_all(dataset, z_mm=200)


def spoil_frame(dataset: Dataset) -> None:
    """A region in another frame of reference."""
    dataset.StructureSetROISequence[0].ReferencedFrameOfReferenceUID = generate_uid()


# -- contours that cancel out, or of which nobody can say what they enclose ----------------------------------


def spoil_twice(dataset: Dataset) -> None:
    """A contour that is drawn twice."""
    contours_of(dataset).append(deepcopy(contours_of(dataset)[2]))


def spoil_twice_reversed(dataset: Dataset) -> None:
    """A contour that is drawn again the other way round, from another point on."""
    add_contour(dataset, np.roll(points_of(contours_of(dataset)[2])[::-1], 1, axis=0))


def spoil_twice_nearly(dataset: Dataset) -> None:
    """A contour that is drawn again a hundredth of a millimetre aside: the same voxels."""
    add_contour(dataset, np.add(points_of(contours_of(dataset)[2]), (0.01, 0, 0)))


def spoil_twice_aside(dataset: Dataset) -> None:
    """A contour that is drawn again aside, by more than a copy, with the same voxels: they cross."""
    points = points_of(contours_of(dataset)[2])
    add_contour(dataset, np.add(points, (0.3 * GRID.spacing_xyz_mm[0], 0, 0)))


def spoil_region_twice(dataset: Dataset) -> None:
    """Two entries with the contours of one region."""
    dataset.ROIContourSequence.append(deepcopy(dataset.ROIContourSequence[0]))


def spoil_open(dataset: Dataset) -> None:
    """A contour that is open."""
    contours_of(dataset)[2].ContourGeometricType = "OPEN_PLANAR"


def spoil_all_open(dataset: Dataset) -> None:
    """Contours that are open and not planar."""
    for contour in contours_of(dataset):
        contour.ContourGeometricType = "OPEN_NONPLANAR"


def spoil_type(dataset: Dataset) -> None:
    """A type of contour that nobody knows."""
    contours_of(dataset)[2].ContourGeometricType = "CLOSED PLANAR"


def spoil_no_type(dataset: Dataset) -> None:
    """A contour without a type."""
    del contours_of(dataset)[2].ContourGeometricType


# -- regions that enclose nothing ----------------------------------------------------------------------------


def spoil_points(dataset: Dataset) -> None:
    """A region of marked points."""
    for contour in contours_of(dataset):
        contour.ContourGeometricType = "POINT"
        redraw(contour, points_of(contour)[:1])


def spoil_lines(dataset: Dataset) -> None:
    """A region of lines."""
    for contour in contours_of(dataset):
        redraw(contour, points_of(contour)[:2])


def spoil_no_contours(dataset: Dataset) -> None:
    """A region with an empty list of contours."""
    dataset.ROIContourSequence[0].ContourSequence = Items()


def spoil_not_drawn(dataset: Dataset) -> None:
    """A region without an entry among the contours."""
    dataset.ROIContourSequence = Items()


def spoil_small(dataset: Dataset) -> None:
    """Contours between the centres of voxels."""
    for contour in contours_of(dataset):
        points = points_of(contour)
        redraw(contour, points[0] + (points - points[0]) * 0.01)


UNREADABLE: Mapping[Spoil, str] = {
    spoil_count: r"contour 3 of 6 has another number of points than it says \(found 4, allowed 5\)",
    spoil_lost_point: r"another number of points than it says \(found 3, allowed 4\)",
    spoil_lost_coordinate: r"points without three coordinates \(found 11 numbers, allowed a multiple of 3\)",
    spoil_no_data: r"another number of points than it says \(found 0, allowed 4\)",
    spoil_nothing_said: "contour 3 of 6 has neither points nor their number",
    spoil_nan: r"contour 3 of 6 has coordinates that are no numbers",
    spoil_infinite: "no numbers",
    spoil_overflow: "beyond a kilometre",
    spoil_letters: "no numbers",
    spoil_blank: "no numbers",
    spoil_comma: "no numbers",
    spoil_twice: r"the same voxels twice on one slice, which cancel each other out",
    spoil_twice_reversed: "cancel each other out",
    spoil_twice_nearly: "cancel each other out",
    spoil_twice_aside: r"cancel each other out \(found contour 3 of 7 and contour 7 of 7, slice 4",
    spoil_region_twice: r"draws the region twice \(found 2 entries, allowed 1\)",
    spoil_open: r"not closed, so nobody can say what it encloses: contour 3 of 6",
    spoil_all_open: "not closed",
    spoil_type: "not closed",
    spoil_no_type: "not closed",
}
MISPLACED: Mapping[Spoil, str] = {
    spoil_tilt: r"not parallel to the slices: contour 3 of 6 \(found points 1 mm apart .*, allowed 0\.1 mm\)",
    spoil_midway: r"midway between two slices: contour 1 of 6 \(found 1\.5 mm from the nearest",
    spoil_thin_slices: r"several planes .*\(found 1 mm apart, allowed 0\.1 mm; 0\.75 mm where",
    spoil_planes_overlap: r"several planes that fall on one slice .*\(found 0\.5 mm apart, allowed 0\.1 mm",
    spoil_other_slice: r"contour 3 of 6 lies on slice 4 and refers to another slice \(found slice 5",
    spoil_one_reference_off: r"contour 2 of 6 lies on slice 3 and refers to another slice \(found slice 2",
    spoil_one_reference_of_two: "contour 2 of 2 lies on slice 3 and refers to another slice",
    spoil_outside: "wholly outside the image",
    spoil_beyond: "wholly outside the image",
    spoil_frame: "another frame of reference than the image's",
}
EMPTY: Mapping[Spoil, str] = {
    spoil_points: "points and lines that enclose nothing",
    spoil_lines: "points and lines that enclose nothing",
    spoil_no_contours: "without any contour",
    spoil_not_drawn: "without any contour",
    spoil_small: "encloses no voxel's centre",
}
"""What the sentence says of each fault of a structure set."""


# -- segmentations -------------------------------------------------------------------------------------------


def frame_of(dataset: Dataset, number: int) -> Dataset:
    """What a segmentation says of one frame, from 0 on."""
    frame: Dataset = dataset.PerFrameFunctionalGroupsSequence[number]
    return frame


def shared_of(dataset: Dataset) -> Dataset:
    """What a segmentation says of all frames."""
    shared: Dataset = dataset.SharedFunctionalGroupsSequence[0]
    return shared


def move_frame(dataset: Dataset, number: int, *, x_mm: float = 0, z_mm: float = 0) -> None:
    """Move one frame; it refers to no image any more."""
    frame = frame_of(dataset, number)
    frame.PlanePositionSequence = deepcopy(frame.PlanePositionSequence)  # segments share it
    position = frame.PlanePositionSequence[0]
    place = np.add([float(c) for c in position.ImagePositionPatient], (x_mm, 0, z_mm))
    position.ImagePositionPatient = [f"{c:.10g}" for c in place]
    if "DerivationImageSequence" in frame:
        del frame.DerivationImageSequence


def spoil_segment_place(dataset: Dataset) -> None:
    """A frame half a millimetre aside."""
    move_frame(dataset, 2, x_mm=0.5)


def spoil_segment_slice(dataset: Dataset) -> None:
    """A frame between two slices."""
    move_frame(dataset, 2, z_mm=1.0)


def spoil_segment_beyond(dataset: Dataset) -> None:
    """A frame above the image."""
    move_frame(dataset, 2, z_mm=30.0)


def spoil_segment_direction(dataset: Dataset) -> None:
    """Rows and columns that are swapped."""
    shared_of(dataset).PlaneOrientationSequence[0].ImageOrientationPatient = [0, 1, 0, 1, 0, 0]


def spoil_segment_turned(dataset: Dataset) -> None:
    """Rows and columns that run the other way from the corner where the image begins, so beside it."""
    shared_of(dataset).PlaneOrientationSequence[0].ImageOrientationPatient = [-1, 0, 0, 0, -1, 0]


def flip_segment(dataset: Dataset, across: bool, down: bool) -> None:
    """The same voxels in the same places, written from another corner: rows, columns or both reversed."""
    steps = np.where((across, down), -1, 1)
    frames = np.array(dataset.pixel_array)[:, :: steps[1], :: steps[0]]
    dataset.PixelData = pack_bits(frames.ravel())
    shared_of(dataset).PlaneOrientationSequence[0].ImageOrientationPatient = [steps[0], 0, 0, 0, steps[1], 0]
    corner = np.where((across, down), np.subtract(GRID.size_xyz[:2], 1) * GRID.spacing_xyz_mm[:2], 0)
    for frame in dataset.PerFrameFunctionalGroupsSequence:
        position = frame.PlanePositionSequence[0]
        place = np.add([float(c) for c in position.ImagePositionPatient], (*corner, 0))
        position.ImagePositionPatient = [f"{c:.10g}" for c in place]


def spoil_segment_spacing(dataset: Dataset) -> None:
    """Rows and columns whose spacings are swapped."""
    measures = shared_of(dataset).PixelMeasuresSequence[0]
    measures.PixelSpacing = list(measures.PixelSpacing)[::-1]


def spoil_segment_no_place(dataset: Dataset) -> None:
    """A frame that does not say where it lies."""
    del frame_of(dataset, 2).PlanePositionSequence


def spoil_segment_no_spacing(dataset: Dataset) -> None:
    """Frames that do not say how far their pixels lie apart."""
    del shared_of(dataset).PixelMeasuresSequence


def spoil_segment_frame(dataset: Dataset) -> None:
    """A segmentation in another frame of reference."""
    dataset.FrameOfReferenceUID = generate_uid()


def spoil_segment_reference(dataset: Dataset) -> None:
    """Two frames that refer to each other's slices."""
    one, other = frame_of(dataset, 1), frame_of(dataset, 2)
    one.DerivationImageSequence, other.DerivationImageSequence = (
        deepcopy(other.DerivationImageSequence),
        deepcopy(one.DerivationImageSequence),
    )


def spoil_segment_twice(dataset: Dataset) -> None:
    """Two frames of the segment on one slice."""
    place = frame_of(dataset, 1).PlanePositionSequence[0].ImagePositionPatient
    frame_of(dataset, 2).PlanePositionSequence[0].ImagePositionPatient = place
    del frame_of(dataset, 2).DerivationImageSequence


def spoil_segment_frames(dataset: Dataset) -> None:
    """One description of a frame less than frames."""
    del dataset.PerFrameFunctionalGroupsSequence[-1]


def spoil_segment_number(dataset: Dataset) -> None:
    """Frames that name no segment."""
    del shared_of(dataset).SegmentIdentificationSequence


def spoil_segment_type(dataset: Dataset) -> None:
    """A type of segmentation that nobody knows."""
    dataset.SegmentationType = "FUZZY"


def spoil_segment_pixels(dataset: Dataset) -> None:
    """Pixels that were lost at the end."""
    dataset.PixelData = dataset.PixelData[: len(dataset.PixelData) // 2]


def spoil_segment_no_pixels(dataset: Dataset) -> None:
    """No pixels at all."""
    del dataset.PixelData


def spoil_segment_no_shared(dataset: Dataset) -> None:
    """No functional groups that all frames share."""
    del dataset.SharedFunctionalGroupsSequence


OFF_GRID: Mapping[Spoil, str] = {
    spoil_segment_place: r"frame 3 beside the image's slices \(found .* 0\.5 mm, allowed 0\.051 mm\)",
    spoil_segment_slice: r"frame 3 between the image's slices \(found .* 1 mm, allowed 0\.1 mm\)",
    spoil_segment_beyond: r"frame 3 outside the image \(found slice 15, allowed 0 to 9\)",
    spoil_segment_direction: "frame 1 in another direction than the image's slices",
    spoil_segment_turned: r"frame 1 beside the image's slices \(found a difference of 26 mm",
    spoil_segment_spacing: r"frame 1 with another spacing .*\(found .* 0\.5 mm, allowed 0\.001 mm\)",
    spoil_segment_no_spacing: "does not say where frame 1 lies",
    spoil_segment_frame: "another frame of reference than the image's",
    spoil_segment_reference: r"frame 2 lies on slice 6 and refers to another slice \(found slice 5",
}
DAMAGED: Mapping[Spoil, str] = {
    spoil_segment_twice: r"several frames of the segment on one slice \(found 6 frames on 5 slices\)",
    spoil_segment_frames: r"not describe each of its frames \(found 5 descriptions, allowed 6\)",
    spoil_segment_number: "damaged or cut short",
    spoil_segment_no_place: "damaged or cut short",
    spoil_segment_type: "of a type that is not read",
    spoil_segment_pixels: "damaged or cut short",
    spoil_segment_no_pixels: "damaged or cut short",
    spoil_segment_no_shared: "damaged or cut short",
}
"""What the sentence says of each fault of a segmentation."""
