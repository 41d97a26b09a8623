"""What is asked of a PACS: every fault of a request sheet at once, and no identity in any of them."""

from pathlib import Path

import pytest

from radfeat.core.errors import TableError
from radfeat.ingest.pacs.request import Request, check_request_sheet, read_request_sheet

HEADER = "patient_id,study_uid,series_uid,accession,modality,expected"


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "asked.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return path


def test_row_becomes_a_request(tmp_path: Path) -> None:
    path = write(tmp_path, "P1,1.2.3,1.2.3.4,A7,CT RTSTRUCT,120", "Zoë Å,,,,,")
    assert read_request_sheet(path) == (
        Request("P1", "1.2.3", "1.2.3.4", "A7", frozenset({"CT", "RTSTRUCT"}), 120, 2),
        Request(patient_id="Zoë Å", line=3),
    )


@pytest.mark.parametrize("cell", ["CT;PT", "CT/PT", "CT+PT", '"CT, PT"', "PT  CT"])
def test_modalities_may_be_separated_in_many_ways(tmp_path: Path, cell: str) -> None:
    (request,) = read_request_sheet(write(tmp_path, f"P1,,,,{cell},"))
    assert request.modalities == {"CT", "PT"}


def test_one_column_is_enough(tmp_path: Path) -> None:
    (request,) = read_request_sheet(write(tmp_path, "1.2.3", header="series_uid"))
    assert request == Request(series_uid="1.2.3", line=2)


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        (",,,,CT,", "", "nothing says what to fetch"),
        (",1.2.x,,,,", "study_uid", "not a UID"),
        (f",,1.{'2' * 64},,,", "series_uid", "not a UID"),
        ("SMITH*,,,,,", "patient_id", "a wildcard"),
        ("SM?TH,,,,,", "patient_id", "a wildcard"),
        ("A\\B,,,,,", "patient_id", "a wildcard"),
        (",,,A*,,", "accession", "a wildcard"),
        (f"{'P' * 65},,,,,", "patient_id", "longer than the 64"),
        ("P,,,,ct,", "modality", "not a modality"),
        ("P,,,,PET,", "modality", "Write PT"),
        ("P,,,,CT MRI,", "modality", "Write MR"),
        ("P,,,,,0", "expected", "not a count"),
        ("P,,,,,1.5", "expected", "not a count"),
        ("P,,,,,-3", "expected", "not a count"),
        ("P,,,,,many", "expected", "not a number"),
    ],
)
def test_wrong_entry_is_named_with_line_and_column(tmp_path: Path, row: str, column: str, said: str) -> None:
    (fault,) = check_request_sheet(write(tmp_path, "OK,,,,,", row))
    assert (fault.file, fault.line, fault.column) == ("asked.csv", 3, column)
    assert said in fault.sentence


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(TableError) as error:
        read_request_sheet(write(tmp_path, "P,,,,PET,", ",,,,,5", "P*,,,,,"))
    assert len(error.value.sentence.splitlines()) == 3


def test_repeated_row_and_foreign_column_are_faults(tmp_path: Path) -> None:
    faults = check_request_sheet(write(tmp_path, "P,,,,,", "P,,,,,"))
    assert [fault.line for fault in faults] == [3]
    (fault,) = check_request_sheet(write(tmp_path, "P,X", header="patient_id,patient_name"))
    assert "never by names" in fault.remedy


def test_no_fault_repeats_what_identifies_someone(tmp_path: Path) -> None:
    rows = ["SECRET*,,,,,", "SECRET1,,,,,", "SECRET1,,,,,", ",SECRET,,,,", ",,,SECRET\\,,", "SECRET,,,,,,,"]
    faults = check_request_sheet(write(tmp_path, *rows))
    assert len(faults) >= 5
    assert not [fault.sentence for fault in faults if "SECRET" in fault.sentence]


def test_absent_sheet_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="there is no file"):
        read_request_sheet(tmp_path / "none.csv")
