"""Damaged DICOM: whatever becomes of a header, a value is the true one, or a finding says why it may not be.

Each of the mutations damages one file of a sound study and measures it anew. Numbers drawn as contours and
voxels stored as pixels are data, not headers: a drawing that was altered is another drawing, which no program
can tell from the first, so those two elements are left alone (files are cut short at any place all the same).
In an enhanced object each fact stands once, and only a segmentation can contradict it: that is its mask here.
Of compressed pixels the table of offsets and the head of the frame count as header.
"""

import faulthandler
import os
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless
from tests.dicom_phantoms import (
    build_block,
    build_contours,
    build_enhanced,
    build_segmentation,
    build_series,
    build_structure_set,
    write_dataset,
    write_series,
)

from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import Modality
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.dicom.headers import quiet
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline.case import process_case
from radfeat.pipeline.case_settings import CaseFolders, CaseSettings
from radfeat.pipeline.records import CaseRecord

MUTATIONS = 2000
STUDIES = 5
SHARE_OF_MASKS = 0.4
SECONDS_PER_CASE = 120
"""A case takes 0.05 s; one that hangs ends the test run with a traceback."""
DATA = ("PixelData", "ContourData")
COMPRESSED_HEAD = 32
"""Bytes of the element, of the item with its offset, and of the frame's item."""
SETTINGS = CaseSettings(features=FeatureSettings.model_validate({"classes": {"firstorder": [], "shape": []}}))


@dataclass(frozen=True)
class Study:
    """A sound case on disk, and what it measures."""

    name: str
    folder: Path
    modality: Modality
    masks: tuple[str, ...]
    record: CaseRecord


def measure(folder: Path, modality: Modality, masks: tuple[str, ...]) -> CaseRecord:
    rows = [
        ImageRow(
            key=RoiKey(CaseKey("M", "1", "S001", "base", "image"), name),
            modality=modality,
            image=folder / "image",
            mask=folder / name,
            label=None,
            role=None,
            scanner=None,
            reader_id=None,
            day=None,
            line=0,
        )
        for name in masks
    ]
    return process_case(rows, SETTINGS, CaseFolders())


@pytest.fixture(scope="module", params=["CT", "MR", "PT", "enhanced CT", "compressed CT"])
def study(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder, modality = tmp_path_factory.mktemp("sound"), Modality(request.param[-2:])
    series, masks = build_series(modality), ("seg.dcm",)
    if request.param.startswith("enhanced"):
        enhanced = build_enhanced(series, modality)
        write_dataset(folder / "image" / "000001.dcm", enhanced)
        write_dataset(folder / "seg.dcm", build_segmentation([enhanced], {"GTV": build_block()}))
    else:
        masks = ("rs.dcm", "seg.dcm")
        if request.param.startswith("compressed"):
            for dataset in series:
                dataset.compress(RLELossless, generate_instance_uid=False)
        write_series(folder / "image", series)
        write_dataset(folder / "rs.dcm", build_structure_set(series, {"GTV": build_contours()}))
        write_dataset(folder / "seg.dcm", build_segmentation(series, {"GTV": build_block()}))
    record = measure(folder, modality, masks)
    assert not record.failed, [roi.roi["sentence"] for roi in record.rois]
    return Study(request.param, folder, modality, masks, record)


def cut(path: Path, rng: random.Random) -> str:
    data = path.read_bytes()
    keep = rng.randrange(len(data))
    path.write_bytes(data[:keep])
    return f"cut to {keep} of {len(data)} bytes"


def flip_bits(path: Path, rng: random.Random) -> str:
    data = bytearray(path.read_bytes())
    places = [rng.randrange(min(len(data), _header_length(path))) for _ in range(rng.choice((1, 1, 2, 8)))]
    for place in places:
        data[place] ^= 1 << rng.randrange(8)
    path.write_bytes(bytes(data))
    return f"bits flipped in bytes {places}"


def _header_length(path: Path) -> int:
    """Where the voxels or contours begin: bytes before that are header."""
    data = path.read_bytes()
    packed = data.find(b"\xe0\x7f\x10\x00OB\x00\x00\xff\xff\xff\xff")
    if packed > 0:
        return packed + COMPRESSED_HEAD
    marks = [data.find(mark) for mark in (b"\xe0\x7f\x10\x00", b"\x06\x30\x50\x00")]
    return min([mark for mark in marks if mark > 0] or [len(data)])


def damage_element(path: Path, rng: random.Random) -> str:
    with quiet():
        dataset = pydicom.dcmread(path)
        holder, element = rng.choice([e for e in _elements(dataset) if e[1].keyword not in DATA])
        how = rng.choice([_remove, _empty, _scale, _replace, _repeat])
        text = f"{how.__name__} {element.keyword or element.tag} at depth of {len(holder)} elements"
        how(holder, element, rng)
        try:
            dataset.save_as(path)
        except (ValueError, TypeError, AttributeError, OSError, OverflowError, KeyError):
            return "unwritable: left as it was"
    return text


def _elements(dataset: Dataset) -> Iterator[tuple[Dataset, DataElement]]:
    for element in dataset:
        yield dataset, element
        if element.VR == "SQ":
            for item in element.value:
                yield from _elements(item)


def _remove(holder: Dataset, element: DataElement, rng: random.Random) -> None:
    del holder[element.tag]


def _empty(holder: Dataset, element: DataElement, rng: random.Random) -> None:
    element.value = [] if element.VR == "SQ" else None


def _scale(holder: Dataset, element: DataElement, rng: random.Random) -> None:
    """A number that is wrong by a factor or a sign, as a damaged or converted header has it."""
    factor = rng.choice((-1, 0, 0.1, 0.5, 0.99, 1.01, 2, 10, 1000))
    try:
        values = [float(v) for v in (element.value if element.VM > 1 else [element.value])]
    except (TypeError, ValueError):
        return _replace(holder, element, rng)
    place = rng.randrange(len(values)) if values else 0
    if values:
        values[place] = values[place] * factor if values[place] else factor
        whole = element.VR in ("US", "SS", "UL", "SL", "IS")
        scaled = [int(v) if whole else float(f"{v:.8g}") for v in values]
        element.value = scaled if len(scaled) > 1 else scaled[0]
    return None


def _replace(holder: Dataset, element: DataElement, rng: random.Random) -> None:
    if element.VR == "SQ":
        element.value = [Dataset()]
    elif element.VR in ("US", "UL", "SS", "SL"):
        element.value = rng.choice((0, 1, 2, 7, 255))
    elif element.VR == "UI":
        element.value = rng.choice(("1.2.3.4", "1.2.840.10008.1.2.4.90", "1.2.840.10008.5.1.4.1.1.7"))
    elif element.VR in ("OB", "OW"):
        element.value = bytes(rng.randrange(256) for _ in range(8))
    else:
        text = rng.choice(("", "0", "1", "-1", "nan", "1e30", "X", "20300101", "000000", "NONE"))
        try:
            element.value = text
        except ValueError:  # no number: written as text of another kind
            holder[element.tag] = DataElement(element.tag, "LO", text)


def _repeat(holder: Dataset, element: DataElement, rng: random.Random) -> None:
    values = list(element.value) if element.VM > 1 or element.VR == "SQ" else [element.value]
    element.value = [*values, *values]


DAMAGES: list[Callable[[Path, random.Random], str]] = [cut, flip_bits, damage_element, damage_element]


@pytest.mark.requirement("R-IN-6")
def test_no_damage_crashes_hangs_or_alters_a_value_unsaid(study: Study, tmp_path: Path) -> None:
    silent: list[str] = []
    failed = 0
    for seed in range(MUTATIONS // STUDIES):
        rng = random.Random(f"{study.name}-{seed}")
        folder = _link(study.folder, tmp_path / str(seed))
        masks, slices = [folder / name for name in study.masks], sorted((folder / "image").iterdir())
        victim = rng.choice(masks if rng.random() < SHARE_OF_MASKS else slices)
        _own(victim)
        said = rng.choice(DAMAGES)(victim, rng)
        faulthandler.dump_traceback_later(SECONDS_PER_CASE, exit=True)
        record = measure(folder, study.modality, study.masks)
        faulthandler.cancel_dump_traceback_later()
        altered = _find_unsaid(record, study.record)
        silent += [f"seed {seed}, {victim.name}: {said}: {mask} changed without a word" for mask in altered]
        failed += record.failed
        shutil.rmtree(folder)
    assert silent == []
    assert failed > MUTATIONS // STUDIES // 20, "hardly any damage did any damage"


def _find_unsaid(record: CaseRecord, sound: CaseRecord) -> list[str]:
    """The ROIs that have other values than in the sound study and no finding that the sound study lacks."""
    kept = {(f["check"], f["key"]) for f in _findings(sound)}
    spoke = {(f["check"], f["key"]) for f in _findings(record)} - kept
    pairs = zip(record.rois, sound.rois, strict=True)
    changed = [old.roi for new, old in pairs if not new.failed and new.values != old.values]
    keys = {key for _, key in spoke}
    return [roi["roi"] for roi in changed if not keys & {roi["roi_id"], roi["case_id"]}]


def _findings(record: CaseRecord) -> list[dict[str, object]]:
    return [*record.findings, *(f for roi in record.rois for f in roi.findings)]


def _link(source: Path, target: Path) -> Path:
    shutil.copytree(source, target, copy_function=os.link)
    return target


def _own(path: Path) -> None:
    """Give a linked file bytes of its own, so that the damage stays in its study."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)
