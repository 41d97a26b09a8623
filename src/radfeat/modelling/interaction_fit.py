"""One biomarker in two arms: the treatment-by-biomarker interaction and its likelihood-ratio test."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from radfeat.modelling.outcomes import Flags, Floats, Outcomes
from radfeat.modelling.regression import Regression, fit_regression

Interval = tuple[float, float, float]
"""Estimate, lower and upper limit."""


@dataclass(frozen=True, slots=True)
class Interaction:
    """Ratios per standard deviation of the biomarker in each arm, their ratio, and the test."""

    experimental: Interval
    reference: Interval
    ratio: Interval
    chi2: float
    p: float


def fit_interaction(
    biomarker: Floats, is_experimental: Flags, covariates: Floats, outcomes: Outcomes, level: float
) -> Interaction | None:
    """Likelihood-ratio test of arm x biomarker beside arm, biomarker, covariates; None without an estimate.

    ``biomarker`` (subjects) is standardised over both arms here; ``covariates`` (subjects x columns) hold NaN
    where missing, and the mean stands in, which is valid for a baseline covariate of a randomised trial
    (White and Thompson, Stat Med 2005; 24:993). Cox regression with Efron's ties, or logistic regression. The
    ratios of both arms come from the model with the interaction, with Wald limits.
    """
    spread = float(biomarker.std())
    if spread <= 1e-12 * max(1.0, float(np.abs(biomarker).max())):
        return None
    z = (biomarker - biomarker.mean()) / spread
    arm = is_experimental.astype(np.float64)
    reduced = np.column_stack([arm, z, _complete(covariates)])
    full = np.column_stack([arm * z, reduced])
    with_it, without = fit_regression(full, outcomes), fit_regression(reduced, outcomes)
    if not with_it.converged or not without.converged:
        return None
    statistic = max(0.0, 2.0 * (with_it.log_likelihood - without.log_likelihood))
    return Interaction(
        experimental=_combine(with_it, (0, 2), level),
        reference=_combine(with_it, (2,), level),
        ratio=_combine(with_it, (0,), level),
        chi2=statistic,
        p=float(chi2.sf(statistic, 1)),
    )


def _combine(fitted: Regression, columns: tuple[int, ...], level: float) -> Interval:
    contrast = np.zeros(len(fitted.coefficients))
    contrast[list(columns)] = 1.0
    return fitted.interval(contrast, level)


def _complete(covariates: Floats) -> Floats:
    """Covariates with the mean where missing, scaled, without those that do not vary."""
    known = ~np.isnan(covariates)
    counts = known.sum(axis=0)
    sums = np.where(known, covariates, 0.0).sum(axis=0)
    means = np.divide(sums, counts, out=np.zeros(covariates.shape[1]), where=counts > 0)
    complete = np.where(known, covariates, means) - means
    spread = complete.std(axis=0)
    varying = spread > 1e-10 * np.maximum(1.0, np.abs(means))
    scaled: Floats = complete[:, varying] / spread[varying]
    return scaled
