"""Grey level matrices of an ROI: whole numbers, counted in a grid whose margin is 0 on every side.

Levels are unsigned 16-bit numbers, 0 outside the ROI. An offset is a step (z, y, x) no longer than the
margin, places are the ROI's voxels, counted in C order in the grid with its margin.
"""

import numpy as np

ctypedef unsigned short level_t
ctypedef unsigned int count_t


cdef inline Py_ssize_t _flatten(const int[::1] offset, Py_ssize_t ny, Py_ssize_t nx) noexcept:
    return (offset[0] * ny + offset[1]) * nx + offset[2]


def count_pairs(
    const level_t[:, :, ::1] grid, const int[::1] places, const int[::1] offset, count_t[:, ::1] pairs
):
    """Add to ``pairs[a, b]`` how often level ``b`` lies at an offset from level ``a``.

    ``places`` are those of the ROI in the grid, counted in C order. Row and column 0 are waste.
    """
    cdef Py_ssize_t step = _flatten(offset, grid.shape[1], grid.shape[2]), i, width = pairs.shape[1]
    cdef count_t* cells = &pairs[0, 0]
    cdef const level_t* level = &grid[0, 0, 0]
    for i in range(places.shape[0]):
        cells[level[places[i]] * width + level[places[i] + step]] += 1


def count_runs(
    const level_t[:, :, ::1] grid,
    const int[::1] places,
    const int[::1] offset,
    level_t[:, :, ::1] lengths,
    count_t[:, ::1] runs,
):
    """Add to ``runs[a, n]`` how many runs of level ``a`` along an offset have length ``n``.

    The offset points onwards in C order; ``lengths`` has the shape of the grid and is overwritten. A voxel
    that goes on with a run counts the longer one and takes back the shorter. Row and column 0 are waste.
    """
    cdef Py_ssize_t step = _flatten(offset, grid.shape[1], grid.shape[2]), i, at, width = runs.shape[1]
    cdef count_t* cells = &runs[0, 0]
    cdef count_t* cell
    cdef const level_t* level = &grid[0, 0, 0]
    cdef level_t* length = &lengths[0, 0, 0]
    cdef int goes_on, n
    for i in range(places.shape[0]):
        at = places[i]
        goes_on = level[at] == level[at - step]
        n = goes_on * length[at - step] + 1
        length[at] = <level_t> n
        cell = cells + level[at] * width + n
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


cdef inline int _find(int* parent, int i) noexcept nogil:
    """The root of a voxel; on the way every other voxel is hung one higher."""
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


def measure_zones(
    const level_t[:, :, ::1] grid, const int[::1] places, const int[:, ::1] offsets, count_t[:, ::1] table
):
    """Count zones of connected voxels of one level: ``table[a, n]`` those of level ``a`` and size ``n``.

    Returns level and size of each zone that is too large for the table.

    ``places`` are those of the ROI in the grid, counted and in C order. ``offsets`` point backwards, and are
    half of those that connect. By union-find: a number less than 0 is a root and the size of its zone,
    another the place of the voxel above.
    """
    cdef Py_ssize_t ny = grid.shape[1], nx = grid.shape[2], i, k, n_offsets = offsets.shape[0]
    cdef int at, root, other
    steps_array = np.array([_flatten(offsets[k], ny, nx) for k in range(n_offsets)], np.int64)
    parents = np.empty(grid.size, np.int32)
    cdef long long[::1] steps = steps_array
    cdef int[::1] parent_view = parents
    cdef int* parent = &parent_view[0]
    cdef const level_t* level = &grid[0, 0, 0]
    for i in range(places.shape[0]):
        at = places[i]
        parent[at] = -1
        root = at
        for k in range(n_offsets):
            if level[at + steps[k]] == level[at]:
                other = _find(parent, <int> (at + steps[k]))
                root = _join(parent, root, other)
    return _count_zones(level, places, parent_view, table)


cdef _count_zones(
    const level_t* level, const int[::1] places, const int[::1] parents, count_t[:, ::1] table
):
    cdef Py_ssize_t i
    cdef int at, largest = <int> table.shape[1] - 1
    large = []
    for i in range(places.shape[0]):
        at = places[i]
        if parents[at] >= 0:
            continue
        if -parents[at] <= largest:
            table[level[at], -parents[at]] += 1
        else:
            large.append((level[at], -parents[at]))
    found = np.array(large, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def count_neighbours(
    const level_t[:, :, ::1] grid,
    Py_ssize_t margin,
    const int[:, ::1] offsets,
    int alpha,
    count_t[:, ::1] dependence,
    double[::1] differences,
):
    """Alike neighbours of each voxel, and its distance from the mean of its neighbours in the ROI.


    Adds to ``dependence[a, n]`` how many voxels of level ``a`` have ``n`` neighbours at the offsets whose
    level is at most ``alpha`` away, and to ``differences[a]`` the distances of the voxels of level ``a``.
    """
    cdef Py_ssize_t ny = grid.shape[1], nx = grid.shape[2], z, y, x, k, step, first, last
    scratch = np.zeros((3, nx), np.int32)
    cdef int[:, ::1] work = scratch
    cdef int* alike = &work[0, 0]
    cdef int* met = &work[1, 0]
    cdef int* total = &work[2, 0]
    cdef const level_t* row
    cdef const level_t* other
    cdef double distance
    cdef int d
    for z in range(margin, grid.shape[0] - margin):
        for y in range(margin, ny - margin):
            row = &grid[z, y, 0]
            first, last = margin, nx - margin
            while first < last and row[first] == 0:
                first += 1
            while first < last and row[last - 1] == 0:
                last -= 1
            for x in range(first, last):
                alike[x] = met[x] = total[x] = 0
            for k in range(offsets.shape[0]):
                other = row + _flatten(offsets[k], ny, nx)
                for x in range(first, last):
                    d = <int> row[x] - <int> other[x]
                    total[x] += other[x]
                    met[x] += other[x] != 0
                    alike[x] += (other[x] != 0) & (d <= alpha) & (-d <= alpha)
            for x in range(first, last):
                if row[x] == 0:
                    continue
                dependence[row[x], alike[x]] += 1
                if met[x]:
                    distance = <double> row[x] - (<double> total[x]) / (<double> met[x])
                    differences[row[x]] += distance if distance >= 0 else -distance
