"""The body that SUV is normalised to: weight, lean mass or surface, from the headers of a PET series."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Suv, Unit
from radfeat.ingest.dicom.headers import read_number
from radfeat.ingest.dicom.one_value import require_number, require_text
from radfeat.ingest.dicom.radiopharmaceutical import PLAUSIBLE_WEIGHT_KG
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.source import Source

_HEIGHT_M = (0.3, 2.6)
"""Outside lies another unit (grams, centimetres) or no body."""
_USUAL_MASS_INDEX = (10.0, 70.0)


@dataclass(frozen=True, slots=True)
class Person:
    """Weight (kg), height (m), and whether the subject is male."""

    weight_kg: float
    height_m: float
    male: bool


@dataclass(frozen=True, slots=True)
class Body:
    """What activity per injected dose is multiplied by (g, or cm2 for the surface), and what was remarked."""

    size: float
    findings: tuple[Finding, ...]


UNITS = {
    Suv.BODY_WEIGHT: Unit.SUVBW,
    Suv.LEAN_BODY_MASS: Unit.SUVLBM,
    Suv.LEAN_BODY_MASS_JAMES: Unit.SUVLBM,
    Suv.BODY_SURFACE_AREA: Unit.SUVBSA,
}
"""Unit of the intensities of each kind."""


def read_body(source: Source, headers: Sequence[Dataset], kind: Suv) -> Body:
    """The size of the body that a kind of SUV is normalised to.

    Raises
    ------
    InputError
        If weight, height or sex is needed and missing, impossible, or not one in all slices.
    """
    weight = require_number(source, headers, "PatientWeight", PLAUSIBLE_WEIGHT_KG, "kg")
    findings = _remark_mass_index(source, headers, weight)
    if kind is Suv.BODY_WEIGHT:
        return Body(1000.0 * weight, findings)
    height = require_number(source, headers, "PatientSize", _HEIGHT_M, "m")
    if kind is Suv.BODY_SURFACE_AREA:
        return Body(compute_body_surface_cm2(weight, height), findings)
    sex = require_text(source, headers, "PatientSex", ("M", "F"))
    lean = _LEAN[kind](Person(weight, height, sex == "M"))
    if lean <= 0:
        raise source.refuse(
            "has a weight and a height for which the formula gives no lean body mass",
            remedy="Check PatientWeight (kg) and PatientSize (m), or choose SUVlbm or SUVbw in ingest.suv",
        )
    return Body(1000.0 * lean, findings)


def _remark_mass_index(source: Source, headers: Sequence[Dataset], weight: float) -> tuple[Finding, ...]:
    """Weight against height, where the headers give one: either may be in another unit, or mistyped."""
    heights = {read_number(header, "PatientSize") for header in headers}
    height = heights.pop() if len(heights) == 1 else None
    if not height or height < 0:
        return ()
    low, high = _USUAL_MASS_INDEX
    mass_index = weight / height**2
    if low <= mass_index <= high:
        return ()
    what = "weight and height do not fit each other; is one of them in another unit, or mistyped"
    limit = low if mass_index < low else high
    return (remark(SeriesCheck.BODY, source.key, what, mass_index, limit, "kg/m2"),)


def compute_lean_mass_kg(body: Person) -> float:
    """Lean body mass, kg.

    Reference: Janmahasatian et al., Clin Pharmacokinet 2005; 44:1051-1065; recommended for SUL by the EANM
    guideline, Boellaard et al., Eur J Nucl Med Mol Imaging 2015; 42:328-354.
    """
    mass_index = body.weight_kg / body.height_m**2
    divisor = 6680.0 + 216.0 * mass_index if body.male else 8780.0 + 244.0 * mass_index
    return 9270.0 * body.weight_kg / divisor


def compute_lean_mass_james_kg(body: Person) -> float:
    """Lean body mass, kg, with 128 for men (some software has 120, a misprint that was copied).

    Reference: James, Research on obesity, HMSO 1976; Sugawara et al., Radiology 1999; 213:521-525.
    """
    ratio = (body.weight_kg / (100.0 * body.height_m)) ** 2
    if body.male:
        return 1.10 * body.weight_kg - 128.0 * ratio
    return 1.07 * body.weight_kg - 148.0 * ratio


def compute_body_surface_cm2(weight_kg: float, height_m: float) -> float:
    """Body surface area, cm2. Reference: Du Bois and Du Bois, Arch Intern Med 1916; 17:863-871."""
    return float(71.84 * weight_kg**0.425 * (100.0 * height_m) ** 0.725)


_LEAN: dict[Suv, Callable[[Person], float]] = {
    Suv.LEAN_BODY_MASS: compute_lean_mass_kg,
    Suv.LEAN_BODY_MASS_JAMES: compute_lean_mass_james_kg,
}
