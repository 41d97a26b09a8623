"""How much memory a process may have: of the machine, of its control group, by a limit on itself."""

import os
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

_LIMITS = {"": ("", "memory.max"), "memory": ("memory", "memory.limit_in_bytes")}
"""By controller in ``/proc/self/cgroup`` (version 2 has none): folder and file of the limit."""


def read_memory_mb(root: Path = Path("/")) -> float:
    """Memory that this process may use, in MB: the machine's, or less where a job or container is limited.

    ``root`` is the root of the file system, in which Linux shows control groups. A Slurm without these says
    in the environment (``SLURM_MEM_PER_NODE``, MiB) what a job was given.
    """
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    given = os.environ.get("SLURM_MEM_PER_NODE", "")
    of_job = [int(given) * 2**20] if given.isdigit() and int(given) else []
    return min([machine, *of_job, *_list_limits(root)]) / 1e6


def read_available_memory_mb(root: Path = Path("/")) -> float:
    """Memory (MB) that new processes can have now: the same, or less where others have taken it.

    On Linux what the kernel calls available; elsewhere it is not known what others have taken.
    """
    meminfo = root / "proc/meminfo"
    taken = [_read_kb(meminfo, "MemAvailable:") * 1024 / 1e6] if meminfo.is_file() else []
    return min([read_memory_mb(root), *taken])


def limit_own_memory(budget_mb: float) -> None:
    """Let this process take ``budget_mb`` beyond what it has; more is a MemoryError, not the end of others.

    On Linux only: elsewhere the kernel does not hold a process to such a limit.
    """
    if sys.platform != "linux":
        return
    now = _read_kb(Path("/proc/self/status"), "VmData:") * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = now + int(budget_mb * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard < 0 else min(limit, hard), hard))


def _read_kb(path: Path, name: str) -> int:
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def _list_limits(root: Path) -> Iterator[int]:
    """Limits, in bytes, of the process's control groups and of those around them."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controller, group = line.split(":", 2)
        if controller in _LIMITS:
            folder, name = _LIMITS[controller]
            top = root / "sys/fs/cgroup" / folder
            inner = Path(group.lstrip("/"))
            yield from (n for place in (inner, *inner.parents) for n in _read_limit(top / place / name))


def _read_limit(path: Path) -> Iterator[int]:
    # A container does not show the groups around it: what cannot be read limits nothing that is known.
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError:
        return
    if text.isdigit():
        yield int(text)
