"""Regressions that take the strata of the randomisation into account.

What a trial stratified its randomisation by is likely to be prognostic, and ignoring it makes standard errors
wrong. A Cox regression has a baseline hazard for each combination of levels; in other regressions there are
too few subjects for a parameter of every combination, and each level of each factor has an indicator.

Reference: Kahan and Morris, Stat Med 2012; 31:328.
"""

from collections.abc import Iterable

import numpy as np

from radfeat.modelling.outcomes import Floats, Levels, Outcomes, list_rows
from radfeat.modelling.regression import Regression, fit_cox, fit_regression


def fit_stratified(design: Floats, outcomes: Outcomes) -> Regression:
    """``fit_regression``, stratified: of the coefficients, the first are those of the design's columns.

    Without stratification factors it is ``fit_regression`` itself.
    """
    if outcomes.levels is None:
        return fit_regression(design, outcomes)
    if outcomes.is_survival:
        return fit_cox(design, outcomes, list_rows(outcomes.levels))
    return fit_regression(np.column_stack([design, build_indicators(outcomes.levels)]), outcomes)


def build_indicators(levels: Levels) -> Floats:
    """Indicators (rows x columns) of each factor's levels but the first, without what they say twice."""
    columns = [
        np.array([own == level for own in factor], dtype=np.float64)
        for factor in zip(*levels, strict=True)
        for level in sorted(set(factor))[1:]
    ]
    return keep_independent(columns, np.ones((len(levels), 1)))


def drop_explained(covariates: Floats, outcomes: Outcomes) -> Floats:
    """Covariates (rows x columns) without those that the strata hold already, such as a factor itself."""
    if outcomes.levels is None:
        return covariates
    everyone = np.arange(len(outcomes))
    base = np.column_stack([np.isin(everyone, rows) for rows in list_rows(outcomes.levels)]).astype(
        np.float64
    )
    if not outcomes.is_survival:
        base = np.column_stack([np.ones(len(outcomes)), build_indicators(outcomes.levels)])
    return keep_independent(list(covariates.T), base)


def keep_independent(columns: Iterable[Floats], base: Floats) -> Floats:
    """The columns, in order, that are no combination of ``base`` (rows x columns) and those before."""
    kept: list[Floats] = []
    for column in columns:
        known = np.column_stack([base, *kept])
        left = column - known @ np.linalg.lstsq(known, column, rcond=None)[0]
        if np.linalg.norm(left) > 1e-8 * max(1.0, float(np.linalg.norm(column))):
            kept.append(column)
    return np.column_stack(kept) if kept else np.empty((len(base), 0))
