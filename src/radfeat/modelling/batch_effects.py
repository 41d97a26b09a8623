"""Batch effects of site or scanner, taken out inside the fold: ComBat, blind to outcome and arm."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from radfeat.modelling.outcomes import Flags, Floats, Indices
from radfeat.modelling.settings import UnseenBatch

_PRECISION = 1e-10
_MAX_STEPS = 1000


class ComBat(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Location and scale of each batch, shrunk by parametric empirical Bayes, brought to those of all rows.

    A batch with fewer than ``min_rows`` training rows goes into one pooled batch (``pooled_`` names them);
    where that has fewer than ``min_rows`` too, or no two batches are left, its rows stay as they are.
    ``own_`` names the batches with estimates of their own. After the fit a value is ``factor * value +
    offset``: ``factors_`` and ``offsets_`` are batches x columns, own batches first, then the pooled one if
    ``has_pool_``. A column without variance within some batch is left as it is.

    Nothing is protected: neither outcome nor arm nor covariates enter, because what a step may keep of the
    outcome it gives away. So a true difference between sites goes with the false one.

    Reference: Johnson, Li and Rabinovic, Biostatistics 2007; 8:118.
    """

    def __init__(self, min_rows: int = 10, unseen: UnseenBatch = UnseenBatch.POOLED) -> None:
        self.min_rows = min_rows
        self.unseen = unseen

    def fit(self, X: Floats, y: object = None, *, batches: Sequence[str]) -> Self:
        """Estimate the batches of the training rows.

        Raises
        ------
        ValueError
            A value is not finite: impute first.
        """
        if not np.isfinite(X).all():
            raise ValueError("ComBat needs finite values: impute first")
        self._group(batches)
        codes = self._locate(batches)
        known = np.flatnonzero(codes >= 0)
        self.factors_, self.offsets_ = _estimate_adjustment(X[known], codes[known], X.shape[1])
        return self

    def fit_transform(self, X: Floats, y: object = None, *, batches: Sequence[str]) -> Floats:
        """Estimate the batches of the training rows and adjust these."""
        return self.fit(X, batches=batches).transform(X, batches=batches)

    def transform(self, X: Floats, *, batches: Sequence[str]) -> Floats:
        """Adjust rows by the training rows' estimates of their batches.

        A batch without training rows is treated as ``unseen`` says; where it says refuse, its rows are NaN.
        """
        check_is_fitted(self)
        codes = self._locate(batches)
        adjusted = np.array(X, dtype=np.float64)
        known = np.flatnonzero(codes >= 0)
        adjusted[known] = X[known] * self.factors_[codes[known]] + self.offsets_[codes[known]]
        if self.unseen is UnseenBatch.REFUSE:
            adjusted[~self.is_seen(batches)] = np.nan
        return adjusted

    def is_seen(self, batches: Sequence[str]) -> Flags:
        """Whether each row's batch had a training row."""
        seen = {*self.own_, *self.pooled_}
        return np.array([label in seen for label in batches], dtype=np.bool_)

    def _group(self, batches: Sequence[str]) -> None:
        counts = Counter(batches)
        self.own_ = tuple(sorted(label for label, n in counts.items() if n >= self.min_rows))
        self.pooled_ = tuple(sorted(set(counts) - set(self.own_)))
        enough = sum(counts[label] for label in self.pooled_) >= max(self.min_rows, 2)
        self.has_pool_ = bool(self.pooled_) and enough

    def _locate(self, batches: Sequence[str]) -> Indices:
        """Row of the tables of estimates for each label; -1 where values stay as they are."""
        places = {label: place for place, label in enumerate(self.own_)}
        pool = len(self.own_) if self.has_pool_ else -1
        places |= dict.fromkeys(self.pooled_, pool)
        unseen = pool if self.unseen is UnseenBatch.POOLED else -1
        return np.array([places.get(label, unseen) for label in batches], dtype=np.intp)


@dataclass(frozen=True, eq=False, slots=True)
class _Prior:
    """Priors of one batch over its columns: normal for locations, inverse gamma for scales."""

    mean: float
    variance: float
    shape: float
    rate: float


def _estimate_adjustment(X: Floats, codes: Indices, width: int) -> tuple[Floats, Floats]:
    """Factor and offset of each batch and column (batches x columns); 1 and 0 where nothing is adjusted."""
    batches = int(codes.max()) + 1 if len(codes) else 0
    factors, offsets = np.ones((batches, width)), np.zeros((batches, width))
    groups = [X[codes == batch] for batch in range(batches)]
    varying = np.flatnonzero(_vary_in_all(groups)) if batches > 1 else np.empty(0, dtype=np.intp)
    if not len(varying):
        return factors, offsets
    centre = X[:, varying].mean(axis=0)
    within = [((g[:, varying] - g[:, varying].mean(axis=0)) ** 2).sum(axis=0) for g in groups]
    spread = np.sqrt(np.sum(within, axis=0) / len(X))
    for batch, group in enumerate(groups):
        location, scale = _shrink((group[:, varying] - centre) / spread)
        factors[batch, varying] = 1.0 / np.sqrt(scale)
        offsets[batch, varying] = centre - (centre + spread * location) / np.sqrt(scale)
    return factors, offsets


def _vary_in_all(groups: Sequence[Floats]) -> Flags:
    """Columns that vary, beyond rounding, within every batch."""
    flags = [np.ptp(g, axis=0) > 1e-10 * np.maximum(np.abs(g).max(axis=0), 1e-300) for g in groups]
    return np.asarray(np.all(flags, axis=0), dtype=np.bool_)


def _shrink(rows: Floats) -> tuple[Floats, Floats]:
    """Posterior location and scale (a variance) of each standardised column of one batch."""
    n, columns = rows.shape
    means, variances = rows.mean(axis=0), rows.var(axis=0, ddof=1)
    if columns < 2:
        return means, variances
    prior = _find_prior(means, variances)
    squares = ((rows - means) ** 2).sum(axis=0)
    location, scale = means, variances
    for _ in range(_MAX_STEPS):
        last = location, scale
        weight = n * prior.variance
        location = (weight * means + scale * prior.mean) / (weight + scale)
        residual = squares + n * (means - location) ** 2
        scale = (0.5 * residual + prior.rate) / (0.5 * n + prior.shape - 1) if prior.rate > 0 else variances
        if max(np.abs(location - last[0]).max(), np.abs(scale / last[1] - 1).max()) < _PRECISION:
            break
    return location, scale


def _find_prior(means: Floats, variances: Floats) -> _Prior:
    """Priors by the method of moments; a rate of 0 says that all variances are equal: nothing to shrink."""
    m, v = float(variances.mean()), float(variances.var(ddof=1))
    if v <= 1e-12 * m * m:
        return _Prior(float(means.mean()), float(means.var(ddof=1)), 0.0, 0.0)
    return _Prior(float(means.mean()), float(means.var(ddof=1)), (2 * v + m * m) / v, m * (v + m * m) / v)
