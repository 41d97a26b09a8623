"""How the page speaks of values and of competing events."""

import re

import pytest

from analyses import collect_facts, collect_rows, run_analysis
from radfeat.report.context import AnalysisFacts
from radfeat.report.figures.incidences import draw_incidences
from radfeat.report.figures.intervals import scale_correlations, scale_differences, scale_values
from radfeat.report.inputs import UnblindedTables
from radfeat.report.parts import AnalysisPart, build_analysis_part
from radfeat.report.settings import ReportSettings
from radfeat.report.summaries.incidences import build_incidence_panels
from radfeat.report.summaries.values import build_values
from studies import OS, PROGRESSION, SHRINKAGE, draw_study, make_settings

SETTINGS = make_settings(endpoints=(OS, SHRINKAGE, PROGRESSION), candidates=("f0",), permutations=1)


@pytest.fixture(scope="module")
def tables() -> UnblindedTables:
    return collect_rows(run_analysis(draw_study(SETTINGS, prognostic=1.0), SETTINGS))


@pytest.fixture(scope="module")
def facts() -> AnalysisFacts:
    return collect_facts(SETTINGS)


@pytest.fixture(scope="module")
def part(tables: UnblindedTables, facts: AnalysisFacts) -> AnalysisPart:
    return build_analysis_part(tables, facts, ReportSettings())


def test_chance_is_told_for_each_scale(part: AnalysisPart) -> None:
    measures = {e.endpoint: e.measure for e in part.glance.endpoints}
    assert measures["os"].startswith("Harrell’s C, 0.50 is chance; O/E by ")
    assert measures["shrinkage"] == "Spearman’s rho, 0 is chance"


def test_flow_counts_values_events_and_competing_events(part: AnalysisPart) -> None:
    counted = {ending.endpoint: ending.counted for ending in part.flow.arms[0].endings}
    assert counted["shrinkage"] == ""
    assert re.fullmatch(r"\d+ events", counted["os"])
    assert re.fullmatch(r"\d+ events, \d+ competing", counted["progression"])


def test_means_of_strata_are_those_of_the_predictions(tables: UnblindedTables, facts: AnalysisFacts) -> None:
    found = build_values(tables, "shrinkage", facts)
    assert [(v.model_arm, v.arm) for v in found][:2] == [("control", "control"), ("control", "experimental")]
    high, low = found[0].strata
    assert (high.stratum, low.stratum) == ("high", "low")
    difference = next(
        row
        for row in tables.performance
        if (row["endpoint"], row["arm"], row["metric"])
        == ("shrinkage", "control", "mean_difference_high_low")
    )
    assert high.mean - low.mean == pytest.approx(difference["estimate"])
    assert high.lo is not None
    assert high.lo < high.mean
    assert build_values(tables, "os", facts) == ()


def test_incidences_of_strata_are_drawn_in_words_and_lines(
    tables: UnblindedTables, facts: AnalysisFacts
) -> None:
    (own, _), _ = build_incidence_panels(tables, "progression", facts)
    assert [curve.stratum for curve in own.curves] == ["high", "low"]
    drawn = str(draw_incidences(own))
    for curve in own.curves:
        assert f"{curve.n} subjects, {curve.events} events, {curve.others} competing" in drawn
        assert curve.event[-1].incidence + curve.competing[-1].incidence <= 1.0 + 1e-12
    assert drawn.count('class="curve competing stratum-') == 2
    assert "Cumulative incidence" in drawn
    assert build_incidence_panels(tables, "os", facts) == ()


def test_competing_events_and_few_subjects_are_cautioned(part: AnalysisPart) -> None:
    cautions = {c.title: c.text for c in part.cautions}
    assert re.search(r"\d+ competing events of progression for censorings", cautions["Competing events"])
    assert "events (or subjects)" in cautions["Few events"]


def test_contrasts_of_values_are_differences(part: AnalysisPart) -> None:
    by_name = {c.endpoint: c for c in part.contrasts}
    values = by_name["shrinkage"]
    assert (values.ratio_word, values.compared_word) == ("difference of the endpoint", "difference")
    assert values.count(values.shown[0]) == "60 subjects"
    assert "slope per SD" in values.shown[0].sentence
    assert "F-test p" in values.shown[0].sentence
    assert "ratio" not in values.shown[0].sentence
    assert by_name["progression"].compared_word == "ratio"


def test_scales_hold_what_they_show() -> None:
    assert scale_correlations([(0.2, -0.6, 0.7)]).scale.lo == -0.6
    assert scale_differences([(1.0, -4.0, 2.0)]).scale.hi == pytest.approx(4.2)
    assert scale_differences([(None, None, None)]).reference == 0.0
    assert scale_values([(5.0, 5.0, 5.0)]).scale.lo < 5.0 < scale_values([(5.0, 5.0, 5.0)]).scale.hi
