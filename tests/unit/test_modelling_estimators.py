"""The steps of the in-fold pipeline: each learns from training rows alone, and none sees an outcome."""

import numpy as np
import pytest

from radfeat.modelling.estimators import ElasticNetPath, compute_penalty_grid
from radfeat.modelling.fold_model import ElasticNetFit, JointNetFit, PlainFit
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.likelihood import compute_held_out_likelihoods, compute_log_likelihoods
from radfeat.modelling.outcomes import Outcomes
from radfeat.modelling.preprocessing import build_preprocessing
from radfeat.modelling.selection import ClusterRepresentatives, NearConstantFilter, RobustAsinh
from studies import binary, continuous, make_settings, survival

RNG = np.random.default_rng(11)
X = RNG.normal(size=(60, 6))
SURVIVAL = survival(RNG.exponential(np.exp(-X[:, 0])) + 0.01, RNG.random(60) < 0.8)
BINARY = binary(RNG.random(60) < 1 / (1 + np.exp(-2 * X[:, 0])))
CONTINUOUS = continuous(7.0 * X[:, 0] + 20.0 * RNG.normal(size=60) + 100.0)
IDS = [f"S{i}" for i in range(60)]
BOTH = pytest.mark.parametrize("outcomes", [SURVIVAL, BINARY], ids=["survival", "binary"])


@BOTH
def test_first_penalty_is_the_least_without_any_coefficient(outcomes: Outcomes) -> None:
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    top = compute_penalty_grid(z, outcomes, make_settings())[0]
    above = ElasticNetPath((top * 1.001,), 0.5).fit(z, outcomes)
    below = ElasticNetPath((top * 0.95,), 0.5).fit(z, outcomes)
    assert not above.coefficients_.any()
    assert np.count_nonzero(below.coefficients_) == 1


def test_grid_falls_evenly_in_log_to_its_least_share() -> None:
    grid = np.array(compute_penalty_grid(X, SURVIVAL, make_settings(penalties=5, penalty_min_ratio=0.01)))
    assert grid[-1] / grid[0] == pytest.approx(0.01)
    assert np.diff(np.log(grid)) == pytest.approx(np.full(4, np.log(0.01) / 4))


def test_logistic_path_is_an_elastic_net() -> None:
    """The optimum's conditions: the gradient's excess over the lasso part equals the ridge part."""
    penalty, l1 = 0.05, 0.5
    path = ElasticNetPath((penalty,), l1).fit(X, BINARY)
    beta = path.coefficients_[:, 0]
    chance = 1 / (1 + np.exp(-path.predict_path(X)[:, 0]))
    gradient = X.T @ (BINARY.events - chance) / len(X)
    chosen = beta != 0
    expected = penalty * l1 * np.sign(beta) + penalty * (1 - l1) * beta
    assert gradient[chosen] == pytest.approx(expected[chosen], abs=1e-8)
    assert (np.abs(gradient[~chosen]) <= penalty * l1 + 1e-8).all()
    assert (BINARY.events - chance).mean() == pytest.approx(0, abs=1e-8), "the intercept is not penalised"


@pytest.mark.parametrize("outcomes", [survival(np.arange(1.0, 61.0), np.zeros(60)), binary(np.ones(60))])
def test_training_rows_of_one_class_give_an_empty_path(outcomes: Outcomes) -> None:
    path = ElasticNetPath((0.1, 0.01), 0.5).fit(X, outcomes)
    assert path.predict_path(X).shape == (60, 0)


def test_path_that_overflows_is_cut_to_its_greater_half_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ElasticNetPath._fit_cox

    def overflow(self: ElasticNetPath, X: np.ndarray, y: Outcomes, grid: np.ndarray) -> None:
        if len(grid) > 3:
            raise ArithmeticError
        whole(self, X, y, grid)

    monkeypatch.setattr(ElasticNetPath, "_fit_cox", overflow)
    path = ElasticNetPath((0.3, 0.2, 0.15, 0.1, 0.05, 0.02), 0.5).fit(X, SURVIVAL)
    assert path.cuts_ == 1
    assert path.coefficients_.shape == (6, 3)


def test_preprocessing_learns_from_training_rows_only() -> None:
    training, new = X[:40], X[40:].copy()
    steps = build_preprocessing(make_settings()).fit(training)
    before = steps.transform(training)
    new[:, 2] = 1e9
    steps.transform(new)
    np.testing.assert_array_equal(steps.transform(training), before)
    assert before.mean(axis=0) == pytest.approx(np.zeros(before.shape[1]), abs=1e-12)
    assert before.std(axis=0) == pytest.approx(np.ones(before.shape[1]))


def test_missing_values_take_the_training_median() -> None:
    holed = X.copy()
    holed[0, 0] = np.nan
    steps = build_preprocessing(make_settings()).fit(holed)
    filled = X.copy()
    filled[0, 0] = np.nanmedian(holed[:, 0])
    np.testing.assert_allclose(steps.transform(holed), steps.transform(filled))


def test_cluster_keeps_one_of_near_copies_whatever_their_sign() -> None:
    columns = np.column_stack([X[:, 0], -X[:, 0] + 0.01 * X[:, 1], X[:, 2]])
    clusters = ClusterRepresentatives(0.9).fit(columns)
    assert len(clusters.kept_) == 2
    assert clusters.labels_[0] == clusters.labels_[1] != clusters.labels_[2]


def test_cluster_holds_only_columns_that_are_all_alike() -> None:
    chain = np.column_stack([X[:, 0], X[:, 0] + 0.6 * X[:, 1], X[:, 0] + 1.4 * X[:, 1]])
    clusters = ClusterRepresentatives(0.8).fit(chain)
    likeness = np.abs(np.corrcoef(chain.T))
    for label in set(clusters.labels_):
        members = np.flatnonzero(clusters.labels_ == label)
        assert likeness[np.ix_(members, members)].min() >= 0.8 - 1e-9
    assert len(set(clusters.labels_)) == 2


def test_single_column_is_its_own_cluster() -> None:
    assert ClusterRepresentatives(0.9).fit(X[:, :1]).kept_.tolist() == [0]


def test_filter_keeps_a_column_even_if_none_varies() -> None:
    assert NearConstantFilter(0.9).fit(np.ones((10, 3))).transform(np.ones((10, 3))).shape == (10, 1)


def test_asinh_is_monotone_and_tames_both_tails() -> None:
    column = np.concatenate([np.linspace(-1, 1, 99), [1e6]])[:, None]
    transformed = RobustAsinh().fit_transform(column)[:, 0]
    assert (np.diff(transformed) > 0).all()
    assert transformed[-1] < 20
    assert np.isfinite(RobustAsinh().fit_transform(np.ones((5, 1)))).all()


def test_held_out_likelihood_of_a_binary_endpoint_is_that_of_the_held_out_rows() -> None:
    scores = X[:, :2]
    training = np.arange(40)
    held_out = compute_held_out_likelihoods(scores, BINARY, training)
    rest = np.arange(40, 60)
    assert held_out == pytest.approx(compute_log_likelihoods(scores[rest], BINARY.take(rest)))


def test_held_out_partial_likelihood_compares_with_the_training_rows() -> None:
    """Training rows fail first and last; that held out fails between, at risk beside one of them."""
    scores, outcomes = np.array([[0.3], [1.0], [-0.5]]), survival([1, 2, 3], [1, 1, 1])
    a, b, c = np.exp(scores[:, 0])
    held_out = compute_held_out_likelihoods(scores, outcomes, np.array([0, 2]))
    assert held_out == pytest.approx([np.log(b / (b + c)) + np.log((a + c) / (a + b + c))])


def test_partial_likelihood_of_equal_scores_counts_the_risk_sets() -> None:
    likelihood = compute_log_likelihoods(np.zeros((4, 1)), survival([1, 2, 2, 3], [1, 1, 1, 0]))
    assert likelihood == pytest.approx([-np.log(4) - 2 * np.log(3)]), "ties by Breslow"


@BOTH
def test_model_of_a_fold_scores_its_training_rows_with_mean_zero_and_deviation_one(
    outcomes: Outcomes,
) -> None:
    for fit in (ElasticNetFit(make_settings(penalties=10)), PlainFit()):
        model = fit(Inputs(X), outcomes, IDS, 1)
        scores = model.score(Inputs(X))
        assert (scores.mean(), scores.std()) == pytest.approx((0.0, 1.0), abs=1e-9)
        assert model.cut == pytest.approx(np.median(scores))
        assert np.corrcoef(scores, X[:, 0])[0, 1] > 0.5, "higher is more risk"


def test_seed_alone_decides_the_inner_folds() -> None:
    fit = ElasticNetFit(make_settings(penalties=10))
    first, again = (fit(Inputs(X), SURVIVAL, IDS, 1) for _ in range(2))
    np.testing.assert_array_equal(first.coefficients, again.coefficients)
    assert first.penalty == again.penalty


def test_model_without_coefficients_scores_everyone_zero() -> None:
    noise = np.random.default_rng(0).normal(size=(60, 1))
    outcomes = survival(np.arange(1.0, 61.0), np.arange(60) % 2)
    assert not ElasticNetPath((10.0,)).fit(noise, outcomes).coefficients_.any()
    model = ElasticNetFit(make_settings())(Inputs(np.ones((60, 2))), outcomes, IDS, 1)
    assert model is None or not model.score(Inputs(np.ones((3, 2)))).any()


@BOTH
def test_free_columns_are_not_penalised_and_the_rest_as_much_as_told(outcomes: Outcomes) -> None:
    """Gradient 0 at the free columns; at the others that of the penalty, not of a rescaled one."""
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    penalty, free = 0.08, 2
    path = ElasticNetPath((penalty,), 0.5, free).fit(z, outcomes)
    beta, step = path.coefficients_[:, 0], 1e-6

    def likelihood(column: int, by: float) -> float:
        moved = beta + by * np.eye(6)[column]
        return compute_log_likelihoods((z @ moved + path.intercepts_[0])[:, None], outcomes)[0] / len(z)

    gradient = np.array([(likelihood(j, step) - likelihood(j, -step)) / (2 * step) for j in range(6)])
    expected = penalty * (0.5 * np.sign(beta) + 0.5 * beta) * (np.arange(6) >= free)
    chosen = (beta != 0) | (np.arange(6) < free)
    assert gradient[chosen] == pytest.approx(expected[chosen], abs=5e-4)
    assert (np.abs(gradient[~chosen]) <= penalty * 0.5 + 5e-4).all()
    assert (beta[:free] != 0).all()


@pytest.mark.parametrize("outcomes", [SURVIVAL, BINARY, CONTINUOUS], ids=["survival", "binary", "continuous"])
def test_first_penalty_beside_free_columns_leaves_only_these(outcomes: Outcomes) -> None:
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    grid = compute_penalty_grid(z, outcomes, make_settings(), free=1)
    path = ElasticNetPath((grid[0] * 1.02, grid[0] * 0.97), 0.5, 1).fit(z, outcomes)
    assert np.count_nonzero(path.coefficients_, axis=0).tolist() == [1, 2]


def test_covariates_stay_beside_features_whatever_the_penalty() -> None:
    model = JointNetFit(make_settings(), 2)(Inputs(X[:, ::-1]), SURVIVAL, IDS, 1)
    assert model is not None
    assert (model.coefficients[:2] != 0).all()
    assert model.columns[:2].tolist() == [0, 1]


def test_covariates_that_separate_the_classes_fit_no_model() -> None:
    split = np.column_stack([BINARY.events * 2.0 + 0.001 * X[:, 1], X])
    assert JointNetFit(make_settings(), 1)(Inputs(split), BINARY, IDS, 1) is None


@pytest.mark.parametrize("useless", ["constant", "copy"])
@pytest.mark.parametrize("kind", ["time_to_event", "binary", "continuous"])
def test_free_column_that_says_nothing_more_alters_nothing(kind: str, useless: str) -> None:
    """A covariate with one value, or one that repeats another, in the rows of an inner fold."""
    rng = np.random.default_rng(8)
    z = rng.normal(size=(40, 4))
    outcomes = {
        "time_to_event": survival(np.exp(-z[:, 0] - z[:, 2]) + 0.1, np.ones(40)),
        "binary": binary(z[:, 0] + z[:, 2] + rng.normal(size=40) > 0),
        "continuous": continuous(z[:, 0] + z[:, 2] + rng.normal(size=40)),
    }[kind]
    more = np.zeros(40) if useless == "constant" else z[:, 0]
    penalties = (0.2, 0.1, 0.05)
    plain = ElasticNetPath(penalties, 0.5, 1).fit(z, outcomes)
    beside = np.column_stack([more, z])
    path = ElasticNetPath(penalties, 0.5, 2).fit(beside, outcomes)
    assert path.coefficients_.shape[1] == 3
    assert path.predict_path(beside) == pytest.approx(plain.predict_path(z), abs=2e-4)


def test_covariate_with_one_value_in_an_inner_fold_is_no_obstacle() -> None:
    rng = np.random.default_rng(9)
    rare = np.zeros(40)
    rare[:3] = 1.0
    values = np.column_stack([rare, rng.normal(size=(40, 3))])
    outcomes = binary(values[:, 1] + rng.normal(size=40) > 0)
    settings = make_settings(inner_folds=20)
    names = [f"S{i}" for i in range(40)]
    for seed in range(3):
        model = JointNetFit(settings, 1)(Inputs(values), outcomes, names, seed)
        assert model is not None


@pytest.mark.parametrize("kind", ["time_to_event", "binary", "continuous"])
def test_covariate_that_repeats_others_is_left_out_of_the_fold(kind: str) -> None:
    rng = np.random.default_rng(8)
    z = rng.normal(size=(40, 2))
    outcomes = {
        "time_to_event": survival(rng.exponential(np.exp(-z[:, 0])) + 0.1, np.ones(40)),
        "binary": binary(z[:, 0] + rng.normal(size=40) > 0),
        "continuous": continuous(z[:, 0] + rng.normal(size=40)),
    }[kind]
    beside = np.column_stack([z, 3 * z[:, 0] - 2 * z[:, 1] + 7])
    names = [f"S{i}" for i in range(40)]
    plain, more = (PlainFit()(Inputs(values), outcomes, names, 1) for values in (z, beside))
    assert plain is not None
    assert more is not None
    assert more.columns.tolist() == [0, 1]
    assert more.score(Inputs(beside)) == pytest.approx(plain.score(Inputs(z)))
