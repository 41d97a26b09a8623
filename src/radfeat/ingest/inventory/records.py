"""What one file of a DICOM tree says of itself: the values that pass from the readers to the inventory.

Everything here may name someone and stays in memory, or goes to the folder ``private`` of the output.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from radfeat.ingest.dicom.roi_names import Region
from radfeat.ingest.dicom.series_key import GeometryGroup

Position = tuple[float, ...]


class SkipReason(StrEnum):
    """Why a file or folder of the tree has no place in the inventory."""

    HIDDEN = "hidden (its name begins with a dot)"
    LINKED = "a link to what is listed already"
    BROKEN_LINK = "a link that leads nowhere"
    SPECIAL = "neither a file nor a folder"
    UNREADABLE_FOLDER = "a folder that cannot be opened"
    UNREADABLE = "cannot be opened"
    EMPTY = "empty (0 bytes)"
    NOT_DICOM = "not DICOM"
    DIRECTORY = "a DICOM directory (DICOMDIR)"
    DAMAGED = "damaged, or cut short before its header says what it is"
    COPY = "a copy of another file, byte for byte"


DAMAGES = frozenset({SkipReason.EMPTY, SkipReason.DAMAGED, SkipReason.UNREADABLE})
"""What may have been a slice of the series beside it."""


class Kind(StrEnum):
    """What an instance is."""

    IMAGE = "image"
    STRUCTURE_SET = "RTSTRUCT"
    SEGMENTATION = "SEG"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of the tree: ``path`` as the site named it, ``size`` in bytes."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file or folder that the inventory passes over."""

    path: str
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class Patient:
    """Whose an instance is, by its header; empty texts where the header says nothing."""

    issuer: str
    patient_id: str
    birth_date: str
    sex: str


@dataclass(frozen=True, slots=True)
class SeriesHead:
    """What all instances of one series should say alike; ``words`` are those that name someone."""

    series_uid: str
    study_uid: str
    study_date: str
    patient: Patient
    kind: Kind
    modality: str
    sop_class: str
    transfer_syntax: str
    frame_of_reference: str
    series_number: str
    manufacturer: str
    model: str
    description: str
    protocol: str
    image_type: str
    burned_in: bool
    pet_units: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class MaskContents:
    """What a structure set or segmentation holds, and which images it says it was drawn in.

    ``instance_uids_by_region`` is filled by region number where several series are referenced, else empty.
    ``listed`` are the instances that the mask as a whole names, series by series; ``undrawn`` the numbers of
    regions of which it draws nothing.
    """

    regions: tuple[Region, ...]
    series_uids: tuple[str, ...]
    instance_uids: frozenset[str]
    frames: tuple[str, ...]
    instance_uids_by_region: Mapping[int, frozenset[str]] = field(default_factory=dict)
    listed: tuple[frozenset[str], ...] = ()
    undrawn: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class InstanceRecord:
    """One DICOM file: ``frames`` is 1 for a classic one, ``cut_short`` if its pixels are not all there."""

    file: FoundFile
    key: str
    instance_uid: str
    head: SeriesHead
    group: GeometryGroup
    frames: int
    cut_short: bool
    mask: MaskContents | None = None
