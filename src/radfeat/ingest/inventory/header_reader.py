"""Reading one file of a tree: what it is, whose, of which series, and whether its pixels are all there."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from radfeat.ingest.dicom.headers import (
    READ_FAULTS,
    HeaderError,
    quiet,
    read_header,
    read_number,
    read_text,
)
from radfeat.ingest.dicom.series_key import instance_key, read_geometry_group
from radfeat.ingest.identity import identity_words, list_identity_tags
from radfeat.ingest.inventory.mask_reader import read_mask_contents
from radfeat.ingest.inventory.records import (
    FoundFile,
    InstanceRecord,
    Kind,
    Patient,
    SeriesHead,
    SkippedFile,
    SkipReason,
)
from radfeat.ingest.inventory.sop_classes import classify

ELEMENTS = (
    *("SpecificCharacterSet", "ImageType", "SOPClassUID", "SOPInstanceUID", "StudyDate", "Modality"),
    *("Manufacturer", "SeriesDescription", "ManufacturerModelName", "PatientName", "PatientID"),
    *("IssuerOfPatientID", "PatientBirthDate", "PatientSex", "ProtocolName", "StudyInstanceUID"),
    *("SeriesInstanceUID", "SeriesNumber", "FrameOfReferenceUID", "ImageOrientationPatient"),
    *("PixelSpacing", "SamplesPerPixel", "NumberOfFrames", "Rows", "Columns", "BitsAllocated"),
    *("BurnedInAnnotation", "Units", "SharedFunctionalGroupsSequence"),
)
_IDENTITY = list_identity_tags()
_TAGS = [*map(Tag, ELEMENTS), *_IDENTITY]
"""All that is read of a file, unless it is a mask, or the first of a batch to say what it says of persons."""

_SERIES = frozenset(map(tag_for_keyword, ("SpecificCharacterSet", "SeriesInstanceUID")))
_NATIVE = frozenset(map(str, (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian)))
_ELEMENT_HEAD = 8
"""Bytes of tag and length before the value of an element, at least."""

Record = InstanceRecord | SkippedFile
_Words = dict[tuple[object, ...], frozenset[str]]


def read_records(files: Iterable[FoundFile]) -> list[Record]:
    """Read a batch of files, in order. What cannot be read is skipped with its reason."""
    words: _Words = {}
    heads: dict[SeriesHead, SeriesHead] = {}
    with quiet():
        return [_read(file, words, heads) for file in files]


def _read(file: FoundFile, words: _Words, heads: dict[SeriesHead, SeriesHead]) -> Record:
    try:
        with Path(file.path).open("rb") as stream:
            if stream.read(132)[128:] != b"DICM":
                return SkippedFile(file.path, SkipReason.NOT_DICOM)
            stream.seek(0)
            header = _read_elements(stream)
            rest = file.size - stream.tell()
    except OSError:
        return SkippedFile(file.path, SkipReason.UNREADABLE)
    except HeaderError:
        return SkippedFile(file.path, SkipReason.DAMAGED)
    try:
        if _meta(header, "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
            return SkippedFile(file.path, SkipReason.DIRECTORY)
        return _build_record(file, header, rest, words, heads)
    except HeaderError:
        return SkippedFile(file.path, SkipReason.DAMAGED)


def _read_elements(stream: BinaryIO) -> Dataset:
    with quiet():
        try:
            return pydicom.dcmread(stream, stop_before_pixels=True, specific_tags=_TAGS)
        except READ_FAULTS as error:
            raise HeaderError(type(error).__name__) from None


def _build_record(
    file: FoundFile, header: Dataset, rest: int, words: _Words, heads: dict[SeriesHead, SeriesHead]
) -> InstanceRecord:
    """The record of a file that has ``rest`` bytes from its pixels on.

    Raises
    ------
    HeaderError
        If the header does not say which series and instance it is, or the whole header cannot be read.
    """
    said = _list_identity(header)
    key = instance_key(header)
    kind = classify(_text(header, "SOPClassUID"), _text(header, "Modality"), "Rows" in header)
    whole = read_header(Path(file.path)) if kind in (Kind.STRUCTURE_SET, Kind.SEGMENTATION) else None
    if whole is not None:  # each mask has staff of its own, at any depth
        words = {said: identity_words(whole)}
    elif said not in words:
        words[said] = identity_words(read_header(Path(file.path)))
    head = _build_head(header, kind, words[said])
    frames = read_number(header, "NumberOfFrames")
    count = int(frames) if frames is not None and frames >= 1 else 1
    return InstanceRecord(
        file=file,
        key=key,
        instance_uid=_text(header, "SOPInstanceUID"),
        head=heads.setdefault(head, head),
        group=read_geometry_group(header),
        frames=count,
        cut_short=kind is Kind.IMAGE and _is_cut_short(header, rest, count),
        mask=None if whole is None else read_mask_contents(whole, kind),
    )


def _build_head(header: Dataset, kind: Kind, words: frozenset[str]) -> SeriesHead:
    series_uid = _text(header, "SeriesInstanceUID")
    if not series_uid:
        raise HeaderError("SeriesInstanceUID")
    return SeriesHead(
        series_uid=series_uid,
        study_uid=_text(header, "StudyInstanceUID"),
        study_date=_date(header, "StudyDate"),
        patient=Patient(
            _text(header, "IssuerOfPatientID"),
            _text(header, "PatientID"),
            _date(header, "PatientBirthDate"),
            _text(header, "PatientSex"),
        ),
        kind=kind,
        modality=_code(header, "Modality"),
        sop_class=_text(header, "SOPClassUID"),
        transfer_syntax=_meta(header, "TransferSyntaxUID"),
        frame_of_reference=_text(header, "FrameOfReferenceUID"),
        series_number=_text(header, "SeriesNumber"),
        manufacturer=_text(header, "Manufacturer"),
        model=_text(header, "ManufacturerModelName"),
        description=_text(header, "SeriesDescription"),
        protocol=_text(header, "ProtocolName"),
        image_type=_text(header, "ImageType").upper(),
        burned_in=_text(header, "BurnedInAnnotation").upper() == "YES",
        pet_units=_code(header, "Units"),
        words=words,
    )


def _list_identity(header: Dataset) -> tuple[object, ...]:
    """What stands in the elements that name someone, undecoded, and the series.

    Where two files of a batch agree in it, only the first is read whole for its words.
    """
    tags = [tag for tag in list(header.keys()) if tag in _IDENTITY or tag in _SERIES]
    elements = [(int(tag), header.get_item(tag, keep_deferred=True)) for tag in tags]
    # What pydicom has made a value of already, such as a sequence, equals nothing.
    return tuple((tag, e.value if isinstance(e.value, bytes | None) else object()) for tag, e in elements)


def _is_cut_short(header: Dataset, rest: int, frames: int) -> bool:
    """Whether the rest of a file is less than its pixels; where these are compressed, nothing at all.

    A deflated file is unpacked as a whole, and fails as a whole where it is cut.
    """
    sizes = [read_number(header, name) for name in ("Rows", "Columns", "BitsAllocated")]
    rows, columns, bits = (0.0 if size is None else size for size in sizes)
    if min(rows, columns, bits) <= 0:
        return True
    syntax = _meta(header, "TransferSyntaxUID")
    if syntax == DeflatedExplicitVRLittleEndian:
        return False
    if syntax not in _NATIVE:
        return rest <= _ELEMENT_HEAD
    samples = read_number(header, "SamplesPerPixel") or 1
    return rest < _ELEMENT_HEAD + rows * columns * samples * frames * bits / 8


def _text(header: Dataset, keyword: str) -> str:
    return unicodedata.normalize("NFC", read_text(header, keyword) or "")


def _code(header: Dataset, keyword: str) -> str:
    """A coded text in capitals; empty where it does not have the form of one."""
    text = _text(header, keyword).upper()
    return text if re.fullmatch(r"[A-Z0-9_ ]{1,16}", text) else ""


def _date(header: Dataset, keyword: str) -> str:
    text = _text(header, keyword)[:8]
    try:
        return datetime.strptime(text, "%Y%m%d").strftime("%Y%m%d")
    except ValueError:
        return ""


def _meta(header: Dataset, keyword: str) -> str:
    return read_text(header.file_meta, keyword) or ""
