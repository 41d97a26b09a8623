"""Chunks and cache: resumed per case, failures kept as rows, a dead worker costs one case."""

import csv
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
import SimpleITK as sitk

from radfeat.config.model import StudySettings
from radfeat.core.errors import ExtractionError, TableError
from radfeat.core.late_call import LateCall
from radfeat.core.vocabulary import Reason
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline import chunk, code
from radfeat.pipeline.cache import fingerprint
from radfeat.pipeline.case import process_case
from radfeat.pipeline.case_settings import CaseFolders, CaseSettings
from radfeat.pipeline.chunk import run_chunk
from radfeat.pipeline.collect import collect
from radfeat.pipeline.failures import count_failures
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.gate import judge_gate
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.plan import chunk_inputs, read_plan, require_chunk_inputs
from radfeat.pipeline.planning import build_plan
from radfeat.pipeline.record_rows import build_failed_roi, build_series_row
from radfeat.pipeline.records import CaseRecord
from radfeat.pipeline.watch import list_written, read_progress
from radfeat.pipeline.workers import Crew
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


def write_rows(sheet: Path, rows: list[dict[str, str]]) -> None:
    with sheet.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def volumes_of(results: ResultsFolder) -> dict[str, float]:
    rois = read_table(results.work("0") / "rois.parquet", ROIS).to_pylist()
    return {row["roi_id"]: row["volume_mm3"] for row in rois}


def plan_trial(folder: Path, **settings: object) -> ResultsFolder:
    results = ResultsFolder(folder / "results")
    build_plan(StudySettings.model_validate({**SMALL, **settings}), folder, results)
    return results


@pytest.mark.requirement("R-QC-1")
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


@pytest.mark.requirement("R-DET-1")
def test_number_of_workers_does_not_alter_the_tables(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0", crew=Crew(2))
    two = read_identity(results.work("0") / "features.parquet")
    shutil.rmtree(results.cache)
    run_chunk(results, "0", crew=Crew(1))
    assert read_identity(results.work("0") / "features.parquet") == two


def _die_on_third(rows: Sequence[ImageRow], settings: CaseSettings, folders: CaseFolders) -> CaseRecord:
    if rows[0].key.case.subject_id.endswith("0003"):
        os._exit(3)
    return process_case(rows, settings, folders)


def _work_that_dies(
    case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders
) -> tuple[CaseRecord, list[dict[str, object]]]:
    return _die_on_third(case, settings, folders), []


def test_worker_that_dies_costs_its_case_and_no_other(trial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = plan_trial(trial)
    monkeypatch.setattr(chunk, "_MEASURE", LateCall(__name__, _work_that_dies.__name__))
    done = run_chunk(results, "0", crew=Crew(2))
    rois = read_table(results.work("0") / "rois.parquet", ROIS).to_pylist()
    dead = {r["subject_id"] for r in rois if r["reason"] == Reason.COMPUTE_ERROR}
    assert done.done == 5
    assert len(dead) == 1
    assert next(iter(dead)).endswith("0003")


def test_kept_crops_are_written_where_asked_and_made_again_when_lost(trial: Path) -> None:
    results = plan_trial(trial, prepare={"keep": True})
    run_chunk(results, "0")
    images = list(results.prepared.glob("*/*_image.nii.gz"))
    assert len(images) == len(list(results.prepared.glob("*/*_mask.nii.gz"))) == 8
    images[0].unlink()
    assert run_chunk(results, "0").cached == 4
    assert len(list(results.prepared.glob("*/*_image.nii.gz"))) == 8


def test_crops_are_those_of_the_present_settings_when_old_settings_come_back(trial: Path) -> None:
    fine = {"keep": True, "resampled_spacing_xyz_mm": [2, 2, 2]}
    coarse = {"keep": True, "resampled_spacing_xyz_mm": [4, 4, 4]}
    for prepare in (fine, coarse, fine):
        results = plan_trial(trial, prepare=prepare)
        run_chunk(results, "0")
        collect(results)
    spacings = {sitk.ReadImage(str(p)).GetSpacing() for p in results.prepared.rglob("*_image.nii.gz")}
    assert spacings == {(2.0, 2.0, 2.0)}


def test_exchanged_masks_are_not_taken_for_the_old_ones(trial: Path) -> None:
    """Whatever the sizes and times of the files, and though both were read before."""
    rows = read_rows(trial / "images.csv")
    sound = next(row["mask"] for row in rows if (trial / row["image"]).is_file())
    labels = sitk.ReadImage(str(trial / sound))
    case = [row for row in rows if row["mask"] == sound]
    for row, label, name in zip(case, (1, 2), ("a", "b"), strict=True):
        path = trial / "masks" / f"{name}.nii"
        sitk.WriteImage(sitk.Cast(labels == label, sitk.sitkUInt8), str(path))
        os.utime(path, ns=(10**18, 10**18))
        row |= {"mask": f"masks/{name}.nii", "label": ""}
    write_rows(trial / "images.csv", rows)
    results = plan_trial(trial)
    run_chunk(results, "0")
    before = volumes_of(results)
    case[0]["mask"], case[1]["mask"] = case[1]["mask"], case[0]["mask"]
    write_rows(trial / "images.csv", rows)
    assert run_chunk(plan_trial(trial), "0").cached == 4
    assert sum(volume != before[roi] for roi, volume in volumes_of(results).items()) == 2


def test_subject_taken_out_of_the_sheet_leaves_nothing_behind(trial: Path) -> None:
    results = plan_trial(trial, prepare={"keep": True})
    run_chunk(results, "0")
    collect(results)
    rows = read_rows(trial / "images.csv")
    gone = next(row["subject_id"] for row in rows if (trial / row["image"]).is_file())
    write_rows(trial / "images.csv", [row for row in rows if row["subject_id"] != gone])
    results = plan_trial(trial, prepare={"keep": True})
    run_chunk(results, "0")
    collect(results)
    assert len(list(results.previews.iterdir())) == 6
    assert len(list(results.prepared.rglob("*_image.nii.gz"))) == 6
    assert len(list(results.cache.rglob("*.json.gz"))) == 4
    assert not any(gone in p.read_text(encoding="utf-8") for p in results.plan.parent.iterdir())


def test_results_behind_a_link_find_the_images(trial: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "far" / "away" / "scratch"
    scratch.mkdir(parents=True)
    (trial / "results").symlink_to(scratch)
    results = plan_trial(trial)
    run_chunk(results, "0")
    assert count_failures(read_table(results.work("0") / "rois.parquet", ROIS)).failed == 2


def test_job_refuses_inputs_that_are_not_those_it_was_made_for(trial: Path) -> None:
    results = plan_trial(trial)
    inputs = chunk_inputs(read_plan(results), "0")
    require_chunk_inputs(results, "0", inputs)
    plan_trial(trial, features={"bin_width": 10})
    with pytest.raises(TableError, match="not those that this job was made for"):
        require_chunk_inputs(results, "0", inputs)


def test_other_libraries_are_other_inputs(trial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read_plan(plan_trial(trial))
    monkeypatch.setattr(code, "version", lambda name: "99.0")
    after = read_plan(plan_trial(trial))
    assert chunk_inputs(before, "0") != chunk_inputs(after, "0")


def _work_without_memory(
    case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders
) -> tuple[CaseRecord, list[dict[str, object]]]:
    error = ExtractionError("memory ran out", reason=Reason.OUT_OF_MEMORY)
    rois = tuple(build_failed_roi(row, error) for row in case)
    return CaseRecord(build_series_row(case[0], error=error), (), rois, ()), fingerprint(case)


def test_failure_of_the_machine_is_not_kept(trial: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = plan_trial(trial)
    monkeypatch.setattr(chunk, "_MEASURE", LateCall(__name__, _work_without_memory.__name__))
    assert run_chunk(results, "0").failed == 5
    monkeypatch.undo()
    again = run_chunk(results, "0")
    assert (again.failed, again.cached) == (1, 0)


def test_progress_counts_only_chunks_of_the_present_plan(trial: Path) -> None:
    results = plan_trial(trial)
    run_chunk(results, "0")
    plan = read_plan(results)
    assert read_progress(results, plan, {}).done == 5
    changed = read_plan(plan_trial(trial, features={"bin_width": 10}))
    assert read_progress(results, changed, {}).done == 0


def test_chunk_that_an_earlier_run_finished_counts_as_measured_before(trial: Path) -> None:
    results = plan_trial(trial)
    plan = read_plan(results)
    run_chunk(results, "0")
    before = list_written(results, plan)
    assert read_progress(results, plan, {}).cached == 0
    assert read_progress(results, plan, before).cached == 5
    run_chunk(results, "0", retry_failed=True)
    assert read_progress(results, plan, before).cached == 4


def test_collected_tables_are_described_and_the_gate_speaks_its_sentence(trial: Path) -> None:
    results = plan_trial(trial, qc={"max_failed_share": 0.1})
    run_chunk(results, "0")
    assert collect(results).failed == 2
    wide = read_table(results.blinded / "features.parquet", FEATURES, verify=True)
    assert wide.num_rows == 10
    names = {r["name"] for r in json.loads((results.blinded / "datapackage.json").read_text())["resources"]}
    assert {"series", "rois", "features", "features_long", "feature_catalogue", "findings"} <= names
    verdict = judge_gate(results)
    assert not verdict.is_open
    assert "2 of 10" in verdict.sentence
    assert not results.gate.exists()


def test_reading_a_manifest_gives_paths_that_exist(trial: Path) -> None:
    results = plan_trial(trial)
    rows = read_manifest(results, "0", trial)
    assert sum(row.image.is_file() for row in rows) == 8
