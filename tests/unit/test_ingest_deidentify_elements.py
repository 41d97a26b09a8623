"""Each action of PS3.15 Table E.1-1, and what is kept beyond it, on single elements."""

from collections.abc import Callable

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from radfeat.ingest.deidentify.elements import Cleaning, clean_dataset
from radfeat.ingest.deidentify.journal import Journal, Person, Profile
from radfeat.ingest.deidentify.secret import Secret
from radfeat.ingest.deidentify.table import EDITION, TABLE, TABLE_SIZE, Action
from radfeat.ingest.dicom.headers import quiet
from radfeat.ingest.identity import identity_words

SECRET = Secret(bytes(range(32)))
DAYS = 10


def _clean(dataset: Dataset, extra: frozenset[str] = frozenset()) -> tuple[Dataset, Journal]:
    journal = Journal()
    person = Person("S-0001", DAYS, identity_words(dataset))
    return clean_dataset(dataset, Cleaning(Profile(SECRET, None, extra), person, journal)), journal


def _one(keyword: str, value: object, extra: frozenset[str] = frozenset()) -> Dataset:
    dataset = Dataset()
    dataset.PatientName = "Quagmire^Glenn"
    with quiet():
        setattr(dataset, keyword, value)
    return _clean(dataset, extra)[0]


def test_the_table_is_that_of_the_stated_edition() -> None:
    assert EDITION == "2026c"
    assert len(TABLE) == TABLE_SIZE - 3  # the repeating groups: curves, overlay data, overlay comments
    assert TABLE[0x00080050] is Action.EMPTY
    assert TABLE[0x00081010] is Action.DUMMY
    assert TABLE[0x0020000D] is Action.UID
    assert TABLE[0x00102160] is Action.REMOVE
    assert 0x00102161 in TABLE, "an element that only newer editions list"


@pytest.mark.parametrize(
    "keyword",
    [
        "InstitutionAddress",
        "PatientComments",
        "OtherPatientIDs",
        "ImageComments",
        "PatientAddress",
        "EthnicGroup",
    ],
)
def test_x_removes(keyword: str) -> None:
    assert keyword not in _one(keyword, "anything")


@pytest.mark.parametrize(
    "keyword", ["AccessionNumber", "StudyID", "ReferringPhysicianName", "ROIInterpreter"]
)
def test_z_empties(keyword: str) -> None:
    assert _one(keyword, "anything")[keyword].value == ""


def test_sequences_of_persons_are_removed_and_those_of_type_two_emptied() -> None:
    dataset, item = Dataset(), Dataset()
    item.CodeMeaning = "Glenn"
    dataset.AcquisitionContextSequence = Sequence([item])
    dataset.PersonIdentificationCodeSequence = Sequence([item])
    dataset.RequestAttributesSequence = Sequence([item])
    cleaned, _ = _clean(dataset)
    assert [element.keyword for element in cleaned] == ["AcquisitionContextSequence"]
    assert len(cleaned.AcquisitionContextSequence) == 0


def test_the_date_of_birth_is_emptied_not_shifted() -> None:
    assert _one("PatientBirthDate", "19500214").PatientBirthDate == ""


def test_d_puts_a_dummy() -> None:
    assert _one("DeviceSerialNumber", "SN-88-1234").DeviceSerialNumber == "REMOVED"
    assert _one("StationName", "GOTHAM1").StationName == "REMOVED"


def test_names_and_numbers_of_the_subject_become_the_subject_id_at_any_depth() -> None:
    dataset, item = Dataset(), Dataset()
    dataset.PatientName, dataset.PatientID = "Quagmire^Glenn", "4711-X"
    item.PatientName, item.PatientID = "Quagmire^Glenn", "4711-X"
    dataset.AnatomicRegionSequence = Sequence([item])
    cleaned, _ = _clean(dataset)
    for where in (cleaned, cleaned.AnatomicRegionSequence[0]):
        assert (str(where.PatientName), where.PatientID) == ("S-0001", "S-0001")


def test_u_maps_uids_alike_wherever_they_stand_and_keeps_registered_ones() -> None:
    dataset, item = Dataset(), Dataset()
    dataset.SOPInstanceUID = item.ReferencedSOPInstanceUID = "1.2.3.4.5"
    item.ReferencedSOPClassUID = "1.2.840.10008.5.1.4.1.1.2"
    dataset.ReferencedImageSequence = Sequence([item])
    cleaned, journal = _clean(dataset)
    reference = cleaned.ReferencedImageSequence[0]
    assert cleaned.SOPInstanceUID == reference.ReferencedSOPInstanceUID
    assert cleaned.SOPInstanceUID.startswith("2.25.")
    assert reference.ReferencedSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert journal.uids == {"1.2.3.4.5": cleaned.SOPInstanceUID}


@pytest.mark.parametrize(
    ("keyword", "value", "expected"),
    [
        ("StudyDate", "20200301", "20200220"),
        ("AcquisitionDateTime", "20200301093000.5+0100", "20200220093000.5+0100"),
        ("StructureSetDate", "20200301", "20200220"),
        ("StudyTime", "093000.50", "093000.50"),
        ("StudyTime", "Glenn", ""),
    ],
)
def test_dates_go_back_and_times_stay(keyword: str, value: str, expected: str) -> None:
    assert _one(keyword, value)[keyword].value == expected


def test_dates_go_back_in_nested_items() -> None:
    dataset, item = Dataset(), Dataset()
    item.RadiopharmaceuticalStartDateTime, item.RadiopharmaceuticalStartTime = "20200301080000", "080000"
    dataset.RadiopharmaceuticalInformationSequence = Sequence([item])
    drug = _clean(dataset)[0].RadiopharmaceuticalInformationSequence[0]
    assert drug.RadiopharmaceuticalStartDateTime == "20200220080000"
    assert drug.RadiopharmaceuticalStartTime == "080000"


@pytest.mark.parametrize(
    ("keyword", "text", "kept"),
    [
        ("SeriesDescription", "T1 AX POST GD", True),
        ("SeriesDescription", "CT for Dr Smith", False),
        ("StudyDescription", "CHEST 14.02.1950", False),
        ("ProtocolName", "Glenn CT", False),
        ("Radiopharmaceutical", "FDG -- fluorodeoxyglucose", True),
    ],
)
def test_c_keeps_descriptions_of_technical_words_only(keyword: str, text: str, kept: bool) -> None:
    cleaned = _one(keyword, text)
    assert (keyword in cleaned) is kept
    if kept:
        assert cleaned[keyword].value == text


def test_an_roi_name_of_other_words_becomes_a_number_and_is_listed() -> None:
    dataset, known, named = Dataset(), Dataset(), Dataset()
    known.ROINumber, known.ROIName = 1, "GTV_Mass"
    named.ROINumber, named.ROIName = 2, "GTV Quagmire"
    dataset.StructureSetROISequence = Sequence([known, named])
    cleaned, journal = _clean(dataset)
    assert [item.ROIName for item in cleaned.StructureSetROISequence] == ["GTV_Mass", "WITHHELD 2"]
    assert journal.withheld == [("ROIName", "GTV Quagmire")]


def test_a_studys_own_words_keep_its_names() -> None:
    assert "SeriesDescription" not in _one("SeriesDescription", "zebra 2")
    assert _one("SeriesDescription", "zebra 2", frozenset({"zebra"})).SeriesDescription == "zebra 2"


def test_a_studys_own_word_does_not_keep_the_subjects_name() -> None:
    assert "SeriesDescription" not in _one("SeriesDescription", "glenn 2", frozenset({"glenn"}))


def test_codes_of_public_schemes_stay_and_local_ones_are_withheld() -> None:
    dataset, public, local = Dataset(), Dataset(), Dataset()
    public.CodeValue, public.CodingSchemeDesignator, public.CodeMeaning = "C-111A1", "SRT", "18F"
    local.CodeValue, local.CodingSchemeDesignator, local.CodeMeaning = "QG1", "99GOTHAM", "for Dr Zoidberg"
    dataset.AnatomicRegionSequence = Sequence([public, local])
    one, other = _clean(dataset)[0].AnatomicRegionSequence
    assert (one.CodeValue, one.CodingSchemeDesignator, one.CodeMeaning) == ("C-111A1", "SRT", "18F")
    assert (other.CodeValue, other.CodingSchemeDesignator, other.CodeMeaning) == (
        "withheld",
        "99WITHHELD",
        "withheld",
    )


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("PatientWeight", "70.5"),
        ("PatientSize", "1.75"),
        ("PatientSex", "F"),
        ("PatientAge", "089Y"),
        ("KVP", "120"),
    ],
)
def test_k_keeps(keyword: str, value: str) -> None:
    assert str(_one(keyword, value)[keyword].value) == value


@pytest.mark.parametrize(("age", "kept"), [("090Y", "090Y"), ("104Y", "090Y"), ("006M", "006M")])
def test_ages_above_89_years_are_capped(age: str, kept: str) -> None:
    assert _one("PatientAge", age).PatientAge == kept


def test_the_acquisition_set_is_kept_unless_it_names_someone() -> None:
    assert _one("ManufacturerModelName", "Discovery ST").ManufacturerModelName == "Discovery ST"
    assert "ManufacturerModelName" not in _one("ManufacturerModelName", "Quagmire-Scan")
    assert "ImageType" not in _one("ImageType", ["ORIGINAL", "QUAGMIRE"])


def _add_private(dataset: Dataset) -> None:
    dataset.private_block(0x0099, "SOMEONE", create=True).add_new(1, "LO", "x")


def _add_curve(dataset: Dataset) -> None:
    dataset.add_new(0x50000010, "US", 1)


def _add_overlay(dataset: Dataset) -> None:
    dataset.add_new(0x60003000, "OW", b"\0\0")


def _add_unknown(dataset: Dataset) -> None:
    dataset.add_new(0x00181FFE, "LO", "x")


def _add_unlisted_text(dataset: Dataset) -> None:
    dataset.DetectorDescription = "x"


def _add_wrong_representation(dataset: Dataset) -> None:
    dataset.add_new(0x00180060, "LO", "KVP")


def _add_unlisted_person(dataset: Dataset) -> None:
    dataset.EvaluatorName = "Someone^Else"


@pytest.mark.parametrize(
    "add",
    [
        _add_private,
        _add_curve,
        _add_overlay,
        _add_unknown,
        _add_unlisted_text,
        _add_wrong_representation,
        _add_unlisted_person,
    ],
)
def test_what_is_not_known_to_be_safe_is_removed_or_emptied(add: Callable[[Dataset], None]) -> None:
    dataset = Dataset()
    add(dataset)
    assert len(dataset) >= 1
    assert not [element for element in _clean(dataset)[0] if element.value]


def test_only_the_private_factors_of_suv_and_a_shifted_decay_time_are_kept() -> None:
    dataset = Dataset()
    philips = dataset.private_block(0x7053, "Philips PET Private Group", create=True)
    philips.add_new(0x00, "DS", "0.00085")
    philips.add_new(0x09, "UN", b"1.5 ")
    philips.add_new(0x10, "LO", "Quagmire")
    dataset.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20200301093000.00")
    cleaned, journal = _clean(dataset)
    kept = cleaned.private_block(0x7053, "Philips PET Private Group")
    assert (float(kept[0x00].value), float(kept[0x09].value)) == (0.00085, 1.5)
    assert 0x10 not in kept
    assert cleaned.private_block(0x0009, "GEMS_PETD_01")[0x0D].value == "20200220093000.00"
    assert journal.kept_private


def test_a_name_in_the_place_of_a_private_factor_is_removed() -> None:
    dataset = Dataset()
    dataset.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x00, "LO", "Quagmire")
    assert len(_clean(dataset)[0]) == 0


def test_a_uid_that_is_no_number_is_mapped_all_the_same() -> None:
    dataset = Dataset()
    with quiet():
        dataset.add_new(0x0020000E, "UI", "Quagmire.1")
    assert _clean(dataset)[0].SeriesInstanceUID.startswith("2.25.")
