"""Perturbed chunks: apart from the features, the same by any number of workers, failures as rows."""

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from radfeat.config.model import StudySettings
from radfeat.core.errors import SettingsError, TableError
from radfeat.pipeline.chunk import run_chunk
from radfeat.pipeline.collect import collect
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.perturb import perturb_chunk, require_perturb_inputs
from radfeat.pipeline.plan import perturb_inputs, read_plan
from radfeat.pipeline.planning import build_plan
from radfeat.pipeline.repeatability import write_repeatability
from radfeat.pipeline.workers import Crew
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.trial import write_trial
from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES, PERTURBED_FEATURES, REPEATABILITY

SMALL = {"features": {"classes": {"firstorder": ["Mean", "Energy"], "shape": ["MeshVolume"]}}}
TWICE = {"perturb": {"repeats": 2}}


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "trial"
    write_trial(folder, SimulationSettings(subjects=4, broken=1, lesions=1, seed=3))
    return folder


@pytest.fixture
def trial(simulated: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(simulated, tmp_path / "trial", copy_function=shutil.copy2))


def plan_trial(folder: Path, settings: dict[str, object] | None = None) -> ResultsFolder:
    results = ResultsFolder(folder / "results")
    build_plan(
        StudySettings.model_validate({**SMALL, **(TWICE if settings is None else settings)}), folder, results
    )
    return results


def read_perturbed(results: ResultsFolder) -> pa.Table:
    return read_table(results.perturbed("0"), PERTURBED_FEATURES)


def test_each_roi_is_measured_so_often_and_a_failure_is_a_row_per_repeat(trial: Path) -> None:
    results = plan_trial(trial)
    assert perturb_chunk(results, "0") == (8, 2)
    rows = read_perturbed(results).to_pylist()
    assert sorted(row["repeat"] for row in rows) == [1, 1, 1, 1, 2, 2, 2, 2]
    failed = [row for row in rows if row["status"] == "FAILED"]
    assert len({row["roi_id"] for row in failed}) == 1
    assert all(
        row["reason"] and row["sentence"] and row["original_firstorder_Mean"] is None for row in failed
    )
    sound = [row for row in rows if row["status"] == "OK"]
    means = {row["original_firstorder_Mean"] for row in sound}
    assert len(means) == 6, "no two measurements are alike"
    assert all("rotation_deg" in row["perturbation"] for row in sound)


def test_workers_cache_and_a_second_run_do_not_alter_the_numbers(trial: Path) -> None:
    results = plan_trial(trial)
    perturb_chunk(results, "0", crew=Crew(2))
    two = read_identity(results.perturbed("0"))
    perturb_chunk(results, "0")
    assert read_identity(results.perturbed("0")) == two, "from the cache"
    shutil.rmtree(results.cache)
    perturb_chunk(results, "0", crew=Crew(1))
    assert read_identity(results.perturbed("0")) == two


def test_features_stay_as_they_are_and_the_cache_of_the_measurements_is_another(trial: Path) -> None:
    plain = plan_trial(trial, {})
    run_chunk(plain, "0")
    write_repeatability(plain)
    collect(plain)
    before = read_identity(plain.blinded / "features.parquet")
    assert read_table(plain.blinded / "repeatability.parquet", REPEATABILITY).num_rows == 0
    results = plan_trial(trial)
    perturb_chunk(results, "0")
    assert run_chunk(results, "0").cached == 4
    write_repeatability(results)
    collect(results)
    assert read_identity(results.blinded / "features.parquet").logical_digest == before.logical_digest
    assert read_table(results.blinded / "perturbed_features.parquet", PERTURBED_FEATURES).num_rows == 8
    rows = read_table(results.blinded / "repeatability.parquet", REPEATABILITY).to_pylist()
    assert [r["feature"] for r in rows] == sorted(r["feature"] for r in rows)
    assert {(r["source"], r["targets"], r["complete"], r["missing"]) for r in rows} == {
        ("perturbation", 4, 3, 2)
    }
    by_name = {r["feature"]: r for r in rows}
    assert by_name["original_shape_MeshVolume"]["icc_1_1"] > 0.5
    names = read_table(results.blinded / "feature_catalogue.parquet", FEATURE_CATALOGUE)["feature"]
    assert set(names.to_pylist()) == set(by_name)
    table = read_table(results.blinded / "features.parquet", FEATURES)
    assert table.num_rows == 4


def test_another_setting_of_the_perturbation_measures_again_and_only_that(trial: Path) -> None:
    results = plan_trial(trial)
    perturb_chunk(results, "0")
    first = read_perturbed(results)
    plan = read_plan(results)
    results = plan_trial(trial, {"perturb": {"repeats": 2, "rotation_deg": 3}})
    again = read_plan(results)
    assert perturb_inputs(again, "0") != perturb_inputs(plan, "0")
    assert (again.case_digest, again.run_id) == (plan.case_digest, plan.run_id)
    perturb_chunk(results, "0")
    assert not read_perturbed(results).equals(first)


def test_only_so_many_subjects_are_perturbed_whatever_the_rest(trial: Path) -> None:
    results = plan_trial(trial, {"perturb": {"repeats": 2, "subjects": 2}})
    measured, _ = perturb_chunk(results, "0")
    chosen = set(read_perturbed(results)["subject_id"].to_pylist())
    assert (measured, len(chosen)) == (4, 2)
    lines = (trial / "images.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [lines[0], *(line for line in lines[1:] if any(s in line for s in chosen))]
    (trial / "images.csv").write_text("".join(kept), encoding="utf-8")
    results = plan_trial(trial, {"perturb": {"repeats": 2, "subjects": 2}})
    perturb_chunk(results, "0")
    assert set(read_perturbed(results)["subject_id"].to_pylist()) == chosen


def test_a_job_made_for_other_settings_is_refused(trial: Path) -> None:
    results = plan_trial(trial)
    inputs = perturb_inputs(read_plan(results), "0")
    require_perturb_inputs(results, "0", inputs)
    plan_trial(trial, {"perturb": {"repeats": 3}})
    with pytest.raises(TableError, match="not those that this job was made for"):
        require_perturb_inputs(results, "0", inputs)
    plan_trial(trial, {})
    with pytest.raises(TableError, match="no ROI of the chunk"):
        require_perturb_inputs(results, "0", inputs)


def test_gate_and_copies_do_not_measure_again(trial: Path) -> None:
    first = read_plan(plan_trial(trial)).perturb_digests
    other = {**TWICE, "qc": {"max_failed_rois": 3}, "prepare": {"keep": True}}
    assert read_plan(plan_trial(trial, other)).perturb_digests == first


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"repeatability": {"retest_timepoints": ["baseline", "again"]}}, "retest_timepoints"),
        ({"repeatability": {"readers": ["r1", "r2"]}}, "readers"),
        ({"perturb": {"repeats": 2, "images": ["MR"]}}, "perturb.images"),
    ],
)
def test_names_that_the_sheet_does_not_have_are_refused(
    trial: Path, settings: dict[str, object], key: str
) -> None:
    with pytest.raises(SettingsError, match=key):
        plan_trial(trial, settings)


@pytest.mark.parametrize("source", ["perturbation", "test_retest"])
def test_a_filter_without_its_source_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match=r"modelling\.repeatability filters by"):
        StudySettings.model_validate({"modelling": {"repeatability": {"source": source}}})
