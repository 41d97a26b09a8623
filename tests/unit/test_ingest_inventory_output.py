"""The folder of an inventory is whole or absent, can be run as it is, and names nobody outside private."""

import csv
import os
import stat
from pathlib import Path

import pytest

from dicom_phantoms import build_series, write_dataset, write_series
from inventory_trees import GRID, build_ct, build_rs
from radfeat.cli import bar
from radfeat.cli.main import run_command_line
from radfeat.config.reader import read_settings
from radfeat.core.vocabulary import Modality
from radfeat.ingest.dicom.files import read_series_list
from radfeat.ingest.dicom.headers import quiet
from radfeat.ingest.dicom.series import read_dicom_series
from radfeat.ingest.image_sheet import check_image_files, read_image_sheet
from radfeat.ingest.inventory import inventory as taking
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

DONE, SETTINGS, DATA, STOPPED = 0, 2, 3, 130
MASKED = ("patients.csv", "series_descriptions.csv", "skipped_files.csv", "key")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A CT with a structure set, and a PET without."""
    series = build_ct()
    write_series(tmp_path / "dicom" / "ct", series)
    write_dataset(tmp_path / "dicom" / "rs.dcm", build_rs(series))
    write_series(tmp_path / "dicom" / "pt", build_series(Modality.PT, GRID, series="2"))
    return tmp_path / "dicom"


def run(*arguments: str | Path) -> int:
    return run_command_line(["ingest", "inventory", "--workers", "1", *map(str, arguments)])


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_output_lies_beside_the_tree_and_its_sheet_is_in_order(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tree) == DONE
    out, err = capsys.readouterr()
    assert err == ""
    folder = tree.parent / "inventory"
    assert f"Next: review {folder / 'images.csv'}, then `radfeat run {folder}`." in out
    assert "Series: 3 (2 USABLE, 0 DOUBTFUL, 0 UNUSABLE, 1 NOT_AN_IMAGE)." in out
    assert "Drafted: 1 ROIs in 1 images of 1 subjects." in out
    names = {path.name for path in folder.iterdir()}
    assert names == {"images.csv", "series.csv", "pairs.csv", "config.yaml", "README.txt", "private"}
    assert read_settings(folder / "config.yaml").images == "images.csv"
    rows = read_image_sheet(folder / "images.csv")
    assert check_image_files(rows) == ()


def test_image_that_the_draft_names_is_read_as_one_volume(tree: Path) -> None:
    run(tree, "--subject-id", "patient-id")
    (row,) = read_image_sheet(tree.parent / "inventory" / "images.csv")
    assert (row.key.case.case_id, row.key.roi, row.day) == ("study/site/S001/V1/CT", "GTV", 0)
    series = read_dicom_series(Source(row.image, "case"), row.modality, IngestSettings())
    assert series.volume.grid.size_xyz == GRID.size_xyz
    assert len(read_series_list(row.mask).files) == 1


def test_private_folder_is_its_owner_s_alone(tree: Path) -> None:
    run(tree)
    private = tree.parent / "inventory" / "private"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    files = [path for path in private.rglob("*") if path.is_file()]
    assert {path.name for path in files if path.parent == private} == set(MASKED)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    (patient,) = read(private / "patients.csv")
    (row,) = read(private.parent / "images.csv")
    assert (patient["patient_id"], patient["subject_id"]) == ("S001", row["subject_id"])


def test_key_of_one_inventory_gives_the_next_the_same_names(tree: Path) -> None:
    folder = tree.parent
    run(tree, "--to", folder / "one")
    run(tree, "--to", folder / "two", "--key", folder / "one" / "private" / "key")
    run(tree, "--to", folder / "three")
    one, two, three = (
        read(folder / name / "images.csv")[0]["subject_id"] for name in ("one", "two", "three")
    )
    assert one == two != three
    assert not (folder / "two" / "private" / "key").exists()


def test_folder_that_holds_anything_is_left_alone(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree.parent / "inventory").mkdir()
    (tree.parent / "inventory" / "mine").write_text("mine", encoding="utf-8")
    assert run(tree) == SETTINGS
    assert "the folder is not empty" in capsys.readouterr().err
    assert [path.name for path in (tree.parent / "inventory").iterdir()] == ["mine"]


def test_empty_folder_is_filled(tree: Path) -> None:
    (tree.parent / "inventory").mkdir()
    assert run(tree) == DONE
    assert (tree.parent / "inventory" / "images.csv").is_file()


def test_nothing_usable_is_exit_code_3_and_still_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dicom").mkdir()
    (tmp_path / "dicom" / "notes.txt").write_text("x", encoding="utf-8")
    assert run(tmp_path / "dicom") == DATA
    assert "no row was drafted" in capsys.readouterr().out
    assert read(tmp_path / "inventory" / "series.csv") == []
    (skipped,) = read(tmp_path / "inventory" / "private" / "skipped_files.csv")
    assert skipped["reason"] == "not DICOM"


def test_stopping_leaves_nothing_behind(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ("read_records", "draft_rows"):
        with monkeypatch.context() as patch:
            patch.setattr(taking, name, stop)
            assert run(tree) == STOPPED
    with monkeypatch.context() as patch:
        patch.setattr("radfeat.ingest.inventory.tables.list_skipped", stop)
        assert run(tree) == STOPPED
    assert "stopped by the user" in capsys.readouterr().err
    assert [path.name for path in tree.parent.iterdir()] == ["dicom"]


def test_patterns_of_a_study_are_used_and_no_second_config_is_written(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tree.parent / "config.yaml"
    config.write_text(
        "ingest:\n  rois:\n    - {roi: tumour, pattern: 'gtv.*', role: primary}\n", encoding="utf-8"
    )
    assert run(tree, "--config", tree.parent) == DONE
    (row,) = read(tree.parent / "inventory" / "images.csv")
    assert (row["roi"], row["role"], row["label"]) == ("tumour", "primary", "GTV")
    assert not (tree.parent / "inventory" / "config.yaml").exists()
    assert "let `images:` in" in capsys.readouterr().out


def test_study_and_site_stand_in_every_row(tree: Path) -> None:
    run(tree, "--study", 'ÄRA: "1"', "--site", "S-7")
    (row,) = read(tree.parent / "inventory" / "images.csv")
    assert (row["study_id"], row["site_id"]) == ('ÄRA: "1"', "S-7")
    assert read_settings(tree.parent / "inventory" / "config.yaml").study == 'ÄRA: "1"'


def test_list_of_subjects_is_taken_from_a_file(tree: Path) -> None:
    sheet = tree.parent / "subjects.csv"
    sheet.write_text("patient_id,subject_id,site_id\nS001,1001,S3\n", encoding="utf-8")
    run(tree, "--subjects", sheet)
    (row,) = read(tree.parent / "inventory" / "images.csv")
    assert (row["subject_id"], row["site_id"]) == ("1001", "S3")


def test_two_ways_to_name_sites_are_wrong_usage(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tree, "--site", "a", "--site-from", "folder") == SETTINGS
    assert "not both" in capsys.readouterr().err


def test_key_that_others_may_read_is_refused(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tree.parent / "key"
    key.write_text("k" * 64, encoding="utf-8")
    key.chmod(0o644)
    assert run(tree, "--key", key) == SETTINGS
    assert "others may read the key file" in capsys.readouterr().err


def test_list_of_files_brings_back_names_that_are_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "dicom" / "科 室"
    folder.mkdir(parents=True)
    series = build_ct()
    for k, dataset in enumerate(series):
        write_dataset(folder / f"{k}", dataset)
    os.rename(folder / "3", os.fsencode(folder) + b"/\xfe3")  # noqa: PTH104
    (folder / "notes").write_text("x", encoding="utf-8")
    os.rename(folder / "notes", os.fsencode(folder) + b"/\xff")  # noqa: PTH104
    assert run(tmp_path / "dicom") == DONE
    (listing,) = (tmp_path / "inventory" / "private" / "series").iterdir()
    files = read_series_list(listing).files
    assert len(files) == len(series)
    assert all(file.is_file() for file in files)
    (skipped,) = read(tmp_path / "inventory" / "private" / "skipped_files.csv")
    assert skipped["path"].endswith("\\xff")


def test_a_tree_behind_a_link_has_lists_that_lead_to_it(tree: Path, tmp_path: Path) -> None:
    away = tmp_path / "elsewhere" / "deep"
    away.mkdir(parents=True)
    (away / "link").symlink_to(tree)
    (tmp_path / "out").symlink_to(away)
    assert run(tmp_path / "out" / "link", "--to", tmp_path / "out" / "result") == DONE
    rows = read_image_sheet(tmp_path / "out" / "result" / "images.csv")
    assert all(file.is_file() for row in rows for file in read_series_list(row.image).files)


SECRETS = (
    "quetzalcoatl",
    "xiomara",
    "qx998877",
    "qx-998877",
    "19430517",
    "wintermute",
    "zephyrina",
    "acc-4711-x",
)


def write_telling_tree(root: Path) -> set[str]:
    """A tree that names its subject wherever a header or a path can; gives the UIDs in it."""
    series = build_ct()
    mask = build_rs(series, "GTV", "Quetzalcoatl tumour", "boost")
    for dataset in (*series, mask):
        dataset.PatientName, dataset.PatientID = "Quetzalcoatl^Xiomara", "QX-998877"
        dataset.PatientBirthDate, dataset.AccessionNumber = "19430517", "ACC-4711-X"
        dataset.ReferringPhysicianName, dataset.InstitutionName = "Wintermute^A", "Zephyrina Clinic"
        dataset.SeriesDescription = "CT of Quetzalcoatl"
        dataset.ProtocolName = "for Dr Wintermute"
        dataset.Manufacturer, dataset.ManufacturerModelName = "Zephyrina Imaging", "Scan XIOMARA"
        dataset.StudyDescription = "QX998877"
    mask.RTROIObservationsSequence[2].RTROIInterpretedType = "XIOMARA"
    odd = build_series(Modality.PT, GRID, series="2", subject="QX-998877")
    for dataset in odd:
        dataset.Modality, dataset.Units = "QUETZALCOATL", "XIOMARA"
        dataset.PatientName = "Quetzalcoatl^Xiomara"
    folder = root / "Quetzalcoatl Xiomara" / "19430517"
    write_series(folder / "QX-998877", series)
    write_series(folder / "pt", odd)
    write_dataset(folder / "quetzalcoatl.rs", mask)
    (folder / "Wintermute letter.txt").write_text("Dear Xiomara", encoding="utf-8")
    (folder / "xiomara.dcm").touch()
    keywords = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID")
    return {str(dataset[k].value) for dataset in (*series, *odd, mask) for k in keywords if k in dataset}


def test_what_names_someone_stands_in_private_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with quiet():
        uids = write_telling_tree(tmp_path / "dicom")
        assert run(tmp_path / "dicom") == DONE
    out, err = capsys.readouterr()
    folder = tmp_path / "inventory"
    (folder / "said").write_text(out + err, encoding="utf-8")
    files = [f for f in folder.rglob("*") if f.is_file() and "private" not in f.relative_to(folder).parts]
    assert len(files) == 6
    for file in files:
        data = file.read_bytes().lower()
        told = [word for word in (*SECRETS, *uids) if word.encode() in data]
        assert told == [], file.name
    names = {path.name for path in folder.rglob("*")}
    assert not any(word in name.lower() for name in names for word in (*SECRETS, *uids))


def test_regions_and_scanners_that_name_someone_are_drafted_under_other_names(tmp_path: Path) -> None:
    with quiet():
        write_telling_tree(tmp_path / "dicom")
        run(tmp_path / "dicom")
    rows = read(tmp_path / "inventory" / "images.csv")
    assert [(row["roi"], row["label"], row["scanner"]) for row in rows] == [
        ("GTV", "GTV", ""),
        ("ROI-2", "2", ""),
        ("boost", "boost", ""),
    ]
    private = tmp_path / "inventory" / "private"
    assert "Quetzalcoatl tumour" in (private / "series_descriptions.csv").read_text(encoding="utf-8")
    assert "Wintermute letter.txt" in (private / "skipped_files.csv").read_text(encoding="utf-8")


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bar, "SAY_SECONDS", 0.0)
    run(tree)
    assert "  read headers: 17 of 17 files" in capsys.readouterr().err.splitlines()
