"""Multiplicity, and the rule by which an interaction is claimed; each condition alone can forbid it."""

import numpy as np
import pytest

from radfeat.core.vocabulary import Standing
from radfeat.modelling.biomarkers import Biomarker
from radfeat.modelling.claims import count_permutations_needed, judge_contrasts, runs_as_promised
from radfeat.modelling.comparators import Permuted
from radfeat.modelling.contrasts import Contrast
from radfeat.modelling.interaction_fit import Interaction, Measure
from radfeat.modelling.kinds import BiomarkerKind
from radfeat.modelling.multiplicity import adjust_benjamini_hochberg, adjust_holm


def contrast(
    p: float | None,
    *,
    kind: BiomarkerKind = BiomarkerKind.CANDIDATE,
    own_arm: str | None = None,
    ratio: float = 2.0,
    permuted: Permuted | None = None,
) -> Contrast:
    interval = (ratio, ratio / 2, ratio * 2)
    result = None if p is None else Interaction(interval, (1.0, 0.5, 2.0), interval, 4.0, p)
    return Contrast(
        endpoint="os",
        experimental="experimental",
        reference="control",
        biomarker=Biomarker(kind, "f0", np.zeros(1), own_arm),
        n=50,
        events=40,
        measure=Measure.HAZARD_RATIO,
        result=result,
        obstacle="" if result else "why",
        permuted=permuted,
    )


def score(
    as_great: int, permutations: int, *, own_arm: str = "experimental", ratio: float = 2.0, p: float = 1e-9
) -> Contrast:
    """A score with so many of its permutations as great as what was observed."""
    permuted = Permuted(3.0, (4.0,) * as_great + (-1.0,) * (permutations - as_great))
    return contrast(p, kind=BiomarkerKind.SCORE, own_arm=own_arm, ratio=ratio, permuted=permuted)


def test_holm_is_that_of_the_textbook() -> None:
    """Equal to R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")."""
    assert adjust_holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_benjamini_hochberg_is_that_of_the_textbook() -> None:
    """Equal to R's p.adjust(c(0.01, 0.04, 0.03, 0.005), "BH")."""
    assert adjust_benjamini_hochberg([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.02, 0.04, 0.04, 0.02))


@pytest.mark.parametrize("adjust", [adjust_holm, adjust_benjamini_hochberg])
def test_adjusted_p_keeps_the_order_and_stays_within_one(adjust) -> None:
    p = [0.9, 0.2, 0.2, 0.0, 0.7]
    adjusted = adjust(p)
    assert all(a >= q for a, q in zip(adjusted, p, strict=True))
    assert max(adjusted) <= 1.0
    assert np.all(np.diff(np.array(adjusted)[np.argsort(p)]) >= 0)
    assert adjust([]) == ()


@pytest.mark.parametrize("adjust", [adjust_holm, adjust_benjamini_hochberg])
def test_hypothesis_that_was_not_tested_counts_in_the_family(adjust) -> None:
    adjusted = adjust([0.02, None, None])
    assert adjusted[0] == pytest.approx(0.06)
    assert adjusted[1:] == (None, None)


def test_prespecified_candidate_below_alpha_is_claimed() -> None:
    (verdict,) = judge_contrasts([contrast(0.05)], 0.05)
    assert verdict.claim
    assert verdict.adjustment == "holm, family of 1"


@pytest.mark.requirement("R-STAT-5")
def test_candidate_is_not_claimed_where_its_family_is_large() -> None:
    verdicts = judge_contrasts([contrast(0.03), contrast(0.6)], 0.05)
    assert [v.claim for v in verdicts] == [False, False]
    assert verdicts[0].p_adjusted == pytest.approx(0.06)


def test_each_kind_is_a_family_of_its_own() -> None:
    verdicts = judge_contrasts(
        [
            score(0, 999),
            contrast(0.2),
            contrast(0.001, kind=BiomarkerKind.SCREEN),
            contrast(0.5, kind=BiomarkerKind.SCREEN),
            contrast(0.6, kind=BiomarkerKind.SCREEN),
        ],
        0.05,
    )
    assert [v.adjustment for v in verdicts] == [
        *["holm, family of 1"] * 2,
        *["benjamini-hochberg, family of 3"] * 3,
    ]
    assert [v.p_adjusted for v in verdicts] == pytest.approx([0.001, 0.2, 0.003, 0.6, 0.6])


@pytest.mark.requirement("R-STAT-5")
def test_what_is_screened_is_never_claimed() -> None:
    (verdict,) = judge_contrasts([contrast(1e-9, kind=BiomarkerKind.SCREEN)], 0.05)
    assert not verdict.claim


def test_score_is_claimed_by_its_permutations_and_not_by_its_regression() -> None:
    """Two scores of 40 statistics each: 2 / 40 is 0.05, whatever the regressions say."""
    least, greater = judge_contrasts([score(0, 39, p=0.4), score(5, 39, own_arm="control", ratio=0.5)], 0.05)
    assert (least.claim, least.p_adjusted) == (True, pytest.approx(0.05))
    assert (greater.claim, greater.p_adjusted) == (False, pytest.approx(0.15))
    assert least.can_claim
    assert least.adjustment == "holm, family of 2"


def test_score_without_permutations_has_no_p_and_no_claim() -> None:
    (verdict,) = judge_contrasts([contrast(1e-9, kind=BiomarkerKind.SCORE, own_arm="experimental")], 0.05)
    assert verdict.p_adjusted is None
    assert not verdict.claim
    assert not verdict.can_claim
    assert verdict.permutations_needed == 19


def test_default_permutations_are_too_few_for_one_of_two_scores() -> None:
    verdicts = judge_contrasts([score(0, 19), score(0, 19, own_arm="control", ratio=0.5)], 0.05)
    assert [v.claim for v in verdicts] == [False, False]
    assert [v.p_adjusted for v in verdicts] == pytest.approx([0.1, 0.1])
    assert not any(v.can_claim for v in verdicts)
    assert {v.permutations_needed for v in verdicts} == {39}


@pytest.mark.parametrize(
    ("own_arm", "ratio"), [("experimental", 0.5), ("control", 2.0)], ids=["experimental", "control"]
)
def test_score_that_does_better_in_the_other_arm_is_not_claimed(own_arm: str, ratio: float) -> None:
    (verdict,) = judge_contrasts([score(0, 999, own_arm=own_arm, ratio=ratio)], 0.05)
    assert not verdict.claim


@pytest.mark.requirement("R-STAT-5")
def test_score_of_an_exploratory_analysis_is_not_claimed() -> None:
    (verdict,) = judge_contrasts([score(0, 999)], 0.05, Standing.EXPLORATORY)
    assert not verdict.claim


@pytest.mark.parametrize(
    ("family", "alpha", "needed"), [(1, 0.05, 19), (2, 0.05, 39), (3, 0.05, 59), (2, 0.03, 66), (0, 0.05, 0)]
)
def test_permutations_needed_are_the_fewest_that_can_reach_alpha(
    family: int, alpha: float, needed: int
) -> None:
    assert count_permutations_needed(family, alpha) == needed
    if family:
        assert family / (needed + 1) <= alpha * (1 + 1e-12) < family / needed


def test_what_was_not_tested_is_never_claimed() -> None:
    (verdict,) = judge_contrasts([contrast(None)], 0.05)
    assert not verdict.claim
    assert verdict.p_adjusted is None


@pytest.mark.parametrize(
    ("own_arm", "ratio", "promised"),
    [
        ("experimental", 2.0, True),
        ("experimental", 0.5, False),
        ("control", 2.0, False),
        ("control", 0.5, True),
        (None, 2.0, True),
        (None, 0.5, True),
    ],
)
def test_score_promises_to_do_better_in_its_own_arm_and_a_feature_nothing(
    own_arm: str | None, ratio: float, promised: bool
) -> None:
    kind = BiomarkerKind.SCORE if own_arm else BiomarkerKind.CANDIDATE
    assert runs_as_promised(contrast(0.5, kind=kind, own_arm=own_arm, ratio=ratio)) is promised
