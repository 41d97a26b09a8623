"""The package as a BagIt bag: written by the library, checked here file by file, so that each fault is named.

Two manifests of each kind (SHA-256 and SHA-512) vouch for every file. Where one of the two disagrees with the
file and the other does not, the manifest was changed, not the file.

Reference: RFC 8493, The BagIt File Packaging Format.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import bagit

from radfeat.core.errors import SubmissionError
from radfeat.core.files import write_text

ALGORITHMS = ("sha256", "sha512")
SIGNATURES = "signatures"
"""Folder of the signatures; they vouch for the tag manifest, so no manifest can vouch for them."""
DECLARATION = "bagit.txt"
SEAL = "tagmanifest-sha256.txt"
"""Its own SHA-256 is the identity of the package: it covers every other file but the signatures."""
_LINE = re.compile(r"(?P<digest>[0-9a-f]+) [ *]?(?P<path>.+)")


class FaultKind(StrEnum):
    """What is wrong with a file of a bag."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class BagFault:
    """A file of a bag that is not as it was written; ``path`` is relative to the bag."""

    kind: FaultKind
    path: str

    @property
    def sentence(self) -> str:
        """The fault in words."""
        return f"{self.path}: {self.kind.value}"


@dataclass(frozen=True, slots=True)
class Bag:
    """What manifests say: of each path the digest by algorithm; and those that cannot be read."""

    vouched: Mapping[str, Mapping[str, str]]
    damaged: frozenset[str]


def write_bag(folder: Path, info: Mapping[str, str]) -> None:
    """Turn a folder into a bag: its content moves into ``data``, and manifests are written beside it.

    Parameters
    ----------
    folder
        An absolute path; the folder is changed in place.
    info
        Entries of ``bag-info.txt``; a date has to be among them, for the library would write today's.

    Raises
    ------
    SubmissionError
        A file name holds a line end, which manifests cannot write.
    """
    strange = [p for p in folder.rglob("*") if any(c in p.name for c in "\r\n")]
    if strange:
        raise SubmissionError("a file name holds a line end", key=repr(strange[0].name), remedy="Rename it")
    bagit.make_bag(str(folder), bag_info=dict(info), checksums=list(ALGORITHMS))
    for algorithm in ALGORITHMS:
        # The library lists tag files as the file system does, which differs between machines.
        path = folder / f"tagmanifest-{algorithm}.txt"
        lines = path.read_text(encoding="utf-8").splitlines()
        write_text(
            path, "".join(f"{line}\n" for line in sorted(lines, key=lambda line: line.split(" ", 1)[1]))
        )


def is_bag(folder: Path) -> bool:
    """Whether a folder is, or was, a bag."""
    return (folder / DECLARATION).is_file() or (folder / SEAL).is_file()


def compute_seal(folder: Path) -> str:
    """The identity of a package: SHA-256 of its tag manifest.

    Raises
    ------
    SubmissionError
        There is no tag manifest.
    """
    path = folder / SEAL
    if not path.is_file():
        raise SubmissionError(
            "this is no package, or its tag manifest is gone",
            key=str(folder),
            remedy="Name the folder that `radfeat package` wrote",
        )
    return hash_file(path, "sha256")


def check_bag(folder: Path) -> tuple[BagFault, ...]:
    """Every file of a bag that is not as it was written, by path.

    Links are faults: they would lead out of the package.
    """
    kinds = {
        "manifest": _read_manifests(folder, "manifest"),
        "tagmanifest": _read_manifests(folder, "tagmanifest"),
    }
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_leaf(path)}
    faults: set[BagFault] = set()
    for kind, bag in kinds.items():
        faults |= {BagFault(FaultKind.CHANGED, path) for path in bag.damaged}
        for path, digests in bag.vouched.items():
            faults |= set(_check_file(folder, path, digests, kind, path in present))
    listed = {path for bag in kinds.values() for path in bag.vouched}
    faults |= {BagFault(FaultKind.ADDED, path) for path in present - listed if not _is_unlisted(path)}
    faults |= {BagFault(FaultKind.MISSING, name) for name in _list_own() if name not in present}
    return tuple(sorted(faults, key=lambda fault: (fault.path, fault.kind)))


def _list_own() -> list[str]:
    """The files without which a package is none."""
    manifests = [
        f"{kind}-{algorithm}.txt" for kind in ("manifest", "tagmanifest") for algorithm in ALGORITHMS
    ]
    return [DECLARATION, "bag-info.txt", *manifests]


def _is_leaf(path: Path) -> bool:
    return path.is_symlink() or not path.is_dir()


def _is_unlisted(path: str) -> bool:
    """Whether no manifest lists a file: the tag manifests and the signatures."""
    return path.startswith((f"{SIGNATURES}/", "tagmanifest-"))


def _check_file(
    folder: Path, path: str, digests: Mapping[str, str], kind: str, present: bool
) -> Iterable[BagFault]:
    """What is wrong with a file, or with the manifests that list it."""
    manifests = {algorithm: f"{kind}-{algorithm}.txt" for algorithm in ALGORITHMS}
    if not present:
        if len(digests) == len(ALGORITHMS):
            yield BagFault(FaultKind.MISSING, path)
        else:  # a name that one manifest alone knows: that manifest was changed
            yield from (BagFault(FaultKind.CHANGED, manifests[algorithm]) for algorithm in digests)
        return
    target = folder / path
    agreeing = (
        set()
        if target.is_symlink()
        else {algorithm for algorithm in digests if hash_file(target, algorithm) == digests[algorithm]}
    )
    if not agreeing:
        yield BagFault(FaultKind.CHANGED, path)
        return
    yield from (BagFault(FaultKind.CHANGED, manifests[a]) for a in ALGORITHMS if a not in agreeing)


def _read_manifests(folder: Path, kind: str) -> Bag:
    vouched: dict[str, dict[str, str]] = {}
    damaged: set[str] = set()
    for algorithm in ALGORITHMS:
        name = f"{kind}-{algorithm}.txt"
        path = folder / name
        if not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        if not text.endswith("\n") or "\r" in text:
            damaged.add(name)
        for line in text.splitlines():
            found = _LINE.fullmatch(line)
            if found is None or not _is_inside(found["path"]):
                damaged.add(name)
                continue
            vouched.setdefault(found["path"], {})[algorithm] = found["digest"]
    return Bag(vouched, frozenset(damaged))


def _is_inside(path: str) -> bool:
    """Whether a path stays in the bag."""
    return not path.startswith("/") and ".." not in path.split("/")


def hash_file(path: Path, algorithm: str) -> str:
    """Digest (hexadecimal) of a file's bytes, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm).hexdigest()
