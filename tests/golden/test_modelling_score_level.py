"""Level and power of the p of a score's interaction in simulated trials, with a quick model in the folds.

``benchmarks/score_interactions.py`` does the same with the elastic net; its figures are in
``docs/statistics.md``. Seeds are fixed, and bounds are three standard errors wide.
"""

from contextlib import nullcontext

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling import cross_validation
from score_trials import Design, Judged, StandIn, Truth, draw_trial, judge_trial

PERMUTATIONS = 19


@pytest.fixture(autouse=True)
def limit_once(monkeypatch: pytest.MonkeyPatch):
    """One thread for all, not for each fold: looking for the libraries takes longer than the quick model."""
    monkeypatch.setattr(cross_validation, "threadpool_limits", lambda limits: nullcontext())
    with threadpool_limits(limits=1):
        yield


def judge(kind: EndpointKind, truth: Truth, trials: int) -> list[Judged]:
    found = []
    for seed in range(trials):
        pair, is_experimental = draw_trial(Design(kind, truth, 80, features=20), StandIn(), 3, seed)
        found.append(judge_trial(pair, is_experimental, PERMUTATIONS, 0.05, seed))
    return found


@pytest.mark.requirement("R-STAT-3")
@pytest.mark.parametrize(
    ("kind", "truth"),
    [
        (EndpointKind.BINARY, Truth.NOTHING),
        (EndpointKind.TIME_TO_EVENT, Truth.PROGNOSIS),
        (EndpointKind.TIME_TO_EVENT, Truth.STRONG_TREATMENT),
        (EndpointKind.CONTINUOUS, Truth.STRATA_TREATMENT),
    ],
)
def test_p_of_a_score_keeps_its_level(kind: EndpointKind, truth: Truth) -> None:
    found = judge(kind, truth, 120)
    share = np.mean([judged.one_sided for judged in found])
    assert 0.008 <= share <= 0.092, "three standard errors of 240 scores about 0.05"


def test_p_of_a_score_finds_what_is_planted_in_its_arm() -> None:
    found = judge(EndpointKind.CONTINUOUS, Truth.PREDICTION, 40)
    control, experimental = np.mean([judged.one_sided for judged in found], axis=0)
    assert experimental > 0.4
    assert control < experimental / 2
