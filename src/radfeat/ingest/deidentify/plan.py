"""Before anything is written: which files there are, whose, and which of them are in doubt."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from radfeat.core.batches import Each, map_in_batches
from radfeat.core.errors import InputError, SettingsError
from radfeat.ingest.deidentify.earlier import Earlier, KnownSubject
from radfeat.ingest.deidentify.journal import Profile
from radfeat.ingest.deidentify.one_file import Outcome, name_instance, name_subject
from radfeat.ingest.deidentify.quarantine import Quarantine
from radfeat.ingest.dicom.headers import HeaderError, quiet, read_header, read_text
from radfeat.ingest.inventory.walk import walk_tree

LABELS = 50
"""Files that a worker reads the labels of at a time."""

Progress = Callable[[str, int, int], None]
"""Called with the stage, the files done, and the files in all."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is read of a file before the work: whose it is, and which object; empty where it does not say."""

    path: Path
    patient_id: str = ""
    issuer: str = ""
    birth_date: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A file to de-identify, and the SHA-256 of the source of what stands in the target in its place."""

    path: Path
    known: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A delivery before the work.

    Parameters
    ----------
    tasks
        Files to be de-identified.
    settled
        Files that will not be, each with its reason.
    subjects
        Whose files came, in this delivery and before.
    doubtful
        Subjects of which it is now in doubt that they are one person.
    instances
        Names of the objects that files would become.
    """

    tasks: tuple[Task, ...]
    settled: tuple[Outcome, ...]
    subjects: frozenset[KnownSubject]
    doubtful: frozenset[str]
    instances: Mapping[Path, str] = field(repr=False)


def plan_delivery(
    source: Path, profile: Profile, earlier: Earlier, *, workers: int, progress: Progress
) -> Plan:
    """List all files below a folder, and hold them against each other and against earlier deliveries.

    Raises
    ------
    SettingsError
        If two PatientIDs would share a pseudonym.
    InputError
        If there are no files.
    WorkerError
        If a worker process was killed.
    """
    tree = walk_tree(source)
    if not tree.files and not tree.skipped:
        raise InputError("there are no files in the source folder", remedy="Check the path")
    paths = [Path(file.path) for file in tree.files]
    labels = map_in_batches(
        Each(read_label),
        paths,
        workers=workers,
        preload=__name__,
        limit=LABELS,
        on_progress=partial(progress, "read"),
    )
    subjects = earlier.subjects | _list_subjects(labels, profile)
    if profile.subjects is None:
        _require_a_name_each(subjects)
    doubts = _find_doubts(subjects, profile)
    settled = {label.path: reason for label in labels if (reason := doubts.get(label.patient_id))}
    outcomes = {**_find_copies(labels), **{path: Outcome(path, quarantine=r) for path, r in settled.items()}}
    instances = {label.path: name_instance(label.instance, profile) for label in labels if label.instance}
    known = {name: file.source_sha256 for name, file in earlier.files.items()}
    return Plan(
        tasks=tuple(Task(p, known.get(instances.get(p, ""), "")) for p in paths if p not in outcomes),
        settled=(*outcomes.values(), *(Outcome(Path(s.path), quarantine=s.reason) for s in tree.skipped)),
        subjects=subjects,
        doubtful=frozenset(s.subject_id for s in subjects if s.patient_id in doubts),
        instances=instances,
    )


def read_label(path: Path) -> Label:
    """The label of one file; empty where it cannot be read."""
    try:
        header = read_header(path)
    except HeaderError:
        return Label(path)
    with quiet():
        keywords = ("PatientID", "IssuerOfPatientID", "PatientBirthDate", "SOPInstanceUID")
        return Label(path, *(read_text(header, keyword) or "" for keyword in keywords))


def _list_subjects(labels: Iterable[Label], profile: Profile) -> frozenset[KnownSubject]:
    found = {(label.patient_id, label.issuer, label.birth_date) for label in labels if label.patient_id}
    named = ((*entry, name_subject(entry[0], entry[1], profile)[0]) for entry in found)
    return frozenset(KnownSubject(*entry) for entry in named)


def _require_a_name_each(subjects: Iterable[KnownSubject]) -> None:
    """Pseudonyms are short; two PatientIDs that meet in one must be told apart by a list."""
    owners: dict[str, set[str]] = defaultdict(set)
    for subject in subjects:
        owners[subject.subject_id].add(subject.patient_id)
    shared = sorted(name for name, numbers in owners.items() if len(numbers) > 1)
    if shared:
        raise SettingsError(
            "two PatientIDs share a pseudonym",
            key=shared[0],
            remedy="Name the subjects in a list: --subjects FILE",
        )


def _find_doubts(subjects: Iterable[KnownSubject], profile: Profile) -> dict[str, Quarantine]:
    """PatientIDs that may stand for two persons: two issuers, or two dates of birth, gave them."""
    by_number: dict[str, list[KnownSubject]] = defaultdict(list)
    for subject in subjects:
        by_number[subject.patient_id].append(subject)
    doubts = {number: _doubt(number, group, profile) for number, group in by_number.items()}
    return {number: reason for number, reason in doubts.items() if reason is not None}


def _doubt(number: str, group: Sequence[KnownSubject], profile: Profile) -> Quarantine | None:
    issuers = {subject.issuer for subject in group if subject.issuer}
    listed = profile.subjects or {}
    if len(issuers) > 1:
        return None if all((number, i) in listed for i in issuers) else Quarantine.TWO_ISSUERS
    births = {subject.birth_date for subject in group if subject.birth_date}
    return Quarantine.TWO_PERSONS if len(births) > 1 else None


def _find_copies(labels: Sequence[Label]) -> dict[Path, Outcome]:
    """Files that share a SOPInstanceUID: equal ones are copies of the first, unequal ones all doubtful."""
    by_instance: dict[str, list[Path]] = defaultdict(list)
    for label in labels:
        if label.instance:
            by_instance[label.instance].append(label.path)
    found: dict[Path, Outcome] = {}
    for paths in by_instance.values():
        if len(paths) > 1:
            equal = len({hashlib.sha256(path.read_bytes()).digest() for path in paths}) == 1
            found.update(
                {path: Outcome(path, copy=True) for path in paths[1:]}
                if equal
                else {path: Outcome(path, quarantine=Quarantine.TWO_CONTENTS) for path in paths}
            )
    return found
