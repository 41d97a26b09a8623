"""The lock through the whole workflow: what is marked, what takes the mark away, what deleting does."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from trial_runs import change_setting, jobs_of, run_radfeat, run_snakemake

from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import INTERACTIONS, UNBLINDED_TABLES

pytestmark = pytest.mark.workflow

SEED = 99
"""Any other than that of the simulated trial."""


def standings_of(study: Path) -> set[str]:
    """What every output of the unblinded half says of itself."""
    unblinded = study / "results" / "unblinded"
    tables = sorted(unblinded.rglob("*.parquet"))
    models = [json.loads(path.read_text()) for path in unblinded.rglob("model.json")]
    claims = read_table(unblinded / "interactions.parquet", INTERACTIONS)["standing"].to_pylist()
    head = (study / "results" / "report.html").read_text(encoding="utf-8").partition("</header>")[0]
    assert len(tables) > len(UNBLINDED_TABLES)
    assert models
    assert claims
    return {
        *(read_identity(path).marks["standing"] for path in tables),
        *(model["standing"] for model in models),
        *claims,
        "exploratory" if ">Exploratory<" in head else "confirmatory",
    }


@pytest.mark.requirement("R-LOCK-1")
def test_lock_is_made_without_the_clinical_sheet_and_all_that_read_it_wait_for_it(
    finished_trial: Path,
) -> None:
    done = run_snakemake(finished_trial / "config.yaml", "--detailed-summary")
    rows = list(csv.DictReader(done.stdout.splitlines(), delimiter="\t"))
    inputs = {row["output_file"]: set(row["input-file(s)"].split(",")) for row in rows}
    (lock,) = [path for path in inputs if path.endswith("analysis_lock.json")]
    assert "clinical.csv" not in inputs[lock]
    readers = [path for path, needed in inputs.items() if "clinical.csv" in needed]
    assert readers
    assert all(lock in inputs[path] for path in readers)


@pytest.mark.requirement("R-LOCK-1")
def test_other_settings_after_the_arms_were_read_mark_every_output_until_they_are_taken_back(
    trial: Path,
) -> None:
    assert standings_of(trial) == {"confirmatory"}
    before = json.loads((trial / "results" / "unblinded" / "analysis_lock.json").read_text())
    config = (trial / "config.yaml").read_text(encoding="utf-8")
    change_setting(trial, "modelling", "seed", SEED)
    said = run_radfeat("run", str(trial), "--cores", "2").stdout
    assert f"exploratory, locked as {before['current']['digest']}" in said
    assert standings_of(trial) == {"exploratory"}
    table = read_table(trial / "results" / "unblinded" / "interactions.parquet", INTERACTIONS)
    assert not any(table["claim"].to_pylist())
    report = (trial / "results" / "report.html").read_text(encoding="utf-8")
    assert "different: modelling.seed. Nothing on this page is confirmatory." in report
    blinded = (trial / "results" / "blinded" / "report.html").read_text(encoding="utf-8")
    assert ">Exploratory<" not in blinded
    assert "radfeat-lock" not in blinded

    shutil.rmtree(trial / "results" / "plan" / "readings")
    (trial / "results" / "unblinded" / "analysis_lock.json").unlink()
    change_setting(trial, "modelling", "seed", SEED + 1)
    run_radfeat("run", str(trial), "--cores", "2")
    assert standings_of(trial) == {"exploratory"}, "the tables still say what was locked"

    (trial / "config.yaml").write_text(config, encoding="utf-8")
    run_radfeat("run", str(trial), "--cores", "2")
    assert standings_of(trial) == {"confirmatory"}
    assert "extract" not in jobs_of(trial)


@pytest.mark.requirement("R-LOCK-1")
def test_stage_by_hand_without_the_lock_reads_no_arms(trial: Path) -> None:
    results = trial / "results"
    (results / "unblinded" / "analysis_lock.json").unlink()
    done = run_radfeat("subjects", "--results", str(results), expect=3)
    assert done.stderr.startswith("radfeat: error: analysis_lock.json: the analysis is not locked.")
    assert (
        "confirmatory: This is the analysis that was locked"
        in run_radfeat("lock", "--results", str(results)).stdout
    )
    run_radfeat("subjects", "--results", str(results))
