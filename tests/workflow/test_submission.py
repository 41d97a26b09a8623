"""What a submission is given, from a finished trial: the data set, value by value, and the checklists."""

import json
from collections import Counter
from pathlib import Path

import pytest
from trial_runs import digests_of, run_radfeat

from radfeat.submission.dataset_json import read_dataset_json
from radfeat.submission.xpt import read_xpt
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import COEFFICIENTS, FEATURE_CATALOGUE, FEATURES, PREDICTIONS

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def exported(scored_trial: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("submission")
    run_radfeat("export", "adam", str(scored_trial), "--to", str(to))
    return to


def rows_of(folder: Path) -> list[dict[str, object]]:
    found = read_xpt((folder / "adrad.xpt").read_bytes())
    names = [variable.name for variable in found.variables]
    return [dict(zip(names, row, strict=True)) for row in found.rows]


@pytest.mark.requirement("R-SUB-1")
def test_scores_are_those_of_the_predictions(scored_trial: Path, exported: Path) -> None:
    path = scored_trial / "results" / "unblinded" / "predictions.parquet"
    wanted = Counter(
        (r["endpoint"], r["model_arm"], r["subject_id"], r["repeat"], r["fold"], r["score"])
        for r in read_table(path, PREDICTIONS).to_pylist()
    )
    found = Counter(
        (r["ENDPT"], r["MODARM"], r["SUBJID"], r["CVREP"], r["CVFOLD"], r["AVAL"])
        for r in rows_of(exported)
        if r["PARCAT1"] == "SCORE"
    )
    assert found == wanted
    assert sum(found.values()) > 0


@pytest.mark.requirement("R-SUB-1")
def test_features_are_those_of_the_blinded_table(scored_trial: Path, exported: Path) -> None:
    results = scored_trial / "results"
    catalogue = read_table(results / "blinded" / "feature_catalogue.parquet", FEATURE_CATALOGUE).to_pylist()
    names = {row["code"]: row["feature"] for row in catalogue}
    values = {
        r["roi_id"]: r for r in read_table(results / "blinded" / "features.parquet", FEATURES).to_pylist()
    }
    rows = [row for row in rows_of(exported) if row["PARCAT1"] == "FEATURE"]
    for row in rows:
        assert row["AVAL"] == values[row["ROIID"]][names[row["PARAMCD"]]]
    coefficients = read_table(results / "unblinded" / "coefficients.parquet", COEFFICIENTS).to_pylist()
    locked = {row["feature"] for row in coefficients if row["coefficient"]} | {"original_glcm_Contrast"}
    assert {names[str(row["PARAMCD"])] for row in rows} == locked


@pytest.mark.requirement("R-SUB-1")
def test_both_files_hold_the_same_and_a_second_export_the_same_bytes(
    scored_trial: Path, exported: Path, tmp_path: Path
) -> None:
    found = read_dataset_json((exported / "adrad.json").read_text(encoding="utf-8"))
    assert found.rows == read_xpt((exported / "adrad.xpt").read_bytes()).rows
    run_radfeat("export", "adam", str(scored_trial), "--to", str(tmp_path))
    assert digests_of(tmp_path) == digests_of(exported)


def test_an_exploratory_analysis_says_so_in_the_guide(exported: Path) -> None:
    assert "**Exploratory.**" in (exported / "reviewers-guide.md").read_text(encoding="utf-8")


@pytest.mark.requirement("R-SUB-2")
def test_checklists_of_a_run_link_to_files_that_are_there(trial: Path) -> None:
    draft = run_radfeat("checklist", str(trial), "--draft").stdout
    assert "# eligibility:" in draft
    (trial / "study.yaml").write_text(
        "answers:\n  eligibility: {met: true, text: All subjects are simulated., where: docs}\n",
        encoding="utf-8",
    )
    said = run_radfeat("checklist", str(trial)).stdout
    assert "METRICS" in said
    results = trial / "results"
    lists = json.loads((results / "evidence" / "checklists.json").read_text(encoding="utf-8"))
    items = [item for one in lists.values() for item in one["items"]]
    assert len(items) == 30 + 58 + 104
    for item in items:
        assert item["status"] != "derived" or (results / item["link"]).exists(), item
    assert {i["status"] for i in items if i["topic"] == "eligibility"} == {"declared"}
    assert {i["status"] for i in items if i["topic"] == "ethics"} == {"unanswered"}


def test_a_wrong_declaration_is_said_with_its_place(finished_trial: Path, tmp_path: Path) -> None:
    study = tmp_path / "study.yaml"
    study.write_text("answers:\n  eligibility: {mett: true, text: x}\n", encoding="utf-8")
    done = run_radfeat(
        "checklist", str(finished_trial), "--study", str(study), "--to", str(tmp_path), expect=2
    )
    assert "study.yaml, line 2" in done.stderr
