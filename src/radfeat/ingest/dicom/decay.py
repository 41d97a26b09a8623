"""How far the tracer had decayed at the moment to which a PET's activity refers: injection, start, half-life.

Reference: DICOM PS3.3, C.8.9.1 and C.8.22.4; QIBA's vendor-neutral pseudo-code for SUV.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from radfeat.core.findings import Finding, remark
from radfeat.ingest.dicom.headers import read_text, read_value
from radfeat.ingest.dicom.one_value import require_number
from radfeat.ingest.dicom.scan_start import MEND_TIMES, read_start, refuse_moment, require_moment
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.dicom.times import ONE_MOMENT, read_datetime, read_time_of_day, read_zone, time_of_day
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
_OFFSET = re.compile(r"[+-]\d{4}$")


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
    start, findings = read_start(source, headers, half_life)
    injected = _read_injection(source, headers, drugs, start)
    elapsed = (start - injected).total_seconds()
    if not 0 <= elapsed <= _MOST_HALF_LIVES * half_life:
        raise source.refuse(
            "cannot be converted to SUV: the scan does not follow the injection",
            measured=f"{elapsed / 60:.1f} min",
            allowed=f"0 to {_MOST_HALF_LIVES:g} half-lives ({_MOST_HALF_LIVES * half_life / 60:.0f} min)",
            remedy=MEND_TIMES,
        )
    remarks = (*findings, *_remark_uptake(source, elapsed / 60), *_remark_half_life(source, half_life))
    return Decay(2.0 ** (-elapsed / half_life), remarks)


def _read_injection(
    source: Source, headers: Sequence[Dataset], drugs: Sequence[Dataset], start: datetime
) -> datetime:
    """The moment of injection; a time without a date is one of the day on which the scan began."""
    exact = {
        read_datetime(drug, "RadiopharmaceuticalStartDateTime", read_zone(header))
        for drug, header in zip(drugs, headers, strict=True)
    }
    clock = {read_time_of_day(drug, "RadiopharmaceuticalStartTime") for drug in drugs}
    if any(read_value(drug, "RadiopharmaceuticalStartDateTime") is not None for drug in drugs):
        moment = require_moment(source, exact, "RadiopharmaceuticalStartDateTime")
        _require_one_clock(source, headers, drugs, moment, clock)
        return moment
    since_midnight = clock.pop() if len(clock) == 1 else None
    if since_midnight is None:
        raise refuse_moment(
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
            remedy=MEND_TIMES,
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
        moved = any(_has_offset(drug) for drug in drugs)
        zones = {read_zone(header) for header in headers}
        if moved and (len(zones) > 1 or None in zones):
            raise refuse_moment(
                source,
                "RadiopharmaceuticalStartDateTime",
                "in a time zone that the scan's times may not share",
            )
        return
    if any(c is None or abs(c - time_of_day(moment)) > ONE_MOMENT for c in clock):
        raise refuse_moment(
            source,
            "RadiopharmaceuticalStartDateTime and RadiopharmaceuticalStartTime",
            "not the same time of day",
        )


def _has_offset(drug: Dataset) -> bool:
    return _OFFSET.search(read_text(drug, "RadiopharmaceuticalStartDateTime") or "") is not None


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
