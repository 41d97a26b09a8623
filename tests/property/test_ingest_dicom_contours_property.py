"""The rasteriser against the even-odd rule written out for one point, in fractions, and against itself."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radfeat.ingest.dicom.contours import fill_polygon

SIZE = (11, 9)
COARSE = st.integers(-8, 32).map(lambda n: n / 2)
"""Halves: corners on centres and on borders, edges through centres, equal corners; some outside."""
TENTHS = st.integers(-30, 140).map(lambda n: n / 10)
"""Edges through centres by thirds and sevenths, which rounding puts on either side."""
FINE = st.integers(-3_000_000, 14_000_000).map(lambda n: n / 1_000_000)
POLYGONS = st.one_of(
    *(st.lists(st.tuples(number, number), min_size=3, max_size=12) for number in (COARSE, TENTHS, FINE))
)


def contains(polygon, x, y):
    """Whether a point lies in a polygon: its border is crossed an odd number of times towards greater x."""
    inside = False
    polygon = [tuple(Fraction(round(c * 10**6), 10**6) for c in corner) for corner in polygon]
    for (x0, y0), (x1, y1) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        if y0 <= y < y1 and x < x0 + (y - y0) * (x1 - x0) / (y1 - y0):
            inside = not inside
    return inside


def fill(polygon):
    voxels = np.zeros(SIZE[::-1], dtype=bool)
    patch = fill_polygon(np.array(polygon, dtype=float), SIZE)
    if patch is not None:
        voxels[patch.slices_yx] = patch.inside_yx
    return voxels


@pytest.mark.requirement("R-IN-5")
@settings(max_examples=300, deadline=None)
@given(POLYGONS)
def test_every_voxel_is_in_where_its_centre_is(polygon):
    expected = [[contains(polygon, x, y) for x in range(SIZE[0])] for y in range(SIZE[1])]
    assert np.array_equal(fill(polygon), expected)


@settings(max_examples=100, deadline=None)
@given(POLYGONS, st.integers(0, 11), st.booleans())
def test_start_and_sense_do_not_matter(polygon, start, turn):
    other = polygon[start % len(polygon) :] + polygon[: start % len(polygon)]
    assert np.array_equal(fill(polygon), fill(other[::-1] if turn else other))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(COARSE, COARSE), min_size=4, max_size=10), st.integers(2, 8))
def test_cutting_a_polygon_in_two_keeps_its_voxels(polygon, at):
    at = min(at, len(polygon) - 2)
    assert np.array_equal(fill(polygon[: at + 1]) ^ fill([polygon[0], *polygon[at:]]), fill(polygon))
