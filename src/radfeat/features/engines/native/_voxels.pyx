"""Boxes, intensities and grey levels of the voxels of an ROI, read in C order."""

import numpy as np

ctypedef fused real:
    short
    float
    double

ctypedef fused level_t:
    unsigned char
    unsigned short


def bound(const unsigned char[:, :, ::1] mask):
    """First and last index of the voxels that are not 0 along z, y, x; None where all are 0."""
    cdef Py_ssize_t nz = mask.shape[0], ny = mask.shape[1], nx = mask.shape[2]
    cdef Py_ssize_t z, y, x, first, last
    cdef Py_ssize_t z0 = nz, z1 = -1, y0 = ny, y1 = -1, x0 = nx, x1 = -1
    cdef const unsigned char* row
    for z in range(nz):
        for y in range(ny):
            row = &mask[z, y, 0]
            first = _first_set(row, nx)
            if first == nx:
                continue
            last = nx - 1
            while row[last] == 0:
                last -= 1
            z0, z1 = min(z0, z), z
            y0, y1 = min(y0, y), max(y1, y)
            x0, x1 = min(x0, first), max(x1, last)
    return None if z1 < 0 else ((z0, y0, x0), (z1, y1, x1))


cdef extern from *:
    """
    #include <string.h>
    static size_t radfeat_first_set(const unsigned char* row, size_t n) {
        size_t i = 0;
        unsigned long long word;
        while (i + 8 <= n) {
            memcpy(&word, row + i, 8);
            if (word) break;
            i += 8;
        }
        while (i < n && !row[i]) i++;
        return i;
    }
    """
    size_t radfeat_first_set(const unsigned char* row, size_t n) nogil


cdef inline Py_ssize_t _first_set(const unsigned char* row, Py_ssize_t n) noexcept:
    return <Py_ssize_t> radfeat_first_set(row, n)


def find_spans(const unsigned char[:, :, ::1] mask, Py_ssize_t margin):
    """Where the first voxel of each row of a mask lies and where the last ends, ``margin`` further: (z, y, 2).

    0 and 0 for a row without any.
    """
    spans = np.zeros((mask.shape[0], mask.shape[1], 2), np.int32)
    cdef int[:, :, ::1] out = spans
    cdef Py_ssize_t z, y, first, end, nx = mask.shape[2]
    cdef const unsigned char* row
    for z in range(mask.shape[0]):
        for y in range(mask.shape[1]):
            row = &mask[z, y, 0]
            first, end = _first_set(row, nx), nx
            if first == nx:
                continue
            while row[end - 1] == 0:
                end -= 1
            out[z, y, 0], out[z, y, 1] = <int> (first + margin), <int> (end + margin)
    return spans


def place(
    const level_t[::1] levels,
    const unsigned char[:, :, ::1] mask,
    const int[:, :, ::1] spans,
    level_t[:, :, ::1] padded,
):
    """Put the levels of the voxels of a mask, given in C order, into a grid with a margin on every side."""
    cdef Py_ssize_t z, y, x, i = 0, margin = (padded.shape[0] - mask.shape[0]) // 2
    cdef level_t* row
    cdef const unsigned char* inside
    for z in range(spans.shape[0]):
        for y in range(spans.shape[1]):
            row = &padded[z + margin, y + margin, 0]
            inside = &mask[z, y, 0]
            for x in range(spans[z, y, 0], spans[z, y, 1]):
                if inside[x - margin]:
                    row[x] = levels[i]
                    i += 1


def replace_levels(level_t[:, :, ::1] padded, const level_t[::1] table):
    """Put ``table[a]`` in the place of every level ``a``."""
    cdef Py_ssize_t i, n = padded.shape[0] * padded.shape[1] * padded.shape[2]
    cdef level_t* out = &padded[0, 0, 0]
    for i in range(n):
        out[i] = table[out[i]]


def digitise(const real[::1] values, const double[::1] edges, level_t[::1] out):
    """The number of edges that are not above each value (`numpy.digitize`), for edges that ascend."""
    cdef Py_ssize_t i, k, last = edges.shape[0] - 1
    cdef double low = edges[0], scale = 0.0, x
    # A first guess from bins of one width; the edge above the last may lie anywhere.
    if last > 1 and edges[last - 1] > low:
        scale = (last - 1) / (edges[last - 1] - low)
    for i in range(values.shape[0]):
        x = <double> values[i]
        k = <Py_ssize_t> ((x - low) * scale)
        if k < 0:
            k = 0
        elif k > last:
            k = last
        while k < last and edges[k + 1] <= x:
            k += 1
        while k >= 0 and edges[k] > x:
            k -= 1
        out[i] = <level_t> (k + 1)


def tally(const level_t[::1] levels, Py_ssize_t top):
    """How often each level from 0 to ``top`` occurs."""
    counts = np.zeros(top + 1, np.int64)
    cdef long long[::1] out = counts
    cdef Py_ssize_t i
    for i in range(levels.shape[0]):
        out[levels[i]] += 1
    return counts
