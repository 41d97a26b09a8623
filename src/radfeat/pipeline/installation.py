"""Where a run was packaged: code, packages, processor, linear algebra."""

import hashlib
import os
import platform
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

import threadpoolctl  # type: ignore[import-untyped]

from radfeat.core.version import NUMBERS_VERSION, VERSION
from radfeat.submission.lock_file import canonical_name
from radfeat.submission.sbom import Installed

PACKAGE = Path(__file__).resolve().parents[1]
LOCK = PACKAGE / "workflow_files" / "requirements.lock"
WORKFLOW = PACKAGE / "workflow_files"
_CODE = (".py", ".csv", ".html", ".css", ".sql", ".R", ".yaml", ".smk", ".json", ".md")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def describe_code() -> dict[str, Any]:
    """Version, commit, whether files differ from the commit, and a digest of the code itself.

    Commit and ``dirty`` are None where the package was not installed from a repository.
    """
    commit = _ask_git("rev-parse", "HEAD")
    changed = _ask_git("status", "--porcelain") if commit else None
    return {
        "name": "radfeat",
        "version": VERSION,
        "numbers_version": NUMBERS_VERSION,
        "commit": commit,
        "dirty": None if changed is None else bool(changed),
        "source_sha256": compute_source_digest(PACKAGE),
    }


def compute_source_digest(folder: Path) -> str:
    """SHA-256 of the names and contents of all files of code below a folder."""
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in _CODE):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _ask_git(*words: str) -> str | None:
    """What git says of the repository that the package lies in; None where there is no git or repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(PACKAGE), *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def describe_machine(threads: dict[str, str]) -> dict[str, Any]:
    """Processor, system, Python, and the libraries of linear algebra with their threads.

    Parameters
    ----------
    threads
        The variables of the environment that set numbers of threads.
    """
    pools = [
        {name: pool.get(name) for name in ("internal_api", "version", "architecture", "num_threads")}
        for pool in threadpoolctl.threadpool_info()
    ]
    return {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "processor": _read_processor(),
        "cores": os.cpu_count(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "c_library": " ".join(platform.libc_ver()),
        "linear_algebra": sorted(pools, key=str),
        "threads": dict(sorted(threads.items())),
    }


def _read_processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return platform.processor()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return found[1] if found else platform.processor()


def list_installed() -> tuple[Installed, ...]:
    """Every package that Python finds here but radfeat, by name."""
    found: dict[str, Installed] = {}
    for package in distributions():
        described = _describe_package(package)
        if described is not None and canonical_name(described.name) != "radfeat":
            found.setdefault(canonical_name(described.name), described)
    return tuple(found[name] for name in sorted(found))


def _describe_package(package: Distribution) -> Installed | None:
    """A package; None where its record is damaged, as after an installation that was broken off."""
    fields = package.metadata.json
    name, version = fields.get("name"), fields.get("version")
    if not isinstance(name, str) or not isinstance(version, str):
        return None
    licence = str(fields.get("license_expression") or fields.get("license") or "")
    requires = tuple(sorted({canonical_name(n) for n in _list_required(package)}))
    return Installed(name, version, licence.splitlines()[0][:120] if licence else "", requires)


def _list_required(package: Distribution) -> Iterator[str]:
    for text in package.requires or ():
        found = _NAME.match(text)
        if found and "extra ==" not in text:
            yield found[0]


def list_workflow_files() -> dict[str, Path]:
    """The workflow of this installation: Snakefile and rules, by their place."""
    rules = sorted((WORKFLOW / "workflow").rglob("*"))
    found = {path.relative_to(WORKFLOW).as_posix(): path for path in rules if path.is_file()}
    return {"Snakefile": WORKFLOW / "Snakefile", **found}
