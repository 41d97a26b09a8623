"""What earlier deliveries into a target were: whose files came, and which object was made of which file."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

from radfeat.core.files import write_own_text
from radfeat.tables.csv_text import format_rows, read_records

PRIVATE = "private"
"""Folder of the target for the site alone: it says who is who."""

SUBJECTS, FILES = "subjects.csv", "files.csv"
_REMEDY = "Restore it from a copy, or fill a new target from all deliveries"


@dataclass(frozen=True, order=True, slots=True)
class KnownSubject:
    """Whose files came, as their headers have it: one row for each issuer and date of birth that they say."""

    patient_id: str
    issuer: str
    birth_date: str
    subject_id: str


@dataclass(frozen=True, order=True, slots=True)
class KnownFile:
    """An object of the target, and the file of the source that it was made of, by path and SHA-256."""

    output: str
    path: str
    source_sha256: str

    @property
    def instance(self) -> str:
        """The object's name without folder and suffix."""
        return Path(self.output).stem

    @property
    def subject_id(self) -> str:
        """The subject, by the first folder."""
        return Path(self.output).parts[0]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of a target; files by the name of their instance."""

    subjects: frozenset[KnownSubject] = frozenset()
    files: Mapping[str, KnownFile] = field(default_factory=dict, repr=False)


def read_earlier(target: Path) -> Earlier:
    """What earlier deliveries left in ``private``; nothing where there were none.

    Raises
    ------
    TableError
        If a list is not as it was written.
    """
    private = target / PRIVATE
    subjects = _read(private / SUBJECTS, KnownSubject)
    files = [KnownFile(**row) for row in _read(private / FILES, KnownFile)]
    return Earlier(
        frozenset(KnownSubject(**row) for row in subjects), {file.instance: file for file in files}
    )


def write_earlier(target: Path, earlier: Earlier) -> None:
    """Write both lists, readable by their owner alone."""
    private = target / PRIVATE
    write_own_text(
        private / SUBJECTS,
        format_rows(_columns(KnownSubject), (astuple(subject) for subject in sorted(earlier.subjects))),
    )
    write_own_text(
        private / FILES,
        format_rows(_columns(KnownFile), (astuple(file) for file in sorted(earlier.files.values()))),
    )


def _read(path: Path, kind: type[KnownSubject] | type[KnownFile]) -> list[dict[str, str]]:
    return read_records(path, _columns(kind), key=f"{PRIVATE}/{path.name}", remedy=_REMEDY)


def _columns(kind: type[KnownSubject] | type[KnownFile]) -> list[str]:
    return [entry.name for entry in fields(kind)]
