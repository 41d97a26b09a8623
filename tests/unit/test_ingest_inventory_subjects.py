"""Subjects, sites and visits are named for certain, or the series stays out of the draft with a reason."""

from pathlib import Path

import pytest

from dicom_phantoms import uid_of, write_dataset, write_series
from inventory_trees import build_ct, build_rs, images_of, problems_of, take
from radfeat.cli.main import run_command_line
from radfeat.core.errors import SettingsError, TableError
from radfeat.ingest.deidentify.secret import Secret
from radfeat.ingest.dicom.headers import quiet
from radfeat.ingest.inventory.inventory import Inventory
from radfeat.ingest.inventory.subjects import SubjectList, read_subject_list, tell_joined


def write_visit(folder: Path, subject: str = "S001", study: str = "1", **elements: str) -> None:
    """A series and its structure set, both with further elements set."""
    series = build_ct(subject, study=study)
    mask = build_rs(series)
    for dataset in (*series, mask):
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
    write_series(folder, series)
    write_dataset(folder / "rs.dcm", mask)


def visits(found: Inventory) -> set[tuple[str, str, int | None]]:
    owners = [row.owner for row in found.draft.rows]
    return {(owner.subject.subject_id, owner.visit.timepoint, owner.visit.day) for owner in owners}


def doubt(found: Inventory) -> str:
    """The one reason why nothing is drafted."""
    assert found.draft.rows == ()
    (problem,) = problems_of(found)
    return problem


def test_visits_are_numbered_by_date_and_days_count_from_the_first(tmp_path: Path) -> None:
    for study, date in (("1", "20200301"), ("2", "20200102"), ("3", "20200111")):
        write_visit(tmp_path / study, study=study, StudyDate=date)
    assert visits(take(tmp_path)) == {("S001", "V1", 0), ("S001", "V2", 9), ("S001", "V3", 59)}


def test_two_studies_of_one_day_are_one_visit(tmp_path: Path) -> None:
    for study in ("1", "2"):
        write_visit(tmp_path / study, study=study, StudyDate="20200301")
    found = take(tmp_path)
    assert visits(found) == {("S001", "V1", 0)}
    assert {row.image_id for row in found.draft.rows} == {"CT1", "CT2"}


def test_only_study_without_a_date_is_the_first_visit_on_no_day(tmp_path: Path) -> None:
    write_visit(tmp_path, StudyDate="")
    assert visits(take(tmp_path)) == {("S001", "V1", None)}


@pytest.mark.parametrize("date", ["", "19", "20201301", "soon"])
def test_study_without_a_date_among_others_is_left_out(tmp_path: Path, date: str) -> None:
    write_visit(tmp_path / "1", study="1", StudyDate="20200301")
    with quiet():
        write_visit(tmp_path / "2", study="2", StudyDate=date)
    found = take(tmp_path)
    assert visits(found) == {("S001", "V1", 0)}
    (problem,) = problems_of(found)
    assert "its study has no date" in problem


def test_pseudonyms_depend_on_key_and_patient_alone(tmp_path: Path) -> None:
    for subject in ("A", "B"):
        write_visit(tmp_path / subject, subject)
    names = []
    for key in (b"k" * 32, b"k" * 32, b"x" * 32):
        found = take(tmp_path, derive=Secret(key).derive_subject)
        names.append(sorted(subject for subject, _, _ in visits(found)))
    assert names[0] == names[1] != names[2]
    assert len(set(names[0])) == 2
    assert all(name.startswith("S-") and len(name) == len("S-") + 12 for name in names[0])


def test_pseudonyms_that_meet_by_chance_are_left_out(tmp_path: Path) -> None:
    for subject in ("A", "B"):
        write_visit(tmp_path / subject, subject)
    assert "its pseudonym is that of another PatientID too" in doubt(take(tmp_path, derive=lambda _: "S-1"))


def test_list_of_subjects_gives_number_and_site(tmp_path: Path) -> None:
    write_visit(tmp_path / "a", "A")
    write_visit(tmp_path / "b", "B")
    listed = SubjectList({("A", ""): ("1001", "S1"), ("B", ""): ("1002", "")})
    owners = {row.owner.subject for row in take(tmp_path, listed=listed).draft.rows}
    assert {(o.subject_id, o.site_id) for o in owners} == {("1001", "S1"), ("1002", "site")}


def test_patient_who_is_not_listed_is_left_out(tmp_path: Path) -> None:
    write_visit(tmp_path, "A")
    listed = SubjectList({("B", ""): ("1002", "")})
    assert "its PatientID is not in the list of subjects" in doubt(take(tmp_path, listed=listed))


def test_series_without_patient_id_is_doubtful_and_left_out(tmp_path: Path) -> None:
    write_visit(tmp_path, PatientID="")
    found = take(tmp_path)
    assert "its header has no PatientID" in doubt(found)
    (image,) = images_of(found)
    assert found.opinions[image.key].verdict.value == "DOUBTFUL"


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ({"PatientBirthDate": "19500101"}, {"PatientBirthDate": "19600101"}, "different dates of birth"),
        ({"PatientSex": "F"}, {"PatientSex": "M"}, "different dates of birth or sexes"),
        ({"IssuerOfPatientID": "North"}, {"IssuerOfPatientID": "South"}, "several issuers"),
    ],
)
def test_patient_id_that_may_stand_for_two_persons_is_left_out(
    tmp_path: Path, one: dict[str, str], other: dict[str, str], said: str
) -> None:
    write_visit(tmp_path / "1", study="1", **one)
    write_visit(tmp_path / "2", study="2", **other)
    assert said in doubt(take(tmp_path))


def test_headers_that_say_less_of_a_patient_raise_no_doubt(tmp_path: Path) -> None:
    write_visit(tmp_path / "1", study="1", PatientBirthDate="19500101", IssuerOfPatientID="North")
    write_visit(tmp_path / "2", study="2", StudyDate="20210101")
    assert {timepoint for _, timepoint, _ in visits(take(tmp_path))} == {"V1", "V2"}


def test_list_with_issuers_tells_two_persons_of_one_number_apart(tmp_path: Path) -> None:
    for issuer in ("North", "South"):
        write_visit(tmp_path / issuer, study=issuer, IssuerOfPatientID=issuer)
    listed = SubjectList({("S001", "North"): ("1", ""), ("S001", "South"): ("2", "")})
    assert {subject for subject, _, _ in visits(take(tmp_path, listed=listed))} == {"1", "2"}


def test_sites_are_the_first_folders_below_the_root(tmp_path: Path) -> None:
    write_visit(tmp_path / "site-01" / "x" / "y", "A")
    write_visit(tmp_path / "中心二" / "x", "B")
    rows = take(tmp_path, site_id=None).draft.rows
    assert {(r.owner.subject.subject_id, r.owner.subject.site_id) for r in rows} == {
        ("A", "site-01"),
        ("B", "中心二"),
    }


def test_series_outside_every_site_s_folder_is_left_out(tmp_path: Path) -> None:
    write_visit(tmp_path, "A")
    assert "no folder, or in several, that could be a site's" in doubt(take(tmp_path, site_id=None))


def test_patient_id_at_two_sites_is_left_out(tmp_path: Path) -> None:
    for study in ("1", "2"):
        write_visit(tmp_path / f"site-0{study}", study=study)
    assert "its PatientID occurs at several sites" in doubt(take(tmp_path, site_id=None))


def test_folder_that_is_called_after_a_subject_is_no_site(tmp_path: Path) -> None:
    write_visit(tmp_path / "S001", "S001")
    with pytest.raises(SettingsError) as caught:
        take(tmp_path, site_id=None)
    assert "S001" not in caught.value.sentence


def test_list_of_subjects_is_read_from_a_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "subjects.csv"
    sheet.write_text("patient_id,subject_id,site_id\n007,S1-001,S1\n王,S1-002,\n", encoding="utf-8")
    listed = read_subject_list(sheet)
    assert listed.entries == {("007", ""): ("S1-001", "S1"), ("王", ""): ("S1-002", "")}


def test_faults_of_the_list_name_lines_and_no_patient(tmp_path: Path) -> None:
    sheet = tmp_path / "subjects.csv"
    sheet.write_text("patient_id,subject_id\nMueller77,1\nMueller77,2\nSchulz88,\n", encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_subject_list(sheet)
    text = caught.value.sentence
    assert "line 3" in text
    assert "line 4" in text
    assert "Mueller" not in text
    assert "Schulz" not in text


def test_study_of_several_dates_is_left_out(tmp_path: Path) -> None:
    series = build_ct()
    series[0].StudyDate = "20200103"
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", build_rs(series))
    assert "its study has several dates" in doubt(take(tmp_path))


def test_two_series_of_one_instance_uid_are_not_confused(tmp_path: Path) -> None:
    """The first of a subject's series is not taken for a copy of another subject's."""
    one, other = build_ct("A"), build_ct("B")
    for a, b in zip(one, other, strict=True):
        b.SOPInstanceUID = b.file_meta.MediaStorageSOPInstanceUID = a.SOPInstanceUID
    write_series(tmp_path / "a", one)
    write_series(tmp_path / "b", other)
    found = take(tmp_path)
    assert uid_of("A") != uid_of("B")
    assert {found.opinions[image.key].verdict.value for image in images_of(found)} == {"UNUSABLE"}


def test_two_numbers_of_one_listed_subject_are_said_aloud(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_visit(tmp_path / "dicom" / "a", "P1")
    write_visit(tmp_path / "dicom" / "b", "P2")
    listed = tmp_path / "subjects.csv"
    listed.write_text("patient_id,subject_id\nP1,X-1\nP2,X-1\n", encoding="utf-8")
    command = ["ingest", "inventory", str(tmp_path / "dicom"), "--subjects", str(listed), "--workers", "1"]
    assert run_command_line(command) == 0
    out, _ = capsys.readouterr()
    assert "Several PatientIDs are one subject: X-1. Are they one person?" in out


def test_one_number_for_each_subject_is_not_remarked_on() -> None:
    assert tell_joined([("P1", "X-1"), ("P1", "X-1"), ("P2", "X-2")]) == ""
