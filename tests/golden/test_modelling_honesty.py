"""What the procedure finds where there is nothing to find, and where there is something.

Small runs of what ``docs/statistics.md`` reports from more; every bound is several standard errors wide, and
the seeds are fixed.
"""

import numpy as np
import pytest
from sksurv.metrics import concordance_index_censored

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.cross_validation import Rows, Schedule, cross_validate
from radfeat.modelling.discrimination import estimate_discrimination
from radfeat.modelling.fold_model import ElasticNetFit
from radfeat.modelling.interaction_fit import Interaction, fit_interaction
from radfeat.modelling.outcomes import Floats, Outcomes
from studies import binary, continuous, make_settings, survival

SETTINGS = make_settings(penalties=8, inner_folds=3)


def draw_outcomes(kind: EndpointKind, hazard: Floats, rng: np.random.Generator) -> Outcomes:
    if kind is EndpointKind.BINARY:
        return binary(rng.random(len(hazard)) < 1 / (1 + np.exp(-hazard)))
    if kind is EndpointKind.CONTINUOUS:
        return continuous(hazard + rng.normal(size=len(hazard)))
    deaths, last = rng.exponential(np.exp(-hazard)), rng.uniform(1.0, 4.0, size=len(hazard))
    return survival(np.minimum(deaths, last), deaths <= last)


def choose_on_all_rows(values: Floats, outcomes: Outcomes, columns: int) -> Floats:
    """The leak: the columns that go best with the outcome of all subjects."""
    chance = 0.0 if outcomes.is_continuous else 0.5
    apart = [abs(estimate_discrimination(column, outcomes) - chance) for column in values.T]
    return values[:, np.argsort(apart)[-columns:]]


def discriminate(values: Floats, outcomes: Outcomes) -> float:
    """C or AUC, or Spearman's rho on the same scale: 0.5 by chance, 1 perfect."""
    ids = tuple(f"S{i:03d}" for i in range(len(values)))
    rows = Rows(ids, ("a",) * len(ids), values, outcomes)
    result = cross_validate(rows, None, ElasticNetFit(SETTINGS), Schedule(5, (1,)))
    found = estimate_discrimination(result.scores, outcomes)
    return 0.5 + found / 2 if outcomes.is_continuous else found


def draw_noise(kind: EndpointKind, seed: int) -> tuple[Floats, Outcomes]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(60, 150)), draw_outcomes(kind, np.zeros(60), rng)


@pytest.mark.requirement("R-STAT-3")
@pytest.mark.parametrize("kind", list(EndpointKind))
def test_nested_selection_is_at_chance_on_noise(kind: EndpointKind) -> None:
    """Over 100 trials the AUC has mean 0.494 and deviation 0.085, C 0.495 and 0.031."""
    found = [discriminate(*draw_noise(kind, seed)) for seed in range(12)]
    assert abs(np.mean(found) - 0.5) < 0.075, "three standard errors of 12 trials"


@pytest.mark.parametrize("kind", list(EndpointKind))
def test_selection_on_all_rows_would_find_something_in_noise(kind: EndpointKind) -> None:
    """Over 100 trials the mean AUC is 0.80, the mean C 0.63: what pipelines inside the folds prevent."""
    found = []
    for seed in range(6):
        values, outcomes = draw_noise(kind, seed)
        found.append(discriminate(choose_on_all_rows(values, outcomes, 10), outcomes))
    assert np.mean(found) > 0.6


def simulate_interactions(
    kind: EndpointKind, trials: int, prognostic: float, predictive: float
) -> list[Interaction]:
    found = []
    for seed in range(trials):
        rng = np.random.default_rng(seed)
        z, arm = rng.normal(size=150), np.arange(150) % 2 == 1
        covariate = rng.normal(size=(150, 1))
        hazard = prognostic * z + predictive * z * arm - 0.3 * arm + 0.3 * covariate[:, 0]
        result = fit_interaction(z, arm, covariate, draw_outcomes(kind, hazard, rng), 0.95)
        assert result is not None
        found.append(result)
    return found


@pytest.mark.requirement("R-STAT-3")
@pytest.mark.parametrize("kind", list(EndpointKind))
@pytest.mark.parametrize("prognostic", [0.0, 0.8])
def test_interaction_test_keeps_its_level_whether_or_not_there_is_prognosis(
    kind: EndpointKind, prognostic: float
) -> None:
    p = np.array([r.p for r in simulate_interactions(kind, 1000, prognostic, 0.0)])
    assert 0.03 <= (p < 0.05).mean() <= 0.07, "three standard errors about 0.05 of 1000 trials"
    assert 0.45 <= (p < 0.5).mean() <= 0.55


@pytest.mark.requirement("R-STAT-4")
@pytest.mark.parametrize("kind", list(EndpointKind))
def test_planted_interaction_is_recovered_and_covered(kind: EndpointKind) -> None:
    found = simulate_interactions(kind, 150, 0.3, -1.0)
    on_scale = np.asarray if kind is EndpointKind.CONTINUOUS else np.log
    estimates = on_scale([r.ratio[0] for r in found])
    assert np.mean(estimates) == pytest.approx(-1.0, abs=0.15)
    covered = [on_scale(r.ratio[1]) < -1.0 < on_scale(r.ratio[2]) for r in found]
    assert np.mean(covered) > 0.88
    assert np.mean([r.p < 0.05 for r in found]) > 0.6


def test_planted_prognosis_is_found_out_of_fold_as_by_an_independent_count() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(120, 20))
    outcomes = draw_outcomes(EndpointKind.TIME_TO_EVENT, 1.5 * values[:, 0], rng)
    rows = Rows(tuple(f"S{i:03d}" for i in range(120)), ("a",) * 120, values, outcomes)
    scores = cross_validate(rows, None, ElasticNetFit(SETTINGS), Schedule(5, (1, 2))).scores
    each = [concordance_index_censored(outcomes.events, outcomes.times, repeat)[0] for repeat in scores]
    theirs = np.mean(each)
    assert theirs > 0.7
    assert estimate_discrimination(scores, outcomes) == pytest.approx(theirs, abs=1e-9)
