"""The censoring distribution of the subjects that are judged, and the weights that undo censoring."""

from dataclasses import dataclass

import numpy as np

from radfeat.modelling.outcomes import Floats, Indices, Outcomes


@dataclass(frozen=True, eq=False, slots=True)
class Censoring:
    """What the reverse Kaplan-Meier estimate needs of n subjects at k distinct times.

    ``place`` (n,) is the time of each subject among ``times`` (k,). ``at_risk``, ``events`` and ``censored``
    (n x k) are 1 where a subject is at risk at, has the event at, or is censored at a time.
    """

    times: Floats
    place: Indices
    at_risk: Floats
    events: Floats
    censored: Floats


def count_censoring(outcomes: Outcomes) -> Censoring:
    """Lay out who is at risk, has the event and is censored at each distinct time."""
    times, place = np.unique(outcomes.times, return_inverse=True)
    at = place[:, None] == np.arange(len(times))[None, :]
    return Censoring(
        times=times,
        place=place.astype(np.intp),
        at_risk=(place[:, None] >= np.arange(len(times))[None, :]).astype(np.float64),
        events=(at & outcomes.events[:, None]).astype(np.float64),
        censored=(at & ~outcomes.events[:, None]).astype(np.float64),
    )


def estimate_censoring(censoring: Censoring, counts: Floats) -> Floats:
    """Share not yet censored just after each distinct time (resamples x times), from ``counts`` of subjects.

    At one time events come before censorings, so that a subject with the event does not count as at risk of
    being censored at that time, as in R's ``concordance`` and in Graf et al., Stat Med 1999; 18:2529.
    """
    exposed = counts @ (censoring.at_risk - censoring.events)
    leaving = counts @ censoring.censored
    stay = 1.0 - np.divide(leaving, exposed, out=np.zeros_like(exposed), where=exposed > 0)
    return np.asarray(np.cumprod(stay, axis=1), dtype=np.float64)


def weigh_events(censoring: Censoring, free: Floats) -> Floats:
    """Inverse of the share not censored just before each subject's own time (resamples x subjects)."""
    before = np.concatenate([np.ones((len(free), 1)), free[:, :-1]], axis=1)[:, censoring.place]
    return invert(before)


def weigh_survivors(censoring: Censoring, free: Floats, times: Floats) -> Floats:
    """Inverse of the share not censored just after each of some times (resamples x times)."""
    held = np.searchsorted(censoring.times, times, side="right")
    return invert(np.concatenate([np.ones((len(free), 1)), free], axis=1)[:, held])


def invert(shares: Floats) -> Floats:
    """Inverse, and 0 where there is no share: nobody is left there to carry a weight."""
    inverse: Floats = np.divide(1.0, shares, out=np.zeros_like(shares), where=shares > 0)
    return inverse
