"""What the numbers do not show, computed from what is there: each caution only where it applies."""

from collections.abc import Iterator

from radfeat.core.vocabulary import EndpointKind, RepeatSource, Status
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import BlindedTables, UnblindedTables
from radfeat.report.summaries.caution import Caution
from radfeat.report.summaries.competing import caution_competing
from radfeat.report.summaries.conformance import build_conformance
from radfeat.report.summaries.contrasts import EndpointContrasts
from radfeat.report.summaries.models import ArmModels, EndpointModels, find_metric
from radfeat.report.summaries.repeatability import list_sources
from radfeat.report.summaries.site_effects import LEAST_PER_SITE, SiteEffects
from radfeat.report.wording import (
    choose_verb,
    count_of,
    format_count,
    format_fixed,
    format_p,
    format_percent,
    join_words,
)

FEW_EVENTS = 100
"""Under this many events a C or AUC and a selected set of features are still far from settled."""

LEAST_PERMUTATIONS = 999
"""Fewer permutations leave a p-value too coarse to publish."""


def list_blinded_cautions(tables: BlindedTables, effects: SiteEffects) -> Iterator[Caution]:
    """Cautions about images, ROIs and features."""
    failed = sum(row["status"] == Status.FAILED.value for row in tables.rois)
    if failed:
        yield Caution(
            "ROIs without features",
            f"{format_count(failed)} of {count_of(len(tables.rois), 'ROI')} "
            f"({format_percent(failed / len(tables.rois))}) {choose_verb(failed, 'has', 'have')} no "
            "features. If they failed for reasons that go with the disease, such as size, those measured do "
            "not stand for all.",
        )
    yield from _caution_sites(effects)
    yield from _caution_repeatability(tables)
    if effects.undefined:
        cells = effects.features * effects.measured
        yield Caution(
            "Undefined features",
            f"{count_of(effects.undefined, 'value')} of {format_count(cells)} could not be computed for an "
            "ROI that was otherwise measured.",
        )
    yield from _caution_definitions(tables)
    yield from _caution_conformance(tables)


def list_unblinded_cautions(
    tables: UnblindedTables,
    models: tuple[EndpointModels, ...],
    contrasts: tuple[EndpointContrasts, ...],
    facts: AnalysisFacts,
) -> Iterator[Caution]:
    """Cautions about models and contrasts."""
    yield from _caution_infeasible(models)
    yield from caution_arms_and_sites(tables)
    yield from _caution_few_events(models)
    yield from caution_competing(models)
    if any(endpoint.fitted for endpoint in models):
        yield from _caution_validation(facts)
        yield from _caution_comparators(models)
        yield from _caution_folds(tables, models)
        yield from _caution_permutations(facts)
        yield Caution(
            "Association, not cause",
            "A score that goes with an outcome does not bring it about. Randomisation makes treatments "
            "comparable, not high and low scores; the curves by stratum are descriptive."
            if len(facts.arms) > 1
            else "A score that goes with an outcome does not bring it about, and with one arm nothing can be "
            "said of the effect of treatment; the curves by stratum are descriptive.",
        )
    if any(endpoint.of_scores for endpoint in contrasts):
        yield Caution(
            "Interactions of scores",
            "Out-of-fold scores share training subjects, so that the interval of a score's interaction is "
            "too narrow, and a p from the same regression would be too small. Its p comes from permuting the "
            "arms and fitting everything again: exact where treatment matters to nobody, and close to it "
            "where it matters to all alike.",
        )
    yield from _caution_multiplicity(models, contrasts)


def blinded_half_caution() -> Caution:
    """What no blinded page can say."""
    return Caution(
        "Nothing about treatment or outcome",
        "No arm and no outcome entered this page: what it shows cannot have been chosen by them, and it says "
        "nothing about them.",
    )


def caution_arms_and_sites(tables: UnblindedTables) -> Iterator[Caution]:
    """Where no site treats subjects of two arms, nothing tells the effect of treatment from that of sites."""
    arms_of: dict[str, set[str]] = {}
    for row in tables.subjects:
        if row["site_id"] is not None:
            arms_of.setdefault(row["site_id"], set()).add(row["arm"])
    arms = {arm for of_site in arms_of.values() for arm in of_site}
    if len(arms) > 1 and all(len(of_site) == 1 for of_site in arms_of.values()):
        yield Caution(
            "Arms and sites are one",
            f"No site of {len(arms_of)} has subjects of two arms. A difference between arms, and a biomarker "
            "whose effect seems to depend on treatment, may be one of sites: scanners, protocols, subjects.",
        )


def _caution_sites(effects: SiteEffects) -> Iterator[Caution]:
    if effects.share_above is None:
        yield Caution(
            "Sites cannot be compared",
            "There are not two sites with enough measured ROIs"
            f"{' of one modality and name' if len(effects.strata) > 1 else ''}, so that the influence of "
            "scanner, protocol and reader is unknown.",
        )
        return
    yield Caution(
        "Sites are not adjusted for",
        f"{format_count(effects.above)} of {count_of(effects.tested, 'feature')} "
        f"{choose_verb(effects.above, 'depends', 'depend')} on site. The values in the tables are as "
        "measured, without correction for site or scanner, and a difference between sites may lie in "
        "their scanners as well as in their subjects.",
    )
    left = effects.measured - effects.compared
    if left:
        yield Caution(
            "ROIs in no comparison of sites",
            f"{format_count(left)} of {count_of(effects.measured, 'measured ROI')} "
            f"{choose_verb(left, 'has', 'have')} a modality and name of which there are not two "
            f"sites with {LEAST_PER_SITE} ROIs or more: whether site matters there is unknown, and it cannot "
            "be told apart from modality and region.",
        )


def _caution_repeatability(tables: BlindedTables) -> Iterator[Caution]:
    sources = list_sources(tables)
    if not sources:
        yield Caution(
            "Repeatability is unknown",
            "No ROI was drawn by a second reader here, and no scan was repeated for the purpose: how far a "
            "value would change if scan or outline were repeated is not shown.",
        )
    elif sources == {RepeatSource.PERTURBATION}:
        yield Caution(
            "Repeatability by perturbation only",
            "No scan was repeated and no second reader drew. Images and outlines were altered at random: a "
            "feature that fails this is fragile, but one that passes may still differ between scans, "
            "scanners and readers.",
        )
    elif RepeatSource.TEST_RETEST not in sources:
        yield Caution(
            "No scan was repeated",
            "Several readers drew the same images: how far values change with the outline is shown, how far "
            "they would change with another scan is not.",
        )


def _caution_definitions(tables: BlindedTables) -> Iterator[Caution]:
    deviating = sum(row["ibsi_deviation"] is not None for row in tables.catalogue)
    foreign = sum(row["ibsi_code"] is None for row in tables.catalogue)
    deviate, have = choose_verb(deviating, "deviates", "deviate"), choose_verb(foreign, "has", "have")
    parts = [
        *([f"{format_count(deviating)} {deviate} from the IBSI definition"] if deviating else []),
        *([f"{format_count(foreign)} {have} no IBSI counterpart"] if foreign else []),
    ]
    if parts:
        yield Caution(
            "Definitions",
            f"Of {count_of(len(tables.catalogue), 'feature')}, {join_words(parts)}; values of other software "
            "may differ. The table feature_catalogue says how.",
        )


def _caution_conformance(tables: BlindedTables) -> Iterator[Caution]:
    conformance = build_conformance(tables.conformance)
    if conformance is not None and conformance.agreeing < conformance.compared:
        yield Caution(
            "Installation off the standard",
            f"{conformance.sentence} Values measured here may differ from those of other installations; the "
            "section on recipe and conformance counts them.",
        )


def _caution_infeasible(models: tuple[EndpointModels, ...]) -> Iterator[Caution]:
    sentences = [
        f"{endpoint.endpoint}, {arm.sentence}"
        for endpoint in models
        for arm in endpoint.arms
        if not arm.feasible
    ]
    if sentences:
        yield Caution("Arms without a model", " ".join(sentences))


def _caution_few_events(models: tuple[EndpointModels, ...]) -> Iterator[Caution]:
    few = [
        (endpoint, arm)
        for endpoint in models
        for arm in endpoint.arms
        if arm.feasible and _scarcest(endpoint, arm) < FEW_EVENTS
    ]
    if not few:
        return
    words = join_words(
        f"{format_count(_scarcest(endpoint, arm))} for {endpoint.endpoint} in {arm.arm}"
        for endpoint, arm in few
    )
    what = _SCARCE.get(frozenset(endpoint.kind for endpoint, _ in few), "events (or subjects)")
    predictors = max(arm.predictors for _, arm in few)
    yield Caution(
        "Few subjects" if what == "subjects" else "Few events",
        f"The models rest on few {what}: {words}, against up to {count_of(predictors, 'predictor')} offered. "
        "Which features are selected, and the size of their coefficients, would change with other subjects.",
    )


def _scarcest(endpoint: EndpointModels, arm: ArmModels) -> int:
    if endpoint.is_continuous:
        return arm.n
    return arm.events if endpoint.is_survival else min(arm.events, arm.n - arm.events)


_OF_CLASS = "events (or subjects of the rarer class)"
_SCARCE = {
    frozenset({EndpointKind.TIME_TO_EVENT}): "events",
    frozenset({EndpointKind.CONTINUOUS}): "subjects",
    frozenset({EndpointKind.BINARY}): _OF_CLASS,
    frozenset({EndpointKind.TIME_TO_EVENT, EndpointKind.BINARY}): _OF_CLASS,
}
"""What there is little of, by the kinds of the endpoints."""


def _caution_validation(facts: AnalysisFacts) -> Iterator[Caution]:
    yield Caution(
        "Internal validation only",
        f"Every score comes from a model that did not see the subject ({count_of(facts.repeats, 'repeat')} "
        f"of {facts.folds}-fold cross-validation), but all subjects come from this study: how the models do "
        "elsewhere is not shown. The intervals resample subjects with the models held fixed, and so leave "
        "out that other subjects would have given other models.",
    )
    if facts.repeats == 1:
        yield Caution(
            "One repeat",
            "The folds were drawn once; another draw would give other scores, how different is not shown.",
        )


_PLURAL = ("clinical", "clinical_volume")
"""Comparators whose words are in the plural."""


def _caution_comparators(models: tuple[EndpointModels, ...]) -> Iterator[Caution]:
    plain = {
        "volume": "volume alone",
        "clinical": "the clinical covariates alone",
        "clinical_volume": "the clinical covariates with volume",
        "random_features": "a model of as many features drawn at random",
    }
    for name, words in plain.items():
        matched = [
            f"{endpoint.endpoint} in {arm.arm} ({format_fixed(other.estimate)} against "
            f"{format_fixed(own.estimate)})"
            for endpoint in models
            for arm in endpoint.arms
            if (own := arm.radiomics) is not None
            and (other := arm.model(name)) is not None
            and (other.estimate or 0.0) >= (own.estimate or 0.0)
        ]
        if matched:
            yield Caution(
                f"No more than {words}",
                f"{words[0].upper()}{words[1:]} {'order' if name in _PLURAL else 'orders'} the subjects at "
                "least as well as radiomics for "
                f"{join_words(matched)}.",
            )


def _caution_folds(tables: UnblindedTables, models: tuple[EndpointModels, ...]) -> Iterator[Caution]:
    found = []
    for endpoint in models:
        for arm in endpoint.arms:
            failed = find_metric(tables, endpoint.endpoint, arm.arm, "folds_failed") or 0
            empty = find_metric(tables, endpoint.endpoint, arm.arm, "folds_empty") or 0
            parts = [
                *([f"{failed:g} without a model"] if failed else []),
                *([f"{empty:g} that selected nothing"] if empty else []),
            ]
            if parts:
                found.append(f"{endpoint.endpoint} in {arm.arm}: {join_words(parts)}")
    if found:
        yield Caution(
            "Folds without a score",
            f"Some outer folds, over all repeats, found nothing to score by ({'; '.join(found)}); a model "
            "that often selects nothing has found little.",
        )


def _caution_permutations(facts: AnalysisFacts) -> Iterator[Caution]:
    if not facts.permutations:
        yield Caution(
            "No permutations",
            "The procedure was not repeated on permuted outcomes: what it reaches where there is nothing to "
            "find is not shown.",
        )
    elif facts.permutations < LEAST_PERMUTATIONS:
        least = 1 / (facts.permutations + 1)
        yield Caution(
            "Coarse permutation p",
            f"With {count_of(facts.permutations, 'permutation')} a permutation p cannot be less than "
            f"{format_p(least)}; a publication wants {LEAST_PERMUTATIONS} or more.",
        )


def _caution_multiplicity(
    models: tuple[EndpointModels, ...], contrasts: tuple[EndpointContrasts, ...]
) -> Iterator[Caution]:
    fitted = sum(endpoint.fitted for endpoint in models)
    tests = sum(endpoint.total for endpoint in contrasts)
    if fitted or tests:
        yield Caution(
            "Many analyses",
            "The first page says how many were run."
            + (" P-values of interactions are adjusted within an endpoint, not across." if tests else "")
            + (" The performance of the models carries no adjustment." if fitted else ""),
        )
