"""The moment to which the activity of a PET refers: the start of its scan, whatever was exported of it.

Reference: DICOM PS3.3, C.8.9.1 (Series Time, Decay Correction) and C.8.9.4 (Frame Reference Time, Actual
Frame Duration); QIBA's vendor-neutral pseudo-code for SUV.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from radfeat.core.findings import Finding, remark
from radfeat.ingest.dicom.headers import READ_FAULTS, HeaderError, quiet, read_number, read_private
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.dicom.times import read_acquired, read_datetime, read_moment, read_zone
from radfeat.ingest.source import Source

MEND_TIMES = "Ask the site for the dates and times of injection and scan, and export the series with them"

_ONE_MOMENT = timedelta(seconds=1)
"""Times that lie no further apart are one: scanners write fractions of a second in some elements only."""
_LONGEST_SCAN = timedelta(hours=12)
_START_GAP_S = 60.0
_GE_GROUP, _GE_CREATOR, _GE_SCAN_START = 0x0009, "GEMS_PETD_01", 0x0D


def read_start(
    source: Source, headers: Sequence[Dataset], half_life_s: float
) -> tuple[datetime, tuple[Finding, ...]]:
    """The moment that the activity refers to where decay was corrected to the start of the scan.

    It is DecayCorrectionDateTime where that is given; else the series' own time, unless a slice was acquired
    before it: then the series was written later.

    Raises
    ------
    InputError
        If times are missing, malformed or contradict each other, or nothing says when the scan began.
    """
    stated = {read_datetime(header, "DecayCorrectionDateTime", read_zone(header)) for header in headers}
    if stated != {None}:
        return require_moment(source, stated, "DecayCorrectionDateTime"), ()
    series = require_moment(
        source, {read_moment(h, "SeriesDate", "SeriesTime") for h in headers}, "SeriesDate and SeriesTime"
    )
    acquired = [moment for header in headers for moment in read_acquired(header)]
    first = _read_first(source, acquired)
    if series <= first + _ONE_MOMENT:
        return series, _remark_gap(source, first - series)
    private = {_read_ge_start(header) for header in headers}
    if private != {None}:
        return require_moment(source, private, "GE's private scan time (0009,100D)"), ()
    return _reckon_start(source, headers, series, first, half_life_s)


def require_moment(source: Source, moments: set[datetime | None], words: str) -> datetime:
    """The earliest of moments that are one but for a second.

    Raises
    ------
    InputError
        If one is missing, or they lie further apart; ``words`` name the elements.
    """
    known = [moment for moment in moments if moment is not None]
    if not known or len(known) < len(moments) or max(known) - min(known) > _ONE_MOMENT:
        raise refuse_moment(source, words, "missing, malformed, or not one for all slices")
    return min(known)


def refuse_moment(source: Source, words: str, state: str) -> Exception:
    """The error that refuses a series for the state of its times."""
    return source.refuse(f"cannot be converted to SUV: {words} are {state}", remedy=MEND_TIMES)


def _read_first(source: Source, acquired: Sequence[datetime | None]) -> datetime:
    words = "AcquisitionDate and AcquisitionTime"
    known = [moment for moment in acquired if moment is not None]
    if not known or len(known) < len(acquired):
        raise refuse_moment(source, words, "missing or malformed")
    if max(known) - min(known) > _LONGEST_SCAN:
        raise refuse_moment(source, words, "half a day apart or more, as a wrong date after midnight makes")
    return min(known)


def _read_ge_start(header: Dataset) -> datetime | None:
    holder = Dataset()
    try:
        written = read_private(header, _GE_GROUP, _GE_CREATOR, _GE_SCAN_START)
        with quiet():
            holder.AcquisitionDateTime = None if written is None else str(written)
    except (HeaderError, *READ_FAULTS):
        return None
    return read_datetime(holder, "AcquisitionDateTime", read_zone(header))


def _reckon_start(
    source: Source, headers: Sequence[Dataset], series: datetime, first: datetime, half_life_s: float
) -> tuple[datetime, tuple[Finding, ...]]:
    """The start of a series that was written later: by its frames' times, else its earliest acquisition.

    A first bed that was not exported leaves no trace in the latter.
    """
    by_frames = _reckon_by_frames(headers, first, half_life_s)
    stated = read_number(headers[0], "NumberOfSlices")
    if by_frames is None and stated is not None and stated > len(headers):
        raise source.refuse(
            "cannot be converted to SUV: the series bears a later time than its slices, and the slices that "
            "are missing may be those acquired first",
            measured=f"{len(headers)} slices",
            allowed=f"{stated:g} (NumberOfSlices)",
            remedy="Copy the whole series again",
        )
    start, whence = (
        (first, "the earliest acquisition") if by_frames is None else (by_frames, "FrameReferenceTime")
    )
    what = f"the series bears a later time than its slices; decay was reckoned from {whence}"
    gap = (series - first).total_seconds()
    return start, (remark(SeriesCheck.SCAN_START, source.key, what, gap, 0, "s"),)


def _reckon_by_frames(headers: Sequence[Dataset], first: datetime, half_life_s: float) -> datetime | None:
    """The start that all slices give alike; None where one gives none, they differ, or it is none.

    A start after the first acquisition is none: FrameReferenceTime is 0, or counts from elsewhere.
    """
    starts = [start for header in headers if (start := _reckon_slice(header, half_life_s)) is not None]
    if not starts or len(starts) < len(headers) or max(starts) - min(starts) > _ONE_MOMENT:
        return None
    earliest = min(starts)
    if earliest > first + _ONE_MOMENT:
        return None
    return first if first - earliest <= _ONE_MOMENT else earliest


def _reckon_slice(header: Dataset, half_life_s: float) -> datetime | None:
    """Acquisition - FrameReferenceTime + the time within the frame at which activity is its average.

    That is ln(x / (1 - exp(-x))) / lambda, x = lambda x ActualFrameDuration.
    """
    acquired = read_acquired(header)
    reference, duration = (read_number(header, k) for k in ("FrameReferenceTime", "ActualFrameDuration"))
    if len(acquired) != 1 or acquired[0] is None or reference is None or duration is None or duration <= 0:
        return None
    rate = math.log(2) / half_life_s
    decays = rate * duration / 1000
    average_s = math.log(decays / -math.expm1(-decays)) / rate
    try:
        return acquired[0] + timedelta(seconds=average_s, milliseconds=-reference)
    except OverflowError:
        return None


def _remark_gap(source: Source, gap: timedelta) -> tuple[Finding, ...]:
    seconds = gap.total_seconds()
    if seconds <= _START_GAP_S:
        return ()
    what = "the series bears an earlier time than its first acquisition; decay was reckoned from the former"
    return (remark(SeriesCheck.SCAN_START, source.key, what, seconds, _START_GAP_S, "s"),)
