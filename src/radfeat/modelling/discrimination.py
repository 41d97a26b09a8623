"""Does a score order the subjects: Harrell's C, AUC, or Spearman's rho, by the kind of the endpoint."""

import numpy as np

from radfeat.modelling.agreement import define_spearman
from radfeat.modelling.concordance import Concordance, compute_concordance, estimate_concordance
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.resampling import resample


def name_discrimination(outcomes: Outcomes) -> str:
    """Name of the metric of discrimination in the table ``performance``."""
    if outcomes.is_continuous:
        return "spearman"
    return "harrell_c" if outcomes.is_survival else "auc"


def compute_discrimination(
    scores: Floats, outcomes: Outcomes, *, resamples: int, level: float, seed: int
) -> Concordance:
    """C, AUC or rho of fixed scores with percentile limits over subjects; None where it is undefined.

    ``scores`` are (subjects,) or repeats x subjects: then it is the mean over repeats of the measure in each,
    never the measure of the mean score, which leans against the outcome (``concordance``). Chance is 0.5 for
    C and AUC and 0 for rho; 1 is a perfect order.
    """
    if not outcomes.is_continuous:
        return compute_concordance(scores, outcomes, resamples=resamples, level=level, seed=seed)
    found = resample(define_spearman(scores, outcomes.measured), len(outcomes), resamples, level, seed)
    return Concordance(found.estimate, found.lo, found.hi)


def estimate_discrimination(scores: Floats, outcomes: Outcomes) -> float:
    """C, AUC or rho without limits; chance where nobody can be compared or all have one score."""
    if not outcomes.is_continuous:
        return estimate_concordance(scores, outcomes)
    if not len(outcomes):
        return 0.0
    rho = float(define_spearman(scores, outcomes.measured)(np.ones((1, len(outcomes))))[0])
    return 0.0 if np.isnan(rho) else rho
