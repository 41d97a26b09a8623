"""Keeping the DICOM libraries quiet: their warnings and log lines quote values, and values may be names."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOUD = ("pydicom", "highdicom")


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
