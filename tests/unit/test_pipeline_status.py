"""Status, second tries and cleaning: what the files of a results folder say, and what may leave it."""

import csv
import json
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from radfeat.cli.main import cli
from radfeat.config.model import StudySettings
from radfeat.config.reader import read_settings
from radfeat.core.errors import SettingsError
from radfeat.pipeline.chunk import run_chunk
from radfeat.pipeline.clean import Extent, list_removals, remove
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import read_plan
from radfeat.pipeline.planning import build_plan
from radfeat.pipeline.retries import read_retries
from radfeat.pipeline.retry import forget_failed
from radfeat.pipeline.run_lock import _describe_self
from radfeat.pipeline.status import State, read_status
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.trial import write_trial
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import ROIS

FAST = {"features": {"classes": {"firstorder": ["Mean"]}}}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "trial"
    write_trial(folder, SimulationSettings(subjects=12, broken=2, seed=3))
    return folder


@pytest.fixture
def trial(simulated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(simulated, tmp_path / "trial", copy_function=shutil.copy2))


def plan_trial(trial: Path) -> ResultsFolder:
    read = read_settings(trial / "config.yaml").model_dump() | FAST
    read["modelling"]["candidates"] = ()
    settings = StudySettings.model_validate(read)
    results = ResultsFolder(trial / "results")
    build_plan(settings, trial, results)
    return results


def run_chunks(results: ResultsFolder) -> None:
    for bucket in read_plan(results).buckets:
        run_chunk(results, bucket)


def failed_subjects(results: ResultsFolder) -> set[str]:
    found = set()
    for bucket in read_plan(results).buckets:
        rows = read_table(results.work(bucket) / "rois.parquet", ROIS).to_pylist()
        found |= {row["subject_id"] for row in rows if row["status"] == "FAILED"}
    return found


def test_status_counts_cases_chunks_and_reasons(trial: Path) -> None:
    results = plan_trial(trial)
    plan = read_plan(results)
    first = plan.buckets[0]
    run_chunk(results, first)
    found = read_status(results)
    assert found.state is State.NOT_AT_WORK
    assert (found.cases, found.chunks, found.chunks_done) == (12, 2, 1)
    assert 0 < found.done < 12
    run_chunks(results)
    done = read_status(results)
    assert (done.done, done.chunks_done, sum(done.failed.values())) == (12, 2, 2)
    assert (done.pace, done.seconds_left, done.has_report) == (None, None, False)
    assert done.models == (0, 4), "two endpoints in two arms"


def test_status_of_a_run_at_work_has_its_pace(trial: Path) -> None:
    results = plan_trial(trial)
    since = time.time()
    results.run_lock.write_text(json.dumps(asdict(replace(_describe_self(), since=since))))
    run_chunk(results, read_plan(results).buckets[0])
    found = read_status(results, now=since + 120)
    assert found.state is State.AT_WORK
    assert found.pace == pytest.approx(found.done / 2), "so many cases in two minutes"
    assert found.seconds_left == pytest.approx(120 * (12 - found.done) / found.done)


def test_status_of_a_killed_run_says_so(trial: Path) -> None:
    results = plan_trial(trial)
    results.run_lock.write_text(json.dumps(asdict(replace(_describe_self(), start=1))))
    assert read_status(results).state is State.KILLED
    said = CliRunner().invoke(cli, ["status", str(trial)])
    assert said.exit_code == 0, said.output
    assert "killed (process" in said.output
    assert "run it again to go on" in said.output
    told = CliRunner().invoke(cli, ["status", str(trial), "--json"])
    assert json.loads(told.output)["cases"] == 12


def test_failed_cases_are_forgotten_and_no_others(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunks(results)
    plan = read_plan(results)
    failed = failed_subjects(results)
    assert len(failed) == 2
    assert forget_failed(results, plan, dry_run=True)[0] == 2
    assert (failed_subjects(results), read_retries(results)) == (failed, {}), "a dry run takes nothing away"
    cases, chunks = forget_failed(results, plan)
    assert (cases, chunks) == (2, len(read_retries(results)))
    assert set(read_retries(results).values()) == {1}, "what makes Snakemake run their rule"
    again = [run_chunk(results, bucket) for bucket in plan.buckets]
    assert sum(p.cached for p in again) == 10
    assert failed_subjects(results) == failed


def test_failed_cases_of_an_unfinished_chunk_are_found_in_the_cache(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunks(results)
    for bucket in read_plan(results).buckets:
        (results.work(bucket) / "rois.parquet").unlink()
    assert forget_failed(results, read_plan(results))[0] == 2


def test_only_measures_one_subject_and_leaves_the_tables_alone(trial: Path) -> None:
    subject = sorted({row["subject_id"] for row in read_sheet(trial / "images.csv")})[0]
    said = CliRunner().invoke(cli, ["run", str(trial), "--only", subject, "--cores", "1"])
    assert said.exit_code == 0, said.output
    assert f"{subject}/" in said.output
    assert "1 cases, 0 ROIs failed" in said.output or "1 ROIs failed" in said.output
    results = ResultsFolder(trial / "results")
    assert len(list(results.cache.glob("*/*.json.gz"))) <= 1
    assert not (trial / "results" / "work").exists()
    again = CliRunner().invoke(cli, ["run", str(trial), "--only", "nobody"])
    assert isinstance(again.exception, SettingsError)
    assert "not in the image sheet" in again.exception.sentence


def read_sheet(sheet: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(sheet.read_text(encoding="utf-8").splitlines()))


def test_leftovers_are_temporaries_and_records_of_other_settings(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunks(results)
    kept = sorted(results.cache.rglob("*.json.gz"))
    stale = kept[0].with_name(kept[0].name[:-24] + "0" * 16 + ".json.gz")
    torn = results.work("0") / ".0123456789ab.tmp.parquet"
    for path in (stale, torn):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    own = results.root / "my notes.txt"
    own.write_text("mine")
    removal = list_removals(results, read_plan(results), StudySettings(), Extent.LEFTOVERS)
    assert set(removal.paths) == {stale, torn}
    assert removal.size == 2
    remove(removal)
    assert sorted(results.cache.rglob("*.json.gz")) == kept
    assert own.is_file()


def test_cleaned_cache_costs_only_time(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunks(results)
    remove(list_removals(results, read_plan(results), StudySettings(), Extent.CACHE))
    assert not results.cache.exists()
    assert (results.plan).is_file()
    assert sum(run_chunk(results, b).cached for b in read_plan(results).buckets) == 0


def test_results_go_but_nothing_that_radfeat_did_not_write(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunks(results)
    own = results.root / "my notes.txt"
    own.write_text("mine")
    remove(list_removals(results, read_plan(results), StudySettings(), Extent.RESULTS))
    assert sorted(p.name for p in results.root.iterdir()) == ["my notes.txt"]
    assert len(read_sheet(trial / "images.csv")) >= 12


def test_locked_results_stay(trial: Path) -> None:
    results = plan_trial(trial)
    results.readings.mkdir(parents=True)
    (results.readings / "first.json").write_text("{}")
    with pytest.raises(SettingsError, match="the results are locked"):
        list_removals(results, read_plan(results), StudySettings(), Extent.RESULTS)


def test_inputs_inside_the_results_stay(trial: Path) -> None:
    inside = trial / "results" / "cache"
    inside.parent.mkdir()
    shutil.move(trial / "images", inside)
    text = (trial / "images.csv").read_text(encoding="utf-8")
    (trial / "images.csv").write_text(text.replace("images/", "results/cache/"), encoding="utf-8")
    results = plan_trial(trial)
    with pytest.raises(SettingsError, match="an input of the study lies in what would be removed"):
        list_removals(results, read_plan(results), StudySettings(), Extent.CACHE)
    assert any(inside.iterdir())


def test_clean_says_what_goes(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunks(results)
    said = CliRunner().invoke(cli, ["clean", str(trial), "--cache", "--dry-run"])
    assert said.exit_code == 0, said.output
    assert "cache\n" in said.output
    assert "would be removed" in said.output
    assert results.cache.is_dir()
    assert CliRunner().invoke(cli, ["clean", str(trial), "--cache"]).exit_code == 0
    assert not results.cache.exists()
