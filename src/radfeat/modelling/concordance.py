"""Harrell's C and AUC of a fixed score, with percentile limits from a bootstrap of subjects."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.resampling import draw_counts

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

    The scores are taken as they are: the limits hold the sampling of subjects, not the fitting of the model.
    A pair of subjects with one time is comparable if one has the event and the other is censored, as in R's
    ``concordance``; two events at one time are not.

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
    """Subjects x subjects: whether row should score above column, and how far it does (1, 0.5, 0)."""
    if outcomes.is_survival:
        times, events = outcomes.times, outcomes.events
        earlier = times[:, None] < times[None, :]
        with_censored = (times[:, None] == times[None, :]) & ~events[None, :]
        comparable = events[:, None] & (earlier | with_censored)
    else:
        comparable = outcomes.events[:, None] & ~outcomes.events[None, :]
    # Rounded: scores that differ by less are one score, on every machine.
    gap = np.round(scores[:, None] - scores[None, :], 10)
    points = np.where(gap > 0, 1.0, np.where(gap == 0, 0.5, 0.0))
    return comparable.astype(np.float64), comparable * points


def _resample(comparable: Floats, ordered: Floats, resamples: int, seed: int) -> Floats:
    """C of each resample that has a comparable pair; a subject drawn k times counts k times."""
    found: list[float] = []
    for weights in draw_counts(len(comparable), resamples, seed):
        below = ((weights @ comparable) * weights).sum(axis=1)
        above = ((weights @ ordered) * weights).sum(axis=1)
        found += (above[below > 0] / below[below > 0]).tolist()
    return np.array(found)
