"""How much memory a process may have: of the machine, of its control group, by a limit on itself."""

import os
import resource
import sys
from pathlib import Path

_CGROUP_V2 = Path("/sys/fs/cgroup")
_PROC = Path("/proc")


def read_available_memory_mb() -> float:
    """Memory (MB, 10^6 bytes) that new processes can have here without swapping.

    On Linux what the kernel calls available, or what is left to the control group of this process (a
    container, a batch job) where that is less; elsewhere the memory of the machine.
    """
    meminfo = _PROC / "meminfo"
    if not meminfo.is_file():
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e6
    machine = _read_kb(meminfo, "MemAvailable:")
    return min([machine * 1024 / 1e6, *_list_group_limits_mb(_find_group())])


def limit_own_memory(budget_mb: float) -> None:
    """Let this process take ``budget_mb`` beyond what it has; more is a MemoryError, not the end of others.

    On Linux only: elsewhere the kernel does not hold a process to such a limit.
    """
    if sys.platform != "linux":
        return
    now = _read_kb(_PROC / "self" / "status", "VmData:") * 1024
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = now + int(budget_mb * 1e6)
    resource.setrlimit(resource.RLIMIT_DATA, (limit if hard < 0 else min(limit, hard), hard))


def _read_kb(path: Path, name: str) -> int:
    for line in path.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(name):
            return int(line.split()[1])
    return 0


def _find_group() -> Path:
    """The control group (version 2) of this process."""
    listed = _PROC / "self" / "cgroup"
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    names = [line.partition("::")[2] for line in lines if line.startswith("0::")]
    return _CGROUP_V2 / (names[0].lstrip("/") if names else "")


def _list_group_limits_mb(group: Path) -> list[float]:
    """What is left under the limit of a control group and of each group above it."""
    found = []
    for folder in (group, *group.parents):
        limit, used = folder / "memory.max", folder / "memory.current"
        if limit.is_file() and used.is_file():
            allowed = limit.read_text(encoding="ascii").strip()
            if allowed != "max":
                found.append((int(allowed) - int(used.read_text(encoding="ascii"))) / 1e6)
        if folder == _CGROUP_V2:
            break
    return found
