"""Sheets: every fault at once, with line, column, value and remedy; honest dialects are read."""

from pathlib import Path

import pytest

from radfeat.tables.sheet_schemas import CLINICAL_SHEET, IMAGE_SHEET
from radfeat.tables.sheets import Sheet, SheetFault, SheetRow, parse_flag, parse_number, read_sheet

HEADER = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi"
ROW = "ST,A,S1,base,ct,CT,s1.nii,s1_m.nii,gtv"


def read_images(folder: Path, data: str | bytes) -> Sheet:
    path = folder / "images.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_sheet(path, IMAGE_SHEET)


def read_clinical(folder: Path, data: str) -> Sheet:
    path = folder / "clinical.csv"
    path.write_bytes(data.encode())
    return read_sheet(path, CLINICAL_SHEET)


def only_fault(sheet: Sheet) -> SheetFault:
    assert len(sheet.faults) == 1, [f.sentence for f in sheet.faults]
    return sheet.faults[0]


def test_plain_sheet_is_read(tmp_path: Path) -> None:
    sheet = read_images(tmp_path, f"{HEADER},label\n{ROW},2\n")
    assert sheet.faults == ()
    (row,) = sheet.rows
    assert (row.line, row.cells["subject_id"], row.cells["label"]) == (2, "S1", "2")
    assert row.cells["lesion_id"] == "", "an absent optional column reads as empty"
    assert sheet.columns == (*HEADER.split(","), "label")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_dialects_of_spreadsheet_programs_are_one(
    tmp_path: Path, delimiter: str, line_end: str, mark: bytes
) -> None:
    text = line_end.join([HEADER, ROW.replace("S1", "Müller 王"), ""]).replace(",", delimiter)
    sheet = read_images(tmp_path, mark + text.encode())
    assert sheet.faults == ()
    assert sheet.rows[0].cells["subject_id"] == "Müller 王"


def test_commas_inside_cells_do_not_mislead_the_delimiter(tmp_path: Path) -> None:
    sheet = read_clinical(tmp_path, "subject_id;arm;dose, mg;weight, kg;note\nS1;A;1,5;80;x\n")
    assert sheet.columns == ("subject_id", "arm", "dose, mg", "weight, kg", "note")


def test_separator_line_of_spreadsheet_programs_is_skipped(tmp_path: Path) -> None:
    sheet = read_clinical(tmp_path, "sep=|\nsubject_id|arm\nS1|A\n")
    assert (sheet.faults, sheet.rows[0].line) == ((), 3)


def test_lines_are_physical_lines_also_after_cells_with_line_breaks(tmp_path: Path) -> None:
    sheet = read_clinical(tmp_path, 'subject_id,arm,note\nS1,A,"two\nlines"\n\nS2,,x\n')
    fault = only_fault(sheet)
    assert (fault.line, fault.column) == (5, "arm")
    assert sheet.rows[0].cells["note"] == "two\nlines"


def test_blanks_around_cells_are_dropped_and_blanks_inside_kept(tmp_path: Path) -> None:
    sheet = read_clinical(tmp_path, " subject_id , arm\n S 1\u00a0,\tA \n")
    assert sheet.faults == ()
    assert dict(sheet.rows[0].cells) == {"subject_id": "S 1", "arm": "A"}


def test_one_name_in_two_unicode_forms_is_one_key(tmp_path: Path) -> None:
    fault = only_fault(read_clinical(tmp_path, "subject_id,arm\nJos\u00e9,A\nJose\u0301,A\n"))
    assert (fault.line, fault.problem) == (3, "the row repeats the key of line 2")


def test_paths_keep_their_unicode_form(tmp_path: Path) -> None:
    sheet = read_images(tmp_path, f"{HEADER}\n{ROW}\n".replace("s1.nii", "e\u0301.nii"))
    assert sheet.rows[0].cells["image"] == "e\u0301.nii"


def test_empty_rows_and_nameless_empty_columns_are_ignored(tmp_path: Path) -> None:
    sheet = read_clinical(tmp_path, "subject_id,arm,,\nS1,A,,\n,,,\n\nS2,B,,\n")
    assert sheet.faults == ()
    assert [row.line for row in sheet.rows] == [2, 5]


def test_nameless_column_with_values_is_a_fault(tmp_path: Path) -> None:
    assert only_fault(read_clinical(tmp_path, "subject_id,arm,\nS1,A,7\n")).column == "number 3"


@pytest.mark.requirement("R-IN-2")
def test_all_faults_are_reported_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    rows = [
        HEADER + ",day,arm",
        "ST,A,S1,base,ct,PET,a,b,gtv,x,1",
        "ST,A,S2,base,ct,CT,a,b,gtv,0",
        "ST,A,,base,ct,CT,a,b,gtv,0,1",
        "ST,A,S4,base,ct,CT,a,b,gtv,0,1",
        "ST,A,S4,base,ct,CT,c,d,gtv,0,1",
    ]
    faults = read_images(tmp_path, "\n".join(rows)).faults
    assert [(f.line, f.column) for f in faults] == [
        (1, "arm"),
        (2, "modality"),
        (2, "day"),
        (3, ""),
        (4, "subject_id"),
        (6, "study_id, site_id, subject_id, timepoint, image_id, roi, lesion_id"),
    ]
    assert "line 5" in faults[-1].problem
    assert all(f.file == "images.csv" and f.remedy for f in faults)


@pytest.mark.parametrize("name", ["arm", "Treatment", "event_os", "OS time", "death", "Response (RECIST)"])
def test_outcomes_in_the_image_sheet_are_sent_to_the_clinical_sheet(tmp_path: Path, name: str) -> None:
    fault = only_fault(read_images(tmp_path, f"{HEADER},{name}\n{ROW},1\n"))
    assert fault.column == name
    assert "clinical.csv" in fault.remedy
    assert "blind" in fault.remedy


@pytest.mark.parametrize("name", ["PatientName", "date_of_birth", "MRN"])
def test_identities_in_the_image_sheet_are_refused(tmp_path: Path, name: str) -> None:
    assert "never names" in only_fault(read_images(tmp_path, f"{HEADER},{name}\n{ROW},1\n")).remedy


def test_misspelt_column_gets_the_right_name_as_remedy(tmp_path: Path) -> None:
    sheet = read_clinical(tmp_path, "Subject ID,arm\nS1,A\n")
    assert only_fault(sheet).remedy == "Rename the column 'Subject ID' to 'subject_id'"


def test_unknown_column_is_a_fault_only_where_the_schema_is_closed(tmp_path: Path) -> None:
    assert read_clinical(tmp_path, "subject_id,arm,age\nS1,A,60\n").rows[0].cells["age"] == "60"
    assert "the columns are" in only_fault(read_images(tmp_path, f"{HEADER},age\n{ROW},1\n")).remedy


def test_column_twice_is_a_fault(tmp_path: Path) -> None:
    fault = only_fault(read_clinical(tmp_path, "subject_id,arm,arm\nS1,A,B\n"))
    assert (fault.line, fault.problem) == (1, "the column stands twice in the header")


def test_every_missing_column_is_named(tmp_path: Path) -> None:
    faults = read_images(tmp_path, "study_id,roi\nST,gtv\n").faults
    assert [f.column for f in faults] == [n for n in HEADER.split(",") if n not in ("study_id", "roi")]


def test_two_lesions_of_one_region_are_two_keys(tmp_path: Path) -> None:
    assert read_images(tmp_path, f"{HEADER},lesion_id\n{ROW},1\n{ROW},2\n").faults == ()


def test_empty_required_cell_is_not_also_a_duplicate(tmp_path: Path) -> None:
    faults = read_clinical(tmp_path, "subject_id,arm\n,A\n,A\n").faults
    assert [(f.line, f.problem) for f in faults] == [(2, "the cell is empty"), (3, "the cell is empty")]


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
        (b"subject_id,arm\n", "there is a header but no row"),
        (b"PK\x03\x04whatever", "this is a spreadsheet workbook (XLSX), not CSV"),
    ],
)
def test_file_without_rows_is_a_fault(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "clinical.csv"
    path.write_bytes(data)
    assert only_fault(read_sheet(path, CLINICAL_SHEET)).problem == problem


def test_missing_file_and_folder_are_faults(tmp_path: Path) -> None:
    assert "there is no file" in only_fault(read_sheet(tmp_path / "no.csv", CLINICAL_SHEET)).problem
    assert "cannot be read" in only_fault(read_sheet(tmp_path, CLINICAL_SHEET)).problem


def test_latin1_sheet_names_its_first_bad_line_and_still_finds_other_faults(tmp_path: Path) -> None:
    path = tmp_path / "clinical.csv"
    path.write_bytes("subject_id,arm\nS1,A\nMüller,A\nS3,\nJosé,B\n".encode("latin-1"))
    encoding, empty = read_sheet(path, CLINICAL_SHEET).faults
    assert encoding.line == 3
    assert "nor are 1 others" in encoding.problem
    assert "UTF-8" in encoding.remedy
    assert (empty.line, empty.column) == (4, "arm")


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_sheet_gets_a_remedy(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "clinical.csv"
    path.write_bytes("subject_id,arm\nS1,A\n".encode(codec))
    fault = only_fault(read_sheet(path, CLINICAL_SHEET))
    assert "UTF-16" in fault.problem
    assert "UTF-8" in fault.remedy


def test_ragged_rows_are_told_with_their_widths_and_not_judged_further(tmp_path: Path) -> None:
    few, many = read_clinical(tmp_path, "subject_id,arm,age\nS1,A\nS2,A,61,5\nS3,B,7\n").faults
    assert (few.line, few.problem) == (2, "the row has 2 cells, the header 3")
    assert (many.line, "quotation marks" in many.remedy) == (3, True)


def test_open_quotation_mark_names_the_line_it_starts_on(tmp_path: Path) -> None:
    sheet = read_clinical(tmp_path, 'subject_id,arm\nS1,A\nS2,"A\nS3,B\n')
    assert (only_fault(sheet).line, "quotation mark" in only_fault(sheet).problem) == (3, True)


def test_control_character_in_a_cell_is_a_fault(tmp_path: Path) -> None:
    fault = only_fault(read_clinical(tmp_path, "subject_id,arm\nS\x001,A\n"))
    assert (fault.column, "control" in fault.problem) == ("subject_id", True)
    assert "\x00" not in fault.sentence


def test_sentence_holds_place_problem_value_and_remedy(tmp_path: Path) -> None:
    fault = only_fault(read_images(tmp_path, f"{HEADER}\n{ROW.replace('CT', 'PET')}\n"))
    assert fault.sentence == (
        "images.csv, line 2, column modality: not an allowed value (found 'PET'). "
        "Write one of CT, MR, PT, US, OT, in capitals (PET is PT, MRI is MR, others OT)."
    )


@pytest.mark.parametrize(
    ("text", "number"), [("1", 1.0), ("-2.5", -2.5), (".5", 0.5), ("1e3", 1000.0), ("", None)]
)
def test_numbers_are_parsed(text: str, number: float | None) -> None:
    assert parse_number(SheetRow(2, {"age": text}, "c.csv"), "age") == number


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("NA", "Leave the cell empty if the value is missing"),
        ("nan", "Leave the cell empty if the value is missing"),
        ("1,5", "Write a decimal point, not a comma, and no thousands separators"),
        ("12 mg", "Write digits with a decimal point, without a unit"),
        ("1e999", "Write digits with a decimal point, without a unit"),
        ("inf", "Write digits with a decimal point, without a unit"),
        ("1_000", "Write digits with a decimal point, without a unit"),
        ("٣", "Write digits with a decimal point, without a unit"),
    ],
)
def test_what_is_no_number_is_a_fault_with_a_remedy(text: str, remedy: str) -> None:
    fault = parse_number(SheetRow(7, {"age": text}, "c.csv"), "age")
    assert fault == SheetFault("c.csv", 7, "age", text, "not a number", remedy)


@pytest.mark.parametrize(
    ("text", "flag"), [("1", True), ("Yes", True), ("TRUE", True), ("0", False), ("no", False), ("", None)]
)
def test_flags_are_parsed(text: str, flag: bool | None) -> None:
    assert parse_flag(SheetRow(2, {"event": text}, "c.csv"), "event") is flag


@pytest.mark.parametrize("text", ["2", "dead", "NA"])
def test_what_is_no_flag_is_a_fault(text: str) -> None:
    fault = parse_flag(SheetRow(2, {"event": text}, "c.csv"), "event")
    assert isinstance(fault, SheetFault)
    assert fault.problem == "neither yes nor no"
