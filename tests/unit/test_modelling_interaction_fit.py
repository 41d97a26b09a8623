"""One treatment-by-biomarker interaction: what may be missing, constant or separated."""

import numpy as np
import pytest

from radfeat.modelling.biomarkers import transform_feature
from radfeat.modelling.interaction_fit import fit_interaction
from studies import binary, survival

RNG = np.random.default_rng(21)
N = 80
ARM = np.arange(N) % 2 == 1
Z = RNG.normal(size=N)
OUTCOMES = survival(RNG.exponential(np.exp(-Z * ARM)) + 0.01, RNG.random(N) < 0.8)
NONE = np.empty((N, 0))


def test_effect_in_each_arm_is_that_of_a_model_of_the_arm_where_nothing_is_shared() -> None:
    """Logistic regression with arm, biomarker and product has a model of its own in each arm."""
    outcomes = binary(RNG.random(N) < 1 / (1 + np.exp(-Z * ARM)))
    found = fit_interaction(Z, ARM, NONE, outcomes, 0.95)
    swapped = fit_interaction(Z, ~ARM, NONE, outcomes, 0.95)
    assert swapped.experimental == pytest.approx(found.reference)
    assert swapped.ratio[0] == pytest.approx(1 / found.ratio[0])
    assert swapped.chi2 == pytest.approx(found.chi2)


def test_missing_covariates_take_their_mean_and_constant_ones_are_left_out() -> None:
    age = RNG.normal(size=N)
    holed = np.column_stack([age, np.full(N, 5.0), np.full(N, np.nan)])
    holed[:7, 0] = np.nan
    filled = np.where(np.isnan(holed[:, :1]), np.nanmean(holed[:, 0]), holed[:, :1])
    found = fit_interaction(Z, ARM, holed, OUTCOMES, 0.95)
    expected = fit_interaction(Z, ARM, filled, OUTCOMES, 0.95)
    assert found.chi2 == pytest.approx(expected.chi2)
    assert found.ratio == pytest.approx(expected.ratio)


def test_constant_biomarker_has_no_estimate() -> None:
    assert fit_interaction(np.full(N, 3.3), ARM, NONE, OUTCOMES, 0.95) is None


def test_separated_outcome_has_no_estimate() -> None:
    separated = binary(np.where(ARM, Z > 0, np.arange(N) % 4 < 2))
    assert fit_interaction(Z, ARM, NONE, separated, 0.95) is None


def test_covariate_that_repeats_the_arm_has_no_estimate() -> None:
    assert fit_interaction(Z, ARM, ARM.astype(float)[:, None], OUTCOMES, 0.95) is None


def test_direction_and_scale_of_the_biomarker() -> None:
    found, mirrored = (fit_interaction(s * Z, ARM, NONE, OUTCOMES, 0.95) for s in (1, -10))
    assert found.ratio[0] > 1
    assert mirrored.ratio == pytest.approx((1 / found.ratio[0], 1 / found.ratio[2], 1 / found.ratio[1]))
    assert mirrored.p == pytest.approx(found.p)


def test_transformed_feature_keeps_its_order_and_its_gaps() -> None:
    column = np.array([5.0, np.nan, 1.0, 1e6, 2.0])
    transformed = transform_feature(column)
    assert np.isnan(transformed).tolist() == [False, True, False, False, False]
    known = ~np.isnan(column)
    assert np.argsort(transformed[known]).tolist() == np.argsort(column[known]).tolist()
    assert np.isnan(transform_feature(np.full(3, np.nan))).all()
