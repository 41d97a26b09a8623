"""Codes that belong to a public scheme, by their form; units by a list, since their form is free."""

import re

from radfeat.ingest.dicom.intensities import UCUM_CODES

_SNOMED = r"\d{6,18}|[A-Z]{1,2}-[A-Z0-9]{3,6}"
_VALUES = {
    "DCM": r"\d{5,6}",
    "SCT": _SNOMED,
    "SRT": _SNOMED,
    "SNM3": _SNOMED,
    "99SDM": _SNOMED,
    "FMA": r"\d{2,7}",
    "NCIt": r"C\d{2,7}",
    "RADLEX": r"RID\d{1,6}",
    "UMLS": r"C\d{7}",
}
"""How the codes of each public scheme look; SNOMED CT's, and those that DICOM took over from SNOMED RT."""

SCHEMES = frozenset((*_VALUES, "UCUM"))

UNITS = UCUM_CODES | frozenset(
    (
        *("1", "%", "[hnsf'U]", "[arb'U]", "{counts}", "{counts}/s", "{propcounts}", "{propcounts}/s"),
        *("{ratio}", "{pixels}", "mm", "cm", "um", "mm2", "cm2", "mm3", "cm3", "/cm", "ml", "l", "kg", "g"),
        *("s", "ms", "us", "min", "h", "Hz", "MHz", "T", "mT", "ppm", "deg", "rad", "Cel", "m/s", "cm/s"),
        *("kV", "mA", "mAs", "uA", "keV", "eV", "Gy", "cGy", "mGy", "Sv", "Bq", "kBq", "MBq", "GBq", "mCi"),
        *("kBq/ml", "MBq/ml", "g/ml", "mg/ml", "g/cm3", "kg/m3", "mg/cm3", "10*23/ml", "cm2/s", "mm2/ms"),
        *("10*-3.mm2/s", "10*-9.m2/s", "/s", "/min", "ml/min", "ml/ml", "ml/min/ml", "ml/min/g", "ml/g"),
        *(
            "ml/(100.g)",
            "ml/(100.g)/min",
            "ml/(100.ml)",
            "ml/(100.ml)/min",
            "mmol/l",
            "mmol/L",
            "umol/min/ml",
        ),
        *("g/ml{SUVlbm}", "{SUVlbm}g/ml", "g/ml{SUVibw}", "{SUVibw}g/ml", "cm2/ml{SUVbsa}", "{SUVbsa}cm2/ml"),
    )
)
"""Units of images, of the reader and of PS3.16 CID 82, 83, 84, 85, 7180 and 7181."""


def is_public_code(value: str, scheme: str) -> bool:
    """Whether a code value is one of its scheme's, so that a person cannot have been written into it."""
    if scheme == "UCUM":
        return value in UNITS
    return re.fullmatch(_VALUES.get(scheme, "(?!)"), value) is not None
