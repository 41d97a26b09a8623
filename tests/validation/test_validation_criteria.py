"""The checks of each scenario, on records made by hand: such as must pass, and such as must fail."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from radfeat.core.vocabulary import EndpointKind
from validation.criteria import check_limit, check_scenario
from validation.leaks import LeakRecord
from validation.limits import Limit
from validation.measures import Check, Verdict
from validation.procedure import TrialRecord, rank_cluster
from validation.scenarios import Record

LIMIT = Limit(planted=-0.8, attenuated=-0.75, limit=-0.65, error=0.01)
LIMITS = dict.fromkeys(EndpointKind, LIMIT)

PLAIN = TrialRecord(
    scenario="null",
    kind="time_to_event",
    seed=1,
    n=200,
    events=130,
    fitted=2,
    c_control=0.5,
    c_experimental=0.5,
    permutation_p=None,
    permutation_ties=None,
    logrank_p=None,
    p_predictive=0.5,
    p_prognostic=0.5,
    estimate=-0.65,
    lo=-1.0,
    hi=-0.3,
    score_control_p=0.5,
    score_experimental_p=None,
    score_control_permutation_p=None,
    score_experimental_permutation_p=None,
    arm_permutations=0,
    candidates_claimed=0,
    scores_claimed=0,
    predictive_claimed=False,
    rank_predictive=1,
    rank_prognostic=1,
)


def make_null(rejecting: int = 25, trials: int = 500) -> list[TrialRecord]:
    """Null trials of which so many reject; C moves about one half, permutation p are uniform."""
    return [
        replace(
            PLAIN,
            seed=i,
            c_control=0.5 + 0.05 * (-1) ** i,
            c_experimental=0.5 + 0.05 * (-1) ** i,
            p_predictive=0.01 if i < rejecting else 0.5,
            p_prognostic=0.01 if i >= trials - rejecting else 0.5,
            permutation_p=(i % 20 + 1) / 20,
        )
        for i in range(trials)
    ]


def failures(name: str, records: Sequence[Record]) -> list[str]:
    return [c.what for c in check_scenario(name, records, LIMITS) if c.verdict is Verdict.FAILED]


def find(name: str, records: Sequence[Record], what: str) -> Check:
    (found,) = [c for c in check_scenario(name, records, LIMITS) if c.what.startswith(what)]
    return found


def test_null_trials_at_their_level_pass() -> None:
    assert failures("null", make_null()) == []
    found = find("null", make_null(), "interaction of a candidate")
    assert found.measured.estimate == 0.05
    assert found.measured.trials == 500


@pytest.mark.parametrize("rejecting", [10, 40])
def test_null_trials_that_reject_too_often_or_too_rarely_fail(rejecting: int) -> None:
    assert failures("null", make_null(rejecting)) == ["interaction of a candidate: p < 0.05"]


def test_null_trials_with_a_c_above_chance_fail() -> None:
    optimistic = [replace(r, c_control=(r.c_control or 0) + 0.02) for r in make_null()]
    assert failures("null", optimistic) == ["C out of fold, control arm: mean"]


def test_null_trials_with_claims_fail() -> None:
    claiming = [replace(r, candidates_claimed=int(r.seed < 50)) for r in make_null()]
    assert failures("null", claiming) == ["a candidate is claimed"]


def test_null_trials_with_small_permutation_p_fail() -> None:
    leaking = [replace(r, permutation_p=0.05 if r.seed < 100 else r.permutation_p) for r in make_null()]
    assert failures("null", leaking) == [
        "permutation p of C <= 0.05",
        "permutation p of C, ties broken at random, is uniform: p of a Kolmogorov-Smirnov test",
    ]


def test_scores_are_judged_by_permutation_of_the_arms_and_only_where_there_is_one() -> None:
    descriptive = [replace(r, score_control_p=0.01) for r in make_null()]
    assert failures("null", descriptive) == []
    permuted = [
        replace(r, arm_permutations=19, score_control_permutation_p=0.05 if r.seed < 25 else 0.6)
        for r in make_null()
    ]
    assert failures("null", permuted) == ["interaction of a score: permutation p <= 0.05"], "0.025 is too few"
    both = [replace(r, score_experimental_permutation_p=r.score_control_permutation_p) for r in permuted]
    assert failures("null", both) == []


def test_anything_below_the_gate_fails() -> None:
    empty = replace(
        PLAIN, scenario="gate", fitted=0, p_predictive=None, p_prognostic=None, score_control_p=None
    )
    assert failures("gate", [empty] * 4) == []
    assert failures("gate", [empty, replace(empty, fitted=1)]) == ["arms with a model"]
    assert failures("gate", [empty, replace(empty, p_predictive=0.2)]) == ["an interaction is tested"]
    assert failures("gate", [empty, replace(empty, scores_claimed=1)]) == ["anything is claimed"]


def test_prognosis_must_be_found_and_not_be_claimed() -> None:
    good = [
        replace(PLAIN, c_control=0.7, permutation_p=0.05, p_prognostic=0.01 if i < 5 else 0.5)
        for i in range(100)
    ]
    assert failures("prognostic", good) == []
    claiming = [replace(r, candidates_claimed=1) for r in good]
    assert failures("prognostic", claiming) == ["a candidate is claimed"]
    blind = [replace(r, c_control=0.5, permutation_p=0.5, rank_prognostic=9) for r in good]
    assert len(failures("prognostic", blind)) == 3


def make_predictive(trials: int = 100) -> list[TrialRecord]:
    """Estimates about what they aim at; five intervals in a hundred miss it."""
    found = replace(PLAIN, candidates_claimed=1, predictive_claimed=True)
    return [
        replace(
            found,
            estimate=-0.65 + 0.1 * (-1) ** i,
            lo=-0.6 if i % 20 == 0 else -1.0,
        )
        for i in range(trials)
    ]


def test_prediction_must_be_found_with_its_sign_and_size() -> None:
    good = make_predictive()
    assert failures("predictive", good) == []
    turned = [replace(r, estimate=0.65, lo=0.3, hi=1.0) for r in good]
    assert len(failures("predictive", turned)) == 3
    shrunk = [replace(r, estimate=(r.estimate or 0) + 0.15) for r in good]
    assert failures("predictive", shrunk) == ["mean estimate / -0.65, what it aims at"]


def test_intervals_must_cover_as_often_as_they_say() -> None:
    narrow = [replace(r, lo=-0.66 if i % 3 else -0.6, hi=-0.64) for i, r in enumerate(make_predictive())]
    assert failures("predictive", narrow) == ["95 % interval covers -0.65"]
    wide = find("predictive", make_predictive(), "95 % interval covers -0.65")
    assert wide.measured.estimate == pytest.approx(0.95)
    planted = find("predictive", make_predictive(), "95 % interval covers -0.8")
    assert planted.verdict is Verdict.NOT_ASSERTED


def test_claims_must_be_of_the_right_feature() -> None:
    wrong = [replace(r, predictive_claimed=False) for r in make_predictive()]
    assert failures("predictive", wrong) == [
        "the predictive feature is claimed (power)",
        "the feature that is only prognostic is claimed",
    ]


def test_planted_feature_must_be_among_the_stable_ones() -> None:
    rare = [replace(r, rank_predictive=4) for r in make_predictive()]
    assert failures("predictive", rare) == [
        "the predictive feature is among the 3 clusters selected most often"
    ]


def test_large_trial_must_agree_with_the_arithmetic_where_it_is_exact() -> None:
    (exact,) = check_limit(EndpointKind.CONTINUOUS, LIMIT)
    (ratio,) = check_limit(EndpointKind.TIME_TO_EVENT, LIMIT)
    assert exact.verdict is Verdict.FAILED, "ten standard errors away"
    assert ratio.verdict is Verdict.NOT_ASSERTED
    (agreeing,) = check_limit(EndpointKind.CONTINUOUS, replace(LIMIT, attenuated=-0.67))
    assert agreeing.verdict is Verdict.PASSED


def make_leaks(c_honest: float, c_leaking: float, p_leaking: float = 0.05) -> list[LeakRecord]:
    return [
        LeakRecord("leak", "binary", i, c_honest + w, c_leaking + w, 0.02 if i < 5 else 0.5, p_leaking)
        for i, w in enumerate([0.05, -0.05] * 50)
    ]


@pytest.mark.parametrize("name", ["leak_selection", "leak_combat"])
def test_leak_must_be_seen_and_the_honest_analysis_must_not(name: str) -> None:
    assert failures(name, make_leaks(0.5, 0.7)) == []
    assert len(failures(name, make_leaks(0.5, 0.5))) == 1, "a suite that sees no leak is blind"
    assert len(failures(name, make_leaks(0.7, 0.7))) == 1


def test_best_cut_must_reject_too_often_and_the_median_must_not() -> None:
    assert failures("leak_cut", make_leaks(0.5, 0.5, 0.01)) == []
    honest = [replace(r, p_leaking=r.p_honest) for r in make_leaks(0.5, 0.5)]
    assert failures("leak_cut", honest) == ["log-rank test at the best of 33 cuts: p < 0.05"]


def test_rank_counts_clusters_and_is_the_worst_of_those_that_tie() -> None:
    rows: list[dict[str, object]] = [
        {"feature": "a", "cluster": 1, "cluster_frequency": 1.0},
        {"feature": "a2", "cluster": 1, "cluster_frequency": 1.0},
        {"feature": "b", "cluster": 2, "cluster_frequency": 0.5},
        {"feature": "c", "cluster": 3, "cluster_frequency": 0.5},
        {"feature": "d", "cluster": None, "cluster_frequency": None},
    ]
    assert rank_cluster(rows, "a2") == 1
    assert rank_cluster(rows, "b") == 3
    assert rank_cluster(rows, "d") is None
    assert rank_cluster([], "a") is None
