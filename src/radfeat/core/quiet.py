"""Keeping libraries quiet whose warnings and log lines quote values: of a header these may be names."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def keep_quiet(*libraries: str) -> Iterator[None]:
    """Keep warnings, and the log lines of these libraries, off the terminal.

    Within itself it costs next to nothing: whoever calls often puts it around all the calls.
    """
    loggers = [logging.getLogger(name) for name in libraries]
    levels = [logger.level for logger in loggers]
    if all(level > logging.CRITICAL for level in levels):
        yield
        return
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
