"""One biomarker in two arms: the treatment-by-biomarker interaction and its test."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.stats import chi2, f

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.outcomes import Flags, Floats, Outcomes
from radfeat.modelling.regression import Regression
from radfeat.modelling.stratified import drop_explained, fit_stratified

Interval = tuple[float, float, float]
"""Estimate, lower and upper limit."""


class Measure(StrEnum):
    """What is compared between the arms."""

    HAZARD_RATIO = "hazard_ratio"
    ODDS_RATIO = "odds_ratio"
    DIFFERENCE = "difference"
    """Of values: the unit of the endpoint, per standard deviation of the biomarker."""


MEASURES = {
    EndpointKind.TIME_TO_EVENT: Measure.HAZARD_RATIO,
    EndpointKind.BINARY: Measure.ODDS_RATIO,
    EndpointKind.CONTINUOUS: Measure.DIFFERENCE,
}


@dataclass(frozen=True, slots=True)
class Interaction:
    """Effect per standard deviation of the biomarker in each arm, how they compare, and the test.

    ``experimental`` and ``reference`` are ratios and ``ratio`` their ratio; if ``measure`` is DIFFERENCE they
    are slopes and their difference. ``statistic`` is the chi-square of a likelihood-ratio test with one
    degree of freedom; or, with ``df`` residual degrees of freedom, the F of an F-test.
    """

    experimental: Interval
    reference: Interval
    ratio: Interval
    statistic: float
    p: float
    measure: Measure = Measure.HAZARD_RATIO
    df: int | None = None

    @property
    def chi2(self) -> float | None:
        """Likelihood-ratio statistic; None where the test is another."""
        return self.statistic if self.df is None else None

    @property
    def f(self) -> float | None:
        """F statistic; None where the test is another."""
        return None if self.df is None else self.statistic

    @property
    def favours_experimental(self) -> bool:
        """Whether the effect of the biomarker is greater in the experimental arm."""
        return self.ratio[0] > (0.0 if self.measure is Measure.DIFFERENCE else 1.0)


def fit_interaction(
    biomarker: Floats, is_experimental: Flags, covariates: Floats, outcomes: Outcomes, level: float
) -> Interaction | None:
    """Test of arm x biomarker beside arm, biomarker, covariates; None without an estimate.

    ``biomarker`` (subjects) is standardised over both arms here; ``covariates`` (subjects x columns) hold NaN
    where missing, and the mean stands in, which is valid for a baseline covariate of a randomised trial
    (White and Thompson, Stat Med 2005; 24:993). Cox regression with Efron's ties or logistic regression, and
    a likelihood-ratio test; or, for values, least squares and an F-test, exact where errors are normal. With
    stratification factors Cox regression is stratified, and the others have an indicator of each level. The
    effects in both arms come from the model with the interaction, with Wald limits (by t for values).
    """
    spread = float(biomarker.std())
    if spread <= 1e-12 * max(1.0, float(np.abs(biomarker).max())):
        return None
    z = (biomarker - biomarker.mean()) / spread
    arm = is_experimental.astype(np.float64)
    reduced = np.column_stack([arm, z, drop_explained(_complete(covariates), outcomes)])
    full = np.column_stack([arm * z, reduced])
    with_it, without = fit_stratified(full, outcomes), fit_stratified(reduced, outcomes)
    if not with_it.converged or not without.converged:
        return None
    return _compare(with_it, without, outcomes, level)


def _compare(with_it: Regression, without: Regression, outcomes: Outcomes, level: float) -> Interaction:
    gain = max(0.0, 2.0 * (with_it.log_likelihood - without.log_likelihood))
    df = len(outcomes) - len(with_it.coefficients) if outcomes.is_continuous else None
    # Of normal errors the gain is n times the logarithm of the ratio of the residual squares.
    statistic = gain if df is None else df * float(np.expm1(gain / len(outcomes)))
    return Interaction(
        experimental=_combine(with_it, (0, 2), level, df),
        reference=_combine(with_it, (2,), level, df),
        ratio=_combine(with_it, (0,), level, df),
        statistic=statistic,
        p=float(chi2.sf(statistic, 1) if df is None else f.sf(statistic, 1, df)),
        measure=MEASURES[outcomes.kind],
        df=df,
    )


def _combine(fitted: Regression, columns: tuple[int, ...], level: float, df: int | None) -> Interval:
    contrast = np.zeros(len(fitted.coefficients))
    contrast[list(columns)] = 1.0
    return fitted.interval(contrast, level) if df is None else fitted.difference(contrast, level, df)


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
