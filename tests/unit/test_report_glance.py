"""The first page: what was asked, found and not done, with the numbers of the tables and no others."""

import re
from dataclasses import replace

import pytest

from analyses import collect_facts, collect_rows, run_analysis
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import UnblindedTables
from radfeat.report.parts import AnalysisPart, build_analysis_part
from radfeat.report.settings import ReportSettings
from radfeat.report.summaries.asked import describe_asked
from radfeat.report.wording import format_fixed, format_p
from studies import AGE, OS, PROGRESSION, RESPONSE, SHRINKAGE, draw_study, make_settings

SETTINGS = make_settings(
    endpoints=(OS, RESPONSE, SHRINKAGE, PROGRESSION),
    covariates=(AGE,),
    candidates=("f0",),
    permutations=1,
    min_per_class=14,
)


@pytest.fixture(scope="module")
def tables() -> UnblindedTables:
    return collect_rows(run_analysis(draw_study(SETTINGS, prognostic=1.0), SETTINGS))


@pytest.fixture(scope="module")
def facts() -> AnalysisFacts:
    return collect_facts(SETTINGS)


@pytest.fixture(scope="module")
def part(tables: UnblindedTables, facts: AnalysisFacts) -> AnalysisPart:
    return build_analysis_part(tables, facts, ReportSettings())


def estimate_of(
    tables: UnblindedTables, endpoint: str, arm: str, metric: str, model: str = "radiomics"
) -> str:
    """Estimate and limits as the page writes them; empty where the table has none."""
    for row in tables.performance:
        if (row["endpoint"], row["arm"], row["model"], row["metric"]) == (endpoint, arm, model, metric):
            if row["lo"] is None:
                return format_fixed(row["estimate"])
            return f"{format_fixed(row['estimate'])} ({format_fixed(row['lo'])} to {format_fixed(row['hi'])})"
    return ""


def test_each_endpoint_and_arm_has_a_row_with_the_numbers_of_the_tables(
    tables: UnblindedTables, part: AnalysisPart
) -> None:
    metrics = {"os": "harrell_c", "response": "auc", "shrinkage": "spearman", "progression": "harrell_c"}
    assert [e.endpoint for e in part.glance.endpoints] == list(metrics)
    for endpoint in part.glance.endpoints:
        verdicts = {r["arm"]: r for r in tables.feasibility if r["endpoint"] == endpoint.endpoint}
        assert [arm.arm for arm in endpoint.arms] == list(verdicts)
        for arm in endpoint.arms:
            verdict = verdicts[arm.arm]
            assert arm.n == str(verdict["n"])
            assert arm.events == ("–" if endpoint.endpoint == "shrinkage" else str(verdict["events"]))
            if verdict["feasible"]:
                expected = estimate_of(tables, endpoint.endpoint, arm.arm, metrics[endpoint.endpoint])
                assert arm.order == expected
                volume = estimate_of(
                    tables, endpoint.endpoint, arm.arm, metrics[endpoint.endpoint], "volume"
                ).partition(" (")[0]
                assert f"volume {volume}" in arm.plain
                (p,) = (
                    r["estimate"]
                    for r in tables.performance
                    if (r["endpoint"], r["arm"], r["metric"]) == (endpoint.endpoint, arm.arm, "permutation_p")
                )
                assert arm.p == format_p(p)
                assert arm.obstacle == ""
            else:
                assert arm.obstacle
                assert arm.obstacle in verdict["sentence"]
                assert not arm.obstacle.startswith(arm.arm)


def test_calibration_is_that_of_the_kind_of_endpoint(tables: UnblindedTables, part: AnalysisPart) -> None:
    by_name = {e.endpoint: e for e in part.glance.endpoints}
    os, shrinkage, progression = (by_name[n] for n in ("os", "shrinkage", "progression"))
    slope = estimate_of(tables, "os", "control", "calibration_slope")
    assert os.arms[0].calibration[0] == f"slope {slope}"
    (horizon,) = {r["horizon"] for r in tables.calibration if r["endpoint"] == "os"}
    ratio = estimate_of(tables, "os", "control", f"observed_to_expected_at_{horizon:g}")
    assert os.arms[0].calibration[1] == f"O/E {ratio}"
    assert re.search(r"O/E by \d+ days$", os.measure)
    r2 = estimate_of(tables, "shrinkage", "control", "r_squared")
    assert shrinkage.arms[0].calibration[1] == f"R² {r2}"
    assert shrinkage.measure == "Spearman’s rho, 0 is chance"
    assert progression.arms[0].calibration == ("not given: events compete",)


def test_interactions_are_those_of_the_table_and_say_whether_they_are_claimed(
    tables: UnblindedTables, part: AnalysisPart
) -> None:
    assert len(part.glance.contrasts) + part.glance.left_to_section == len(tables.interactions)
    rows = {(r["endpoint"], r["biomarker"]): r for r in tables.interactions if r["kind"] == "candidate"}
    found = {
        (c.endpoint, c.biomarker): c for c in part.glance.contrasts if not c.biomarker.startswith("Score")
    }
    assert found.keys() == rows.keys()
    for key, row in rows.items():
        contrast = found[key]
        assert contrast.claimed == row["claim"]
        if row["ratio"] is None:
            assert contrast.verdict == "not tested"
            continue
        interval = f"{format_fixed(row['ratio_lo'])} to {format_fixed(row['ratio_hi'])}"
        assert contrast.effect == f"{format_fixed(row['ratio'])} ({interval})"
        assert contrast.p == format_p(row["p_adjusted"])
        assert contrast.verdict == ("claimed" if row["claim"] else "no claim")


def test_what_was_not_done_is_said_with_its_reason(part: AnalysisPart, tables: UnblindedTables) -> None:
    words = " ".join(part.undone)
    assert "Risks, calibration and decision curves of progression: events compete" in words
    assert "A correction for site or scanner: the settings ask for none" in words
    untested = [r for r in tables.interactions if r["endpoint"] == "response" and r["ratio"] is None]
    assert untested
    assert f"{len(untested)} of 3 interactions of response: " in words
    assert len(part.undone) == len(set(part.undone))


def test_what_was_done_is_not_said_to_be_undone(tables: UnblindedTables, facts: AnalysisFacts) -> None:
    changed = facts.model_copy(update={"batch_effects": "combat", "repeatability": {"source": "readers"}})
    words = " ".join(build_analysis_part(tables, changed, ReportSettings()).undone)
    assert "correction" not in words
    assert "filter" not in words
    left_out = {**tables.performance[0], "model": "site_left_out", "estimate": 0.6}
    done = replace(tables, performance=(*tables.performance, left_out))
    assert "Leaving out each site" not in " ".join(build_analysis_part(done, facts, ReportSettings()).undone)


def test_the_head_counts_models_and_small_permutation_p(
    part: AnalysisPart, tables: UnblindedTables, facts: AnalysisFacts
) -> None:
    fitted = sum(r["feasible"] for r in tables.feasibility)
    assert part.sentences[0] == (
        f"{fitted} of 8 models (one per endpoint and arm) could be fitted; with 1 permutation no permutation "
        "p can be as small as 0.05."
    )
    many = facts.model_copy(update={"permutations": 99})
    rows = tuple(r | {"estimate": 0.01} if r["metric"] == "permutation_p" else r for r in tables.performance)
    again = build_analysis_part(replace(tables, performance=rows), many, ReportSettings())
    assert f"for {fitted} of {fitted} the permutation p, not adjusted, is at most 0.05" in again.sentences[0]


def test_what_was_asked_names_arms_endpoints_and_biomarkers(
    tables: UnblindedTables, facts: AnalysisFacts
) -> None:
    within, against, made = describe_asked(tables, facts)
    assert within.startswith("Within each arm (control and experimental): does a score")
    assert "progression (time to event, days, with competing events)?" in within
    assert (
        against
        == "Against control: does the effect of treatment differ with f0, named beforehand, or with a score?"
    )
    assert "the clinical covariate is age" in made
    assert "features of the largest lesion of a subject" in made


def test_one_arm_is_not_asked_about_treatment_and_changes_name_their_visits(
    tables: UnblindedTables, facts: AnalysisFacts
) -> None:
    delta = {"baseline": "T0", "followup": "T1", "kinds": ("log_ratio", "absolute"), "landmark_day": 42.0}
    one = AnalysisFacts.model_validate(facts.model_dump() | {"arms": ("only",), "delta": delta})
    within, made = describe_asked(tables, one)
    assert within.startswith("In the arm only: does a score")
    assert (
        "changes from T0 to T1 (log-ratio and absolute) of features of the largest lesion of a subject, with "
        "times to event counted from day 42" in made
    )
    assert not list(describe_asked(tables, facts.model_copy(update={"endpoints": ()})))


def test_filters_and_corrections_that_were_asked_for_are_named(
    tables: UnblindedTables, facts: AnalysisFacts
) -> None:
    changed = {"batch_effects": "combat", "batch": "scanner", "repeatability": {"source": "readers"}}
    *_, made = describe_asked(tables, facts.model_copy(update=changed))
    assert "features that are not repeatable are left out beforehand" in made
    assert "effects of scanner are taken out inside every fold (combat)" in made
