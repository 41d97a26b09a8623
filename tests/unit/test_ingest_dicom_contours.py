"""Polygons whose voxels can be counted by hand."""

from dataclasses import replace

import numpy as np
import pytest

import phantoms
from radfeat.core.grid import Grid
from radfeat.ingest.dicom.contours import (
    Patch,
    Relation,
    fill_polygon,
    is_degenerate,
    relate,
    relate_all,
    to_index,
)

SIZE = (9, 8)
SQUARE = [(0.5, 0.5), (4.5, 0.5), (4.5, 3.5), (0.5, 3.5)]
"""Holds the centres of columns 1 to 4 and rows 1 to 3."""


def fill(*polygons, size=SIZE):
    """The XOR of polygons as a slice (y, x)."""
    voxels = np.zeros(size[::-1], dtype=bool)
    for polygon in polygons:
        patch = fill_polygon(np.array(polygon, dtype=float), size)
        if patch is not None:
            voxels[patch.slices_yx] ^= patch.inside_yx
    return voxels


def picture(voxels):
    return ["".join("#" if v else "." for v in row) for row in voxels]


def box(x, y, width, height):
    """A polygon around the centres of a box of voxels."""
    left, top = x - 0.5, y - 0.5
    return [(left, top), (left + width, top), (left + width, top + height), (left, top + height)]


def test_square_holds_the_centres_within_it():
    voxels = fill(SQUARE)
    assert voxels.sum() == 12
    assert voxels[1:4, 1:5].all()


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("step", [1, -1])
def test_neither_first_corner_nor_sense_of_rotation_matters(turn, step):
    polygon = [(0.3, 1.2), (6.7, 0.1), (7.9, 6.6), (2.2, 4.4)]
    turned = (polygon[turn:] + polygon[:turn])[::step]
    assert np.array_equal(fill(turned), fill(polygon))


def test_closing_the_polygon_by_its_first_corner_alters_nothing():
    assert np.array_equal(fill([*SQUARE, SQUARE[0]]), fill(SQUARE))


def test_contour_within_another_is_a_hole():
    voxels = fill(box(1, 1, 6, 6), box(3, 3, 2, 2))
    assert voxels.sum() == 36 - 4
    assert not voxels[3:5, 3:5].any()


def test_island_in_the_hole_is_in_again():
    assert fill(box(0, 0, 8, 8), box(1, 1, 6, 6), box(3, 3, 2, 2)).sum() == 64 - 36 + 4


def test_keyhole_is_an_outline_with_its_hole():
    outer, inner = box(1, 1, 6, 6), box(3, 3, 2, 2)
    keyhole = [*outer, outer[0], inner[0], *inner[::-1], outer[0]]
    assert np.array_equal(fill(keyhole), fill(outer, inner))


def test_channel_of_a_keyhole_over_centres_cancels():
    """The channel runs along row 3, through voxel centres, forth and back."""
    keyhole = [(0.5, 3), (0.5, 0.5), (7.5, 0.5), (7.5, 6.5), (0.5, 6.5), (0.5, 3),
               (2.5, 3), (2.5, 4.5), (4.5, 4.5), (4.5, 2.5), (2.5, 2.5), (2.5, 3)]  # fmt: skip
    assert np.array_equal(fill(keyhole), fill(box(1, 1, 7, 6), box(3, 3, 2, 2)))


def test_slanted_channel_of_a_keyhole_cancels():
    outer, inner = box(1, 1, 7, 6), box(3, 3, 2, 2)
    keyhole = [*outer, outer[0], inner[2], *inner[:2][::-1], *inner[2:][::-1], outer[0]]
    assert np.array_equal(fill(keyhole), fill(outer, inner))


def test_concave_outline_leaves_its_bay_out():
    bay = [(0.5, 0.5), (7.5, 0.5), (7.5, 5.5), (5.5, 5.5), (5.5, 2.5), (2.5, 2.5), (2.5, 5.5), (0.5, 5.5)]
    assert picture(fill(bay)) == [
        ".........",
        ".#######.",
        ".#######.",
        ".##...##.",
        ".##...##.",
        ".##...##.",
        ".........",
        ".........",
    ]


def test_figure_of_eight_has_both_lobes():
    eight = [(0.5, 0.5), (6.5, 6.5), (6.5, 0.5), (0.5, 6.5)]
    voxels = fill(eight)
    assert voxels[3, [1, 6]].all()
    assert not voxels[[1, 5], 3].any()


def test_centres_on_the_border_belong_to_one_of_two_neighbours():
    """Corners on voxel centres: rows and columns from the lower border on, without the upper."""
    voxels = fill([(1, 1), (5, 1), (5, 4), (1, 4)])
    assert picture(voxels[:5]) == [".........", ".####....", ".####....", ".####....", "........."]


def test_polygons_that_share_edges_tile_the_plane():
    rng = np.random.default_rng(3)
    x, y = np.cumsum(rng.integers(1, 3, 4)), np.cumsum(rng.integers(1, 3, 4))
    tiles = [
        [(x[i], y[j]), (x[i + 1], y[j]), (x[i + 1], y[j + 1]), (x[i], y[j + 1])]
        for i in range(3)
        for j in range(3)
    ]
    total = sum(fill(tile).astype(int) for tile in tiles)
    whole = fill([(x[0], y[0]), (x[3], y[0]), (x[3], y[3]), (x[0], y[3])])
    assert np.array_equal(total, whole.astype(int))


def test_triangles_of_a_fan_around_a_centre_tile_the_plane():
    around = [(4 + 3.2 * np.cos(a), 4 + 3.2 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 12)[:-1]]
    fan = [[(4, 4), one, other] for one, other in zip(around, [*around[1:], around[0]], strict=True)]
    assert np.array_equal(sum(fill(t).astype(int) for t in fan), fill(around).astype(int))


@pytest.mark.parametrize(
    ("low", "high", "row", "column"), [((5.7, 1.4), (8.8, 7.6), 4, 7), ((9.3, 3.1), (0.2, 4.4), 4, 3)]
)
def test_centre_on_a_slanted_edge_belongs_to_the_polygon_on_its_right(low, high, row, column):
    """In floating point these edges pass their centres one unit in the last place too far right."""
    left, right = [(-3, low[1]), low, high, (-3, high[1])], [low, high, (12, high[1]), (12, low[1])]
    assert np.flatnonzero(fill(right)[row]).tolist() == list(range(column, SIZE[0]))
    assert np.flatnonzero(fill(left)[row]).tolist() == list(range(column))


def test_what_lies_outside_the_slice_is_cut_off():
    assert fill(box(-3, -3, 5, 5)).sum() == 4
    assert fill(box(7, 6, 5, 5)).sum() == 4
    assert fill(box(-3, -3, 30, 30)).all()
    assert fill_polygon(np.array(box(20, 2, 3, 3), float), SIZE) is None
    assert fill_polygon(np.array(box(2, -9, 3, 3), float), SIZE) is None


@pytest.mark.parametrize("gap", [(-40, 2), (40, 2), (2, -40), (2, 40)])
def test_corner_far_outside_cuts_like_the_straight_edges_to_it(gap):
    polygon = np.array([(2.5, 1.5), (4.5, 1.5), gap, (2.5, 4.5)], dtype=float)
    wide = np.zeros((100, 100), dtype=bool)
    patch = fill_polygon(polygon + 45, (100, 100))
    wide[patch.slices_yx] = patch.inside_yx
    assert np.array_equal(fill(polygon), wide[45:53, 45:54])


def test_contour_between_centres_holds_none():
    assert fill_polygon(np.array([(1.2, 1.2), (1.8, 1.2), (1.8, 1.8)]), SIZE) is None


def test_patch_is_a_tight_box():
    patch = fill_polygon(np.array(SQUARE), SIZE)
    assert (patch.lower_yx, patch.inside_yx.shape, patch.voxels) == ((1, 1), (3, 4), 12)


# -- degenerate ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "points",
    [
        np.empty((0, 3)),
        [[1.0, 2, 3]],
        [[1.0, 2, 3], [4, 5, 6]],
        [[1.0, 2, 3]] * 5,
        [[1.0, 2, 3], [2, 4, 3], [4, 8, 3], [1, 2, 3]],
        [[-123.45, 67.89, 1000.1], [-120.15, 60.19, 1000.1], [-121.8, 64.04, 1000.1]],
    ],
)
def test_points_of_a_line_enclose_nothing(points):
    assert is_degenerate(np.array(points, dtype=float))


def test_figure_of_eight_without_net_area_is_not_degenerate():
    assert not is_degenerate(np.array([(0.5, 0.5, 1), (6.5, 6.5, 1), (6.5, 0.5, 1), (0.5, 6.5, 1)]))


def test_thin_sliver_is_not_degenerate():
    assert not is_degenerate(np.array([(0.0, 0, 0), (100, 0, 0), (100, 0.001, 0), (0, 0.001, 0)]))


# -- from the world to indices -------------------------------------------------------------------------------

CORNERS = np.array([(1, 1, 3), (5, 1, 3), (5, 4, 3), (2, 6, 3)], dtype=float)
"""Voxel indices x, y, z; every corner on a centre."""


@pytest.mark.parametrize("direction", [phantoms.OBLIQUE, phantoms.FLIPPED, phantoms.SAGITTAL])
def test_mask_in_voxels_does_not_depend_on_the_direction_of_the_grid(direction):
    grid = Grid((9, 8, 6), (0.9765625, 1.1, 3.27), (-123.4567, 76.54321, -743.98), direction)
    axes = np.reshape(grid.direction, (3, 3)) * grid.spacing_xyz_mm
    world = CORNERS @ axes.T + grid.origin_xyz_mm
    index = to_index(grid, world)
    assert np.array_equal(index, CORNERS)
    assert np.array_equal(fill(index[:, :2]), fill(CORNERS[:, :2]))


def test_indices_are_those_of_simpleitk():
    grid = replace(phantoms.GRID, direction=phantoms.OBLIQUE)
    image = phantoms.to_sitk(phantoms.build_voxels(grid), grid)
    points = np.random.default_rng(1).uniform(-50, 50, (20, 3))
    expected = [image.TransformPhysicalPointToContinuousIndex(point.tolist()) for point in points]
    assert to_index(grid, points) == pytest.approx(np.array(expected), abs=1e-6)


# -- two contours on a slice ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "relation"),
    [
        (box(6, 6, 2, 2), Relation.APART),
        (box(4, 1, 2, 2), Relation.APART),
        (box(2, 2, 1, 1), Relation.NESTED),
        (box(0, 0, 8, 8), Relation.NESTED),
        (box(3, 3, 3, 3), Relation.CROSSING),
        (box(1, 1, 3, 3), Relation.SAME),
    ],
)
def test_relation_of_two_contours(other, relation):
    one = fill_polygon(np.array(box(1, 1, 3, 3), float), SIZE)
    two = fill_polygon(np.array(other, float), SIZE)
    assert relate(one, two) is relate(two, one) is relation


def test_contours_whose_boxes_meet_and_voxels_do_not_are_apart():
    whole, middle = np.array(box(0, 0, 5, 5), float), np.array(box(2, 2, 1, 1), float)
    ring = Patch((0, 0), ~np.pad(np.ones((3, 3), bool), 1), whole)
    assert relate(ring, Patch((2, 2), np.ones((1, 1), bool), middle)) is Relation.APART


def around(x, y, half):
    """A small square around a centre."""
    return np.array([(x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)])


@pytest.mark.parametrize(
    ("other", "relation"),
    [
        (around(3, 3, 0.2), Relation.RING),
        (around(3.1, 3, 0.15), Relation.RING),
        (around(3, 3, 0.32), Relation.SAME),
        (around(3, 3, 0.4), Relation.SAME),
        (around(3.25, 3, 0.4), Relation.SAME),
        (around(3, 3, 0.4)[::-1], Relation.SAME),
        (around(3, 3, 0.4)[[0, 1, 2, 2, 3]], Relation.SAME),
    ],
)
def test_same_voxels_are_a_ring_where_one_outline_lies_well_within_the_other(other, relation):
    """A copy that was moved aside, or drawn a tenth of a voxel smaller, is a copy."""
    one, two = (fill_polygon(outline, SIZE) for outline in (around(3, 3, 0.4), other))
    assert relate(one, two) is relate(two, one) is relation


def test_all_pairs_are_looked_at():
    patches = [fill_polygon(np.array(box(x, 1, 2, 2), float), SIZE) for x in (0, 1, 5)]
    patches.append(fill_polygon(np.array(box(5, 1, 2, 1), float), SIZE))
    assert list(relate_all(patches)) == [(0, 1, Relation.CROSSING), (2, 3, Relation.NESTED)]
    assert not list(relate_all(patches[:1]))
    assert not list(relate_all([]))
