"""Fetched instances on disk: whole and rightly named, or not there."""

import io
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from dicom_phantoms import build_contours, build_series, build_structure_set
from radfeat.core.errors import SettingsError
from radfeat.ingest.pacs.answers import PacsError
from radfeat.ingest.pacs.store import PullFolder, hold_folder, keep_instance, list_here, read_identity

CT = build_series()
SERIES, INSTANCE = str(CT[0].SeriesInstanceUID), str(CT[0].SOPInstanceUID)


def encode(dataset: Dataset) -> bytes:
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    return content.getvalue()


def compress(dataset: Dataset) -> Dataset:
    (copy,) = build_series()[:1]
    copy.compress(RLELossless, generate_instance_uid=False)
    return copy


def deflate(dataset: Dataset) -> Dataset:
    (copy,) = build_series()[:1]
    copy.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    return copy


@pytest.fixture
def folder(tmp_path: Path) -> PullFolder:
    return PullFolder(tmp_path / "to")


def keep(folder: PullFolder, content: bytes, instance: str = INSTANCE) -> None:
    keep_instance(folder, SERIES, instance, lambda path: path.write_bytes(content))


def test_kept_instance_is_found_again_under_a_name_without_a_uid(folder: PullFolder) -> None:
    with hold_folder(folder):
        keep(folder, encode(CT[0]))
    (path,) = folder.root.glob("*/*.dcm")
    assert path.read_bytes() == encode(CT[0])
    assert list_here(folder, SERIES) == {INSTANCE}
    assert SERIES not in str(path)
    assert INSTANCE not in str(path)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert folder.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("cut", [1, 4, 8, 100, 440, 1600])
@pytest.mark.parametrize("kind", ["native", "compressed", "deflated", "structure set"])
def test_instance_that_is_cut_short_is_refused_and_leaves_nothing(
    folder: PullFolder, kind: str, cut: int
) -> None:
    made = {"native": CT[0], "compressed": compress(CT[0]), "deflated": deflate(CT[0])}
    dataset = made.get(kind) or build_structure_set(CT, {"GTV": build_contours()})
    content = encode(dataset)
    cut = min(max(cut, 2), len(content) - 200) if kind == "deflated" else min(cut, len(content) - 200)
    (folder.root).mkdir()
    series, instance = str(dataset.SeriesInstanceUID), str(dataset.SOPInstanceUID)
    keep_instance(folder, series, instance, lambda path: path.write_bytes(content))
    folder.instance(series, instance).unlink()
    with pytest.raises(PacsError, match="damaged"):
        keep_instance(folder, series, instance, lambda path: path.write_bytes(content[:-cut]))
    assert not [path for path in folder.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("content", [b"", b"<html>Log in</html>", encode(CT[1])])
def test_something_else_in_place_of_an_instance_is_refused(folder: PullFolder, content: bytes) -> None:
    folder.root.mkdir()
    with pytest.raises(PacsError) as error:
        keep(folder, content)
    assert error.value.passes
    assert list_here(folder, SERIES) == frozenset()


def test_disk_that_cannot_be_written_ends_the_pull_and_is_no_fault_of_the_object(folder: PullFolder) -> None:
    def fail(path: Path) -> None:
        raise OSError(28, "No space left on device")

    folder.root.mkdir()
    with pytest.raises(PacsError, match="No space left on device") as error:
        keep_instance(folder, SERIES, INSTANCE, fail)
    assert error.value.ends


def test_file_under_the_name_of_another_instance_does_not_count(folder: PullFolder) -> None:
    folder.root.mkdir()
    keep(folder, encode(CT[0]))
    folder.instance(SERIES, INSTANCE).rename(folder.instance(SERIES, str(CT[1].SOPInstanceUID)))
    assert list_here(folder, SERIES) == frozenset()


def test_unreadable_file_has_no_identity(tmp_path: Path) -> None:
    assert read_identity(tmp_path / "none.dcm") is None


def test_what_a_killed_pull_left_half_written_is_swept(folder: PullFolder) -> None:
    half = folder.series(SERIES) / ".0a1b2c3d4e5f.tmp.dcm"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"half")
    with hold_folder(folder):
        assert not half.exists()


@pytest.mark.parametrize("name", ["notes/.0a1b2c3d4e5f.tmp.txt", ".draft.tmp", "0a1b2c3d4e5f/.mine.tmp"])
def test_what_no_pull_left_is_not_swept(folder: PullFolder, name: str) -> None:
    own = folder.root / name
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(b"own")
    with hold_folder(folder):
        assert own.exists()


def test_second_pull_into_the_same_folder_is_refused_while_the_first_is_at_work(folder: PullFolder) -> None:
    with hold_folder(folder), pytest.raises(SettingsError, match="another pull"), hold_folder(folder):
        pytest.fail("two pulls hold one folder")
    with hold_folder(folder):
        assert folder.private.stat().st_mode & 0o777 == 0o700
