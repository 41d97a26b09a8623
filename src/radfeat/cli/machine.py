"""What the machine gives to a job."""

import os
from collections.abc import Iterator
from pathlib import Path

_LIMITS = {"": ("", "memory.max"), "memory": ("memory", "memory.limit_in_bytes")}
"""By controller in ``/proc/self/cgroup`` (version 2 has none): folder and file of the limit."""


def read_memory_mb(root: Path = Path("/")) -> float:
    """Memory that this process may use, in MB: the machine's, or less where a job or container is limited.

    ``root`` is the root of the file system, in which Linux shows control groups.
    """
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *_list_limits(root)]) / 1e6


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
