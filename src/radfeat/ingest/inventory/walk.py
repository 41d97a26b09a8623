"""Walking a tree of files: each once, in a fixed order, whatever links, rights and odd names there are."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from radfeat.ingest.inventory.records import FoundFile, SkippedFile, SkipReason

_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Tree:
    """What a tree holds, sorted by path."""

    files: tuple[FoundFile, ...]
    skipped: tuple[SkippedFile, ...]


def walk_tree(root: Path) -> Tree:
    """List the files below ``root``.

    Hidden files and folders are passed over. Links are followed after everything else, and only to what was
    not reached before, so that no file is listed twice and no circle is walked.
    """
    walk = _Walk()
    for found in walk.enter(str(root)):
        walk.keep(found)
    while walk.links:
        links, walk.links = sorted(walk.links), []
        for link in links:
            for found in walk.follow(link):
                walk.keep(found)
    return Tree(
        tuple(sorted(walk.files, key=lambda file: os.fsencode(file.path))),
        tuple(sorted(walk.skipped, key=lambda entry: os.fsencode(entry.path))),
    )


class _Walk:
    """The state of one walk: what was reached, and which links wait."""

    def __init__(self) -> None:
        self.files: list[FoundFile] = []
        self.skipped: list[SkippedFile] = []
        self.links: list[str] = []
        self.reached: set[_Identity] = set()

    def keep(self, found: FoundFile | SkippedFile) -> None:
        """Put what was found where it belongs."""
        if isinstance(found, FoundFile):
            self.files.append(found)
        else:
            self.skipped.append(found)

    def enter(self, folder: str) -> Iterator[FoundFile | SkippedFile]:
        """Everything below a folder, links set aside."""
        waiting = [folder]
        while waiting:
            path = waiting.pop()
            try:
                reached = self._reach(Path(path).stat())
                entries = sorted(os.scandir(path), key=lambda entry: entry.name)
            except OSError:
                yield SkippedFile(path, SkipReason.UNREADABLE_FOLDER)
                continue
            if reached:
                yield SkippedFile(path, SkipReason.LINKED)
                continue
            for entry in entries:
                if entry.name.startswith("."):
                    yield SkippedFile(entry.path, SkipReason.HIDDEN)
                elif entry.is_symlink():
                    self.links.append(entry.path)
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    yield self._take(entry.path)

    def follow(self, link: str) -> Iterator[FoundFile | SkippedFile]:
        """What a link leads to, unless it was reached before."""
        try:
            status = Path(link).stat()
        except OSError:
            yield SkippedFile(link, SkipReason.BROKEN_LINK)
            return
        if stat.S_ISDIR(status.st_mode):
            yield from self.enter(link)
        else:
            yield self._take(link)

    def _take(self, path: str) -> FoundFile | SkippedFile:
        try:
            status = Path(path).stat()
        except OSError:
            return SkippedFile(path, SkipReason.UNREADABLE)
        if self._reach(status):
            return SkippedFile(path, SkipReason.LINKED)
        if not stat.S_ISREG(status.st_mode):
            return SkippedFile(path, SkipReason.SPECIAL)
        if status.st_size == 0:
            return SkippedFile(path, SkipReason.EMPTY)
        return FoundFile(path, status.st_size)

    def _reach(self, status: os.stat_result) -> bool:
        """Note a file or folder; say whether it was reached before."""
        identity = (status.st_dev, status.st_ino)
        before = identity in self.reached
        self.reached.add(identity)
        return before
