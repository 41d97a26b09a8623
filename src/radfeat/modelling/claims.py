"""The rule by which a treatment-by-biomarker interaction is claimed, fixed before the arms are read.

An interaction of one endpoint is claimed if, and only if,

1. it is that of a candidate: a feature that the settings name;
2. both arms have the events (or subjects of each class, or subjects) that the settings ask for;
3. the regressions with and without the interaction have finite estimates;
4. the p of the likelihood-ratio test (of the F-test if the endpoint is continuous), adjusted by Holm over all
   candidates in all contrasts of arms, tested or not, is at most ``alpha``;
5. the analysis is the one that was locked before the arms were read.

The scores of the arms' models are never claimed, however small the p: out of fold they share training
subjects, so that their test rejects a true null two or three times as often as it says
(``docs/statistics.md``). Nor are screened features. Both are adjusted within their own families.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from radfeat.core.vocabulary import Standing
from radfeat.modelling.biomarkers import BiomarkerKind
from radfeat.modelling.contrasts import Contrast
from radfeat.modelling.multiplicity import adjust_benjamini_hochberg, adjust_holm

ADJUSTMENTS = {
    BiomarkerKind.SCORE: ("holm", adjust_holm),
    BiomarkerKind.CANDIDATE: ("holm", adjust_holm),
    BiomarkerKind.SCREEN: ("benjamini-hochberg", adjust_benjamini_hochberg),
}
"""How the p-values of each family are adjusted; a family is all biomarkers of one kind in all contrasts."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a contrast beside all others of its family."""

    p_adjusted: float | None
    adjustment: str
    claim: bool
    standing: Standing


def judge_contrasts(
    contrasts: Sequence[Contrast], alpha: float, standing: Standing = Standing.CONFIRMATORY
) -> list[Verdict]:
    """Adjust the p-values of one endpoint within their families, and apply the rule; in the order given."""
    verdicts: dict[int, Verdict] = {}
    for kind, (name, adjust) in ADJUSTMENTS.items():
        members = [i for i, c in enumerate(contrasts) if c.biomarker.kind is kind]
        results = [contrasts[i].result for i in members]
        adjusted = adjust([r.p if r else None for r in results])
        for i, p in zip(members, adjusted, strict=True):
            claim = kind is BiomarkerKind.CANDIDATE and p is not None and p <= alpha
            claim = claim and standing is Standing.CONFIRMATORY
            verdicts[i] = Verdict(p, f"{name}, family of {len(members)}", claim, standing)
    return [verdicts[i] for i in range(len(contrasts))]


def runs_as_promised(contrast: Contrast) -> bool:
    """Whether a score's effect is greater in the arm of its model; a feature promises no direction."""
    if contrast.result is None:
        return False
    if contrast.biomarker.own_arm is None:
        return True
    fitted_in_experimental = contrast.biomarker.own_arm == contrast.experimental
    return contrast.result.favours_experimental is fitted_in_experimental
