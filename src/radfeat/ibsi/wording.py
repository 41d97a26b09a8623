"""Numbers and names as the page and the terminal write them."""

from collections.abc import Sequence

from radfeat.core.vocabulary import Configuration, PhantomSource
from radfeat.ibsi.comparison import ConfigurationResult

SOURCE_WORDS = {
    PhantomSource.CODE: "package",
    PhantomSource.NIFTI: "NIfTI",
    PhantomSource.DICOM: "DICOM",
}
"""From what a phantom was read, in one word."""

_AGGREGATION_WORDS = {
    "none": "",
    "2d": "2-D",
    "2.5d": "2.5-D",
    "3d": "3-D",
    "2d_averaged": "2-D, averaged",
    "2d_slice_merged": "2-D, slice-merged",
    "2.5d_direction_merged": "2.5-D, direction-merged",
    "2.5d_merged": "2.5-D, merged",
    "3d_averaged": "3-D, averaged",
    "3d_merged": "3-D, merged",
}
_MINUS = "\N{MINUS SIGN}"


def name_configuration(configuration: Configuration) -> str:
    """``digital phantom``, ``configuration A``."""
    if configuration is Configuration.DIGITAL:
        return "digital phantom"
    return f"configuration {configuration.value}"


def name_configurations(configurations: Sequence[Configuration]) -> str:
    """``configuration B``; ``configurations A, B and C``, of letters alone."""
    if len(configurations) == 1 or Configuration.DIGITAL in configurations:
        return " and ".join(name_configuration(c) for c in configurations)
    *most, last = (c.value for c in configurations)
    return f"configurations {', '.join(most)} and {last}"


def write_words(words: str) -> str:
    """How a configuration is prepared, with the signs of print."""
    return words.replace("+-", "±").replace("-1000", f"{_MINUS}1000").replace("-500", f"{_MINUS}500")


def name_aggregation(name: str) -> str:
    """How texture was aggregated, in IBSI's words; empty where there is nothing to aggregate."""
    return _AGGREGATION_WORDS.get(name, name)


def format_value(value: float | None) -> str:
    """Six significant digits: twice those of the reference values."""
    return "none" if value is None else f"{value:.6g}".replace("-", _MINUS)


def format_reference(value: float) -> str:
    """A reference value or tolerance, with the digits that IBSI gives."""
    return f"{value:.10g}".replace("-", _MINUS)


def summarise(results: Sequence[ConfigurationResult]) -> str:
    """``All 402 values agree with IBSI's reference values.``, or how many do."""
    total = sum(len(result.comparisons) for result in results)
    agreeing = sum(result.agreeing for result in results)
    if agreeing == total:
        return f"All {total:,} values agree with the reference values of IBSI-1."
    verb = "does" if total - agreeing == 1 else "do"
    return (
        f"{agreeing:,} of {total:,} values agree with the reference values of IBSI-1; "
        f"{total - agreeing:,} {verb} not."
    )
