"""How far the tracer had decayed at the moment to which a PET's activity refers: injection, start, half-life.

Reference: DICOM PS3.3, C.8.9.1 and C.8.22.4; QIBA's vendor-neutral pseudo-code for SUV.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from radfeat.core.findings import Finding
from radfeat.ingest.dicom.headers import read_text, read_value
from radfeat.ingest.dicom.one_value import require_number
from radfeat.ingest.dicom.remark import SeriesCheck, remark
from radfeat.ingest.dicom.times import (
    read_acquired,
    read_datetime,
    read_moment,
    read_time_of_day,
    time_of_day,
)
from radfeat.ingest.source import Source

HALF_LIVES_S = {
    "15O": 122.24,
    "13N": 597.9,
    "11C": 1221.8,
    "62Cu": 580.2,
    "82Rb": 76.4,
    "68Ga": 4062.6,
    "18F": 6586.2,
    "44Sc": 14148.0,
    "64Cu": 45721.0,
    "86Y": 53064.0,
    "90Y": 230550.0,
    "89Zr": 282276.0,
    "124I": 360806.0,
}
"""Half-lives (s) of what is injected for PET; Reference: Laboratoire National Henri Becquerel, Nucleide."""

_HALF_LIFE_S = (10.0, 1e7)
_HALF_LIFE_ROUNDING = 0.02
_USUAL_UPTAKE_MIN = (20.0, 240.0)
_MOST_HALF_LIVES = 10.0
_START_GAP_S = 60.0
_MEND_TIMES = "Ask the site for the dates and times of injection and scan, and export the series with them"
_OFFSET = re.compile(r"[+-]\d{4}$")
_GE_GROUP, _GE_CREATOR, _GE_SCAN_START = 0x0009, "GEMS_PETD_01", 0x0D


@dataclass(frozen=True, slots=True)
class Decay:
    """The share of the injected activity that is left at the reference time, and what was remarked."""

    share: float
    findings: tuple[Finding, ...]


def read_decay(source: Source, headers: Sequence[Dataset], drugs: Sequence[Dataset]) -> Decay:
    """The share left at the start of the scan (decay correction START).

    ``drugs`` are the items of the ``headers`` that describe the radiopharmaceutical.

    Raises
    ------
    InputError
        If half-life, injection or start is missing, contradicts another, or cannot be.
    """
    half_life = require_number(source, drugs, "RadionuclideHalfLife", _HALF_LIFE_S, "s")
    start, findings = _read_start(source, headers)
    injected = _read_injection(source, headers, drugs, start)
    elapsed = (start - injected).total_seconds()
    if not 0 <= elapsed <= _MOST_HALF_LIVES * half_life:
        raise source.refuse(
            "cannot be converted to SUV: the scan does not follow the injection",
            measured=f"{elapsed / 60:.1f} min",
            allowed=f"0 to {_MOST_HALF_LIVES:g} half-lives ({_MOST_HALF_LIVES * half_life / 60:.0f} min)",
            remedy=_MEND_TIMES,
        )
    remarks = (*findings, *_remark_uptake(source, elapsed / 60), *_remark_half_life(source, half_life))
    return Decay(2.0 ** (-elapsed / half_life), remarks)


def _read_start(source: Source, headers: Sequence[Dataset]) -> tuple[datetime, tuple[Finding, ...]]:
    """The moment that the activity refers to.

    The series' own time, unless a slice was acquired before it: then the series was written later, and GE's
    private time or the earliest acquisition stands for it.
    """
    stated = {read_datetime(header, "DecayCorrectionDateTime") for header in headers}
    if stated != {None}:
        return _require_moment(source, stated, "DecayCorrectionDateTime"), ()
    series = _require_moment(
        source, {read_moment(h, "SeriesDate", "SeriesTime") for h in headers}, "SeriesDate and SeriesTime"
    )
    acquired = [moment for header in headers for moment in read_acquired(header)]
    known = [moment for moment in acquired if moment is not None]
    if not known or len(known) < len(acquired):
        raise _refuse_moment(source, "AcquisitionDate and AcquisitionTime", "missing or malformed")
    first = min(known)
    if series <= first:
        return series, _remark_gap(source, first - series)
    private = {_read_ge_start(header) for header in headers}
    if private != {None}:
        return _require_moment(source, private, "GE's private scan time (0009,100D)"), ()
    what = "the series bears a later time than its slices; decay was reckoned from the earliest acquisition"
    gap = (series - first).total_seconds()
    return first, (remark(SeriesCheck.SCAN_START, source.key, what, gap, 0, "s"),)


def _read_ge_start(header: Dataset) -> datetime | None:
    try:
        block = header.private_block(_GE_GROUP, _GE_CREATOR)
        holder = Dataset()
        holder.AcquisitionDateTime = block[_GE_SCAN_START].value
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
    return read_datetime(holder, "AcquisitionDateTime")


def _read_injection(
    source: Source, headers: Sequence[Dataset], drugs: Sequence[Dataset], start: datetime
) -> datetime:
    """The moment of injection; a time without a date is one of the day on which the scan began."""
    exact = {read_datetime(drug, "RadiopharmaceuticalStartDateTime") for drug in drugs}
    clock = {read_time_of_day(drug, "RadiopharmaceuticalStartTime") for drug in drugs}
    if any(read_value(drug, "RadiopharmaceuticalStartDateTime") is not None for drug in drugs):
        moment = _require_moment(source, exact, "RadiopharmaceuticalStartDateTime")
        _require_one_clock(source, headers, drugs, moment, clock)
        return moment
    since_midnight = clock.pop() if len(clock) == 1 else None
    if since_midnight is None:
        raise _refuse_moment(
            source,
            "RadiopharmaceuticalStartDateTime and RadiopharmaceuticalStartTime",
            "missing or malformed",
        )
    injected = start - time_of_day(start) + since_midnight
    if injected > start:
        raise source.refuse(
            "cannot be converted to SUV: by its clock the tracer was injected after the scan began, and no "
            "RadiopharmaceuticalStartDateTime says on which day",
            measured=f"{(injected - start).total_seconds() / 60:.1f} min after",
            allowed="before",
            remedy=_MEND_TIMES,
        )
    return injected


def _require_one_clock(
    source: Source,
    headers: Sequence[Dataset],
    drugs: Sequence[Dataset],
    moment: datetime,
    clock: set[timedelta | None],
) -> None:
    """Refuse a moment of injection that another element contradicts, or whose time zone is in doubt."""
    if clock == {None} and not any(read_value(d, "RadiopharmaceuticalStartTime") is not None for d in drugs):
        zones = {_read_offset(drug) for drug in drugs} - {None}
        if zones and zones != {read_text(header, "TimezoneOffsetFromUTC") for header in headers}:
            raise _refuse_moment(
                source,
                "RadiopharmaceuticalStartDateTime",
                "in a time zone that the scan's times may not share",
            )
        return
    if any(c is None or abs(c - time_of_day(moment)) > timedelta(seconds=1) for c in clock):
        raise _refuse_moment(
            source,
            "RadiopharmaceuticalStartDateTime and RadiopharmaceuticalStartTime",
            "not the same time of day",
        )


def _read_offset(drug: Dataset) -> str | None:
    found = _OFFSET.search(read_text(drug, "RadiopharmaceuticalStartDateTime") or "")
    return None if found is None else found.group(0)


def _require_moment(source: Source, moments: set[datetime | None], words: str) -> datetime:
    found = next(iter(moments)) if len(moments) == 1 else None
    if found is None:
        raise _refuse_moment(source, words, "missing, malformed, or not one for all slices")
    return found


def _refuse_moment(source: Source, words: str, state: str) -> Exception:
    return source.refuse(f"cannot be converted to SUV: {words} are {state}", remedy=_MEND_TIMES)


def _remark_gap(source: Source, gap: timedelta) -> tuple[Finding, ...]:
    seconds = gap.total_seconds()
    if seconds <= _START_GAP_S:
        return ()
    what = "the series bears an earlier time than its first acquisition; decay was reckoned from the former"
    return (remark(SeriesCheck.SCAN_START, source.key, what, seconds, _START_GAP_S, "s"),)


def _remark_uptake(source: Source, minutes: float) -> tuple[Finding, ...]:
    low, high = _USUAL_UPTAKE_MIN
    if low <= minutes <= high:
        return ()
    what = f"the scan began unusually early or late after the injection (usual: {low:g} to {high:g} min)"
    limit = low if minutes < low else high
    return (remark(SeriesCheck.UPTAKE_TIME, source.key, what, minutes, limit, "min"),)


def _remark_half_life(source: Source, half_life: float) -> tuple[Finding, ...]:
    nearest = min(HALF_LIVES_S.values(), key=lambda known: abs(known - half_life))
    if abs(nearest - half_life) <= _HALF_LIFE_ROUNDING * nearest:
        return ()
    what = "the half-life is that of no nuclide used in PET"
    return (remark(SeriesCheck.HALF_LIFE, source.key, what, half_life, nearest, "s"),)
