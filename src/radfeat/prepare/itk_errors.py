"""What SimpleITK raises, and memory that ran out, as a sentence that belongs to an ROI or an image."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from radfeat.core.errors import ExtractionError
from radfeat.core.vocabulary import Reason

_NO_MEMORY = ("allocate", "bad_alloc")
_CAUSE = re.compile(r"ITK ERROR: (?:\w+\(0x[0-9a-fA-F]+\): )?([^\n]+)")


@contextmanager
def explain_itk(what: str, key: str = "") -> Iterator[None]:
    """Turn what SimpleITK raises inside the block into an error that becomes a row.

    Parameters
    ----------
    what
        What was being done: ``"resampling"``.
    key
        Which ROI; empty for an image as a whole.

    Raises
    ------
    ExtractionError
        ``OUT_OF_MEMORY`` where memory could not be had, else ``COMPUTE_ERROR``; without SimpleITK's source
        files and without any path.
    """
    try:
        yield
    except (RuntimeError, OverflowError) as error:
        raise _translate(what, key, str(error)) from None


@contextmanager
def explain_memory(what: str, key: str = "") -> Iterator[None]:
    """Turn memory that cannot be had inside the block into an error that becomes a row.

    Raises
    ------
    ExtractionError
        ``OUT_OF_MEMORY``.
    """
    try:
        yield
    except MemoryError:
        raise _out_of_memory(what, key) from None


def _out_of_memory(what: str, key: str) -> ExtractionError:
    return ExtractionError(
        f"memory ran out during {what}",
        reason=Reason.OUT_OF_MEMORY,
        key=key,
        remedy="Give the job more memory, or resample to a coarser grid",
    )


def _translate(what: str, key: str, message: str) -> ExtractionError:
    if any(word in message.lower() for word in _NO_MEMORY):
        return _out_of_memory(what, key)
    return ExtractionError(
        f"{what} failed in SimpleITK{_find_cause(message)}",
        key=key,
        remedy="Check the image's size and spacing, the prepare settings, and the disk",
    )


def _find_cause(message: str) -> str:
    """ITK's own last word on the cause; nothing where it names a path."""
    causes = _CAUSE.findall(message)
    if not causes or "/" in causes[-1] or "\\" in causes[-1]:
        return ""
    return f": {causes[-1].strip().rstrip('.')}"
