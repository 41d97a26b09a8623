"""Keys, UIDs, dates and words of the trade: what de-identification derives and decides value by value."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.uid import UID

from radfeat.core.errors import SettingsError, TableError
from radfeat.ingest.deidentify.dates import keep_time, shift_date, shift_date_time
from radfeat.ingest.deidentify.secret import Secret, read_secret, write_new_secret
from radfeat.ingest.deidentify.subjects import read_subjects
from radfeat.ingest.deidentify.vocabulary import is_technical, read_words

SECRET = Secret(bytes(range(32)))
DERIVE = """
from radfeat.ingest.deidentify.secret import Secret
secret = Secret(bytes(range(32)))
print(secret.derive_uid("1.2.3"), secret.derive_shift_days("S-1"), secret.derive_subject("4711"))
"""


def test_another_process_derives_the_same() -> None:
    said = subprocess.run([sys.executable, "-c", DERIVE], capture_output=True, text=True, check=True).stdout
    assert said.split() == [
        SECRET.derive_uid("1.2.3"),
        str(SECRET.derive_shift_days("S-1")),
        SECRET.derive_subject("4711"),
    ]


def test_derived_uids_are_valid_differ_by_key_and_leave_registered_ones() -> None:
    derived = {SECRET.derive_uid(f"1.2.{n}") for n in range(200)}
    assert len(derived) == 200
    assert all(UID(uid).is_valid and len(uid) <= 64 for uid in derived)
    assert SECRET.derive_uid("1.2.1") != Secret(bytes(range(1, 33))).derive_uid("1.2.1")
    assert SECRET.derive_uid("1.2.840.10008.1.2.1\0") == "1.2.840.10008.1.2.1"
    assert SECRET.derive_uid(" ") == ""


def test_shifts_are_whole_days_between_one_and_ten_years() -> None:
    shifts = {SECRET.derive_shift_days(f"S-{n}") for n in range(200)}
    assert min(shifts) >= 1
    assert max(shifts) <= 3650
    assert len(shifts) > 150


def test_the_key_is_in_no_text_of_the_secret() -> None:
    secret = Secret(b"quagmire" * 4)
    assert "quagmire" not in repr(secret)
    assert secret.fingerprint != Secret(b"quagmirE" * 4).fingerprint


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("20200301", "20200220"),
        ("20200229", "20200219"),
        ("2020.03.01", "2020.02.20"),
        ("202003", "202003"),
        ("2020", "2020"),
        ("20200301-20200401", "20200220-20200322"),
        ("20200301-", "20200220-"),
        ("-20200401", "-20200322"),
        ("20200230", ""),
        ("Quagmire", ""),
        ("20200301 Quagmire", ""),
        ("00010105", ""),
        ("", ""),
    ],
)
def test_dates_keep_their_form(text: str, moved: str) -> None:
    assert shift_date(text, 10) == moved


def test_partial_dates_move_by_months_and_years() -> None:
    assert shift_date("202003", 400) == "201902"
    assert shift_date("2020", 400) == "2019"


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("20200301093000.123456+0200", "20200220093000.123456+0200"),
        ("20200301093000-0500", "20200220093000-0500"),
        ("202003010930", "202002200930"),
        ("20200301", "20200220"),
        ("20200301093000-20200302", "20200220093000-20200221"),
        ("20200301Quagmire", ""),
    ],
)
def test_date_times_keep_time_precision_and_zone(text: str, moved: str) -> None:
    assert shift_date_time(text, 10) == moved


def test_what_is_no_time_is_emptied() -> None:
    assert keep_time("093000.5 ") == "093000.5"
    assert keep_time("09:30:00") == "09:30:00"
    assert keep_time("Quagmire") == ""
    assert keep_time("19500214") == ""


@pytest.mark.parametrize(
    "text",
    ["GTV_Mass_MR_T1", "T1 AX POST GD", "CT WB 3.0 B30f", "b1000 dwi", "liver minus GTV", "PTV60", "GTV-1"],
)
def test_words_of_the_trade_are_technical(text: str) -> None:
    assert is_technical(text)


@pytest.mark.parametrize(
    "text",
    [
        "GTV Smith",
        "14.02.50",
        "1950",
        "S001",
        "040 123 456",
        "CT 12345",
        "Dr X",
        "",
        "---",
        "gtv " * 20,
        "小東",
    ],
)
def test_other_words_dates_and_numbers_are_not(text: str) -> None:
    assert not is_technical(text)


def test_a_new_key_is_long_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "trial.key"
    write_new_secret(path)
    assert len(read_secret(path).key) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(SettingsError, match="already"):
        write_new_secret(path)


def test_a_key_that_is_absent_short_or_open_to_others_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trial.key"
    with pytest.raises(SettingsError, match="no such key file"):
        read_secret(path)
    path.write_bytes(b"x" * 31)
    path.chmod(0o600)
    with pytest.raises(SettingsError, match="31 bytes"):
        read_secret(path)
    path.write_bytes(b"x" * 32)
    path.chmod(0o640)
    if os.name == "posix":
        with pytest.raises(SettingsError, match="0640"):
            read_secret(path)


def test_a_list_of_subjects_is_read_and_its_faults_name_no_one(tmp_path: Path) -> None:
    path = tmp_path / "subjects.csv"
    path.write_text("patient_id;subject_id\nQuagmire-1;T-001\n", encoding="utf-8-sig")
    assert read_subjects(path) == {("Quagmire-1", ""): "T-001"}
    path.write_text("patient_id,subject_id\nQuagmire-1,\nQuagmire-1,T-2\nX,../T-3\n", encoding="utf-8")
    with pytest.raises(TableError) as caught:
        read_subjects(path)
    assert "Quagmire" not in str(caught.value)
    path.write_text("patient_id,subject_id\nQuagmire-1,../T-3\n", encoding="utf-8")
    with pytest.raises(TableError, match="1 subject ids"):
        read_subjects(path)


def test_a_studys_words_are_folded_and_one_to_a_line(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_text("Zebra\n\nÖdem\n", encoding="utf-8")
    assert read_words(path) == {"zebra", "odem"}
    path.write_text("two words\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="entry 1"):
        read_words(path)
