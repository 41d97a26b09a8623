"""Any tree is walked once, whatever its links, rights and names; what is no DICOM file is counted."""

import os
from collections import Counter
from pathlib import Path

import pytest

from dicom_phantoms import write_dataset, write_series
from inventory_trees import build_ct, images_of, take
from radfeat.ingest.inventory.records import SkipReason
from radfeat.ingest.inventory.walk import walk_tree


def names(tree: Path) -> list[str]:
    return [Path(file.path).name for file in walk_tree(tree).files]


def reasons(tree: Path) -> dict[str, SkipReason]:
    return {Path(entry.path).name: entry.reason for entry in walk_tree(tree).skipped}


def write(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_files_are_found_at_any_depth_in_the_order_of_their_paths(tmp_path: Path) -> None:
    for name in ("b/2", "a/c/d/1", "3"):
        write(tmp_path / name)
    assert names(tmp_path) == ["3", "1", "2"]


def test_hidden_files_and_folders_are_counted_and_not_entered(tmp_path: Path) -> None:
    write(tmp_path / ".hidden")
    write(tmp_path / ".folder" / "inside")
    assert names(tmp_path) == []
    assert reasons(tmp_path) == {".hidden": SkipReason.HIDDEN, ".folder": SkipReason.HIDDEN}


def test_a_link_to_a_file_or_folder_of_the_tree_lists_nothing_twice(tmp_path: Path) -> None:
    write(tmp_path / "real" / "file")
    (tmp_path / "again").symlink_to(tmp_path / "real")
    (tmp_path / "same").symlink_to(tmp_path / "real" / "file")
    (tmp_path / "real" / "circle").symlink_to(tmp_path)
    assert names(tmp_path) == ["file"]
    assert set(reasons(tmp_path).values()) == {SkipReason.LINKED}


def test_a_link_out_of_the_tree_is_followed_once(tmp_path: Path) -> None:
    write(tmp_path / "store" / "deep" / "file")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "one").symlink_to(tmp_path / "store" / "deep")
    (tree / "two").symlink_to(tmp_path / "store")
    assert names(tree) == ["file"]


def test_a_link_that_leads_nowhere_is_counted(tmp_path: Path) -> None:
    (tmp_path / "lost").symlink_to(tmp_path / "nothing")
    assert reasons(tmp_path) == {"lost": SkipReason.BROKEN_LINK}


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert reasons(tmp_path) == {"pipe": SkipReason.SPECIAL}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_and_a_file_without_rights_are_counted(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    write(closed / "file")
    locked = write(tmp_path / "locked")
    closed.chmod(0)
    locked.chmod(0)
    try:
        found = take(tmp_path)
    finally:
        closed.chmod(0o700)
    counts = Counter(entry.reason for entry in found.skipped)
    assert counts == {SkipReason.UNREADABLE_FOLDER: 1, SkipReason.UNREADABLE: 1}


def test_what_is_no_dicom_is_counted_by_reason_and_stops_nothing(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path / "ct", series)
    write(tmp_path / "notes.txt", "not DICOM" * 40)
    (tmp_path / "empty.dcm").touch()
    whole = (tmp_path / "ct" / "000001.dcm").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:260])
    found = take(tmp_path)
    counts = Counter(entry.reason for entry in found.skipped)
    assert counts == {SkipReason.NOT_DICOM: 1, SkipReason.EMPTY: 1, SkipReason.DAMAGED: 1}
    assert found.files == len(series) + 3
    assert len(images_of(found)) == 1


@pytest.mark.parametrize("length", range(132, 1300, 61))
def test_a_file_cut_at_any_length_is_skipped_or_its_series_is_not_usable(tmp_path: Path, length: int) -> None:
    write_series(tmp_path, build_ct())
    victim = tmp_path / "000003.dcm"
    whole = victim.read_bytes()
    assert length < len(whole)
    victim.write_bytes(whole[:length])
    found = take(tmp_path)
    assert all(opinion.verdict.value != "USABLE" for opinion in found.opinions.values())


def test_names_of_any_script_and_bytes_that_are_no_text_are_read(tmp_path: Path) -> None:
    first, *others = build_ct()
    folder = tmp_path / "医院 甲" / "王小明"
    folder.mkdir(parents=True)
    write_dataset(folder / "第一.dcm", first)
    raw = os.fsencode(folder) + b"/\xff\xfe.dcm"
    write_dataset(folder / "x", others[0])
    os.rename(folder / "x", raw)  # noqa: PTH104
    (image,) = images_of(take(tmp_path))
    assert sorted(map(os.fsencode, image.paths)) == sorted([os.fsencode(folder / "第一.dcm"), raw])
