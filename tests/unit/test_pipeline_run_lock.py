"""One run at a time in a results folder, and whose lock it is."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from radfeat.core.errors import SettingsError
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.run_lock import (
    SILENT_SECONDS,
    Holder,
    _describe_self,
    hold_results,
    read_holder,
    release,
)

HOLDING = (
    "import sys, time; from pathlib import Path; from radfeat.pipeline.run_lock import hold_results;"
    "from radfeat.pipeline.folders import ResultsFolder\n"
    "with hold_results(ResultsFolder(Path(sys.argv[1]))): print('held', flush=True); time.sleep(600)"
)


def start_holder(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDING, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def write_lock(folder: ResultsFolder, holder: Holder) -> None:
    folder.root.mkdir(parents=True, exist_ok=True)
    folder.run_lock.write_text(json.dumps(asdict(holder)), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    return ResultsFolder(tmp_path / "results")


@pytest.mark.requirement("R-RUN-1")
def test_second_run_refuses_with_host_and_process_of_the_first(folder: ResultsFolder) -> None:
    first = start_holder(folder.root)
    try:
        with (
            pytest.raises(SettingsError, match=f"process {first.pid} on {socket.gethostname()}"),
            hold_results(folder),
        ):
            pass
        assert read_holder(folder.run_lock) is not None, "the refused run must leave the first one's lock"
        with pytest.raises(SettingsError, match=f"process {first.pid}"):
            release(folder.run_lock)
    finally:
        first.kill()
        first.communicate()


def test_lock_of_a_killed_run_is_taken_over_and_named(folder: ResultsFolder) -> None:
    first = start_holder(folder.root)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert folder.run_lock.is_file()
    with hold_results(folder) as hold:
        assert hold.dead is not None
        assert hold.dead.process == first.pid
        holder = read_holder(folder.run_lock)
        assert holder is not None
        assert holder.process == os.getpid()
    assert not folder.run_lock.exists()


def test_another_process_with_the_number_of_the_holder_is_not_the_holder(folder: ResultsFolder) -> None:
    write_lock(folder, replace(_describe_self(), start=1))
    with hold_results(folder) as hold:
        assert hold.dead is not None


def test_jobs_that_outlive_their_run_are_named_with_the_words_to_end_them(folder: ResultsFolder) -> None:
    orphan = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        write_lock(folder, replace(_describe_self(), start=1, group=orphan.pid))
        with pytest.raises(SettingsError, match=f"kill -- -{orphan.pid}"), hold_results(folder):
            pass
    finally:
        orphan.kill()
        orphan.wait()
    with hold_results(folder):
        pass


def test_run_on_another_host_is_respected_and_its_silence_is_told(folder: ResultsFolder) -> None:
    write_lock(folder, Holder("node7", 12, 0, time.time()))
    with (
        pytest.raises(SettingsError, match=r"process 12 on node7.*stop it there"),
        hold_results(folder),
    ):
        pass
    with pytest.raises(SettingsError, match="sign of life 0 s ago"):
        release(folder.run_lock)
    old = time.time() - SILENT_SECONDS - 60
    os.utime(folder.run_lock, (old, old))
    with pytest.raises(SettingsError, match=r"no sign of life for 6 minutes.*--unlock"), hold_results(folder):
        pass
    holder = release(folder.run_lock)
    assert holder is not None
    assert holder.host == "node7"
    with hold_results(folder) as hold:
        assert hold.dead is None


def test_of_many_that_find_a_dead_holder_one_takes_its_place(folder: ResultsFolder) -> None:
    write_lock(folder, replace(_describe_self(), start=1))
    taking = (
        "import sys, time; from pathlib import Path; from radfeat.core.errors import SettingsError;"
        "from radfeat.pipeline.run_lock import hold_results;"
        "from radfeat.pipeline.folders import ResultsFolder\n"
        "while time.time() < float(sys.argv[2]): pass\n"
        "try:\n with hold_results(ResultsFolder(Path(sys.argv[1]))): print('held'); time.sleep(3)\n"
        "except SettingsError: print('refused')"
    )
    start = str(time.time() + 4)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", taking, str(folder.root), start], stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = sorted(racer.communicate()[0].strip() for racer in racers)
    assert said.count("held") >= 1
    assert set(said) == {"held", "refused"}
    assert not folder.run_lock.exists()


def test_damaged_lock_hinders_nobody(folder: ResultsFolder) -> None:
    folder.root.mkdir(parents=True)
    folder.run_lock.write_text("{", encoding="utf-8")
    with hold_results(folder):
        pass
