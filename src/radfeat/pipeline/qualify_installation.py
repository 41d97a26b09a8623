"""Installation checks: whether what is installed here is what was locked, and whole."""

import base64
import hashlib
import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement as Needed
from packaging.specifiers import SpecifierSet

from radfeat.core.provenance import compute_file_sha256
from radfeat.core.version import VERSION
from radfeat.submission.lock_file import Locked, canonical_name, parse_lock
from radfeat.submission.qualification import Check, Stage
from radfeat.submission.requirements import Result

PACKAGE = Path(__file__).resolve().parents[1]
LOCK = PACKAGE / "workflow_files" / "requirements.lock"
DATA_FILES = (
    *("workflow_files/Snakefile", "workflow_files/workflow/rules", "ibsi/reference_values.csv"),
    *("features/register.csv", "report/templates/page.html", "submission/requirement_tests.csv"),
)
"""One of each kind of file that is not code."""

_MOST_NAMED = 5


def check_installation() -> Iterator[Check]:
    """Every installation check, in its order; nothing is downloaded."""
    needed = list_needed()
    yield check_python()
    yield check_needed(needed)
    if LOCK.is_file():
        yield check_locked(needed, parse_lock(LOCK.read_text(encoding="utf-8")))
    else:
        yield _say("IQ-3", _LOCKED, Result.NOT_RUN, "The lock is not in this installation.", "R-INST-1")
    yield check_files(needed)
    yield check_own_files()


_LOCKED = "Is every package installed in the version that the lock names?"


def _say(name: str, asked: str, result: Result, found: str, *requirements: str) -> Check:
    return Check(name, Stage.INSTALLATION, asked, result, found, requirements)


def _judge(faults: list[str]) -> Result:
    return Result.FAILED if faults else Result.PASSED


def _list(faults: list[str]) -> str:
    more = f" and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
    return ", ".join(faults[:_MOST_NAMED]) + more


def check_python() -> Check:
    """Whether this Python is in the range that radfeat declares."""
    allowed = distribution("radfeat").metadata["Requires-Python"] or ""
    found = platform.python_version()
    fits = SpecifierSet(allowed).contains(found, prereleases=True)
    result = Result.PASSED if fits else Result.FAILED
    return _say(
        "IQ-1", "Is this Python one that radfeat was made for?", result, f"{found}; allowed {allowed}."
    )


def list_needed() -> dict[str, Distribution | None]:
    """By canonical name: what radfeat needs here, directly or through others; None where it is absent."""
    found: dict[str, Distribution | None] = {}
    waiting = ["radfeat"]
    while waiting:
        name = waiting.pop()
        if canonical_name(name) in found:
            continue
        try:
            package = distribution(name)
        except PackageNotFoundError:
            found[canonical_name(name)] = None
            continue
        found[canonical_name(name)] = package
        waiting += [n.name for n in _list_requirements(package)]
    found.pop("radfeat", None)
    return dict(sorted(found.items()))


def _list_requirements(package: Distribution) -> Iterator[Needed]:
    for text in package.requires or ():
        needed = Needed(text)
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            yield needed


def check_needed(needed: Mapping[str, Distribution | None]) -> Check:
    """Whether every package is there that radfeat needs, in a version that it allows."""
    faults = [f"{name} is absent" for name, package in needed.items() if package is None]
    for wanted in _list_requirements(distribution("radfeat")):
        package = needed.get(canonical_name(wanted.name))
        if package is not None and not wanted.specifier.contains(package.version, prereleases=True):
            faults.append(f"{wanted.name} {package.version} (allowed {wanted.specifier})")
    found = f"{len(needed)} packages." if not faults else f"{_list(faults)}."
    asked = "Is every package there that radfeat needs, in a version that it allows?"
    return _say("IQ-2", asked, _judge(faults), found, "R-INST-3")


def check_locked(needed: Mapping[str, Distribution | None], lock: Mapping[str, Locked]) -> Check:
    """Whether every package is installed in the version that the lock names."""
    faults = []
    for name, package in needed.items():
        if package is None:
            continue
        if name not in lock:
            faults.append(f"{name} {package.version} is not in the lock")
        elif package.version != lock[name].version:
            faults.append(f"{name} {package.version} (locked {lock[name].version})")
    found = f"{len(needed)} packages as locked." if not faults else f"{_list(faults)}."
    return _say("IQ-3", _LOCKED, _judge(faults), found, "R-INST-1")


def check_files(needed: Mapping[str, Distribution | None]) -> Check:
    """Whether every installed file has the SHA-256 that was recorded when it was installed."""
    asked = "Has every installed file the SHA-256 that was recorded when it was installed?"
    faults, checked = [], 0
    for package in needed.values():
        for name, is_same in _compare_files(package):
            checked += 1
            if not is_same:
                faults.append(name)
    if not checked:
        return _say("IQ-4", asked, Result.NOT_RUN, "No package recorded its files.", "R-INST-1")
    found = (
        f"{checked} files." if not faults else f"{len(faults)} of {checked} files differ: {_list(faults)}."
    )
    return _say("IQ-4", asked, _judge(faults), found, "R-INST-1")


def _compare_files(package: Distribution | None) -> Iterator[tuple[str, bool]]:
    """Each file with a recorded hash: its name, and whether it is still there and the same."""
    for file in (package.files or ()) if package is not None else ():
        if file.hash is None or file.hash.mode != "sha256":
            continue
        path = Path(str(file.locate()))
        yield str(file), path.is_file() and _encode(path) == file.hash.value


def _encode(path: Path) -> str:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def check_own_files() -> Check:
    """Whether radfeat itself is whole: version, workflow, data files."""
    stated = distribution("radfeat").version
    faults = [f"{name} is absent" for name in DATA_FILES if not (PACKAGE / name).exists()]
    if stated != VERSION:
        faults.append(f"installed as {stated}, but the code is {VERSION}")
    own = compute_file_sha256(PACKAGE / "submission" / "requirement_tests.csv") if not faults else ""
    found = f"Version {VERSION}; matrix of tests {own[:16]}." if not faults else f"{_list(faults)}."
    asked = "Is radfeat itself whole: version, workflow, data files?"
    return _say("IQ-5", asked, _judge(faults), found, "R-INST-2")
