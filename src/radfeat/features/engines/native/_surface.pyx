"""The surface of a mask, counted: which cubes of eight voxels there are, and where its outermost points lie.

Whole numbers throughout. Masks have a margin of one voxel that is 0. Points are the middles between a voxel
in the mask and a neighbour that is not; coordinates are doubled, so that theirs are whole as well.
"""

import numpy as np
from libc.math cimport sqrt


def count_cubes(const unsigned char[:, :, ::1] mask):
    """Number of cubes of each of the 256 kinds, and the sums of their places z, y, x: (256, 4).

    Bits 0 to 3 are the corners (y, x) = (0, 0), (0, 1), (1, 1), (1, 0) of the cube's first slice, bits 4 to
    7 those of its second.
    """
    table = np.zeros((256, 4), np.int64)
    cdef long long[:, ::1] sums = table
    cdef Py_ssize_t z, y, x
    cdef unsigned int left, right, kind
    cdef const unsigned char* a
    cdef const unsigned char* b
    cdef const unsigned char* c
    cdef const unsigned char* d
    for z in range(mask.shape[0] - 1):
        for y in range(mask.shape[1] - 1):
            a, b = &mask[z, y, 0], &mask[z, y + 1, 0]
            c, d = &mask[z + 1, y, 0], &mask[z + 1, y + 1, 0]
            left = a[0] | b[0] << 3 | c[0] << 4 | d[0] << 7
            for x in range(1, mask.shape[2]):
                right = a[x] | b[x] << 1 | c[x] << 4 | d[x] << 5
                kind = left | right << 1
                left = a[x] | b[x] << 3 | c[x] << 4 | d[x] << 7
                if kind != 0 and kind != 255:
                    sums[kind, 0] += 1
                    sums[kind, 1] += z
                    sums[kind, 2] += y
                    sums[kind, 3] += x - 1
    return table


def count_squares(const unsigned char[:, ::1] mask):
    """Number of squares of each of the 16 kinds, and the sums of their places y, x: (16, 3).

    Bits 0 to 3 are the corners (y, x) = (0, 0), (0, 1), (1, 1), (1, 0).
    """
    table = np.zeros((16, 3), np.int64)
    cdef long long[:, ::1] sums = table
    cdef Py_ssize_t y, x
    cdef unsigned int kind
    for y in range(mask.shape[0] - 1):
        for x in range(mask.shape[1] - 1):
            kind = mask[y, x] | mask[y, x + 1] << 1 | mask[y + 1, x + 1] << 2 | mask[y + 1, x] << 3
            sums[kind, 0] += 1
            sums[kind, 1] += y
            sums[kind, 2] += x
    return table


def sum_places(const unsigned char[:, :, ::1] mask):
    """Number of voxels, and sums of their z, y, x, zz, zy, zx, yy, yx, xx."""
    cdef long long n = 0, sz = 0, sy = 0, sx = 0, zz = 0, zy = 0, zx = 0, yy = 0, yx = 0, xx = 0
    cdef long long count, first, second
    cdef Py_ssize_t z, y, x
    for z in range(mask.shape[0]):
        for y in range(mask.shape[1]):
            count = first = second = 0
            for x in range(mask.shape[2]):
                if mask[z, y, x]:
                    count += 1
                    first += x
                    second += x * x
            n, sz, sy, sx = n + count, sz + count * z, sy + count * y, sx + first
            zz, zy, zx = zz + count * z * z, zy + count * z * y, zx + first * z
            yy, yx, xx = yy + count * y * y, yx + first * y, xx + second
    return n, sz, sy, sx, zz, zy, zx, yy, yx, xx


cdef inline void _widen(int[:, ::1] low, int[:, ::1] high, Py_ssize_t a, Py_ssize_t b, int value) noexcept:
    low[a, b] = value if value < low[a, b] else low[a, b]
    high[a, b] = value if value > high[a, b] else high[a, b]


def find_extremes(const unsigned char[:, :, ::1] mask):
    """Least and greatest x of the points of each (z, y), and least and greatest y of those of each (z, x).

    Four arrays; where a line has no point the least exceeds the greatest.
    """
    cdef Py_ssize_t nz = mask.shape[0], ny = mask.shape[1], nx = mask.shape[2], z, y, x
    cdef int top = 2147483647
    rows = np.full((2 * nz, 2 * ny), top, np.int32), np.full((2 * nz, 2 * ny), -1, np.int32)
    columns = np.full((2 * nz, 2 * nx), top, np.int32), np.full((2 * nz, 2 * nx), -1, np.int32)
    cdef int[:, ::1] x0 = rows[0], x1 = rows[1], y0 = columns[0], y1 = columns[1]
    for z in range(nz - 1):
        for y in range(ny - 1):
            for x in range(nx - 1):
                if mask[z, y, x] != mask[z, y, x + 1]:
                    _widen(x0, x1, 2 * z, 2 * y, <int> (2 * x + 1))
                    _widen(y0, y1, 2 * z, 2 * x + 1, <int> (2 * y))
                if mask[z, y, x] != mask[z, y + 1, x]:
                    _widen(x0, x1, 2 * z, 2 * y + 1, <int> (2 * x))
                    _widen(y0, y1, 2 * z, 2 * x, <int> (2 * y + 1))
                if mask[z, y, x] != mask[z + 1, y, x]:
                    _widen(x0, x1, 2 * z + 1, 2 * y, <int> (2 * x))
                    _widen(y0, y1, 2 * z + 1, 2 * x, <int> (2 * y))
    return (*rows, *columns)


cdef Py_ssize_t _chain(
    const int[:] values, const int[:] used, int sign, Py_ssize_t[::1] stack
) noexcept:
    """Lines whose outermost points are corners of the convex hull (Andrew's chain); their number."""
    cdef Py_ssize_t u, n = 0, a, b
    cdef long long turn
    for u in range(values.shape[0]):
        if used[u] < 0:
            continue
        while n >= 2:
            a, b = stack[n - 2], stack[n - 1]
            turn = (b - a) * <long long> (values[u] - values[a]) - (u - a) * <long long> (values[b] - values[a])
            if sign * turn > 0:
                break
            n -= 1
        stack[n] = u
        n += 1
    return n


def measure_planes(
    const int[:, :] low,
    const int[:, :] high,
    double line_mm,
    double along_mm,
    unsigned char[:, :] keep_low,
    unsigned char[:, :] keep_high,
):
    """Greatest squared distance of two points in one plane, and which points are corners of their plane's
    hull.

    ``low`` and ``high`` (planes, lines) are the outermost points of each line, in doubled voxels.
    """
    cdef Py_ssize_t plane, k, m, n_low, n_high, lines = low.shape[1]
    cdef double best = 0.0, d
    stacks = np.empty((2, lines), np.intp)
    points = np.empty((2 * lines, 2))
    cdef Py_ssize_t[:, ::1] stack = stacks
    cdef double[:, ::1] at = points
    for plane in range(low.shape[0]):
        n_low = _chain(low[plane], high[plane], 1, stack[0])
        n_high = _chain(high[plane], high[plane], -1, stack[1])
        for k in range(n_low):
            keep_low[plane, stack[0, k]] = 1
            at[k, 0], at[k, 1] = 0.5 * stack[0, k] * line_mm, 0.5 * low[plane, stack[0, k]] * along_mm
        for k in range(n_high):
            keep_high[plane, stack[1, k]] = 1
            at[n_low + k, 0] = 0.5 * stack[1, k] * line_mm
            at[n_low + k, 1] = 0.5 * high[plane, stack[1, k]] * along_mm
        for k in range(n_low + n_high):
            for m in range(k):
                d = (at[k, 0] - at[m, 0]) * (at[k, 0] - at[m, 0]) + (at[k, 1] - at[m, 1]) * (at[k, 1] - at[m, 1])
                best = d if d > best else best
    return best


def measure_farthest(const double[:, ::1] points, const double[::1] radii):
    """Greatest squared distance of two points (n, 3), which come by descending distance (``radii``) from
    one place."""
    cdef Py_ssize_t k, m
    cdef double best = 0.0, root = 0.0, d, a, b, c
    for k in range(points.shape[0]):
        if radii[k] + radii[0] < root:
            break
        for m in range(k):
            if radii[k] + radii[m] < root:
                break
            a, b, c = points[k, 0] - points[m, 0], points[k, 1] - points[m, 1], points[k, 2] - points[m, 2]
            d = a * a + b * b + c * c
            if d > best:
                best = d
                root = sqrt(d) * (1.0 - 1e-12)
    return best
