"""What was injected before a PET scan, how much, and how long before the scan began."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from radfeat.core.acquisition import Parameter
from radfeat.ingest.dicom.headers import read_items, read_number, read_text
from radfeat.ingest.dicom.series_values import normalise, one_number
from radfeat.ingest.dicom.times import (
    read_acquired,
    read_datetime,
    read_time_of_day,
    read_zone,
    time_of_day,
)

ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"

PLAUSIBLE_DOSE_MBQ = (1.0, 1e4)
PLAUSIBLE_WEIGHT_KG = (0.5, 500.0)
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


def read_tracer_numbers(headers: Sequence[Dataset]) -> dict[Parameter, float | None]:
    """Injected dose (MBq), dose per weight (MBq/kg) and uptake time (min) of a series.

    The uptake time is that from the injection to the first slice's acquisition.
    """
    dose = one_number([_read_dose(header) for header in headers])
    weight = one_number([_within(read_number(h, "PatientWeight"), PLAUSIBLE_WEIGHT_KG) for h in headers])
    return {
        Parameter.INJECTED_DOSE: dose,
        Parameter.DOSE_PER_WEIGHT: None if dose is None or weight is None else dose / weight,
        Parameter.UPTAKE_TIME: _read_uptake(headers),
    }


def _one_drug(header: Dataset) -> Dataset | None:
    drugs = read_items(header, "RadiopharmaceuticalInformationSequence")
    return drugs[0] if len(drugs) == 1 else None


def _read_dose(header: Dataset) -> float | None:
    """MBq: classic objects hold Bq (PS3.3, C.8.9.2), enhanced ones MBq (C.8.22.4)."""
    drug = _one_drug(header)
    dose = None if drug is None else read_number(drug, "RadionuclideTotalDose")
    if dose is None:
        return None
    is_mbq = read_text(header, "SOPClassUID") == ENHANCED_PET
    return _within(dose if is_mbq else dose / 1e6, PLAUSIBLE_DOSE_MBQ)


def _within(number: float | None, limits: tuple[float, float]) -> float | None:
    return number if number is not None and limits[0] <= number <= limits[1] else None


def _read_uptake(headers: Sequence[Dataset]) -> float | None:
    started = [moment for header in headers for moment in read_acquired(header)]
    known = [moment for moment in started if moment is not None]
    if not known or len(known) < len(started):
        return None
    first = min(known)
    injected = {_read_injection(header, first) for header in headers}
    moment = injected.pop() if len(injected) == 1 else None
    if moment is None or not timedelta(0) <= first - moment < LONGEST_UPTAKE:
        return None
    return (first - moment).total_seconds() / 60


def _read_injection(header: Dataset, scanned: datetime) -> datetime | None:
    """When the tracer was injected: a time alone is one of the day of the scan.

    None where the header gives a time and a moment that contradict each other.
    """
    drug = _one_drug(header)
    if drug is None:
        return None
    exact = read_datetime(drug, "RadiopharmaceuticalStartDateTime", read_zone(header))
    clock = read_time_of_day(drug, "RadiopharmaceuticalStartTime")
    if exact is None:
        return None if clock is None else scanned - time_of_day(scanned) + clock
    return exact if clock is None or clock == time_of_day(exact) else None
