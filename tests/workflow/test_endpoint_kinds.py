"""One trial with endpoints of every kind, in three arms and in one, through the workflow to the page."""

import re
from pathlib import Path

import pytest
import yaml
from trial_runs import make_small, run_radfeat

from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import TABLES

pytestmark = pytest.mark.workflow

ENDPOINTS: list[dict[str, object]] = [
    {"name": "os", "time": "os_days", "event": "os_event"},
    {"name": "response", "kind": "binary", "column": "response"},
    {"name": "shrinkage", "kind": "continuous", "column": "shrinkage_percent"},
    {
        "name": "progression",
        "time": "progression_days",
        "event": "progression_event",
        "competing_values": ["2"],
    },
]


def run_trial(study: Path, arms: int, endpoints: list[dict[str, object]]) -> Path:
    """A small trial stratified by site, run to its report."""
    run_radfeat("simulate", str(study), "--subjects", "36", "--arms", str(arms), "--seed", "11")
    make_small(study)
    path = study / "config.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["modelling"] |= {
        "endpoints": endpoints,
        "stratification": ["site"],
        "min_per_class": 2,
        "min_subjects": 10,
        "penalties": 4,
        "inner_folds": 2,
        "folds": 3,
    }
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    run_radfeat("run", str(study), "--cores", "2")
    return study / "results"


def rows_of(results: Path, name: str) -> list[dict[str, object]]:
    return read_table(results / "unblinded" / f"{name}.parquet", TABLES[name]).to_pylist()


def read_sections(results: Path) -> dict[str, str]:
    """The text of each endpoint's part of the page, over all sections, and of all of it under ``""``."""
    html = (results / "report.html").read_text(encoding="utf-8")
    found = {"": html}
    for endpoint in ENDPOINTS:
        name = str(endpoint["name"])
        parts = re.findall(rf"<h3>Endpoint {name}\b.*?(?=<h3>|</section>)", html, flags=re.DOTALL)
        found[name] = " ".join(re.sub(r"<[^>]+>", " ", part) for part in parts)
    return found


@pytest.fixture(scope="module")
def three_arms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_trial(tmp_path_factory.mktemp("kinds") / "study", 3, ENDPOINTS)


def test_every_kind_has_its_own_metrics_curves_and_measure(three_arms: Path) -> None:
    metrics = {(r["endpoint"], r["metric"]) for r in rows_of(three_arms, "performance")}
    assert {("os", "harrell_c"), ("response", "auc"), ("shrinkage", "spearman")} <= metrics
    assert {("shrinkage", "r_squared"), ("shrinkage", "rmse"), ("progression", "harrell_c")} <= metrics
    assert not {m for e, m in metrics if e == "shrinkage" and ("hazard" in m or "logrank" in m)}
    assert {r["endpoint"] for r in rows_of(three_arms, "survival_curves")} == {"os"}
    assert {r["endpoint"] for r in rows_of(three_arms, "cumulative_incidence")} == {"progression"}
    measures = {(r["endpoint"], r["measure"]) for r in rows_of(three_arms, "interactions")}
    assert measures == {
        ("os", "hazard_ratio"),
        ("response", "odds_ratio"),
        ("shrinkage", "difference"),
        ("progression", "hazard_ratio"),
    }


def test_each_experimental_arm_is_contrasted_with_the_first(three_arms: Path) -> None:
    pairs = {(r["experimental_arm"], r["reference_arm"]) for r in rows_of(three_arms, "interactions")}
    assert pairs == {("experimental-1", "control"), ("experimental-2", "control")}


def test_page_says_of_a_value_neither_events_nor_ratios(three_arms: Path) -> None:
    text = read_sections(three_arms)["shrinkage"]
    assert "Spearman" in text
    assert "Mean of shrinkage by stratum" in text
    for word in ("hazard", "odds ratio", "events", "Events", "positive class", "Kaplan-Meier"):
        assert word not in text, word


def test_page_shows_incidences_in_place_of_kaplan_meier_where_events_compete(three_arms: Path) -> None:
    sections = read_sections(three_arms)
    assert "Kaplan-Meier" in sections["os"]
    assert "Kaplan-Meier" not in sections["progression"]
    assert "Cumulative incidence of progression" in sections["progression"]
    assert "competing events of progression for censorings" in sections[""]
    assert "strata of the randomisation (site)" in sections[""]


def test_page_of_one_arm_does_not_say_predictive(tmp_path: Path) -> None:
    results = run_trial(tmp_path / "study", 1, ENDPOINTS[2:])
    assert rows_of(results, "interactions") == []
    page = read_sections(results)[""]
    assert "redictive" not in page
    for name in ("shrinkage", "progression"):
        assert name in page
