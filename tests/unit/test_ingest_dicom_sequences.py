"""Sequences whose lengths do not fit: pydicom reads them without a word, and loses or swallows items."""

import struct
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

import phantoms
from dicom_phantoms import (
    build_block,
    build_contours,
    build_segmentation,
    build_series,
    build_structure_set,
    write_dataset,
    write_series,
)
from radfeat.core.errors import CaseError, InputError
from radfeat.core.vocabulary import Reason
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.dicom.headers import parse_dataset
from radfeat.ingest.dicom.sequences import is_cut_short, require_items
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

SERIES = build_series()
BLOCK = build_block()
ITEM = b"\xfe\xff\x00\xe0"
SOURCE = Source(phantoms.SHARED, "key", missing=Reason.ROI_NOT_FOUND)
OBJECTS = {
    "RTSTRUCT": lambda: build_structure_set(SERIES, {"GTV": build_contours()}),
    "SEG": lambda: build_segmentation(SERIES, {"GTV": BLOCK}),
}


def find_items(data):
    """Where the heads of items stand."""
    places, place = [], data.find(ITEM)
    while place >= 0:
        places.append(place)
        place = data.find(ITEM, place + 1)
    return places


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    folder = write_series(tmp_path_factory.mktemp("series"), SERIES)
    return read_image(phantoms.build_row(folder, folder), IngestSettings())


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("change", [-2, 1 << 26])
def test_item_of_another_length_than_it_says_never_gives_another_mask(tmp_path, image, kind, change):
    data = write_dataset(tmp_path / "sound.dcm", OBJECTS[kind]()).read_bytes()
    row = phantoms.build_row(tmp_path, tmp_path)
    places = find_items(data)
    assert len(places) > 20
    refused = 0
    for place in places:
        (length,) = struct.unpack_from("<L", data, place + 4)
        spoilt = bytearray(data)
        struct.pack_into("<L", spoilt, place + 4, max(length + change, 0))
        path = tmp_path / f"{place}.dcm"
        path.write_bytes(spoilt)
        try:
            mask = read_pair(image, replace(row, mask=path), IngestSettings()).mask.voxels_zyx
        except CaseError:
            refused += 1
        else:
            assert np.array_equal(mask, BLOCK), place
    assert refused >= 6


def build(items=3, **length):
    """A dataset with a sequence, as it stands in a file."""
    dataset = build_structure_set(SERIES, {"GTV": build_contours()[:items]})
    region = dataset.ROIContourSequence[0]
    for item in region.ContourSequence:
        item.is_undefined_length_sequence_item = length.get("item", False)
    region["ContourSequence"].is_undefined_length = length.get("sequence", False)
    stream = BytesIO()
    dataset.save_as(stream)
    return parse_dataset(stream.getvalue()).ROIContourSequence[0]


@pytest.mark.parametrize("item", [False, True])
@pytest.mark.parametrize("sequence", [False, True])
def test_lengths_may_be_said_or_left_to_delimiters(item, sequence):
    assert len(require_items(SOURCE, build(3, item=item, sequence=sequence), "ContourSequence")) == 3


def test_absent_and_empty_sequences_have_no_items():
    assert require_items(SOURCE, Dataset(), "ContourSequence") == ()
    assert require_items(SOURCE, build(0), "ContourSequence") == ()
    dataset = Dataset()
    dataset.ContourSequence = Items()
    assert require_items(SOURCE, dataset, "ContourSequence") == ()


def test_sequence_that_is_none_is_refused():
    dataset = Dataset()
    dataset.add_new("ContourSequence", "OB", b"no sequence")
    with pytest.raises(InputError, match="is damaged in its ContourSequence"):
        require_items(SOURCE, dataset, "ContourSequence")


def test_header_that_was_cut_within_an_element_is_cut_short(tmp_path):
    path = write_dataset(tmp_path / "image.dcm", SERIES[0])
    data = path.read_bytes()
    assert not is_cut_short(dcmread(path))
    assert is_cut_short(parse_dataset(data[:-1]))


def test_empty_element_of_an_unknown_kind_is_not_cut_short():
    dataset = Dataset()
    dataset.PatientID = ""
    stream = BytesIO()
    SERIES[0].save_as(stream)
    data = stream.getvalue().replace(b"\x10\x00\x30\x00DA\x00\x00", b"\x10\x00\x30\x00D\xf2\x00\x00")
    assert data != stream.getvalue()
    assert not is_cut_short(parse_dataset(data))
