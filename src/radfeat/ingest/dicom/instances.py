"""The files of a series, each opened once: hashed, parsed, and told from what does not belong to it."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pydicom import uid
from pydicom.dataset import Dataset

from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Modality, Severity
from radfeat.ingest.dicom.files import (
    SERIES_LIST_SUFFIX,
    SeriesListError,
    is_regular_file,
    list_dicom_files,
    read_series_list,
)
from radfeat.ingest.dicom.headers import HeaderError, parse_dataset, read_text, read_value
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.source import COPY_AGAIN, Source

CLASSIC = {
    str(uid.CTImageStorage): Modality.CT,
    str(uid.MRImageStorage): Modality.MR,
    str(uid.PositronEmissionTomographyImageStorage): Modality.PT,
}
"""SOP classes with one slice per instance, and their modality."""

ENHANCED = {
    str(uid.EnhancedCTImageStorage): Modality.CT,
    str(uid.LegacyConvertedEnhancedCTImageStorage): Modality.CT,
    str(uid.EnhancedMRImageStorage): Modality.MR,
    str(uid.LegacyConvertedEnhancedMRImageStorage): Modality.MR,
    str(uid.EnhancedPETImageStorage): Modality.PT,
    str(uid.LegacyConvertedEnhancedPETImageStorage): Modality.PT,
}
"""SOP classes with many frames per instance, and their modality."""

USE_INVENTORY = (
    "Name in the sheet the series list that `radfeat ingest inventory` writes for the series meant"
)

_MAGIC = slice(128, 132)
_BARE = (b"\x02\x00\x00\x00", b"\x08\x00\x00\x00", b"\x08\x00\x05\x00", b"\x08\x00\x08\x00")
"""How a dataset begins that was written without preamble: its first element, little endian."""
_WRITE_FILE = "Write the objects as DICOM files (PS3.10, with preamble), as `dcmconv +F` does"
_DICOM_ENDINGS = frozenset({"", ".dcm", ".dicom", ".ima", ".img"})
_NOT_SLICES = frozenset({"dicomdir", "lockfile", "version", "readme", "license"})
"""Files without ending that discs carry beside DICOM."""


class _Fault(StrEnum):
    """Why a file that should be a slice cannot be one."""

    CLOSED = "cannot be opened"
    NO_PREAMBLE = "without the preamble of a DICOM file"
    EMPTY = "empty (0 bytes)"
    NOT_DICOM = "not DICOM, whatever the name says"
    DAMAGED = "damaged or cut short"
    NO_PIXELS = "without pixels, or cut short before them"


@dataclass(frozen=True, eq=False, slots=True)
class Instance:
    """One DICOM object of a series, its pixels still undecoded, with the SHA-256 of its file."""

    header: Dataset = field(repr=False)
    sha256: str

    @property
    def sop_class(self) -> str:
        """SOPClassUID."""
        return read_text(self.header, "SOPClassUID") or ""

    @property
    def is_enhanced(self) -> bool:
        """Whether the object holds many frames in functional groups."""
        return self.sop_class in ENHANCED

    @property
    def is_image(self) -> bool:
        """Whether the object is an image of CT, MR or PET."""
        return self.sop_class in CLASSIC or self.is_enhanced


@dataclass(frozen=True, eq=False, slots=True)
class Harvest:
    """The image instances below a path, and what was said of the other files there."""

    instances: tuple[Instance, ...]
    findings: tuple[Finding, ...]

    @property
    def sha256(self) -> str:
        """The series' SHA-256 (hexadecimal): over the sorted SHA-256, as text, of its instances' files."""
        return hashlib.sha256("".join(sorted(i.sha256 for i in self.instances)).encode()).hexdigest()


def read_instances(source: Source) -> Harvest:
    """Read the files that a path stands for, each once.

    Files that cannot be DICOM by their name, and DICOM objects of other series that are no image of CT, MR or
    PET, are set aside with a finding.

    Raises
    ------
    InputError
        If there is nothing, a file cannot be read, no image is among them, or an object that is none belongs
        to the image's own series.
    """
    files = _list_files(source)
    found = [(file, _read(file)) for file in files]
    faults = Counter(item for file, item in found if isinstance(item, _Fault) and _matters(file, item))
    if faults:
        counts = ", ".join(f"{n} {fault}" for fault, n in sorted(faults.items()))
        remedy = _WRITE_FILE if set(faults) == {_Fault.NO_PREAMBLE} else COPY_AGAIN
        raise source.refuse(f"is incomplete: of {len(files)} files {counts}", remedy=remedy)
    read = [item for _, item in found if isinstance(item, Instance)]
    objects = list({item.sha256: item for item in reversed(read)}.values())[::-1]
    images = tuple(item for item in objects if item.is_image)
    others = [item for item in objects if not item.is_image]
    if not images:
        raise _refuse_no_image(source, others)
    _require_nothing_else(source, images, others)
    strays = len(files) - len(read)
    copies = len(read) - len(objects)
    return Harvest(images, (*_tell_ignored(source, strays, others), *_tell_copies(source, copies)))


def _list_files(source: Source) -> tuple[Path, ...]:
    path = source.path
    if path.name.lower().endswith(SERIES_LIST_SUFFIX):
        files = _list_named(source)
    else:
        errors: list[OSError] = []
        files = list_dicom_files(path, errors.append) if _exists(source) else ()
        if errors:
            raise source.refuse(
                f"has a folder that cannot be opened: {errors[0].strerror}", remedy="Check the rights"
            )
    if not files:
        raise source.refuse("holds no file", reason=source.missing, remedy="Check the path in the sheet")
    return files


def _exists(source: Source) -> bool:
    try:
        there = source.path.exists()
    except OSError as error:
        raise source.refuse(f"cannot be opened: {error.strerror}", remedy="Check the rights") from None
    if not there:
        raise source.refuse("is not there", reason=source.missing, remedy="Check the path in the image sheet")
    return True


def _list_named(source: Source) -> tuple[Path, ...]:
    _exists(source)
    try:
        files = read_series_list(source.path).files
    except SeriesListError as error:
        raise source.refuse(str(error), remedy="Write it again with `radfeat ingest inventory`") from None
    missing = sum(not file.exists() for file in files)
    if missing:
        raise source.refuse(
            "is incomplete: its series list names files that are not there",
            reason=source.missing,
            measured=f"{missing} of {len(files)} missing",
            remedy="Copy them to where the list says, or write it again with `radfeat ingest inventory`",
        )
    return files


def _read(file: Path) -> Instance | _Fault:
    if not is_regular_file(file):
        return _Fault.CLOSED
    try:
        data = file.read_bytes()
    except OSError:
        return _Fault.CLOSED
    if not data:
        return _Fault.EMPTY
    if data[_MAGIC] != b"DICM":
        return _Fault.NO_PREAMBLE if data.startswith(_BARE) else _Fault.NOT_DICOM
    try:
        instance = Instance(parse_dataset(data), hashlib.sha256(data).hexdigest())
    except HeaderError:
        return _Fault.DAMAGED
    # Whatever a file is, it says so near its beginning; without that, it was cut short.
    is_disc = _meta_class(instance.header) == str(uid.MediaStorageDirectoryStorage)
    if not instance.sop_class and not is_disc:
        return _Fault.DAMAGED
    if instance.is_image and read_value(instance.header, "PixelData") is None:
        return _Fault.NO_PIXELS
    return instance


def _meta_class(header: Dataset) -> str:
    return read_text(header.file_meta, "MediaStorageSOPClassUID") or ""


def _matters(file: Path, fault: _Fault) -> bool:
    """Whether a file that was not read could be a lost slice: it is DICOM, or could be by its name."""
    if fault in (_Fault.DAMAGED, _Fault.NO_PIXELS, _Fault.NO_PREAMBLE):
        return True
    if file.name.lower() in _NOT_SLICES:
        return False
    ending = file.suffix.lower()
    return ending in _DICOM_ENDINGS or ending[1:].isdigit()


def _refuse_no_image(source: Source, others: Sequence[Instance]) -> Exception:
    return source.refuse(
        "holds no DICOM image of CT, MR or PET",
        measured=_count_kinds(others) if others else "no DICOM file",
        remedy="Name the folder, file or series list of the images",
    )


def _require_nothing_else(source: Source, images: Sequence[Instance], others: Sequence[Instance]) -> None:
    """Refuse objects of the image's own series that are no image: they may be slices that were spoilt."""
    series = {read_text(image.header, "SeriesInstanceUID") for image in images}
    odd = [other for other in others if read_text(other.header, "SeriesInstanceUID") in series]
    if odd:
        raise source.refuse(
            "mixes images and other objects in one series", measured=_count_kinds(odd), remedy=USE_INVENTORY
        )


def _count_kinds(objects: Iterable[Instance]) -> str:
    """How many objects of which kind, by the standard's own names: a header's text is never said."""
    counts = Counter(_name_kind(item.sop_class or _meta_class(item.header)) for item in objects)
    return ", ".join(f"{n} {kind}" for kind, n in sorted(counts.items()))


def _name_kind(sop_class: str) -> str:
    kind = uid.UID(sop_class)
    return "object of an unknown kind" if kind.name == sop_class else kind.name


def _tell_ignored(source: Source, strays: int, others: Sequence[Instance]) -> tuple[Finding, ...]:
    told = [f"{strays} that are not DICOM"] if strays else []
    if others:
        told.append(_count_kinds(others))
    if not told:
        return ()
    what = f"beside the images lie other files, which were not read: {', '.join(told)}"
    count = strays + len(others)
    finding = remark(
        SeriesCheck.IGNORED_FILES, source.key, what, count, 0, unit="files", severity=Severity.INFO
    )
    return (finding,)


def _tell_copies(source: Source, copies: int) -> tuple[Finding, ...]:
    if not copies:
        return ()
    what = "files are copies of others, byte for byte; each was read once"
    return (remark(SeriesCheck.COPIED_FILES, source.key, what, copies, 0, unit="files"),)
