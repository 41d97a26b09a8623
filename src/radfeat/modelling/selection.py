"""In-fold steps before the model. Each learns from the training rows only, and none sees an outcome."""

from typing import Self

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from radfeat.modelling.outcomes import Floats, Indices
from radfeat.modelling.predictors import is_near_constant
from radfeat.modelling.stratified import find_independent


class NearConstantFilter(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Drop columns in which one value has at least ``share`` of the training rows.

    ``kept_`` holds the indices of the columns that stay. If none varies the first stays, so that the steps
    after it have a column to work on; being constant, it gets no coefficient.
    """

    def __init__(self, share: float = 0.9) -> None:
        self.share = share

    def fit(self, X: Floats, y: object = None) -> Self:
        """Find the columns that vary."""
        kept = np.flatnonzero(~is_near_constant(X, self.share))
        self.kept_: Indices = kept if len(kept) else np.zeros(1, dtype=np.intp)
        return self

    def transform(self, X: Floats) -> Floats:
        """The columns that vary in the training rows."""
        check_is_fitted(self)
        return X[:, self.kept_]


class IndependentColumns(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Drop columns that are constant in the training rows, or a combination of those before.

    As R drops an aliased term, so that an unpenalised regression of the others has an estimate. ``kept_``
    holds the indices of the columns that stay; if none varies the first.
    """

    def fit(self, X: Floats, y: object = None) -> Self:
        """Find the columns that say something of their own."""
        varying = NearConstantFilter(1.0).fit(X).kept_
        scaled = StandardScaler().fit_transform(X[:, varying])
        own = find_independent(list(scaled.T), np.ones((len(X), 1)))
        self.kept_: Indices = varying[own] if own else varying[:1]
        return self

    def transform(self, X: Floats) -> Floats:
        """The columns that say something of their own."""
        check_is_fitted(self)
        return X[:, self.kept_]


class RobustAsinh(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """``asinh((x - median) / scale)``, scale being the interquartile range / 1.349.

    Linear in the middle and logarithmic in both tails: a skewed or heavy-tailed feature loses its leverage,
    whatever its sign, unit or origin. It is monotone, has a closed form, and needs no optimiser as
    Yeo-Johnson does. Where the interquartile range is zero, the standard deviation is the scale.
    """

    def fit(self, X: Floats, y: object = None) -> Self:
        """Learn median and scale of each column."""
        lower, self.centre_, upper = np.percentile(X, [25, 50, 75], axis=0)
        spread = (upper - lower) / 1.349
        deviation = X.std(axis=0)
        flat = spread <= 1e-10 * deviation
        self.scale_: Floats = np.where(flat, np.where(deviation > 0, deviation, 1.0), spread)
        return self

    def transform(self, X: Floats) -> Floats:
        """Transform each column."""
        check_is_fitted(self)
        transformed: Floats = np.arcsinh((X - self.centre_) / self.scale_)
        return transformed


class ClusterRepresentatives(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Keep one column of each cluster of correlated columns, blind to outcome.

    Complete linkage: within a cluster every absolute Pearson correlation (of transformed columns) is at least
    ``correlation``. The representative is the column with the greatest mean absolute correlation with the
    rest of its cluster, the first of them where several have it. ``kept_`` holds the representatives in
    column order, ``labels_`` the cluster (from 1, in order of the representatives) of every column.
    """

    def __init__(self, correlation: float = 0.9) -> None:
        self.correlation = correlation

    def fit(self, X: Floats, y: object = None) -> Self:
        """Find clusters and representatives."""
        likeness = _absolute_correlations(X)
        raw = _cluster(likeness, self.correlation)
        kept = sorted(_find_medoid(likeness, members) for members in _list_members(raw))
        self.kept_: Indices = np.array(kept, dtype=np.intp)
        number = {int(raw[column]): n for n, column in enumerate(kept, start=1)}
        self.labels_: Indices = np.array([number[int(label)] for label in raw], dtype=np.intp)
        return self

    def transform(self, X: Floats) -> Floats:
        """The representatives."""
        check_is_fitted(self)
        return X[:, self.kept_]


def _absolute_correlations(X: Floats) -> Floats:
    centred = X - X.mean(axis=0)
    norms = np.sqrt((centred**2).sum(axis=0))
    unit = centred / np.where(norms > 0, norms, 1.0)
    # Rounded, so that the last bits of a sum cannot choose between equals.
    likeness: Floats = np.round(np.minimum(np.abs(unit.T @ unit), 1.0), 10)
    return likeness


def _cluster(likeness: Floats, correlation: float) -> Indices:
    columns = len(likeness)
    if columns < 2:
        return np.ones(columns, dtype=np.intp)
    distances = 1.0 - np.concatenate([likeness[i, i + 1 :] for i in range(columns - 1)])
    tree = linkage(distances, method="complete")
    return np.asarray(fcluster(tree, t=1.0 - correlation + 1e-9, criterion="distance"), dtype=np.intp)


def _list_members(labels: Indices) -> list[Indices]:
    """Columns of each cluster, ascending."""
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.diff(labels[order])) + 1
    return np.split(order, starts)


def _find_medoid(likeness: Floats, members: Indices) -> int:
    if len(members) == 1:
        return int(members[0])
    sums = likeness[np.ix_(members, members)].sum(axis=0).round(8)
    return int(members[int(np.argmax(sums))])
