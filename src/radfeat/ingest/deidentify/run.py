"""A whole tree: who is in it, then file by file, side by side; and what became of each."""

import hashlib
import multiprocessing
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from radfeat.core.errors import InputError, SettingsError
from radfeat.ingest.deidentify.journal import Profile
from radfeat.ingest.deidentify.one_file import Outcome, deidentify_file, name_subject
from radfeat.ingest.deidentify.quarantine import Quarantine
from radfeat.ingest.dicom.headers import HeaderError, quiet, read_header, read_text

CHUNK = 8
"""Files handed to a worker at a time."""

DATA = "dicom"
"""Folder of the target that holds the objects: all that may be handed on."""

Progress = Callable[[str, int, int], None]
"""Called with the stage, the files done, and the files in all."""

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Label:
    """What is read of a file before the work: whose it is, and which object; empty where it does not say."""

    path: Path
    patient_id: str = ""
    issuer: str = ""
    birth_date: str = ""
    instance: str = ""


def deidentify_tree(
    source: Path, target: Path, profile: Profile, *, workers: int, progress: Progress
) -> tuple[Outcome, ...]:
    """De-identify all files below ``source`` into the folder ``dicom`` of ``target``.

    Returns
    -------
    tuple of Outcome
        One for each file, sorted by its path.

    Raises
    ------
    SettingsError
        If two PatientIDs would share a pseudonym.
    InputError
        If there are no files, or a worker process was killed.
    """
    paths = list_files(source)
    if not paths:
        raise InputError("there are no files in the source folder", remedy="Check the path")
    labels = list(_map(read_label, paths, workers, partial(progress, "read")))
    _require_a_name_each(labels, profile)
    settled = {**_find_copies(labels), **_find_doubtful_subjects(labels, profile)}
    work = [path for path in paths if path not in settled]
    make = partial(deidentify_file, target=target / DATA, profile=profile)
    done = list(_map(make, work, workers, partial(progress, "write")))
    return tuple(sorted([*done, *settled.values()], key=lambda outcome: os.fsencode(outcome.path)))


def list_files(source: Path) -> list[Path]:
    """All regular files below a folder, links to files among them, sorted; linked folders are not entered."""
    found = [Path(folder) / name for folder, _, names in os.walk(source, followlinks=False) for name in names]
    return sorted((path for path in found if path.is_file()), key=os.fsencode)


def read_label(path: Path) -> Label:
    """The label of one file; empty where it cannot be read."""
    try:
        header = read_header(path)
    except HeaderError:
        return Label(path)
    with quiet():
        keywords = ("PatientID", "IssuerOfPatientID", "PatientBirthDate", "SOPInstanceUID")
        return Label(path, *(read_text(header, keyword) or "" for keyword in keywords))


def _require_a_name_each(labels: Sequence[Label], profile: Profile) -> None:
    """Pseudonyms are short; two PatientIDs that meet in one must be told apart by a list."""
    if profile.subjects is not None:
        return
    owners: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        if label.patient_id:
            owners[name_subject(label.patient_id, label.issuer, profile)[0]].add(label.patient_id)
    shared = sorted(name for name, numbers in owners.items() if len(numbers) > 1)
    if shared:
        raise SettingsError(
            "two PatientIDs share a pseudonym",
            key=shared[0],
            remedy="Name the subjects in a list: --subjects FILE",
        )


def _find_doubtful_subjects(labels: Sequence[Label], profile: Profile) -> dict[Path, Outcome]:
    """Files whose PatientID may stand for two persons: two issuers, or two dates of birth, gave it."""
    found: dict[Path, Outcome] = {}
    by_number: dict[str, list[Label]] = defaultdict(list)
    for label in labels:
        if label.patient_id:
            by_number[label.patient_id].append(label)
    for number, group in by_number.items():
        reason = _doubt(number, group, profile)
        if reason is not None:
            found.update({label.path: Outcome(label.path, quarantine=reason) for label in group})
    return found


def _doubt(number: str, group: Sequence[Label], profile: Profile) -> Quarantine | None:
    issuers = {label.issuer for label in group if label.issuer}
    listed = profile.subjects or {}
    if len(issuers) > 1:
        return None if all((number, i) in listed for i in issuers) else Quarantine.TWO_ISSUERS
    births = {label.birth_date for label in group if label.birth_date}
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


def _map(
    work: Callable[[Path], _Result], paths: Sequence[Path], workers: int, say: Callable[[int, int], None]
) -> Iterator[_Result]:
    """Results in the order of the paths; one worker means this process."""
    say(0, len(paths))
    results = map(work, paths) if min(workers, len(paths)) <= 1 else _map_in_pool(work, paths, workers)
    for done, result in enumerate(results, start=1):
        say(done, len(paths))
        yield result


def _map_in_pool(work: Callable[[Path], _Result], paths: Sequence[Path], workers: int) -> Iterator[_Result]:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(min(workers, len(paths)), mp_context=context) as pool:
        try:
            yield from pool.map(work, paths, chunksize=CHUNK)
        except BrokenProcessPool:
            raise InputError(
                "a worker process was killed, perhaps for want of memory",
                remedy="Run again with fewer --workers; what is written stays",
            ) from None
