"""Continuous endpoints, competing events and stratification factors, by hand-countable numbers."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.stats import pearsonr, spearmanr

from radfeat.core.errors import TableError
from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.agreement import define_pearson, define_r_squared, define_rmse, define_spearman
from radfeat.modelling.arms import fit_arm
from radfeat.modelling.baseline import fit_baseline, predict_risks
from radfeat.modelling.clinical import read_clinical_sheet
from radfeat.modelling.cohort import build_cohort
from radfeat.modelling.cross_validation import Rows, Schedule, cross_validate
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.estimators import ElasticNetPath, compute_penalty_grid
from radfeat.modelling.fold_model import ElasticNetFit
from radfeat.modelling.incidence import compute_incidence
from radfeat.modelling.interaction_fit import Measure, fit_interaction
from radfeat.modelling.linear_path import fit_linear_path
from radfeat.modelling.outcomes import Outcomes, join_outcomes
from radfeat.modelling.settings import ModellingSettings
from radfeat.modelling.splits import assign_folds
from radfeat.modelling.stratified import build_indicators, drop_explained, fit_stratified
from radfeat.modelling.survival import compute_logrank
from studies import (
    OS,
    PROGRESSION,
    RESPONSE,
    SHRINKAGE,
    binary,
    competing,
    continuous,
    draw_study,
    make_settings,
    survival,
    write_clinical,
)

KINDS = (OS, RESPONSE, SHRINKAGE, PROGRESSION)


def stratify(outcomes: Outcomes, *levels: str) -> Outcomes:
    return Outcomes(
        outcomes.kind,
        outcomes.times,
        outcomes.events,
        outcomes.values,
        outcomes.competing,
        tuple((level,) for level in levels),
    )


# Settings and the sheet


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "continuous"}, "continuous needs `column`"),
        ({"kind": "continuous", "column": "x", "time": "t"}, "continuous needs `column`"),
        ({"kind": "binary", "column": "x", "competing_values": ["2"]}, "only time_to_event has"),
        ({"time": "t", "event": "e", "competing_values": ["1"]}, "means two things"),
        ({"time": "t", "event": "e", "competing_values": ["2"], "horizons": [9.0]}, "ask for risks"),
    ],
)
def test_endpoints_that_contradict_themselves_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        EndpointSettings.model_validate({"name": "x"} | changes)


def test_a_factor_named_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="stratification"):
        ModellingSettings(stratification=("site", "site"))


HEADER = "subject_id,arm,days,died,shrinkage,days_to_progression,progressed,site\n"


def read(folder: Path, *rows: str) -> list[object]:
    settings = make_settings(endpoints=(OS, SHRINKAGE, PROGRESSION), stratification=("site",))
    sheet = read_clinical_sheet(write_clinical(folder, HEADER + "\n".join(rows)), settings)
    return list(sheet.rows)


def test_values_causes_and_levels_are_read(tmp_path: Path) -> None:
    first, second = read(tmp_path, "S1,control,10,1,-3.5,7,2,North", "S2,experimental,12,0,,9,1.0,South")
    assert (first.outcomes["shrinkage"].value, second.outcomes["shrinkage"]) == (-3.5, None)
    progression = [
        (r.outcomes["progression"].event, r.outcomes["progression"].competing) for r in (first, second)
    ]
    assert progression == [(False, True), (True, False)]
    assert (first.levels, second.levels) == (("North",), ("South",))


def test_every_fault_of_the_new_columns_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(TableError) as caught:
        read(tmp_path, "S1,control,10,1,much,7,3,", "S2,control,10,1,1e2,7,0,North")
    told = str(caught.value)
    assert "not a number" in told
    assert "none of 1, 0, 2, as endpoint progression has it" in told
    assert "the stratum of the randomisation is missing" in told
    assert told.count("\n") == 2


# Outcomes and folds


def test_classes_are_quarters_of_values_and_strata_within_them() -> None:
    assert continuous([5, 1, 3, 7]).classes == [2, 0, 1, 3]
    assert survival([1, 2, 3], [True, False, True]).classes == [1, 0, 1]
    # The first stratum in alphabetical order is dealt first within the events.
    assert stratify(survival([1, 2, 3], [True, False, True]), "b", "a", "a").classes == [2, 1, 3]


def test_folds_hold_each_class_and_stratum_alike() -> None:
    rng = np.random.default_rng(0)
    levels = ["ab"[i % 2] for i in range(60)]
    outcomes = stratify(survival(rng.exponential(size=60), rng.random(60) < 0.5), *levels)
    folds = assign_folds([f"S{i}" for i in range(60)], outcomes.classes, 5, 1)
    for number in set(outcomes.classes):
        counts = np.bincount(folds[np.array(outcomes.classes) == number], minlength=5)
        assert counts.max() - counts.min() <= 1
    assert set(np.bincount(folds)) == {12}


def test_permuting_outcomes_leaves_subjects_in_their_strata() -> None:
    outcomes = stratify(continuous([1.0, 2.0, 3.0]), "a", "b", "c")
    order = np.array([2, 0, 1])
    assert outcomes.permute(order).measured.tolist() == [3.0, 1.0, 2.0]
    assert outcomes.permute(order).levels == outcomes.levels
    assert outcomes.take(order).levels == (("c",), ("a",), ("b",))


def test_joined_outcomes_keep_values_causes_and_levels() -> None:
    joined = join_outcomes([competing([1, 2], [1, 2]), competing([3], [0])])
    assert joined.competing is not None
    assert joined.competing.tolist() == [False, True, False]
    assert join_outcomes([continuous([1.0]), continuous([2.0])]).measured.tolist() == [1.0, 2.0]


# Continuous endpoints


def test_r_squared_of_the_training_means_is_zero_and_of_the_truth_one() -> None:
    measured, null = np.array([1.0, 2.0, 3.0]), np.array([2.5, 2.0, 1.5])
    once = np.ones((1, 3))
    assert define_r_squared(null, null, measured)(once)[0] == 0.0
    assert define_r_squared(measured, null, measured)(once)[0] == 1.0
    # Errors 1 + 0 + 1 against 2.25 + 0 + 2.25.
    assert define_r_squared(np.full(3, 2.0), null, measured)(once)[0] == pytest.approx(1 - 2 / 4.5)
    assert define_rmse(np.full(3, 2.0), measured)(once)[0] == pytest.approx(np.sqrt(2 / 3))


def test_correlations_count_a_subject_as_often_as_it_is_drawn() -> None:
    scores, measured = np.array([1.0, 2.0, 2.0, 9.0]), np.array([3.0, 1.0, 5.0, 4.0])
    counts = np.array([[2.0, 1.0, 0.0, 3.0]])
    drawn = np.array([0, 0, 1, 3, 3, 3])
    assert define_spearman(scores, measured)(counts)[0] == pytest.approx(
        spearmanr(scores[drawn], measured[drawn])[0]
    )
    assert define_pearson(scores, measured)(counts)[0] == pytest.approx(
        pearsonr(scores[drawn], measured[drawn])[0]
    )
    assert np.isnan(define_spearman(np.ones(4), measured)(counts)[0])
    assert np.isnan(define_pearson(np.ones(4), measured + 1e9)(counts)[0])


def test_linear_path_meets_the_conditions_of_its_optimum_with_free_columns() -> None:
    rng = np.random.default_rng(1)
    X, free = rng.normal(size=(50, 8)), np.column_stack([rng.normal(size=50), np.ones(50)])
    y = X[:, 0] - 2 * free[:, 0] + 3 + rng.normal(size=50)
    y /= y.std()
    penalties, ratio = np.array([0.2, 0.05, 0.01]), 0.5
    path = fit_linear_path(X, free, y, penalties, ratio)
    assert path.unconverged == 0
    for k, penalty in enumerate(penalties):
        w = path.coefficients[:, k]
        residual = y - X @ w - free @ path.free[:, k]
        assert free.T @ residual == pytest.approx([0, 0], abs=1e-9)
        slope = X.T @ residual / 50 - penalty * (1 - ratio) * w
        chosen = w != 0
        assert slope[chosen] == pytest.approx(penalty * ratio * np.sign(w[chosen]), abs=1e-4)
        assert (np.abs(slope[~chosen]) <= penalty * ratio + 1e-4).all()
    assert (path.coefficients[:, 2] != 0).sum() > (path.coefficients[:, 0] != 0).sum()


def test_first_penalty_is_the_least_that_selects_nothing() -> None:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(40, 6))
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    outcomes = continuous((100 + 7 * X[:, 1] + rng.normal(size=40)).tolist())
    grid = compute_penalty_grid(X, outcomes, make_settings())
    net = ElasticNetPath((grid[0], 0.99 * grid[0], *grid[1:]), 0.5).fit(X, outcomes)
    assert not net.coefficients_[:, 0].any()
    assert np.flatnonzero(net.coefficients_[:, 1]).tolist() == [1]
    assert net.intercepts_ == pytest.approx(np.full(len(net.intercepts_), outcomes.measured.mean()))


def test_unit_and_offset_of_a_value_do_not_matter() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(size=(40, 5))
    y = values[:, 0] + rng.normal(size=40)
    ids = tuple(f"S{i:02d}" for i in range(40))
    scores = [
        cross_validate(
            Rows(ids, ("a",) * 40, values, continuous(outcome.tolist())),
            None,
            ElasticNetFit(make_settings()),
            Schedule(4, (1,)),
        ).scores[0]
        for outcome in (y, 1000 * y + 5e4, 1e-13 * y)
    ]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)
    assert scores[0] == pytest.approx(scores[2], abs=1e-6)


def test_values_predicted_are_the_training_mean_and_what_the_score_adds() -> None:
    baseline = fit_baseline(np.array([-1.0, 1.0]), continuous([3.0, 7.0]))
    assert predict_risks(baseline, np.array([0.5]), np.empty(0)).tolist() == [[5.5]]


def test_interaction_of_values_is_a_difference_of_slopes() -> None:
    x = np.array([0.0, 1.0, 2.0, 3.0] * 5)
    arm = np.arange(20) >= 10
    noise = np.random.default_rng(4).normal(size=20)
    y = np.where(arm, 4 * x, x) + 0.1 * noise
    found = fit_interaction(x, arm, np.empty((20, 0)), continuous(y.tolist()), 0.95)
    assert found is not None
    assert found.measure is Measure.DIFFERENCE
    assert found.ratio[0] == pytest.approx(3 * x.std(), abs=0.3)
    assert found.experimental[0] - found.reference[0] == pytest.approx(found.ratio[0])
    assert (found.df, found.chi2) == (16, None)
    assert found.favours_experimental


# Competing events


def points_of(outcomes: Outcomes, cause: str) -> dict[float, float]:
    return {p.time: p.incidence for p in compute_incidence(outcomes, 0.95) if p.cause == cause}


def test_cumulative_incidence_of_four_subjects_by_hand() -> None:
    """At 1 one of four has the event, at 2 one of three the other, at 3 one of two is censored."""
    outcomes = competing([1, 2, 3, 4], [1, 2, 0, 1])
    assert points_of(outcomes, "event") == pytest.approx({1: 0.25, 2: 0.25, 3: 0.25, 4: 0.75})
    assert points_of(outcomes, "competing") == pytest.approx({1: 0, 2: 0.25, 3: 0.25, 4: 0.25})
    found = [p for p in compute_incidence(outcomes, 0.95) if p.cause == "event"]
    assert [(p.at_risk, p.events, p.censored) for p in found] == [(4, 1, 0), (3, 0, 0), (2, 0, 1), (1, 1, 0)]
    assert found[0].lo < 0.25 < found[0].hi
    # At 4 the last at risk has the event: no limits, as for a survival of 0.
    assert (found[3].lo, found[3].hi) == (None, None)


@pytest.mark.parametrize("causes", [[1, 1, 0], [2, 2, 0], [0, 0, 0]])
def test_incidence_with_one_cause_or_none(causes: list[int]) -> None:
    outcomes = competing([1, 2, 3], causes)
    for number, cause in ((1, "event"), (2, "competing")):
        last = points_of(outcomes, cause)[3]
        assert last == pytest.approx(2 / 3 if number in causes else 0.0)
        limits = [(p.lo, p.hi) for p in compute_incidence(outcomes, 0.95) if p.cause == cause]
        assert limits[0] == (0.0, 0.0) if number not in causes else limits[0] != (0.0, 0.0)


def test_competing_events_censor_the_model_and_are_counted() -> None:
    settings = make_settings(endpoints=KINDS)
    study = draw_study(settings, prognostic=1.0)
    cohort = build_cohort(study, "progression", ["control"])
    result = fit_arm(study, "progression", "control", settings)
    (verdict,) = result.feasibility.to_pylist()
    assert cohort.outcomes.competing is not None
    assert verdict["competing"] == int(cohort.outcomes.competing.sum()) > 0
    assert verdict["non_events"] == len(cohort) - verdict["events"]
    assert "competing events are taken for censorings" in result.model.sentence
    assert result.survival_curves.num_rows == 0
    assert result.restricted_means.num_rows == 0
    assert result.calibration.num_rows == 0
    assert {r["stratum"] for r in result.cumulative_incidence.to_pylist()} == {"all", "low", "high"}
    ended = {r["subject_id"]: r["competing"] for r in result.predictions.to_pylist() if r["arm"] == "control"}
    assert sum(ended.values()) == verdict["competing"]


def test_competing_events_enter_the_digest_of_the_training_data() -> None:
    settings = make_settings(endpoints=KINDS)
    study = draw_study(settings)
    before = fit_arm(study, "progression", "control", settings).model.training_digest
    outcomes = study.outcomes["progression"]
    object.__setattr__(outcomes, "competing", ~outcomes.competing & ~outcomes.events)
    assert fit_arm(study, "progression", "control", settings).model.training_digest != before


# Stratification factors


def test_indicators_leave_out_the_first_level_and_what_is_said_already() -> None:
    levels = (("a", "x"), ("b", "y"), ("c", "y"), ("a", "x"))
    # The second factor is "not a": it adds nothing to the indicators of b and c.
    assert build_indicators(levels).tolist() == [[0, 0], [1, 0], [0, 1], [0, 0]]


def test_a_covariate_that_is_a_factor_does_not_enter_twice() -> None:
    covariates = np.array([[0.0, 1.0], [1.0, 5.0], [0.0, 2.0], [1.0, 3.0]])
    for outcomes in (survival([1, 2, 3, 4], [True] * 4), continuous([1.0, 2.0, 3.0, 4.0])):
        kept = drop_explained(covariates, stratify(outcomes, "f", "m", "f", "m"))
        assert kept.tolist() == covariates[:, 1:].tolist()
        assert drop_explained(covariates, outcomes).tolist() == covariates.tolist()


def test_stratified_log_rank_adds_up_over_strata() -> None:
    """Two strata of two, the first group failing first in each: excess 1/2 and variance 1/4 twice."""
    outcomes = stratify(survival([1, 2, 10, 20], [True, False, True, False]), "a", "a", "b", "b")
    chi2, _ = compute_logrank(outcomes, np.array([True, False, True, False]))
    assert chi2 == pytest.approx((0.5 + 0.5) ** 2 / (0.25 + 0.25))


def test_strata_take_away_what_only_differs_between_them() -> None:
    """Times of stratum b are a hundred times those of a: without strata that hides the effect."""
    rng = np.random.default_rng(5)
    x, b = rng.normal(size=200), np.arange(200) % 2 == 1
    times = rng.exponential(np.exp(-x)) * np.where(b, 100.0, 1.0)
    plain = survival(times, np.ones(200))
    blocked = stratify(plain, *np.where(b, "b", "a"))
    design = x[:, None]
    assert fit_stratified(design, blocked).coefficients[0] == pytest.approx(1.0, abs=0.25)
    assert fit_stratified(design, plain).coefficients[0] < 0.75


@pytest.mark.parametrize("seed", range(6))
def test_an_arm_that_never_shares_a_stratum_with_another_has_no_estimate(seed: int) -> None:
    """Each site has one arm, of which rounding leaves an information of 1e-17 or -1e-17 within sites."""
    rng = np.random.default_rng(seed)
    sites = rng.integers(0, 4, 90)
    arm, biomarker = sites > 1, rng.normal(size=90)
    outcomes = stratify(survival(rng.exponential(size=90), rng.random(90) < 0.8), *map(str, sites))
    assert not fit_stratified(np.column_stack([arm, biomarker]).astype(np.float64), outcomes).converged
    assert fit_stratified(biomarker[:, None], outcomes).converged
    assert fit_interaction(biomarker, arm, np.empty((90, 0)), outcomes, 0.95) is None


def test_single_arm_trial_of_all_kinds_is_fitted() -> None:
    settings = make_settings(endpoints=KINDS, arms=("only",), stratification=("site",), permutations=1)
    study = draw_study(settings, prognostic=1.0)
    for endpoint in KINDS:
        result = fit_arm(study, endpoint.name, "only", settings)
        assert result.feasibility["feasible"].to_pylist() == [True]
        metrics = {r["metric"]: r for r in result.performance.to_pylist() if r["model"] == "radiomics"}
        assert 0 < metrics["permutation_p"]["estimate"] <= 1
        if endpoint.kind is EndpointKind.TIME_TO_EVENT:
            assert "stratified by site" in metrics["logrank_p"]["method"]
            assert "stratified by site" in metrics["hazard_ratio_high_low"]["method"]
        elif endpoint.kind is EndpointKind.CONTINUOUS:
            assert "with indicators of site" in metrics["mean_difference_high_low"]["method"]
            assert metrics["r_squared"]["estimate"] < 1


def test_planted_value_is_predicted_out_of_fold_better_than_by_the_mean() -> None:
    settings = make_settings(endpoints=KINDS)
    study = draw_study(settings, prognostic=3.0, subjects=100)
    result = fit_arm(study, "shrinkage", "control", settings)
    found = {(r["model"], r["metric"]): r for r in result.performance.to_pylist()}
    # Higher scores go with higher values, whatever that means for the subject.
    assert found["radiomics", "spearman"]["lo"] > 0.5
    assert found["radiomics", "r_squared"]["estimate"] > 0.5
    assert found["radiomics", "mean_difference_high_low"]["estimate"] > 0
    # Shrunk predictions vary less than they should: the slope is above 1, but not by much.
    assert 0.8 < found["radiomics", "calibration_slope"]["estimate"] < 2.0
    assert found["marginal", "rmse"]["estimate"] > found["radiomics", "rmse"]["estimate"]
    assert ("marginal", "r_squared") not in found
    assert {r["event"] for r in result.predictions.to_pylist()} == {None}
    assert result.feasibility["events"].to_pylist() == [0]


def test_covariate_that_repeats_another_alters_no_interaction() -> None:
    rng = np.random.default_rng(2)
    x, age, more = rng.normal(size=(3, 60))
    arm = np.arange(60) % 2 == 1
    covariates = np.column_stack([age, more])
    beside = np.column_stack([age, 2 * age, more, age - more])
    for outcomes in (
        survival(rng.exponential(size=60) + 0.1, rng.random(60) < 0.8),
        binary(rng.random(60) < 0.5),
        continuous(rng.normal(size=60)),
    ):
        plain, found = (fit_interaction(x, arm, c, outcomes, 0.95) for c in (covariates, beside))
        assert plain is not None
        assert found is not None
        assert found.p == pytest.approx(plain.p, rel=1e-6)
