"""The grid and the interpolation of the recipe ``ibsi``: what holds for every image, however it lies."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st

import phantoms
from radfeat.core.grid import Grid
from radfeat.core.pair import PreparedPair, SourcePair
from radfeat.core.vocabulary import Modality
from radfeat.core.volume import Mask, Volume, array_of, volume_to_sitk
from radfeat.prepare.ibsi_grid import ROUNDING_VOXELS, CentredGrid, plan_centred_grid
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import Interpolator, PrepareSettings

LENGTHS = st.floats(0.4, 5)
SPACINGS = st.tuples(LENGTHS, LENGTHS, LENGTHS)
WANTED = st.tuples(*[st.one_of(st.just(0.0), LENGTHS)] * 3)
SIZES = st.tuples(*[st.integers(1, 9)] * 3)
PLACES = st.tuples(*[st.floats(-500, 500)] * 3)
ANGLES = st.tuples(*[st.floats(-3.2, 3.2)] * 3)
INTERPOLATORS = st.sampled_from([Interpolator.NEAREST, Interpolator.LINEAR, Interpolator.BSPLINE])


def turn(angles: tuple[float, float, float]) -> tuple[float, ...]:
    """Direction cosines of three turns, about x, y and z."""
    transform = sitk.Euler3DTransform()
    transform.SetRotation(*angles)
    return tuple(transform.GetMatrix())


GRIDS = st.builds(Grid, SIZES, SPACINGS, PLACES, ANGLES.map(turn))


def find_place(grid: Grid, index_xyz: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """World position of a place in voxels."""
    direction = np.array(grid.direction).reshape(3, 3)
    return np.array(grid.origin_xyz_mm) + direction @ (np.array(index_xyz) * grid.spacing_xyz_mm)


def find_centre(grid: Grid) -> npt.NDArray[np.float64]:
    return find_place(grid, (np.array(grid.size_xyz) - 1) / 2)


def plan(grid: Grid, wanted: tuple[float, float, float]) -> CentredGrid:
    """The new grid; the old one as such where nothing changes."""
    return plan_centred_grid(grid, wanted) or CentredGrid(grid, (0, 0, 0), (1, 1, 1))


def build_source(grid: Grid, seed: int = 0) -> SourcePair:
    """Noise with a box of the inner voxels as mask."""
    voxels = np.random.default_rng(seed).normal(0, 300, grid.shape_zyx)
    inside = np.zeros(grid.shape_zyx, np.bool_)
    inside[tuple(slice(n // 4, n - n // 4) for n in grid.shape_zyx)] = True
    return phantoms.build_pair(voxels, inside, modality=Modality.MR, grid=grid)


def prepare(
    source: SourcePair, wanted: tuple[float, float, float], interpolator: Interpolator
) -> PreparedPair:
    chosen = PrepareSettings.model_validate(
        {"recipe": "ibsi", "resampled_spacing_xyz_mm": wanted, "interpolator": interpolator}
    )
    return prepare_roi(prepare_image(source.image, chosen), source, chosen)


@given(GRIDS, WANTED)
def test_the_centre_stays_and_the_directions_too(grid: Grid, wanted: tuple[float, float, float]) -> None:
    new = plan(grid, wanted).grid
    assert find_centre(new) == pytest.approx(find_centre(grid), abs=1e-9)
    assert new.direction == grid.direction


@given(GRIDS, WANTED)
def test_the_new_grid_covers_the_image_and_its_centres_lie_inside(
    grid: Grid, wanted: tuple[float, float, float]
) -> None:
    new = plan(grid, wanted).grid
    for n, s, n_new, s_new, w in zip(
        grid.size_xyz, grid.spacing_xyz_mm, new.size_xyz, new.spacing_xyz_mm, wanted, strict=True
    ):
        assert s_new == pytest.approx(w or s, rel=1e-5)
        assert n_new * s_new >= n * s - ROUNDING_VOXELS * s_new - 1e-9
        assert (n_new - 1) * s_new < n * s


@given(GRIDS, WANTED)
def test_places_on_the_old_grid_are_those_of_the_new_ones_voxels(
    grid: Grid, wanted: tuple[float, float, float]
) -> None:
    planned = plan(grid, wanted)
    for index in ((0, 0, 0), tuple(n - 1 for n in planned.grid.size_xyz)):
        on_old = np.array(planned.first_xyz) + np.array(index) * planned.step_xyz
        assert find_place(grid, on_old) == pytest.approx(find_place(planned.grid, index), abs=1e-9)


OBLIQUE = [turn((0.0, 0.0, 0.0)), turn((0.3, -0.7, 1.9)), turn((-2.5, 0.4, -0.2)), phantoms.SAGITTAL]


@settings(deadline=None, max_examples=50)
@given(st.builds(Grid, st.just((5, 4, 3)), SPACINGS, PLACES, st.sampled_from(OBLIQUE)), SPACINGS)
def test_linear_interpolation_is_that_of_simpleitk(grid: Grid, wanted: tuple[float, float, float]) -> None:
    source = build_source(grid)
    chosen = PrepareSettings.model_validate({"recipe": "ibsi", "resampled_spacing_xyz_mm": wanted})
    volume = prepare_image(source.image, chosen).volume
    resampler = sitk.ResampleImageFilter()
    resampler.SetReferenceImage(volume_to_sitk(volume))
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.SetUseNearestNeighborExtrapolator(True)
    theirs = array_of(resampler.Execute(volume_to_sitk(source.image)))
    assert np.abs(volume.voxels_zyx - theirs).max() < 1e-6


@settings(deadline=None)
@given(st.builds(Grid, SIZES.filter(lambda size: sum(n > 1 for n in size) > 1), SPACINGS), INTERPOLATORS)
def test_interpolating_to_the_spacing_that_is_there_keeps_the_voxels(
    grid: Grid, interpolator: Interpolator
) -> None:
    source = build_source(grid)
    x, y, z = (float(np.float32(s)) for s in grid.spacing_xyz_mm)
    pair = prepare(source, (x, y, z), interpolator)
    assert pair.image is source.image
    assert pair.morphological_mask is source.mask


@settings(deadline=None)
@given(st.integers(2, 9), LENGTHS, LENGTHS, INTERPOLATORS)
def test_an_axis_that_is_kept_keeps_its_voxels(
    n: int, spacing: float, wanted: float, interpolator: Interpolator
) -> None:
    source = build_source(Grid((n, 5, 4), (spacing, 1.0, 1.0)))
    same = np.repeat(source.image.voxels_zyx[:, :, :1], n, axis=2)
    flat = replace(source, image=Volume(same, source.image.grid, Modality.MR, source.image.unit))
    moved = prepare_image(
        flat.image,
        PrepareSettings.model_validate(
            {
                "recipe": "ibsi",
                "resampled_spacing_xyz_mm": (wanted, 0, 0),
                "interpolator": interpolator,
            }
        ),
    ).volume
    assert moved.voxels_zyx == pytest.approx(
        np.repeat(same[:, :, :1], moved.grid.size_xyz[0], axis=2), abs=1e-9
    )


@settings(deadline=None)
@given(
    st.tuples(*[st.floats(1.5, 5)] * 3), st.tuples(*[st.floats(0.5, 1.5)] * 3), PLACES, ANGLES, INTERPOLATORS
)
def test_where_the_image_lies_changes_nothing(
    spacing: tuple[float, float, float],
    wanted: tuple[float, float, float],
    place: tuple[float, float, float],
    angles: tuple[float, float, float],
    interpolator: Interpolator,
) -> None:
    here = build_source(Grid((8, 7, 6), spacing))
    grid = Grid((8, 7, 6), spacing, place, turn(angles))
    there = replace(
        here,
        image=replace(here.image, grid=grid),
        mask=Mask(here.mask.voxels_zyx, grid, here.roi),
    )
    ours, theirs = prepare(here, wanted, interpolator), prepare(there, wanted, interpolator)
    assert np.array_equal(ours.image.voxels_zyx, theirs.image.voxels_zyx)
    assert np.array_equal(ours.morphological_mask.voxels_zyx, theirs.morphological_mask.voxels_zyx)


@settings(deadline=None)
@given(GRIDS, SPACINGS)
def test_a_mask_of_the_whole_image_stays_one(grid: Grid, wanted: tuple[float, float, float]) -> None:
    source = build_source(grid)
    whole = replace(source, mask=Mask(np.ones(grid.shape_zyx, np.bool_), grid, source.roi))
    if sum(n > 1 for n in plan(grid, wanted).grid.size_xyz) < 2:
        return
    assert prepare(whole, wanted, Interpolator.LINEAR).morphological_mask.voxels_zyx.all()


@settings(deadline=None)
@given(st.integers(0, 2**20 - 1), SPACINGS)
def test_the_mask_is_that_of_the_whole_image_interpolated(
    seed: int, wanted: tuple[float, float, float]
) -> None:
    # Only the ROI's neighbourhood is interpolated; nothing of it may be lost.
    grid = Grid((7, 6, 5), (1.0, 1.3, 2.0))
    inside = np.random.default_rng(seed).random(grid.shape_zyx) < 0.02
    inside[2, 2:4, 2:4] = True
    source = phantoms.build_pair(inside.astype(np.float64), inside, modality=Modality.MR, grid=grid)
    chosen = PrepareSettings.model_validate(
        {"recipe": "ibsi", "resampled_spacing_xyz_mm": wanted, "minimum_roi_dimensions": 1}
    )
    shares = prepare_image(source.image, chosen)
    wanted_mask = shares.volume.voxels_zyx >= 0.5 - 1e-6
    if wanted_mask.sum() > 1:
        assert np.array_equal(prepare_roi(shares, source, chosen).morphological_mask.voxels_zyx, wanted_mask)
