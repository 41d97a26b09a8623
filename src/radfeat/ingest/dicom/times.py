"""Dates and times of headers as moments: a malformed one, or a time without its date, is absent."""

import re
from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from radfeat.ingest.dicom.functional_groups import read_macro
from radfeat.ingest.dicom.headers import read_text

_DATE = re.compile(r"(\d{4})[.]?(\d{2})[.]?(\d{2})")
ONE_MOMENT = timedelta(seconds=1)
"""Times that differ by no more say the same: scanners write fractions in some elements only."""
_TIME = re.compile(r"(\d{2}):?(\d{2})(?::?(\d{2})(?:\.(\d{1,6}))?)?")
"""Seconds may be left out (PS3.5, 6.2)."""
_MOMENT = re.compile(r"(\d{8})(\d{4}(?:\d{2}(?:\.\d{1,6})?)?)([+-]\d{4})?")
_ZONE = re.compile(r"([+-])(\d{2})(\d{2})")


def read_moment(header: Dataset, date_keyword: str, time_keyword: str) -> datetime | None:
    """The moment that a date (DA) and a time (TM) give; None where either is absent."""
    return _join(read_text(header, date_keyword), read_text(header, time_keyword))


def read_datetime(item: Dataset, keyword: str, zone: timedelta | None = None) -> datetime | None:
    """The moment of an element of date and time (DT).

    Where it bears an offset from UTC and ``zone`` says that of the object, it is moved there; else its offset
    is set aside.
    """
    found = _MOMENT.fullmatch(read_text(item, keyword) or "")
    if found is None:
        return None
    moment, own = _join(found.group(1), found.group(2)), _read_offset(found.group(3))
    return moment if moment is None or own is None or zone is None else moment - own + zone


def read_zone(header: Dataset) -> timedelta | None:
    """The offset from UTC of an object's dates and times; None where it does not say."""
    return _read_offset(read_text(header, "TimezoneOffsetFromUTC"))


def _read_offset(text: str | None) -> timedelta | None:
    found = _ZONE.fullmatch(text or "")
    if found is None:
        return None
    offset = timedelta(hours=int(found.group(2)), minutes=int(found.group(3)))
    return -offset if found.group(1) == "-" else offset


def read_time_of_day(header: Dataset, keyword: str) -> timedelta | None:
    """A time (TM), since midnight."""
    return _time(read_text(header, keyword))


def time_of_day(moment: datetime) -> timedelta:
    """How long after midnight a moment is."""
    return moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)


def read_acquired(header: Dataset) -> tuple[datetime | None, ...]:
    """When the acquisition of a slice, or of each frame, began."""
    frames = read_macro(header, "FrameContentSequence")
    zone = read_zone(header)
    starts = tuple(None if f is None else read_datetime(f, "FrameAcquisitionDateTime", zone) for f in frames)
    if any(start is not None for start in starts):
        return starts
    classic = read_moment(header, "AcquisitionDate", "AcquisitionTime")
    return (classic or read_datetime(header, "AcquisitionDateTime", zone),)


def _join(date: str | None, time: str | None) -> datetime | None:
    found, since_midnight = _DATE.fullmatch(date or ""), _time(time)
    if found is None or since_midnight is None:
        return None
    year, month, day = (int(part) for part in found.groups())
    try:
        return datetime(year, month, day) + since_midnight
    except ValueError:
        return None


def _time(text: str | None) -> timedelta | None:
    found = _TIME.fullmatch(text or "")
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[:3])
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    fraction = (found.group(4) or "").ljust(6, "0")
    return timedelta(hours=hours, minutes=minutes, seconds=seconds, microseconds=int(fraction))
