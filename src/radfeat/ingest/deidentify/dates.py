"""Dates moved by whole days: their form, their precision and the intervals between them stay."""

import re
from collections.abc import Callable
from datetime import date, timedelta

_DATE = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})?(?P<day>\d{2})?")
_OLD_DATE = re.compile(r"(\d{4})\.(\d{2})\.(\d{2})")
_DATE_TIME = re.compile(
    r"(?P<date>\d{8}|\d{6}|\d{4})(?P<time>(?<=\d{8})(\d{2}|\d{4}|\d{6}(\.\d{1,6})?))?(?P<zone>[+-]\d{4})?"
)
_TIME = re.compile(r"(\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?|\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)")
_MIDDLE_MONTH, _MIDDLE_DAY = 7, 15


def shift_date(text: str, days: int) -> str:
    """A DA value ``days`` earlier; a range end by end, a year or a month by its middle; else empty.

    ``1999.12.31``, the form of ACR-NEMA, keeps its points.
    """
    return _shift_range(text, days, _shift_one_date)


def shift_date_time(text: str, days: int) -> str:
    """A DT value ``days`` earlier; time of day, precision and time zone stay; else empty."""
    whole = _shift_one_date_time(text, days)
    return whole or _shift_range(text, days, _shift_one_date_time)


def keep_time(text: str) -> str:
    """A TM value as it is, where it is a time; else empty."""
    plain = text.strip(" \0")
    return plain if _TIME.fullmatch(plain) else ""


def _shift_range(text: str, days: int, shift: Callable[[str, int], str]) -> str:
    ends = text.strip(" \0").split("-")
    if len(ends) > 2:
        return ""
    moved = [shift(end.strip(), days) if end.strip() else "" for end in ends]
    lost = any(end.strip() and not new for end, new in zip(ends, moved, strict=True))
    return "" if lost else "-".join(moved).strip() if any(moved) else ""


def _shift_one_date(text: str, days: int) -> str:
    old = _OLD_DATE.fullmatch(text)
    if old:
        moved = _move("".join(old.groups()), days)
        return f"{moved[:4]}.{moved[4:6]}.{moved[6:]}" if moved else ""
    return _move(text, days)


def _shift_one_date_time(text: str, days: int) -> str:
    parts = _DATE_TIME.fullmatch(text.strip(" \0"))
    if parts is None:
        return ""
    moved = _move(parts["date"], days)
    return f"{moved}{parts['time'] or ''}{parts['zone'] or ''}" if moved else ""


def _move(digits: str, days: int) -> str:
    """``YYYY``, ``YYYYMM`` or ``YYYYMMDD``, in the same precision; empty where there is no such date."""
    parts = _DATE.fullmatch(digits)
    if parts is None:
        return ""
    month, day = parts["month"] or _MIDDLE_MONTH, parts["day"] or _MIDDLE_DAY
    try:
        moved = date(int(parts["year"]), int(month), int(day)) - timedelta(days)
    except (ValueError, OverflowError):
        return ""
    return f"{moved:%Y%m%d}".rjust(8, "0")[: len(digits)]
