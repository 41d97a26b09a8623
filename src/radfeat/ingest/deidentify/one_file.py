"""One file: read, judged, made anew, searched in memory, and only then written, under a new name."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset

from radfeat.core.files import write_atomically
from radfeat.ingest.deidentify.elements import Cleaning, clean_dataset
from radfeat.ingest.deidentify.journal import Journal, Person, Profile
from radfeat.ingest.deidentify.markers import add_markers, build_file_meta
from radfeat.ingest.deidentify.quarantine import Quarantine, judge
from radfeat.ingest.deidentify.table import Action
from radfeat.ingest.deidentify.traces import build_needles, has_trace
from radfeat.ingest.dicom.headers import READ_FAULTS, HeaderError, parse_dataset, quiet, read_text
from radfeat.ingest.dicom.series_key import instance_key, series_key
from radfeat.ingest.identity import identity_texts, identity_words, name_words, names_someone, words_of
from radfeat.ingest.inventory.records import SkipReason


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: written (``output`` from the folder of objects), or in quarantine.

    ``quarantine`` may also be the reason why it was not opened. ``unchanged`` where the same bytes stood
    there already; ``copy`` where another file of the source has the same bytes and stands for both.
    """

    path: Path
    output: str | None = None
    unchanged: bool = False
    copy: bool = False
    quarantine: Quarantine | SkipReason | None = None
    subject_id: str = ""
    patient_id: str = ""
    source_sha256: str = ""
    actions: Counter[tuple[Action, str]] = field(default_factory=Counter)
    withheld: tuple[tuple[str, str], ...] = ()


_ENCODING_FAULTS = (HeaderError, *(fault for fault in READ_FAULTS if not issubclass(fault, OSError)))
"""What pydicom raises for values that it cannot decode or encode; a full disk is none of them."""


def deidentify_file(path: Path, target: Path, profile: Profile, known: str = "") -> Outcome:
    """De-identify one file into ``target``; whatever goes wrong with its contents, nothing is written.

    Its name there is ``<subject>/<study>/<series>/<instance>.dcm``, all but the subject hashes of new UIDs:
    it depends on the file and the key alone. ``known`` is the SHA-256 of the source of what stands there
    under this instance; empty where nothing does.
    """
    with quiet():
        try:
            data = path.read_bytes()
            dataset = parse_dataset(data)
        except (HeaderError, OSError):
            return Outcome(path, quarantine=Quarantine.NOT_DICOM)
        digest = hashlib.sha256(data).hexdigest()
        patient_id = read_text(dataset, "PatientID") or ""
        issuer = read_text(dataset, "IssuerOfPatientID") or ""
        subject_id, reason = name_subject(patient_id, issuer, profile)
        if known and known != digest:
            reason = Quarantine.TWO_CONTENTS
        reason = reason or judge(dataset, data) or _judge_name(dataset, subject_id, profile)
        if reason is not None:
            return Outcome(path, quarantine=reason)
        made = _make(dataset, subject_id, profile)
        if isinstance(made, Quarantine):
            return Outcome(path, quarantine=made)
        return Outcome(
            path,
            made.output,
            unchanged=_save(made.data, target / made.output),
            subject_id=subject_id,
            patient_id=patient_id,
            source_sha256=digest,
            actions=made.journal.actions,
            withheld=tuple(made.journal.withheld),
        )


def name_instance(instance_uid: str, profile: Profile) -> str:
    """The file of an instance in the target, without suffix, by the UID of its source."""
    instance = Dataset()
    instance.SOPInstanceUID = profile.secret.derive_uid(instance_uid)
    return instance_key(instance)


def name_subject(patient_id: str, issuer: str, profile: Profile) -> tuple[str, Quarantine | None]:
    """The subject's id in the trial, or why there is none."""
    if not patient_id:
        return "", Quarantine.NO_SUBJECT
    if profile.subjects is None:
        return profile.secret.derive_subject(patient_id), None
    listed = profile.subjects.get((patient_id, issuer)) or profile.subjects.get((patient_id, ""))
    return (listed, None) if listed else ("", Quarantine.NOT_IN_LIST)


def _judge_name(dataset: Dataset, subject_id: str, profile: Profile) -> Quarantine | None:
    """A subject id of the list must not be made of the name of the subject; pseudonyms cannot be."""
    named = profile.subjects is not None and names_someone(subject_id, name_words(dataset))
    return Quarantine.NAMED if named else None


def build_person(dataset: Dataset, subject_id: str, profile: Profile) -> Person:
    """Shift and words of the subject; words that the subject's id in the trial is made of are free."""
    words = identity_words(dataset) - words_of(subject_id)
    return Person(subject_id, profile.secret.derive_shift_days(subject_id), words)


@dataclass(frozen=True, slots=True)
class _Made:
    """An object that was made anew, searched, and is not written yet."""

    output: str
    data: bytes
    journal: Journal


def _make(dataset: Dataset, subject_id: str, profile: Profile) -> _Made | Quarantine:
    person, journal = build_person(dataset, subject_id, profile), Journal()
    try:
        result = clean_dataset(dataset, Cleaning(profile, person, journal))
        result.file_meta = build_file_meta(dataset, result)
        add_markers(result, journal)
        made = _Made(_name_file(result, subject_id), _encode(result), journal)
        plain = subject_id.lower().encode()
        needles = build_needles(identity_texts(dataset), journal.uids)
        left = has_trace(made.data, frozenset(n for n in needles if n not in plain), person.words)
    except _ENCODING_FAULTS:
        return Quarantine.UNWRITABLE
    return Quarantine.TRACE if left else made


def _name_file(result: Dataset, subject_id: str) -> str:
    study = Dataset()
    study.SOPInstanceUID = result.StudyInstanceUID
    return f"{subject_id}/{instance_key(study)}/{series_key(result)}/{instance_key(result)}.dcm"


def _encode(result: Dataset) -> bytes:
    buffer = BytesIO()
    result.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _save(data: bytes, path: Path) -> bool:
    """Write a file; say whether the same bytes stood there already."""
    if path.is_file() and path.read_bytes() == data:
        return True
    write_atomically(path, lambda temporary: temporary.write_bytes(data))
    return False
