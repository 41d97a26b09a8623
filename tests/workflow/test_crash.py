"""A local run killed at random moments, a machine that fails it: the rerun ends as if nothing had been."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import SimpleITK as sitk
import yaml
from trial_runs import change_setting, jobs_of, keep_one_endpoint, make_small, read_rows, run_radfeat

from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import ROIS

pytestmark = pytest.mark.workflow

MOMENTS = 20
MOMENTS_IN_A_ROUTINE_RUN = 2


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("crash") / "study"
    run_radfeat("simulate", str(folder), "--subjects", "24", "--broken", "1", "--seed", "7")
    make_small(folder)
    keep_one_endpoint(folder)
    change_setting(folder, "qc", "max_failed_share", 0.5)
    return folder


@dataclass(frozen=True)
class Undisturbed:
    """A run that nothing happened to: its study (do not change it), digests, and how long it took (s)."""

    study: Path
    digests: dict[str, str]
    seconds: float


@pytest.fixture(scope="module")
def undisturbed(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = copy_study(study, tmp_path_factory.mktemp("undisturbed") / "study")
    began = time.monotonic()
    run_radfeat("run", str(folder), "--cores", "2")
    return Undisturbed(folder, digests_of_tables(folder), time.monotonic() - began)


def copy_study(study: Path, folder: Path) -> Path:
    return Path(shutil.copytree(study, folder, copy_function=shutil.copy2))


def digests_of_tables(study: Path) -> dict[str, str]:
    """Logical digest of every table, by its path in the results."""
    results = study / "results"
    halves = (results / "blinded", results / "unblinded")
    paths = [path for half in halves for path in sorted(half.rglob("*.parquet"))]
    return {path.relative_to(results).as_posix(): read_identity(path).logical_digest for path in paths}


def start_run(study: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "radfeat", "run", str(study), "--cores", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill_everything(process: subprocess.Popen[bytes], study: Path) -> None:
    """KILL the run, its workflow, the workflow's jobs and their workers, at once."""
    lock = study / "results" / "run.lock"
    group = 0
    if lock.is_file() and lock.read_text(encoding="utf-8"):
        group = json.loads(lock.read_text(encoding="utf-8"))["group"]
    for number in (process.pid, group):
        if number:
            kill_group(number)
    process.wait()
    while group and any(is_in_group(path, group) for path in Path("/proc").glob("[0-9]*")):
        time.sleep(0.05)


def kill_group(number: int) -> None:
    try:
        os.killpg(number, signal.SIGKILL)
    except ProcessLookupError:
        return


def is_in_group(folder: Path, group: int) -> bool:
    try:
        fields = (folder / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return int(fields[2]) == group and fields[0] not in "ZX"


def records_of(study: Path) -> dict[str, int]:
    """When each record of the cache was written."""
    cache = study / "results" / "cache"
    return {path.name: path.stat().st_mtime_ns for path in cache.glob("*/*.json.gz")}


def temporaries_of(study: Path) -> list[Path]:
    return list((study / "results").rglob(".*.tmp*"))


def list_moments() -> list[object]:
    marks = [pytest.mark.exhaustive]
    return [
        pytest.param(seed, marks=marks if seed >= MOMENTS_IN_A_ROUTINE_RUN else []) for seed in range(MOMENTS)
    ]


@pytest.mark.requirement("R-DET-2")
@pytest.mark.parametrize("seed", list_moments())
def test_run_killed_at_a_random_moment_ends_as_if_undisturbed(
    study: Path, undisturbed: Undisturbed, tmp_path: Path, seed: int
) -> None:
    expected = undisturbed.digests
    folder = copy_study(study, tmp_path / "study")
    process = start_run(folder)
    time.sleep(random.Random(seed).uniform(0.05, 0.95) * undisturbed.seconds)
    kill_everything(process, folder)
    kept, left = records_of(folder), list_whole_tables(folder)
    assert set(expected) >= {name for name in left if name.startswith(("blinded/", "unblinded/"))}
    run_radfeat("run", str(folder), "--cores", "2")
    assert digests_of_tables(folder) == expected
    assert temporaries_of(folder) == []
    now = records_of(folder)
    assert {name: now[name] for name in kept} == kept, "what was measured before the kill was measured again"
    assert not (folder / "results" / "run.lock").exists()
    run_radfeat("run", str(folder), "--cores", "2")
    assert jobs_of(folder) == {}, "a third run has nothing to do"


def list_whole_tables(study: Path) -> list[str]:
    """Paths in the results of the tables that a killed run left; each must be whole, or reading it fails."""
    results = study / "results"
    paths = [path for path in results.rglob("*.parquet") if not path.name.startswith(".")]
    for path in paths:
        pq.read_table(path)
    return [path.relative_to(results).as_posix() for path in paths]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("a file system can be mounted by root only")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk_has_a_sentence_and_the_run_goes_on_when_there_is_room(
    study: Path, undisturbed: Undisturbed, tmp_path: Path, small_disk: Path
) -> None:
    folder = copy_study(study, tmp_path / "study")
    (folder / "results").symlink_to(small_disk)
    said = run_radfeat("run", str(folder), "--cores", "2", expect=3)
    assert re.search(r"No space left on device|the disk is full", said.stderr), said.stderr
    assert "Traceback" not in said.stderr
    subprocess.run(["mount", "-o", "remount,size=200m", str(small_disk)], check=True)
    run_radfeat("run", str(folder), "--cores", "2")
    assert digests_of_tables(folder) == undisturbed.digests


def test_read_only_results_have_a_sentence(study: Path, tmp_path: Path, small_disk: Path) -> None:
    folder = copy_study(study, tmp_path / "study")
    (folder / "results").symlink_to(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    said = run_radfeat("run", str(folder), expect=3)
    assert "Read-only file system" in said.stderr
    assert "Traceback" not in said.stderr


def test_input_that_vanishes_is_a_row_and_comes_back_with_a_second_try(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    folder = copy_study(undisturbed.study, tmp_path / "study")
    image = sorted((folder / "images").rglob("*.nii*"))[0]
    shutil.move(image, tmp_path / image.name)
    run_radfeat("run", str(folder), "--cores", "2")
    before = read_rois(folder)
    gone = [row for row in before if row["reason"] == "NO_IMAGE"]
    assert gone
    assert all("Traceback" not in row["sentence"] for row in gone)
    shutil.move(tmp_path / image.name, image)
    said = run_radfeat("run", str(folder), "--cores", "2", "--retry-failed")
    assert "cases with a failed ROI will be measured again" in said.stderr
    assert digests_of_tables(folder) == undisturbed.digests


@pytest.mark.requirement("R-RUN-1")
def test_second_run_names_the_first(study: Path, tmp_path: Path) -> None:
    folder = copy_study(study, tmp_path / "study")
    first = start_run(folder)
    try:
        while not (folder / "results" / "run.lock").is_file():
            time.sleep(0.05)
        said = run_radfeat("run", str(folder), expect=2)
        assert f"process {first.pid} on " in said.stderr
        assert "at work (process" in run_radfeat("status", str(folder)).stdout
    finally:
        kill_everything(first, folder)


def test_image_too_large_for_its_job_is_a_row_and_is_tried_again_with_more(
    study: Path, tmp_path: Path
) -> None:
    folder = copy_study(study, tmp_path / "study")
    leave_out_models(folder)
    large = write_large_image(folder)
    words = ("--", "--set-resources", "extract:mem_mb=900")
    run_radfeat("run", str(folder), "--cores", "2", *words)
    before = {row["roi_id"]: row for row in read_rois(folder)}
    short = [row for row in before.values() if row["reason"] == "OUT_OF_MEMORY"]
    assert {row["subject_id"] for row in short} == {large}
    assert all("memory" in str(row["sentence"]) for row in short)
    run_radfeat("run", str(folder), "--cores", "2", "--retry-failed")
    after = {row["roi_id"]: row for row in read_rois(folder)}
    changed = [roi for roi in after if after[roi]["reason"] != before[roi]["reason"]]
    assert sorted(changed) == sorted(str(row["roi_id"]) for row in short)
    assert any(after[roi]["status"] == "OK" for roi in changed)


def leave_out_models(folder: Path) -> None:
    path = folder / "config.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    for name in ("clinical", "modelling"):
        del settings[name]
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def write_large_image(folder: Path) -> str:
    """Put 250 million voxels in the place of the first image and mask; the subject that they are of."""
    row = read_rows(folder / "images.csv")[0]
    size = (700, 600, 600)
    image, mask = np.zeros(size, dtype=np.int16), np.zeros(size, dtype=np.uint8)
    image[200:212, 200:212, 200:212] = np.random.default_rng(0).integers(0, 400, (12, 12, 12))
    mask[200:212, 200:212, 200:212] = int(row["label"])
    for name, voxels in (("image", image), ("mask", mask)):
        sitk.WriteImage(sitk.GetImageFromArray(voxels), str(folder / row[name]), useCompression=True)
    return row["subject_id"]


def read_rois(folder: Path) -> list[dict[str, object]]:
    return read_table(folder / "results" / "blinded" / "rois.parquet", ROIS).to_pylist()
