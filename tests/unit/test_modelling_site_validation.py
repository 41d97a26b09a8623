"""Each site left out: whom its model has seen, which sites go together, and which rows say so."""

import numpy as np
import pytest

from radfeat.modelling.concordance import estimate_within
from radfeat.modelling.cross_validation import Rows
from radfeat.modelling.feasibility import Feasibility
from radfeat.modelling.fold_model import ElasticNetFit, FoldModel, PlainFit
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.site_validation import (
    SMALL_SITES,
    group_sites,
    leave_sites_out,
    measure_sites_left_out,
)
from studies import binary, draw_study, make_settings, survival

SITES = ("A",) * 12 + ("B",) * 12 + ("C",) * 12 + ("d", "e", "f") * 2
N = len(SITES)
RNG = np.random.default_rng(4)
VALUES = RNG.normal(size=(N, 3))
OUTCOMES = survival(RNG.exponential(np.exp(-2 * VALUES[:, 0])) + 0.01, np.arange(N) % 4 != 0)
IDS = tuple(f"S{i:02d}" for i in range(N))
ROWS = Rows(IDS, ("a",) * N, VALUES, OUTCOMES, SITES)
VERDICT = Feasibility("os", "a", N, 30, 12, 6, 3, 8, True, "")


def test_small_sites_are_one_group() -> None:
    groups = group_sites(SITES, 5)
    assert set(groups) == {"A", "B", "C", SMALL_SITES}
    assert groups.count(SMALL_SITES) == 6
    assert set(group_sites(SITES, 2)) == set(SITES)


def test_model_that_scores_a_site_has_not_seen_it() -> None:
    seen: list[set[str]] = []

    def watch(inputs: Inputs, outcomes, subjects, seed: int) -> FoldModel | None:
        seen.append(set(subjects))
        return PlainFit()(inputs, outcomes, subjects, seed)

    groups = group_sites(SITES, 5)
    result = leave_sites_out(ROWS, groups, watch, 1)
    assert len(seen) == 4
    for number, name in enumerate(sorted(set(groups))):
        members = {s for s, g in zip(IDS, groups, strict=True) if g == name}
        assert seen[number] == set(IDS) - members
    assert not np.isnan(result.scores).any()


def metrics(**changes: object) -> dict[tuple[str, str], object]:
    settings = make_settings(min_site=5, **changes)
    fit = ElasticNetFit(settings)
    return {(m.model, m.name): m for m in measure_sites_left_out(ROWS, SITES, fit, VERDICT, settings)}


def test_rows_are_per_group_pooled_and_within() -> None:
    found = metrics()
    assert set(found) == {
        ("site_left_out", "harrell_c"),
        ("site_left_out", "harrell_c_within_sites"),
        *((f"site_left_out:{name}", "harrell_c") for name in ("A", "B", "C", SMALL_SITES)),
    }
    assert found["site_left_out", "harrell_c"].estimate > 0.7
    assert found["site_left_out", "harrell_c"].n == N
    assert found["site_left_out:A", "harrell_c"].n == 12
    assert found["site_left_out:A", "harrell_c"].method.endswith(
        "resamples of subjects, the models held fixed."
    )


@pytest.mark.parametrize("threshold", [5, None])
def test_nothing_is_left_out_with_too_few_groups_or_where_it_is_off(threshold: int | None) -> None:
    assert metrics(leave_site_out_from=threshold) == {}


def test_refused_sites_say_that_nobody_has_a_score() -> None:
    found = metrics(batch_effects="combat", unseen_batch="refuse")
    row = found["site_left_out", "harrell_c"]
    assert (row.estimate, row.n) == (None, 0)
    assert "rows of an unseen site are not scored" in row.method
    assert (
        "adjusted as the pooled batch" in metrics(batch_effects="combat")["site_left_out", "harrell_c"].method
    )


def test_pairs_of_two_sites_do_not_count_within_sites() -> None:
    outcomes = binary([1, 0, 1, 0])
    scores = np.array([1.0, 2.0, 11.0, 12.0])
    assert estimate_within(scores, outcomes, ["A", "A", "B", "B"]) == 0.0
    assert estimate_within(scores, outcomes, ["A", "B", "B", "A"]) == 0.5
    assert estimate_within(scores, outcomes, list("ABCD")) is None


def test_study_carries_its_sites_as_batches() -> None:
    study = draw_study(make_settings())
    assert study.batches == study.site_ids
