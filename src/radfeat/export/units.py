"""Units of features in UCUM."""

from collections.abc import Mapping

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from radfeat.core.errors import ExportError
from radfeat.core.vocabulary import Unit

_PLAIN: Mapping[str, Code] = {
    "1": codes.UCUM.NoUnits,
    "mm": codes.UCUM.Millimeter,
    "mm2": codes.UCUM.SquareMillimeter,
    "mm3": codes.UCUM.CubicMillimeter,
    "1/mm": Code("/mm", "UCUM", "per millimeter"),
}
_INTENSITY: Mapping[str, tuple[Code, Code]] = {
    "HU": (codes.UCUM.HounsfieldUnit, Code("[hnsf'U]2", "UCUM", "square Hounsfield unit")),
    "SUVbw": (
        codes.UCUM.StandardizedUptakeValueBodyWeight,
        Code("g2/ml2{SUVbw}", "UCUM", "square Standardized Uptake Value body weight"),
    ),
    # DICOM's g/ml{SUVlbm} stands for one formula of lean body mass; the unit of a volume does not tell which.
    "SUVlbm": (
        Code("g/ml", "UCUM", "g/ml, SUV by lean body mass"),
        Code("g2/ml2", "UCUM", "square g/ml, SUV by lean body mass"),
    ),
    "SUVbsa": (
        codes.UCUM.StandardizedUptakeValueBodySurfaceArea,
        Code("cm4/ml2{SUVbsa}", "UCUM", "square Standardized Uptake Value surface area"),
    ),
    "mm2/s": (codes.UCUM.SquareMillimeterPerSecond, Code("mm4/s2", "UCUM", "square mm2/s")),
    "10^-6 mm2/s": (
        Code("10-6.mm2/s", "UCUM", "10-6.mm2/s"),
        Code("10-12.mm4/s2", "UCUM", "square 10-6.mm2/s"),
    ),
    "arbitrary": (codes.UCUM.ArbitraryUnit, Code("[arb'U]2", "UCUM", "square arbitrary unit")),
}
"""Of each unit of intensities, itself and its square."""


def choose_ucum(unit: str, intensity: Unit) -> Code:
    """The UCUM code of a unit of the feature catalogue.

    Parameters
    ----------
    unit
        As in the catalogue; ``intensity`` and ``intensity2`` are those of the image and their square,
        ``intensity.mm3`` is the former times a volume.
    intensity
        Unit of the intensities that were measured.

    Raises
    ------
    ExportError
        If there is no such unit here.
    """
    if unit in _PLAIN:
        return _PLAIN[unit]
    powers = ("intensity", "intensity2", "intensity.mm3")
    if unit not in powers or intensity.value not in _INTENSITY:
        raise ExportError(
            "a unit has no UCUM code here",
            measured=intensity.value if unit in powers else unit,
            allowed=", ".join((*_PLAIN, *_INTENSITY)),
            remedy="Report it: the list of units and the catalogue must agree",
        )
    one, square = _INTENSITY[intensity.value]
    integral = Code(f"{one.value}.mm3", "UCUM", f"{one.meaning} mm3")
    return (one, square, integral)[powers.index(unit)]
