"""Words that name someone are found in headers and in texts; words of the trade are let alone."""

import pytest
from pydicom.dataset import Dataset, PrivateBlock
from pydicom.sequence import Sequence

from radfeat.ingest.identity import identity_words, name_words, names_someone, pseudonym, withhold

KEY = bytes(range(32))


def _header() -> Dataset:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.PatientName = "Lüdenscheidt^Karl^Otto=王^小東=やまだ^たろう"
    header.PatientID = "STS_0417"
    header.PatientBirthDate = "19500214"
    header.InstitutionName = "University Hospital Gotham"
    header.StationName = "PET-CT"
    return header


@pytest.mark.parametrize(
    "text",
    [
        "GTV Luedenscheidt",
        "ludenscheidt",
        "GTVLÜDENSCHEIDT2",
        "gtv_karl_L",
        "GTVkarl2",
        "KarlGTV",
        "ＫＡＲＬ",
        "karl.otto",
        "GTV王小東",
        "小東",
        "ヤマダ やまだ",
        "STS-0417",
        "0417",
        "born 14.02.1950",
        "1950-02-14",
        "Gotham GTV",
    ],
)
def test_a_text_that_names_someone_is_withheld(text: str) -> None:
    words = identity_words(_header())
    assert names_someone(text, words)
    assert withhold(text, words) == "(withheld)"


@pytest.mark.parametrize(
    "text", ["GTV-1", "Hospital", "PET", "karlsruhe", "Lung_L", "node 417", "", "GTV 小"]
)
def test_a_text_that_names_nobody_is_kept(text: str) -> None:
    assert withhold(text, identity_words(_header())) == text


def test_words_are_found_in_nested_and_private_sequences() -> None:
    header, item, deep = Dataset(), Dataset(), Dataset()
    deep.OperatorsName = "Zimmermann^Eva"
    item.add_new(0x00091001, "PN", "Quagmire^G")
    item.RequestAttributesSequence = Sequence([deep])
    block: PrivateBlock = header.private_block(0x0009, "SOMEONE", create=True)
    block.add_new(0x02, "SQ", Sequence([item]))
    assert {"zimmermann", "eva", "quagmire"} <= identity_words(header)


def test_codes_of_a_person_count_at_any_depth() -> None:
    header, code = Dataset(), Dataset()
    code.CodeMeaning = "Nurse Ratched"
    header.PersonIdentificationCodeSequence = Sequence([code])
    assert "ratched" in identity_words(header)


def test_a_name_made_of_a_common_word_still_counts_but_an_institution_does_not() -> None:
    header = Dataset()
    header.PatientName, header.InstitutionName = "Lung^Ming", "Liver Clinic"
    assert names_someone("Lung_L", identity_words(header))
    assert not names_someone("Liver", identity_words(header))


def test_short_parts_count_only_together() -> None:
    header = Dataset()
    header.PatientName = "Li^Na"
    assert not names_someone("Li", identity_words(header))
    assert names_someone("LiNa", identity_words(header))


def test_a_value_that_cannot_be_decoded_counts_by_its_bytes() -> None:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.add_new("PatientBirthDate", "DA", "")
    header["PatientBirthDate"]._value = b"\xff19500214"
    assert "19500214" in identity_words(header)


def test_a_pseudonym_depends_on_key_issuer_and_identifier_alone() -> None:
    one = pseudonym(KEY, "A", "17")
    assert one == pseudonym(KEY, " A", "17 ")
    assert one.startswith("S-")
    assert len(one) == len("S-") + 12
    others = {
        pseudonym(KEY, "B", "17"),
        pseudonym(KEY, "A", "18"),
        pseudonym(KEY[::-1], "A", "17"),
        pseudonym(KEY, "", "A17"),
    }
    assert one not in others
    assert len(others) == 4


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("MUELLER^Hans", "GTV Müller"),
        ("Müller^Hans", "GTV_MUELLER"),
        ("JUERGENS^Udo", "Jürgens GTV"),
        ("Sørensen^Ane", "GTV_Sorensen"),
        ("Sørensen^Ane", "GTV_Soerensen"),
        ("Wałęsa^Lech", "GTV_WALESA"),
        ("Łukasz^Jan", "Lukasz"),
        ("Yıldız^Ali", "GTV_YILDIZ"),
        ("Đorđević^Ana", "GTV Dordevic"),
        ("Đorđević^Ana", "GTV Djordjevic"),
        ("Djordjevic^Ana", "GTV Đorđević"),
        ("Þórsson^Jon", "Thorsson"),
        ("Kjær^Ole", "KJAER"),
        ("Aagaard^Ole", "Ågaard"),
        ("Strauß^Eva", "STRAUSS"),
    ],
)
def test_other_spellings_of_a_name_are_found(name: str, text: str) -> None:
    header = Dataset()
    header.SpecificCharacterSet, header.PatientName = "ISO_IR 192", name
    assert names_someone(text, identity_words(header))


@pytest.mark.parametrize("text", ["LI WU", "GTV Li Wu", "GTV_Wu_Li", "wu-li 2"])
def test_short_names_are_found_side_by_side(text: str) -> None:
    header = Dataset()
    header.PatientName = "Li^Wu"
    assert names_someone(text, identity_words(header))
    assert not names_someone("GTV Li", identity_words(header))


@pytest.mark.parametrize(
    "text",
    ["12.04.1956", "12.04.56", "12.4.1956", "GTV 560412", "12APR1956", "12-Apr-56", "1956-4-12", "4/12/1956"],
)
def test_a_date_of_birth_is_found_however_it_is_written(text: str) -> None:
    header = Dataset()
    header.PatientBirthDate = "19560412"
    assert names_someone(text, identity_words(header))


@pytest.mark.parametrize("birth", ["19000101", "20000101", "20010101"])
def test_versions_are_no_dates_of_birth(birth: str) -> None:
    header = Dataset()
    header.PatientBirthDate = birth
    assert not any(names_someone(text, identity_words(header)) for text in ("1.1.0", "1.0.1", "1.1.1", "3.0"))


def test_a_uid_in_a_text_counts_and_a_version_does_not() -> None:
    assert names_someone("GTV 1.2.840.113619.2.55.3.604688119", frozenset())
    assert withhold("syngo 5.3.1.0", frozenset()) == "syngo 5.3.1.0"


TECHNICAL = (
    "GTV", "GTV_Mass_MR_T1", "CTV 60", "PTV60", "CT", "PET", "BODY", "Lung_L", "B30f", "STANDARD", "FC18",
    "Qr40d", "Discovery ST", "Biograph mCT", "Ingenuity TF PET/CT", "Aquilion ONE", "SIGNA HDxt", "Achieva",
    "VUE Point FX", "OSEM3D 4i21s", "edema", "oesophagus", "core", "blue", "syngo MR B17",
    "24\\LX\\MR Software release:HD23.0",
)  # fmt: skip


def test_words_of_the_trade_are_kept_beside_common_names() -> None:
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.PatientName = "Müller^Hans^Joe=王^小東"
    header.PatientID, header.PatientBirthDate = "STS_003", "19560412"
    header.OperatorsName, header.ReferringPhysicianName = "Sørensen^Mae", "Li^Wu"
    words = identity_words(header)
    assert [text for text in TECHNICAL if names_someone(text, words)] == []


def test_the_words_of_a_name_are_without_those_of_the_patient_id() -> None:
    header = Dataset()
    header.PatientName, header.PatientID = "Smith^TRIAL", "TRIAL-001"
    assert "smith" in name_words(header)
    assert "trial" not in name_words(header)
