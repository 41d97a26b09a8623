"""How sure the findings are, and what was not done and why: for the first page, from tables and settings."""

from collections import Counter
from collections.abc import Iterator

from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import UnblindedTables
from radfeat.report.summaries.contrasts import EndpointContrasts
from radfeat.report.summaries.headline import describe_analyses
from radfeat.report.summaries.models import SITE_LEFT_OUT, EndpointModels, find_metric
from radfeat.report.wording import count_of, format_count, format_fixed, format_p, join_words


def describe_sureness(
    tables: UnblindedTables, models: tuple[EndpointModels, ...], facts: AnalysisFacts
) -> Iterator[str]:
    """What limits and p-values hold, how steady the models are, and how many analyses there were."""
    if any(endpoint.fitted for endpoint in models):
        permuted = (
            f"; the permutation p fits everything anew to {count_of(facts.permutations, 'permutation')} of "
            f"the outcomes, and cannot be less than {format_p(1 / (facts.permutations + 1))}"
            if facts.permutations
            else ""
        )
        yield (
            f"Every score is out of fold ({count_of(facts.repeats, 'repeat')} of {facts.folds} folds). "
            "Limits resample subjects with the models held fixed: other subjects would have given other "
            f"models{permuted}."
        )
        yield from _describe_stability(tables, models)
    yield describe_analyses(tables.analyses)


def describe_undone(
    tables: UnblindedTables,
    models: tuple[EndpointModels, ...],
    contrasts: tuple[EndpointContrasts, ...],
    facts: AnalysisFacts,
) -> Iterator[str]:
    """What a reader may look for in vain, each with the reason."""
    yield from (_describe_untested(endpoint) for endpoint in contrasts if _count_untested(endpoint))
    if not any(endpoint.fitted for endpoint in models):
        return
    competing = [e.endpoint for e in models if e.fitted and facts.competes(e.endpoint)]
    if competing:
        yield (
            f"Risks, calibration and decision curves of {join_words(competing)}: events compete, and the "
            "models are of the cause-specific rate."
        )
    if not facts.permutations:
        yield "A permutation p: the settings ask for no permutations."
    if not _were_sites_left_out(tables):
        yield f"Leaving out each site in turn: {_explain_sites(facts)}."
    if facts.batch_effects == "none":
        yield "A correction for site or scanner: the settings ask for none, and values are as measured."
    if facts.repeatability is None:
        yield "A filter by repeatability: the settings ask for none."
    yield "A trial of the models on other subjects: all are of this study."


def _describe_stability(tables: UnblindedTables, models: tuple[EndpointModels, ...]) -> Iterator[str]:
    found = [
        find_metric(tables, endpoint.endpoint, arm.arm, "jaccard_clusters")
        for endpoint in models
        for arm in endpoint.arms
        if arm.feasible
    ]
    known = [value for value in found if value is not None]
    if known:
        lo, hi = format_fixed(min(known)), format_fixed(max(known))
        yield (
            "What two folds of a model selected overlaps by a mean Jaccard index of "
            f"{lo if lo == hi else f'{lo} to {hi}'} (1: always the same clusters of features)."
        )


def _count_untested(endpoint: EndpointContrasts) -> int:
    return sum(not contrast.tested for contrast in endpoint.shown)


def _describe_untested(endpoint: EndpointContrasts) -> str:
    """How many of the interactions that the page shows were not tested, with the reasons."""
    reasons = Counter(contrast.obstacle for contrast in endpoint.shown if not contrast.tested)
    total = sum(reasons.values())
    told = "; ".join(
        reason if len(reasons) == 1 else f"{reason} ({format_count(n)})" for reason, n in reasons.items()
    )
    shown = count_of(len(endpoint.shown), "interaction")
    return f"{format_count(total)} of {shown} of {endpoint.endpoint}: {told}."


def _were_sites_left_out(tables: UnblindedTables) -> bool:
    return any(r["model"] == SITE_LEFT_OUT and r["estimate"] is not None for r in tables.performance)


def _explain_sites(facts: AnalysisFacts) -> str:
    if facts.leave_site_out_from is None:
        return "the settings do not ask for it"
    return f"no arm has {facts.leave_site_out_from} sites of {facts.min_site} subjects or more to score"
