"""Risks on the page: calibration, decision curves, restricted means, accuracy, and the count of analyses."""

from xml.etree import ElementTree

import pytest
from markupsafe import Markup
from report_study import StudyPlan, build_unblinded, list_subjects

from radfeat.report.context import AnalysisFacts
from radfeat.report.figures.calibration import draw_calibration
from radfeat.report.figures.decision import draw_decision
from radfeat.report.inputs import UnblindedTables
from radfeat.report.summaries.headline import describe_analyses
from radfeat.report.summaries.restricted_means import build_means
from radfeat.report.summaries.risks import (
    BenefitLine,
    CalibrationGroup,
    CalibrationPanel,
    DecisionPanel,
    build_risks,
)
from radfeat.tables.schemas import TABLES

PLAN = StudyPlan()
FACTS = AnalysisFacts.model_validate(
    {
        "endpoints": [{"name": "os", "time_unit": "days"}, {"name": "response", "kind": "binary"}],
        "arms": list(PLAN.arms),
        "folds": 5,
        "repeats": 2,
        "permutations": 19,
        "level": 0.95,
        "alpha": 0.05,
    }
)


@pytest.fixture(scope="module")
def tables() -> UnblindedTables:
    def fill(row: dict[str, object], name: str) -> dict[str, object]:
        from_schema = {c.name: None for c in TABLES[name].columns}
        return from_schema | row

    rows = build_unblinded(PLAN, list_subjects(PLAN))
    return UnblindedTables(**{n: tuple(fill(r, n) for r in found) for n, found in rows.items()})


def parse(svg: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(svg))


def texts(svg: Markup) -> list[str]:
    return [e.text or "" for e in parse(svg).iter("text")]


def test_risks_are_by_endpoint_and_horizon_with_models_in_order(tables: UnblindedTables) -> None:
    os, response = build_risks(tables, FACTS)
    assert (os.endpoint, os.horizon, os.time_unit) == ("os", 365.0, "days")
    assert (response.endpoint, response.horizon, response.time_unit) == ("response", None, "")
    assert "Uno’s C" in os.columns
    assert "Uno’s C" not in response.columns
    (control, drug) = os.arms
    assert (control.arm, drug.arm) == PLAN.arms
    assert [row.model for row in control.rows] == ["Radiomics", "Volume alone", "No predictor"]
    auc = control.rows[0].cells[os.columns.index("AUC")]
    assert auc is not None
    assert (auc.estimate, auc.lo) == pytest.approx((0.718, 0.658))
    assert control.rows[2].cells[os.columns.index("AUC")] is None
    assert dict(os.methods)["AUC"] == "How auc_at_365 was found."


def test_metrics_over_time_stand_with_the_last_horizon_alone(tables: UnblindedTables) -> None:
    earlier = tuple(row | {"horizon": 100.0} for row in tables.calibration if row["endpoint"] == "os")
    both = UnblindedTables(
        **{name: getattr(tables, name) for name in UnblindedTables.__slots__}
        | {"calibration": (*tables.calibration, *earlier)}
    )
    first, last, _ = build_risks(both, FACTS)
    assert (first.horizon, last.horizon) == (100.0, 365.0)
    assert "Uno’s C" not in first.columns
    assert "Uno’s C" in last.columns


def test_unknown_groups_and_thresholds_are_left_out_of_the_figures(tables: UnblindedTables) -> None:
    (os, _) = build_risks(tables, FACTS)
    panel = os.calibration[0]
    assert [g.observed is None for g in panel.groups] == [False] * 4 + [True]
    drawn = parse(draw_calibration(panel))
    assert len(list(drawn.iter("circle"))) == 4
    assert "observed unknown" in drawn.attrib["aria-label"]


def test_points_of_calibration_lie_where_their_numbers_say() -> None:
    groups = (CalibrationGroup(5, 0.25, 0.5, 0.2, 0.8), CalibrationGroup(5, 0.75, 1.0, None, None))
    drawn = parse(draw_calibration(CalibrationPanel("a", groups)))
    left, right, top, floor = 58.0, 326.0, 10.0, 278.0
    places = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in drawn.iter("circle")]
    assert places[0] == pytest.approx((left + 0.25 * (right - left), (top + floor) / 2))
    assert places[1] == pytest.approx((left + 0.75 * (right - left), top))
    limits = [line for line in drawn.iter("line") if "limits" in line.attrib["class"]]
    assert len(limits) == 1, "no limits, no line"


def test_decision_curve_breaks_where_it_leaves_the_figure() -> None:
    dipping = BenefitLine("By score", "main", ((0.1, 0.4), (0.2, 0.3), (0.3, -0.9), (0.4, 0.1), (0.5, 0.0)))
    nobody = BenefitLine("Treat none", "nobody", ((0.1, 0.0), (0.5, 0.0)))
    drawn = parse(draw_decision(DecisionPanel("a", (dipping, nobody), (0.1, 0.5))))
    parts = [p for p in drawn.iter("polyline") if "policy-main" in p.attrib["class"]]
    assert [len(p.attrib["points"].split()) for p in parts] == [2, 2]
    assert "By score: 0.30 at 0.25 and 0.00 at 0.5" in drawn.attrib["aria-label"]


def test_decision_panel_shows_radiomics_a_plain_model_all_and_none(tables: UnblindedTables) -> None:
    (os, _) = build_risks(tables, FACTS)
    panel = os.decisions[0]
    assert [line.label for line in panel.lines] == ["Radiomics", "Volume alone", "Treat all", "Treat none"]
    found = texts(draw_decision(panel))
    assert {"Radiomics", "Volume alone", "Treat all", "Treat none", "Net benefit"} <= set(found)


def test_restricted_means_are_own_arm_first_and_in_order_of_strata(tables: UnblindedTables) -> None:
    groups = build_means(tables, "os", FACTS)
    assert [(g.model_arm, g.arm) for g in groups] == [
        ("control", "control"),
        ("control", "drug A"),
        ("drug A", "drug A"),
        ("drug A", "control"),
    ]
    assert [row.stratum for row in groups[0].rows] == ["all", "high", "low"]
    assert [row.stratum for row in groups[1].rows] == ["high", "low"], "all subjects of an arm stand once"
    assert groups[0].rows[1].high_minus_low.estimate == 31.3
    assert build_means(tables, "response", FACTS) == ()


def test_analyses_are_summed_over_endpoints_and_kinds_of_interaction() -> None:
    rows = (
        {"endpoint": "os", "kind": "models", "run": 2},
        {"endpoint": "pfs", "kind": "models", "run": 1},
        {"endpoint": "os", "kind": "comparators", "run": 1},
        {"endpoint": "os", "kind": "interactions_score", "run": 2},
        {"endpoint": "os", "kind": "interactions_screen", "run": 40},
        {"endpoint": "os", "kind": "p_values", "run": 4},
        {"endpoint": "os", "kind": "metrics", "run": 78},
    )
    assert describe_analyses(rows) == (
        "Analyses run, over 2 endpoints: 3 radiomic models, 1 comparator, 42 interaction tests and 4 "
        "unadjusted p-values, and 78 numbers of performance."
    )
