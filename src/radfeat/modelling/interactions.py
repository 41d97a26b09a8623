"""The table ``interactions``: how the effect of treatment differs with each biomarker; what is claimed."""

from collections.abc import Mapping

import pyarrow as pa
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from radfeat.core.vocabulary import Standing
from radfeat.modelling.claims import Verdict, judge_contrasts, runs_as_promised
from radfeat.modelling.cohort import StudyTable, require_candidates
from radfeat.modelling.contrasts import Contrast, list_contrasts
from radfeat.modelling.interaction_fit import Interaction, Measure
from radfeat.modelling.kinds import BiomarkerKind
from radfeat.modelling.memory import Machine
from radfeat.modelling.score_permutation import permute_scores
from radfeat.modelling.settings import ModellingSettings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import INTERACTIONS


def build_interactions(
    study: StudyTable,
    endpoint: str,
    predictions: pa.Table,
    settings: ModellingSettings,
    standing: Standing = Standing.CONFIRMATORY,
    machine: Machine | None = None,
) -> pa.Table:
    """Treatment-by-biomarker interactions of one endpoint; no row where there is but one arm.

    The first of ``settings.arms`` is the reference of every contrast. ``predictions`` holds the out-of-fold
    scores of all arms' models. ``standing`` is that of the analysis: of an exploratory one nothing is
    claimed. What is claimed, and what not, is the rule of ``claims``. The p of scores comes from permuting
    the arms, which refits their models; ``machine`` says what that may use, and changes no number.

    Raises
    ------
    CohortError
        A prespecified candidate is not a feature of the study, or the features do not fit into memory.
    """
    require_candidates(settings.candidates, study.features)
    # One thread: the last bits of a matrix product depend on how many threads share it.
    with threadpool_limits(limits=1):
        tested = list_contrasts(study, endpoint, predictions, settings, machine)
        contrasts = permute_scores(tested, study, predictions, settings, machine or Machine())
    verdicts = judge_contrasts(contrasts, settings.alpha, standing)
    rows = [_build_row(c, v, settings.level) for c, v in zip(contrasts, verdicts, strict=True)]
    return build_table(INTERACTIONS, rows)


def _build_row(contrast: Contrast, verdict: Verdict, level: float) -> Mapping[str, object]:
    result = contrast.result
    row: dict[str, object] = {
        "endpoint": contrast.endpoint,
        "experimental_arm": contrast.experimental,
        "reference_arm": contrast.reference,
        "kind": contrast.biomarker.kind.value,
        "biomarker": contrast.biomarker.name,
        "n": contrast.n,
        "events": contrast.events,
        "measure": contrast.measure.value,
        "p_adjusted": verdict.p_adjusted,
        "adjustment": verdict.adjustment,
        "claim": verdict.claim,
        "standing": verdict.standing.value,
        "sentence": write_sentence(contrast, verdict, level),
    }
    if contrast.permuted:
        row |= {"permutation_p": contrast.permuted.p, "permutations": len(contrast.permuted.permuted)}
    if result is None:
        return row
    ratios = {"hr_experimental": result.experimental, "hr_reference": result.reference, "ratio": result.ratio}
    for name, (estimate, lo, hi) in ratios.items():
        row |= {name: estimate, f"{name}_lo": lo, f"{name}_hi": hi}
    tested = {"lrt_chi2": result.chi2, "f": result.f, "f_df": result.df, "p": result.p}
    return row | {"level": level} | tested


def write_sentence(contrast: Contrast, verdict: Verdict, level: float) -> str:
    """The result in one sentence; "predictive" is said only of what is claimed."""
    if contrast.result is None:
        return f"Not tested for {contrast.biomarker.name}: {contrast.obstacle}."
    numbers = _write_numbers(contrast, contrast.result, level)
    p = _write_test(contrast, contrast.result, verdict)
    return f"{contrast.biomarker.name}: {numbers}; {p}. {_write_verdict(contrast, verdict)}."


def _write_numbers(contrast: Contrast, result: Interaction, level: float) -> str:
    what, compared = _WORDS[contrast.measure]
    estimate, lo, hi = result.ratio
    return (
        f"{what} per SD {result.experimental[0]:.3g} in {contrast.experimental}, "
        f"{result.reference[0]:.3g} in {contrast.reference}, "
        f"{compared} {estimate:.3g} ({100 * level:g} % CI {lo:.3g} to {hi:.3g})"
    )


_WORDS = {
    Measure.HAZARD_RATIO: ("hazard ratio", "ratio"),
    Measure.ODDS_RATIO: ("odds ratio", "ratio"),
    Measure.DIFFERENCE: ("slope", "difference"),
}
"""How the effect in an arm is called, and how the two arms are compared."""


def _write_test(contrast: Contrast, result: Interaction, verdict: Verdict) -> str:
    adjusted = f"adjusted {_write_p(verdict.p_adjusted)}"
    if contrast.biomarker.kind is not BiomarkerKind.SCORE:
        return f"{'F-test' if result.df else 'likelihood-ratio'} p {_write_p(result.p)}, {adjusted}"
    if contrast.permuted is None:
        return "no valid p, for the arms were not permuted"
    times = len(contrast.permuted.permuted)
    return f"p by {times} permutations of the arms {_write_p(contrast.permuted.p)}, {adjusted}"


def _write_verdict(contrast: Contrast, verdict: Verdict) -> str:
    if verdict.claim:
        return f"Claimed as predictive of the effect of {contrast.experimental} against {contrast.reference}"
    if contrast.biomarker.kind is BiomarkerKind.SCREEN:
        return "Screened: a hypothesis at most, never a claim"
    if verdict.standing is Standing.EXPLORATORY:
        return "Exploratory, and so no claim: this is not the analysis locked before the arms were read"
    if contrast.biomarker.kind is BiomarkerKind.CANDIDATE:
        return "No claim: the rule for one is not met"
    return _write_score_verdict(contrast, verdict)


def _write_score_verdict(contrast: Contrast, verdict: Verdict) -> str:
    """Why a score is not claimed."""
    does_better = "better" if runs_as_promised(contrast) else "no better"
    direction = f"the score does {does_better} in the arm it was fitted in"
    if verdict.can_claim:
        return f"No claim: the rule for one is not met ({direction})"
    needed = f"a claim needs {verdict.permutations_needed} permutations or more ({direction})"
    if contrast.permuted is None:
        return f"No claim: {needed}"
    times = len(contrast.permuted.permuted)
    least = 1.0 / (times + 1)
    return (
        f"No claim: with {times} permutations p cannot fall below {least:.2g}, nor below "
        f"{min(1.0, verdict.family * least):.2g} adjusted; {needed}"
    )


def _write_p(p: float | None) -> str:
    if p is None:
        return "none"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
