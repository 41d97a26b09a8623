"""Keeping the DICOM libraries quiet: what they say quotes values, and values may be names."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from radfeat.core.errors import ExportError

_LOUD = ("pydicom", "highdicom")
_REFUSALS = (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, OverflowError)
"""What highdicom and pydicom raise for headers that they cannot build upon."""


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
    except _REFUSALS as error:
        raise ExportError(
            "the headers of the image are not such that an object can be derived from them",
            key=key,
            measured=type(error).__name__,
            remedy="Check the series with a DICOM validator, and export it again from where it came from",
        ) from None
