"""Sums over the intensities of an ROI, paired as NumPy pairs them, so that they round as NumPy's do."""

import numpy as np

from libc.math cimport fabs

ctypedef fused real:
    short
    float
    double

cdef struct Terms:
    double shift
    double centre
    double lower
    double upper

ctypedef double (*Term)(double, const Terms*) noexcept nogil


cdef double _plain(double x, const Terms* t) noexcept nogil:
    return x


cdef double _energy(double x, const Terms* t) noexcept nogil:
    return (x + t.shift) * (x + t.shift)


cdef double _deviation(double x, const Terms* t) noexcept nogil:
    return fabs(x - t.centre)


cdef double _second(double x, const Terms* t) noexcept nogil:
    cdef double d = x - t.centre
    return d * d


cdef double _third(double x, const Terms* t) noexcept nogil:
    cdef double d = x - t.centre
    return d * d * d


cdef double _fourth(double x, const Terms* t) noexcept nogil:
    cdef double d = x - t.centre
    return (d * d) * (d * d)


cdef double _inner(double x, const Terms* t) noexcept nogil:
    return x if t.lower <= x <= t.upper else 0.0


cdef double _inner_deviation(double x, const Terms* t) noexcept nogil:
    return fabs(x - t.centre) if t.lower <= x <= t.upper else 0.0


cdef double _pairwise(const real* x, Py_ssize_t n, Term term, const Terms* t) noexcept nogil:
    """Halves down to 128 terms, those in eight interleaved sums: the rounding grows with log n."""
    cdef Py_ssize_t i, k, half
    cdef double r[8]
    cdef double total = 0.0
    if n < 8:
        for i in range(n):
            total += term(<double> x[i], t)
        return total
    if n <= 128:
        for k in range(8):
            r[k] = term(<double> x[k], t)
        i = 8
        while i < n - n % 8:
            for k in range(8):
                r[k] += term(<double> x[i + k], t)
            i += 8
        total = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]))
        while i < n:
            total += term(<double> x[i], t)
            i += 1
        return total
    half = n // 2
    half -= half % 8
    return _pairwise(x, half, term, t) + _pairwise(x + half, n - half, term, t)


def sum_values(const real[::1] values, double shift):
    """Sums of the values, and of their squares after a shift; the least and the greatest value."""
    cdef Terms t = Terms(shift, 0.0, 0.0, 0.0)
    cdef Py_ssize_t n = values.shape[0], i
    cdef real low = values[0], high = values[0]
    for i in range(n):
        low = values[i] if values[i] < low else low
        high = values[i] if values[i] > high else high
    return (
        _pairwise(&values[0], n, _plain, &t),
        _pairwise(&values[0], n, _energy, &t),
        <double> low,
        <double> high,
    )


def sum_deviations(const real[::1] values, double centre):
    """Sums of the absolute deviations from a centre, and of their powers 2, 3 and 4."""
    cdef Terms t = Terms(0.0, centre, 0.0, 0.0)
    cdef Py_ssize_t n = values.shape[0]
    return (
        _pairwise(&values[0], n, _deviation, &t),
        _pairwise(&values[0], n, _second, &t),
        _pairwise(&values[0], n, _third, &t),
        _pairwise(&values[0], n, _fourth, &t),
    )


def average_deviation_within(const real[::1] values, double lower, double upper):
    """Mean absolute deviation, from their own mean, of the values from ``lower`` to ``upper``."""
    cdef Terms t = Terms(0.0, 0.0, lower, upper)
    cdef Py_ssize_t n = values.shape[0], i, inside = 0
    for i in range(n):
        inside += lower <= <double> values[i] <= upper
    if inside == 0:
        return float("nan")
    t.centre = _pairwise(&values[0], n, _inner, &t) / inside
    return _pairwise(&values[0], n, _inner_deviation, &t) / inside


def count_not_finite(const real[::1] values):
    """Number of values that are not finite."""
    cdef Py_ssize_t i, n = 0
    if real is not short:
        for i in range(values.shape[0]):
            n += not (values[i] - values[i] == 0)
    return n


def tally(const short[::1] values, int low, int high):
    """How often each whole number from ``low`` to ``high`` occurs; all values lie between them."""
    counts = np.zeros(high - low + 1, np.int64)
    cdef long long[::1] out = counts
    cdef Py_ssize_t i
    for i in range(values.shape[0]):
        out[values[i] - low] += 1
    return counts
