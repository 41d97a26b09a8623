"""The p of a score's interaction: everything again on permuted arms, and nothing else permuted."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from radfeat.core.errors import CohortError
from radfeat.modelling.arm_permutation import NO_EVIDENCE, ScoredPair, permute_arms, permute_pair
from radfeat.modelling.arms import fit_arm
from radfeat.modelling.biomarkers import take_first_scores
from radfeat.modelling.cohort import StudyTable, build_cohort
from radfeat.modelling.cross_validation import Rows, Schedule
from radfeat.modelling.fold_model import FoldModel, PlainFit
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.interactions import build_interactions
from radfeat.modelling.memory import Machine
from radfeat.modelling.outcomes import Flags, Floats, Outcomes
from radfeat.modelling.score_permutation import build_pair
from radfeat.modelling.settings import ModellingSettings
from studies import AGE, OS, RESPONSE, SHRINKAGE, continuous, draw_study, make_settings


def fit_all(study: StudyTable, endpoint: str, settings: ModellingSettings) -> pa.Table:
    return pa.concat_tables(fit_arm(study, endpoint, a, settings).predictions for a in settings.arms)


def scores_of(table: pa.Table) -> dict[str, dict[str, object]]:
    return {r["biomarker"]: r for r in table.to_pylist() if r["kind"] == "score"}


@pytest.fixture(scope="module")
def planted() -> tuple[StudyTable, pa.Table]:
    """Prognosis in both arms, a strong effect of another feature in the experimental one; predictions."""
    settings = make_settings()
    study = draw_study(settings, subjects=100, prognostic=1.0, predictive=2.0)
    return study, fit_all(study, "os", settings)


def draw_pair(slope: float, interaction: float, subjects: int = 60) -> tuple[ScoredPair, Flags]:
    """One feature that a value depends on, more so in the experimental arm."""
    rng = np.random.default_rng(2)
    values, is_experimental = rng.normal(size=(subjects, 1)), np.arange(subjects) % 2 == 1
    measured = (slope + interaction * is_experimental) * values[:, 0] + rng.normal(size=subjects)
    ids = tuple(f"S{i:03d}" for i in range(subjects))
    rows = Rows(ids, ("any",) * subjects, values, continuous(measured.tolist()))
    return ScoredPair(rows, np.empty((subjects, 0)), PlainFit(), Schedule(3, (1,))), is_experimental


@pytest.mark.parametrize("endpoint", ["os", "response", "shrinkage"])
def test_observed_statistic_is_what_a_permutation_of_nothing_would_give(endpoint: str) -> None:
    """Else the observed one would not be exchangeable with the permuted ones."""
    settings = make_settings(
        endpoints=(OS, RESPONSE, SHRINKAGE),
        covariates=(AGE,),
        stratification=("region",),
        batch_effects="combat",
        min_site=5,
    )
    study = draw_study(settings, subjects=80, prognostic=1.5)
    predictions = fit_all(study, endpoint, settings)
    cohort = build_cohort(study, endpoint, settings.arms)
    pair = build_pair(cohort, settings)
    for arm in settings.arms:
        is_own = np.array([a == arm for a in cohort.arms])
        first = take_first_scores(predictions, cohort, arm)
        assert np.ptp(first) > 0
        np.testing.assert_array_equal(pair.score(is_own), first)


def test_scores_of_a_pair_do_not_depend_on_a_third_arm() -> None:
    settings = make_settings(arms=("control", "a", "b"))
    study = draw_study(settings, subjects=90, prognostic=1.5)
    cohort = build_cohort(study, "os", ("control", "b"))
    is_own = np.array([a == "b" for a in cohort.arms])
    first = take_first_scores(fit_arm(study, "os", "b", settings).predictions, cohort, "b")
    assert np.ptp(first) > 0
    np.testing.assert_allclose(build_pair(cohort, settings).score(is_own), first, rtol=1e-12, atol=1e-12)


def test_arms_are_permuted_within_strata_of_the_randomisation() -> None:
    levels = (("a",),) * 6 + (("b",),) * 4 + (("alone",),)
    arms = np.array([1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1], dtype=bool)
    seen = {tuple(permute_arms(arms, levels, seed)) for seed in range(1000)}
    for permuted in seen:
        assert (sum(permuted[:6]), sum(permuted[6:10]), permuted[10]) == (2, 3, True)
    assert len(seen) == 15 * 4, "every way to choose 2 of 6 and 3 of 4"


def test_without_strata_every_assignment_of_the_same_size_can_occur() -> None:
    arms = np.array([1, 1, 0, 0, 0], dtype=bool)
    drawn = [tuple(permute_arms(arms, None, seed)) for seed in range(2000)]
    counts = [drawn.count(assignment) for assignment in set(drawn)]
    assert len(counts) == 10
    assert min(counts) > 140, "about 200 each"


@dataclass
class Spy:
    """Fits what it is given, and keeps who it was fitted to."""

    trained: list[frozenset[str]] = field(default_factory=list)

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        self.trained.append(frozenset(subjects))
        return PlainFit()(inputs, outcomes, subjects, seed)


def test_every_permutation_fits_the_models_again_to_its_own_arms() -> None:
    """Scores held while labels move would keep what they learnt about the true arms."""
    pair, is_experimental = draw_pair(1.0, 0.0)
    spy = Spy()
    permute_pair(replace(pair, fit=spy), is_experimental, (False, True), (11, 12))
    assert len(spy.trained) == 2 * 2 * 3, "two permutations, two models, three folds"
    for number, seed in enumerate((11, 12)):
        permuted = permute_arms(is_experimental, None, seed)
        for position, is_own in enumerate((~permuted, permuted)):
            own = {pair.rows.subject_ids[i] for i in np.flatnonzero(is_own)}
            start = 6 * number + 3 * position
            folds = spy.trained[start : start + 3]
            assert all(fold < own and len(fold) == 20 for fold in folds)
            assert set.union(*(set(own - fold) for fold in folds)) == own, "each is held out once"


def test_statistic_is_positive_where_the_score_does_better_in_its_own_arm() -> None:
    pair, is_experimental = draw_pair(0.2, 2.0)
    scores: Floats = pair.rows.values[:, 0]
    better, worse = pair.measure(scores, is_experimental), pair.measure(scores, ~is_experimental)
    assert better > 3
    assert worse == pytest.approx(-better)
    assert pair.measure(-scores, is_experimental) == pytest.approx(-better), "more of the opposite is less"


def test_score_that_orders_nobody_has_no_evidence() -> None:
    pair, is_experimental = draw_pair(1.0, 0.0)
    assert pair.measure(np.zeros(60), is_experimental) == NO_EVIDENCE
    assert pair.measure(np.full(60, np.nan), is_experimental) == NO_EVIDENCE


def test_planted_interaction_has_the_least_p_and_prognosis_has_not() -> None:
    for slope, interaction, least in ((0.0, 1.5, True), (1.5, 0.0, False)):
        pair, is_experimental = draw_pair(slope, interaction)
        observed = pair.measure(pair.score(is_experimental), is_experimental)
        permuted = [p for (p,) in permute_pair(pair, is_experimental, (True,), range(19))]
        assert (observed > max(permuted)) is least


@pytest.mark.parametrize("endpoint", ["os", "response"])
def test_p_of_scores_is_the_same_on_any_number_of_processes_and_in_any_order(endpoint: str) -> None:
    settings = make_settings(permutations=2, stratification=("region",))
    study = draw_study(settings, predictive=2.0)
    predictions = fit_all(study, endpoint, settings)
    shuffled = predictions.take(np.random.default_rng(0).permutation(predictions.num_rows))
    alone = build_interactions(study, endpoint, predictions, settings)
    beside = build_interactions(study, endpoint, shuffled, settings, machine=Machine(2))
    assert alone.equals(beside)
    assert {r["permutations"] for r in scores_of(alone).values()} == {2}


def test_p_counts_the_permutations_that_are_as_great(planted: tuple[StudyTable, pa.Table]) -> None:
    table = build_interactions(
        planted[0], "os", planted[1], make_settings(permutations=4, candidates=("f1",))
    )
    found = scores_of(table)
    assert found["score:experimental"]["permutation_p"] == pytest.approx(0.2), "none of four is as great"
    assert found["score:experimental"]["p_adjusted"] == pytest.approx(0.4)
    assert found["score:control"]["permutation_p"] > 0.2
    (candidate,) = (r for r in table.to_pylist() if r["kind"] == "candidate")
    assert candidate["permutation_p"] is None
    assert candidate["permutations"] is None
    sentence = str(found["score:experimental"]["sentence"])
    assert "p by 4 permutations of the arms 0.200, adjusted 0.400" in sentence
    assert "with 4 permutations p cannot fall below 0.2, nor below 0.4 adjusted" in sentence
    assert "a claim needs 39 permutations or more" in sentence


def test_score_is_claimed_where_permutations_suffice(planted: tuple[StudyTable, pa.Table]) -> None:
    settings = make_settings(permutations=4, alpha=0.4)
    found = scores_of(build_interactions(planted[0], "os", planted[1], settings))
    sentences = {name: str(row["sentence"]) for name, row in found.items()}
    assert found["score:experimental"]["claim"]
    assert "Claimed as predictive of the effect of experimental" in sentences["score:experimental"]
    assert not found["score:control"]["claim"]
    assert "the rule for one is not met" in sentences["score:control"]


def test_without_permutations_a_score_has_no_p_and_a_sentence_says_so(
    planted: tuple[StudyTable, pa.Table],
) -> None:
    for row in scores_of(build_interactions(planted[0], "os", planted[1], make_settings())).values():
        assert row["permutation_p"] is None
        assert row["permutations"] is None
        assert row["p_adjusted"] is None
        assert not row["claim"]
        assert row["p"] is not None, "the nominal one stays, as a description"
        assert "no valid p, for the arms were not permuted" in str(row["sentence"])
        assert "a claim needs 39 permutations or more" in str(row["sentence"])


def test_score_of_an_arm_without_a_model_is_not_permuted(planted: tuple[StudyTable, pa.Table]) -> None:
    predictions = planted[1].filter(pc.equal(planted[1]["model_arm"], "experimental"))
    found = scores_of(build_interactions(planted[0], "os", predictions, make_settings(permutations=2)))
    assert found["score:control"]["permutation_p"] is None
    assert found["score:experimental"]["permutation_p"] is not None


def test_features_beyond_memory_are_a_sentence_before_arms_are_permuted(
    planted: tuple[StudyTable, pa.Table],
) -> None:
    with pytest.raises(CohortError, match="8 features of 100 subjects, about 250 MB"):
        build_interactions(
            planted[0], "os", planted[1], make_settings(permutations=2), machine=Machine(1, memory_mb=100.0)
        )
