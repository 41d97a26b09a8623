"""Grey level matrices of an ROI: whole numbers, counted in a grid whose margin is 0 on every side.

Levels are unsigned numbers of 8 or 16 bits, 0 outside the ROI. An offset is a step (z, y, x) no longer than
the margin. ``spans`` (z, y, 2) says of each row without the margin where its first voxel of the ROI lies and
where the last one ends, along x in the grid with its margin; 0 and 0 where there is none.
"""

import numpy as np

from libc.string cimport memset

ctypedef unsigned char byte_t
ctypedef unsigned short length_t
ctypedef fused level_t:
    byte_t
    length_t
ctypedef unsigned int count_t


cdef inline Py_ssize_t _flatten(const int[::1] offset, Py_ssize_t ny, Py_ssize_t nx) noexcept:
    return (offset[0] * ny + offset[1]) * nx + offset[2]


def count_pairs(
    const level_t[:, :, ::1] grid, const int[:, :, ::1] spans, const int[::1] offset, count_t[:, ::1] pairs
):
    """Add to ``pairs[a, b]`` how often level ``b`` lies at an offset from level ``a``.

    Row and column 0 are waste.
    """
    cdef Py_ssize_t ny = grid.shape[1], nx = grid.shape[2], z, y, x, width = pairs.shape[1]
    cdef Py_ssize_t step = _flatten(offset, ny, nx), margin = (grid.shape[0] - spans.shape[0]) // 2
    cdef count_t* cells = &pairs[0, 0]
    cdef const level_t* row
    cdef const level_t* other
    for z in range(spans.shape[0]):
        for y in range(spans.shape[1]):
            row = &grid[z + margin, y + margin, 0]
            other = row + step
            for x in range(spans[z, y, 0], spans[z, y, 1]):
                cells[row[x] * width + other[x]] += 1


def count_runs(
    const level_t[:, :, ::1] grid,
    const int[:, :, ::1] spans,
    const int[::1] offset,
    length_t[:, :, ::1] lengths,
    count_t[:, ::1] runs,
):
    """Add to ``runs[a, n]`` how many runs of level ``a`` along an offset have length ``n``.

    The offset points onwards in C order, at most to the next slice; ``lengths`` is room for two slices of the
    grid, in which even and odd ones take turns. A voxel that goes on with a run counts the longer one and
    takes back the shorter. Row and column 0 are waste.
    """
    cdef Py_ssize_t ny = grid.shape[1], nx = grid.shape[2], z, y, x, width = runs.shape[1]
    cdef Py_ssize_t step = _flatten(offset, ny, nx), margin = (grid.shape[0] - spans.shape[0]) // 2
    cdef count_t* cells = &runs[0, 0]
    cdef count_t* cell
    cdef const level_t* row
    cdef const level_t* other
    cdef length_t* length
    cdef const length_t* before
    cdef int goes_on, n
    for z in range(spans.shape[0]):
        for y in range(spans.shape[1]):
            row = &grid[z + margin, y + margin, 0]
            other = row - step
            length = &lengths[z & 1, y + margin, 0]
            before = &lengths[(z - offset[0]) & 1, y + margin - offset[1], 0] - offset[2]
            for x in range(spans[z, y, 0], spans[z, y, 1]):
                if row[x] == 0:
                    continue
                goes_on = row[x] == other[x]
                n = goes_on * before[x] + 1
                length[x] = <length_t> n
                cell = cells + row[x] * width + n
                cell[0] += 1
                (cell - 1)[0] -= goes_on


def any_line_has_two(const level_t[:, :, ::1] grid, Py_ssize_t margin, const int[::1] offset):
    """Whether two voxels of the ROI lie on one line along an offset, next to each other or not."""
    cdef Py_ssize_t nz = grid.shape[0], ny = grid.shape[1], nx = grid.shape[2]
    cdef Py_ssize_t z, y, x, w, v, u
    for z in range(margin, nz - margin):
        for y in range(margin, ny - margin):
            for x in range(margin, nx - margin):
                if grid[z, y, x] == 0:
                    continue
                w, v, u = z + offset[0], y + offset[1], x + offset[2]
                while 0 <= w < nz and 0 <= v < ny and 0 <= u < nx:
                    if grid[w, v, u]:
                        return True
                    w, v, u = w + offset[0], v + offset[1], u + offset[2]
    return False


cdef struct Zones:
    # Labels of the zones that are open: a parent less than 0 is a root and its zone's size, another the label
    # above; ``fresh`` is room to number them anew.
    int* parent
    int* fresh
    length_t* level
    int n


cdef inline int _find(int* parent, int i) noexcept nogil:
    """The root of a label; on the way every other label is hung one higher."""
    while parent[i] >= 0:
        if parent[parent[i]] >= 0:
            parent[i] = parent[parent[i]]
        i = parent[i]
    return i


cdef inline int _join(int* parent, int a, int b) noexcept nogil:
    """Hang the later of two roots on the earlier, and add its size; the earlier one."""
    if a == b:
        return a
    if b < a:
        a, b = b, a
    parent[a] += parent[b]
    parent[b] = a
    return a


cdef inline int _open(Zones* zones, length_t level) noexcept nogil:
    """A new zone without voxels, which the first of them makes a root."""
    zones.parent[zones.n] = 0
    zones.level[zones.n] = level
    zones.n += 1
    return zones.n - 1


def measure_zones(
    const level_t[:, :, ::1] grid,
    const int[:, :, ::1] spans,
    const int[:, ::1] offsets,
    Py_ssize_t n_voxels,
    count_t[:, ::1] table,
):
    """Count zones of connected voxels of one level: ``table[a, n]`` those of level ``a`` and size ``n``.

    Returns level and size of each zone that is too large for the table.

    The ROI has ``n_voxels`` voxels. ``offsets`` point backwards, at most to the slice before, and are half of
    those that connect. By union-find over labels; only those of two slices are kept, and once there are many,
    zones that the last slice does not touch are counted.
    """
    cdef Py_ssize_t ny = grid.shape[1], nx = grid.shape[2], size = ny * nx, n_offsets = offsets.shape[0]
    cdef Py_ssize_t room = min(4 * size, n_voxels), k, z, y, x, at
    cdef Py_ssize_t margin = (grid.shape[0] - spans.shape[0]) // 2
    cdef int root, other
    labels_array = np.empty((2, size), np.int32)
    numbers, level_array = np.empty((2, room), np.int32), np.empty(room, np.uint16)
    step_array = np.array([_flatten(offsets[k], ny, nx) for k in range(n_offsets)], np.int64)
    source_array = np.zeros(n_offsets, np.int64)
    cdef int[:, ::1] labels = labels_array, number_view = numbers
    cdef length_t[::1] level_view = level_array
    cdef long long[::1] steps = step_array, sources = source_array
    cdef const level_t* slice_of
    cdef int* kept = &labels[0, 0]
    cdef Zones zones = Zones(&number_view[0, 0], &number_view[1, 0], &level_view[0], 0)
    large = []
    for z in range(spans.shape[0]):
        if z and room < n_voxels and zones.n + size > room:
            _close_zones(&zones, grid[z + margin - 1], spans[z - 1], labels[(z - 1) & 1], table, large)
        slice_of = &grid[z + margin, 0, 0]
        for k in range(n_offsets):
            # Where the label of a neighbour lies, from the place of a voxel in its slice.
            sources[k] = ((z + offsets[k, 0]) & 1) * size + steps[k] - offsets[k, 0] * size
        for y in range(spans.shape[1]):
            for x in range(spans[z, y, 0], spans[z, y, 1]):
                at = (y + margin) * nx + x
                if slice_of[at] == 0:
                    continue
                root = -1
                for k in range(n_offsets):
                    if slice_of[at + steps[k]] == slice_of[at]:
                        other = _find(zones.parent, kept[sources[k] + at])
                        root = other if root < 0 else _join(zones.parent, root, other)
                if root < 0:
                    root = _open(&zones, slice_of[at])
                zones.parent[root] -= 1
                kept[(z & 1) * size + at] = root
    _close_zones(&zones, grid[0], spans[:0, 0], labels[0], table, large)
    found = np.array(large, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


cdef _close_zones(
    Zones* zones,
    const level_t[:, ::1] level,
    const int[:, ::1] spans,
    int[::1] labels,
    count_t[:, ::1] table,
    list large,
):
    """Count zones without a voxel in one slice, given by its levels, spans and labels; number others anew."""
    cdef Py_ssize_t nx = level.shape[1], y, x, largest = table.shape[1] - 1
    cdef Py_ssize_t margin = (level.shape[0] - spans.shape[0]) // 2
    cdef int k, size, n = 0
    cdef int* label
    for k in range(zones.n):
        zones.fresh[k] = -1
    for y in range(spans.shape[0]):
        label = &labels[(y + margin) * nx]
        for x in range(spans[y, 0], spans[y, 1]):
            if level[y + margin, x]:
                label[x] = _find(zones.parent, label[x])
                zones.fresh[label[x]] = 0
    for k in range(zones.n):
        size = -zones.parent[k]
        if size <= 0:
            continue
        if zones.fresh[k] == 0:
            zones.fresh[k] = n
            zones.parent[n] = -size
            zones.level[n] = zones.level[k]
            n += 1
        elif size <= largest:
            table[zones.level[k], size] += 1
        else:
            large.append((zones.level[k], size))
    for y in range(spans.shape[0]):
        label = &labels[(y + margin) * nx]
        for x in range(spans[y, 0], spans[y, 1]):
            if level[y + margin, x]:
                label[x] = zones.fresh[label[x]]
    zones.n = n


cdef extern from *:
    """
    #include <stddef.h>
    /* Add the levels of n neighbours to sums, count those in the ROI, and those at most alpha away. */
    #define RADFEAT_COMPARE(NAME, LEVEL, DIFFERENCE, SUM)                                          \
    static void NAME(const LEVEL* row, const LEVEL* other, size_t n, DIFFERENCE alpha,             \
                     SUM* restrict alike, SUM* restrict met, SUM* restrict total) {                \
        for (size_t x = 0; x < n; x++) {                                                           \
            DIFFERENCE d = (DIFFERENCE) ((DIFFERENCE) row[x] - (DIFFERENCE) other[x]);             \
            SUM inside = other[x] != 0;                                                            \
            total[x] += other[x];                                                                  \
            met[x] += inside;                                                                      \
            alike[x] += inside & (d <= alpha) & (d >= -alpha);                                     \
        }                                                                                          \
    }
    RADFEAT_COMPARE(radfeat_compare_bytes, unsigned char, short, unsigned short)
    RADFEAT_COMPARE(radfeat_compare_words, unsigned short, int, unsigned int)
    """
    void radfeat_compare_bytes(
        const unsigned char*, const unsigned char*, size_t, short,
        unsigned short*, unsigned short*, unsigned short*
    ) nogil
    void radfeat_compare_words(
        const unsigned short*, const unsigned short*, size_t, int, count_t*, count_t*, count_t*
    ) nogil


cdef Py_ssize_t BYTES_AT_ONCE = 257
"""So many levels of 8 bits have a sum of 16 bits."""


def count_neighbours(
    const level_t[:, :, ::1] grid,
    const int[:, :, ::1] spans,
    const int[:, ::1] offsets,
    int alpha,
    count_t[:, ::1] dependence,
    double[::1] differences,
):
    """Alike neighbours of each voxel, and its distance from the mean of its neighbours in the ROI.

    Adds to ``dependence[a, n]`` how many voxels of level ``a`` have ``n`` neighbours at the offsets whose
    level is at most ``alpha`` away, and to ``differences[a]`` the distances of the voxels of level ``a``.
    """
    cdef Py_ssize_t nx = grid.shape[2], z, y, x, k, n, first, part, n_offsets = offsets.shape[0]
    cdef Py_ssize_t margin = (grid.shape[0] - spans.shape[0]) // 2
    sum_array, short_array = np.zeros((3, nx), np.uint32), np.zeros((3, nx), np.uint16)
    step_array = np.array([_flatten(offsets[k], grid.shape[1], nx) for k in range(n_offsets)], np.int64)
    cdef count_t[:, ::1] sums = sum_array
    cdef length_t[:, ::1] shorts = short_array
    cdef long long[::1] steps = step_array
    cdef const level_t* row
    cdef double distance
    for z in range(spans.shape[0]):
        for y in range(spans.shape[1]):
            first = spans[z, y, 0]
            n = spans[z, y, 1] - first
            if n == 0:
                continue
            row = &grid[z + margin, y + margin, first]
            for k in range(3):
                memset(&sums[k, 0], 0, n * sizeof(count_t))
            if level_t is byte_t:
                for part in range(0, n_offsets, BYTES_AT_ONCE):
                    for k in range(3):
                        memset(&shorts[k, 0], 0, n * sizeof(length_t))
                    for k in range(part, min(part + BYTES_AT_ONCE, n_offsets)):
                        radfeat_compare_bytes(
                            row, row + steps[k], n, <short> min(alpha, 255),
                            &shorts[0, 0], &shorts[1, 0], &shorts[2, 0]
                        )
                    for k in range(3):
                        for x in range(n):
                            sums[k, x] += shorts[k, x]
            else:
                for k in range(n_offsets):
                    radfeat_compare_words(
                        row, row + steps[k], n, min(alpha, 65535), &sums[0, 0], &sums[1, 0], &sums[2, 0]
                    )
            for x in range(n):
                if row[x] == 0:
                    continue
                dependence[row[x], sums[0, x]] += 1
                if sums[1, x]:
                    distance = <double> row[x] - (<double> sums[2, x]) / (<double> sums[1, x])
                    differences[row[x]] += distance if distance >= 0 else -distance
