"""Keeping the DICOM libraries quiet: what they say quotes values, and values may be names."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.errors import BytesLengthException, InvalidDicomError

from radfeat.core.errors import ExportError
from radfeat.core.quiet import keep_quiet

READ_FAULTS = (
    InvalidDicomError,
    BytesLengthException,
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
)
"""What pydicom raises for values that it cannot decode, and highdicom for headers it cannot build upon."""


@contextmanager
def quiet() -> Iterator[None]:
    """Keep warnings and log lines of pydicom and highdicom off the terminal."""
    with keep_quiet("pydicom", "highdicom"):
        yield


@contextmanager
def explain_libraries(key: str) -> Iterator[None]:
    """Turn what highdicom says of a header into one sentence that quotes nothing of it."""
    try:
        yield
    except READ_FAULTS as error:
        raise ExportError(
            "the headers of the image are not such that an object can be derived from them",
            key=key,
            measured=type(error).__name__,
            remedy="Check the series with a DICOM validator, and export it again from where it came from",
        ) from None
