"""The rule by which a treatment-by-biomarker interaction is claimed, fixed before the arms are read.

An interaction of one endpoint is claimed if, and only if,

1. it was prespecified: it is that of an out-of-fold score or of a candidate in the settings, not a screened
one; 2. both arms have the events (or subjects of each class) that the settings ask for; 3. the regressions
with and without the interaction have finite estimates; 4. the likelihood-ratio p, adjusted by Holm over all
prespecified interactions of the endpoint (every score and
   every candidate in every contrast of arms, tested or not), is at most ``alpha``;
5. for a score: the ratio is greater in the arm that its model was fitted in, as that model promises.
Out-of-fold
   scores lean slightly against their own arm, and that must not be taken for an effect.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from radfeat.modelling.biomarkers import BiomarkerKind
from radfeat.modelling.contrasts import Contrast
from radfeat.modelling.multiplicity import adjust_benjamini_hochberg, adjust_holm

_Adjust = Callable[[Sequence[float | None]], tuple[float | None, ...]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from a contrast beside all others of its family."""

    p_adjusted: float | None
    adjustment: str
    claim: bool


def judge_contrasts(contrasts: Sequence[Contrast], alpha: float) -> list[Verdict]:
    """Adjust the p-values of one endpoint within their families, and apply the rule; in the order given."""
    screened = [c.biomarker.kind is BiomarkerKind.SCREEN for c in contrasts]
    holm = _adjust_family(contrasts, [not s for s in screened], adjust_holm)
    fdr = _adjust_family(contrasts, screened, adjust_benjamini_hochberg)
    sizes = {True: sum(screened), False: len(screened) - sum(screened)}
    verdicts = []
    for contrast, is_screened, confirmed, explored in zip(contrasts, screened, holm, fdr, strict=True):
        p = explored if is_screened else confirmed
        name = "benjamini-hochberg" if is_screened else "holm"
        significant = confirmed is not None and confirmed <= alpha
        claim = significant and not is_screened and runs_as_promised(contrast)
        verdicts.append(Verdict(p, f"{name}, family of {sizes[is_screened]}", claim))
    return verdicts


def runs_as_promised(contrast: Contrast) -> bool:
    """Whether a score's ratio is greater in the arm of its model; a feature promises no direction."""
    if contrast.result is None:
        return False
    if contrast.biomarker.own_arm is None:
        return True
    fitted_in_experimental = contrast.biomarker.own_arm == contrast.experimental
    return (contrast.result.ratio[0] > 1.0) is fitted_in_experimental


def _adjust_family(
    contrasts: Sequence[Contrast], members: Sequence[bool], adjust: _Adjust
) -> tuple[float | None, ...]:
    """Adjusted p of the members, None for the others."""
    p_values = [c.result.p if c.result else None for c, m in zip(contrasts, members, strict=True) if m]
    adjusted = iter(adjust(p_values))
    return tuple(next(adjusted) if m else None for m in members)
