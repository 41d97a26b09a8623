"""Sequences read whole: where lengths do not fit, pydicom loses or swallows items without a word."""

import struct

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from radfeat.core.errors import InputError
from radfeat.ingest.dicom.headers import read_items
from radfeat.ingest.source import COPY_AGAIN, Source

_UNDEFINED = 0xFFFFFFFF
_ITEM = (0xFFFE, 0xE000)
_MISFIT = -1
_DELIMITERS = 0xFFFE
"""Group of the tags of items: as an element of a dataset it is the head of an item that was swallowed."""


def require_items(source: Source, header: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence, none where it is absent or empty.

    Raises
    ------
    InputError
        If the sequence cannot be read, or not all of it: an item has another length than it says.
    """
    element = header.get_item(keyword, keep_deferred=True) if keyword in header else None
    if element is None or not element.value:
        return ()
    expected = count_items(header, keyword)
    items = read_items(header, keyword)
    if not items or expected not in (None, len(items)) or not all(_is_whole(item) for item in items):
        raise _refuse(source, keyword)
    return items


def require_lengths(source: Source, header: Dataset, keyword: str) -> None:
    """Refuse a sequence whose items do not fill it by the lengths that they say; nothing is decoded.

    Raises
    ------
    InputError
        If they do not.
    """
    if count_items(header, keyword) == _MISFIT:
        raise _refuse(source, keyword)


def count_items(header: Dataset, keyword: str) -> int | None:
    """How many items fill the bytes of a sequence, by the lengths that they say; -1 where they do not.

    None where there are no bytes to look at: the sequence was decoded before, or is absent; or where an item
    says no length, and ends at a delimiter, without which pydicom raises an error itself.
    """
    element = header.get_item(keyword, keep_deferred=True) if keyword in header else None
    if not isinstance(element, RawDataElement) or not element.value:
        return None
    return _count(element.value, "<HHL" if header.original_encoding[1] is not False else ">HHL")


def is_cut_short(header: Dataset) -> bool:
    """Whether an element has fewer bytes than it says: pydicom reads such files without a word."""
    return any(_is_short(header.get_item(tag, keep_deferred=True)) for tag in list(header.keys()))


def _is_short(element: object) -> bool:
    return (
        isinstance(element, RawDataElement)
        and element.value is not None
        and element.length != _UNDEFINED
        and len(element.value) < element.length
    )


def _is_whole(item: Dataset) -> bool:
    return not is_cut_short(item) and all(tag.group != _DELIMITERS for tag in list(item.keys()))


def _count(data: bytes, layout: str) -> int | None:
    place = items = 0
    while place + 8 <= len(data):
        group, element, length = struct.unpack_from(layout, data, place)
        if (group, element) != _ITEM:
            return _MISFIT
        if length == _UNDEFINED:
            return None
        place += 8 + length
        items += 1
    return items if place == len(data) else _MISFIT


def _refuse(source: Source, keyword: str) -> InputError:
    return source.refuse(f"is damaged in its {keyword}", remedy=COPY_AGAIN)
