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

    The offset points onwards in C order, at most to the next slice; ``lengths`` is room for two slices of the
    grid, in which even and odd ones take turns. A voxel that goes on with a run counts the longer one and
    takes back the shorter. Row and column 0 are waste.
    """
    cdef Py_ssize_t ny = grid.shape[1], nx = grid.shape[2], size = ny * nx, i, at, width = runs.shape[1]
    cdef Py_ssize_t step = _flatten(offset, ny, nx), within = offset[1] * nx + offset[2], z, end = 0
    cdef count_t* cells = &runs[0, 0]
    cdef count_t* cell
    cdef const level_t* level = &grid[0, 0, 0]
    cdef level_t* length = &lengths[0, 0, 0]
    # From a place in the whole grid to its length, and to that of the voxel an offset comes from.
    cdef Py_ssize_t here = 0, before = 0
    cdef int goes_on, n
    for i in range(places.shape[0]):
        at = places[i]
        if at >= end:
            z = at // size
            end = (z + 1) * size
            here = (z & 1) * size - z * size
            before = ((z - offset[0]) & 1) * size - z * size - within
        goes_on = level[at] == level[at - step]
        n = goes_on * length[at + before] + 1
        length[at + here] = <level_t> n
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


cdef struct Zones:
    # Labels of the zones that are open: a parent less than 0 is a root and its zone's size, another the label
    # above; ``fresh`` is room to number them anew.
    int* parent
    int* fresh
    level_t* level
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


cdef inline int _open(Zones* zones, level_t level) noexcept nogil:
    """A new zone without voxels, which the first of them makes a root."""
    zones.parent[zones.n] = 0
    zones.level[zones.n] = level
    zones.n += 1
    return zones.n - 1


def measure_zones(
    const level_t[:, :, ::1] grid, const int[::1] places, const int[:, ::1] offsets, count_t[:, ::1] table
):
    """Count zones of connected voxels of one level: ``table[a, n]`` those of level ``a`` and size ``n``.

    Returns level and size of each zone that is too large for the table.

    ``places`` are those of the ROI in the grid, counted and in C order. ``offsets`` point backwards, at most
    to the slice before, and are half of those that connect. By union-find over labels; only those of two
    slices are kept, and once there are many, zones that the last slice does not touch are counted.
    """
    cdef Py_ssize_t ny = grid.shape[1], nx = grid.shape[2], size = ny * nx, n_offsets = offsets.shape[0]
    cdef Py_ssize_t n_places = places.shape[0], room = min(4 * size, n_places), i, k, z, end = 0, first = 0
    cdef int at, root, other
    labels_array = np.empty((2, size), np.int32)
    numbers, level_array = np.empty((2, room), np.int32), np.empty(room, np.uint16)
    step_array = np.array([_flatten(offsets[k], ny, nx) for k in range(n_offsets)], np.int64)
    label_array = np.zeros(n_offsets, np.int64)
    cdef int[:, ::1] labels = labels_array, number_view = numbers
    cdef level_t[::1] level_view = level_array
    cdef long long[::1] steps = step_array, sources = label_array
    cdef const level_t* level = &grid[0, 0, 0]
    cdef int* kept = &labels[0, 0]
    cdef Py_ssize_t here = 0
    cdef Zones zones = Zones(&number_view[0, 0], &number_view[1, 0], &level_view[0], 0)
    large = []
    for i in range(n_places):
        at = places[i]
        if at >= end:
            if room < n_places and zones.n + size > room:
                _close_zones(&zones, kept, here, places[first:i], table, large)
            z, first = at // size, i
            end = (z + 1) * size
            here = (z & 1) * size - z * size
            for k in range(n_offsets):
                sources[k] = ((z + offsets[k, 0]) & 1) * size - (z + offsets[k, 0]) * size + steps[k]
        root = -1
        for k in range(n_offsets):
            if level[at + steps[k]] == level[at]:
                other = _find(zones.parent, kept[sources[k] + at])
                root = other if root < 0 else _join(zones.parent, root, other)
        if root < 0:
            root = _open(&zones, level[at])
        zones.parent[root] -= 1
        kept[here + at] = root
    _close_zones(&zones, kept, here, places[:0], table, large)
    found = np.array(large, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


cdef _close_zones(
    Zones* zones, int* labels, Py_ssize_t here, const int[::1] places, count_t[:, ::1] table, list large
):
    """Count zones without a voxel at ``places``, those of the last slice, and number the others anew.

    The label of a place lies ``here`` behind it in ``labels``.
    """
    cdef Py_ssize_t i, largest = table.shape[1] - 1
    cdef int k, size, n = 0
    for k in range(zones.n):
        zones.fresh[k] = -1
    for i in range(places.shape[0]):
        k = _find(zones.parent, labels[places[i] + here])
        labels[places[i] + here] = k
        zones.fresh[k] = 0
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
    for i in range(places.shape[0]):
        labels[places[i] + here] = zones.fresh[labels[places[i] + here]]
    zones.n = n


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
