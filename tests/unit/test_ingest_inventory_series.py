"""Files become series whatever their folders; each has a verdict, and a reason where it is not usable."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, RTDoseStorage

from dicom_phantoms import build_enhanced, build_series, uid_of, write_dataset, write_series
from inventory_trees import GRID, build_ct, build_rs, images_of, take
from radfeat.core.errors import InputError
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality
from radfeat.ingest.dicom.series_key import GeometryGroup
from radfeat.ingest.inventory import grouping
from radfeat.ingest.inventory.inventory import Inventory
from radfeat.ingest.inventory.records import SkipReason
from radfeat.ingest.inventory.tables import list_series, name_orientation
from radfeat.ingest.inventory.verdicts import Opinion, Verdict


def only_opinion(found: Inventory) -> Opinion:
    (image,) = images_of(found)
    return found.opinions[image.key]


def test_sound_series_is_usable_and_its_row_says_what_it_holds(tmp_path: Path) -> None:
    write_series(tmp_path, build_ct())
    found = take(tmp_path)
    (row,) = list_series(found, "T1")
    assert (row["verdict"], row["reasons"]) == ("USABLE", "")
    assert (row["study_id"], row["site_id"], row["subject_id"]) == ("T1", "site", "S001")
    assert (row["timepoint"], row["day"], row["modality"]) == ("V1", "0", "CT")
    assert (row["instances"], row["frames"], row["rows"], row["columns"]) == ("8", "8", "5", "6")
    assert [row[f"spacing_{axis}_mm"] for axis in "xyz"] == ["1.5", "2", "3"]
    slices = [row[name] for name in ("slices", "slices_expected", "slices_missing", "slices_duplicated")]
    assert slices == ["8", "8", "0", "0"]
    assert (row["orientation"], row["manufacturer"], row["model"]) == ("axial", "Phantom Works", "Model 1")
    assert (row["transfer_syntax"], row["pet_units"]) == ("Explicit VR Little Endian", "")


@pytest.mark.parametrize("modality", [Modality.MR, Modality.PT])
def test_series_of_other_modalities_are_usable(tmp_path: Path, modality: Modality) -> None:
    write_series(tmp_path, build_series(modality, GRID))
    (row,) = list_series(take(tmp_path), "T1")
    assert (row["verdict"], row["modality"]) == ("USABLE", modality.value)
    assert row["pet_units"] == ("BQML" if modality is Modality.PT else "")


@pytest.mark.parametrize("modality", [Modality.CT, Modality.MR])
def test_enhanced_object_is_one_series_with_its_frames_as_slices(tmp_path: Path, modality: Modality) -> None:
    write_dataset(tmp_path / "e.dcm", build_enhanced(build_series(modality, GRID), modality))
    (row,) = list_series(take(tmp_path), "T1")
    assert (row["verdict"], row["instances"], row["frames"], row["slices"]) == ("USABLE", "1", "8", "8")
    assert row["spacing_z_mm"] == "3"


def test_two_series_in_one_folder_are_two_rows(tmp_path: Path) -> None:
    for number, series in enumerate((build_ct(series="1"), build_ct(series="2"))):
        for k, dataset in enumerate(series):
            write_dataset(tmp_path / f"{k}-{number}.dcm", dataset)
    found = take(tmp_path)
    assert [found.opinions[image.key].verdict for image in images_of(found)] == [Verdict.USABLE] * 2


def test_flat_dump_of_many_subjects_is_sorted_out(tmp_path: Path) -> None:
    for subject in ("A", "B", "C"):
        for k, dataset in enumerate(build_ct(subject)):
            write_dataset(tmp_path / f"{k}{subject}", dataset)
    found = take(tmp_path)
    assert sorted(found.owners[image.key].subject.subject_id for image in images_of(found)) == ["A", "B", "C"]
    assert found.with_verdict(Verdict.USABLE) == 3


def test_one_series_spread_over_folders_is_one_row(tmp_path: Path) -> None:
    for k, dataset in enumerate(build_ct()):
        write_dataset(tmp_path / f"folder{k % 3}" / "deep" / f"{k}", dataset)
    assert only_opinion(take(tmp_path)).verdict is Verdict.USABLE


def test_localiser_among_axial_slices_is_a_row_of_its_own(tmp_path: Path) -> None:
    series = build_ct()
    localiser = build_ct()[0]
    localiser.SOPInstanceUID = localiser.file_meta.MediaStorageSOPInstanceUID = uid_of("localiser")
    localiser.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    localiser.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    write_series(tmp_path, [*series, localiser])
    found = take(tmp_path)
    verdicts = {len(image.records): found.opinions[image.key].verdict for image in images_of(found)}
    assert verdicts == {8: Verdict.USABLE, 1: Verdict.UNUSABLE}


def test_key_of_a_series_does_not_depend_on_where_its_files_lie(tmp_path: Path) -> None:
    write_series(tmp_path / "one", build_ct())
    for k, dataset in enumerate(build_ct()):
        write_dataset(tmp_path / "other" / f"{9 - k}" / "x", dataset)
    (one,), (other,) = (images_of(take(tmp_path / name)) for name in ("one", "other"))
    assert one.key == other.key


def drop_slice(series: list[Dataset]) -> None:
    del series[3]


def add_volume(series: list[Dataset]) -> None:
    later = build_ct()
    for k, dataset in enumerate(later):
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = uid_of("later", str(k))
        dataset.AcquisitionNumber = 2
    series += later


def tilt(series: list[Dataset]) -> None:
    for k, dataset in enumerate(series):
        x, y, z = dataset.ImagePositionPatient
        dataset.ImagePositionPatient = [x, float(y) + 0.8 * k, z]


def remove_position(series: list[Dataset]) -> None:
    del series[2].ImagePositionPatient


def mix_subjects(series: list[Dataset]) -> None:
    series[4].PatientID = "other"


def make_secondary_capture(series: list[Dataset]) -> None:
    for dataset in series:
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (drop_slice, "misses slices"),
        (add_volume, "four-dimensional"),
        (tilt, "sheared"),
        (remove_position, "without ImagePositionPatient"),
        (mix_subjects, "name several subjects"),
        (make_secondary_capture, "no CT, MR or PET object"),
    ],
)
def test_series_that_reading_refuses_is_unusable_and_says_why(
    tmp_path: Path, spoil: Callable[[list[Dataset]], None], said: str
) -> None:
    series = build_ct()
    spoil(series)
    write_series(tmp_path, series)
    opinion = only_opinion(take(tmp_path))
    assert opinion.verdict is Verdict.UNUSABLE
    assert said in " ".join(opinion.reasons)


def test_missing_and_duplicated_slices_are_counted(tmp_path: Path) -> None:
    gap, doubled = build_ct(series="1"), build_ct(series="2")
    drop_slice(gap)
    write_series(tmp_path / "gap", gap)
    again = build_ct(series="2")[5]
    again.SOPInstanceUID = again.file_meta.MediaStorageSOPInstanceUID = uid_of("again")
    write_series(tmp_path / "doubled", [*doubled, again])
    columns = ("slices", "slices_expected", "slices_missing", "slices_duplicated")
    rows = {tuple(row[name] for name in columns) for row in list_series(take(tmp_path), "T1")}
    assert rows == {("7", "8", "1", "0"), ("8", "8", "0", "1")}


def test_file_whose_pixels_are_cut_short_makes_its_series_unusable(tmp_path: Path) -> None:
    write_series(tmp_path, build_ct())
    last = tmp_path / "000008.dcm"
    last.write_bytes(last.read_bytes()[:-10])
    opinion = only_opinion(take(tmp_path))
    assert opinion.verdict is Verdict.UNUSABLE
    assert "1 of 8 files are cut short" in opinion.reasons[0]


@pytest.mark.parametrize("damage", ["empty", "magic"])
def test_series_beside_a_lost_slice_is_doubtful(tmp_path: Path, damage: str) -> None:
    """The last slice is lost: no gap tells of it."""
    series = build_ct()
    for k, dataset in enumerate(series):
        write_dataset(tmp_path / f"{k}.dcm", dataset)
    last = tmp_path / "7.dcm"
    last.write_bytes(b"" if damage == "empty" else b"\0" * 200)
    opinion = only_opinion(take(tmp_path))
    assert opinion.verdict is Verdict.DOUBTFUL
    assert "damaged" in opinion.reasons[0]


def test_copies_of_files_in_another_folder_are_passed_over(tmp_path: Path) -> None:
    write_series(tmp_path / "one", build_ct())
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    found = take(tmp_path)
    assert only_opinion(found).verdict is Verdict.USABLE
    (image,) = images_of(found)
    assert {Path(path).parent.name for path in image.paths} == {"one"}
    assert [entry.reason for entry in found.skipped] == [SkipReason.COPY] * 8


def test_one_instance_with_two_contents_makes_its_series_unusable(tmp_path: Path) -> None:
    write_series(tmp_path / "one", build_ct())
    other = build_ct()[2]
    other.PixelData = bytes(len(other.PixelData))
    write_dataset(tmp_path / "two" / "x.dcm", other)
    opinion = only_opinion(take(tmp_path))
    assert opinion.verdict is Verdict.UNUSABLE
    assert "1 of its images lie in the tree in several versions" in opinion.reasons[0]


def test_structure_set_and_report_are_no_images(tmp_path: Path) -> None:
    series = build_ct()
    write_dataset(tmp_path / "rs.dcm", build_rs(series))
    report = Dataset()
    report.update(
        {e.tag: e for e in series[0] if e.tag.group != 0x7FE0 and e.keyword not in ("Rows", "Columns")}
    )
    report.file_meta = series[0].file_meta
    report.SOPClassUID = report.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
    report.Modality, report.SeriesInstanceUID = "SR", uid_of("sr")
    write_dataset(tmp_path / "sr.dcm", report)
    rows = list_series(take(tmp_path), "T1")
    assert {(row["modality"], row["verdict"]) for row in rows} == {
        ("RTSTRUCT", "NOT_AN_IMAGE"),
        ("SR", "NOT_AN_IMAGE"),
    }


def test_answer_does_not_depend_on_the_number_of_workers(tmp_path: Path) -> None:
    for number in range(55):
        write_series(tmp_path / str(number), build_ct(series=str(number)))
    alone, beside = (list_series(take(tmp_path, workers=workers), "T1") for workers in (1, 2))
    assert alone == beside
    assert len(alone) == 55


@pytest.mark.parametrize(
    ("turn", "name"),
    [
        ((1, 0, 0, 0, 1, 0, 0, 0, 1), "axial"),
        ((1, 0, 0, 0, 0, 1, 0, -1, 0), "coronal"),
        ((0, 0, 1, 1, 0, 0, 0, 1, 0), "sagittal"),
        ((1, 0, 0, 0, 0.8, -0.6, 0, 0.6, 0.8), "oblique"),
    ],
)
def test_plane_of_the_slices_has_a_name(tmp_path: Path, turn: tuple[float, ...], name: str) -> None:
    grid = Grid((6, 5, 4), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0), turn)
    series = build_series(Modality.MR, grid)
    assert name_orientation([float(c) for c in series[0].ImageOrientationPatient]) == name
    write_series(tmp_path, series)
    assert only_opinion(take(tmp_path)).verdict is Verdict.USABLE


def test_plane_without_orientation_has_no_name() -> None:
    assert name_orientation(None) == ""
    assert np.isfinite(GRID.spacing_xyz_mm).all()


@pytest.mark.parametrize("syntax", [b"1.2.3.4.5.6.7.8.9.0", b"1.2.840.10008.1.2.x"])
def test_unknown_transfer_syntax_is_unusable_and_stops_nothing(tmp_path: Path, syntax: bytes) -> None:
    write_series(tmp_path, build_ct())
    for path in tmp_path.iterdir():
        path.write_bytes(path.read_bytes().replace(b"1.2.840.10008.1.2.1", syntax, 1))
    found = take(tmp_path)
    assert found.with_verdict(Verdict.USABLE) == 0
    assert {row["transfer_syntax"] for row in list_series(found, "T1")} == {"unknown"}


def test_deflated_series_is_usable(tmp_path: Path) -> None:
    series = build_ct()
    for dataset in series:
        dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    write_series(tmp_path, series)
    assert only_opinion(take(tmp_path)).verdict is Verdict.USABLE


def test_random_damage_stops_nothing(tmp_path: Path) -> None:
    """Bytes overwritten, files cut: every tree has its tables, and each file is listed or counted."""
    series = build_ct()
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", build_rs(series))
    whole = {path: path.read_bytes() for path in sorted(tmp_path.iterdir())}
    rng = np.random.default_rng(3)
    for _ in range(60):
        for path, data in whole.items():
            spoilt = bytearray(data)
            for place in rng.integers(128, len(data), rng.integers(0, 5)):
                spoilt[place] = rng.integers(256)
            path.write_bytes(spoilt[: rng.integers(len(data))] if rng.random() < 0.1 else spoilt)
        found = take(tmp_path)
        rows = list_series(found, "T1")
        assert all(row["verdict"] in set(Verdict) for row in rows)
        assert sum(int(row["instances"]) for row in rows) + len(found.skipped) == len(whole)


def test_dose_within_a_series_of_images_is_a_series_of_its_own(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    dose = build_ct()[0]
    dose.SOPClassUID = dose.file_meta.MediaStorageSOPClassUID = RTDoseStorage
    dose.SOPInstanceUID = dose.file_meta.MediaStorageSOPInstanceUID = uid_of("dose")
    dose.Modality = "RTDOSE"
    write_dataset(tmp_path / "dose.dcm", dose)
    rows = {row["modality"]: row for row in list_series(take(tmp_path), "T1")}
    assert (rows["CT"]["verdict"], rows["CT"]["instances"]) == ("USABLE", "8")
    assert rows["RTDOSE"]["series_key"] != rows["CT"]["series_key"]


def test_two_series_of_one_key_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path / "1", build_ct(series="1"))
    write_series(tmp_path / "2", build_ct(series="2"))
    monkeypatch.setattr(grouping, "build_series_key", lambda series, group: "0123456789ab")
    with pytest.raises(InputError, match="2 series have this key by chance"):
        take(tmp_path)


def test_equal_geometries_are_compared_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_series(tmp_path, build_ct())
    compared = []
    matches = GeometryGroup.matches
    monkeypatch.setattr(
        GeometryGroup, "matches", lambda self, other: compared.append(1) or matches(self, other)
    )
    assert len(images_of(take(tmp_path))) == 1
    assert compared == []
