"""What was injected before a PET scan, how much, and how long before the scan began."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom.dataset import Dataset
from pydicom.uid import EnhancedPETImageStorage

from radfeat.core.acquisition import Parameter
from radfeat.ingest.dicom.headers import read_items, read_number, read_text
from radfeat.ingest.dicom.series_values import Told, normalise, one_number, tell_number
from radfeat.ingest.dicom.times import (
    ONE_MOMENT,
    read_acquired,
    read_datetime,
    read_time_of_day,
    read_zone,
    time_of_day,
)

PLAUSIBLE_DOSE_BQ = (1e6, 1e11)
PLAUSIBLE_WEIGHT_KG = (1.0, 500.0)
"""Outside lies a value in another unit (a weight in grams, a dose in MBq that ought to be in Bq)."""

LONGEST_UPTAKE = timedelta(days=1)


def read_tracer(header: Dataset) -> str | None:
    """Name of the radiopharmaceutical: the meaning of its code, else its text; None where there are two."""
    drug = _one_drug(header)
    if drug is None:
        return None
    codes = read_items(drug, "RadiopharmaceuticalCodeSequence")
    meaning = read_text(codes[0], "CodeMeaning") if len(codes) == 1 else None
    return normalise(meaning or read_text(drug, "Radiopharmaceutical"))


@dataclass(frozen=True, slots=True)
class _Injection:
    """When a header says that the tracer was injected; ``is_dated`` where it names the day as well."""

    moment: datetime | None
    is_dated: bool = False
    contradicts: bool = False


def read_tracer_numbers(headers: Sequence[Dataset]) -> dict[Parameter, Told]:
    """Injected dose (MBq), dose per weight (MBq/kg) and uptake time (min) of a series.

    The uptake time is that from the injection to the first slice's acquisition.
    """
    doses = [_read_dose(header) for header in headers]
    weights = [_within(read_number(h, "PatientWeight"), PLAUSIBLE_WEIGHT_KG) for h in headers]
    return {
        Parameter.INJECTED_DOSE: tell_number(doses),
        Parameter.DOSE_PER_WEIGHT: _divide(doses, weights),
        Parameter.UPTAKE_TIME: _read_uptake(headers),
    }


def _divide(doses: Sequence[float | None], weights: Sequence[float | None]) -> Told:
    dose, weight = one_number(doses), one_number(weights)
    ratio = None if dose is None or weight is None else dose / weight
    return Told(ratio, contradicts=tell_number(doses).contradicts or tell_number(weights).contradicts)


def _one_drug(header: Dataset) -> Dataset | None:
    drugs = read_items(header, "RadiopharmaceuticalInformationSequence")
    return drugs[0] if len(drugs) == 1 else None


def _read_dose(header: Dataset) -> float | None:
    """MBq: classic objects hold Bq (PS3.3, C.8.9.2), enhanced ones MBq (C.8.22.4)."""
    drug = _one_drug(header)
    dose = None if drug is None else read_number(drug, "RadionuclideTotalDose")
    if dose is None:
        return None
    is_mbq = read_text(header, "SOPClassUID") == EnhancedPETImageStorage
    given = _within(1e6 * dose if is_mbq else dose, PLAUSIBLE_DOSE_BQ)
    return None if given is None else given / 1e6


def _within(number: float | None, limits: tuple[float, float]) -> float | None:
    return number if number is not None and limits[0] <= number <= limits[1] else None


def _read_uptake(headers: Sequence[Dataset]) -> Told:
    """A contradiction where the headers name two injections, or one after the scan or days before it."""
    started = [moment for header in headers for moment in read_acquired(header)]
    known = [moment for moment in started if moment is not None]
    if not known or len(known) < len(started):
        return Told(None)
    first = min(known)
    injections = {_read_injection(header, first) for header in headers}
    moments = [one.moment for one in injections if one.moment is not None]
    if any(one.contradicts for one in injections) or (moments and max(moments) - min(moments) > ONE_MOMENT):
        return Told(None, contradicts=True)
    if len(moments) < len(injections):
        return Told(None)
    moment = min(moments)
    if not timedelta(0) <= first - moment < LONGEST_UPTAKE:
        return Told(None, contradicts=any(one.is_dated for one in injections))
    return Told((first - moment).total_seconds() / 60)


def _read_injection(header: Dataset, scanned: datetime) -> _Injection:
    """When the tracer was injected: a time alone is one of the day of the scan.

    No moment, but a contradiction, where the header gives a time and a moment that differ.
    """
    drug = _one_drug(header)
    if drug is None:
        return _Injection(None)
    exact = read_datetime(drug, "RadiopharmaceuticalStartDateTime", read_zone(header))
    clock = read_time_of_day(drug, "RadiopharmaceuticalStartTime")
    if exact is None:
        return _Injection(None if clock is None else scanned - time_of_day(scanned) + clock)
    if clock is not None and abs(clock - time_of_day(exact)) > ONE_MOMENT:
        return _Injection(None, is_dated=True, contradicts=True)
    return _Injection(exact, is_dated=True)
