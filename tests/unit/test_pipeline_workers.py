"""Memory and death of workers: one case is lost, its neighbours live, and the job may be tried again."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from radfeat.config.model import StudySettings
from radfeat.core.errors import WorkerError
from radfeat.core.late_call import LateCall
from radfeat.core.vocabulary import Reason
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline import chunk
from radfeat.pipeline.cache import fingerprint
from radfeat.pipeline.case import _fail_case, out_of_memory, process_case
from radfeat.pipeline.case_settings import CaseFolders, CaseSettings
from radfeat.pipeline.chunk import run_chunk
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.planning import build_plan
from radfeat.pipeline.records import CaseRecord
from radfeat.pipeline.workers import Crew
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.trial import write_trial
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import ROIS

SMALL = {"features": {"classes": {"firstorder": ["Mean"]}}}
CREW = Crew(2, 450.0 + 2 * 250.0)
NEEDED = 400 * 10**6
"""Bytes that the victim takes: more than a share of 250 MB, less than the 500 MB of a worker alone."""

Found = tuple[CaseRecord, list[dict[str, object]]]


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated") / "trial"
    write_trial(folder, SimulationSettings(subjects=4, broken=0, seed=3))
    return folder


@pytest.fixture
def results(simulated: Path, tmp_path: Path) -> ResultsFolder:
    trial = Path(shutil.copytree(simulated, tmp_path / "trial", copy_function=shutil.copy2))
    folder = ResultsFolder(trial / "results")
    build_plan(StudySettings.model_validate(SMALL), trial, folder)
    return folder


def is_victim(case: tuple[ImageRow, ...], folders: CaseFolders) -> bool:
    return case[0].key.case.subject_id.endswith("2")


def work_hungrily(
    case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders, size: int
) -> Found:
    files = fingerprint(case)
    taken = np.ones(size // 8 if is_victim(case, folders) else 1)
    return process_case(case, settings, folders), files if taken.any() else []


def work_or_fail(
    case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders, size: int
) -> Found:
    try:
        return work_hungrily(case, settings, folders, size)
    except MemoryError:
        return _fail_case(case, out_of_memory("the image"), settings), fingerprint(case)


def work_with_400_mb(case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders) -> Found:
    return work_or_fail(case, settings, folders, NEEDED)


def work_with_2_gb(case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders) -> Found:
    return work_or_fail(case, settings, folders, 2 * 10**9)


def work_until_killed(case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders) -> Found:
    if is_victim(case, folders):
        os.kill(os.getpid(), signal.SIGKILL)
    return process_case(case, settings, folders), fingerprint(case)


def work_until_segfault(case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders) -> Found:
    if is_victim(case, folders):
        os.kill(os.getpid(), signal.SIGSEGV)
    return process_case(case, settings, folders), fingerprint(case)


def work_until_exit(case: tuple[ImageRow, ...], settings: CaseSettings, folders: CaseFolders) -> Found:
    if is_victim(case, folders):
        os._exit(1)
    return process_case(case, settings, folders), fingerprint(case)


def reasons_of(folder: ResultsFolder) -> dict[str, str | None]:
    rows = read_table(folder.work("0") / "rois.parquet", ROIS).to_pylist()
    return {row["subject_id"]: row["reason"] for row in rows}


def test_case_too_large_for_its_share_is_measured_alone(
    results: ResultsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk, "_MEASURE", LateCall(__name__, work_with_400_mb.__name__))
    assert run_chunk(results, "0", crew=CREW).failed == 0


def test_case_too_large_for_the_job_is_one_row_and_is_not_kept(
    results: ResultsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk, "_MEASURE", LateCall(__name__, work_with_2_gb.__name__))
    done = run_chunk(results, "0", crew=CREW)
    assert (done.done, done.failed, done.reasons) == (4, 1, {"OUT_OF_MEMORY": 1})
    reasons = reasons_of(results)
    assert sorted(str(reason) for reason in reasons.values()) == ["None", "None", "None", "OUT_OF_MEMORY"]
    assert run_chunk(results, "0", crew=CREW).cached == 3


def test_job_with_more_memory_to_be_had_fails_and_its_other_cases_are_done(
    results: ResultsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk, "_MEASURE", LateCall(__name__, work_with_2_gb.__name__))
    with pytest.raises(WorkerError, match=r"did not suffice for 1 of 4 cases.*950 MB for 2 workers"):
        run_chunk(results, "0", crew=CREW, more=True)
    assert not (results.work("0") / "rois.parquet").exists()
    again = run_chunk(results, "0", crew=Crew(2, 450.0 + 2500.0), more=True)
    assert (again.cached, again.failed) == (3, 0)


@pytest.mark.parametrize(
    ("work", "reason", "words"),
    [
        (work_until_killed, Reason.OUT_OF_MEMORY, "killed in the middle"),
        (work_until_segfault, Reason.COMPUTE_ERROR, "found signal SIGSEGV"),
    ],
)
def test_worker_that_dies_costs_one_case(
    results: ResultsFolder,
    monkeypatch: pytest.MonkeyPatch,
    work: Callable[..., Found],
    reason: Reason,
    words: str,
) -> None:
    monkeypatch.setattr(chunk, "_MEASURE", LateCall(__name__, work.__name__))
    assert run_chunk(results, "0", crew=CREW).failed == 1
    rows = read_table(results.work("0") / "rois.parquet", ROIS).to_pylist()
    failed = [row for row in rows if row["status"] == "FAILED"]
    assert [row["reason"] for row in failed] == [reason.value]
    assert words in failed[0]["sentence"]


def test_worker_that_ends_by_itself_ends_the_job(
    results: ResultsFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunk, "_MEASURE", LateCall(__name__, work_until_exit.__name__))
    with pytest.raises(WorkerError, match="found exit code 1"):
        run_chunk(results, "0", crew=CREW)
