"""Chunks and cache: resumed per case, failures kept as rows, a dead worker costs one case."""

import csv
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from radfeat.config.model import StudySettings
from radfeat.core.vocabulary import Reason
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline import chunk
from radfeat.pipeline.case import CaseFolders, CaseSettings, process_case
from radfeat.pipeline.chunk import run_chunk
from radfeat.pipeline.collect import collect, count_failures, judge_gate
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import build_plan, read_manifest, read_plan
from radfeat.pipeline.records import CaseRecord
from radfeat.pipeline.watch import count_finished, read_progress
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.trial import write_trial
from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import FEATURES, ROIS

SMALL = {"features": {"classes": {"firstorder": [], "shape": ["MeshVolume"]}}}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "trial"
    write_trial(folder, SimulationSettings(subjects=5, broken=1, lesions=2, seed=3))
    return folder


@pytest.fixture
def trial(simulated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(simulated, tmp_path / "trial", copy_function=shutil.copy2))


def read_rows(sheet: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(sheet.read_text(encoding="utf-8").splitlines()))


def plan_trial(folder: Path, **settings: object) -> ResultsFolder:
    results = ResultsFolder(folder / "results")
    build_plan(StudySettings.model_validate({**SMALL, **settings}), folder, results)
    return results


def test_chunk_measures_every_roi_and_keeps_failures_as_rows(trial: Path) -> None:
    results = plan_trial(trial)
    done = run_chunk(results, "0")
    rois = read_table(results.work("0") / "rois.parquet", ROIS)
    counts = count_failures(rois)
    assert (done.total, done.done, done.failed, done.cached) == (5, 5, 1, 0)
    assert (counts.rois, counts.failed, counts.reasons) == (10, 2, {"NO_IMAGE": 2})
    assert counts.sentence == "2 of 10 ROIs failed: 2 NO_IMAGE"


def test_second_run_takes_every_case_from_the_cache_and_writes_the_same(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0")
    first = read_identity(results.work("0") / "features.parquet")
    assert run_chunk(results, "0").cached == 5
    assert read_identity(results.work("0") / "features.parquet") == first


def test_touched_file_with_the_same_content_is_cached_and_a_changed_one_is_not(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0")
    rows = read_rows(trial / "images.csv")
    sound = [row for row in rows if (trial / row["image"]).is_file()]
    os.utime(trial / sound[0]["image"])
    assert run_chunk(plan_trial(trial), "0").cached == 5
    other = next(row for row in sound if row["image"] != sound[0]["image"])
    shutil.copyfile(trial / other["mask"], trial / sound[0]["mask"])
    assert run_chunk(plan_trial(trial), "0").cached == 4


def test_another_bin_width_does_not_take_the_old_values(trial: Path) -> None:
    run_chunk(plan_trial(trial), "0")
    assert run_chunk(plan_trial(trial, features={"bin_width": 10}), "0").cached == 0


def test_retry_computes_failed_cases_again_and_no_other(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0")
    assert run_chunk(results, "0", retry_failed=True).cached == 4


def test_failed_case_is_cured_when_its_file_appears(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0")
    rows = read_rows(trial / "images.csv")
    absent = next(row for row in rows if not (trial / row["image"]).is_file())
    sound = next(row for row in rows if (trial / row["image"]).is_file())
    for name in ("image", "mask"):
        shutil.copyfile(trial / sound[name], trial / absent[name])
    again = run_chunk(plan_trial(trial), "0")
    assert (again.cached, again.failed) == (4, 0)


def test_damaged_cache_record_is_computed_again(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0")
    record = next(results.cache.rglob("*.json.gz"))
    record.write_bytes(record.read_bytes()[:40])
    assert run_chunk(results, "0").cached == 4


def test_lost_preview_is_made_again(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0")
    next(results.previews.glob("*.png")).unlink()
    assert run_chunk(results, "0").cached == 4
    assert len(list(results.previews.glob("*.png"))) == 8


def test_number_of_workers_does_not_alter_the_tables(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0", workers=2)
    two = read_identity(results.work("0") / "features.parquet")
    shutil.rmtree(results.cache)
    run_chunk(results, "0", workers=1)
    assert read_identity(results.work("0") / "features.parquet") == two


def _die_on_third(rows: Sequence[ImageRow], settings: CaseSettings, folders: CaseFolders) -> CaseRecord:
    if rows[0].key.case.subject_id.endswith("0003"):
        os._exit(1)
    return process_case(rows, settings, folders)


def _work_that_dies(
    case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders
) -> tuple[CaseRecord, list[dict[str, object]]]:
    return _die_on_third(case, settings, folders), []


def test_worker_that_dies_costs_its_case_and_no_other(trial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = plan_trial(trial)
    monkeypatch.setattr(chunk, "_work", _work_that_dies)
    done = run_chunk(results, "0", workers=2)
    rois = read_table(results.work("0") / "rois.parquet", ROIS).to_pylist()
    dead = {r["subject_id"] for r in rois if r["reason"] == Reason.COMPUTE_ERROR}
    assert done.done == 5
    assert len(dead) == 1
    assert next(iter(dead)).endswith("0003")


def test_kept_crops_are_written_where_asked(trial: Path) -> None:
    results = plan_trial(trial, prepare={"keep": True})
    run_chunk(results, "0")
    assert len(list(results.prepared.glob("*_image.nii.gz"))) == 8
    assert len(list(results.prepared.glob("*_mask.nii.gz"))) == 8


def test_progress_counts_only_chunks_of_the_present_plan(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0")
    plan = read_plan(results)
    assert read_progress(results, plan).done == 5
    assert count_finished(results, plan) == 1
    changed = read_plan(plan_trial(trial, features={"bin_width": 10}))
    assert read_progress(results, changed).done == 0
    assert count_finished(results, changed) == 0


def test_collected_tables_are_described_and_the_gate_speaks_its_sentence(trial: Path) -> None:
    results = plan_trial(trial, qc={"max_failed_share": 0.1})
    run_chunk(results, "0")
    assert collect(results).failed == 2
    wide = read_table(results.blinded / "features.parquet", FEATURES, verify=True)
    assert wide.num_rows == 10
    names = {r["name"] for r in json.loads((results.blinded / "datapackage.json").read_text())["resources"]}
    assert {"series", "rois", "features", "features_long", "feature_catalogue", "findings"} <= names
    sentence = judge_gate(results)
    assert sentence is not None
    assert "2 of 10" in sentence
    assert not results.gate.exists()


def test_reading_a_manifest_gives_paths_that_exist(trial: Path) -> None:
    results = plan_trial(trial)
    rows = read_manifest(results, "0", trial)
    assert sum(row.image.is_file() for row in rows) == 8
