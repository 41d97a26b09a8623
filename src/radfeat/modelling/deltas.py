"""Changes between two visits: their names, their definitions, and why a change is not defined."""

from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from radfeat.modelling.delta_settings import DeltaKind
from radfeat.modelling.outcomes import Codes, Floats

DAYS_PER_WEEK = 7.0
PREFIX = "delta_"

SHORT_PREFIXES = {
    DeltaKind.ABSOLUTE: "A",
    DeltaKind.RELATIVE: "R",
    DeltaKind.LOG_RATIO: "L",
    DeltaKind.PER_WEEK: "W",
}
"""First letter of a predictor's short name, before the feature's 8-character code; never changed."""


class Gap(IntEnum):
    """Why a subject has no value of a predictor."""

    NONE = 0
    """There is a value."""
    MISSING = 1
    """The feature is undefined for the ROI, at one visit at least."""
    DIVISION_BY_ZERO = 2
    """The baseline value is zero, or so near that the quotient is no number."""
    LOG_OF_NON_POSITIVE = 3
    """A value of which the logarithm is asked is zero or negative."""
    NO_INTERVAL = 4
    """The study day of one of the images is not known."""


def name_delta(kind: DeltaKind, feature: str) -> str:
    """Name of a predictor: ``delta_log_ratio:original_glcm_Contrast``."""
    return f"{PREFIX}{kind.value}:{feature}"


def name_deltas(kinds: Sequence[DeltaKind], features: Sequence[str]) -> tuple[str, ...]:
    """Names of all predictors: kind after kind, features in their order."""
    return tuple(name_delta(kind, feature) for kind in kinds for feature in features)


def split_predictor(name: str) -> tuple[DeltaKind | None, str]:
    """Kind of change and feature of a predictor; None where it is the feature's value."""
    for kind in DeltaKind:
        prefix = name_delta(kind, "")
        if name.startswith(prefix):
            return kind, name.removeprefix(prefix)
    return None, name


def compute_changes(
    first: Floats, second: Floats, interval_days: float, kinds: Sequence[DeltaKind]
) -> tuple[Floats, Codes]:
    """Changes of features (both shape (features,)) in the order of ``name_deltas``, and their ``Gap`` codes.

    Parameters
    ----------
    first, second
        Values at baseline and at follow-up; NaN where there is none.
    interval_days
        Days between the images, positive; NaN where it is not known.
    kinds
        Which changes.
    """
    found = [_compute_change(first, second, interval_days, kind) for kind in kinds]
    return np.concatenate([values for values, _ in found]), np.concatenate([gaps for _, gaps in found])


def flag_missing(values: Floats) -> Codes:
    """``Gap`` codes of plain values: those that are NaN are missing."""
    return np.where(np.isnan(values), Gap.MISSING, Gap.NONE).astype(np.int8)


def _compute_change(
    first: Floats, second: Floats, interval_days: float, kind: DeltaKind
) -> tuple[Floats, Codes]:
    gaps = flag_missing(first + second)
    change = second - first
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind is DeltaKind.RELATIVE:
            change = change / first
            gaps[(gaps == Gap.NONE) & ~np.isfinite(change)] = Gap.DIVISION_BY_ZERO
        elif kind is DeltaKind.LOG_RATIO:
            # The difference of logarithms: a quotient may overflow where both are legal.
            change = np.log(second) - np.log(first)
            gaps[(gaps == Gap.NONE) & ((first <= 0) | (second <= 0))] = Gap.LOG_OF_NON_POSITIVE
        elif kind is DeltaKind.PER_WEEK:
            change = change / (interval_days / DAYS_PER_WEEK)
            gaps[(gaps == Gap.NONE) & np.isnan(interval_days)] = Gap.NO_INTERVAL
    return np.where(gaps == Gap.NONE, change, np.nan), gaps
