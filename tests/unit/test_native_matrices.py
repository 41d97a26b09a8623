"""The compiled matrices of the native engine, on grids that can be counted by hand."""

import numpy as np
import numpy.typing as npt
import pytest

from radfeat.features.engines.native import _matrices, _voxels
from radfeat.features.engines.native.discretise import build_edges, discretise
from radfeat.features.engines.native.grid import build_lattice, list_offsets, place_levels, rank_levels

Codes = npt.NDArray[np.uint16]
RIGHT = np.array([0, 0, 1], np.int32)
CLASSIC = [[1, 2, 2, 3], [1, 2, 2, 3], [3, 0, 1, 1], [3, 3, 1, 0]]
"""One slice; 0 is outside the ROI."""


def pad(levels: list[list[int]]) -> Codes:
    return np.pad(np.array([levels], np.uint16), 1)


def find(grid: Codes) -> npt.NDArray[np.int32]:
    return _voxels.find_spans(np.ascontiguousarray(grid[1:-1, 1:-1, 1:-1] > 0).view(np.uint8), 1)


def test_pairs_to_the_right_are_counted_by_level_of_the_voxel_and_of_its_neighbour() -> None:
    pairs = np.zeros((4, 4), np.uint32)
    _matrices.count_pairs(pad(CLASSIC), find(pad(CLASSIC)), RIGHT, pairs)
    assert pairs[1:, 1:].tolist() == [[1, 2, 0], [0, 2, 2], [1, 0, 1]]


def test_runs_to_the_right_have_the_lengths_that_one_sees() -> None:
    runs = np.zeros((4, 5), np.uint32)
    grid = pad(CLASSIC)
    _matrices.count_runs(grid, find(grid), RIGHT, np.full((2, *grid.shape[1:]), 77, np.uint16), runs)
    assert runs[1:, 1:].tolist() == [[3, 1, 0, 0], [0, 2, 0, 0], [3, 1, 0, 0]]


def test_a_line_with_a_hole_holds_two_voxels_and_two_lines_of_one_do_not() -> None:
    assert _matrices.any_line_has_two(pad([[1, 0, 2]]), 1, RIGHT)
    assert not _matrices.any_line_has_two(pad([[1, 0], [0, 2]]), 1, RIGHT)


def test_zones_join_across_corners_and_bridges_found_late() -> None:
    grid = pad([[5, 0, 5, 0], [5, 0, 5, 7], [0, 5, 0, 7]])
    table = np.zeros((8, 4), np.uint32)
    levels, sizes = _matrices.measure_zones(grid, find(grid), -list_offsets((1, 3, 4), (1,), None), 8, table)
    assert list(zip(levels.tolist(), sizes.tolist(), strict=True)) == [(5, 5)]  # larger than the table
    assert table.sum() == table[7, 2] == 1


def test_runs_across_slices_end_where_a_slice_is_missed() -> None:
    column = [1, 1, 1, 0, 1, 1, 0, 0, 1]
    grid = np.pad(np.array(column, np.uint16).reshape(-1, 1, 1), 1)
    runs = np.zeros((2, 10), np.uint32)
    onwards = np.array([1, 0, 0], np.int32)
    _matrices.count_runs(grid, find(grid), onwards, np.full((2, 3, 3), 77, np.uint16), runs)
    assert runs[1, 1:].tolist() == [1, 1, 1, 0, 0, 0, 0, 0, 0]


def test_zones_that_stay_open_over_many_slices_are_counted_whole() -> None:
    # Two columns that the last slice joins, beside more zones of one voxel than labels are kept for.
    levels = np.zeros((60, 3, 3), np.uint16)
    levels[:, 0, ::2] = levels[-1, 0, 1] = 1
    levels[::2, 2, 0], levels[1::2, 2, 0] = 2, 3
    levels[::2, 2, 2], levels[1::2, 2, 2] = 4, 5
    grid, table = np.pad(levels, 1), np.zeros((6, 200), np.uint32)
    offsets = -list_offsets(levels.shape, (1,), None)
    large, _ = _matrices.measure_zones(grid, find(grid), offsets, int(np.count_nonzero(grid)), table)
    assert len(large) == 0
    assert {(a, n): int(table[a, n]) for a, n in np.argwhere(table).tolist()} == {
        (1, 121): 1,
        **{(level, 1): 30 for level in (2, 3, 4, 5)},
    }


def test_neighbours_alike_and_the_distance_from_their_mean() -> None:
    half = list_offsets((1, 1, 3), (1,), None)
    dependence, differences = np.zeros((5, 3), np.uint32), np.zeros(5)
    grid = pad([[1, 2, 4]])
    _matrices.count_neighbours(grid, find(grid), np.concatenate([half, -half]), 1, dependence, differences)
    # 1 has the neighbour 2; 2 has 1 and 4, of mean 2.5; 4 has 2. Alike within 1: only 1 and 2.
    assert dependence[[1, 2, 4]].tolist() == [[0, 1, 0], [0, 1, 0], [1, 0, 0]]
    assert differences[[1, 2, 4]].tolist() == [1.0, 0.5, 2.0]


@pytest.mark.parametrize(
    ("size", "distances", "flat", "number"),
    [
        ((3, 3, 3), (1,), None, 13),
        ((3, 3, 3), (1, 2), None, 62),
        ((3, 3, 3), (2,), 0, 8),
        ((1, 4, 4), (1,), None, 4),
        ((2, 2, 2), (2,), None, 0),
        ((1, 1, 1), (1,), None, 0),
    ],
)
def test_each_direction_comes_once_and_stays_inside_the_box(
    size: tuple[int, int, int], distances: tuple[int, ...], flat: int | None, number: int
) -> None:
    offsets = list_offsets(size, distances, flat)
    assert len(offsets) == number
    both = {tuple(o) for o in [*offsets.tolist(), *(-offsets).tolist()]}
    assert len(both) == 2 * number
    assert all(abs(step) < n for o in both for step, n in zip(o, size, strict=True))


@pytest.mark.parametrize("dtype", ["i2", "f4", "f8"])
@pytest.mark.parametrize(("width", "count"), [(25, None), (0.3, None), (None, 7)])
def test_levels_are_those_of_numpy_digitize(dtype: str, width: float | None, count: int | None) -> None:
    values = np.random.default_rng(5).normal(0, 40, 500).astype(dtype)
    edges = build_edges(np.array([values.min(), values.max()], dtype), width, count)
    of_voxels, _ = discretise(values.astype(np.float64), edges)
    assert of_voxels.tolist() == np.digitize(values, edges).tolist()


@pytest.mark.parametrize(("width", "dtype"), [(10.0, np.uint8), (0.3, np.uint16)])
def test_levels_that_lack_leave_ranks_without_gaps(width: float, dtype: type[np.generic]) -> None:
    values = np.array([0.0, 30.0, 99.0])
    of_voxels, levels = discretise(values, build_edges(np.array([0.0, 99.0]), width, None))
    assert of_voxels.dtype == dtype
    grid = place_levels(build_lattice(np.array([[[1, 0, 1, 1]]], np.uint8), 1), of_voxels, levels)
    low, middle, high = (int(value // width) + 1 for value in values)
    assert grid.codes_zyx[1, 1].tolist() == [0, low, 0, middle, high, 0]
    assert rank_levels(grid).codes_zyx[1, 1].tolist() == [0, 1, 0, 2, 3, 0]


def test_a_mask_has_the_box_of_its_voxels_and_an_empty_one_has_none() -> None:
    mask = np.zeros((4, 5, 21), np.uint8)
    assert _voxels.bound(mask) is None
    mask[1, 2, 17] = mask[2, 1, 3] = 1
    assert _voxels.bound(mask) == ((1, 1, 3), (2, 2, 17))


def test_a_box_whose_places_are_more_than_can_be_counted_is_refused() -> None:
    endless = np.broadcast_to(np.zeros(1, np.uint8), (2000, 2000, 600))
    with pytest.raises(ValueError, match="2000 x 2000 x 600"):
        build_lattice(endless, 1)
    with pytest.raises(ValueError, match="65536"):
        build_lattice(np.zeros((1, 1, 65536), np.uint8), 1)
