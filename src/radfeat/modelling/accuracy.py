"""How well out-of-fold scores and risks tell: Uno's C, AUC at a horizon, Brier scores; as ``Statistic``s.

Every function here returns a statistic of counts (resamples x subjects: how often each subject was drawn), so
that the estimate is its value where each is drawn once, and ``resampling`` gives its limits. Censoring is
undone by inverse probability of censoring weights (IPCW), whose distribution is that of the subjects judged,
estimated anew in each resample.

Scores are (subjects,) or repeats x subjects, NaN where a repeat has none; a measure of them is the mean over
the repeats of the measure within each (``concordance``). Risks are the means over repeats.
"""

import numpy as np

from radfeat.modelling.censoring import (
    count_censoring,
    estimate_censoring,
    weigh_events,
    weigh_survivors,
)
from radfeat.modelling.concordance import compare_pairs, order_pairs
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.resampling import Statistic, divide


def define_uno(scores: Floats, outcomes: Outcomes, truncation: float) -> Statistic:
    """Uno's C of scores: pairs weighted so that censoring cancels; 0.5 is chance, 1 perfect.

    Pairs count as in Harrell's C, if the earlier time is an event before ``truncation``; their weight is the
    inverse square of the share not censored just before it. Reference: Uno et al., Stat Med 2011; 30:1105.
    """
    comparable, ordered = compare_pairs(scores, outcomes)
    censoring = count_censoring(outcomes)
    early = outcomes.events & (outcomes.times < truncation)

    def compute(counts: Floats) -> Floats:
        weights = counts * early * weigh_events(censoring, estimate_censoring(censoring, counts)) ** 2
        return divide(
            ((weights @ ordered) * counts).sum(axis=1), ((weights @ comparable) * counts).sum(axis=1)
        )

    return compute


def define_auc(scores: Floats, outcomes: Outcomes, horizon: float) -> Statistic:
    """Cumulative/dynamic AUC of scores: those with the event by ``horizon`` against those beyond it.

    Cases weigh the inverse of the share not censored just before their time; controls weigh alike. Ties in
    score count half. Reference: Uno et al., J Am Stat Assoc 2007; 102:527.
    """
    found = order_pairs(scores)
    together = (~np.isnan(found)).astype(np.float64)
    points = np.where(together > 0, found, 0.0)
    censoring = count_censoring(outcomes)
    case, control = outcomes.events & (outcomes.times <= horizon), outcomes.times > horizon

    def compute(counts: Floats) -> Floats:
        cases = counts * case * weigh_events(censoring, estimate_censoring(censoring, counts))
        controls = counts * control
        return divide(((cases @ points) * controls).sum(axis=1), ((cases @ together) * controls).sum(axis=1))

    return compute


def define_brier(risks: Floats, outcomes: Outcomes, horizon: float) -> Statistic:
    """Brier score at a horizon of risks (n,): mean squared error of the risk, IPCW; lower is better.

    Reference: Graf et al., Stat Med 1999; 18:2529.
    """
    return _define_weighted(risks[:, None], outcomes, np.array([horizon]), np.ones(1))


def define_integrated_brier(risks: Floats, outcomes: Outcomes, grid: Floats, horizon: float) -> Statistic:
    """Mean over 0 to ``horizon`` of the Brier score of risks (n x grid); lower is better.

    Risks and outcomes are steps that change at times of ``grid`` only, so that the integral is exact. Before
    the first time the score is 0.
    """
    used = grid[grid < horizon]
    widths = np.diff(np.append(used, horizon)) / horizon
    return _define_weighted(risks[:, : len(used)], outcomes, used, widths)


def define_binary_brier(risks: Floats, outcomes: Outcomes) -> Statistic:
    """Brier score of probabilities (n,) of the positive class; lower is better."""
    errors = (outcomes.events - risks) ** 2

    def compute(counts: Floats) -> Floats:
        return divide(counts @ errors, counts.sum(axis=1))

    return compute


def _define_weighted(risks: Floats, outcomes: Outcomes, times: Floats, widths: Floats) -> Statistic:
    """Sum over ``times`` (k,) of ``widths`` (k,) times the Brier score of risks (n x k) at each."""
    censoring = count_censoring(outcomes)
    ended = outcomes.events[:, None] & (outcomes.times[:, None] <= times[None, :])
    beyond = outcomes.times[:, None] > times[None, :]
    of_events = (ended * (1 - risks) ** 2) @ widths
    of_survivors = beyond * risks**2 * widths

    def compute(counts: Floats) -> Floats:
        free = estimate_censoring(censoring, counts)
        events = (counts * weigh_events(censoring, free)) @ of_events
        survivors = ((counts @ of_survivors) * weigh_survivors(censoring, free, times)).sum(axis=1)
        return divide(events + survivors, counts.sum(axis=1))

    return compute
