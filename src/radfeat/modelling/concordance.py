"""Harrell's C and AUC of fixed scores, with percentile limits from a bootstrap of subjects.

Scores of several repeats of cross-validation are never averaged before they are judged. The mean score of
a subject comes close to leave-one-out, where each held-out subject leans against its own outcome: where there
is nothing to find, C of the mean lies further below 0.5, and scatters more, than C of any repeat. So every
measure is the mean over the repeats of the measure within each. As its denominator does not depend on scores,
that is one formula, with what a pair scores averaged over the repeats (``order_pairs``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radfeat.modelling.outcomes import Flags, Floats, Outcomes
from radfeat.modelling.resampling import divide, draw_counts

CHANCE = 0.5
"""C and AUC of a score that does not order subjects."""


@dataclass(frozen=True, slots=True)
class Concordance:
    """Share of comparable pairs that the score orders rightly, ties counting half; None if there is none."""

    estimate: float | None
    lo: float | None
    hi: float | None


def compute_concordance(
    scores: Floats, outcomes: Outcomes, *, resamples: int, level: float, seed: int
) -> Concordance:
    """Harrell's C (time-to-event) or AUC (binary), percentile limits over subjects; 0.5 is chance, 1 perfect.

    ``scores`` are (subjects,) or repeats x subjects, and taken as they are: the limits hold the sampling of
    subjects, not the fitting of the model. A pair of subjects with one time is comparable if one has the
    event and the other is censored, as in R's ``concordance``; two events at one time are not.

    Reference: Harrell et al., JAMA 1982; 247:2543.
    """
    comparable, ordered = compare_pairs(scores, outcomes)
    total = float(comparable.sum())
    if total == 0:
        return Concordance(None, None, None)
    drawn = _resample(comparable, ordered, resamples, seed)
    tail = (1 - level) / 2
    lo, hi = np.quantile(drawn, [tail, 1 - tail]) if len(drawn) else (None, None)
    return Concordance(
        float(ordered.sum() / total), None if lo is None else float(lo), None if hi is None else float(hi)
    )


def estimate_concordance(scores: Floats, outcomes: Outcomes) -> float:
    """C or AUC without limits; 0.5 where there is no comparable pair."""
    comparable, ordered = compare_pairs(scores, outcomes)
    total = float(comparable.sum())
    return float(ordered.sum()) / total if total else CHANCE


def estimate_within(scores: Floats, outcomes: Outcomes, groups: Sequence[str]) -> float | None:
    """C or AUC over pairs of subjects of one group only; None if none of these can be compared."""
    comparable, ordered = compare_pairs(scores, outcomes)
    labels = np.array(groups, dtype=object)
    together = labels[:, None] == labels[None, :]
    total = float(comparable[together].sum())
    return float(ordered[together].sum()) / total if total else None


def compare_pairs(scores: Floats, outcomes: Outcomes) -> tuple[Floats, Floats]:
    """Subjects x subjects: whether row should score above column, and how far it does (0 to 1).

    Two subjects whom no repeat scores together cannot be compared.
    """
    points = order_pairs(scores)
    comparable = _find_comparable(outcomes) & ~np.isnan(points)
    return comparable.astype(np.float64), np.where(comparable, points, 0.0)


def order_pairs(scores: Floats) -> Floats:
    """How far each subject (row) scores above each other one (column): 1, 0 if below, 0.5 if they tie.

    ``scores`` are (subjects,) or repeats x subjects, NaN where a repeat has none. A pair has the mean over
    the repeats that score both, so that all pairs weigh alike whichever folds failed; NaN if there is none.
    """
    repeats = np.atleast_2d(scores)
    sums = np.zeros((repeats.shape[1], repeats.shape[1]))
    for repeat in repeats:
        # Rounded: scores that differ by less are one score, on every machine. NaN is neither above nor equal.
        gap = np.round(repeat[:, None] - repeat[None, :], 10)
        sums += np.where(gap > 0, 1.0, np.where(gap == 0, 0.5, 0.0))
    known = (~np.isnan(repeats)).astype(np.float64)
    return divide(sums, known.T @ known)


def _find_comparable(outcomes: Outcomes) -> Flags:
    """Subjects x subjects: whether the outcomes say that row should score above column."""
    if outcomes.is_survival:
        times, events = outcomes.times, outcomes.events
        earlier = times[:, None] < times[None, :]
        with_censored = (times[:, None] == times[None, :]) & ~events[None, :]
        comparable: Flags = events[:, None] & (earlier | with_censored)
        return comparable
    apart: Flags = outcomes.events[:, None] & ~outcomes.events[None, :]
    return apart


def _resample(comparable: Floats, ordered: Floats, resamples: int, seed: int) -> Floats:
    """C of each resample that has a comparable pair; a subject drawn k times counts k times."""
    found: list[float] = []
    for weights in draw_counts(len(comparable), resamples, seed):
        below = ((weights @ comparable) * weights).sum(axis=1)
        above = ((weights @ ordered) * weights).sum(axis=1)
        found += (above[below > 0] / below[below > 0]).tolist()
    return np.array(found)
