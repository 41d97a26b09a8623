"""Numbers and words as the page writes them: three significant digits, p-values, intervals, plurals."""

import math
from collections.abc import Iterable

from radfeat.core.vocabulary import Reason

MISSING = "–"
"""What stands where there is no number."""

_MINUS = "\N{MINUS SIGN}"
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

REASON_WORDS = {
    Reason.NOT_DONE: "not done",
    Reason.NO_IMAGE: "image file not there",
    Reason.UNREADABLE: "unreadable file",
    Reason.GEOMETRY: "image and mask not on one grid",
    Reason.ROI_NOT_FOUND: "ROI not found in the mask file",
    Reason.ROI_EMPTY: "empty ROI",
    Reason.ROI_TOO_SMALL: "ROI too small",
    Reason.QC_EXCLUDED: "excluded by a quality check",
    Reason.FEATURE_UNDEFINED: "feature undefined",
    Reason.COMPUTE_ERROR: "could not be computed",
    Reason.OUT_OF_MEMORY: "memory ran out",
}
"""Each reason code in words, without an article."""


def format_number(value: float | None) -> str:
    """Three significant digits, thousands separated; very large and very small as powers of ten."""
    if value is None:
        return MISSING
    if value == 0:
        return "0"
    size = abs(value)
    if size >= 1e7 or size < 1e-3:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPTS)}".replace("-", _MINUS)
    # Rounded first: 999.6 has four digits once it is 1,000.
    rounded = float(f"{value:.3g}")
    decimals = 0 if size >= 100 else max(0, 2 - math.floor(math.log10(abs(rounded))))
    text = f"{round(value):,}" if decimals == 0 else f"{value:.{decimals}f}"
    return text.replace("-", _MINUS)


def format_count(value: int) -> str:
    """A whole number, thousands separated."""
    return f"{value:,}"


def format_p(value: float | None) -> str:
    """A p-value with three decimals, or that it is below 0.001."""
    if value is None:
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def format_fixed(value: float | None) -> str:
    """Two decimals, as C, AUC and ratios are given; fewer from 10 on, and two digits below 0.1."""
    if value is None:
        return MISSING
    size = abs(value)
    if size >= 9.995 or (0 < size < 1e-3):
        return format_number(value)
    text = f"{value:.2f}" if size == 0 or size >= 0.0995 else f"{value:#.2g}"
    return text.replace("-", _MINUS)


def format_accuracy(value: float | None) -> str:
    """Three decimals below 1 (Brier scores differ in the third), two from 1 on, as many as fit from 10 on."""
    if value is None:
        return MISSING
    if abs(value) >= 0.9995:
        return format_fixed(value)
    return format_coefficient(value)


def format_coefficient(value: float | None) -> str:
    """Three decimals, so that the coefficients of a table can be compared by eye."""
    if value is None:
        return MISSING
    text = f"{value:.3f}"
    return "0.000" if text == "-0.000" else text.replace("-", _MINUS)


def format_interval(lo: float | None, hi: float | None) -> str:
    """``0.60 to 0.86``; empty where there is no interval."""
    if lo is None or hi is None:
        return ""
    return f"{format_fixed(lo)} to {format_fixed(hi)}"


def format_percent(share: float | None) -> str:
    """A share as a whole percentage; a share that is not zero, or not all, never reads as 0 or 100."""
    if share is None:
        return MISSING
    if 0 < share < 0.01:
        return "< 1\N{NO-BREAK SPACE}%"
    if 0.99 < share < 1:
        return "> 99\N{NO-BREAK SPACE}%"
    return f"{round(100 * share)}\N{NO-BREAK SPACE}%"


def format_level(level: float) -> str:
    """A confidence level: ``95 %``."""
    return f"{100 * level:g}\N{NO-BREAK SPACE}%"


def count_of(number: int, singular: str, plural: str = "") -> str:
    """``1 site``, ``3 sites``."""
    return f"{format_count(number)} {singular if number == 1 else plural or singular + 's'}"


def choose_verb(number: int, singular: str, plural: str) -> str:
    """The verb that goes with a number: ``has`` with 1."""
    return singular if number == 1 else plural


def name_site(label: str) -> str:
    """A site in a heading: ``Site S01``, and ``site-01`` or ``4 other sites`` as they are."""
    return label if "site" in label.casefold() else f"Site {label}"


def join_words(items: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    words = list(items)
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"


def explain_reason(code: str | None) -> str:
    """A reason code in words; a code of a later version stands for itself."""
    known = {reason.value: words for reason, words in REASON_WORDS.items()}
    return known.get(code or "", code or "no reason given")
