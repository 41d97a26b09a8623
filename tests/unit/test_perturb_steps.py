"""Turning, shifting, noise and contours on arrays that can be counted or are known."""

import numpy as np
import pytest
from pydantic import ValidationError

from radfeat.core.box import Box
from radfeat.perturb.contours import (
    change_volume,
    draw_smooth_field,
    measure_signed_distance,
    randomise_contour,
)
from radfeat.perturb.noise import estimate_noise_sd
from radfeat.perturb.rigid import Motion, move_voxels
from radfeat.perturb.settings import PerturbSettings

CUBES = (1.0, 1.0, 1.0)


def ball(radius: float, size: int = 24) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    z, y, x = np.indices((size,) * 3) - (size - 1) / 2
    return np.asarray(z**2 + y**2 + x**2 <= radius**2)


def whole(shape: tuple[int, int, int]) -> Box:
    return Box((0, 0, 0), (shape[2] - 1, shape[1] - 1, shape[0] - 1))


@pytest.mark.parametrize("order", [1, 3])
def test_a_quarter_turn_is_exact_and_turns_x_towards_y(order: int) -> None:
    voxels = np.random.default_rng(0).normal(size=(3, 7, 7))
    moved = move_voxels(voxels, whole((3, 7, 7)), Motion(90.0, (0, 0, 0), (1.0, 3.0, 3.0)), CUBES, order)
    # What was at x = 6, y = 3 (beside the centre along x) is now at x = 3, y = 6.
    assert moved[1, 6, 3] == pytest.approx(voxels[1, 3, 6])
    np.testing.assert_allclose(moved, np.rot90(voxels, k=-1, axes=(1, 2)), atol=1e-9)


def test_a_turn_is_one_in_millimetres() -> None:
    voxels = np.zeros((1, 9, 9))
    voxels[0, 4, 6] = 1.0  # 2 voxels = 2 mm beside the centre along x
    moved = move_voxels(
        voxels, whole((1, 9, 9)), Motion(90.0, (0, 0, 0), (0.0, 4.0, 4.0)), (1.0, 2.0, 5.0), 1
    )
    assert moved[0, 5, 4] == pytest.approx(1.0), "2 mm along y is one voxel"


def test_a_shift_by_one_voxel_is_exact_and_the_edge_goes_on() -> None:
    voxels = np.arange(4 * 3 * 3, dtype=np.int16).reshape(4, 3, 3)
    moved = move_voxels(voxels, whole((4, 3, 3)), Motion(0.0, (1.0, 0.0, 0.0), (0, 0, 0)), CUBES, 1)
    np.testing.assert_allclose(moved[1:], voxels[:-1], atol=1e-12)
    np.testing.assert_allclose(moved[0], voxels[0], atol=1e-12)


@pytest.mark.parametrize("order", [1, 3])
def test_a_box_moves_as_the_whole_does(order: int) -> None:
    voxels = np.random.default_rng(1).normal(size=(30, 70, 72))
    motion = Motion(7.0, (0.4, -0.3, 0.2), (14.0, 33.0, 37.0))
    box = Box((30, 27, 10), (44, 40, 18))
    part = move_voxels(voxels, box, motion, (1.0, 1.5, 3.0), order)
    everything = move_voxels(voxels, whole((30, 70, 72)), motion, (1.0, 1.5, 3.0), order)
    np.testing.assert_allclose(part, everything[box.slices_zyx], atol=1e-6)


def test_noise_is_found_whatever_the_structure_below_it() -> None:
    _, y, x = np.indices((20, 64, 64))
    structure = 300.0 * np.asarray((x - 32) ** 2 + (y - 32) ** 2 < 300) + 2.0 * x
    noisy = structure + np.random.default_rng(2).normal(scale=12.0, size=structure.shape)
    assert estimate_noise_sd(noisy) == pytest.approx(12.0, rel=0.05)
    assert estimate_noise_sd(np.full((3, 8, 8), 5, dtype=np.int16)) == pytest.approx(0.0, abs=1e-9)
    assert estimate_noise_sd(np.zeros((3, 1, 8))) == 0.0


def test_signed_distance_by_hand() -> None:
    mask = np.zeros((1, 1, 6), dtype=bool)
    mask[0, 0, 2:4] = True
    assert measure_signed_distance(mask, CUBES)[0, 0].tolist() == [1.5, 0.5, -0.5, -0.5, 0.5, 1.5]
    assert measure_signed_distance(mask, (5.0, 2.0, 2.0))[0, 0, 4] == 1.0


@pytest.mark.parametrize("share", [-0.3, -0.1, 0.1, 0.3])
def test_volume_changes_by_the_share_at_the_rim(share: float) -> None:
    mask = ball(7.0)
    changed = change_volume(mask, share, CUBES, np.random.default_rng(3))
    assert int(changed.sum()) == round(int(mask.sum()) * (1 + share))
    smaller, larger = (changed, mask) if share < 0 else (mask, changed)
    assert not (smaller & ~larger).any()


def test_the_last_voxel_stays_and_the_array_is_not_left() -> None:
    mask = np.zeros((1, 1, 4), dtype=bool)
    mask[0, 0, 1] = True
    assert change_volume(mask, -0.9, CUBES, np.random.default_rng(0)).sum() == 1
    mask[0, 0, :3] = True
    assert change_volume(mask, 0.9, CUBES, np.random.default_rng(0)).sum() == 4


def test_field_has_deviation_one_and_is_smooth() -> None:
    field = draw_smooth_field((60, 60, 60), 3.0, (2.0, 1.0, 1.0), np.random.default_rng(4))
    assert float(field.std()) == pytest.approx(1.0, abs=0.15)
    along_x = np.corrcoef(field[:, :, :-3].ravel(), field[:, :, 3:].ravel())[0, 1]
    along_z = np.corrcoef(field[:-3].ravel(), field[3:].ravel())[0, 1]
    # A Gaussian of 3 mm makes a correlation of exp(-d^2 / 36): 3 mm along x, 6 mm along z.
    assert along_x == pytest.approx(np.exp(-9 / 36), abs=0.05)
    assert along_z == pytest.approx(np.exp(-36 / 36), abs=0.08)


def test_contours_move_by_about_the_deviation_and_only_near_the_surface() -> None:
    mask = ball(9.0, size=40)
    overlaps, volumes = [], []
    for seed in range(20):
        moved = randomise_contour(mask, 1.0, 4.0, CUBES, np.random.default_rng(seed))
        overlaps.append(2 * (moved & mask).sum() / (moved.sum() + mask.sum()))
        volumes.append(moved.sum() / mask.sum())
        assert not (moved & (measure_signed_distance(mask, CUBES) > 5)).any()
    # A surface that moves by 1 mm about a radius of 9 mm: a Dice of about 1 - 3 x 0.8 x 1 / (2 x 9).
    assert 0.82 < float(np.mean(overlaps)) < 0.92
    assert float(np.mean(volumes)) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    "settings", [{"repeats": 1}, {"noise": "declared"}, {"noise_sd": 5.0}, {"volume_change": 1.0}]
)
def test_settings_that_mean_nothing_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        PerturbSettings.model_validate(settings)
