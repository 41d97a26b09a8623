"""Instances of classic series and frames of enhanced objects as records of one kind.

Reference: DICOM PS3.3, C.7.6.2 (image plane), C.7.6.16 (functional groups).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydicom.dataset import Dataset

from radfeat.core.vocabulary import Reason
from radfeat.ingest.dicom.functional_groups import PER_FRAME, SHARED
from radfeat.ingest.dicom.headers import (
    list_sequences,
    read_items,
    read_number,
    read_numbers,
    read_text,
    read_value,
)
from radfeat.ingest.dicom.instances import Instance
from radfeat.ingest.source import Source

_ONE_ITEM = (
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
)
"""Functional groups of which a frame has one item; several would be several meanings."""

_MOST_FRAMES = 100_000


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One slice: where it lies and where its pixels stand.

    Parameters
    ----------
    header
        The whole dataset of its instance, with the pixels.
    index
        Number of the frame in its instance, from 0.
    instance
        SOPInstanceUID.
    places
        Datasets that can hold an element of the frame, nearest first: its own functional groups, the shared
        ones, the header's top.
    position_mm
        Centre of the first pixel (LPS).
    orientation
        Direction cosines along a row (x), then along a column (y).
    pixel_spacing_mm
        Distance between rows (along y), then between columns (along x).
    """

    header: Dataset = field(repr=False)
    index: int
    instance: str = field(repr=False)
    places: tuple[Dataset, ...] = field(repr=False)
    position_mm: tuple[float, ...]
    orientation: tuple[float, ...]
    pixel_spacing_mm: tuple[float, ...]

    def has(self, keyword: str) -> bool:
        """Whether an element is there with a value, well-formed or not."""
        return any(read_value(place, keyword) is not None for place in self.places)

    def text(self, keyword: str) -> str | None:
        """The text of an element in the nearest place that has it."""
        return next((t for place in self.places if (t := read_text(place, keyword)) is not None), None)

    def number(self, keyword: str) -> float | None:
        """The one finite number of an element in the nearest place that has it."""
        place = next((p for p in self.places if read_value(p, keyword) is not None), None)
        return None if place is None else read_number(place, keyword)

    def items(self, keyword: str) -> tuple[Dataset, ...]:
        """The items of a sequence in the nearest place that has it."""
        return next((found for place in self.places if (found := read_items(place, keyword))), ())


def list_frames(source: Source, instances: Sequence[Instance]) -> tuple[Frame, ...]:
    """The frames of all instances, in the order of these.

    Raises
    ------
    InputError
        If a frame lacks its place, or an object contradicts itself about its number of frames.
    """
    frames: list[Frame] = []
    for instance in instances:
        groups = list(_list_places(source, instance))
        uid = read_text(instance.header, "SOPInstanceUID")
        if uid is None:
            raise source.refuse("has an image without SOPInstanceUID")
        frames += [_build_frame(source, instance, uid, i, places) for i, places in enumerate(groups)]
    return tuple(frames)


def _list_places(source: Source, instance: Instance) -> Iterator[tuple[Dataset, ...]]:
    header = instance.header
    count = read_number(header, "NumberOfFrames")
    if not instance.is_enhanced:
        if count not in (None, 1):
            raise source.refuse(
                "has several frames in one slice's object", measured=f"{count:g} frames", allowed="1"
            )
        yield (header,)
        return
    frames, shared = read_items(header, PER_FRAME), read_items(header, SHARED)
    if count is None or count != len(frames) or not 1 <= count <= _MOST_FRAMES or len(shared) > 1:
        raise source.refuse(
            "contradicts itself: its number of frames is not that of its functional groups",
            measured=f"{len(frames)} per-frame groups, {len(shared)} shared",
            allowed=f"{0 if count is None else count:g} per-frame groups, 1 shared",
        )
    common = [macro for group in shared for macro in _list_macros(source, group)]
    for frame in frames:
        yield (*_list_macros(source, frame), *common, header)


def _list_macros(source: Source, group: Dataset) -> Iterator[Dataset]:
    """The items of a functional group's macros."""
    macros = list_sequences(group)
    if macros is None:
        raise source.refuse("has functional groups that cannot be decoded")
    for keyword, items in macros.items():
        if keyword in _ONE_ITEM and len(items) != 1:
            raise source.refuse(f"has a frame with {len(items)} items of {keyword}", allowed="1")
        yield from items


def _build_frame(
    source: Source, instance: Instance, uid: str, index: int, places: tuple[Dataset, ...]
) -> Frame:
    return Frame(
        header=instance.header,
        index=index,
        instance=uid,
        places=places,
        position_mm=_require_numbers(source, places, "ImagePositionPatient", 3),
        orientation=_require_numbers(source, places, "ImageOrientationPatient", 6),
        pixel_spacing_mm=_require_numbers(source, places, "PixelSpacing", 2),
    )


def _require_numbers(
    source: Source, places: tuple[Dataset, ...], keyword: str, count: int
) -> tuple[float, ...]:
    place = next((p for p in places if read_value(p, keyword) is not None), None)
    numbers = None if place is None else read_numbers(place, keyword, count)
    if numbers is None:
        state = "without" if place is None else "with a malformed"
        raise source.refuse(
            f"has a slice {state} {keyword}: nothing else says where its voxels lie",
            reason=Reason.GEOMETRY,
            allowed=f"{count} numbers",
            remedy="Export the series again from the scanner's archive",
        )
    return numbers
