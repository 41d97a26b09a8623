"""Numbers, codes and units: what values are made of stays or stops the file; identifiers go."""

from pathlib import Path

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag

from dicom_phantoms import build_contours, build_enhanced, build_series, build_structure_set, write_dataset
from radfeat.core.vocabulary import Modality
from radfeat.ingest.deidentify.codes import UNITS, is_public_code
from radfeat.ingest.deidentify.journal import Profile
from radfeat.ingest.deidentify.numbers import LINKS, MEASURES, read_decimals
from radfeat.ingest.deidentify.one_file import Outcome, deidentify_file
from radfeat.ingest.deidentify.quarantine import Quarantine
from radfeat.ingest.deidentify.secret import Secret
from radfeat.ingest.deidentify.table import CHARACTERISTICS, TABLE
from radfeat.ingest.dicom.headers import quiet
from radfeat.ingest.dicom.instances import read_instances
from radfeat.ingest.dicom.intensities import UCUM_CODES, Meaning
from radfeat.ingest.dicom.series import interpret_headers
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

SECRET = Secret(bytes(range(32)))
PROFILE = Profile(SECRET)


def _deidentify(dataset: Dataset, folder: Path, profile: Profile = PROFILE) -> Outcome:
    return deidentify_file(write_dataset(folder / "a.dcm", dataset), folder / "out", profile)


def _read(dataset: Dataset, folder: Path) -> Dataset:
    outcome = _deidentify(dataset, folder)
    assert outcome.quarantine is None
    return pydicom.dcmread(folder / "out" / str(outcome.output))


def _set_raw(dataset: Dataset, tag: int, vr: str, value: bytes) -> None:
    dataset[Tag(tag)] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)


def _map(series: list[Dataset], unit: str) -> list[Dataset]:
    """A mapping to this unit in every header, in place of the words that say it otherwise."""
    for dataset in series:
        code, mapping = Dataset(), Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = unit, "UCUM", "unit"
        mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept = 2.0, 0.0
        mapping.MeasurementUnitsCodeSequence = Items([code])
        dataset.RealWorldValueMappingSequence = Items([mapping])
    return series


def _read_meaning(path: Path, modality: Modality) -> Meaning:
    source = Source(path, "case", noun="series")
    instances = read_instances(source).instances
    return interpret_headers(source, instances, modality, IngestSettings()).meaning


@pytest.mark.parametrize("unit", sorted(UCUM_CODES))
def test_units_mean_the_same_before_and_after(tmp_path: Path, unit: str) -> None:
    modality = Modality.MR if "/s" in unit else Modality.PT
    series = build_series(modality)
    if modality is Modality.PT:
        enhanced = build_enhanced(series, modality)
        for frame in enhanced.PerFrameFunctionalGroupsSequence:
            del frame.RealWorldValueMappingSequence
        series = [enhanced]
    for k, dataset in enumerate(_map(series, unit)):
        path = write_dataset(tmp_path / "in" / f"{k}.dcm", dataset)
        assert deidentify_file(path, tmp_path / "out", PROFILE).quarantine is None
    (made,) = {path.parent for path in (tmp_path / "out").rglob("*.dcm")}
    before, after = _read_meaning(tmp_path / "in", modality), _read_meaning(made, modality)
    assert after.rescales == before.rescales
    assert after.unit is before.unit


@pytest.mark.parametrize("text", ["Smith", "SMITH/ml", "12.04.56"])
def test_a_name_or_date_is_no_unit(text: str) -> None:
    assert not is_public_code(text, "UCUM")
    assert is_public_code("g/ml", "UCUM")
    assert all(is_public_code(unit, "UCUM") for unit in UNITS)


PUBLIC_CODES = {
    "DCM": "113100",
    "SCT": "108369006",
    "SRT": "M-80003",
    "FMA": "7203",
    "NCIt": "C3262",
    "RADLEX": "RID5741",
    "UMLS": "C0027651",
}


@pytest.mark.parametrize(("scheme", "code"), PUBLIC_CODES.items())
def test_a_code_of_a_public_scheme_stays_and_a_name_in_its_place_does_not(scheme: str, code: str) -> None:
    assert is_public_code(code, scheme)
    assert not is_public_code("SMITH", scheme)
    assert not is_public_code(code, "99LOCAL")


def test_what_values_depend_on_is_not_what_the_standard_removes() -> None:
    assert not (MEASURES | LINKS) & TABLE.keys() - CHARACTERISTICS


@pytest.mark.parametrize(
    ("keyword", "tag", "text"),
    [
        ("ImagePositionPatient", 0x00200032, b"-123.456789012345\\20.123456789012\\30.0 "),
        ("PixelSpacing", 0x00280030, b"0.97656250000000001\\0.9765625 "),
        ("RescaleSlope", 0x00281053, b"1.00000000000000000 "),
        ("PatientWeight", 0x00101030, b"70.0000000000000000 "),
    ],
)
def test_decimals_that_are_too_long_are_written_as_the_nearest(
    tmp_path: Path, keyword: str, tag: int, text: bytes
) -> None:
    first = build_series(Modality.CT)[0]
    _set_raw(first, tag, "DS", text)
    made = _read(first, tmp_path)[keyword].value
    values = made if isinstance(made, pydicom.multival.MultiValue) else [made]
    assert [float(v) for v in values] == pytest.approx([float(t) for t in text.split(b"\\")], rel=1e-13)
    assert all(len(str(v)) <= 16 for v in values)


def test_a_long_dose_is_kept_within_its_item(tmp_path: Path) -> None:
    first = build_series(Modality.PT)[0]
    _set_raw(first.RadiopharmaceuticalInformationSequence[0], 0x00181074, "DS", b"350000000.00000001")
    made = _read(first, tmp_path)
    assert float(made.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose) == 350000000.0


def test_decimals_that_are_no_numbers_are_none() -> None:
    assert read_decimals(["1.5", ""]) == ["1.5", ""]
    assert read_decimals(["nan"]) is None
    assert read_decimals(["1", "Smith"]) is None
    assert read_decimals(["1e400"]) is None


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [(0x00280030, "DS", b"Smith\\1 "), (0x00281053, "LO", b"1 "), (0x00280010, "LO", b"14")],
)
def test_a_measure_that_cannot_be_carried_over_stops_the_file(
    tmp_path: Path, tag: int, vr: str, value: bytes
) -> None:
    first = build_series(Modality.CT)[0]
    path = write_dataset(tmp_path / "a.dcm", first)
    data = pydicom.dcmread(path)
    _set_raw(data, tag, vr, value)
    data.save_as(path)
    assert deidentify_file(path, tmp_path / "out", PROFILE).quarantine is not None
    assert not (tmp_path / "out").exists()


def test_identifiers_in_numbers_are_emptied(tmp_path: Path) -> None:
    first = build_series(Modality.CT, subject="0047111")[0]
    first.AccessionNumber, first.PatientBirthDate = "8471123", "19560412"
    first.SeriesNumber, first.AcquisitionNumber, first.InstanceNumber = "47111", "8471123", "1"
    first.TemporalPositionIndex = 47111
    first.ReconstructionDiameter = "19560412"
    made = _read(first, tmp_path)
    for keyword in ("SeriesNumber", "AcquisitionNumber", "TemporalPositionIndex", "ReconstructionDiameter"):
        assert made[keyword].value is None, keyword
    assert made.InstanceNumber == 1


def test_a_measure_that_equals_an_identifier_stays_and_a_number_of_a_region_stops_the_file(
    tmp_path: Path,
) -> None:
    datasets = build_series(Modality.CT, subject="4711")
    datasets[0].RescaleSlope = "4711"
    assert _read(datasets[0], tmp_path / "image").RescaleSlope == 4711
    mask = build_structure_set(datasets, {"GTV": build_contours()})
    for item in (
        mask.StructureSetROISequence[0],
        mask.ROIContourSequence[0],
        mask.RTROIObservationsSequence[0],
    ):
        keyword = "ROINumber" if "ROINumber" in item else "ReferencedROINumber"
        setattr(item, keyword, 4711)
    assert _deidentify(mask, tmp_path / "mask").quarantine is Quarantine.UNWRITABLE


@pytest.mark.parametrize("text", ["20260412", "1.2.840.99.7.5", "ID 471112"])
def test_a_code_string_with_a_date_or_uid_in_it_is_removed(tmp_path: Path, text: str) -> None:
    first = build_series(Modality.CT)[0]
    with quiet():
        first.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL", text]
        assert "ImageType" not in _read(first, tmp_path)


def test_an_age_of_several_values_is_removed(tmp_path: Path) -> None:
    first = build_series(Modality.CT)[0]
    _set_raw(first, 0x00101010, "AS", b"045Y\\046Y ")
    assert "PatientAge" not in _read(first, tmp_path)


def test_a_uid_below_the_root_of_the_standard_that_it_does_not_register_is_mapped() -> None:
    assert SECRET.derive_uid("1.2.840.10008.5.1.4.1.1.2.19560412.7777").startswith("2.25.")
    assert SECRET.derive_uid("1.2.840.10008.5.1.4.1.1.2") == "1.2.840.10008.5.1.4.1.1.2"


def test_a_dummy_is_no_name_that_is_kept(tmp_path: Path) -> None:
    mask = build_structure_set(build_series(), {"Quagmire": build_contours(), "ROI 1": build_contours()})
    made = _read(mask, tmp_path)
    assert [item.ROIName for item in made.StructureSetROISequence] == ["WITHHELD 1", "ROI 1"]


@pytest.mark.parametrize("subject_id", ["P1-Smith", "SMITH_01", "P1smith"])
def test_a_subject_id_of_the_list_that_holds_the_name_is_refused(tmp_path: Path, subject_id: str) -> None:
    first = build_series(subject="P1")[0]
    first.PatientName = "Smith^P1"
    profile = Profile(SECRET, {("P1", ""): subject_id})
    assert _deidentify(first, tmp_path, profile).quarantine is Quarantine.NAMED
    assert _deidentify(first, tmp_path, Profile(SECRET, {("P1", ""): "P1-007"})).quarantine is None
