"""The two parts of the page as values: what any report shows, and what only an unblinded one shows."""

from collections.abc import Iterator
from dataclasses import dataclass

from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import BlindedTables, UnblindedTables
from radfeat.report.settings import ReportSettings
from radfeat.report.summaries.acquisition import AcquisitionSummary, build_acquisition
from radfeat.report.summaries.asked import describe_asked
from radfeat.report.summaries.assurance import describe_sureness, describe_undone
from radfeat.report.summaries.caution import Caution
from radfeat.report.summaries.cautions import (
    blinded_half_caution,
    list_blinded_cautions,
    list_unblinded_cautions,
)
from radfeat.report.summaries.checks import (
    CheckTable,
    Listing,
    build_check_table,
    list_failures,
    list_warnings,
)
from radfeat.report.summaries.conformance import ConformanceSummary, build_conformance
from radfeat.report.summaries.contrasts import EndpointContrasts, build_contrasts
from radfeat.report.summaries.curves import ArmShares, CurvePanel, build_panels, build_shares
from radfeat.report.summaries.flow import Step, SubjectFlow, build_image_flow, build_subject_flow
from radfeat.report.summaries.glance import Glance, build_glance
from radfeat.report.summaries.headline import (
    describe_checks,
    describe_contrasts,
    describe_measuring,
    describe_models,
    describe_sites,
)
from radfeat.report.summaries.incidences import IncidencePanel, build_incidence_panels
from radfeat.report.summaries.models import EndpointModels, build_models
from radfeat.report.summaries.montage import Picture, choose_pictures
from radfeat.report.summaries.notes import SubjectNotes, build_notes
from radfeat.report.summaries.predictors import ArmPredictors, build_predictors
from radfeat.report.summaries.repeatability import RepeatSummary, build_repeat_summaries
from radfeat.report.summaries.restricted_means import ArmMeans, build_means
from radfeat.report.summaries.risks import EndpointRisks, build_risks
from radfeat.report.summaries.site_effects import SiteEffects, build_site_effects
from radfeat.report.summaries.sites import Sites, group_sites
from radfeat.report.summaries.stability import SelectionStability, build_stability
from radfeat.report.summaries.values import ArmValues, build_values


@dataclass(frozen=True, slots=True)
class BlindedPart:
    """Images, ROIs, findings and features."""

    sentences: tuple[str, ...]
    flow: tuple[Step, ...]
    sites: Sites
    checks: CheckTable
    failures: Listing
    warnings: Listing
    acquisition: AcquisitionSummary | None
    pictures: tuple[Picture, ...]
    effects: SiteEffects
    conformance: ConformanceSummary | None
    repeatability: tuple[RepeatSummary, ...]
    cautions: tuple[Caution, ...]


@dataclass(frozen=True, slots=True)
class OutcomePart:
    """How the subjects of one endpoint fared, by stratum: curves, incidences, shares or values."""

    models: EndpointModels
    panels: tuple[tuple[CurvePanel, ...], ...]
    incidences: tuple[tuple[IncidencePanel, ...], ...]
    values: tuple[ArmValues, ...]
    shares: tuple[ArmShares, ...]
    means: tuple[ArmMeans, ...]
    predictors: tuple[tuple[ArmPredictors, SelectionStability], ...]


@dataclass(frozen=True, slots=True)
class AnalysisPart:
    """Subjects, models and contrasts of arms."""

    asked: tuple[str, ...]
    sentences: tuple[str, ...]
    glance: Glance
    sureness: tuple[str, ...]
    undone: tuple[str, ...]
    facts: AnalysisFacts
    flow: SubjectFlow
    notes: SubjectNotes
    outcomes: tuple[OutcomePart, ...]
    risks: tuple[EndpointRisks, ...]
    contrasts: tuple[EndpointContrasts, ...]
    cautions: tuple[Caution, ...]


def build_blinded_part(tables: BlindedTables, settings: ReportSettings) -> BlindedPart:
    """What any report shows."""
    sites = group_sites((row["site_id"] for row in tables.rois), settings.sites_shown)
    effects = build_site_effects(tables, sites, settings)
    acquisition = build_acquisition(tables.acquisition, sites, settings.failures_listed)
    return BlindedPart(
        sentences=(
            describe_measuring(tables, effects),
            describe_checks(tables),
            *([acquisition.sentence] if acquisition and acquisition.has_protocol else []),
            describe_sites(effects, settings),
        ),
        flow=build_image_flow(tables.series, tables.rois),
        sites=sites,
        checks=build_check_table(tables.findings, sites),
        failures=list_failures(tables.rois, settings.failures_listed),
        warnings=list_warnings(tables.findings, settings.failures_listed),
        acquisition=acquisition,
        pictures=choose_pictures(tables.rois, tables.findings),
        effects=effects,
        conformance=build_conformance(tables.conformance),
        repeatability=build_repeat_summaries(tables),
        cautions=tuple(list_blinded_cautions(tables, effects)),
    )


def build_analysis_part(
    tables: UnblindedTables, facts: AnalysisFacts, settings: ReportSettings
) -> AnalysisPart:
    """What only an unblinded report shows."""
    models = build_models(tables, facts)
    contrasts = build_contrasts(tables, facts, settings)
    return AnalysisPart(
        asked=tuple(describe_asked(tables, facts)),
        sentences=(
            describe_models(models, facts),
            *([describe_contrasts(contrasts)] if contrasts else []),
        ),
        glance=build_glance(tables, models, contrasts, facts),
        sureness=tuple(describe_sureness(tables, models, facts)),
        undone=tuple(describe_undone(tables, models, contrasts, facts)),
        facts=facts,
        flow=build_subject_flow(tables, facts),
        notes=build_notes(tables, facts, settings.failures_listed),
        outcomes=tuple(_build_outcome(m, tables, facts, settings) for m in models),
        risks=build_risks(tables, facts),
        contrasts=contrasts,
        cautions=tuple(list_unblinded_cautions(tables, models, contrasts, facts)),
    )


def list_cautions(blinded: BlindedPart, analysis: AnalysisPart | None) -> Iterator[Caution]:
    """All cautions of a page: those of the models first, for they concern the boldest claims."""
    yield from analysis.cautions if analysis is not None else (blinded_half_caution(),)
    yield from blinded.cautions


def _build_outcome(
    models: EndpointModels, tables: UnblindedTables, facts: AnalysisFacts, settings: ReportSettings
) -> OutcomePart:
    name = models.endpoint
    return OutcomePart(
        models=models,
        panels=build_panels(tables, name, facts),
        incidences=build_incidence_panels(tables, name, facts),
        values=build_values(tables, name, facts),
        shares=build_shares(tables, name, facts),
        means=build_means(tables, name, facts),
        predictors=tuple(
            (
                build_predictors(tables, name, arm.arm, settings.predictors_shown),
                build_stability(tables, name, arm.arm, settings.predictors_shown),
            )
            for arm in models.arms
            if arm.feasible
        ),
    )
