"""What hides in and behind pixels: comments of compressed frames, bytes beyond the last voxel, traces."""

import random
from copy import deepcopy
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from dicom_phantoms import (
    build_block,
    build_contours,
    build_segmentation,
    build_series,
    build_structure_set,
    encode_jpeg_lossless,
    write_dataset,
)
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality
from radfeat.ingest.deidentify.compressed import blank_comments
from radfeat.ingest.deidentify.journal import Profile
from radfeat.ingest.deidentify.one_file import Outcome, deidentify_file
from radfeat.ingest.deidentify.quarantine import Quarantine
from radfeat.ingest.deidentify.secret import Secret
from radfeat.ingest.deidentify.traces import build_needles, has_trace
from radfeat.ingest.dicom.headers import HeaderError, quiet

PROFILE = Profile(Secret(bytes(range(32))))
LARGER = Grid((64, 64, 1), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
NOTE = b"Scan of Dr Adams, St Mary, 12.04.1956"


def _deidentify(dataset: Dataset, folder: Path) -> Outcome:
    return deidentify_file(write_dataset(folder / "a.dcm", dataset), folder / "out", PROFILE)


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def _jpeg() -> Dataset:
    first = build_series(Modality.CT)[0]
    plane = first.pixel_array.astype(np.int32) & 0xFFFF
    first.PixelRepresentation = 0
    return _with_frame(first, encode_jpeg_lossless(plane.astype(np.uint16)), JPEGLosslessSV1)


def _with_frame(dataset: Dataset, frame: bytes, syntax: pydicom.uid.UID, fragments: int = 1) -> Dataset:
    dataset.PixelData = encapsulate([frame], fragments_per_frame=fragments)
    dataset["PixelData"].is_undefined_length = True
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def _frame(dataset: Dataset) -> bytes:
    return next(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1))


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("marker", [0xFE, 0xE1, 0xED])
def test_comments_of_jpeg_are_blanked_and_voxels_stay(tmp_path: Path, marker: int, fragments: int) -> None:
    sound = _jpeg()
    frame = _frame(sound)
    noted = frame[:2] + _segment(marker, NOTE) + frame[2:]
    outcome = _deidentify(_with_frame(deepcopy(sound), noted, JPEGLosslessSV1, fragments), tmp_path)
    assert outcome.quarantine is None
    path = tmp_path / "out" / str(outcome.output)
    assert b"Adams" not in path.read_bytes()
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, sound.pixel_array)


def test_a_comment_after_coded_data_is_blanked() -> None:
    frame = _frame(_jpeg()).rstrip(b"\0")
    assert frame.endswith(b"\xff\xd9")
    noted = frame[:-2] + _segment(0xFE, NOTE) + frame[-2:]
    assert b"Adams" not in blank_comments(encapsulate([noted]))


def test_comments_of_jpeg_2000_are_blanked_and_voxels_stay(tmp_path: Path) -> None:
    first = build_series(Modality.CT, LARGER)[0]
    expected = first.pixel_array.copy()
    first.compress(JPEG2000Lossless, generate_instance_uid=False)
    frame = _frame(first)
    size = 4 + int.from_bytes(frame[4:6], "big")
    noted = frame[:size] + _segment(0x64, b"\0\1" + NOTE) + frame[size:]
    tile = noted.index(b"\xff\x90")
    header = tile + 12
    noted = noted[:header] + _segment(0x64, b"\0\1" + NOTE) + noted[header:]
    length = int.from_bytes(noted[tile + 6 : tile + 10], "big")
    longer = length + len(NOTE) + 6 if length else 0
    noted = noted[: tile + 6] + longer.to_bytes(4, "big") + noted[tile + 10 :]
    outcome = _deidentify(_with_frame(first, noted, JPEG2000Lossless), tmp_path)
    assert outcome.quarantine is None
    path = tmp_path / "out" / str(outcome.output)
    assert b"Adams" not in path.read_bytes()
    np.testing.assert_array_equal(pydicom.dcmread(path).pixel_array, expected)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, RLELossless])
def test_frames_that_encoders_write_are_followed_to_their_end(
    tmp_path: Path, syntax: pydicom.uid.UID
) -> None:
    first = build_series(Modality.CT, LARGER)[0]
    expected = first.pixel_array.copy()
    first.compress(syntax, generate_instance_uid=False)
    outcome = _deidentify(first, tmp_path)
    assert outcome.quarantine is None
    np.testing.assert_array_equal(
        pydicom.dcmread(tmp_path / "out" / str(outcome.output)).pixel_array, expected
    )


def _end_with_note(frame: bytes) -> bytes:
    return frame + NOTE


def _cut(frame: bytes) -> bytes:
    return frame[: len(frame) // 2]


def _unknown(frame: bytes) -> bytes:
    return NOTE + frame


@pytest.mark.parametrize("spoil", [_end_with_note, _cut, _unknown])
def test_frames_that_cannot_be_followed_are_not_copied(tmp_path: Path, spoil) -> None:
    dataset = _jpeg()
    noted = spoil(_frame(dataset))
    outcome = _deidentify(_with_frame(dataset, noted, JPEGLosslessSV1), tmp_path)
    assert outcome.quarantine is Quarantine.UNWRITABLE


def test_no_damage_of_a_frame_crashes_or_hangs() -> None:
    rng = random.Random(7)
    value = encapsulate([_frame(_jpeg())])
    refused = 0
    for _ in range(500):
        data = bytearray(value)
        for _ in range(rng.choice((1, 3))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        try:
            assert len(blank_comments(bytes(data[: rng.randrange(len(data)) + 1]))) <= len(data)
        except HeaderError:
            refused += 1
    assert refused


@pytest.mark.parametrize(("count", "reason"), [(2, Quarantine.EXCESS), (28, Quarantine.EXCESS)])
def test_bytes_behind_the_pixels_are_not_copied(tmp_path: Path, count: int, reason: Quarantine) -> None:
    first = build_series(Modality.CT)[0]
    first.PixelData += b"Li Wei born 12.04.56, Seoul "[:count]
    assert _deidentify(first, tmp_path).quarantine is reason


def test_one_byte_that_makes_pixels_even_is_no_excess(tmp_path: Path) -> None:
    mask = build_segmentation(build_series(), {"GTV": build_block()})
    assert _deidentify(mask, tmp_path).quarantine is None
    first = build_series(Modality.CT)[0]
    first.Rows, first.Columns, first.BitsAllocated, first.BitsStored, first.HighBit = 3, 5, 8, 8, 7
    first.PixelData = bytes(16)
    assert _deidentify(first, tmp_path / "odd").quarantine is None


@pytest.mark.parametrize("kind", ["CT", "PT", "RTSTRUCT", "SEG"])
def test_no_element_that_is_there_but_empty_stops_the_run(tmp_path: Path, kind: str) -> None:
    datasets = build_series(Modality.PT if kind == "PT" else Modality.CT)
    sound = {
        "RTSTRUCT": lambda: build_structure_set(datasets, {"GTV": build_contours()[:1]}),
        "SEG": lambda: build_segmentation(datasets, {"GTV": build_block()}),
    }.get(kind, lambda: datasets[0])()
    path = write_dataset(tmp_path / "a.dcm", sound)
    for element in list(sound):
        spoilt = pydicom.dcmread(path)
        with quiet():
            spoilt[element.tag].value = [] if element.VR == "SQ" else None
            spoilt.save_as(tmp_path / "b.dcm")
        outcome = deidentify_file(tmp_path / "b.dcm", tmp_path / "out", PROFILE)
        assert (outcome.output is None) is (outcome.quarantine is not None), element.keyword


def test_a_uid_that_is_left_is_found_among_thousands(tmp_path: Path) -> None:
    uids = [f"1.2.840.113619.2.55.3.{n}" for n in range(3000)]
    sound = build_series()[0]
    needles = build_needles((), uids)
    assert not has_trace(write_dataset(tmp_path / "a.dcm", sound).read_bytes(), needles, frozenset())
    sound.FrameOfReferenceUID = uids[1234]
    assert has_trace(write_dataset(tmp_path / "b.dcm", sound).read_bytes(), needles, frozenset())


def test_words_with_signs_in_them_are_sought_as_they_stand(tmp_path: Path) -> None:
    sound = build_series()[0]
    sound.ManufacturerModelName = "ward (7) a|b"
    path = write_dataset(tmp_path / "a.dcm", sound)
    assert has_trace(path.read_bytes(), build_needles(["ward (7)"], ()), frozenset())
    assert not has_trace(path.read_bytes(), build_needles(["ward .7."], ()), frozenset())
