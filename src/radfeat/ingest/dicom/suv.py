"""Standardised uptake values of a PET series: by which factor its values become SUV, or why they cannot.

Nothing is guessed: a missing element refuses the series by name. Values in g/ml are SUV already; Bq/ml need
weight, dose, times and half-life; counts need a private factor of Philips.

Reference: DICOM PS3.3, C.8.9.1; QIBA's vendor-neutral pseudo-code for SUV; IBSI on SUV.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom import uid
from pydicom.dataset import Dataset

from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Severity, Suv, Unit
from radfeat.ingest.dicom.body import UNITS, read_body
from radfeat.ingest.dicom.decay import read_decay
from radfeat.ingest.dicom.headers import HeaderError, read_items, read_private, read_text
from radfeat.ingest.dicom.instances import Instance
from radfeat.ingest.dicom.one_value import require_number, require_present, require_text
from radfeat.ingest.dicom.radiopharmaceutical import PLAUSIBLE_DOSE_BQ
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.source import Source

_SUV_TYPES = {
    Suv.BODY_WEIGHT: "BW",
    Suv.LEAN_BODY_MASS: "LBMJANMA",
    Suv.LEAN_BODY_MASS_JAMES: "LBMJAMES128",
    Suv.BODY_SURFACE_AREA: "BSA",
}
"""SUVType (0054,1006) of each kind; LBM alone leaves open after which formula."""
_ALL_TYPES = ("BW", "BSA", "LBM", "LBMJAMES128", "LBMJANMA", "IBW")
_USUAL_DOSE_BQ = (1e7, 2e9)
_PHILIPS_GROUP, _PHILIPS_CREATOR = 0x7053, "Philips PET Private Group"
_PHILIPS_SUV, _PHILIPS_ACTIVITY = 0x00, 0x09


@dataclass(frozen=True, slots=True)
class SuvFactor:
    """What rescaled values are multiplied by, the unit that results, and what was remarked."""

    factor: float
    unit: Unit
    findings: tuple[Finding, ...]


def read_suv_factor(
    source: Source, instances: Sequence[Instance], kind: Suv, units: str | None = None
) -> SuvFactor:
    """The factor from rescaled values to SUV of a PET series.

    ``units`` is what a real-world mapping of an enhanced object says, in the words of Units (0054,1001); None
    where that element itself says it.

    Raises
    ------
    InputError
        If an element that the conversion needs is missing, not one for all slices, or impossible, or the
        values are of a unit that does not become SUV.
    """
    if units is None:
        headers = [instance.header for instance in instances]
        units = require_text(source, headers, "Units", tuple(_READERS))
    return _READERS[units](source, instances, kind)


def _from_suv(source: Source, instances: Sequence[Instance], kind: Suv) -> SuvFactor:
    """Values in g/ml or cm2/ml are SUV already; they must be of the kind that is asked for."""
    headers = [instance.header for instance in instances]
    stated = {read_text(header, "SUVType") for header in headers}
    findings = _remark_corrections(source, headers)
    if stated == {None}:
        found = "BSA" if read_text(headers[0], "Units") == "CM2ML" else "BW"
        what = f"no SUVType says what SUV was normalised to; by the standard it is {found}"
        findings += (remark(SeriesCheck.SUV_TYPE, source.key, what, severity=Severity.INFO),)
    else:
        found = require_text(source, headers, "SUVType", _ALL_TYPES)
    if found != _SUV_TYPES[kind]:
        raise source.refuse(
            "holds SUV of another kind than ingest.suv asks for",
            measured=f"SUVType {found}",
            allowed=_SUV_TYPES[kind],
            remedy="Export the series in Bq/ml, or set ingest.suv to its kind",
        )
    if (read_text(headers[0], "Units") == "CM2ML") != (kind is Suv.BODY_SURFACE_AREA):
        raise source.refuse("contradicts itself: its Units are not those of its SUVType")
    return SuvFactor(1.0, UNITS[kind], findings)


def _from_activity(
    source: Source, instances: Sequence[Instance], kind: Suv, to_activity: float = 1.0
) -> SuvFactor:
    """Values x ``to_activity`` are Bq/ml: multiplied by the body's size, divided by the decayed dose."""
    headers = [instance.header for instance in instances]
    _require_corrections(source, headers)
    drugs = [_require_drug(source, header) for header in headers]
    body = read_body(source, headers, kind)
    dose, findings = _read_dose(source, instances, drugs)
    left = 1.0
    if _read_reference(source, headers) == "START":
        decay = read_decay(source, headers, drugs)
        left = decay.share
        findings += decay.findings
    factor = to_activity * body.size / (dose * left)
    what = f"values were converted to {kind.value} by a factor"
    told = remark(SeriesCheck.SUV_FACTOR, source.key, what, factor, severity=Severity.INFO)
    return SuvFactor(factor, UNITS[kind], (told, *body.findings, *findings))


def _from_counts(source: Source, instances: Sequence[Instance], kind: Suv) -> SuvFactor:
    """Counts become SUVbw, or Bq/ml, by Philips' private factors."""
    headers = [instance.header for instance in instances]
    to_suv = _read_philips(source, headers, _PHILIPS_SUV)
    if to_suv is not None and kind is Suv.BODY_WEIGHT:
        what = "counts were converted to SUVbw by the private factor of Philips (7053,1000)"
        told = remark(SeriesCheck.SUV_FACTOR, source.key, what, to_suv, severity=Severity.INFO)
        return SuvFactor(to_suv, Unit.SUVBW, (told, *_remark_corrections(source, headers)))
    to_activity = _read_philips(source, headers, _PHILIPS_ACTIVITY)
    if to_activity is not None:
        return _from_activity(source, instances, kind, to_activity)
    raise source.refuse(
        "is in counts (Units CNTS), which become SUV only by a private factor of Philips",
        measured="no (7053,1000), no (7053,1009)" if to_suv is None else "only (7053,1000), to SUVbw",
        remedy="Export the series in Bq/ml, with its private elements",
    )


_READERS: dict[str, Callable[[Source, Sequence[Instance], Suv], SuvFactor]] = {
    "BQML": _from_activity,
    "GML": _from_suv,
    "CM2ML": _from_suv,
    "CNTS": _from_counts,
}
"""By Units (0054,1001)."""


def _read_philips(source: Source, headers: Sequence[Dataset], element: int) -> float | None:
    """A private factor of Philips; None where no slice has it (Philips writes 0 for 'unknown')."""
    found = {_read_private(header, element) for header in headers}
    if not all(value is None or 0 <= value < float("inf") for value in found):
        raise source.refuse(f"has an impossible (7053,10{element:02X})", allowed="a number above 0")
    if len(found) > 1:
        raise source.refuse(f"has slices that differ in (7053,10{element:02X})", measured=str(len(found)))
    return found.pop() or None


def _read_private(header: Dataset, element: int) -> float | None:
    """NaN where the element is there and is no number."""
    try:
        value = read_private(header, _PHILIPS_GROUP, _PHILIPS_CREATOR, element)
        return None if value is None or value == "" else float(str(value))
    except (HeaderError, ValueError):
        return float("nan")


def _require_drug(source: Source, header: Dataset) -> Dataset:
    drugs = read_items(header, "RadiopharmaceuticalInformationSequence")
    if len(drugs) != 1:
        raise source.refuse(
            "has no RadiopharmaceuticalInformationSequence, or one of several injections",
            measured=f"{len(drugs)} injections",
            allowed="1",
            remedy="Ask the site to export the series with this element",
        )
    return drugs[0]


def _read_dose(
    source: Source, instances: Sequence[Instance], drugs: Sequence[Dataset]
) -> tuple[float, tuple[Finding, ...]]:
    """Injected activity, Bq; enhanced PET objects state it in MBq (PS3.3, C.8.22.4)."""
    is_mega = instances[0].sop_class == uid.EnhancedPETImageStorage
    unit = 1e6 if is_mega else 1.0
    limits = (PLAUSIBLE_DOSE_BQ[0] / unit, PLAUSIBLE_DOSE_BQ[1] / unit)
    dose = unit * require_number(source, drugs, "RadionuclideTotalDose", limits, "MBq" if is_mega else "Bq")
    low, high = _USUAL_DOSE_BQ
    if low <= dose <= high:
        return dose, ()
    limit = low if dose < low else high
    what = "the injected dose is unusual; is it in the unit of the standard?"
    told = remark(SeriesCheck.INJECTED_DOSE, source.key, what, dose / 1e6, limit / 1e6, "MBq")
    return dose, (told,)


def _read_reference(source: Source, headers: Sequence[Dataset]) -> str:
    """To which time decay was corrected: START (of the scan) or ADMIN (the injection)."""
    if {read_text(header, "DecayCorrection") for header in headers} == {None}:
        corrected = require_text(source, headers, "DecayCorrected", ("YES", "NO"))
        if corrected == "YES":
            require_present(source, headers, "DecayCorrectionDateTime")
            return "START"
        reference = "NONE"
    else:
        reference = require_text(source, headers, "DecayCorrection", ("START", "ADMIN", "NONE"))
    if reference == "NONE":
        raise source.refuse(
            "is not corrected for decay (DecayCorrection), so that there is no SUV",
            measured="NONE",
            allowed="START, ADMIN",
            remedy="Ask the site for the decay-corrected series",
        )
    return reference


def _list_uncorrected(headers: Sequence[Dataset]) -> list[str]:
    """Corrections that SUV needs and the headers do not name; classic and enhanced spelling."""
    missing = []
    for code, keyword in (("ATTN", "AttenuationCorrected"), ("DECY", "DecayCorrected")):
        done = (
            code in (read_text(header, "CorrectedImage") or "").split("\\")
            or read_text(header, keyword) == "YES"
            for header in headers
        )
        if not all(done):
            missing.append(code)
    return missing


def _require_corrections(source: Source, headers: Sequence[Dataset]) -> None:
    missing = _list_uncorrected(headers)
    if missing:
        raise source.refuse(
            "is not corrected as SUV needs (CorrectedImage)",
            measured=f"without {', '.join(missing)}",
            allowed="ATTN, DECY",
            remedy="Ask the site for the attenuation-corrected, decay-corrected series",
        )


def _remark_corrections(source: Source, headers: Sequence[Dataset]) -> tuple[Finding, ...]:
    missing = _list_uncorrected(headers)
    if not missing:
        return ()
    what = f"CorrectedImage does not name {', '.join(missing)}: is this SUV of uncorrected counts?"
    return (remark(SeriesCheck.NOT_CORRECTED, source.key, what),)
