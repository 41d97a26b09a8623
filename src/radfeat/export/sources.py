"""The images that exported objects refer to: complete headers, their frames laid on the volume's grid."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.valuerep import DA, TM

from radfeat.core.errors import ExportError, GeometryError
from radfeat.core.grid import Grid
from radfeat.export.quiet import READ_FAULTS, explain_libraries, quiet

_TYPE_2 = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "ReferringPhysicianName",
)
"""What DICOM wants present in every object of a subject and study, and allows to be empty."""

_REQUIRED = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID")
_DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
_SEXES = ("M", "F", "O")
_DIRECTION_TOLERANCE = 1e-3

Place = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""Position (mm, LPS) of a frame's first voxel, and its six direction cosines."""


@dataclass(frozen=True, slots=True)
class SourceImages:
    """The source of an export.

    Parameters
    ----------
    headers
        One per slice, from the first slice of the volume to the last; or that of one multi-frame object.
    slices
        Slice of the volume that each frame shows; of a classic series 0, 1, 2, ...
    date, time
        When the study began, as DICOM texts: the date and time of the content of exported objects.
    """

    headers: tuple[Dataset, ...] = field(repr=False)
    slices: tuple[int, ...]
    date: str = field(repr=False)
    time: str = field(repr=False)

    @property
    def series_uid(self) -> str:
        """UID of the source series."""
        return str(self.headers[0].SeriesInstanceUID)

    @property
    def series_number(self) -> int:
        """Number of the source series; 0 where there is none, or one too great to build upon."""
        number = _read(self.headers[0], "SeriesNumber")
        value = int(str(number)) if number is not None else 0
        return value if 0 < value < 10**8 else 0


def lay_sources(headers: Sequence[Dataset], grid: Grid, key: str) -> SourceImages:
    """Lay the headers of a series on the grid of its volume.

    Parameters
    ----------
    headers
        Headers of the instances of a classic series, in any order, or of one multi-frame object.
    grid
        Grid of the volume that was read from them.
    key
        The ``case_id``, for messages.

    Raises
    ------
    ExportError
        If a header lacks what a derived object must repeat: UIDs, frame of reference, a date.
    GeometryError
        If the frames are not, one for one, the slices of the grid.
    """
    with quiet():
        complete = [_complete(header, key) for header in headers]
        date, time = _find_moment(complete[0], key)
        if len(complete) == 1 and "PerFrameFunctionalGroupsSequence" in complete[0]:
            places = _read_frames(complete[0], key)
            return SourceImages(tuple(complete), _find_slices(complete, places, grid, key), date, time)
        places = [_read_place(h, h, key) for h in complete]
        slices = _find_slices(complete, places, grid, key)
        ordered = [header for _, header in sorted(zip(slices, complete, strict=True), key=lambda p: p[0])]
        return SourceImages(tuple(ordered), tuple(range(len(ordered))), date, time)


def _read(header: Dataset, keyword: str) -> object | None:
    """The value of an element; None where it is absent, empty or malformed."""
    try:
        value: object = header.get(keyword)
    except READ_FAULTS:
        return None
    return None if value is None or str(value) == "" else value


def _complete(header: Dataset, key: str) -> Dataset:
    """A copy with texts as Unicode, required elements present, and what DICOM forbids left empty."""
    missing = [name for name in _REQUIRED if _read(header, name) is None]
    if missing:
        raise ExportError(
            "a header of the image lacks what an object derived from it must repeat",
            key=key,
            measured=f"no {', '.join(missing)}",
            remedy="Export the series again from where it came from",
        )
    result = copy.deepcopy(header)
    for name in ("PixelData", "FloatPixelData", "DoubleFloatPixelData", "IconImageSequence"):
        if name in result:
            del result[name]
    with explain_libraries(key):
        result.decode()
    for name in _TYPE_2:
        if _read(result, name) is None or not _is_allowed(name, result[name].value):
            setattr(result, name, "")
    return result


def _is_allowed(name: str, value: object) -> bool:
    if name == "PatientSex":
        return value in _SEXES
    if not name.endswith(("Date", "Time")):
        return True
    try:
        (DA if name.endswith("Date") else TM)(str(value))
    except ValueError:
        return False
    return True


def _find_moment(header: Dataset, key: str) -> tuple[str, str]:
    for name in _DATES:
        value = _read(header, name)
        if value is not None and _is_allowed(name, value):
            time = _read(header, name.replace("Date", "Time"))
            clock = time if time is not None and _is_allowed("Time", time) else "000000"
            return str(value), str(clock)
    raise ExportError(
        "the image states no date, and an object derived from it must have one",
        key=key,
        allowed=" or ".join(_DATES),
        remedy="Export from the series as it came, or from one whose dates were shifted, not removed",
    )


def _read_frames(header: Dataset, key: str) -> list[Place]:
    shared = _first(header, "SharedFunctionalGroupsSequence")
    return [_read_group(frame, shared, key) for frame in header.PerFrameFunctionalGroupsSequence]


def _read_group(frame: Dataset, shared: Dataset, key: str) -> Place:
    position = _first(frame, "PlanePositionSequence") or _first(shared, "PlanePositionSequence")
    orientation = _first(frame, "PlaneOrientationSequence") or _first(shared, "PlaneOrientationSequence")
    return _read_place(position, orientation, key)


def _first(dataset: Dataset, keyword: str) -> Dataset:
    items = dataset.get(keyword) or []
    return items[0] if items else Dataset()


def _read_place(position: Dataset, orientation: Dataset, key: str) -> Place:
    try:
        place = np.array([float(n) for n in position.ImagePositionPatient])
        cosines = np.array([float(n) for n in orientation.ImageOrientationPatient])
    except READ_FAULTS:
        raise _not_the_grid(key, "a frame without position or orientation") from None
    if place.shape != (3,) or cosines.shape != (6,):
        raise _not_the_grid(key, "a frame without position or orientation")
    return place, cosines


def _find_slices(
    headers: Sequence[Dataset], places: Sequence[Place], grid: Grid, key: str
) -> tuple[int, ...]:
    """The slice of each frame; every slice has one frame, within half a voxel of its place."""
    columns, rows, count = grid.size_xyz
    if any((h.get("Rows"), h.get("Columns")) != (rows, columns) for h in headers):
        raise _not_the_grid(key, "frames of another size")
    direction = np.reshape(grid.direction, (3, 3))
    cosines = direction[:, :2].T.ravel()
    if any(np.abs(own - cosines).max() > _DIRECTION_TOLERANCE for _, own in places):
        raise _not_the_grid(key, "frames of another orientation")
    steps = (np.array([place for place, _ in places]) - grid.origin_xyz_mm) @ np.linalg.inv(direction).T
    indices = steps / grid.spacing_xyz_mm
    slices = np.rint(indices[:, 2]).astype(int)
    if sorted(slices.tolist()) != list(range(count)):
        raise _not_the_grid(key, f"{len(places)} frames for {count} slices")
    indices[:, 2] -= slices
    if np.abs(indices).max() > 0.5:
        raise _not_the_grid(key, "frames beside the grid")
    return tuple(slices.tolist())


def _not_the_grid(key: str, measured: str) -> GeometryError:
    return GeometryError(
        "the frames of the image are not the slices of the volume that was measured",
        key=key,
        measured=measured,
        allowed="one frame for each slice",
        remedy="Run the study again if the series has changed",
    )
