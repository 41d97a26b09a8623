"""Features from grey level matrices: one visit to each cell that is not 0, and sums over their margins.

The formulas are PyRadiomics', with its ``eps`` in every logarithm.
"""

import numpy as np
from libc.math cimport exp, fabs, log1p, log2, sqrt

cdef double EPS = 2.220446049250313e-16
cdef double LN2 = 0.6931471805599453

PAIR_FEATURES = (
    "Autocorrelation", "JointAverage", "ClusterProminence", "ClusterShade", "ClusterTendency", "Contrast",
    "Correlation", "DifferenceAverage", "DifferenceEntropy", "DifferenceVariance", "JointEnergy",
    "JointEntropy", "Imc1", "Imc2", "Idm", "Idmn", "Id", "Idn", "InverseVariance", "MaximumProbability",
    "SumAverage", "SumEntropy", "SumSquares",
)
"""What `measure_pairs` fills in, in this order; then come mutual information, entropy and spread of the margins."""

SIZE_FEATURES = (
    "small", "large", "level_non_uniformity", "level_non_uniformity_normalised", "size_non_uniformity",
    "size_non_uniformity_normalised", "percentage", "level_variance", "size_variance", "entropy", "low",
    "high", "small_low", "small_high", "large_low", "large_high",
)
"""What `measure_sizes` fills in, in this order."""

TONE_FEATURES = ("Coarseness", "Contrast", "Busyness", "Complexity", "Strength")
"""What `measure_tones` fills in, in this order."""


cdef struct Margins:
    double total
    double mean_x
    double mean_y
    double variance_x
    double variance_y
    double entropy_x
    double entropy_y
    double bare_x
    double bare_y
    double used_x
    double used_y


cdef inline double _entropy(double p) noexcept nogil:
    return -p * log2(p + EPS)


cdef double _sum(const double[:, ::1] pairs) noexcept nogil:
    cdef Py_ssize_t i, j
    cdef double total = 0.0
    for i in range(pairs.shape[0]):
        for j in range(pairs.shape[1]):
            total += pairs[i, j]
    return total


cdef void _collect(
    const double[:, ::1] pairs, const double[::1] levels, double[:, ::1] margins, double[:, ::1] across
) noexcept nogil:
    """Rows and columns (``margins``), sums and differences of levels (``across``)."""
    cdef Py_ssize_t i, j, a, b
    cdef double cell
    for i in range(pairs.shape[0]):
        a = <Py_ssize_t> levels[i]
        for j in range(pairs.shape[1]):
            cell = pairs[i, j]
            if cell == 0.0:
                continue
            b = <Py_ssize_t> levels[j]
            margins[0, i] += cell
            margins[1, j] += cell
            across[0, a + b] += cell
            across[1, a - b if a > b else b - a] += cell


cdef void _divide(double[:, ::1] table, double total) noexcept nogil:
    cdef Py_ssize_t i, k
    for i in range(table.shape[0]):
        for k in range(table.shape[1]):
            table[i, k] /= total


cdef Margins _describe(const double[:, ::1] margins, const double[::1] levels, double total) noexcept nogil:
    cdef Margins m
    cdef Py_ssize_t i
    cdef double x, y
    m.total = total
    m.mean_x = m.mean_y = m.variance_x = m.variance_y = m.entropy_x = m.entropy_y = 0.0
    m.bare_x = m.bare_y = m.used_x = m.used_y = 0.0
    for i in range(levels.shape[0]):
        m.mean_x += levels[i] * margins[0, i]
        m.mean_y += levels[i] * margins[1, i]
    for i in range(levels.shape[0]):
        x, y = margins[0, i], margins[1, i]
        m.variance_x += x * (levels[i] - m.mean_x) * (levels[i] - m.mean_x)
        m.variance_y += y * (levels[i] - m.mean_y) * (levels[i] - m.mean_y)
        m.entropy_x += _entropy(x)
        m.entropy_y += _entropy(y)
        if x > 0.0:
            m.bare_x -= x * log2(x)
            m.used_x += 1.0
        if y > 0.0:
            m.bare_y -= y * log2(y)
            m.used_y += 1.0
    return m


cdef void _visit_cells(
    const double[:, ::1] pairs,
    const double[::1] levels,
    const double[:, ::1] margins,
    Margins* m,
    double* out,
) noexcept nogil:
    """Autocorrelation, energy, entropy, greatest cell, covariance, and what ``eps`` does to the cross
    entropy."""
    cdef Py_ssize_t i, j
    cdef double p, q, auto = 0.0, energy = 0.0, entropy = 0.0, top = 0.0, covariance = 0.0, shift = 0.0
    for i in range(pairs.shape[0]):
        for j in range(pairs.shape[1]):
            if pairs[i, j] == 0.0:
                continue
            p = pairs[i, j] / m.total
            q = margins[0, i] * margins[1, j]
            auto += p * (levels[i] * levels[j])
            energy += p * p
            entropy += _entropy(p)
            top = p if p > top else top
            covariance += p * (levels[i] - m.mean_x) * (levels[j] - m.mean_y)
            shift += p * (EPS / q if q > 1e-6 else log1p(EPS / q))
    out[0], out[1], out[2], out[3], out[4], out[5] = auto, energy, entropy, top, covariance, shift / LN2


cdef void _visit_sums(const double[:, ::1] across, Margins* m, double[::1] out) noexcept nogil:
    cdef Py_ssize_t k
    cdef double p, d, average = 0.0, entropy = 0.0, second = 0.0, third = 0.0, fourth = 0.0
    for k in range(2, across.shape[1]):
        p = across[0, k]
        if p == 0.0:
            continue
        d = k - m.mean_x - m.mean_y
        average += k * p
        entropy += _entropy(p)
        second += p * (d * d)
        third += p * (d * d * d)
        fourth += p * ((d * d) * (d * d))
    out[2], out[3], out[4], out[20], out[21] = fourth, third, second, average, entropy


cdef void _visit_differences(const double[:, ::1] across, double top, double[::1] out) noexcept nogil:
    cdef Py_ssize_t n
    cdef double p, k, average = 0.0, entropy = 0.0, contrast = 0.0, variance = 0.0
    cdef double idm = 0.0, idmn = 0.0, inverse = 0.0, idn = 0.0, reciprocal = 0.0
    for n in range(across.shape[1]):
        p, k = across[1, n], <double> n
        if p == 0.0:
            continue
        average += k * p
        contrast += p * (k * k)
        entropy += _entropy(p)
        idm += p / (1.0 + k * k)
        idmn += p / (1.0 + (k * k) / (top * top))
        inverse += p / (1.0 + k)
        idn += p / (1.0 + k / top)
        if n > 0:
            reciprocal += p / (k * k)
    for n in range(across.shape[1]):
        variance += across[1, n] * (n - average) * (n - average)
    out[5], out[7], out[8], out[9] = contrast, average, entropy, variance
    out[14], out[15], out[16], out[17], out[18] = idm, idmn, inverse, idn, reciprocal


def measure_pairs(
    const double[:, ::1] pairs, const double[::1] levels, double top, double[:, ::1] margins, double[::1] out
):
    """Fill ``out`` with `PAIR_FEATURES` and what they divide by, ``margins`` with those of the
    matrix.

    ``pairs`` (n, n) need not add up to 1; ``levels`` (n) are the levels of its rows, ``top`` is the
    greatest level of the ROI. All is NaN where the matrix is empty.
    """
    cdef double total = _sum(pairs), second, product
    cdef double cells[6]
    cdef Margins m
    if total == 0.0:
        out[:] = float("nan")
        if levels.shape[0] == 1:
            out[18] = 0.0  # a sum over no differences at all
        return
    table = np.zeros((2, 2 * <Py_ssize_t> top + 1))
    cdef double[:, ::1] across = table
    margins[:, :] = 0.0
    _collect(pairs, levels, margins, across)
    _divide(margins, total)
    _divide(across, total)
    m = _describe(margins, levels, total)
    _visit_cells(pairs, levels, margins, &m, cells)
    _visit_sums(across, &m, out)
    _visit_differences(across, top, out)
    product = sqrt(m.variance_x) * sqrt(m.variance_y)
    out[0], out[1], out[22] = cells[0], m.mean_x, m.variance_x
    out[6] = 1.0 if product == 0.0 else cells[4] / (product + EPS)
    out[10], out[11], out[19] = cells[1], cells[2], cells[3]
    second = m.bare_x + m.bare_y - EPS * m.used_x * m.used_y / LN2 - cells[2]
    out[12], out[13] = _correlate_first(&m, cells), _correlate_second(&m, second)
    out[23], out[24], out[25] = second, max(m.entropy_x, m.entropy_y), product


cdef double _correlate_first(Margins* m, double* cells) noexcept nogil:
    cdef double divisor = m.entropy_x if m.entropy_x > m.entropy_y else m.entropy_y
    if divisor == 0.0 or (m.used_x == 1.0 and m.used_y == 1.0):
        return 0.0
    return (cells[2] - (m.bare_x + m.bare_y - cells[5])) / divisor


cdef double _correlate_second(Margins* m, double information) noexcept nogil:
    if m.used_x == 1.0 and m.used_y == 1.0:
        return 0.0
    return sqrt(1.0 - exp(-2.0 * information))


def measure_sizes(
    const int[::1] rows,
    const int[::1] columns,
    const double[::1] counts,
    const double[::1] levels,
    const double[::1] sizes,
    double[::1] out,
):
    """Fill ``out`` with `SIZE_FEATURES` of a sparse matrix of levels by sizes.

    Cell k holds ``counts[k]`` runs, zones or voxels of level ``levels[rows[k]]`` and size
    ``sizes[columns[k]]``.
    """
    by_level_array, by_size_array = np.zeros(levels.shape[0]), np.zeros(sizes.shape[0])
    cdef double[::1] by_level = by_level_array, by_size = by_size_array
    cdef double n = 0.0, p, i2, j2
    cdef double mixed[5]
    cdef Py_ssize_t k
    for k in range(5):
        mixed[k] = 0.0
    for k in range(counts.shape[0]):
        by_level[rows[k]] += counts[k]
        by_size[columns[k]] += counts[k]
        n += counts[k]
    for k in range(counts.shape[0]):
        p = counts[k]
        i2, j2 = levels[rows[k]] * levels[rows[k]], sizes[columns[k]] * sizes[columns[k]]
        mixed[0] += p / (i2 * j2)
        mixed[1] += p * i2 / j2
        mixed[2] += p * j2 / i2
        mixed[3] += p * (i2 * j2)
        mixed[4] += _entropy(p / n)
    for k in range(4):
        out[12 + k] = mixed[k] / n
    out[9] = mixed[4]
    _measure_margin(by_size, sizes, n, &out[0], &out[1], &out[4], &out[5], &out[8])
    _measure_margin(by_level, levels, n, &out[10], &out[11], &out[2], &out[3], &out[7])
    p = 0.0
    for k in range(sizes.shape[0]):
        p += by_size[k] * sizes[k]
    out[6] = n / p


def measure_dense_sizes(
    const double[:, ::1] matrix, const double[::1] levels, const double[::1] sizes, double[::1] out
):
    """`measure_sizes` of a whole matrix (levels, sizes)."""
    cdef Py_ssize_t i, j, n = 0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            n += matrix[i, j] != 0.0
    places, cells = np.empty((2, n), np.int32), np.empty(n)
    cdef int[:, ::1] at = places
    cdef double[::1] counts = cells
    n = 0
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            if matrix[i, j] != 0.0:
                at[0, n], at[1, n], counts[n] = i, j, matrix[i, j]
                n += 1
    measure_sizes(at[0], at[1], counts, levels, sizes, out)


cdef void _measure_margin(
    const double[::1] counts,
    const double[::1] values,
    double n,
    double* inverse,
    double* square,
    double* uniformity,
    double* normalised,
    double* variance,
) noexcept nogil:
    cdef Py_ssize_t k
    cdef double c, v, mean = 0.0
    inverse[0] = square[0] = uniformity[0] = variance[0] = 0.0
    for k in range(values.shape[0]):
        c, v = counts[k], values[k]
        inverse[0] += c / (v * v)
        square[0] += c * (v * v)
        uniformity[0] += c * c
        mean += c / n * v
    for k in range(values.shape[0]):
        variance[0] += counts[k] / n * (values[k] - mean) * (values[k] - mean)
    inverse[0] /= n
    square[0] /= n
    normalised[0] = uniformity[0] / (n * n)
    uniformity[0] /= n


def measure_tones(
    const double[::1] counts, const double[::1] differences, const double[::1] levels, double[::1] out
):
    """Fill ``out`` with `TONE_FEATURES`; ``counts`` and ``differences`` are those of the ``levels`` that
    occur."""
    cdef Py_ssize_t a, b, n = levels.shape[0]
    cdef double voxels = 0.0, tone = 0.0, weighted = 0.0
    cdef double contrast = 0.0, busy = 0.0, complexity = 0.0, strength = 0.0, pa, pb, gap
    for a in range(n):
        voxels += counts[a]
        tone += differences[a]
    for a in range(n):
        weighted += counts[a] / voxels * differences[a]
    for a in range(n):
        pa = counts[a] / voxels
        for b in range(n):
            pb = counts[b] / voxels
            gap = levels[a] - levels[b]
            contrast += pa * pb * (gap * gap)
            busy += fabs(levels[a] * pa - levels[b] * pb)
            complexity += fabs(gap) * (pa * differences[a] + pb * differences[b]) / (pa + pb)
            strength += (pa + pb) * (gap * gap)
    out[0] = 1.0 / weighted if weighted != 0.0 else 1e6
    out[1] = contrast * tone / voxels / (<double> n * (n - 1)) if n > 1 else 0.0
    out[2] = weighted / busy if busy != 0.0 else 0.0
    out[3] = complexity / voxels
    out[4] = strength / tone if tone != 0.0 else 0.0
