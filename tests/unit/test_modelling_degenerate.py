"""Degenerate trials give a sentence, not a traceback: the whole unblinded half, every table there."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from analyses import Tables, collect_facts, collect_rows, run_analysis
from radfeat.modelling.clinical import ClinicalRow, ClinicalSheet, SubjectOutcome
from radfeat.modelling.cohort import StudyTable, build_study
from radfeat.modelling.outcomes import Floats
from radfeat.modelling.settings import LesionRule, ModellingSettings
from radfeat.report.parts import build_analysis_part
from radfeat.report.settings import ReportSettings
from radfeat.tables.schemas import UNBLINDED_TABLES
from studies import OS, PROGRESSION, RESPONSE, SHRINKAGE, make_settings, make_tables, roi_row

KINDS = (OS, RESPONSE, SHRINKAGE, PROGRESSION)
NAMES = [e.name for e in KINDS]
SUBJECTS = 48


def settle(**changes: object) -> ModellingSettings:
    """All four kinds of endpoint, and one candidate."""
    return make_settings(endpoints=KINDS, candidates=("f0",), permutations=1, **changes)


def draw(
    settings: ModellingSettings,
    *,
    values: Floats | None = None,
    arms: Sequence[str] = (),
    sites: Sequence[str] = (),
    outcomes: Mapping[str, Sequence[SubjectOutcome | None]] | None = None,
    lesions: int = 1,
    subjects: int = SUBJECTS,
) -> StudyTable:
    """A trial of noise, with the parts that are given in place of its own."""
    rng = np.random.default_rng(3)
    inputs = rng.normal(size=(subjects, 5)) if values is None else values
    names = [f"f{j}" for j in range(inputs.shape[1])]
    times = np.ceil(rng.exponential(300, size=subjects))
    endings = rng.integers(0, 3, size=subjects)
    own: dict[str, list[SubjectOutcome | None]] = {
        "os": [SubjectOutcome(float(t), bool(e)) for t, e in zip(times, endings > 0, strict=True)],
        "response": [SubjectOutcome(np.nan, bool(e)) for e in endings == 1],
        "shrinkage": [SubjectOutcome(np.nan, False, value=float(v)) for v in rng.normal(size=subjects)],
        "progression": [
            SubjectOutcome(float(t), bool(e == 1), bool(e == 2)) for t, e in zip(times, endings, strict=True)
        ],
    }
    found = {**own, **dict(outcomes or {})}
    rows, clinical = [], []
    for i in range(subjects):
        subject = f"S{i:03d}"
        features = {n: float(v) for n, v in zip(names, inputs[i], strict=True) if not np.isnan(v)}
        rows += [
            roi_row(
                subject,
                site=sites[i] if sites else "ABC"[i % 3],
                lesion=str(k) if lesions > 1 else "",
                volume=100.0 + i + 7 * k,
                features={n: v + 0.1 * k for n, v in features.items()},
            )
            for k in range(lesions)
        ]
        arm = arms[i] if arms else settings.arms[i % len(settings.arms)]
        levels = tuple(f"{k}{i % 4}" for k in settings.stratification)
        clinical.append(ClinicalRow(subject, arm, {n: o[i] for n, o in found.items()}, {}, levels))
    return build_study(*make_tables(rows, names), ClinicalSheet(tuple(clinical)), settings)


def run(settings: ModellingSettings, **parts: object) -> Tables:
    """All tables, of which the report can be made as well."""
    tables = run_analysis(draw(settings, **parts), settings)
    assert set(tables) == {schema.name for schema in UNBLINDED_TABLES}
    part = build_analysis_part(collect_rows(tables), collect_facts(settings), ReportSettings())
    assert all(sentence.endswith(".") for sentence in part.sentences)
    return tables


def sentences(tables: Tables, endpoint: str) -> dict[str, str]:
    return {
        row["arm"]: row["sentence"]
        for row in tables["feasibility"].to_pylist()
        if row["endpoint"] == endpoint
    }


def claims(tables: Tables) -> list[bool]:
    return [row["claim"] for row in tables["interactions"].to_pylist()]


def test_no_events_in_an_arm_is_said_and_nothing_is_tested() -> None:
    settings = settle()
    quiet = [SubjectOutcome(float(i + 1), i % 2 == 1) for i in range(SUBJECTS)]
    none = [SubjectOutcome(np.nan, i % 2 == 1) for i in range(SUBJECTS)]
    tables = run(settings, outcomes={"os": quiet, "response": none, "progression": quiet})
    for endpoint, wanted in (("os", "8 events are"), ("response", "5 of each class are")):
        assert f"but {wanted} needed" in sentences(tables, endpoint)["control"]
    assert "0 events in 24 subjects, and 0 competing" in sentences(tables, "progression")["control"]
    untested = {r["endpoint"] for r in tables["interactions"].to_pylist() if r["p"] is None}
    assert {"os", "response", "progression"} <= untested
    curve = [r for r in tables["survival_curves"].to_pylist() if r["model_arm"] == "control"]
    assert {r["survival"] for r in curve if r["arm"] == "control"} == {1.0}


def test_each_arm_at_a_site_of_its_own_is_fitted_within_the_arm() -> None:
    settings = settle()
    arms = [settings.arms[i % 2] for i in range(SUBJECTS)]
    tables = run(settings, arms=arms, sites=["A" if arm == "control" else "B" for arm in arms])
    assert {row["sites"] for row in tables["feasibility"].to_pylist()} == {1}
    rows = [row for row in tables["feasibility"].to_pylist() if row["endpoint"] != "progression"]
    assert all(row["feasible"] for row in rows)


def test_one_site_and_one_arm_say_nothing_of_treatment() -> None:
    settings = settle(arms=("only",))
    tables = run(settings, sites=["A"] * SUBJECTS)
    assert tables["interactions"].num_rows == 0
    part = build_analysis_part(collect_rows(tables), collect_facts(settings), ReportSettings())
    assert "redictive" not in str(part)


def test_constant_features_are_left_out_and_their_interactions_not_tested() -> None:
    values = np.random.default_rng(1).normal(size=(SUBJECTS, 4))
    values[:, 0] = 7.0
    tables = run(settle(), values=values)
    assert {row["predictors"] for row in tables["feasibility"].to_pylist()} == {3}
    candidates = [r for r in tables["interactions"].to_pylist() if r["kind"] == "candidate"]
    assert {r["sentence"] for r in candidates} == {"Not tested for f0: all subjects have one value."}


@pytest.mark.parametrize("filler", [7.0, np.nan])
def test_nothing_but_constant_or_missing_features_leaves_nothing_to_offer(filler: float) -> None:
    tables = run(settle(), values=np.full((SUBJECTS, 3), filler))
    for endpoint in NAMES:
        for sentence in sentences(tables, endpoint).values():
            assert "no feature passes the filters that are blind to the outcome" in sentence
    assert tables["coefficients"].num_rows == 0
    assert not any(claims(tables))


def test_no_outcome_at_all_is_an_arm_of_no_subjects() -> None:
    tables = run(settle(), outcomes={name: [None] * SUBJECTS for name in NAMES})
    assert {row["n"] for row in tables["feasibility"].to_pylist()} == {0}
    assert "0 subjects with a value" in sentences(tables, "shrinkage")["control"]


@pytest.mark.parametrize("subjects", [2, 3])
def test_two_subjects_are_described(subjects: int) -> None:
    settings = settle()
    tables = run(settings, subjects=subjects)
    assert not any(row["feasible"] for row in tables["feasibility"].to_pylist())
    assert tables["predictions"].num_rows == 0
    assert len(sentences(tables, "os")) == 2


def test_two_subjects_whom_the_gate_lets_in_are_too_few_for_the_folds() -> None:
    settings = settle(arms=("only",), min_events=2, min_per_class=2, min_subjects=4)
    tables = run(settings, subjects=5)
    told = {s for name in NAMES for s in sentences(tables, name).values()}
    assert any("5 subjects are too few for 3 folds of 2 or more" in s for s in told)


def test_tied_times_and_values_are_no_obstacle() -> None:
    tied = [SubjectOutcome(100.0, i % 3 > 0, i % 3 == 0) for i in range(SUBJECTS)]
    steps = [SubjectOutcome(np.nan, False, value=float(i % 3)) for i in range(SUBJECTS)]
    tables = run(settle(), outcomes={"os": tied, "progression": tied, "shrinkage": steps})
    assert all(row["feasible"] for row in tables["feasibility"].to_pylist())
    incidence = tables["cumulative_incidence"].to_pylist()
    assert {row["time"] for row in incidence} == {100.0}
    both = [
        r["incidence"]
        for r in incidence
        if (r["model_arm"], r["arm"], r["stratum"]) == ("control",) * 2 + ("all",)
    ]
    assert sum(both) == pytest.approx(1.0)


def test_one_value_of_a_continuous_endpoint_is_said() -> None:
    one = [SubjectOutcome(np.nan, False, value=4.0)] * SUBJECTS
    tables = run(settle(), outcomes={"shrinkage": one})
    assert "all 24 subjects have one value of the endpoint" in sentences(tables, "shrinkage")["control"]


def test_a_value_that_two_subjects_alone_have_is_constant_in_some_folds() -> None:
    rare = [SubjectOutcome(np.nan, False, value=float(i < 2)) for i in range(SUBJECTS)]
    rows = run(settle(), outcomes={"shrinkage": rare})["feasibility"].to_pylist()
    told = {row["arm"]: row["sentence"] for row in rows if row["endpoint"] == "shrinkage"}
    assert "no penalty could be fitted to its 24 subjects" in told["control"]


def test_perfect_separation_gives_a_model_and_no_interaction() -> None:
    settings = settle()
    values = np.random.default_rng(2).normal(size=(SUBJECTS, 4))
    values[:, 0] = np.arange(SUBJECTS)
    last = values[:, 0] >= SUBJECTS / 2
    outcomes = {
        "response": [SubjectOutcome(np.nan, bool(high)) for high in last],
        "os": [SubjectOutcome(float(1000 - i), True) for i in range(SUBJECTS)],
        "shrinkage": [SubjectOutcome(np.nan, False, value=float(i)) for i in range(SUBJECTS)],
    }
    tables = run(settings, values=values, outcomes=outcomes)
    found = {
        (r["endpoint"], r["kind"]): r for r in tables["interactions"].to_pylist() if r["kind"] == "candidate"
    }
    assert "separation" in found["response", "candidate"]["sentence"]
    assert "separation" in found["os", "candidate"]["sentence"]
    best = {
        (r["endpoint"], r["metric"]): r["estimate"]
        for r in tables["performance"].to_pylist()
        if r["model"] == "radiomics" and r["arm"] == "control"
    }
    assert best["response", "auc"] > 0.95
    assert best["os", "harrell_c"] > 0.95
    assert best["shrinkage", "spearman"] > 0.95


@pytest.mark.parametrize("name", ["../../etc", "a/b", "CON", "Arm β — “µ”", "<b>&amp;</b>", "  x  "])
def test_an_arm_may_be_named_like_a_path(name: str) -> None:
    settings = settle(arms=(name, "control"))
    tables = run(settings)
    assert set(tables["feasibility"]["arm"].to_pylist()) == {name, "control"}
    part = build_analysis_part(collect_rows(tables), collect_facts(settings), ReportSettings())
    assert [arm.arm for arm in part.flow.arms] == [name, "control"]


@pytest.mark.parametrize("rule", [LesionRule.LARGEST, LesionRule.VOLUME_WEIGHTED])
def test_five_hundred_subjects_with_five_lesions_each_are_five_hundred_rows(rule: LesionRule) -> None:
    settings = settle(lesions=rule, repeats=1, penalties=3)
    tables = run(settings, subjects=500, lesions=5)
    assert {row["n"] for row in tables["feasibility"].to_pylist()} == {250}
    assert tables["subjects"].num_rows == 500


def test_more_features_than_subjects_are_fitted() -> None:
    values = np.random.default_rng(4).normal(size=(SUBJECTS, 400))
    tables = run(settle(repeats=1), values=values)
    assert all(row["feasible"] for row in tables["feasibility"].to_pylist())


def test_strata_of_one_subject_each_leave_no_estimate_and_a_sentence() -> None:
    settings = settle(stratification=("site", "sex"))
    study = draw(settings)
    alone = tuple((s, "m") for s in study.subject_ids)
    for outcomes in study.outcomes.values():
        object.__setattr__(outcomes, "levels", alone)
    tables = run_analysis(study, settings)
    found = {r["endpoint"]: r for r in tables["interactions"].to_pylist() if r["kind"] == "candidate"}
    assert all(row["p"] is None for row in found.values())
    for endpoint in ("os", "response", "shrinkage"):
        assert "no finite estimate" in found[endpoint]["sentence"]


def test_nothing_but_competing_events_is_no_event() -> None:
    others = [SubjectOutcome(float(i + 1), False, True) for i in range(SUBJECTS)]
    tables = run(settle(), outcomes={"progression": others})
    assert "0 events in 24 subjects, and 24 competing events" in sentences(tables, "progression")["control"]
    rows = [r for r in tables["cumulative_incidence"].to_pylist() if r["stratum"] == "all"]
    assert max(r["incidence"] for r in rows if r["cause"] == "event") == 0.0
    assert max(r["incidence"] for r in rows if r["cause"] == "competing") == pytest.approx(1.0)
