"""Regressions that take the strata of the randomisation into account.

What a trial stratified its randomisation by is likely to be prognostic, and ignoring it makes standard errors
wrong. A Cox regression has a baseline hazard for each combination of levels; in other regressions there are
too few subjects for a parameter of every combination, and each level of each factor has an indicator.

Reference: Kahan and Morris, Stat Med 2012; 31:328.
"""

from collections.abc import Iterable, Sequence

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
    """Covariates (rows x columns) without those that the strata, or covariates before them, hold already."""
    return keep_independent(list(covariates.T), _list_explained(outcomes))


def _list_explained(outcomes: Outcomes) -> Floats:
    """Columns of what a regression holds beside the covariates: an intercept or baselines, and the strata."""
    everyone = np.arange(len(outcomes))
    if outcomes.levels is None:
        return np.ones((len(outcomes), 1))
    if outcomes.is_survival:
        flags = [np.isin(everyone, rows) for rows in list_rows(outcomes.levels)]
        return np.column_stack(flags).astype(np.float64)
    return np.column_stack([np.ones(len(outcomes)), build_indicators(outcomes.levels)])


def keep_independent(columns: Iterable[Floats], base: Floats) -> Floats:
    """The columns, in order, that are no combination of ``base`` (rows x columns) and those before."""
    listed = list(columns)
    kept = [listed[j] for j in find_independent(listed, base)]
    return np.column_stack(kept) if kept else np.empty((len(base), 0))


def find_independent(columns: Sequence[Floats], base: Floats) -> list[int]:
    """Which columns are no combination of ``base`` (rows x columns) and of those before."""
    kept: list[int] = []
    for place, column in enumerate(columns):
        known = np.column_stack([base, *(columns[j] for j in kept)])
        left = column - known @ np.linalg.lstsq(known, column, rcond=None)[0]
        if np.linalg.norm(left) > 1e-8 * max(1.0, float(np.linalg.norm(column))):
            kept.append(place)
    return kept
