"""Whose a series is in the trial's own words: subject, site and timepoint, drafted or taken from a list."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from radfeat.core.errors import TableError
from radfeat.ingest.inventory.records import Patient, SeriesHead
from radfeat.tables.sheets import SheetColumn, SheetSchema, read_sheet

_MOST_SHOWN = 20

SUBJECT_SHEET = SheetSchema(
    "subjects",
    "One row per PatientID: the trial's own number of the subject, and its site.",
    (
        SheetColumn("patient_id", "PatientID of the headers.", required=True),
        SheetColumn("subject_id", "Subject of the trial.", required=True),
        SheetColumn("site_id", "Site of the subject."),
        SheetColumn("issuer", "IssuerOfPatientID, where two issuers gave the same PatientID."),
    ),
    ("patient_id", "issuer"),
    duplicate_remedy="Keep one row per PatientID and issuer",
)


class SubjectNaming(StrEnum):
    """Where ``subject_id`` comes from, unless a list of subjects is given."""

    PSEUDONYM = "pseudonym"
    """A keyed hash of PatientID, as ``radfeat ingest deidentify`` makes it."""
    PATIENT_ID = "patient-id"
    """PatientID itself: for data that are de-identified already."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a patient is in the trial; ``problem`` says why that is in doubt, and is empty where it is not."""

    subject_id: str
    site_id: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """When a series was acquired: ``timepoint`` V1, V2, ...; ``day`` from the subject's first study, as 0."""

    timepoint: str
    day: int | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class SubjectList:
    """The trial's own numbers: subject and site (empty where not given) by PatientID and issuer."""

    entries: Mapping[tuple[str, str], tuple[str, str]]

    def find(self, patient: Patient) -> tuple[str, str] | None:
        """Subject and site of a patient; a row without issuer stands for every issuer."""
        exact = self.entries.get((patient.patient_id, patient.issuer))
        return exact or self.entries.get((patient.patient_id, ""))


def tell_joined(subjects: Iterable[tuple[str, str]]) -> str:
    """What to say of subjects with several PatientIDs, given (PatientID, subject) pairs; empty if none has.

    One person can have two numbers; more often it is a slip of the list, and two persons become one.
    """
    owners: dict[str, set[str]] = defaultdict(set)
    for patient_id, subject_id in subjects:
        owners[subject_id].add(patient_id)
    joined = sorted(subject for subject, ids in owners.items() if len(ids) > 1)
    if not joined:
        return ""
    shown = ", ".join(joined[:_MOST_SHOWN]) + (" and others" if len(joined) > _MOST_SHOWN else "")
    return f"Several PatientIDs are one subject: {shown}. Are they one person?"


def read_subject_list(path: Path) -> SubjectList:
    """Read the list of subjects.

    Raises
    ------
    TableError
        If it has faults; the message holds line and column of each, and of its cells nothing.
    """
    sheet = read_sheet(path, SUBJECT_SHEET)
    if sheet.faults:
        faults = [replace(fault, value="") for fault in sheet.faults]
        raise TableError("\n".join(fault.sentence for fault in faults).removesuffix("."))
    return SubjectList(
        {
            (row.cells["patient_id"], row.cells["issuer"]): (row.cells["subject_id"], row.cells["site_id"])
            for row in sheet.rows
        }
    )


def name_subjects(
    patients: Iterable[tuple[Patient, str]],
    derive: Callable[[str], str],
    listed: SubjectList | None,
) -> dict[tuple[Patient, str], Subject]:
    """The subject of each patient as the headers have it, at each site where it was found.

    Parameters
    ----------
    patients
        Patients with the site (empty if in doubt) where they were found.
    derive
        Gives the subject's name from PatientID, where no list does.
    listed
        The trial's own numbers; then a patient who is not among them is in doubt.
    """
    found = list(dict.fromkeys(patients))
    doubts = _find_doubts(found, listed)
    subjects = {
        (patient, site): _name(patient, site, derive, listed, doubts.get(patient, ""))
        for patient, site in found
    }
    return _refuse_shared_names(subjects) if listed is None else subjects


def _name(
    patient: Patient,
    site: str,
    derive: Callable[[str], str],
    listed: SubjectList | None,
    doubt: str,
) -> Subject:
    if not patient.patient_id:
        return Subject("", site, "its header has no PatientID")
    if not site and (listed is None or not (listed.find(patient) or ("", ""))[1]):
        doubt = doubt or "it lies in no folder, or in several, that could be a site's"
    if listed is not None:
        entry = listed.find(patient)
        if entry is None:
            return Subject("", site, "its PatientID is not in the list of subjects")
        return Subject(entry[0], entry[1] or site, doubt)
    return Subject(derive(patient.patient_id), site, doubt)


def _find_doubts(found: Sequence[tuple[Patient, str]], listed: SubjectList | None) -> dict[Patient, str]:
    """Patients whose PatientID may stand for more than one person."""
    by_number: dict[str, list[tuple[Patient, str]]] = defaultdict(list)
    for patient, site in found:
        by_number[patient.patient_id].append((patient, site))
    doubts: dict[Patient, str] = {}
    for entries in by_number.values():
        doubt = _doubt([patient for patient, _ in entries], {site for _, site in entries}, listed)
        if doubt:
            doubts.update({patient: doubt for patient, _ in entries})
    return doubts


def _doubt(patients: Sequence[Patient], sites: set[str], listed: SubjectList | None) -> str:
    dates = {patient.birth_date for patient in patients if patient.birth_date}
    sexes = {patient.sex for patient in patients if patient.sex}
    if len(dates) > 1 or len(sexes) > 1:
        return "its PatientID stands for persons with different dates of birth or sexes"
    issuers = {patient.issuer for patient in patients if patient.issuer}
    if len(issuers) > 1 and not (
        listed and all((patients[0].patient_id, i) in listed.entries for i in issuers)
    ):
        return "its PatientID comes from several issuers"
    if len(sites) > 1 and listed is None:
        return "its PatientID occurs at several sites, perhaps for different persons"
    return ""


def _refuse_shared_names(
    subjects: dict[tuple[Patient, str], Subject],
) -> dict[tuple[Patient, str], Subject]:
    """Doubt names that two PatientIDs share: pseudonyms can meet by chance."""
    owners: dict[str, set[str]] = defaultdict(set)
    for (patient, _), subject in subjects.items():
        owners[subject.subject_id].add(patient.patient_id)
    doubt = "its pseudonym is that of another PatientID too"
    return {
        entry: replace(subject, problem=subject.problem or doubt)
        if subject.subject_id and len(owners[subject.subject_id]) > 1
        else subject
        for entry, subject in subjects.items()
    }


def name_visits(series: Iterable[tuple[str, SeriesHead]]) -> dict[tuple[str, str], Visit]:
    """The visit of each study, by subject and StudyInstanceUID; one date is one visit.

    Parameters
    ----------
    series
        Subject and head of every series of images.
    """
    dates: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for subject, head in series:
        dates[subject][head.study_uid].add(head.study_date)
    return {
        (subject, study): _build_visit(said, studies)
        for subject, studies in dates.items()
        for study, said in studies.items()
    }


def _build_visit(said: set[str], studies: Mapping[str, set[str]]) -> Visit:
    known = sorted({date for dates in studies.values() for date in dates if date})
    if len(said) > 1:
        return Visit("", None, "its study has several dates")
    (date,) = said
    if date:
        return Visit(f"V{known.index(date) + 1}", _days_between(known[0], date))
    if len(studies) == 1:
        return Visit("V1", None)
    return Visit("", None, "its study has no date, and the subject has other studies")


def _days_between(first: str, date: str) -> int:
    return (datetime.strptime(date, "%Y%m%d") - datetime.strptime(first, "%Y%m%d")).days
