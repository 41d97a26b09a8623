"""Two features of co-occurrence matrices that end in the square root of a difference.

The maximal correlation coefficient (MCC) is the root of the second largest eigenvalue of a matrix Q that is
not symmetric: ``Q[i, j] = sum_k P[i, k] P[j, k] / (px[i] py[k] + eps)``. Without ``eps`` its eigenvalues
are the squared singular values of ``P / sqrt(px py)``, which cost a tenth (``_eigen``); what ``eps`` adds
is a perturbation of first order, known from the singular vectors. Where that does not settle the ninth
digit, Q itself is solved, as PyRadiomics does it, down to the order of its sums.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from radfeat.features.engines.native import _eigen

Reals = npt.NDArray[np.float64]
EPS = float(np.spacing(1))
SMALL = 1e-9
"""Eigenvalues below this are the rounding of the sums before them; their root needs the same sums."""


def average_mcc(pairs: Sequence[Reals], n_levels: int) -> float:
    """Mean MCC of co-occurrence matrices (n, n); 1 where the ROI has one grey level.

    NaN where there is no matrix, or one that is empty.
    """
    if any(not matrix.any() for matrix in pairs):
        return float("nan")
    if n_levels < 2:
        return 1.0
    if not pairs:
        return float("nan")
    eigenvalues = [_find_second(matrix / matrix.sum()) for matrix in pairs]
    if any(map(math.isnan, eigenvalues)):
        return _average_mcc_of_q(_stack(pairs))
    return float(np.mean(np.sqrt(eigenvalues)))


def _find_second(p: Reals) -> float:
    """Second largest eigenvalue of Q; NaN where it is no more than rounding."""
    px, py = p.sum(axis=1), p.sum(axis=0)
    rows, columns = px > 0, py > 0
    inside = np.ascontiguousarray(p[np.ix_(rows, columns)])
    if len(inside) < 2:
        return 0.0
    second = _eigen.find_second(inside, px[rows], py[columns])
    if not math.isnan(second):
        return second
    q = inside / (np.outer(px[rows], py[columns]) + EPS) @ inside.T
    second = float(np.sort(np.linalg.eigvals(q).real)[-2])
    return math.nan if second < SMALL else second


def _stack(pairs: Sequence[Reals]) -> Reals:
    """Matrices as PyRadiomics holds them: (1, n, n, directions), each divided by its sum."""
    stacked = np.stack(pairs, axis=-1)[None]
    divided: Reals = stacked / np.sum(stacked, (1, 2))[:, None, None, :]
    return divided


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


def average_second_correlation(pairs: Sequence[Reals]) -> float:
    """Mean Imc2 by sums in PyRadiomics' order, for matrices of which one is close to independent."""
    p = _stack(pairs)
    px, py = p.sum(2, keepdims=True), p.sum(1, keepdims=True)
    joint = -1 * np.sum(p * np.log2(p + EPS), (1, 2))
    apart = -1 * np.sum(px * py * np.log2(px * py + EPS), (1, 2))
    value = (1 - np.e ** (-2 * (apart - joint))) ** 0.5
    value[apart == joint] = 0
    return float(np.nanmean(value, 1)[0])
