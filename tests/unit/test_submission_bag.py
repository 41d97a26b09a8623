"""A bag names every file that is not as it was written, and the manifest where that is what was changed."""

import random
from pathlib import Path

import bagit
import pytest

from radfeat.core.errors import SubmissionError
from radfeat.submission.bag import (
    ALGORITHMS,
    BagFault,
    FaultKind,
    check_bag,
    compute_seal,
    write_bag,
)

INFO = {"Bagging-Date": "2026-01-02", "Bag-Software-Agent": "a test"}


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    folder = tmp_path / "bag"
    for number in range(60):
        path = folder / f"part-{number % 7}" / f"file {number} ä%25.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes([number]) * (number + 1))
    write_bag(folder, INFO)
    return folder


def flip(path: Path, place: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1 << bit
    path.write_bytes(bytes(content))


def list_files(bag: Path) -> list[Path]:
    return sorted(path for path in bag.rglob("*") if path.is_file())


def named(bag: Path) -> set[str]:
    return {fault.path for fault in check_bag(bag)}


def test_a_bag_as_written_has_no_fault_and_the_library_accepts_it(bag: Path) -> None:
    assert check_bag(bag) == ()
    assert bagit.Bag(str(bag)).validate()


def test_the_same_content_gives_the_same_seal(bag: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for path in (bag / "data").rglob("*"):
        if path.is_file():
            target = other / path.relative_to(bag / "data")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    write_bag(other, INFO)
    assert compute_seal(other) == compute_seal(bag)


@pytest.mark.requirement("R-PACK-1")
def test_a_flipped_byte_in_every_single_file_is_found_and_that_file_alone_is_named(bag: Path) -> None:
    rng = random.Random(5)
    for path in list_files(bag):
        whole = path.read_bytes()
        flip(path, rng.randrange(len(whole)), rng.randrange(8))
        assert named(bag) == {path.relative_to(bag).as_posix()}, path
        path.write_bytes(whole)
    assert check_bag(bag) == ()


def test_any_byte_of_a_tag_manifest_and_of_the_declaration_matters(bag: Path) -> None:
    for name in ("tagmanifest-sha256.txt", "tagmanifest-sha512.txt", "bagit.txt"):
        whole = (bag / name).read_bytes()
        for place in random.Random(1).sample(range(len(whole)), 20):
            flip(bag / name, place)
            assert name in named(bag), place
            (bag / name).write_bytes(whole)


@pytest.mark.parametrize("bit", range(8))
def test_fifty_flipped_files_at_once_are_all_named(bag: Path, bit: int) -> None:
    chosen = random.Random(bit).sample([p for p in list_files(bag) if "data" in p.parts], 50)
    for path in chosen:
        flip(path, 0, bit)
    assert named(bag) == {path.relative_to(bag).as_posix() for path in chosen}


@pytest.mark.requirement("R-PACK-1")
def test_missing_added_and_linked_files_are_named(bag: Path) -> None:
    gone, added = bag / "data/part-0/file 0 ä%25.bin", bag / "data/part-0/new.bin"
    linked = bag / "data/part-1/file 1 ä%25.bin"
    gone.unlink()
    added.write_bytes(b"x")
    copy = bag.parent / "elsewhere"
    linked.rename(copy)
    linked.symlink_to(copy)
    assert set(check_bag(bag)) == {
        BagFault(FaultKind.MISSING, gone.relative_to(bag).as_posix()),
        BagFault(FaultKind.ADDED, added.relative_to(bag).as_posix()),
        BagFault(FaultKind.CHANGED, linked.relative_to(bag).as_posix()),
    }


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("kind", ["manifest", "tagmanifest"])
def test_a_manifest_that_is_gone_is_named(bag: Path, kind: str, algorithm: str) -> None:
    (bag / f"{kind}-{algorithm}.txt").unlink()
    assert f"{kind}-{algorithm}.txt" in named(bag)


def test_a_file_beside_the_payload_that_nobody_listed_is_named(bag: Path) -> None:
    (bag / "note.txt").write_text("x", encoding="utf-8")
    assert named(bag) == {"note.txt"}


def test_a_file_name_with_a_line_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "a\nb").write_bytes(b"x")
    with pytest.raises(SubmissionError, match="line end"):
        write_bag(tmp_path / "bag", INFO)
