"""Cubic B-splines along one axis: the coefficients of a line, and its values between the voxels.

Lines are taken side by side, which keeps the processor busy while each waits for its own last value.
"""

from libc.math cimport sqrt

import numpy as np

cdef enum:
    WIDTH = 16
    HORIZON = 18  # Voxels that the first coefficient looks at: 0.268 ** 18 is less than 1e-10, as in ITK.

ctypedef fused voxel:
    short
    float
    double


cdef void _start(double* c, Py_ssize_t n, double pole) noexcept nogil:
    """The first coefficient of the causal half, of a line that is mirrored in its first and last voxel."""
    cdef Py_ssize_t i, k
    cdef double power, mirrored, total
    for k in range(WIDTH):
        power, total = pole, c[k]
        if n > HORIZON:
            for i in range(1, HORIZON):
                total += power * c[i * WIDTH + k]
                power *= pole
            c[k] = total
            continue
        mirrored = 1.0
        for i in range(n - 1):
            mirrored *= pole
        total += mirrored * c[(n - 1) * WIDTH + k]
        mirrored *= mirrored / pole
        for i in range(1, n - 1):
            total += (power + mirrored) * c[i * WIDTH + k]
            power *= pole
            mirrored /= pole
        c[k] = total / (1.0 - power * power)


cdef void _find_coefficients(double* c, Py_ssize_t n) noexcept nogil:
    """Voxels of lines side by side to the coefficients of their splines, in place."""
    cdef double pole = sqrt(3.0) - 2.0, gain = (1.0 - pole) * (1.0 - 1.0 / pole)
    cdef Py_ssize_t i, k
    cdef double* to
    if n == 1:
        return
    for i in range(n * WIDTH):
        c[i] *= gain
    _start(c, n, pole)
    for i in range(1, n):
        to = c + i * WIDTH
        for k in range(WIDTH):
            to[k] += pole * to[k - WIDTH]
    to = c + (n - 1) * WIDTH
    for k in range(WIDTH):
        to[k] = (pole / (pole * pole - 1.0)) * (pole * to[k - WIDTH] + to[k])
    for i in range(n - 2, -1, -1):
        to = c + i * WIDTH
        for k in range(WIDTH):
            to[k] = pole * (to[k + WIDTH] - to[k])


def resample_lines(const voxel[:, :, :] voxels, const int[:, ::1] places, const double[:, ::1] weights):
    """Values between the voxels of the lines along axis 1.

    ``places`` (m, 4) are the four coefficients that each value is made of, ``weights`` (m, 4) their parts.
    """
    cdef Py_ssize_t planes = voxels.shape[0], n = voxels.shape[1], width = voxels.shape[2], m = places.shape[0]
    values = np.empty((planes, m, width))
    buffer = np.zeros(n * WIDTH)
    cdef double[:, :, ::1] out = values
    cdef double[::1] work = buffer
    cdef double* c = &work[0]
    cdef Py_ssize_t p, i, k, block, start, many, blocks = (width + WIDTH - 1) // WIDTH
    cdef double w0, w1, w2, w3
    cdef const double* c0
    cdef const double* c1
    cdef const double* c2
    cdef const double* c3
    with nogil:
        for p in range(planes):
            for block in range(blocks):
                start = block * WIDTH
                many = min(<Py_ssize_t> WIDTH, width - start)
                for i in range(n):
                    for k in range(many):
                        c[i * WIDTH + k] = <double> voxels[p, i, start + k]
                _find_coefficients(c, n)
                for i in range(m):
                    w0, w1, w2, w3 = weights[i, 0], weights[i, 1], weights[i, 2], weights[i, 3]
                    c0, c1 = c + places[i, 0] * WIDTH, c + places[i, 1] * WIDTH
                    c2, c3 = c + places[i, 2] * WIDTH, c + places[i, 3] * WIDTH
                    for k in range(many):
                        out[p, i, start + k] = w0 * c0[k] + w1 * c1[k] + w2 * c2[k] + w3 * c3[k]
    return values
