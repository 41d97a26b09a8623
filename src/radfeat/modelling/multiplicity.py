"""Adjusted p-values: Holm for what may be claimed, Benjamini-Hochberg for what is only screened."""

from collections.abc import Sequence


def adjust_holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Holm's step-down adjusted p-values; a hypothesis that was not tested (None) still counts.

    The family is what was prespecified, not what could be tested in the end: an untested one has p = 1.
    Reference: Holm, Scand J Stat 1979; 6:65.
    """
    family = len(p_values)
    tested = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * family
    largest = 0.0
    for rank, (p, i) in enumerate(tested):
        largest = max(largest, min(1.0, (family - rank) * p))
        adjusted[i] = largest
    return tuple(adjusted)


def adjust_benjamini_hochberg(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """Benjamini-Hochberg's step-up adjusted p-values; a hypothesis that was not tested (None) still counts.

    Reference: Benjamini and Hochberg, J R Stat Soc B 1995; 57:289.
    """
    family = len(p_values)
    tested = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * family
    least = 1.0
    for rank, (p, i) in reversed(list(enumerate(tested, start=1))):
        least = min(least, family * p / rank)
        adjusted[i] = least
    return tuple(adjusted)
