"""Files in, files out: what is written, what goes to quarantine and why, and that doubt writes nothing."""

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from dicom_phantoms import (
    build_block,
    build_contours,
    build_segmentation,
    build_series,
    build_structure_set,
    write_dataset,
    write_series,
)
from radfeat.cli.main import run_command_line
from radfeat.core.errors import SettingsError, TableError
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import Modality
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.deidentify import one_file
from radfeat.ingest.deidentify.elements import Cleaning
from radfeat.ingest.deidentify.journal import Profile
from radfeat.ingest.deidentify.one_file import Outcome, deidentify_file
from radfeat.ingest.deidentify.quarantine import Quarantine
from radfeat.ingest.deidentify.run import Delivery, deidentify_tree
from radfeat.ingest.deidentify.secret import Secret, read_secret
from radfeat.ingest.dicom.series import read_dicom_series
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.inventory.records import SkipReason
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

SECRET = Secret(bytes(range(32)))
PROFILE = Profile(SECRET)


@dataclass(frozen=True)
class Trial:
    """A source folder, a key file, and a target."""

    source: Path
    key: Path
    target: Path


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    key = tmp_path / "trial.key"
    key.write_text("0123456789abcdef" * 4, encoding="ascii")
    key.chmod(0o600)
    return Trial(tmp_path / "source", key, tmp_path / "target")


def _run(source: Path, target: Path, profile: Profile = PROFILE) -> tuple[Outcome, ...]:
    return _deliver(source, target, profile).outcomes


def _deliver(source: Path, target: Path, profile: Profile = PROFILE) -> Delivery:
    return deidentify_tree(source, target, profile, workers=1, progress=lambda stage, done, total: None)


def _command(trial: Trial, *more: str) -> list[str]:
    where = ["--to", str(trial.target), "--key", str(trial.key), "--workers", "1"]
    return ["ingest", "deidentify", str(trial.source), *where, *more]


def _read_all(folder: Path) -> list[pydicom.FileDataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*.dcm"))}


def test_objects_carry_the_marks_and_a_new_frame(tmp_path: Path) -> None:
    datasets = build_series(Modality.PT)
    datasets[0].file_meta.SourceApplicationEntityTitle = "GOTHAM"
    path = write_dataset(tmp_path / "a.dcm", datasets[0])
    path.write_bytes(b"Quagmire".ljust(128, b"\0") + path.read_bytes()[128:])
    outcome = deidentify_file(path, tmp_path / "out", PROFILE)
    assert outcome.output is not None
    made = pydicom.dcmread(tmp_path / "out" / outcome.output)
    assert made.PatientIdentityRemoved == "YES"
    assert made.LongitudinalTemporalInformationModified == "MODIFIED"
    assert [code.CodeValue for code in made.DeidentificationMethodCodeSequence] == [
        "113100",
        "113105",
        "113107",
        "113108",
    ]
    assert made.preamble == b"\0" * 128
    assert "SourceApplicationEntityTitle" not in made.file_meta
    assert made.file_meta.MediaStorageSOPInstanceUID == made.SOPInstanceUID
    assert made.PixelData == datasets[0].PixelData


def test_options_are_claimed_only_where_they_were_used(tmp_path: Path) -> None:
    first = build_series(Modality.CT)[0]
    del first.PatientSex
    outcome = deidentify_file(write_dataset(tmp_path / "a.dcm", first), tmp_path / "out", PROFILE)
    made = pydicom.dcmread(tmp_path / "out" / str(outcome.output))
    assert [code.CodeValue for code in made.DeidentificationMethodCodeSequence] == [
        "113100",
        "113105",
        "113107",
    ]


def test_file_names_hold_nothing_of_the_source(tmp_path: Path) -> None:
    write_series(tmp_path / "Quagmire^Glenn" / "19500214", build_series(subject="QG-4711"))
    _run(tmp_path / "Quagmire^Glenn", tmp_path / "out")
    names = [str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out" / "dicom").rglob("*")]
    assert len(names) == 13
    assert not [name for name in names if any(word in name for word in ("uagmire", "4711", "1950", "000001"))]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_other_transfer_syntaxes_keep_values(tmp_path: Path, syntax: pydicom.uid.UID) -> None:
    first = build_series(Modality.CT)[0]
    expected = first.pixel_array.copy()
    first.SmallestImagePixelValue = -1000
    if syntax == ExplicitVRBigEndian:
        first.PixelData = expected.astype(">i2").tobytes()
    first.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(tmp_path / "a.dcm", first, enforce_file_format=True)
    outcome = deidentify_file(tmp_path / "a.dcm", tmp_path / "out", PROFILE)
    made = pydicom.dcmread(tmp_path / "out" / str(outcome.output))
    assert made.file_meta.TransferSyntaxUID == syntax
    assert made.SmallestImagePixelValue == -1000
    np.testing.assert_array_equal(made.pixel_array, expected)


def test_compressed_pixels_are_carried_over_untouched(tmp_path: Path) -> None:
    first = build_series(Modality.CT)[0]
    expected = first.pixel_array.copy()
    first.compress(RLELossless, generate_instance_uid=False)
    outcome = deidentify_file(write_dataset(tmp_path / "a.dcm", first), tmp_path / "out", PROFILE)
    made = pydicom.dcmread(tmp_path / "out" / str(outcome.output))
    np.testing.assert_array_equal(made.pixel_array, expected)


def test_deflated_files_are_written_plain_so_that_they_can_be_searched(tmp_path: Path) -> None:
    first = build_series(Modality.CT)[0]
    first.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    outcome = deidentify_file(write_dataset(tmp_path / "a.dcm", first), tmp_path / "out", PROFILE)
    made = pydicom.dcmread(tmp_path / "out" / str(outcome.output))
    assert made.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian
    np.testing.assert_array_equal(made.pixel_array, first.pixel_array)


def _report(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.22"


def _capture(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"


def _document(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.104.1"


def _presentation(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.11.1"


def _private_class(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.3.12.2.1107.5.9.1"


def _ultrasound(dataset: Dataset) -> None:
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.6.1"


def _set(keyword: str, value: object) -> Callable[[Dataset], None]:
    def spoil(dataset: Dataset) -> None:
        setattr(dataset, keyword, value)

    return spoil


def _overlay_in_pixels(dataset: Dataset) -> None:
    dataset.add_new(0x60000102, "US", 15)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (_report, Quarantine.KIND),
        (_capture, Quarantine.KIND),
        (_document, Quarantine.KIND),
        (_presentation, Quarantine.KIND),
        (_private_class, Quarantine.KIND),
        (_ultrasound, Quarantine.UNKNOWN_BURNED_IN),
        (_set("BurnedInAnnotation", "YES"), Quarantine.BURNED_IN),
        (_set("BurnedInAnnotation", "MAYBE"), Quarantine.BURNED_IN),
        (_set("ImageType", ["DERIVED", "SECONDARY", "SCREEN SAVE"]), Quarantine.CAPTURE),
        (_set("ImageType", ["DERIVED", "SECONDARY", "DOSE_INFO"]), Quarantine.CAPTURE),
        (_set("ConversionType", "WSD"), Quarantine.CAPTURE),
        (_set("PhotometricInterpretation", "RGB"), Quarantine.COLOUR),
        (_set("PatientID", ""), Quarantine.NO_SUBJECT),
        (_set("SeriesInstanceUID", ""), Quarantine.INCOMPLETE),
        (_set("Rows", 4096), Quarantine.CUT_SHORT),
        (_overlay_in_pixels, Quarantine.OVERLAY),
    ],
)
def test_doubtful_objects_are_not_copied(
    tmp_path: Path, spoil: Callable[[Dataset], None], reason: Quarantine
) -> None:
    first = build_series(Modality.CT)[0]
    spoil(first)
    outcome = deidentify_file(write_dataset(tmp_path / "a.dcm", first), tmp_path / "out", PROFILE)
    assert outcome.quarantine is reason
    assert not (tmp_path / "out").exists()


def test_files_that_cannot_be_read_are_not_copied(tmp_path: Path) -> None:
    whole = write_dataset(tmp_path / "in" / "a.dcm", build_series()[0]).read_bytes()
    (tmp_path / "in" / "cut.dcm").write_bytes(whole[:-100])
    (tmp_path / "in" / "head.dcm").write_bytes(whole[:400])
    (tmp_path / "in" / "empty.dcm").write_bytes(b"")
    (tmp_path / "in" / "note.txt").write_bytes(b"Glenn Quagmire")
    (tmp_path / "in" / "a.dcm").unlink()
    outcomes = _run(tmp_path / "in", tmp_path / "out")
    assert len(outcomes) == 4
    assert all(outcome.output is None for outcome in outcomes)
    assert not (tmp_path / "out" / "dicom").exists()


def test_no_object_that_is_cut_short_is_copied(tmp_path: Path) -> None:
    datasets = build_series()
    plain = [datasets[0], build_structure_set(datasets, {"GTV": build_contours()[:1]})]
    deflated = build_series()[0]
    deflated.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    path = tmp_path / "a.dcm"
    for dataset in (*plain, deflated):
        whole = write_dataset(path, dataset).read_bytes()
        for length in range(140, len(whole), max(1, len(whole) // 150)):
            path.write_bytes(whole[:length])
            assert deidentify_file(path, tmp_path / "out", PROFILE).quarantine is not None, length
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("left", ["Quagmire", "quagmire", "Glenn", "QG-4711"])
def test_a_trace_that_is_left_keeps_the_file_from_appearing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    first = build_series(subject="QG-4711")[0]
    first.PatientName = "Quagmire^Glenn"
    path = write_dataset(tmp_path / "a.dcm", first)
    clean = one_file.clean_dataset

    def forgetful(source: Dataset, cleaning: Cleaning) -> Dataset:
        result = clean(source, cleaning)
        result.ImageComments = f"seen: {left}"
        return result

    monkeypatch.setattr(one_file, "clean_dataset", forgetful)
    outcome = deidentify_file(path, tmp_path / "out", PROFILE)
    assert outcome.quarantine is Quarantine.TRACE
    assert not [p for p in (tmp_path / "out").rglob("*") if p.is_file()]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_a_name_in_the_bytes_of_the_pixels_is_found(tmp_path: Path, encoding: str) -> None:
    first = build_series()[0]
    first.PatientName = "Lüdenscheidt^Karl"
    planted = "lüdenscheidt".encode(encoding)
    first.PixelData = planted + first.PixelData[len(planted) :]
    outcome = deidentify_file(write_dataset(tmp_path / "a.dcm", first), tmp_path / "out", PROFILE)
    assert outcome.quarantine is Quarantine.TRACE


@pytest.mark.parametrize(("name", "encoding"), [("王小東", "gb18030"), ("やまだ^たろう", "iso2022_jp")])
def test_a_name_of_another_script_in_the_pixels_is_found(tmp_path: Path, name: str, encoding: str) -> None:
    first = build_series()[0]
    first.PatientName = f"X^Y={name}"
    planted = name.replace("^", "").encode(encoding)
    first.PixelData = planted + first.PixelData[len(planted) :]
    outcome = deidentify_file(write_dataset(tmp_path / "a.dcm", first), tmp_path / "out", PROFILE)
    assert outcome.quarantine is Quarantine.TRACE


@pytest.mark.parametrize("name", ["Patient^Test", "Li^M", "CT^Phantom", "Basic^Profile", "Axial^Radfeat"])
def test_names_that_are_words_of_our_own_marks_do_not_stop_a_file(tmp_path: Path, name: str) -> None:
    first = build_series()[0]
    first.PatientName = name
    outcome = deidentify_file(write_dataset(tmp_path / "a.dcm", first), tmp_path / "out", PROFILE)
    assert outcome.quarantine is None


def test_subjects_may_keep_the_numbers_that_a_list_gives_them(tmp_path: Path) -> None:
    path = write_dataset(tmp_path / "a.dcm", build_series(subject="TRIAL-001")[0])
    profile = Profile(SECRET, {("TRIAL-001", ""): "TRIAL-001"})
    outcome = deidentify_file(path, tmp_path / "out", profile)
    assert outcome.quarantine is None
    assert str(outcome.output).startswith("TRIAL-001/")


def test_a_subject_that_the_list_lacks_is_not_copied(tmp_path: Path) -> None:
    path = write_dataset(tmp_path / "a.dcm", build_series(subject="B")[0])
    outcome = deidentify_file(path, tmp_path / "out", Profile(SECRET, {("A", ""): "T-1"}))
    assert outcome.quarantine is Quarantine.NOT_IN_LIST


@pytest.mark.parametrize(
    ("keyword", "values", "reason"),
    [
        ("IssuerOfPatientID", ("A", "B"), Quarantine.TWO_ISSUERS),
        ("PatientBirthDate", ("19500101", "19600101"), Quarantine.TWO_PERSONS),
    ],
)
def test_a_patient_id_of_two_persons_is_not_copied(
    tmp_path: Path, keyword: str, values: tuple[str, str], reason: Quarantine
) -> None:
    for n, value in enumerate(values):
        dataset = build_series(series=str(n))[0]
        setattr(dataset, keyword, value)
        write_dataset(tmp_path / "in" / f"{n}.dcm", dataset)
    assert [outcome.quarantine for outcome in _run(tmp_path / "in", tmp_path / "out")] == [reason, reason]


def test_copies_are_written_once_and_contradictions_not_at_all(tmp_path: Path) -> None:
    one, other = build_series()[:2]
    write_dataset(tmp_path / "in" / "1.dcm", one)
    write_dataset(tmp_path / "in" / "2.dcm", one)
    outcomes = _run(tmp_path / "in", tmp_path / "out")
    assert [outcome.copy for outcome in outcomes] == [False, True]
    other.SOPInstanceUID = one.SOPInstanceUID
    write_dataset(tmp_path / "in" / "2.dcm", other)
    outcomes = _run(tmp_path / "in", tmp_path / "other")
    assert {outcome.quarantine for outcome in outcomes} == {Quarantine.TWO_CONTENTS}


def test_structure_sets_and_segmentations_still_refer_to_their_images(tmp_path: Path) -> None:
    datasets = build_series()
    write_series(tmp_path / "in" / "ct", datasets)
    write_dataset(
        tmp_path / "in" / "rs.dcm", build_structure_set(datasets, {"GTV Quagmire": build_contours()})
    )
    write_dataset(tmp_path / "in" / "seg.dcm", build_segmentation(datasets, {"GTV": build_block()}))
    _run(tmp_path / "in", tmp_path / "out")
    made = _read_all(tmp_path / "out")
    images = {d.SOPInstanceUID for d in made if d.Modality == "CT"}
    (drawn,) = (d for d in made if d.Modality == "RTSTRUCT")
    (segmented,) = (d for d in made if d.Modality == "SEG")
    contours = drawn.ROIContourSequence[0].ContourSequence
    assert len(images) == len(datasets)
    assert {c.ContourImageSequence[0].ReferencedSOPInstanceUID for c in contours} <= images
    referred = segmented.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert {item.ReferencedSOPInstanceUID for item in referred} <= images
    assert len({d.FrameOfReferenceUID for d in made if "FrameOfReferenceUID" in d}) == 1
    assert drawn.StructureSetROISequence[0].ROIName == "WITHHELD 1"
    assert segmented.SegmentSequence[0].SegmentLabel == "GTV"
    np.testing.assert_array_equal([float(x) for x in contours[0].ContourData], build_contours()[0].ravel())


@pytest.mark.parametrize("kind", ["RTSTRUCT", "BINARY", "LABELMAP"])
def test_masks_are_voxel_for_voxel_what_they_were(tmp_path: Path, kind: str) -> None:
    datasets = build_series()
    write_series(tmp_path / "in" / "ct", datasets)
    if kind == "RTSTRUCT":
        mask = build_structure_set(datasets, {"GTV": build_contours()})
    else:
        mask = build_segmentation(datasets, {"GTV": build_block()}, kind)
    write_dataset(tmp_path / "in" / "mask.dcm", mask)
    _run(tmp_path / "in", tmp_path / "out")
    made = {str(pydicom.dcmread(path).Modality): path for path in (tmp_path / "out").rglob("*.dcm")}
    before = _read_mask(tmp_path / "in" / "ct", tmp_path / "in" / "mask.dcm")
    after = _read_mask(made["CT"].parent, made[str(mask.Modality)])
    np.testing.assert_array_equal(before, build_block())
    np.testing.assert_array_equal(after, before)


def _read_mask(image: Path, mask: Path) -> np.ndarray:
    key = RoiKey(CaseKey("ST", "A", "S1", "T0", "CT"), "GTV")
    row = ImageRow(key, Modality.CT, image, mask, "GTV", None, None, None, None, 0)
    settings = IngestSettings()
    return read_pair(read_image(row, settings), row, settings).mask.voxels_zyx


def test_two_processes_agree_byte_for_byte_and_suv_and_intervals_stay(trial: Trial, tmp_path: Path) -> None:
    for visit, date in (("1", "20200102"), ("2", "20200415")):
        datasets = build_series(Modality.PT, study=visit, date=date)
        for dataset in datasets:
            drug = dataset.RadiopharmaceuticalInformationSequence[0]
            drug.RadiopharmaceuticalStartDateTime = f"{date}090000.00"
        write_series(trial.source / visit, datasets)
    run = [sys.executable, "-m", "radfeat", *_command(trial)]
    subprocess.run(run, check=True, capture_output=True)
    again = [str(tmp_path / "again") if part == str(trial.target) else part for part in run]
    subprocess.run(again, check=True, capture_output=True)
    assert _contents(trial.target / "dicom") == _contents(tmp_path / "again" / "dicom")
    assert len(_contents(trial.target / "dicom")) == 20

    settings = IngestSettings()
    before = _suv_by_date(trial.source, settings)
    after = _suv_by_date(trial.target / "dicom", settings)
    for one, other in zip(before.values(), after.values(), strict=True):
        np.testing.assert_array_equal(one, other)
    first, second = (pydicom.valuerep.DA(date) for date in after)
    assert (second - first).days == 104
    assert not set(before) & set(after)


def _suv_by_date(folder: Path, settings: IngestSettings) -> dict[str, np.ndarray]:
    found = {}
    for series in sorted({path.parent for path in folder.rglob("*.dcm")}):
        volume = read_dicom_series(Source(series, "case"), Modality.PT, settings).volume
        found[pydicom.dcmread(next(series.glob("*.dcm"))).StudyDate] = volume.voxels_zyx
    return dict(sorted(found.items()))


def test_the_command_reports_by_count_and_keeps_names_in_private(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    datasets = build_series(subject="QG-4711")
    for dataset in datasets:
        dataset.PatientName = "Quagmire^Glenn"
        dataset.SeriesDescription = "CT of Quagmire"
    write_series(trial.source / "Quagmire", datasets)
    (trial.source / "Quagmire" / "letter.txt").write_text("Glenn Quagmire", encoding="utf-8")
    assert run_command_line(_command(trial)) == 0
    said = capsys.readouterr()
    assert "10  file written: new" in said.out
    assert "uagmire" not in said.out + said.err
    for name in ("summary.csv", "quarantine.csv", "deidentification.json"):
        text = (trial.target / name).read_text(encoding="utf-8")
        assert "uagmire" not in text
        assert "4711" not in text
    assert (trial.target / "private").stat().st_mode & 0o777 == 0o700
    with (trial.target / "private" / "subjects.csv").open(encoding="utf-8") as stream:
        assert [row["patient_id"] for row in csv.DictReader(stream)] == ["QG-4711"]

    assert run_command_line(_command(trial)) == 0
    assert "10  file written: the same stood there already" in capsys.readouterr().out


def test_nothing_to_write_is_an_error_of_the_data(trial: Trial, capsys: pytest.CaptureFixture[str]) -> None:
    trial.source.mkdir()
    (trial.source / "note.txt").write_text("x", encoding="utf-8")
    assert run_command_line(_command(trial)) == 3
    assert "no file could be written" in capsys.readouterr().err


def test_the_command_refuses_places_that_would_mix_what_must_stay_apart(
    trial: Trial, capsys: pytest.CaptureFixture[str]
) -> None:
    write_series(trial.source, build_series())
    inside = Trial(trial.source, trial.key, trial.source / "out")
    assert run_command_line(_command(inside)) == 2
    assert run_command_line(_command(Trial(trial.source, trial.target / "k", trial.target))) == 2
    trial.target.mkdir()
    (trial.target / "other.txt").write_text("x", encoding="utf-8")
    assert run_command_line(_command(trial)) == 2
    (trial.target / "other.txt").unlink()
    assert run_command_line(_command(trial)) == 0
    trial.key.write_text("fedcba9876543210" * 4, encoding="ascii")
    assert run_command_line(_command(trial)) == 2
    assert "another key" in capsys.readouterr().err


def test_a_key_is_made_only_when_asked_for(trial: Trial, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(trial.source, build_series())
    trial.key.unlink()
    assert run_command_line(_command(trial)) == 2
    assert run_command_line(_command(trial, "--new-key")) == 0
    assert "without it, later visits" in capsys.readouterr().out
    assert run_command_line(_command(trial, "--new-key")) == 2


def _write_subject(folder: Path, subject: str, birth_date: str = "", date: str = "20200102") -> None:
    datasets = build_series(subject=subject, study=subject, series=subject, date=date)
    for dataset in datasets:
        dataset.PatientBirthDate = birth_date
    write_series(folder, datasets)


def _read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_lists_of_a_second_delivery_join_those_of_the_first(tmp_path: Path) -> None:
    for number, subject in enumerate(("P1", "P2"), start=1):
        _write_subject(tmp_path / subject, subject)
        assert _deliver(tmp_path / subject, tmp_path / "out").number == number
    private = tmp_path / "out" / "private"
    assert [row["patient_id"] for row in _read_rows(private / "subjects.csv")] == ["P1", "P2"]
    files = {row["output"] for row in _read_rows(private / "files.csv")}
    assert files == set(_contents(tmp_path / "out" / "dicom"))
    assert {path.name for path in private.iterdir()} == {"1", "2", "files.csv", "subjects.csv", "lock"}
    assert _read_rows(private / "1" / "summary.csv")
    written = list(private.rglob("*.csv"))
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


@pytest.mark.parametrize(
    ("keyword", "values", "reason"),
    [
        ("IssuerOfPatientID", ("A", "B"), Quarantine.TWO_ISSUERS),
        ("PatientBirthDate", ("19500101", "19600101"), Quarantine.TWO_PERSONS),
    ],
)
def test_a_patient_id_of_two_persons_is_found_across_deliveries(
    tmp_path: Path, keyword: str, values: tuple[str, str], reason: Quarantine
) -> None:
    for n, value in enumerate(values):
        dataset = build_series(series=str(n))[n]
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = f"1.2.{n + 3}"
        setattr(dataset, keyword, value)
        write_dataset(tmp_path / str(n) / "a.dcm", dataset)
    _run(tmp_path / "0", tmp_path / "out")
    second = _deliver(tmp_path / "1", tmp_path / "out")
    assert [outcome.quarantine for outcome in second.outcomes] == [reason]
    assert len(second.taken_back) == 1
    assert not _contents(tmp_path / "out" / "dicom")
    assert [row["what"] for row in _read_rows(tmp_path / "out" / "summary.csv") if "back" in row["what"]] == [
        "file taken back"
    ]


def test_two_patient_ids_of_one_pseudonym_are_refused_across_deliveries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Secret, "derive_subject", lambda self, patient_id: "S-0")
    for subject in ("P1", "P2"):
        _write_subject(tmp_path / subject, subject)
    _run(tmp_path / "P1", tmp_path / "out")
    before = _contents(tmp_path / "out" / "dicom")
    with pytest.raises(SettingsError, match="two PatientIDs share a pseudonym"):
        _run(tmp_path / "P2", tmp_path / "out")
    assert _contents(tmp_path / "out" / "dicom") == before


def test_an_instance_of_other_contents_is_found_across_deliveries(tmp_path: Path) -> None:
    first = build_series()[0]
    write_dataset(tmp_path / "1" / "a.dcm", first)
    first.PatientWeight = 99
    write_dataset(tmp_path / "2" / "a.dcm", first)
    _run(tmp_path / "1", tmp_path / "out")
    assert [o.unchanged for o in _run(tmp_path / "1", tmp_path / "out")] == [True]
    second = _deliver(tmp_path / "2", tmp_path / "out")
    assert [outcome.quarantine for outcome in second.outcomes] == [Quarantine.TWO_CONTENTS]
    assert not _contents(tmp_path / "out" / "dicom")


def test_what_goes_to_quarantine_later_does_not_stay_among_the_objects(tmp_path: Path) -> None:
    _write_subject(tmp_path / "in", "P1")
    _run(tmp_path / "in", tmp_path / "out")
    delivery = _deliver(tmp_path / "in", tmp_path / "out", Profile(SECRET, {("P2", ""): "T-2"}))
    assert {outcome.quarantine for outcome in delivery.outcomes} == {Quarantine.NOT_IN_LIST}
    assert len(delivery.taken_back) == 10
    assert not _contents(tmp_path / "out" / "dicom")
    assert _read_rows(tmp_path / "out" / "private" / "files.csv") == []


def test_record_of_deliveries_that_was_damaged_is_refused(tmp_path: Path) -> None:
    _write_subject(tmp_path / "in", "P1")
    _run(tmp_path / "in", tmp_path / "out")
    (tmp_path / "out" / "private" / "files.csv").write_text("path\nx\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"private/files\.csv: not as it was written"):
        _run(tmp_path / "in", tmp_path / "out")


def test_no_file_is_passed_over_without_a_row(tmp_path: Path) -> None:
    _write_subject(tmp_path / "in" / "a", "P1")
    (tmp_path / "in" / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "in" / "linked").symlink_to(tmp_path / "in" / "a")
    (tmp_path / "in" / "empty").touch()
    (tmp_path / "in" / ".hidden").touch()
    outcomes = _run(tmp_path / "in", tmp_path / "out")
    rows = _read_rows(tmp_path / "out" / "private" / "1" / "quarantine.csv")
    assert {row["path"]: row["reason"] for row in rows} == {
        "broken": SkipReason.BROKEN_LINK.value,
        "linked": SkipReason.LINKED.value,
        "empty": SkipReason.EMPTY.value,
        ".hidden": SkipReason.HIDDEN.value,
    }
    assert len(outcomes) == 14


def test_paths_of_bytes_that_are_no_text_are_listed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/\xff")).write_text("x", encoding="utf-8")
    _run(tmp_path / "in", tmp_path / "out")
    (row,) = _read_rows(tmp_path / "out" / "private" / "1" / "quarantine.csv")
    assert row["path"] == "\\xff"


def test_nothing_is_written_before_it_was_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    find = one_file.has_trace
    out = tmp_path / "out"

    def watch(data: bytes, *rest: Any) -> bool:
        seen.append(out.exists())
        return find(data, *rest)

    monkeypatch.setattr(one_file, "has_trace", watch)
    path = write_dataset(tmp_path / "a.dcm", build_series()[0])
    assert deidentify_file(path, out, PROFILE).output is not None
    assert seen == [False]


def test_what_a_killed_run_left_half_written_is_swept(tmp_path: Path) -> None:
    _write_subject(tmp_path / "in", "P1")
    half = tmp_path / "out" / "dicom" / "S-1" / "x" / ".0a1b2c3d4e5f.tmp.dcm"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"Smith")
    _run(tmp_path / "in", tmp_path / "out")
    assert not half.exists()


def test_a_run_that_is_stopped_reports_what_it_wrote(tmp_path: Path) -> None:
    _write_subject(tmp_path / "in", "P1")

    def stop(stage: str, done: int, total: int) -> None:
        if stage == "write":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deidentify_tree(tmp_path / "in", tmp_path / "out", PROFILE, workers=1, progress=stop)
    files = {row["output"] for row in _read_rows(tmp_path / "out" / "private" / "files.csv")}
    assert files == set(_contents(tmp_path / "out" / "dicom"))
    assert len(files) == 8


def test_no_key_is_made_in_the_source(trial: Trial, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(trial.source, build_series())
    inside = trial.source / "trial.key"
    assert run_command_line([*_command(trial, "--new-key"), "--key", str(inside)]) == 2
    assert "the key lies in the source" in capsys.readouterr().err
    assert not inside.exists()


def test_no_key_is_made_for_a_target_that_is_refused(trial: Trial) -> None:
    write_series(trial.source, build_series())
    trial.key.unlink()
    trial.target.mkdir()
    (trial.target / "other.txt").touch()
    assert run_command_line(_command(trial, "--new-key")) == 2
    assert not trial.key.exists()


@pytest.mark.parametrize("text", ["[1]", "{", "\xff"])
def test_a_mark_that_was_damaged_is_refused(
    trial: Trial, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_series(trial.source, build_series())
    trial.target.mkdir()
    (trial.target / "deidentification.json").write_bytes(text.encode("latin-1"))
    assert run_command_line(_command(trial)) == 2
    assert "is not as it was written" in capsys.readouterr().err


def test_of_a_key_only_the_line_end_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "key"
    for key in (b" \t" + bytes(range(100, 130)) + b" ", b"\n" + b"k" * 32):
        for end in (b"\n", b"\r\n"):
            path.write_bytes(key + end)
            path.chmod(0o600)
            assert read_secret(path).key == key
