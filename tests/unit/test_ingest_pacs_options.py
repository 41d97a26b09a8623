"""Options of a pull: what is wrong is said in one sentence with exit code 2, before any PACS is asked."""

from pathlib import Path

import pytest

from radfeat.cli.ingest_pull import build_address, build_requests
from radfeat.cli.main import run_command_line
from radfeat.core.errors import SettingsError
from radfeat.ingest.pacs.association import AeAddress, Method, parse_ae_address, require_ae_address
from radfeat.ingest.pacs.request import Request
from radfeat.ingest.pacs.storage_classes import BY_MODALITY, MOST_CLASSES, build_contexts
from radfeat.ingest.pacs.web_session import WebAddress

SETTINGS, DATA = 2, 3
WEB = ["--url", "https://pacs.example.org/dicom-web"]
AET = ["--aet", "PACS@pacs.example.org:104"]
ASKED = ["--study-uid", "1.2.3"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (ASKED, "one of --url and --aet is needed"),
        ([*WEB, *AET, *ASKED], "one of --url and --aet is needed"),
        (WEB, "nothing says what to fetch"),
        ([*WEB, "--modality", "CT"], "nothing says what to fetch"),
        ([*WEB, "--study-uid", ""], "nothing says what to fetch"),
        ([*WEB, "--study-uid", "1.2.x"], "--study-uid: not a UID"),
        ([*WEB, "--patient-id", "SM*"], "--patient-id: a wildcard"),
        ([*WEB, *ASKED, "--modality", "PET"], "--modality: not a modality"),
        ([*WEB, *ASKED, "--tls"], "--tls: only with --aet"),
        ([*WEB, *ASKED, "--own-port", "104"], "--own-port: only with --aet"),
        ([*AET, *ASKED, "--user", "a"], "--user: only with --url"),
        ([*AET, *ASKED, "--connections", "2"], "--connections: only with --url"),
        ([*WEB, *ASKED, "--user", "a"], "--user and --password-env belong together"),
        ([*WEB, *ASKED, "--user", "a", "--password-env", "NO_SUCH_VARIABLE"], "no such environment variable"),
        (["--url", "pacs", *ASKED], "--url: not the address of a DICOMweb service"),
        (["--aet", "pacs:104", *ASKED], "--aet: not the address"),
        (["--aet", "PACS@host:99999", *ASKED], "--aet: not the address"),
        ([*AET, *ASKED, "--tls", "--method", "move"], "--tls: with C-MOVE"),
        ([*AET, *ASKED, "--own-aet", "A\\B"], "--own-aet: not an application entity's title"),
        ([*WEB, *ASKED, "--attempts", "0"], "0 is not in the range"),
        ([*WEB, *ASKED, "--sheet", "none.csv"], "does not exist"),
    ],
)
def test_wrong_option_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert run_command_line(["ingest", "pull", "--to", str(tmp_path / "to"), *words]) == SETTINGS
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "to").write_text("mine", encoding="utf-8")
    assert run_command_line(["ingest", "pull", "--to", str(tmp_path / "to"), *WEB, *ASKED]) == SETTINGS
    assert "this is a file" in capsys.readouterr().err


def test_sheet_and_a_request_in_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="both a sheet and a request"):
        build_requests(tmp_path / "asked.csv", {"study_uid": "1.2.3"})


def test_faults_of_the_sheet_are_said_with_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "asked.csv"
    sheet.write_text("patient_id,modality\nSECRET*,PET\n", encoding="utf-8")
    words = ["ingest", "pull", "--to", str(tmp_path / "to"), *WEB, "--sheet", str(sheet)]
    assert run_command_line(words) == DATA
    err = capsys.readouterr().err
    assert "line 2, column patient_id" in err
    assert "line 2, column modality" in err
    assert "SECRET" not in err
    assert not (tmp_path / "to").exists()


def test_options_become_a_request() -> None:
    given = {"patient_id": " P1 ", "modality": "CT,RTSTRUCT"}
    assert build_requests(None, given) == (
        Request(patient_id="P1", modalities=frozenset({"CT", "RTSTRUCT"})),
    )


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULL_TEST", "s3cret")
    by_password = build_address({"url": WEB[1], "user": "zoe", "password_env": "PULL_TEST"})
    assert by_password == WebAddress(WEB[1], user="zoe", password="s3cret")
    token = tmp_path / "token"
    token.write_text("t0ken\n", encoding="utf-8")
    assert build_address({"url": WEB[1], "token_file": token}) == WebAddress(WEB[1], token="t0ken")
    token.write_text("two words", encoding="utf-8")
    with pytest.raises(SettingsError, match="does not hold one token") as error:
        build_address({"url": WEB[1], "token_file": token})
    assert "words" not in error.value.sentence
    with pytest.raises(SettingsError, match="both a password and a token"):
        build_address({"url": WEB[1], "user": "a", "password_env": "PULL_TEST", "token_file": token})


def test_dicom_node_is_taken_apart() -> None:
    address = build_address({"aet": "MY PACS@10.0.0.5:104", "method": "move", "own_port": 4000})
    assert address == AeAddress("MY PACS", "10.0.0.5", 104, Method.MOVE, own_port=4000)
    with pytest.raises(SettingsError, match="with --tls only"):
        build_address({"aet": "PACS@host:104", "ca_file": Path("ca.pem")})


@pytest.mark.parametrize(
    "text", ["", "@h:1", " A@h:1", "A@h", "A@h:0", "A" * 17 + "@h:1", "A\\B@h:1", "A@h:1x"]
)
def test_what_is_no_dicom_node_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="--aet"):
        parse_ae_address(text)


@pytest.mark.parametrize("title", ["", " ", "A" * 17, "É"])
def test_title_that_is_none_is_refused(title: str) -> None:
    with pytest.raises(SettingsError, match="--own-aet"):
        require_ae_address(AeAddress("PACS", "host", 104, own_aet=title))


def test_contexts_of_as_many_classes_as_are_allowed_fit_one_association() -> None:
    classes = [str(c) for known in BY_MODALITY.values() for c in known][:MOST_CLASSES]
    assert len(build_contexts(classes)) + 1 <= 128
    assert max(len(known) for known in BY_MODALITY.values()) <= MOST_CLASSES
