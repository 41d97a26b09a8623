"""Pulling from a real PACS: nothing is lost, what is withheld is flagged, a second call fetches the rest."""

import csv
import io
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pydicom
import pytest
from dicomweb_client.web import DICOMwebClient
from orthanc_server import PASSWORD, TITLE, USER, WRITER_TITLE, Orthanc, find_ports, run_orthanc
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless
from pynetdicom import AE, build_context

from dicom_phantoms import (
    build_block,
    build_contours,
    build_segmentation,
    build_series,
    build_structure_set,
)
from radfeat.cli.main import run_command_line
from radfeat.core.vocabulary import Modality

pytestmark = pytest.mark.needs_orthanc

DONE, SETTINGS, DATA, STOPPED = 0, 2, 3, 130
WAYS = ("web", "get", "move")
CT_COUNT = 10


@pytest.fixture(scope="module")
def pacs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    with run_orthanc(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture(autouse=True)
def _password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULL_TEST_PASSWORD", PASSWORD)


def name_pacs(pacs: Orthanc, way: str) -> list[str]:
    """The options that name a PACS, by a way to fetch."""
    if way == "web":
        return ["--url", pacs.url, "--user", USER, "--password-env", "PULL_TEST_PASSWORD"]
    place = ["--own-host", "127.0.0.1", "--own-port", str(pacs.own_port)] if way == "move" else []
    return ["--aet", pacs.aet, "--method", way, *place]


def pull(folder: Path, pacs: Orthanc, way: str, *arguments: str | Path) -> int:
    """Run a pull in this process."""
    words = ["ingest", "pull", "--to", folder, *name_pacs(pacs, way), *arguments]
    return run_command_line([str(word) for word in words])


def read_ledger(folder: Path) -> list[dict[str, str]]:
    with (folder / "pull.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read_pulled(folder: Path) -> dict[str, pydicom.FileDataset]:
    """What was pulled, by SOPInstanceUID."""
    datasets = [pydicom.dcmread(path) for path in folder.glob("*/[!.]*.dcm")]
    found = {str(dataset.SOPInstanceUID): dataset for dataset in datasets}
    assert len(found) == len(datasets)
    return found


def count_fetched(folder: Path) -> int:
    return sum(int(row["fetched"]) for row in read_ledger(folder))


def build_ct(subject: str) -> list[Dataset]:
    return build_series(Modality.CT, subject=subject)


def build_study(subject: str) -> list[Dataset]:
    """CT, PET, MR, a structure set and a segmentation of the CT: of one study."""
    ct = build_ct(subject)
    return [
        *ct,
        *build_series(Modality.PT, subject=subject, series="2"),
        *build_series(Modality.MR, subject=subject, series="3"),
        build_structure_set(ct, {"GTV": build_contours()}),
        build_segmentation(ct, {"GTV": build_block()}),
    ]


def write_sheet(folder: Path, *rows: str, header: str = "study_uid,modality,expected") -> Path:
    sheet = folder / "asked.csv"
    sheet.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    return sheet


def store_by_dimse(pacs: Orthanc, datasets: Sequence[Dataset]) -> None:
    writer = AE(WRITER_TITLE)
    kinds = sorted({(d.SOPClassUID, d.file_meta.TransferSyntaxUID) for d in datasets})
    contexts = [build_context(sop_class, [syntax]) for sop_class, syntax in kinds]
    association = writer.associate("localhost", pacs.dicom_port, contexts=contexts, ae_title=TITLE)
    assert association.is_established
    statuses = [association.send_c_store(dataset).Status for dataset in datasets]
    association.release()
    assert set(statuses) == {0}


def store_by_web(pacs: Orthanc, datasets: Sequence[Dataset]) -> None:
    with pacs.session() as session:
        client = DICOMwebClient(pacs.url, session=session)
        client.store_instances(list(datasets))


def as_written(dataset: Dataset) -> pydicom.FileDataset:
    """A dataset as it is read back from a file."""
    content = io.BytesIO()
    dataset.save_as(content, enforce_file_format=True)
    content.seek(0)
    return pydicom.dcmread(content)


@pytest.fixture(scope="module")
def stored_study(pacs: Orthanc) -> list[Dataset]:
    """A study in the PACS, half of it stored by C-STORE and half by STOW-RS, with one compressed image."""
    datasets = build_study("LOSSLESS")
    datasets[3].compress(RLELossless, generate_instance_uid=False)
    store_by_dimse(pacs, datasets[::2])
    store_by_web(pacs, datasets[1::2])
    return datasets


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_lost_between_storing_and_pulling(
    pacs: Orthanc, stored_study: list[Dataset], tmp_path: Path, way: str
) -> None:
    folder = tmp_path / "to"
    assert pull(folder, pacs, way, "--study-uid", stored_study[0].StudyInstanceUID) == DONE
    pulled = read_pulled(folder)
    assert set(pulled) == {str(dataset.SOPInstanceUID) for dataset in stored_study}
    for dataset in stored_study:
        before, after = as_written(dataset), pulled[str(dataset.SOPInstanceUID)]
        assert after.file_meta.TransferSyntaxUID == before.file_meta.TransferSyntaxUID
        assert list(after.keys()) == list(before.keys())
        for element in before:
            assert after[element.tag] == element, element.tag
        assert after.get("PixelData") == before.get("PixelData")
    assert {row["verdict"] for row in read_ledger(folder)} == {"COMPLETE"}


@pytest.mark.parametrize("way", WAYS)
def test_instance_withheld_from_the_sheets_number_is_flagged_and_then_fetched_alone(
    pacs: Orthanc, tmp_path: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    datasets = build_ct(f"WITHHELD{way}")
    pacs.store(datasets)
    pacs.withhold(datasets[4])
    sheet = write_sheet(tmp_path, f"{datasets[0].StudyInstanceUID},CT,{CT_COUNT}")
    assert pull(tmp_path / "to", pacs, way, "--sheet", sheet) == DATA
    (row,) = read_ledger(tmp_path / "to")
    assert (row["verdict"], row["expected"], row["received"], row["stated"]) == ("INCOMPLETE", "10", "9", "9")
    err = capsys.readouterr().err
    assert f"INCOMPLETE {row['series']} CT 9 of 10 instances are here: the request sheet expects 10." in err
    pacs.store(datasets[4:5])
    assert pull(tmp_path / "to", pacs, way, "--sheet", sheet) == DONE
    (row,) = read_ledger(tmp_path / "to")
    assert (row["verdict"], row["received"], row["fetched"]) == ("COMPLETE", "10", "1")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["structure set", "segmentation"])
def test_instance_that_a_mask_was_drawn_on_and_that_is_withheld_is_flagged(
    pacs: Orthanc, tmp_path: Path, way: str, kind: str
) -> None:
    ct = build_ct(f"DRAWN{kind}{way}")
    masks = {
        "structure set": lambda: build_structure_set(ct, {"GTV": build_contours()}),
        "segmentation": lambda: build_segmentation(ct, {"GTV": build_block()}),
    }
    pacs.store([*ct, masks[kind]()])
    pacs.withhold(ct[5])
    assert pull(tmp_path, pacs, way, "--study-uid", ct[0].StudyInstanceUID) == DATA
    rows = {row["modality"]: row for row in read_ledger(tmp_path)}
    assert rows["CT"]["verdict"] == "INCOMPLETE"
    assert "1 that a structure set or segmentation refers to are not in the PACS" in rows["CT"]["sentence"]
    assert {row["verdict"] for name, row in rows.items() if name != "CT"} == {"COMPLETE"}


@pytest.mark.parametrize("way", WAYS)
def test_instance_that_was_listed_before_and_then_withheld_is_flagged(
    pacs: Orthanc, tmp_path: Path, way: str
) -> None:
    ct = build_ct(f"EARLIER{way}")
    pacs.store(ct)
    study = ("--study-uid", str(ct[0].StudyInstanceUID))
    assert pull(tmp_path, pacs, way, *study) == DONE
    lost = next(iter(tmp_path.glob("*/[!.]*.dcm")))
    uid = pydicom.dcmread(lost).SOPInstanceUID
    lost.unlink()
    pacs.withhold(next(d for d in ct if uid == d.SOPInstanceUID))
    assert pull(tmp_path, pacs, way, *study) == DATA
    (row,) = read_ledger(tmp_path)
    assert (row["verdict"], row["listed"], row["expected"], row["received"]) == ("INCOMPLETE", "9", "10", "9")
    assert "1 that the PACS listed in an earlier pull are there no longer" in row["sentence"]


@pytest.mark.parametrize("way", WAYS)
def test_second_pull_fetches_nothing_and_changes_no_file(
    pacs: Orthanc, stored_study: list[Dataset], tmp_path: Path, way: str
) -> None:
    asked = ("--study-uid", str(stored_study[0].StudyInstanceUID), "--modality", "CT,SEG")
    assert pull(tmp_path, pacs, way, *asked) == DONE
    assert {row["modality"] for row in read_ledger(tmp_path)} == {"CT", "SEG"}
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/[!.]*.dcm")}
    assert len(before) == CT_COUNT + 1
    assert pull(tmp_path, pacs, way, *asked) == DONE
    assert count_fetched(tmp_path) == 0
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/[!.]*.dcm")} == before


@pytest.mark.parametrize("way", WAYS)
def test_damaged_and_misplaced_files_are_fetched_again(
    pacs: Orthanc, stored_study: list[Dataset], tmp_path: Path, way: str
) -> None:
    asked = ("--series-uid", str(stored_study[0].SeriesInstanceUID))
    assert pull(tmp_path, pacs, way, *asked) == DONE
    files = sorted(tmp_path.glob("*/[!.]*.dcm"))
    before = {path: path.read_bytes() for path in files}
    files[0].write_bytes(before[files[0]][:-1])
    files[1].write_bytes(before[files[2]])
    files[3].write_bytes(b"")
    assert pull(tmp_path, pacs, way, *asked) == DONE
    assert count_fetched(tmp_path) == 3
    assert {path: path.read_bytes() for path in files} == before


@pytest.mark.parametrize(
    ("way", "end"),
    [
        ("web", signal.SIGKILL),
        ("web", signal.SIGTERM),
        ("web", signal.SIGINT),
        ("get", signal.SIGKILL),
        ("get", signal.SIGINT),
        ("move", signal.SIGKILL),
        ("move", signal.SIGINT),
    ],
)
def test_pull_that_was_ended_goes_on_where_it_was(
    pacs: Orthanc, tmp_path: Path, way: str, end: signal.Signals
) -> None:
    count = 20 if way == "web" else 5
    datasets = [d for n in range(count) for d in build_series(subject=f"KILL{way}{end}", series=str(n))]
    pacs.store(datasets)
    study = str(datasets[0].StudyInstanceUID)
    words = ["ingest", "pull", "--to", str(tmp_path), *name_pacs(pacs, way), "--study-uid", study]
    process = subprocess.Popen(
        [sys.executable, "-m", "radfeat", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    begun = time.monotonic()
    while process.poll() is None and len(list(tmp_path.glob("*/[!.]*.dcm"))) < 5:
        assert time.monotonic() - begun < 60
        time.sleep(0.002)
    process.send_signal(end)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == (STOPPED if end is signal.SIGINT else -end), said
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/[!.]*.dcm")}
    assert 5 <= len(kept) < len(datasets)
    assert "Traceback" not in said
    assert not (tmp_path / "pull.csv").exists()
    assert pull(tmp_path, pacs, way, "--study-uid", study) == DONE
    assert count_fetched(tmp_path) == len(datasets) - len(kept)
    assert len(read_pulled(tmp_path)) == len(datasets)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert not list(tmp_path.rglob(".*.tmp*"))


@pytest.mark.parametrize("way", WAYS)
def test_no_identity_leaves_the_private_folder(
    pacs: Orthanc, tmp_path: Path, way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ct = build_ct(f"Zoe{way}")
    for dataset in ct:
        dataset.PatientName, dataset.AccessionNumber = "Secret^Zoe", "ACC4711"
    pacs.store(ct)
    pacs.withhold(ct[0])
    row = f"Zoe{way},,{ct[0].SeriesInstanceUID},ACC4711,CT,10"
    gone = ",1.2.3.9,,,,"
    header = "patient_id,study_uid,series_uid,accession,modality,expected"
    sheet = write_sheet(tmp_path, row, gone, header=header)
    folder = tmp_path / "to"
    assert pull(folder, pacs, way, "--sheet", sheet) == DATA
    assert [r["verdict"] for r in read_ledger(folder)] == ["INCOMPLETE", "ABSENT"]
    assert [r["lines"] for r in read_ledger(folder)] == ["2", "3"]
    out, err = capsys.readouterr()
    public = [path for path in folder.rglob("*") if "private" not in path.relative_to(folder).parts]
    names = " ".join(str(path.relative_to(folder)) for path in public)
    said = (out + err + names + (folder / "pull.csv").read_text(encoding="utf-8")).casefold()
    for word in (
        "secret",
        "zoe",
        "acc4711",
        *(str(d.SOPInstanceUID) for d in ct),
        str(ct[0].StudyInstanceUID),
    ):
        assert word.casefold() not in said
    private = folder / "private"
    assert private.stat().st_mode & 0o777 == 0o700
    assert f"Zoe{way},ACC4711" in (private / "series.csv").read_text(encoding="utf-8")
    assert str(ct[0].SeriesInstanceUID) in (private / "series.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize("way", WAYS)
def test_patient_is_found_whole_and_never_by_part_of_the_id(pacs: Orthanc, tmp_path: Path, way: str) -> None:
    pacs.store([build_ct(f"P{way}")[0], build_ct(f"P{way}1")[0]])
    assert pull(tmp_path, pacs, way, "--patient-id", f"P{way}") == DONE
    assert {str(d.PatientID) for d in read_pulled(tmp_path).values()} == {f"P{way}"}
    assert pull(tmp_path / "none", pacs, way, "--patient-id", "P") == DATA


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--url", "http://localhost:{free}/dicom-web"], "cannot be reached"),
        (["--url", "http://localhost:{http}/nothing"], "does not speak DICOMweb (HTTP 404)"),
        (["--url", "http://localhost:{dicom}/dicom-web"], "cannot be reached"),
        (["--aet", "TESTPACS@localhost:{free}"], "no DICOM association can be had"),
        (["--aet", "TESTPACS@localhost:{http}"], "no DICOM association can be had"),
        (["--aet", "OTHER@localhost:{dicom}"], "the PACS is not called OTHER"),
        (["--aet", "TESTPACS@localhost:{dicom}", "--own-aet", "STRANGER"], "knows us as STRANGER"),
    ],
)
def test_pacs_that_cannot_be_asked_is_said_in_one_sentence(
    pacs: Orthanc, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str
) -> None:
    (free,) = find_ports(1)
    ports = {"free": free, "http": pacs.http_port, "dicom": pacs.dicom_port}
    words = [word.format(**ports) for word in options]
    if "--url" in words:
        words += ["--user", USER, "--password-env", "PULL_TEST_PASSWORD"]
    asked = ["--to", str(tmp_path / "to"), "--study-uid", "1.2.3", "--attempts", "1", "--timeout", "5"]
    assert run_command_line(["ingest", "pull", *asked, *words]) == DATA
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("radfeat: error: PACS: ")
    assert said in line
    assert "1.2.3" not in line


def test_wrong_password_is_said_and_the_password_is_not(
    pacs: Orthanc, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULL_TEST_PASSWORD", "wrong-sesame")
    assert pull(tmp_path, pacs, "web", "--study-uid", "1.2.3") == DATA
    (line,) = capsys.readouterr().err.splitlines()
    assert "the PACS refuses access (HTTP 401)" in line
    assert "wrong-sesame" not in line


def test_credentials_are_taken_from_netrc(
    pacs: Orthanc, stored_study: list[Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine localhost login {USER} password {PASSWORD}\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    series = str(stored_study[0].SeriesInstanceUID)
    words = ["ingest", "pull", "--to", str(tmp_path / "to"), "--url", pacs.url, "--series-uid", series]
    assert run_command_line(words) == DONE


def test_port_of_ours_that_the_pacs_does_not_know_is_said(
    pacs: Orthanc, stored_study: list[Dataset], tmp_path: Path
) -> None:
    (free,) = find_ports(1)
    words = ["ingest", "pull", "--to", str(tmp_path), "--aet", pacs.aet, "--method", "move"]
    words += ["--own-host", "127.0.0.1", "--own-port", str(free), "--attempts", "1"]
    assert run_command_line([*words, "--series-uid", str(stored_study[0].SeriesInstanceUID)]) == DATA
    (row,) = read_ledger(tmp_path)
    assert row["verdict"] == "FAILED"
    assert f"See whether it can reach RADFEAT at port {free}" in row["sentence"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that signs itself, with its key."""
    folder = tmp_path_factory.mktemp("certificate")
    key, cert, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
    ]
    names = ["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*request, *names], check=True, capture_output=True)
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    return both


@pytest.fixture(scope="module")
def secure_pacs(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Orthanc]:
    with run_orthanc(tmp_path_factory.mktemp("secure"), certificate) as server:
        server.store(build_ct("SECURE"))
        yield server


def test_certificate_of_a_dicom_node_is_verified_and_a_file_can_say_whom_to_trust(
    secure_pacs: Orthanc, certificate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    series = str(build_ct("SECURE")[0].SeriesInstanceUID)
    asked = ("--series-uid", series, "--attempts", "1", "--tls")
    assert pull(tmp_path, secure_pacs, "get", *asked) == DATA
    assert "--ca-file" in capsys.readouterr().err
    assert pull(tmp_path, secure_pacs, "get", *asked, "--ca-file", certificate) == DONE
    assert len(read_pulled(tmp_path)) == CT_COUNT


class Empty(BaseHTTPRequestHandler):
    """A DICOMweb service that holds nothing. (Debian's Orthanc ends when it is asked by HTTPS.)"""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"[]")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def secure_service(certificate: Path) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), Empty) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://localhost:{server.server_port}/dicom-web"
        server.shutdown()
        thread.join()


def test_certificate_of_a_web_service_is_verified_and_a_file_can_say_whom_to_trust(
    secure_service: str, certificate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["ingest", "pull", "--to", str(tmp_path), "--url", secure_service, "--study-uid", "1.2.3"]
    assert run_command_line(words) == DATA
    assert "the certificate of the PACS is not trusted" in capsys.readouterr().err
    assert run_command_line([*words, "--ca-file", str(certificate)]) == DATA
    assert "ABSENT The request: the PACS has nothing that matches." in capsys.readouterr().err
