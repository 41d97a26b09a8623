"""Holding what was measured against the reference values, one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from radfeat.core.vocabulary import Agreement, Configuration, PhantomSource
from radfeat.ibsi.reference import Expectation

Measured = Mapping[tuple[str, str], float | None]
"""Aggregation, as the reference values name it, and feature column, to the value."""

DIGITS = 3
"""IBSI gives its values with three significant digits, and often with a tolerance of zero."""

_SLACK = 1e-9
"""Of the reference value: for sums that are not exact in binary."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A reference value, what was measured, and whether they agree."""

    expected: Expectation
    source: PhantomSource
    value: float | None
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class ConfigurationResult:
    """All comparisons of one configuration of a phantom that was read from one source."""

    configuration: Configuration
    source: PhantomSource
    comparisons: tuple[Comparison, ...]

    @property
    def agreeing(self) -> int:
        """How many values agree."""
        return sum(c.agreement is Agreement.AGREES for c in self.comparisons)

    @property
    def failing(self) -> tuple[Comparison, ...]:
        """Those that do not."""
        return tuple(c for c in self.comparisons if c.agreement is not Agreement.AGREES)


def compare(
    configuration: Configuration, source: PhantomSource, measured: Measured, expected: Sequence[Expectation]
) -> ConfigurationResult:
    """Hold every expectation of a configuration against what was measured; what lacks has no value."""
    comparisons = tuple(_compare_one(e, source, measured.get((e.aggregation, e.feature))) for e in expected)
    return ConfigurationResult(configuration, source, comparisons)


def judge(value: float | None, reference: float, tolerance: float) -> Agreement:
    """Whether a value, or the value rounded to the digits of the reference, lies within the tolerance."""
    if value is None:
        return Agreement.NO_VALUE
    allowed = tolerance + _SLACK * abs(reference)
    rounded = float(f"{value:.{DIGITS}g}")
    near = min(abs(value - reference), abs(rounded - reference)) <= allowed
    return Agreement.AGREES if near else Agreement.OUT_OF_TOLERANCE


def _compare_one(expected: Expectation, source: PhantomSource, value: float | None) -> Comparison:
    return Comparison(expected, source, value, judge(value, expected.value, expected.tolerance))


def build_rows(results: Sequence[ConfigurationResult]) -> list[dict[str, object]]:
    """Rows of the table ``conformance``."""
    return [_build_row(c) for result in results for c in result.comparisons]


def _build_row(comparison: Comparison) -> dict[str, object]:
    expected = comparison.expected
    return {
        "configuration": expected.configuration.value,
        "source": comparison.source.value,
        "feature": expected.feature,
        "aggregation": expected.aggregation,
        "aggregation_code": expected.aggregation_code or None,
        "family": expected.family,
        "ibsi_name": expected.ibsi_name,
        "ibsi_code": expected.ibsi_code,
        "value": comparison.value,
        "reference": expected.value,
        "tolerance": expected.tolerance,
        "consensus": expected.consensus,
        "agreement": comparison.agreement.value,
    }
