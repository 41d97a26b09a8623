"""The second largest eigenvalue behind the maximal correlation coefficient, in plain sums: no library
decides their order.

Householder's reduction to three diagonals, Sturm's count of the eigenvalues below a number, halving of the
interval, one vector by inverse iteration (Golub GH, Van Loan CF. Matrix computations, chapters 8.3 and
8.4).
"""

import numpy as np
from libc.math cimport fabs, sqrt

cdef double EPS = 2.220446049250313e-16
cdef double SETTLED = 1e-11
"""Error of an eigenvalue that is put up with."""
cdef double SMALL = 1e-9
"""Eigenvalues below this are the rounding of the sums before them: their root must come from the same
sums."""


cdef int TO_THE_LAST_DIGIT = 100
cdef int ROUGHLY = 24
"""Halvings of the interval that an eigenvalue lies in."""


cdef void _reduce(double[:, ::1] a, double[::1] diagonal, double[::1] beside, double[::1] scales, double[::1] p) noexcept:
    """Three diagonals of a symmetric matrix, whose lower part is overwritten with the reflectors."""
    cdef Py_ssize_t n = a.shape[0], k, i, j
    cdef double norm, alpha, half, total, vi, pi
    for k in range(n - 1):
        diagonal[k] = a[k, k]
        norm = 0.0
        for i in range(k + 1, n):
            norm += a[i, k] * a[i, k]
        alpha = -sqrt(norm) if a[k + 1, k] > 0 else sqrt(norm)
        beside[k] = alpha
        scales[k] = 0.0
        norm -= alpha * a[k + 1, k]
        if norm == 0.0:
            continue
        a[k + 1, k] -= alpha
        scales[k] = 1.0 / norm
        for i in range(k + 1, n):
            p[i] = 0.0
        for i in range(k + 1, n):
            total, vi = 0.0, a[i, k]
            for j in range(k + 1, i):
                total += a[i, j] * a[j, k]
                p[j] += a[i, j] * vi
            p[i] += total + a[i, i] * vi
        half = 0.0
        for i in range(k + 1, n):
            p[i] *= scales[k]
            half += p[i] * a[i, k]
        half *= 0.5 * scales[k]
        for i in range(k + 1, n):
            p[i] -= half * a[i, k]
        for i in range(k + 1, n):
            vi, pi = a[i, k], p[i]
            for j in range(k + 1, i + 1):
                a[i, j] -= vi * p[j] + pi * a[j, k]
    diagonal[n - 1] = a[n - 1, n - 1]
    beside[n - 1] = 0.0


cdef Py_ssize_t _count_below(const double[::1] diagonal, const double[::1] beside, double x) noexcept:
    """How many eigenvalues of three diagonals lie below a number."""
    cdef Py_ssize_t i, below = 0
    cdef double pivot = 1.0
    for i in range(diagonal.shape[0]):
        pivot = diagonal[i] - x - (beside[i - 1] * beside[i - 1] / pivot if i else 0.0)
        if fabs(pivot) < 1e-300:
            pivot = -1e-300
        below += pivot < 0
    return below


cdef double _find_from_top(
    const double[::1] diagonal, const double[::1] beside, Py_ssize_t rank, int halvings
) noexcept:
    """The largest eigenvalue (rank 0), the second (1), ...; those of a correlation lie from 0 to 1."""
    cdef Py_ssize_t n = diagonal.shape[0], i
    cdef double low = -1e-12, high = 1.0 + 1e-9, middle
    for i in range(halvings):
        middle = 0.5 * (low + high)
        if middle == low or middle == high:
            break
        if n - _count_below(diagonal, beside, middle) > rank:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


cdef void _find_vector(
    const double[::1] diagonal, const double[::1] beside, double value, double[::1] vector, double[:, ::1] work
) noexcept:
    """A unit eigenvector of three diagonals by inverse iteration; ``work`` is (4, n)."""
    cdef Py_ssize_t n = diagonal.shape[0], i, turn
    cdef double factor, norm
    for i in range(n):
        vector[i] = 1.0 + 0.1 * (i % 7)
    for turn in range(3):
        # Rows of three numbers from the diagonal on, eliminated with row exchanges.
        for i in range(n):
            work[0, i], work[1, i], work[2, i] = diagonal[i] - value, beside[i], 0.0
        for i in range(n - 1):
            if fabs(beside[i]) > fabs(work[0, i]):
                factor = work[0, i] / beside[i]
                work[0, i], work[3, i] = beside[i], factor
                norm = work[1, i]
                work[1, i], work[2, i] = work[0, i + 1], work[1, i + 1]
                work[0, i + 1], work[1, i + 1] = norm - factor * work[1, i], -factor * work[2, i]
                norm = vector[i]
                vector[i] = vector[i + 1]
                vector[i + 1] = norm - factor * vector[i]
            else:
                factor = beside[i] / work[0, i] if work[0, i] != 0.0 else 0.0
                work[0, i + 1] -= factor * work[1, i]
                vector[i + 1] -= factor * vector[i]
        norm = 0.0
        for i in range(n - 1, -1, -1):
            factor = vector[i]
            factor -= work[1, i] * vector[i + 1] if i + 1 < n else 0.0
            factor -= work[2, i] * vector[i + 2] if i + 2 < n else 0.0
            vector[i] = factor / (work[0, i] if fabs(work[0, i]) > EPS * 1e-3 else EPS * 1e-3)
            norm += vector[i] * vector[i]
        norm = sqrt(norm)
        for i in range(n):
            vector[i] /= norm


cdef void _turn_back(const double[:, ::1] a, const double[::1] scales, double[::1] vector) noexcept:
    """An eigenvector of the matrix from one of its three diagonals."""
    cdef Py_ssize_t n = a.shape[0], k, i
    cdef double share
    for k in range(n - 2, -1, -1):
        share = 0.0
        for i in range(k + 1, n):
            share += a[i, k] * vector[i]
        share *= scales[k]
        for i in range(k + 1, n):
            vector[i] -= share * a[i, k]


def find_second_of(const double[:, ::1] pairs):
    """`find_second` of a square matrix of counts, without its empty rows and columns; 0 where one row is left."""
    cdef Py_ssize_t n = pairs.shape[0], i, j, rows = 0, columns = 0
    cdef double total = 0.0
    margins, places = np.zeros((4, n)), np.empty((2, n), np.int64)
    cdef double[:, ::1] sums = margins
    cdef long long[:, ::1] kept = places
    for i in range(n):
        for j in range(n):
            sums[0, i] += pairs[i, j]
            sums[1, j] += pairs[i, j]
    for i in range(n):
        total += sums[0, i]
    for i in range(n):
        if sums[0, i] > 0.0:
            kept[0, rows], sums[2, rows] = i, sums[0, i] / total
            rows += 1
        if sums[1, i] > 0.0:
            kept[1, columns], sums[3, columns] = i, sums[1, i] / total
            columns += 1
    if rows < 2:
        return 0.0
    shares = np.empty((rows, columns))
    cdef double[:, ::1] p = shares
    for i in range(rows):
        for j in range(columns):
            p[i, j] = pairs[kept[0, i], kept[1, j]] / total
    return find_second(p, sums[2, :rows], sums[3, :columns])


def find_second(const double[:, ::1] p, const double[::1] px, const double[::1] py):
    """Second largest eigenvalue of ``Q[i, j] = sum_k P[i, k] P[j, k] / (px[i] py[k] + eps)``; NaN where not
    settled.

    ``p`` (n, m) adds up to 1 and has the margins ``px`` and ``py``, none of which is 0; n is 2 or more.
    """
    cdef Py_ssize_t n = p.shape[0], m = p.shape[1], i, j, k
    cdef double first, second, third, gap, shift, least = 1.0, total, cell, change = 0.0
    matrix, scaled_array = np.zeros((n, n)), np.empty((n, m))
    vectors, scratch = np.zeros((5, n)), np.zeros((4, n))
    cdef double[:, ::1] a = matrix, scaled = scaled_array, work = scratch
    cdef double[::1] diagonal = vectors[0], beside = vectors[1], scales = vectors[2], free = vectors[3], u = vectors[4]
    for i in range(n):
        for k in range(m):
            scaled[i, k] = p[i, k] / sqrt(px[i] * py[k])
            if p[i, k] > 0.0 and px[i] * py[k] < least:
                least = px[i] * py[k]
    for i in range(n):
        for j in range(i + 1):
            total = 0.0
            for k in range(m):
                total += scaled[i, k] * scaled[j, k]
            a[i, j] = total
    _reduce(a, diagonal, beside, scales, free)
    second = _find_from_top(diagonal, beside, 1, TO_THE_LAST_DIGIT)
    first = _find_from_top(diagonal, beside, 0, ROUGHLY)
    third = _find_from_top(diagonal, beside, 2, ROUGHLY) if n > 2 else 0.0
    gap = first - second if first - second < second - third else second - third
    shift = EPS / least
    if second < SMALL or (shift > SETTLED and shift * shift > SETTLED * gap):
        return float("nan")
    if shift < 1e-14:
        return second
    _find_vector(diagonal, beside, second, u, work)
    _turn_back(a, scales, u)
    for k in range(m):
        total = 0.0
        for j in range(n):
            total += p[j, k] * u[j] / sqrt(px[j])
        for i in range(n):
            if p[i, k] > 0.0:
                cell = px[i] * py[k]
                change += sqrt(px[i]) * u[i] * p[i, k] / (cell * (cell + EPS)) * total
    return second - EPS * change
