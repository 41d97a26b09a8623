"""Elements that must be one for a whole series and without which it cannot be read."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from pydicom.dataset import Dataset

from radfeat.ingest.dicom.headers import read_number, read_text, read_value
from radfeat.ingest.source import Source

_T = TypeVar("_T")

_MEND = "Ask the site to export the series with this element"


def require_number(
    source: Source, headers: Sequence[Dataset], keyword: str, limits: tuple[float, float], unit: str
) -> float:
    """The number of an element, the same in all headers and possible.

    Raises
    ------
    InputError
        If it is missing, malformed, not one, or outside the limits; the message names the element.
    """
    require_present(source, headers, keyword)
    values = {read_number(header, keyword) for header in headers}
    value = _require_one(source, keyword, values)
    low, high = limits
    if value is None or not low <= value <= high:
        raise source.refuse(
            f"has an impossible {keyword}",
            measured="no number" if value is None else f"{value:.6g} {unit}",
            allowed=f"{low:g} to {high:g} {unit}",
            remedy=_MEND,
        )
    return value


def require_text(source: Source, headers: Sequence[Dataset], keyword: str, known: Sequence[str]) -> str:
    """The text of an element, the same in all headers and one of those known.

    Raises
    ------
    InputError
        If it is missing, not one, or another; the message holds nothing of the header's text.
    """
    require_present(source, headers, keyword)
    value = _require_one(source, keyword, {read_text(header, keyword) for header in headers})
    if value is None or value not in known:
        raise source.refuse(
            f"has a {keyword} that is not understood",
            measured="another",
            allowed=", ".join(known),
            remedy=_MEND,
        )
    return value


def require_present(source: Source, headers: Sequence[Dataset], keyword: str) -> None:
    """Refuse headers without an element; the message names it."""
    missing = sum(read_value(header, keyword) is None for header in headers)
    if missing:
        raise source.refuse(
            f"has no {keyword}, without which there is no SUV",
            measured=f"{missing} of {len(headers)} objects without",
            remedy=_MEND,
        )


def _require_one(source: Source, keyword: str, values: Iterable[_T]) -> _T:
    found = set(values)
    if len(found) > 1:
        raise source.refuse(f"has slices that differ in {keyword}", measured=f"{len(found)}", allowed="1")
    return found.pop()
