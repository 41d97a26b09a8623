"""Memory of a job is that of its control group where it is less than the machine's."""

from pathlib import Path

import pytest

from radfeat.core.memory import read_memory_mb


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("0::/slurm/job_7/step_0", "sys/fs/cgroup/slurm/job_7/memory.max"),
        ("0::/", "sys/fs/cgroup/memory.max"),
        ("5:devices:/\n4:memory:/docker/abc", "sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes"),
        ("4:memory:/docker/not-shown", "sys/fs/cgroup/memory/memory.limit_in_bytes"),
    ],
)
def test_limit_of_the_group_or_of_one_around_it_counts(tmp_path: Path, line: str, file: str) -> None:
    write(tmp_path, "proc/self/cgroup", line + "\n")
    write(tmp_path, file, "64000000\n")
    assert read_memory_mb(tmp_path) == 64.0


@pytest.mark.parametrize("text", ["max", "9223372036854771712", ""])
def test_no_limit_is_the_machine(tmp_path: Path, text: str) -> None:
    machine = read_memory_mb(tmp_path)
    write(tmp_path, "proc/self/cgroup", "0::/a\n")
    write(tmp_path, "sys/fs/cgroup/a/memory.max", text)
    assert read_memory_mb(tmp_path) == machine > 64.0
