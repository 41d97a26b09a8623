"""Headers of DICOM files, read without trust: a malformed value is an absent one, and nothing is said aloud.

pydicom warns of odd values, and its warnings quote them; they may hold names. So it is kept quiet here, and
whoever needs a value says in a sentence of their own that it is missing.
"""

import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.multival import MultiValue

from radfeat.core.quiet import keep_quiet
from radfeat.ingest.dicom.files import is_regular_file

READ_FAULTS = (
    InvalidDicomError,
    BytesLengthException,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    NotImplementedError,
    IndexError,
    OverflowError,
    RecursionError,
    struct.error,
    zlib.error,
)
"""What pydicom raises for damaged files, by its source and by trial; only its own calls stand under them."""


class HeaderError(Exception):
    """A file is not DICOM, or is damaged; holds no text of the file."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings and log lines, which quote values, off the terminal."""
    with keep_quiet("pydicom"):
        yield


def read_header(path: Path) -> Dataset:
    """The header of a DICOM file, without its pixels.

    Raises
    ------
    HeaderError
        If the file cannot be opened, is not DICOM, or is cut short within the header.
    """
    return _read(path, stop_before_pixels=True)


def read_dataset(path: Path) -> Dataset:
    """A DICOM file whole, its pixels still undecoded.

    Raises
    ------
    HeaderError
        As for ``read_header``.
    """
    return _read(path, stop_before_pixels=False)


def parse_dataset(data: bytes) -> Dataset:
    """The dataset in the bytes of a DICOM file, its pixels still undecoded.

    Raises
    ------
    HeaderError
        As for ``read_header``.
    """
    return _read(BytesIO(data), stop_before_pixels=False)


def _read(file: Path | BytesIO, *, stop_before_pixels: bool) -> Dataset:
    if isinstance(file, Path) and not is_regular_file(file):
        raise HeaderError("no regular file")
    with quiet():
        try:
            return pydicom.dcmread(file, stop_before_pixels=stop_before_pixels)
        except READ_FAULTS as error:
            raise HeaderError(type(error).__name__) from None


def read_value(header: Dataset, keyword: str) -> object | None:
    """The value of an element; None where it is absent, empty, or cannot be decoded."""
    with quiet():
        try:
            value: object = header.get(keyword)
        except READ_FAULTS:
            return None
    if value is None or (hasattr(value, "__len__") and len(value) == 0):
        return None
    return value


def read_text(header: Dataset, keyword: str) -> str | None:
    """The text of an element, blanks around it dropped, several values joined by a backslash."""
    value = read_value(header, keyword)
    if value is None:
        return None
    text = "\\".join(str(v) for v in value) if isinstance(value, MultiValue) else str(value)
    return text.strip().strip("\0").strip() or None


def read_number(header: Dataset, keyword: str) -> float | None:
    """The number of an element that has one finite value."""
    numbers = read_numbers(header, keyword, 1)
    return None if numbers is None else numbers[0]


def read_numbers(header: Dataset, keyword: str, count: int) -> tuple[float, ...] | None:
    """The finite numbers of an element that has exactly ``count`` of them, else None."""
    value = read_value(header, keyword)
    if value is None:
        return None
    items = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    if len(items) != count:
        return None
    try:
        numbers = tuple(float(str(item)) for item in items)
    except ValueError:
        return None
    return numbers if all(math.isfinite(number) for number in numbers) else None


def list_sequences(header: Dataset) -> dict[str, tuple[Dataset, ...]] | None:
    """The items of every sequence of a dataset by keyword; None where an element of it cannot be decoded."""
    with quiet():
        try:
            elements = list(header)
        except READ_FAULTS:
            return None
    return {e.keyword: tuple(e.value) for e in elements if isinstance(e.value, pydicom.Sequence)}


def read_items(header: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence; none where it is absent or is no sequence."""
    value = read_value(header, keyword)
    items = tuple(value) if isinstance(value, pydicom.Sequence) else ()
    return tuple(item for item in items if isinstance(item, Dataset))


def read_private(header: Dataset, group: int, creator: str, element: int) -> object | None:
    """The value of a private element; None where its creator's block, or it, is absent.

    Raises
    ------
    HeaderError
        If it is there and cannot be decoded.
    """
    with quiet():
        try:
            block = header.private_block(group, creator)
            value: object = block[element].value
        except KeyError:
            return None
        except READ_FAULTS as error:
            raise HeaderError(type(error).__name__) from None
    return value
