"""A perturbed pair: by name and number alone, near the ROI alone, in the image's own kind of number."""

from dataclasses import replace

import numpy as np
import pytest

from radfeat.core.errors import EmptyRoiError
from radfeat.core.grid import Grid
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.pair import SourcePair
from radfeat.core.provenance import Provenance
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.volume import Mask, Volume
from radfeat.perturb.chain import perturb_pair
from radfeat.perturb.settings import PerturbSettings

STILL = {"rotation_deg": 0, "translation_voxels": 0, "noise": "none", "volume_change": 0, "contour_sd_mm": 0}
GRID = Grid((40, 36, 12), (1.0, 1.0, 3.0))


def make_pair(subject: str = "S1", dtype: str = "int16", *, empty: bool = False) -> SourcePair:
    voxels = np.random.default_rng(0).normal(100.0, 20.0, size=GRID.shape_zyx).astype(dtype)
    mask = np.zeros(GRID.shape_zyx, dtype=bool)
    if not empty:
        mask[4:8, 13:23, 15:25] = True
    key = RoiKey(CaseKey("ST", "A", subject, "T0", "CT"), "GTV")
    image = Volume(voxels, GRID, Modality.CT, Unit.HU)
    return SourcePair(image, Mask(mask, GRID, key), Provenance("", "", "", ""))


def settings(**changes: object) -> PerturbSettings:
    return PerturbSettings.model_validate({"repeats": 3, "margin_mm": 6.0} | changes)


def test_nothing_asked_nothing_altered() -> None:
    pair = make_pair()
    found = perturb_pair(pair, 1, settings(**STILL)).pair
    assert np.array_equal(found.image.voxels_zyx, pair.image.voxels_zyx)
    assert np.array_equal(found.mask.voxels_zyx, pair.mask.voxels_zyx)


@pytest.mark.parametrize("dtype", ["int16", "uint8", "float32", "float64"])
def test_grid_and_number_type_stay_and_only_the_neighbourhood_changes(dtype: str) -> None:
    pair = make_pair(dtype=dtype)
    found = perturb_pair(pair, 1, settings()).pair
    assert found.image.grid == pair.image.grid
    assert found.image.voxels_zyx.dtype == np.dtype(dtype)
    changed = np.nonzero(found.image.voxels_zyx != pair.image.voxels_zyx)
    assert [int(c.min()) for c in changed] == [2, 7, 9]
    assert [int(c.max()) for c in changed] == [9, 28, 30]
    assert found.roi == pair.roi


def test_the_same_name_and_number_give_the_same_pair_in_any_order() -> None:
    pair, plan = make_pair(), settings()
    there = [perturb_pair(pair, n, plan) for n in (1, 2, 3)]
    back = [perturb_pair(pair, n, plan) for n in (3, 2, 1)][::-1]
    for one, other in zip(there, back, strict=True):
        assert one.perturbation == other.perturbation
        assert np.array_equal(one.pair.image.voxels_zyx, other.pair.image.voxels_zyx)
        assert np.array_equal(one.pair.mask.voxels_zyx, other.pair.mask.voxels_zyx)
    assert len({p.perturbation.rotation_deg for p in there}) == 3
    other_subject = perturb_pair(make_pair("S2"), 1, plan).perturbation
    assert other_subject.rotation_deg != there[0].perturbation.rotation_deg
    assert perturb_pair(pair, 1, settings(seed=1)).perturbation != there[0].perturbation


def test_a_step_that_is_switched_off_shifts_no_other() -> None:
    every, fewer = (perturb_pair(make_pair(), 1, settings(**c)) for c in ({}, {"noise": "none"}))
    assert np.array_equal(every.pair.mask.voxels_zyx, fewer.pair.mask.voxels_zyx)
    assert replace(every.perturbation, noise_sd=0.0) == fewer.perturbation


def test_draws_stay_within_the_settings() -> None:
    plan = settings(rotation_deg=5.0, translation_voxels=0.25, volume_change=0.2)
    for number in range(1, 30):
        found = perturb_pair(make_pair(), number, plan).perturbation
        assert abs(found.rotation_deg) <= 5.0
        assert max(map(abs, found.translation_xyz)) <= 0.25
        assert abs(found.volume_change) <= 0.2


def test_declared_noise_is_added_and_integers_are_rounded() -> None:
    pair = make_pair()
    found = perturb_pair(pair, 1, settings(**STILL | {"noise": "declared", "noise_sd": 30.0}))
    box = (slice(2, 10), slice(7, 29), slice(9, 31))
    added = found.pair.image.voxels_zyx[box].astype(float) - pair.image.voxels_zyx[box].astype(float)
    assert found.perturbation.noise_sd == 30.0
    assert float(added.std()) == pytest.approx(30.0, rel=0.05)


def test_values_do_not_run_over_the_end_of_their_type() -> None:
    pair = make_pair(dtype="uint8")
    found = perturb_pair(pair, 1, settings(**STILL | {"noise": "declared", "noise_sd": 400.0})).pair
    assert (found.image.voxels_zyx[2:10, 7:29, 9:31] == 255).mean() > 0.2


def test_volume_changes_by_what_is_recorded() -> None:
    found = perturb_pair(make_pair(), 2, settings(**STILL | {"volume_change": 0.3}))
    assert int(found.pair.mask.voxels_zyx.sum()) == round(400 * (1 + found.perturbation.volume_change))


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(EmptyRoiError, match="no voxel"):
        perturb_pair(make_pair(empty=True), 1, settings())
