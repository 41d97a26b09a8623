"""Keeping the DICOM libraries quiet: what they say quotes values, and values may be names."""

import logging
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from pydicom.errors import BytesLengthException, InvalidDicomError

from radfeat.core.errors import ExportError

_LOUD = ("pydicom", "highdicom")
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
    loggers = [logging.getLogger(name) for name in _LOUD]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


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
