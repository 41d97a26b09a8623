"""Log-likelihoods of given linear predictors, many penalties at once; what the inner loop compares."""

import numpy as np

from radfeat.modelling.outcomes import Floats, Indices, Outcomes


def compute_log_likelihoods(scores: Floats, outcomes: Outcomes) -> Floats:
    """Log-likelihood of each column of ``scores`` (rows x penalties): Cox (Breslow), binomial or normal.

    Normal: up to a constant, with variance 1, so that two penalties compare as their squared errors do.
    """
    if outcomes.is_continuous:
        squares: Floats = -0.5 * ((outcomes.measured[:, None] - scores) ** 2).sum(axis=0)
        return squares
    if not outcomes.is_survival:
        labels = outcomes.events[:, None]
        likelihoods: Floats = (labels * scores - np.logaddexp(0.0, scores)).sum(axis=0)
        return likelihoods
    order = np.argsort(-outcomes.times, kind="stable")
    times, events, ordered = outcomes.times[order], outcomes.events[order], scores[order]
    deaths = np.flatnonzero(events)
    ends = np.searchsorted(-times, -times[deaths], side="right") - 1
    at_risk = np.logaddexp.accumulate(ordered, axis=0)[ends]
    partial: Floats = (ordered[deaths] - at_risk).sum(axis=0)
    return partial


def compute_held_out_likelihoods(scores: Floats, outcomes: Outcomes, training: Indices) -> Floats:
    """What the held-out rows add to the log-likelihood, per column of ``scores`` (all rows x penalties).

    Cox: the partial likelihood of all rows less that of the training rows (Verweij and van Houwelingen, Stat
    Med 1993; 12:2305), which uses every comparison of a held-out subject with a training subject, so that a
    fold may hold few events. Binary: the binomial likelihood of the held-out rows. Continuous: their normal
    one, so that the penalty chosen is that of the least held-out squared error.
    """
    return compute_log_likelihoods(scores, outcomes) - compute_log_likelihoods(
        scores[training], outcomes.take(training)
    )
