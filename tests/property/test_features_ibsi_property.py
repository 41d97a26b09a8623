"""Texture by the recipe ``ibsi``: what holds for every region, however it lies and whatever it holds."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

import phantoms
from radfeat.core.pair import PreparedPair
from radfeat.features.extract import extract_features
from radfeat.features.settings import FeatureSettings

Levels = npt.NDArray[np.int64]

TEXTURE: dict[str, list[str]] = {
    name: [] for name in ("histogram", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
}
AXES = st.sampled_from([(0, 1), (0, 2), (1, 2)])


def draw_levels(*shape: int) -> st.SearchStrategy[Levels]:
    """Grey levels from 1 to 4 with 0 outside the region, which holds two voxels at least."""
    return st_numpy.arrays(np.int64, shape, elements=st.integers(0, 4)).filter(lambda a: np.sum(a > 0) > 1)


REGIONS = draw_levels(3, 4, 3)
SLICES = draw_levels(1, 4, 5)
LINES = draw_levels(1, 1, 7).filter(lambda a: bool(np.any((a[..., 1:] > 0) & (a[..., :-1] > 0))))


def measure(levels: Levels, aggregation: str, classes: dict[str, list[str]] = TEXTURE) -> dict[str, float]:
    """Features with bins of one grey level, counted from 1; NaN where undefined."""
    pair = phantoms.build_pair(levels.astype(np.float64), levels > 0)
    chosen = FeatureSettings.model_validate(
        {"recipe": "ibsi", "aggregation": aggregation, "bin_width": 1, "classes": classes}
    )
    prepared = PreparedPair(pair.image, pair.mask, pair.mask, (), 1.0)
    values = extract_features(prepared, chosen).values
    return {name: math.nan if value is None else value for name, value in values.items()}


def is_same(found: dict[str, float], wanted: dict[str, float]) -> bool:
    return found == pytest.approx(wanted, rel=1e-9, abs=1e-9, nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(REGIONS, AXES, st.integers(1, 3), st.sampled_from(["3d_averaged", "3d_merged"]))
def test_a_quarter_turn_changes_nothing_in_space(
    levels: Levels, axes: tuple[int, int], turns: int, aggregation: str
) -> None:
    assert is_same(measure(np.rot90(levels, turns, axes).copy(), aggregation), measure(levels, aggregation))


@settings(max_examples=10, deadline=None)
@given(REGIONS, st.integers(1, 3), st.sampled_from(["2d_averaged", "2d_slice_merged", "2.5d_merged"]))
def test_a_quarter_turn_of_the_slices_changes_nothing_within_them(
    levels: Levels, turns: int, aggregation: str
) -> None:
    assert is_same(measure(np.rot90(levels, turns, (1, 2)).copy(), aggregation), measure(levels, aggregation))


@settings(max_examples=10, deadline=None)
@given(REGIONS, st.permutations(range(3)), st.sampled_from(["2d_averaged", "2d_slice_merged", "2.5d_merged"]))
def test_the_order_of_the_slices_changes_nothing_within_them(
    levels: Levels, order: list[int], aggregation: str
) -> None:
    assert is_same(measure(levels[order], aggregation), measure(levels, aggregation))


@settings(max_examples=15, deadline=None)
@given(
    REGIONS,
    st.tuples(*[st.tuples(st.integers(0, 2), st.integers(0, 2))] * 3),
    st.sampled_from(["2d_averaged", "2.5d_direction_merged", "3d_averaged"]),
)
def test_where_the_region_lies_in_the_image_changes_nothing(
    levels: Levels, margins: tuple[tuple[int, int], ...], aggregation: str
) -> None:
    assert is_same(measure(np.pad(levels, margins), aggregation), measure(levels, aggregation))


@settings(max_examples=15, deadline=None)
@given(
    SLICES,
    st.sampled_from([("2d_averaged", "2.5d_direction_merged"), ("2d_slice_merged", "2.5d_merged")]),
)
def test_a_single_slice_has_nothing_to_average_or_merge(levels: Levels, pair: tuple[str, str]) -> None:
    by_slice, stacked = pair
    assert is_same(measure(levels, by_slice), measure(levels, stacked))


@settings(max_examples=10, deadline=None)
@given(LINES, st.sampled_from([("2d_averaged", "2d_slice_merged"), ("3d_averaged", "3d_merged")]))
def test_pairs_of_one_direction_are_the_same_averaged_or_merged(
    levels: Levels, pair: tuple[str, str]
) -> None:
    averaged, merged = pair
    pairs: dict[str, list[str]] = {"glcm": []}
    assert is_same(measure(levels, averaged, pairs), measure(levels, merged, pairs))


@settings(max_examples=10, deadline=None)
@given(SLICES, st.integers(2, 3))
def test_alike_slices_average_to_one_of_them(levels: Levels, count: int) -> None:
    stack = np.repeat(levels, count, axis=0)
    by_slice = {name: every for name, every in TEXTURE.items() if name != "histogram"}
    for aggregation in ("2d_averaged", "2d_slice_merged"):
        assert is_same(measure(stack, aggregation, by_slice), measure(levels, aggregation, by_slice))
