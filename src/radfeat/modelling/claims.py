"""The rule by which a treatment-by-biomarker interaction is claimed, fixed before the arms are read.

An interaction of one endpoint is claimed if, and only if,

1. it is that of a candidate, a feature that the settings name, or of the score of an arm's model;
2. both arms have the events (or subjects of each class, or subjects) that the settings ask for;
3. the regressions with and without the interaction have finite estimates;
4. its p, adjusted by Holm over its family in all contrasts of arms, tested or not, is at most ``alpha``.
   For a candidate it is the p of the likelihood-ratio test (of the F-test if the endpoint is continuous).
   For a score it is that of permuting the arms and running the whole procedure again
   (``arm_permutation``): out-of-fold scores share training subjects, so that the other p rejects a true null
   two or three times as often as it says (``docs/statistics.md``);
5. the effect of a score is greater in the arm that it was fitted in;
6. the analysis is the one that was locked before the arms were read.

Screened features are never claimed. Each kind of biomarker is a family of its own.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from radfeat.core.vocabulary import Standing
from radfeat.modelling.contrasts import Contrast
from radfeat.modelling.kinds import BiomarkerKind
from radfeat.modelling.multiplicity import adjust_benjamini_hochberg, adjust_holm

ADJUSTMENTS = {
    BiomarkerKind.SCORE: ("holm", adjust_holm),
    BiomarkerKind.CANDIDATE: ("holm", adjust_holm),
    BiomarkerKind.SCREEN: ("benjamini-hochberg", adjust_benjamini_hochberg),
}
"""How the p-values of each family are adjusted; a family is all biomarkers of one kind in all contrasts."""

_ROUNDING = 1e-12
"""Two fortieths, say, are a twentieth."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a contrast beside all others of its family, of ``family`` members.

    ``permutations_needed`` is the least number with which a score can be claimed, and ``can_claim`` whether
    the p-values of the family can be small enough for ``alpha`` at all.
    """

    p_adjusted: float | None
    adjustment: str
    claim: bool
    standing: Standing
    family: int
    permutations_needed: int = 0
    can_claim: bool = True


def judge_contrasts(
    contrasts: Sequence[Contrast], alpha: float, standing: Standing = Standing.CONFIRMATORY
) -> list[Verdict]:
    """Adjust the p-values of one endpoint within their families, and apply the rule; in the order given."""
    verdicts: dict[int, Verdict] = {}
    for kind, (name, adjust) in ADJUSTMENTS.items():
        members = [i for i, c in enumerate(contrasts) if c.biomarker.kind is kind]
        adjusted = adjust([_choose_p(contrasts[i]) for i in members])
        for i, p in zip(members, adjusted, strict=True):
            needed = count_permutations_needed(len(members), alpha) if kind is BiomarkerKind.SCORE else 0
            verdicts[i] = Verdict(
                p_adjusted=p,
                adjustment=f"{name}, family of {len(members)}",
                claim=_meets_rule(contrasts[i], p, alpha, standing),
                standing=standing,
                family=len(members),
                permutations_needed=needed,
                can_claim=_count_permutations(contrasts[i]) >= needed,
            )
    return [verdicts[i] for i in range(len(contrasts))]


def _choose_p(contrast: Contrast) -> float | None:
    """The p that counts: of a score that by permutation, and none without it."""
    if contrast.result is None:
        return None
    if contrast.biomarker.kind is BiomarkerKind.SCORE:
        return contrast.permuted.p if contrast.permuted else None
    return contrast.result.p


def _meets_rule(contrast: Contrast, p: float | None, alpha: float, standing: Standing) -> bool:
    if contrast.biomarker.kind is BiomarkerKind.SCREEN or standing is not Standing.CONFIRMATORY:
        return False
    return p is not None and p <= alpha * (1.0 + _ROUNDING) and runs_as_promised(contrast)


def count_permutations_needed(family: int, alpha: float) -> int:
    """Permutations with which the least of ``family`` p-values, adjusted by Holm, can be ``alpha``."""
    return max(0, math.ceil(family / alpha * (1.0 - _ROUNDING)) - 1)


def _count_permutations(contrast: Contrast) -> int:
    return len(contrast.permuted.permuted) if contrast.permuted else 0


def runs_as_promised(contrast: Contrast) -> bool:
    """Whether a score's effect is greater in the arm of its model; a feature promises no direction."""
    if contrast.result is None:
        return False
    if contrast.biomarker.own_arm is None:
        return True
    fitted_in_experimental = contrast.biomarker.own_arm == contrast.experimental
    return contrast.result.favours_experimental is fitted_in_experimental
