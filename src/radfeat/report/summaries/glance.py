"""What was found, on one page: a row for each endpoint and arm, and one for each interaction that counts."""

from collections.abc import Iterator
from dataclasses import dataclass

from radfeat.core.vocabulary import EndpointKind
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import UnblindedTables
from radfeat.report.summaries.contrasts import CANDIDATE, SCREEN, Contrast, EndpointContrasts
from radfeat.report.summaries.models import ArmModels, EndpointModels, find_estimate, word_estimate
from radfeat.report.wording import (
    MISSING,
    format_count,
    format_fixed,
    format_interval,
    format_number,
    format_p,
)

MOST_CONTRASTS = 12
"""With more interactions than this only those that may be claimed stand on the first page."""

_PLAIN = {"clinical": "clinical", "volume": "volume", "clinical_volume": "both"}
_CHANCE = {EndpointKind.CONTINUOUS: "0 is chance"}


@dataclass(frozen=True, slots=True)
class GlanceArm:
    """One model as words; ``obstacle`` says why there is none."""

    arm: str
    n: str
    events: str
    order: str
    plain: str
    p: str
    calibration: tuple[str, ...]
    obstacle: str


@dataclass(frozen=True, slots=True)
class GlanceEndpoint:
    """The arms of one endpoint; ``measure`` is how order is measured, and what chance reaches."""

    endpoint: str
    measure: str
    arms: tuple[GlanceArm, ...]


@dataclass(frozen=True, slots=True)
class GlanceContrast:
    """One interaction as words; ``verdict`` says whether it is claimed, or that it was not tested."""

    endpoint: str
    biomarker: str
    arms: str
    effect: str
    p: str
    verdict: str
    claimed: bool


@dataclass(frozen=True, slots=True)
class Glance:
    """The tables of the first page; ``left_to_section`` interactions stand in their own section only."""

    endpoints: tuple[GlanceEndpoint, ...]
    contrasts: tuple[GlanceContrast, ...]
    left_to_section: int


def build_glance(
    tables: UnblindedTables,
    models: tuple[EndpointModels, ...],
    contrasts: tuple[EndpointContrasts, ...],
    facts: AnalysisFacts,
) -> Glance:
    """Every model, and the interactions of candidates, with those of scores as far as they are few."""
    may_stand = [(e, c) for e in contrasts for c in e.shown if c.kind != SCREEN]
    if len(may_stand) > MOST_CONTRASTS:
        may_stand = [(e, c) for e, c in may_stand if c.kind == CANDIDATE]
    return Glance(
        endpoints=tuple(_build_endpoint(tables, endpoint, facts) for endpoint in models),
        contrasts=tuple(_build_contrast(endpoint, contrast) for endpoint, contrast in may_stand),
        left_to_section=sum(endpoint.total for endpoint in contrasts) - len(may_stand),
    )


def _build_endpoint(
    tables: UnblindedTables, endpoint: EndpointModels, facts: AnalysisFacts
) -> GlanceEndpoint:
    return GlanceEndpoint(
        endpoint=endpoint.endpoint,
        measure=_word_measure(tables, endpoint, facts),
        arms=tuple(_build_arm(tables, endpoint, arm, facts) for arm in endpoint.arms),
    )


def _build_arm(
    tables: UnblindedTables, endpoint: EndpointModels, arm: ArmModels, facts: AnalysisFacts
) -> GlanceArm:
    plain = [(words, arm.model(name)) for name, words in _PLAIN.items()]
    return GlanceArm(
        arm=arm.arm,
        n=format_count(arm.n),
        events=MISSING if endpoint.is_continuous else format_count(arm.events),
        order=word_estimate(arm.radiomics),
        plain=", ".join(f"{words} {format_fixed(e.estimate)}" for words, e in plain if e) or MISSING,
        p=format_p(arm.permutation_p),
        calibration=tuple(_word_calibration(tables, endpoint, arm.arm, facts)) or (MISSING,),
        obstacle="" if arm.feasible else _word_obstacle(arm),
    )


def _word_obstacle(arm: ArmModels) -> str:
    """The sentence of the gate without the arm, which stands before it, and without what follows from it."""
    return arm.sentence.removeprefix(f"{arm.arm}: ").partition("; the arm is described")[0].removesuffix(".")


def _word_calibration(
    tables: UnblindedTables, endpoint: EndpointModels, arm: str, facts: AnalysisFacts
) -> Iterator[str]:
    name = endpoint.endpoint
    if facts.competes(name):
        yield "not given: events compete"
        return
    for metric, words in _list_calibration(tables, endpoint):
        found = find_estimate(tables, name, arm, metric)
        if found is not None and found.estimate is not None:
            yield f"{words} {word_estimate(found)}"


def _list_calibration(tables: UnblindedTables, endpoint: EndpointModels) -> Iterator[tuple[str, str]]:
    """Metric, and its name on the first page: at the last horizon where there are several."""
    yield "calibration_slope", "slope"
    if endpoint.is_continuous:
        yield "r_squared", "R²"
    elif not endpoint.is_survival:
        yield "observed_to_expected", "O/E"
    elif (horizon := _find_horizon(tables, endpoint.endpoint)) is not None:
        yield f"observed_to_expected_at_{horizon:g}", "O/E"


def _find_horizon(tables: UnblindedTables, endpoint: str) -> float | None:
    """The last time by which risks are given; None where there is none, as for two classes (0)."""
    return max((r["horizon"] for r in tables.calibration if r["endpoint"] == endpoint), default=0.0) or None


def _word_measure(tables: UnblindedTables, endpoint: EndpointModels, facts: AnalysisFacts) -> str:
    words = f"{endpoint.metric}, {_CHANCE.get(endpoint.kind, '0.50 is chance')}"
    horizon = _find_horizon(tables, endpoint.endpoint)
    if horizon is None:
        return words
    return f"{words}; O/E by {format_number(horizon)} {facts.time_unit(endpoint.endpoint)}".rstrip()


def _build_contrast(endpoint: EndpointContrasts, contrast: Contrast) -> GlanceContrast:
    ratio = contrast.ratio
    interval = format_interval(ratio.lo, ratio.hi)
    return GlanceContrast(
        endpoint=endpoint.endpoint,
        biomarker=contrast.biomarker,
        arms=f"{contrast.experimental} against {contrast.reference}",
        effect=f"{format_fixed(ratio.estimate)}{f' ({interval})' if interval else ''}",
        p=format_p(contrast.p_adjusted),
        verdict=_word_verdict(contrast),
        claimed=contrast.claim,
    )


def _word_verdict(contrast: Contrast) -> str:
    if not contrast.tested:
        return "not tested"
    if contrast.claim:
        return "claimed"
    if contrast.kind == SCREEN:
        return "never: screened"
    return (
        "no claim" if contrast.kind == CANDIDATE or contrast.can_be_claimed else "never: too few permutations"
    )
