"""Sums over the intensities of an ROI, paired as NumPy pairs them, so that they round as NumPy's do."""

import numpy as np

ctypedef fused real:
    float
    double

ctypedef fused number:
    short
    float
    double

cdef extern from *:
    """
    #include <math.h>
    #include <stddef.h>
    /* Sums of M terms of every value x and of a, b and c: halves down to 128 values, those in eight sums that
       take turns. BODY names each term with its number. */
    #define RADFEAT_SET(m, e) s[m][k] = (e);
    #define RADFEAT_ADD(m, e) s[m][k] += (e);
    #define RADFEAT_END(m, e) out[m] += (e);
    #define RADFEAT_SUMS(NAME, TYPE, M, BODY)                                                      \
    static void NAME(const TYPE* v, size_t n, double a, double b, double c, double* out) {         \
        double s[M][8], right[M];                                                                  \
        size_t i = 0, k, m;                                                                        \
        if (n > 128) {                                                                             \
            size_t half = n / 2 - (n / 2) % 8;                                                     \
            NAME(v, half, a, b, c, out);                                                           \
            NAME(v + half, n - half, a, b, c, right);                                              \
            for (m = 0; m < M; m++) out[m] += right[m];                                            \
            return;                                                                                \
        }                                                                                          \
        for (m = 0; m < M; m++) out[m] = 0.0;                                                      \
        if (n >= 8) {                                                                              \
            for (k = 0; k < 8; k++) { const double x = v[k]; BODY(RADFEAT_SET) }                   \
            for (i = 8; i < n - n % 8; i += 8)                                                     \
                for (k = 0; k < 8; k++) { const double x = v[i + k]; BODY(RADFEAT_ADD) }           \
            for (m = 0; m < M; m++)                                                                \
                out[m] = ((s[m][0] + s[m][1]) + (s[m][2] + s[m][3]))                               \
                       + ((s[m][4] + s[m][5]) + (s[m][6] + s[m][7]));                              \
        }                                                                                          \
        for (; i < n; i++) { const double x = v[i]; BODY(RADFEAT_END) }                            \
    }
    #define RADFEAT_VALUES(D) const double y = x + a; D(0, x) D(1, y * y)
    #define RADFEAT_POWERS(D) const double d = x - a, q = d * d; D(0, fabs(d)) D(1, q) D(2, q * d) D(3, q * q)
    #define RADFEAT_INNER(D) D(0, b <= x && x <= c ? x : 0.0)
    #define RADFEAT_NEAR(D) D(0, b <= x && x <= c ? fabs(x - a) : 0.0)
    #define RADFEAT_BOTH(NAME, M, BODY)                                                            \
        RADFEAT_SUMS(NAME##_floats, float, M, BODY) RADFEAT_SUMS(NAME##_doubles, double, M, BODY)
    RADFEAT_BOTH(radfeat_values, 2, RADFEAT_VALUES)
    RADFEAT_BOTH(radfeat_powers, 4, RADFEAT_POWERS)
    RADFEAT_BOTH(radfeat_inner, 1, RADFEAT_INNER)
    RADFEAT_BOTH(radfeat_near, 1, RADFEAT_NEAR)
    """
    void radfeat_values_floats(const float*, size_t, double, double, double, double*) nogil
    void radfeat_values_doubles(const double*, size_t, double, double, double, double*) nogil
    void radfeat_powers_floats(const float*, size_t, double, double, double, double*) nogil
    void radfeat_powers_doubles(const double*, size_t, double, double, double, double*) nogil
    void radfeat_inner_floats(const float*, size_t, double, double, double, double*) nogil
    void radfeat_inner_doubles(const double*, size_t, double, double, double, double*) nogil
    void radfeat_near_floats(const float*, size_t, double, double, double, double*) nogil
    void radfeat_near_doubles(const double*, size_t, double, double, double, double*) nogil


def sum_values(const real[::1] values, double shift):
    """Sums of the values, and of their squares after a shift; the least and the greatest value."""
    cdef Py_ssize_t n = values.shape[0], i
    cdef real low = values[0], high = values[0]
    cdef double[2] sums
    for i in range(n):
        low = values[i] if values[i] < low else low
        high = values[i] if values[i] > high else high
    if real is float:
        radfeat_values_floats(&values[0], n, shift, 0.0, 0.0, sums)
    else:
        radfeat_values_doubles(&values[0], n, shift, 0.0, 0.0, sums)
    return sums[0], sums[1], <double> low, <double> high


def sum_deviations(const real[::1] values, double centre):
    """Sums of the absolute deviations from a centre, and of their powers 2, 3 and 4."""
    cdef Py_ssize_t n = values.shape[0]
    cdef double[4] sums
    if real is float:
        radfeat_powers_floats(&values[0], n, centre, 0.0, 0.0, sums)
    else:
        radfeat_powers_doubles(&values[0], n, centre, 0.0, 0.0, sums)
    return sums[0], sums[1], sums[2], sums[3]


def average_deviation_within(const real[::1] values, double lower, double upper):
    """Mean absolute deviation, from their own mean, of the values from ``lower`` to ``upper``."""
    cdef Py_ssize_t n = values.shape[0], i, inside = 0
    cdef double[1] sums
    for i in range(n):
        inside += lower <= <double> values[i] <= upper
    if inside == 0:
        return float("nan")
    if real is float:
        radfeat_inner_floats(&values[0], n, 0.0, lower, upper, sums)
        radfeat_near_floats(&values[0], n, sums[0] / inside, lower, upper, sums)
    else:
        radfeat_inner_doubles(&values[0], n, 0.0, lower, upper, sums)
        radfeat_near_doubles(&values[0], n, sums[0] / inside, lower, upper, sums)
    return sums[0] / inside


def count_not_finite(const number[::1] values):
    """Number of values that are not finite."""
    cdef Py_ssize_t i, n = 0
    if number is not short:
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
