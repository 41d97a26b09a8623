"""No output, log or message says whose an image is, whatever its headers, folders and files are called."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
import pydicom
import pytest
from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicom_phantoms import (
    build_block,
    build_contours,
    build_enhanced,
    build_segmentation,
    build_series,
    build_structure_set,
    uid_of,
    write_dataset,
    write_series,
)
from radfeat.cli.main import run_command_line
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality
from radfeat.ingest.deidentify.table import is_removed_group
from radfeat.ingest.dicom.headers import quiet

ENCODINGS = (
    "utf-8", "latin-1", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "iso2022_jp", "iso2022_kr",
    "utf-16-le", "utf-16-be",
)  # fmt: skip
GRID = Grid((12, 12, 6), (2.0, 2.0, 3.0), (0.0, 0.0, 0.0))
MODALITIES = (Modality.CT, Modality.PT, Modality.MR, Modality.CT)
TEXT_VRS = ("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT")
NEEDED = (
    "SpecificCharacterSet", "Modality", "PhotometricInterpretation", "BurnedInAnnotation", "PatientName",
    "PatientID", "ImageType", "ConversionType", "Units", "DecayCorrection", "CorrectedImage", "SeriesType",
)  # fmt: skip
"""Text elements that are not planted: with them the object would go to quarantine or could not be read."""
SPOILT = (
    "Manufacturer", "ManufacturerModelName", "SoftwareVersions", "StudyID", "ConvolutionKernel",
    "ReconstructionMethod", "StructureSetLabel", "ReferringPhysicianName", "SeriesDescription",
)  # fmt: skip
"""Elements that the phantoms have already, and that are overwritten; others of theirs are kept."""


@dataclass(frozen=True)
class Planted:
    """A person: the name and its character set, what is planted, and the pieces that must be nowhere."""

    folder: str
    charset: str | list[str]
    name: str
    number: str
    word: str
    pieces: tuple[str, ...]
    birth_date: str = "19500214"
    accession: str = "ACC778899Z"
    uids: list[str] = field(default_factory=list)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must not be found."""
        return (*self.pieces, self.number, self.accession, self.birth_date, *self.uids)


def _persons() -> list[Planted]:
    return [
        Planted(
            "Quagmirovitz^Zacharias",
            "ISO_IR 192",
            "Quagmirovitz^Zacharias=王^小東東=やまだ^たろう",
            "ZX4711Q",
            "QUAGMIROVITZ",
            ("quagmirovitz", "zacharias", "王小東東", "小東東", "やまだ", "たろう"),
        ),
        Planted(
            "Müllerowski",
            "ISO_IR 100",
            "Müllerowski^Zoë",
            "ZX4712Q",
            "MÜLLEROWSKI",
            ("müllerowski", "muellerowski"),
        ),
        Planted(
            "王小東東",
            "GB18030",
            "Wangster^Xiaodong=王^小東東",
            "ZX4713Q",
            "王小東東",
            ("小東東", "wangster", "xiaodong"),
        ),
        Planted(
            "yamadarou",
            ["", "ISO 2022 IR 87"],
            "Yamadarou^Taroumaru=山田川^太郎丸",
            "ZX4714Q",
            "山田川",
            ("yamadarou", "taroumaru", "山田川", "太郎丸"),
        ),
    ]


def _name(dataset: Dataset, person: Planted) -> None:
    """What every header says of a person."""
    dataset.SpecificCharacterSet = person.charset
    dataset.PatientName, dataset.PatientID = person.name, person.number
    dataset.PatientBirthDate, dataset.AccessionNumber = person.birth_date, person.accession


def _build_texts(person: Planted) -> Dataset:
    """The person in every standard element that can hold text, in nested items, and in private elements."""
    item, texts = Dataset(), Dataset()
    with quiet():
        for where in (item, texts):
            _fill(where, person)
            _fill_private(where, person)
        item.ViewCodeSequence = Items([_local_code(person)])
        texts.AnatomicRegionSequence = Items([item])
    return texts


def _plant(dataset: Dataset, texts: Dataset) -> None:
    for element in texts:
        if element.tag not in dataset or element.keyword in SPOILT:
            dataset.add(element)


def _fill(dataset: Dataset, person: Planted) -> None:
    for tag in pydicom.datadict.DicomDictionary:
        vr, keyword = dictionary_VR(tag), keyword_for_tag(tag)
        if vr not in TEXT_VRS or keyword in NEEDED or is_removed_group(pydicom.tag.Tag(tag)):
            continue
        plain = person.word.isascii() or vr not in ("AE", "CS", "UR")
        dataset.add_new(tag, vr, person.name if vr == "PN" else person.word if plain else person.number)


def _fill_private(dataset: Dataset, person: Planted) -> None:
    block = dataset.private_block(0x0013, "ACME", create=True)
    for offset, vr in enumerate(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UT"), start=1):
        block.add_new(offset, vr, person.word if person.word.isascii() else person.number)
    block.add_new(0x20, "OB", person.number.encode() + b" ")
    block.add_new(0x21, "UN", person.name.encode().ljust(200))
    safe = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
    safe.add_new(0x00, "LO", person.number)


def _local_code(person: Planted) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = person.number, "99ACME"
    code.CodeMeaning = person.word
    return code


def _write_person(root: Path, person: Planted, modality: Modality) -> None:
    """A series with two structure sets, one cut short, a segmentation, an enhanced object, and a letter."""
    folder, texts = root / person.folder / person.number, _build_texts(person)
    datasets = build_series(modality, GRID, subject=person.number)
    names = {f"GTV {person.word}": build_contours(GRID), "GTV": build_contours(GRID)}
    drawn = build_structure_set(datasets, names)
    segmented = build_segmentation(datasets, {f"GTV {person.word}": build_block(GRID)})
    enhanced = build_enhanced(datasets, modality)
    for dataset in (*datasets, drawn, segmented, enhanced):
        person.uids.extend(str(dataset[k].value) for k in ("SOPInstanceUID", "SeriesInstanceUID"))
        _name(dataset, person)
        _plant(dataset, texts)
    person.uids.append(str(datasets[0].StudyInstanceUID))
    write_series(folder / person.name.split("^")[0], datasets)
    write_dataset(folder / f"{person.number}_rs.dcm", drawn)
    write_dataset(folder / f"{person.number}_seg.dcm", segmented)
    write_dataset(folder / f"{person.number}_enhanced.dcm", enhanced)
    drawn.SOPInstanceUID = uid_of(person.number, "cut")
    cut = write_dataset(folder / f"{person.number}_cut.dcm", drawn)
    cut.write_bytes(cut.read_bytes()[:-200])
    (folder / f"{person.folder}.txt").write_text(person.name, encoding="utf-8")


def _forms(text: str) -> Iterator[bytes]:
    for form in {text, text.lower(), text.upper(), text.title()}:
        for encoding in ENCODINGS:
            try:
                data = form.encode(encoding)
            except UnicodeEncodeError:
                continue
            yield (
                data.removeprefix(b"\x1b$B")
                .removesuffix(b"\x1b(B")
                .removeprefix(b"\x1b$)C")
                .strip(b"\x0e\x0f")
            )


def find_secrets(data: bytes, secrets: tuple[str, ...]) -> list[str]:
    """The secrets that some bytes hold, in any encoding and any case."""
    plain = data.lower()
    return [
        secret for secret in secrets if any(form.lower() in plain for form in _forms(secret) if len(form) > 3)
    ]


def find_in_tree(root: Path, secrets: tuple[str, ...], left_out: str = "private") -> list[tuple[str, str]]:
    """Where below a folder a name or the bytes of a file hold a secret; the private folder is left out."""
    found = []
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root)
        if left_out in place.parts:
            continue
        data = str(place).encode() + b"\n" + (path.read_bytes() if path.is_file() else b"")
        found += [(str(place), secret) for secret in find_secrets(data, secrets)]
    return found


def test_the_search_itself_finds_what_is_there(tmp_path: Path) -> None:
    for person, modality in zip(_persons(), MODALITIES, strict=True):
        _write_person(tmp_path, person, modality)
        found = {secret for _, secret in find_in_tree(tmp_path, person.secrets)}
        assert found >= {person.number, person.accession, person.birth_date, *person.uids, person.pieces[0]}


@pytest.mark.requirement("R-PRIV-2")
def test_deidentified_objects_hold_nothing_of_the_person(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    persons = _persons()
    for person, modality in zip(persons, MODALITIES, strict=True):
        _write_person(tmp_path / "source", person, modality)
    command = ["ingest", "deidentify", str(tmp_path / "source"), "--to", str(tmp_path / "target")]
    capfd.readouterr()
    assert run_command_line([*command, "--key", str(tmp_path / "key"), "--new-key", "--workers", "1"]) == 0
    said = capfd.readouterr()
    secrets = tuple(secret for person in persons for secret in person.secrets)
    assert find_secrets((said.out + said.err).encode(), secrets) == []
    assert find_in_tree(tmp_path / "target", secrets) == []
    written = list((tmp_path / "target" / "dicom").rglob("*.dcm"))
    assert len(written) == len(persons) * (GRID.size_xyz[2] + 3), (
        "an object went to quarantine instead of being cleaned"
    )
    assert find_in_tree(tmp_path / "target" / "private", secrets), "the site's own lists are kept"


@pytest.mark.requirement("R-PRIV-1")
def test_an_inventory_holds_nothing_of_the_person_outside_private(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    persons = _persons()
    for person, modality in zip(persons, MODALITIES, strict=True):
        _write_person(tmp_path / "source", person, modality)
    capfd.readouterr()
    command = ["ingest", "inventory", str(tmp_path / "source"), "--to", str(tmp_path / "found")]
    assert run_command_line([*command, "--workers", "1"]) == 0
    said = capfd.readouterr()
    secrets = tuple(secret for person in persons for secret in person.secrets)
    assert find_secrets((said.out + said.err).encode(), secrets) == []
    assert find_in_tree(tmp_path / "found", secrets) == []
    assert "(withheld)" in (tmp_path / "found" / "series.csv").read_text(encoding="utf-8")
    assert find_in_tree(tmp_path / "found" / "private", secrets), "the site's own lists are kept"


def _write_drawn(root: Path, person: Planted, modality: Modality) -> None:
    """A series and one structure set: what an inventory drafts rows of."""
    _write_person(root, person, modality)
    for kind in ("seg", "enhanced", "cut"):
        (root / person.folder / person.number / f"{person.number}_{kind}.dcm").unlink()


def _add_failing_rows(study: Path, source: Path, persons: list[Planted]) -> None:
    """Rows that fail: no such ROI, another person's mask, a mask cut short, an image cut short."""
    sheet = study / "images.csv"
    with sheet.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    first = rows[0]
    owner = first["subject_id"]
    mask = study / "private" / "extra" / "mask.dcm"
    image = study / "private" / "extra" / "image.dcm"
    mask.parent.mkdir()
    whole = min(source.rglob("*_rs.dcm")).read_bytes()
    mask.write_bytes(whole[: len(whole) // 2])
    slice_path = min(source.rglob("000001.dcm"))
    image.write_bytes(slice_path.read_bytes()[:-100])
    modality = str(pydicom.dcmread(slice_path).Modality)
    other = next(row for row in rows if row["subject_id"] != owner)
    rows += [
        {**first, "roi": "no such ROI", "label": "CTV"},
        {**first, "roi": "another's", "mask": other["mask"], "label": other["label"]},
        {**first, "roi": "cut mask", "mask": "private/extra/mask.dcm"},
        {
            **first,
            "roi": "cut image",
            "image_id": "cut",
            "modality": modality,
            "image": "private/extra/image.dcm",
        },
    ]
    with sheet.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(first))
        writer.writeheader()
        writer.writerows(rows)


def _read_cells(root: Path) -> str:
    """The text of every cell of every Parquet table below a folder, and of their metadata."""
    parts = []
    for path in sorted(root.rglob("*.parquet")):
        table = pq.read_table(path)
        parts += [str(table.schema.metadata), *table.column_names]
        parts += [str(cell) for column in table.columns for cell in column.to_pylist() if cell is not None]
    return "\n".join(parts)


@pytest.mark.requirement("R-PRIV-1")
def test_a_run_on_dicom_says_nothing_of_the_person_not_even_where_it_fails(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    persons, source, study = _persons(), tmp_path / "source", tmp_path / "study"
    for person, modality in zip(persons, MODALITIES, strict=True):
        _write_drawn(source, person, modality)
    command = ["ingest", "inventory", str(source), "--to", str(study), "--workers", "1"]
    assert run_command_line(command) == 0
    _add_failing_rows(study, source, persons)
    config = study / "config.yaml"
    small = "features:\n  classes:\n    firstorder: [Mean]\n    shape: [MeshVolume]\n"
    small += "perturb:\n  repeats: 2\n"
    config.write_text(config.read_text(encoding="utf-8") + small, encoding="utf-8")
    capfd.readouterr()
    caplog.clear()
    results = ["--results", str(study / "results")]
    stages = (
        ["validate", str(study)],
        ["plan", str(study)],
        ["check-files", *results],
        ["extract", *results, "--bucket", "0"],
        ["perturb", *results, "--bucket", "0"],
        ["repeatability", *results],
        ["collect", *results],
        ["report", *results, "--blinded"],
    )
    codes = {stage[0]: run_command_line(stage) for stage in stages}
    said = capfd.readouterr()
    assert codes == dict.fromkeys(codes, 0), said.err
    secrets = tuple(secret for person in persons for secret in person.secrets)
    assert find_secrets((said.out + said.err + caplog.text).encode(), secrets) == []
    assert find_in_tree(study, secrets) == []
    cells = _read_cells(study / "results")
    assert find_secrets(cells.encode(), secrets) == []
    for reason in ("ROI_NOT_FOUND", "GEOMETRY", "UNREADABLE", "OK"):
        assert reason in cells, f"no ROI has {reason}: the test is to reach such messages too"
