"""The inventory of the real DICOM tree drafts every region, beside its own image, as a sheet that runs."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from phantoms import SHARED
from radfeat.cli.main import run_command_line
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.dicom.files import read_series_list
from radfeat.ingest.image_sheet import ImageRow, check_image_files, read_image_sheet
from radfeat.ingest.settings import IngestSettings

pytestmark = pytest.mark.needs_shared
STS = SHARED / "sts" / "dicom"
SUBJECTS = 8
MODALITIES = ("CT", "MR", "PT")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("inventory") / "sts"
    code = run_command_line(
        ["ingest", "inventory", str(STS), "--to", str(target), "--subject-id", "patient-id"]
    )
    assert code == 0
    return target


@pytest.fixture(scope="module")
def rows(folder: Path) -> tuple[ImageRow, ...]:
    return read_image_sheet(folder / "images.csv")


def source_folder(listing: Path) -> Path:
    """The folder of a series list's files, below the tree's root."""
    (folder,) = {file.resolve().parent for file in read_series_list(listing).files}
    return folder.relative_to(STS.resolve())


def test_all_regions_of_all_subjects_are_drafted(rows: tuple[ImageRow, ...]) -> None:
    assert Counter(row.modality.value for row in rows) == dict.fromkeys(MODALITIES, SUBJECTS)
    assert len({row.key.case.subject_id for row in rows}) == SUBJECTS
    assert {(row.key.case.timepoint, row.day) for row in rows} == {("V1", 0)}
    assert {row.role for row in rows} == {"GTV"}
    assert check_image_files(rows) == ()


def test_each_region_stands_beside_the_image_it_was_drawn_in(rows: tuple[ImageRow, ...]) -> None:
    """Three images of a subject share one frame of reference; only references tell them apart."""
    for row in rows:
        image, mask = source_folder(row.image), source_folder(row.mask)
        assert image.parent == mask.parent
        assert image.parts[0] == row.key.case.subject_id


def test_every_series_is_usable(folder: Path) -> None:
    with (folder / "series.csv").open(encoding="utf-8", newline="") as stream:
        series = list(csv.DictReader(stream))
    verdicts = Counter((row["modality"], row["verdict"]) for row in series)
    usable = {(modality, "USABLE"): SUBJECTS for modality in MODALITIES}
    assert verdicts == {**usable, ("RTSTRUCT", "NOT_AN_IMAGE"): 3 * SUBJECTS}
    assert {row["pet_units"] for row in series if row["modality"] == "PT"} == {"GML"}


def test_drafted_rows_of_a_subject_are_read_as_image_and_mask(rows: tuple[ImageRow, ...]) -> None:
    settings = IngestSettings()
    subject = [row for row in rows if row.key.case.subject_id == "STS_002"]
    assert len(subject) == len(MODALITIES)
    for row in subject:
        pair = read_pair(read_image(row, settings), row, settings)
        assert pair.mask.voxels_zyx.any()
        assert pair.image.modality is row.modality
