from dataclasses import replace

import pytest

import phantoms
from radfeat.core.errors import TableError
from radfeat.core.vocabulary import Modality
from radfeat.ingest.image_sheet import check_image_files, check_image_sheet, read_image_sheet

ROW = "TRIAL,S1,P1,T0,CT,CT,scans/p1.nii.gz,masks/p1.nii.gz,GTV,,1"


def sentences(path):
    return [fault.sentence for fault in check_image_sheet(path)]


def test_rows_hang_their_paths_from_the_sheet(tmp_path):
    sheet = phantoms.write_sheet(tmp_path / "images.csv", [ROW, ROW.replace("GTV,,1", "node,L2,Left node")])
    first, second = read_image_sheet(sheet)
    assert first.key.roi_id == "TRIAL/S1/P1/T0/CT/GTV"
    assert (first.image, first.mask) == (tmp_path / "scans/p1.nii.gz", tmp_path / "masks/p1.nii.gz")
    assert (first.modality, first.label, first.line) == (Modality.CT, 1, 2)
    assert (first.role, first.scanner, first.reader_id, first.day) == (None, None, None, None)
    assert (second.label, second.key.lesion_id, second.line) == ("Left node", "L2", 3)


def test_absolute_paths_stay(tmp_path):
    elsewhere = tmp_path / "elsewhere" / "p1.nii.gz"
    row = ROW.replace("scans/p1.nii.gz", str(elsewhere))
    assert read_image_sheet(phantoms.write_sheet(tmp_path / "images.csv", [row]))[0].image == elsewhere


@pytest.mark.parametrize(
    ("text", "label"),
    [("", None), ("7", 7), ("+7", 7), ("-1", -1), ("007", 7), ("1.0", "1.0"), ("GTV 1", "GTV 1")],
)
def test_whole_numbers_are_numbers_other_labels_are_names(tmp_path, text, label):
    row = ROW.removesuffix("1") + text
    assert read_image_sheet(phantoms.write_sheet(tmp_path / "images.csv", [row]))[0].label == label


def test_optional_columns_are_read(tmp_path):
    header = f"{phantoms.SHEET_HEADER},role,scanner,reader_id,day"
    sheet = phantoms.write_sheet(tmp_path / "images.csv", [f"{ROW},GTV,Scanner A,R1,-3.5"], header=header)
    row = read_image_sheet(sheet)[0]
    assert (row.role, row.scanner, row.reader_id, row.day) == ("GTV", "Scanner A", "R1", -3.5)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("encode", [str.encode, phantoms.with_bom])
def test_dialects_of_spreadsheets_and_chinese_ids_are_legal(tmp_path, delimiter, line_end, encode):
    row = ROW.replace("P1", "受试者01").replace("masks/", "勾画/")
    path = tmp_path / "试验" / "images.csv"
    path.parent.mkdir()
    sheet = phantoms.write_sheet(path, [row], encode=encode, delimiter=delimiter, line_end=line_end)
    read = read_image_sheet(sheet)[0]
    assert read.key.case.subject_id == "受试者01"
    assert read.mask == path.parent / "勾画" / "p1.nii.gz"


# -- faults --------------------------------------------------------------------------------------------------


def test_all_faults_come_at_once_each_with_its_line(tmp_path):
    rows = [ROW.replace(",CT,scans", ",PET,scans"), ROW.replace("GTV", ""), ROW.replace("GTV,,1", "node,,0")]
    sheet = phantoms.write_sheet(tmp_path / "images.csv", rows)
    with pytest.raises(TableError) as caught:
        read_image_sheet(sheet)
    lines = caught.value.sentence.splitlines()
    assert [line.split(",")[1].strip() for line in lines] == [
        "line 2",
        "line 3",
        "line 3",
        "line 4",
        "line 4",
    ]
    assert "column modality" in lines[0]
    assert any("column roi: the cell is empty" in line for line in lines)
    assert any("0 is the background of a mask (found '0')" in line for line in lines)
    assert lines == sentences(sheet)


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("image", ROW.replace("scans/p1", "scans/p9")),
        ("modality", ROW.replace(",CT,scans", ",MR,scans")),
    ],
)
def test_rows_of_one_image_that_disagree_are_faults(tmp_path, column, other):
    sheet = phantoms.write_sheet(tmp_path / "images.csv", [ROW, other.replace("GTV", "node")])
    (sentence,) = sentences(sheet)
    assert f"line 3, column {column}: line 2 says" in sentence
    assert "TRIAL / S1 / P1 / T0 / CT" in sentence


def test_scanner_and_day_of_one_image_must_agree_as_values(tmp_path):
    header = f"{phantoms.SHEET_HEADER},scanner,day"
    rows = [f"{ROW},A,7", f"{ROW.replace('GTV', 'n1')},A,7.0", f"{ROW.replace('GTV', 'n2')},,8"]
    found = sentences(phantoms.write_sheet(tmp_path / "images.csv", rows, header=header))
    assert [s.split(":")[0] for s in found] == [
        "images.csv, line 4, column scanner",
        "images.csv, line 4, column day",
    ]
    assert "line 2 says 'A'" in found[0]


def test_same_roi_twice_is_a_fault(tmp_path):
    (sentence,) = sentences(phantoms.write_sheet(tmp_path / "images.csv", [ROW, ROW]))
    assert "repeats the key of line 2" in sentence


def test_outcomes_do_not_belong_here(tmp_path):
    sheet = phantoms.write_sheet(tmp_path / "images.csv", [f"{ROW},A"], header=f"{phantoms.SHEET_HEADER},arm")
    (sentence,) = sentences(sheet)
    assert "Move it to clinical.csv" in sentence


def test_sheet_without_key_columns_reports_the_columns_only(tmp_path):
    sheet = phantoms.write_sheet(tmp_path / "images.csv", ["a.nii,b.nii"], header="image,mask")
    assert all("the column is missing" in sentence for sentence in sentences(sheet))


def test_sheet_that_is_not_there_is_one_fault(tmp_path):
    (sentence,) = sentences(tmp_path / "images.csv")
    assert "there is no file" in sentence


# -- files ---------------------------------------------------------------------------------------------------


def rows_of(tmp_path, *lines):
    return read_image_sheet(phantoms.write_sheet(tmp_path / "images.csv", lines))


def test_files_that_are_there_are_no_fault(tmp_path):
    for folder in ("scans", "masks"):
        (tmp_path / folder).mkdir()
        phantoms.write(tmp_path / folder / "p1.nii.gz", phantoms.build_voxels())
    assert not check_image_files(rows_of(tmp_path, ROW))


def test_each_missing_file_is_named_once_with_its_line(tmp_path):
    rows = rows_of(tmp_path, ROW, ROW.replace("GTV,,1", "node,,2"))
    found = [fault.sentence for fault in check_image_files(rows)]
    assert found == [
        "images.csv, line 2, column image: there is no such file (found 'p1.nii.gz'). "
        "Check the path; paths hang from the folder of the sheet.",
        "images.csv, line 2, column mask: there is no such file (found 'p1.nii.gz'). "
        "Check the path; paths hang from the folder of the sheet.",
    ]


def test_empty_folders_other_formats_and_lost_data_files_are_named(tmp_path):
    (tmp_path / "dicom").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"x")
    header = phantoms.write(tmp_path / "m.mhd", phantoms.build_voxels())
    phantoms.data_file(header).unlink()
    lines = (
        ROW.replace("scans/p1.nii.gz", "dicom").replace("masks/p1.nii.gz", "m.mhd"),
        ROW.replace("P1", "P2").replace("scans/p1.nii.gz", "a.jpg").replace("masks/p1.nii.gz", "m.mhd"),
    )
    found = [fault.problem for fault in check_image_files(rows_of(tmp_path, *lines))]
    assert found[0] == "the folder holds no file"
    assert found[1] == "its data file m.raw is not there"
    assert found[2].startswith("not one of the formats that are read (.nii, .nii.gz,")
    assert len(found) == 3


def test_rows_without_a_line_are_named_by_the_sheet_alone(tmp_path):
    row = phantoms.build_row(tmp_path / "i.nii", tmp_path / "m.nii")
    first = check_image_files([replace(row, line=0)])[0]
    assert first.sentence.startswith("images.csv, column image: there is no such file")
