"""Names of filtered images, as PyRadiomics writes them, and their frozen four-character codes."""

import re
from dataclasses import dataclass
from enum import StrEnum

from radfeat.core.errors import TableError

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
BANDS_3D = ("LLL", "LLH", "LHL", "LHH", "HLL", "HLH", "HHL", "HHH")
BANDS_2D = ("LL", "LH", "HL", "HH")
MAX_SIGMA_THOUSANDTHS = 36**3 - 1
"""Greatest sigma that has a code, in thousandths of a millimetre: 46.655 mm."""
MAX_WAVELET_LEVEL = 36**2 - 1
MAX_LBP_LEVEL = 36**3 - 1


class ImageKind(StrEnum):
    """Image types, in the order of the tables; the values are those of the catalogue."""

    ORIGINAL = "original"
    LOG = "LoG"
    WAVELET = "wavelet"
    SQUARE = "square"
    SQUARE_ROOT = "squareroot"
    LOGARITHM = "logarithm"
    EXPONENTIAL = "exponential"
    GRADIENT = "gradient"
    LBP_2D = "lbp-2D"
    LBP_3D = "lbp-3D"


_FIXED_CODES = {
    ImageKind.ORIGINAL: "ORIG",
    ImageKind.SQUARE: "SQUA",
    ImageKind.SQUARE_ROOT: "SQRT",
    ImageKind.LOGARITHM: "NLOG",
    ImageKind.EXPONENTIAL: "EXPO",
    ImageKind.GRADIENT: "GRAD",
    ImageKind.LBP_2D: "P2DI",
}
_LBP_KURTOSIS_CODE = "P3DK"
_LOG = re.compile(r"log-sigma-(?P<whole>0|[1-9][0-9]*)(-(?P<decimals>0|[0-9]{0,2}[1-9]))?-mm-3D")
_WAVELET = re.compile(r"wavelet(?P<level>[2-9]|[1-9][0-9]+)?-(?P<band>[LH]{2,3})")
_LBP_3D = re.compile(r"lbp-3D-(m(?P<level>[1-9][0-9]*)|k)")


@dataclass(frozen=True, slots=True)
class ImageName:
    """A filtered image: its name in feature columns, its kind, its place among its kind, its code."""

    text: str
    kind: ImageKind
    place: tuple[int, int]
    code: str

    @property
    def order(self) -> tuple[int, int, int]:
        """Sorts images as the tables have them."""
        return (list(ImageKind).index(self.kind), *self.place)


def parse_image_name(text: str) -> ImageName:
    """The image that a name stands for.

    Raises
    ------
    TableError
        If no image type writes such a name, or it is beyond the range of the codes.
    """
    for kind, code in _FIXED_CODES.items():
        if text == kind.value:
            return ImageName(text, kind, (0, 0), code)
    if match := _LOG.fullmatch(text):
        return _parse_log(text, match)
    if match := _WAVELET.fullmatch(text):
        return _parse_wavelet(text, match)
    if match := _LBP_3D.fullmatch(text):
        return _parse_lbp_3d(text, match)
    raise TableError("no image type has this name", key=text, remedy="See `radfeat catalogue` for the names")


def name_log(sigma_mm: float) -> str:
    """PyRadiomics' name of a LoG image: ``2.0`` and ``2`` give different names for the same image."""
    return f"log-sigma-{str(sigma_mm).replace('.', '-')}-mm-3D"


def name_wavelet(level: int, band: str) -> str:
    """PyRadiomics' name of a wavelet sub-band: the first level is not written."""
    return f"wavelet{level if level > 1 else ''}-{band}"


def _parse_log(text: str, match: re.Match[str]) -> ImageName:
    decimals = match["decimals"]
    thousandths = int(match["whole"]) * 1000 + int((decimals or "0").ljust(3, "0"))
    # A sigma written without decimals is another column than the same with: another letter.
    letter = "K" if decimals is None else "L"
    code = letter + _encode(thousandths, 3, text)
    return ImageName(text, ImageKind.LOG, (thousandths, int(decimals is None)), code)


def _parse_wavelet(text: str, match: re.Match[str]) -> ImageName:
    level, band = int(match["level"] or 1), match["band"]
    place = BANDS_3D.index(band) if len(band) == 3 else 10 + BANDS_2D.index(band)
    return ImageName(text, ImageKind.WAVELET, (level, place), f"W{_encode(level, 2, text)}{DIGITS[place]}")


def _parse_lbp_3d(text: str, match: re.Match[str]) -> ImageName:
    if match["level"] is None:
        return ImageName(text, ImageKind.LBP_3D, (1, 0), _LBP_KURTOSIS_CODE)
    level = int(match["level"])
    return ImageName(text, ImageKind.LBP_3D, (0, level), f"M{_encode(level, 3, text)}")


def _encode(number: int, digits: int, text: str) -> str:
    """A number in base 36 with leading zeros."""
    if number >= 36**digits:
        raise TableError("the number in this name has no code", key=text, allowed=f"up to {36**digits - 1}")
    place, code = number, ""
    for _ in range(digits):
        place, digit = divmod(place, 36)
        code = DIGITS[digit] + code
    return code
