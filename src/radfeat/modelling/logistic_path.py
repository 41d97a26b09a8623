"""Logistic elastic net along a path of penalties, with columns that no penalty touches.

Written here because scikit-learn's solver for it (saga) takes 80 % of the time of a whole run and stops at
1e-3; tests hold this one to saga at its tightest and to R's glmnet.
"""

from dataclasses import dataclass, replace

import numpy as np
from sklearn import config_context
from sklearn.linear_model import enet_path

from radfeat.modelling.outcomes import Flags, Floats, Indices

_MAX_STEPS = 100
_PRECISION = 1e-12
_LEAST_SHARE = 1e-10
"""Free columns whose part of their own is less than this share repeat each other but for rounding."""

_LEAST_WEIGHT = 1e-6
"""Rows predicted with certainty keep this weight, so that the quadratic model stays bounded."""


@dataclass(frozen=True, eq=False, slots=True)
class LogisticPath:
    """``coefficients`` (columns x penalties) and ``free`` (free columns x penalties).

    ``unconverged`` counts penalties at which Newton's method stopped short.
    """

    coefficients: Floats
    free: Floats
    unconverged: int


@dataclass(frozen=True, eq=False, slots=True)
class _Problem:
    """Penalised columns ``X``, free columns ``Z`` (an intercept among them), labels 0 or 1."""

    X: Floats
    Z: Floats
    labels: Floats
    l1_ratio: float

    def narrow(self, columns: Indices) -> "_Problem":
        """The same problem with some of the penalised columns."""
        return replace(self, X=self.X[:, columns])

    def objective(self, penalty: float, beta: Floats, free: Floats) -> float:
        """Mean negative log-likelihood plus penalty."""
        predictor = self.X @ beta + self.Z @ free
        loss = float((np.logaddexp(0.0, predictor) - self.labels * predictor).mean())
        lasso, ridge = float(np.abs(beta).sum()), float(beta @ beta)
        return loss + penalty * (self.l1_ratio * lasso + 0.5 * (1 - self.l1_ratio) * ridge)

    def gradient(self, predictor: Floats) -> Floats:
        """Gradient of the log-likelihood at each penalised column, per row."""
        slope: Floats = self.X.T @ (self.labels - _chance(predictor)) / len(self.X)
        return slope


def fit_logistic_path(
    X: Floats, Z: Floats, labels: Flags, penalties: Floats, l1_ratio: float
) -> LogisticPath:
    """Minimise mean log loss + penalty (l1_ratio |b| + (1 - l1_ratio) b^2 / 2) at each descending penalty.

    Newton's method: each step fits a weighted least-squares elastic net by coordinate descent
    (scikit-learn's ``enet_path``) on a working set of columns, with ``Z`` projected out; the set grows until
    no column outside it has a gradient above the lasso part of the penalty.

    Reference: Friedman, Hastie and Tibshirani, J Stat Softw 2010; 33:1. Tibshirani et al., J R Stat Soc B
    2012; 74:245 (which columns to begin with).
    """
    with config_context(skip_parameter_validation=True):
        return _follow_path(_Problem(np.asfortranarray(X), Z, labels.astype(np.float64), l1_ratio), penalties)


def _follow_path(problem: _Problem, penalties: Floats) -> LogisticPath:
    beta, free = np.zeros(problem.X.shape[1]), np.zeros(problem.Z.shape[1])
    _, free, _ = _minimise(problem.narrow(np.empty(0, dtype=np.intp)), 0.0, np.empty(0), free)
    last = float(np.abs(problem.gradient(problem.Z @ free)).max(initial=0.0)) / problem.l1_ratio
    found: list[tuple[Floats, Floats]] = []
    unconverged = 0
    for penalty in penalties.tolist():
        beta, free, converged = _fit_penalty(problem, penalty, last, beta, free)
        found.append((beta, free))
        unconverged += not converged
        last = penalty
    return LogisticPath(np.array([b for b, _ in found]).T, np.array([f for _, f in found]).T, unconverged)


def _fit_penalty(
    problem: _Problem, penalty: float, last: float, beta: Floats, free: Floats
) -> tuple[Floats, Floats, bool]:
    slope = np.abs(problem.gradient(problem.X @ beta + problem.Z @ free))
    working = (beta != 0) | (slope >= problem.l1_ratio * (2 * penalty - last))
    for _ in range(_MAX_STEPS):
        columns = np.flatnonzero(working)
        narrow = problem.narrow(columns)
        some, free, converged = _minimise(narrow, penalty, beta[columns], free)
        beta = np.zeros_like(beta)
        beta[columns] = some
        slope = np.abs(problem.gradient(narrow.X @ some + problem.Z @ free))
        missed = (slope > penalty * problem.l1_ratio + 1e-9) & ~working
        if not missed.any():
            return beta, free, converged
        working |= missed
    return beta, free, False


def _minimise(problem: _Problem, penalty: float, beta: Floats, free: Floats) -> tuple[Floats, Floats, bool]:
    """Newton's method, each step to the minimum of a quadratic model of the objective."""
    value = problem.objective(penalty, beta, free)
    for _ in range(_MAX_STEPS):
        target = _step(problem, penalty, beta, free)
        beta, free, new = _line_search(problem, penalty, (beta, free), target, value)
        if value - new <= _PRECISION * abs(value):
            return beta, free, True
        value = new
    return beta, free, False


def _step(problem: _Problem, penalty: float, beta: Floats, free: Floats) -> tuple[Floats, Floats]:
    """Minimum of the quadratic model of the objective about the current coefficients."""
    predictor = problem.X @ beta + problem.Z @ free
    chance = _chance(predictor)
    root = np.sqrt(np.maximum(chance * (1 - chance), _LEAST_WEIGHT))
    response = root * predictor + (problem.labels - chance) / root
    basis, solve = _decompose(root[:, None] * problem.Z)
    if len(beta):
        columns = root[:, None] * problem.X
        rest = np.asfortranarray(columns - basis @ (basis.T @ columns))
        explained = basis @ (basis.T @ response)
        beta = _solve_lasso(rest, response - explained, penalty, problem.l1_ratio, beta)
        response = response - columns @ beta
    return beta, solve @ (basis.T @ response)


def _decompose(columns: Floats) -> tuple[Floats, Floats]:
    """An orthonormal basis of what the columns span, and what turns a vector's part in it into coefficients.

    Free columns may repeat each other, or hold zeros alone, in the rows of an inner fold: of the coefficients
    that fit alike it gives the smallest.
    """
    left, sizes, right = np.linalg.svd(columns, full_matrices=False)
    held = sizes > _LEAST_SHARE * sizes[0]
    return left[:, held], (right[held] / sizes[held, None]).T


def _solve_lasso(columns: Floats, response: Floats, penalty: float, l1_ratio: float, start: Floats) -> Floats:
    _, path, _ = enet_path(
        columns,
        response,
        l1_ratio=l1_ratio,
        alphas=[penalty],
        coef_init=start,
        precompute=False,
        tol=1e-12,
        max_iter=10_000,
        check_input=False,
    )
    return np.asarray(path[:, 0], dtype=np.float64)


def _line_search(
    problem: _Problem,
    penalty: float,
    start: tuple[Floats, Floats],
    target: tuple[Floats, Floats],
    value: float,
) -> tuple[Floats, Floats, float]:
    """Go to the target, or half-way there until the objective does not rise."""
    share = 1.0
    for _ in range(30):
        beta, free = (a + share * (b - a) if share < 1 else b for a, b in zip(start, target, strict=True))
        new = problem.objective(penalty, beta, free)
        if new <= value:
            return beta, free, new
        share /= 2
    return *start, value


def _chance(predictor: Floats) -> Floats:
    chance: Floats = 1.0 / (1.0 + np.exp(-np.clip(predictor, -500, 500)))
    return chance
