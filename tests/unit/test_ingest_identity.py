"""Words that name someone are found in headers and in texts; words of the trade are let alone."""

import pytest
from pydicom.dataset import Dataset, PrivateBlock
from pydicom.sequence import Sequence

from radfeat.ingest.identity import identity_words, names_someone, pseudonym, withhold

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
    assert len(one) == 10
    others = {
        pseudonym(KEY, "B", "17"),
        pseudonym(KEY, "A", "18"),
        pseudonym(KEY[::-1], "A", "17"),
        pseudonym(KEY, "", "A17"),
    }
    assert one not in others
    assert len(others) == 4
