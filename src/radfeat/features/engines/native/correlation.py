"""Features of co-occurrence matrices that may be a quotient or root of mere rounding.

The maximal correlation coefficient (MCC) is the root of the second largest eigenvalue of a matrix Q that is
not symmetric: ``Q[i, j] = sum_k P[i, k] P[j, k] / (px[i] py[k] + eps)``. Without ``eps`` its eigenvalues
are the squared singular values of ``P / sqrt(px py)``, which cost a tenth (``_eigen``); what ``eps`` adds
is a perturbation of first order, known from the singular vectors. Where that does not settle the ninth
digit, Q itself is solved, as PyRadiomics does it, down to the order of its sums.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from radfeat.features.engines.native import _eigen

Reals = npt.NDArray[np.float64]
EPS = float(np.spacing(1))
SMALL = 1e-9
"""Eigenvalues below this are the rounding of the sums before them; their root needs the same sums."""


def average_mcc(pairs: Sequence[Reals], n_levels: int, stack: Callable[[], Reals]) -> float:
    """Mean MCC of co-occurrence matrices (n, n); 1 where the ROI has one grey level.

    NaN where there is no matrix, or one that is empty. ``stack`` gives them as PyRadiomics holds them.
    """
    if any(not matrix.any() for matrix in pairs):
        return float("nan")
    if n_levels < 2:
        return 1.0
    if not pairs:
        return float("nan")
    eigenvalues = [_find_second(matrix) for matrix in pairs]
    if any(map(math.isnan, eigenvalues)):
        return _average_mcc_of_q(stack())
    return float(np.mean(np.sqrt(eigenvalues)))


def _find_second(pairs: Reals) -> float:
    """Second largest eigenvalue of Q; NaN where it is no more than rounding."""
    second = _eigen.find_second_of(pairs)
    if not math.isnan(second):
        return second
    p = pairs / pairs.sum()
    px, py = p.sum(axis=1), p.sum(axis=0)
    rows, columns = px > 0, py > 0
    inside = np.ascontiguousarray(p[np.ix_(rows, columns)])
    q = inside / (np.outer(px[rows], py[columns]) + EPS) @ inside.T
    second = float(np.sort(np.linalg.eigvals(q).real)[-2])
    return math.nan if second < SMALL else second


def stack_as_pyradiomics(every: Sequence[Reals], weights: Reals | None) -> Reals:
    """Matrices (n, n) of all directions as PyRadiomics holds them: (1, n, n, directions), of sum 1 each.

    Down to the order in memory, which decides in which order NumPy adds: PyRadiomics takes empty levels out
    with `numpy.delete`, which turns the axes even where there are none.
    """
    nothing = np.array([], dtype=int)
    p = np.delete(np.delete(np.stack(every, axis=-1)[None], nothing, 1), nothing, 2)
    if weights is not None:
        p = np.sum(p * weights[None, None, None, :], 3, keepdims=True)
    total = np.sum(p, (1, 2))
    if p.shape[3] > 1:
        (empty,) = np.nonzero(np.sum(total, 0) == 0)
        if len(empty):
            p, total = np.delete(p, empty, 3), np.delete(total, empty, 1)
    p /= total[:, None, None, :]
    return p


def _average_mcc_of_q(p: Reals) -> float:
    """MCC by the eigenvalues of Q; a root of less than nothing is NaN and does not count."""
    px, py = p.sum(2, keepdims=True), p.sum(1, keepdims=True)
    q = np.zeros((1, p.shape[1], p.shape[1], p.shape[3]))
    for k in range(p.shape[1]):
        shares = px[:, :, None, 0, :] * py[:, None, :, k, :] + EPS
        q += p[:, :, None, k, :] * p[:, None, :, k, :] / shares
    eigenvalues = np.linalg.eigvals(q.transpose((0, 3, 1, 2)))
    eigenvalues.sort()
    return float(np.nanmean(np.sqrt(eigenvalues[:, :, -2]), 1).real[0])


def measure_by_its_sums(p: Reals, levels: Reals) -> dict[str, float]:
    """Correlation, Imc1 and Imc2 by sums in PyRadiomics' order.

    ``p`` comes from `stack_as_pyradiomics`. For matrices nearly all of whose pairs lie in one row or cell, or
    whose levels are independent: there the three are quotients or roots of the rounding of these sums.
    """
    px, py = p.sum(2, keepdims=True), p.sum(1, keepdims=True)
    joint = -1 * np.sum(p * np.log2(p + EPS), (1, 2))
    apart = -1 * np.sum(px * py * np.log2(px * py + EPS), (1, 2))
    second = (1 - np.e ** (-2 * (apart - joint))) ** 0.5
    second[apart == joint] = 0
    across = -1 * np.sum(p * np.log2(px * py + EPS), (1, 2))
    divisor = np.fmax(*(-1 * np.sum(q * np.log2(q + EPS), (1, 2)) for q in (px, py)))
    first = joint - across
    first[divisor != 0] /= divisor[divisor != 0]
    first[divisor == 0] = 0
    averaged = {"Correlation": _correlate(p, levels), "Imc1": first, "Imc2": second}
    return {name: float(np.nanmean(values)) for name, values in averaged.items()}


def _correlate(p: Reals, levels: Reals) -> Reals:
    i, j = levels[None, :, None, None], levels[None, None, :, None]
    ux, uy = np.sum(i * p, (1, 2), keepdims=True), np.sum(j * p, (1, 2), keepdims=True)
    spread_x = np.sum(p * (i - ux) ** 2, (1, 2), keepdims=True) ** 0.5
    spread_y = np.sum(p * (j - uy) ** 2, (1, 2), keepdims=True) ** 0.5
    together = np.sum(p * (i - ux) * (j - uy), (1, 2), keepdims=True)
    found: Reals = together / (spread_x * spread_y + EPS)
    found[spread_x * spread_y == 0] = 1
    return found
