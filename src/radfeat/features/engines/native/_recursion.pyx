"""Recursive filters of the fourth order along one axis: R. Deriche's approximation of a Gaussian.

The sums are made in the order in which ITK makes them, in double precision, so that a float32 is the same
float32. Lines are taken side by side, which keeps the processor busy while each waits for its own last value.
"""

import numpy as np

cdef enum:
    WIDTH = 16

ctypedef fused voxel:
    short
    float
    double

cdef struct Weights:
    double n[4]
    double m[4]
    double d[4]
    double bn[4]
    double bm[4]


cdef void _go_forward(const double* data, double* out, Py_ssize_t last, Weights* w) noexcept nogil:
    """The causal half up to, but without, a place; before the first lies the first for ever."""
    cdef Py_ssize_t i, k, j
    cdef double total, back
    cdef const double* at
    cdef double* to
    for i in range(min(4, last)):
        for k in range(WIDTH):
            total = data[i * WIDTH + k] * w.n[0]
            for j in range(1, 4):
                total = total + data[max(i - j, 0) * WIDTH + k] * w.n[j]
            back = out[(i - 1) * WIDTH + k] * w.d[0] if i > 0 else data[k] * w.bn[0]
            for j in range(1, 4):
                back = back + (out[(i - 1 - j) * WIDTH + k] * w.d[j] if i > j else data[k] * w.bn[j])
            out[i * WIDTH + k] = total - back
    for i in range(4, last):
        at, to = data + i * WIDTH, out + i * WIDTH
        for k in range(WIDTH):
            total = at[k] * w.n[0] + at[k - WIDTH] * w.n[1] + at[k - 2 * WIDTH] * w.n[2] + at[k - 3 * WIDTH] * w.n[3]
            back = to[k - WIDTH] * w.d[0] + to[k - 2 * WIDTH] * w.d[1] + to[k - 3 * WIDTH] * w.d[2] + to[k - 4 * WIDTH] * w.d[3]
            to[k] = total - back


cdef void _go_back(const double* data, double* out, Py_ssize_t first, Py_ssize_t n, Weights* w) noexcept nogil:
    """The other half, from the end to a place; behind the last lies the last for ever."""
    cdef Py_ssize_t i, k, j, end = n - 1
    cdef double total, back
    cdef const double* at
    cdef double* to
    for i in range(end, max(first, n - 4) - 1, -1):
        for k in range(WIDTH):
            total = data[min(i + 1, end) * WIDTH + k] * w.m[0]
            for j in range(1, 4):
                total = total + data[min(i + 1 + j, end) * WIDTH + k] * w.m[j]
            back = out[(i + 1) * WIDTH + k] * w.d[0] if i < end else data[end * WIDTH + k] * w.bm[0]
            for j in range(1, 4):
                back = back + (
                    out[(i + 1 + j) * WIDTH + k] * w.d[j] if i + j < end else data[end * WIDTH + k] * w.bm[j]
                )
            out[i * WIDTH + k] = total - back
    for i in range(n - 5, first - 1, -1):
        at, to = data + i * WIDTH, out + i * WIDTH
        for k in range(WIDTH):
            total = at[k + WIDTH] * w.m[0] + at[k + 2 * WIDTH] * w.m[1] + at[k + 3 * WIDTH] * w.m[2] + at[k + 4 * WIDTH] * w.m[3]
            back = to[k + WIDTH] * w.d[0] + to[k + 2 * WIDTH] * w.d[1] + to[k + 3 * WIDTH] * w.d[2] + to[k + 4 * WIDTH] * w.d[3]
            to[k] = total - back


cdef Weights _read_weights(const double[:, ::1] table) noexcept:
    cdef Weights w
    cdef Py_ssize_t j
    for j in range(4):
        w.n[j], w.m[j], w.d[j], w.bn[j], w.bm[j] = table[0, j], table[1, j], table[2, j], table[3, j], table[4, j]
    return w


def filter_lines(const voxel[:, :, :] voxels, const double[:, ::1] weights, Py_ssize_t first, Py_ssize_t last):
    """The filtered voxels from ``first`` to ``last`` of the lines along axis 1; there are four voxels or more.

    ``weights`` (5, 4): of the voxels before and behind, of the values that were filtered before, and of the
    outermost voxels in place of the latter.
    """
    cdef Py_ssize_t planes = voxels.shape[0], n = voxels.shape[1], width = voxels.shape[2]
    filtered = np.empty((planes, last - first, width), np.float32)
    buffers = np.zeros((3, n * WIDTH))
    cdef float[:, :, ::1] out = filtered
    cdef double[:, ::1] work = buffers
    cdef double* data = &work[0, 0]
    cdef double* before = &work[1, 0]
    cdef double* behind = &work[2, 0]
    cdef Py_ssize_t p, i, k, block, start, many, blocks = (width + WIDTH - 1) // WIDTH
    cdef Weights w = _read_weights(weights)
    with nogil:
        for p in range(planes):
            for block in range(blocks):
                start = block * WIDTH
                many = min(<Py_ssize_t> WIDTH, width - start)
                for i in range(n):
                    for k in range(many):
                        data[i * WIDTH + k] = <double> voxels[p, i, start + k]
                _go_forward(data, before, last, &w)
                _go_back(data, behind, first, n, &w)
                for i in range(first, last):
                    for k in range(many):
                        out[p, i - first, start + k] = <float> (before[i * WIDTH + k] + behind[i * WIDTH + k])
    return filtered
