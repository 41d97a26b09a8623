"""The page: tables in, one HTML text without any outside part out."""

from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from radfeat.report.context import ReportContext, read_analysis_facts
from radfeat.report.figures import intervals
from radfeat.report.figures.calibration import draw_calibration
from radfeat.report.figures.curves import draw_curves
from radfeat.report.figures.decision import draw_decision
from radfeat.report.figures.incidences import draw_incidences
from radfeat.report.figures.stability import draw_stability
from radfeat.report.figures.strips import draw_strips
from radfeat.report.figures.verdicts import draw_verdicts
from radfeat.report.inputs import read_blinded, read_unblinded
from radfeat.report.parts import (
    AnalysisPart,
    BlindedPart,
    build_analysis_part,
    build_blinded_part,
    list_cautions,
)
from radfeat.report.pictures import Montage, embed_pictures
from radfeat.report.settings import ReportSettings
from radfeat.report.wording import (
    count_of,
    format_accuracy,
    format_coefficient,
    format_count,
    format_fixed,
    format_interval,
    format_level,
    format_number,
    format_p,
    format_percent,
    join_words,
    name_site,
)
from radfeat.tables.schemas import TABLES

PREVIEWS = "previews"
"""Folder of the pictures, in the blinded half."""

STRATA_SHOWN = 12
"""Most modalities and ROI names with a row of their own in the comparison of sites."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section of the page; its template is ``<anchor>.html``."""

    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class TableLink:
    """A table, where it lies relative to the page, and what it holds."""

    name: str
    href: str
    description: str


FLOW = Section("flow", "Images and regions")
CHECKS = Section("checks", "Findings by site")
ACQUISITION = Section("acquisition", "Acquisition and protocol")
MONTAGE = Section("montage", "Regions as drawn")
FEATURE_SECTION = Section("features", "Features by site")
REPEATABILITY = Section("repeatability", "Repeatability")
CAUTIONS = Section("cautions", "What the numbers do not show")
RECIPE = Section("recipe", "Recipe and conformance")
DATA = Section("data", "Settings and tables")


def render_report(
    blinded_folder: Path, unblinded_folder: Path | None, settings: ReportSettings, context: ReportContext
) -> str:
    """One self-contained page; the same tables, pictures, settings and context give the same bytes.

    Parameters
    ----------
    blinded_folder
        Folder of the blinded tables, with the pictures of ROIs in ``previews/``.
    unblinded_folder
        Folder of the tables that know arms and outcomes; None for a page that knows neither.
    settings, context
        How much to show, and which run this is.

    Raises
    ------
    TableError
        A table is missing, damaged, or of another version.
    """
    blinded = build_blinded_part(read_blinded(blinded_folder), settings)
    montage = embed_pictures(blinded.pictures, blinded_folder / PREVIEWS, settings)
    analysis = None
    if unblinded_folder is not None:
        facts = read_analysis_facts(context)
        analysis = build_analysis_part(read_unblinded(unblinded_folder), facts, settings)
    return _fill_page(blinded, montage, analysis, settings, context)


def _fill_page(
    blinded: BlindedPart,
    montage: Montage,
    analysis: AnalysisPart | None,
    settings: ReportSettings,
    context: ReportContext,
) -> str:
    return (
        _build_environment()
        .get_template("page.html")
        .render(
            blinded=blinded,
            montage=montage,
            analysis=analysis,
            settings=settings,
            context=context,
            sections=_list_sections(blinded, analysis),
            cautions=tuple(list_cautions(blinded, analysis)),
            tables=tuple(_link_table(path) for path in context.tables),
            strata_shown=STRATA_SHOWN,
            next_figure=partial(next, count(1)),
            next_table=partial(next, count(1)),
        )
    )


def _list_sections(blinded: BlindedPart, analysis: AnalysisPart | None) -> tuple[Section, ...]:
    """The sections in order; where there are models to read, the pictures come after them."""
    checks = (CHECKS,) if blinded.acquisition is None else (CHECKS, ACQUISITION)
    measured = (FEATURE_SECTION, REPEATABILITY) if blinded.repeatability else (FEATURE_SECTION,)
    if analysis is None:
        return (FLOW, *checks, MONTAGE, *measured, CAUTIONS, RECIPE, DATA)
    contrasts = Section("contrasts", "Treatment and score")
    return (
        *(FLOW, Section("subjects", "Subjects"), *checks, *measured),
        *(Section("models", "Scores within each arm"), Section("outcomes", "Outcome by stratum")),
        Section("risks", "Risks, their calibration and use"),
        *([contrasts] if len(analysis.facts.arms) > 1 else []),
        *(Section("predictors", "What the models rest on"), CAUTIONS, MONTAGE, RECIPE, DATA),
    )


def _link_table(path: str) -> TableLink:
    name = PurePosixPath(path).stem
    description = TABLES[name].description if name in TABLES else ""
    # "./" keeps a colon in a folder's name from being read as a scheme.
    return TableLink(path, f"./{quote(path)}", description)


def _build_environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("radfeat.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = (count_of, format_count, format_fixed, format_interval, format_level, format_number, format_p)
    for function in (
        *words,
        format_accuracy,
        format_coefficient,
        format_percent,
        join_words,
        name_site,
        draw_calibration,
        draw_curves,
        draw_incidences,
        draw_decision,
        draw_stability,
        draw_strips,
        draw_verdicts,
    ):
        environment.globals[function.__name__] = function
    environment.globals["intervals"] = intervals
    return environment
