"""DICOMweb services that err: each fault is one sentence, tried again where it may pass."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dicom_phantoms import build_series
from radfeat.core.errors import InputError, SettingsError
from radfeat.ingest.pacs.ledger import LedgerRow, Verdict
from radfeat.ingest.pacs.patience import Patience
from radfeat.ingest.pacs.pull import pull
from radfeat.ingest.pacs.request import Request
from radfeat.ingest.pacs.store import PullFolder
from radfeat.ingest.pacs.web_session import BearerToken, WebAddress, open_session, require_address

CT = build_series()[:3]
STUDY, SERIES = str(CT[0].StudyInstanceUID), str(CT[0].SeriesInstanceUID)
JSON = "application/dicom+json"
Reply = tuple[int, str, bytes]
HASTY = Patience(connect_s=2, answer_s=2, attempts=3, first_wait_s=0)


def element(value: object) -> dict[str, object]:
    return {"vr": "UI", "Value": [value]}


def as_json(*answers: object) -> Reply:
    return 200, JSON, json.dumps(answers).encode()


def as_multipart(content: bytes) -> Reply:
    body = b"--x\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--x--\r\n"
    return 200, 'multipart/related; type="application/dicom"; boundary=x', body


def encode(number: int) -> bytes:
    content = io.BytesIO()
    CT[number].save_as(content, enforce_file_format=True)
    return content.getvalue()


@dataclass
class Service:
    """A DICOMweb service of three images; ``bend`` may reply to a path in its place."""

    bend: Callable[[str], Reply | None] = lambda path: None
    asked: list[str] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)

    def reply(self, path: str) -> Reply:
        """What a path gives."""
        self.asked.append(path)
        bent = self.bend(path)
        if bent is not None:
            return bent
        place, _, query = path.partition("?")
        if "offset=" in query or "2.25.0" in query:
            return as_json()
        if place.endswith("/series"):
            return as_json(
                {"0020000D": element(STUDY), "0020000E": element(SERIES), "00080060": element("CT")}
            )
        if place.endswith("/instances"):
            return as_json(*({"00080018": element(str(dataset.SOPInstanceUID))} for dataset in CT))
        for number, dataset in enumerate(CT):
            if place.endswith(f"/{dataset.SOPInstanceUID}"):
                return as_multipart(encode(number))
        return 404, "text/plain", b""

    def count(self, part: str) -> int:
        """How often a path with this part was asked for."""
        return sum(part in path for path in self.asked)


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def url(service: Service) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.accepted.append(str(self.headers["Authorization"]))
            status, kind, body = service.reply(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/rs"
        server.shutdown()
        thread.join()


def fetch(url: str, folder: Path, **options: str) -> tuple[LedgerRow, ...]:
    address = WebAddress(url, **options)
    return pull(address, [Request(study_uid=STUDY)], PullFolder(folder), HASTY, lambda *_: None)


def test_sound_service_gives_all(service: Service, url: str, tmp_path: Path) -> None:
    (row,) = fetch(url, tmp_path)
    assert (row.verdict, row.stated, row.received) == (Verdict.COMPLETE, None, 3)


def test_service_that_ignores_the_offset_does_not_go_on_for_ever(
    service: Service, url: str, tmp_path: Path
) -> None:
    sound = Service()
    service.bend = lambda path: sound.reply(path.replace("offset=", "x=")) if "offset=" in path else None
    (row,) = fetch(url, tmp_path)
    assert (row.verdict, row.received) == (Verdict.COMPLETE, 3)


def test_answers_that_come_in_pages_are_all_taken(service: Service, url: str, tmp_path: Path) -> None:
    def one_by_one(path: str) -> Reply | None:
        place, _, query = path.partition("?")
        if not place.endswith("/instances"):
            return None
        offset = int(query.partition("offset=")[2] or 0)
        return as_json(*({"00080018": element(str(d.SOPInstanceUID))} for d in CT[offset : offset + 1]))

    service.bend = one_by_one
    (row,) = fetch(url, tmp_path)
    assert (row.verdict, row.listed, row.received) == (Verdict.COMPLETE, 3, 3)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_error_that_passes_is_tried_again(service: Service, url: str, tmp_path: Path, status: int) -> None:
    last = str(CT[2].SOPInstanceUID)
    service.bend = lambda path: (
        (status, "text/plain", b"") if last in path and service.count(last) < 3 else None
    )
    (row,) = fetch(url, tmp_path)
    assert row.verdict is Verdict.COMPLETE
    assert service.count(last) == 3


@pytest.mark.parametrize(
    ("reply", "said", "times"),
    [
        ((500, "text/plain", b""), "the PACS answers with an error (HTTP 500)", 3),
        ((404, "text/plain", b""), "the PACS no longer has it (HTTP 404)", 1),
        ((406, "text/plain", b""), "does not give the object as it is stored (HTTP 406)", 1),
        (as_multipart(encode(2)[:-1]), "an instance came damaged", 3),
        (as_multipart(encode(2)[:-400]), "an instance came damaged", 3),
        (as_multipart(encode(2)[:-600]), "an instance came damaged", 3),
        (as_multipart(encode(1)), "another one came in its place", 3),
        (as_multipart(b"not DICOM"), "not DICOM", 3),
        (as_multipart(b"\0" * 128 + b"DICM"), "an instance came damaged", 3),
        ((200, "text/html", b"<html>Log in</html>"), "not DICOM", 3),
        (as_json(), "not DICOM", 3),
    ],
)
def test_instance_that_cannot_be_had_fails_its_series(
    service: Service, url: str, tmp_path: Path, reply: Reply, said: str, times: int
) -> None:
    last = str(CT[2].SOPInstanceUID)
    service.bend = lambda path: reply if last in path else None
    (row,) = fetch(url, tmp_path)
    assert (row.verdict, row.received) == (Verdict.FAILED, 2)
    assert said in row.sentence
    assert service.count(last) == times
    assert len(list(tmp_path.glob("*/*.dcm"))) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_refused_access_ends_the_pull(service: Service, url: str, tmp_path: Path, status: int) -> None:
    service.bend = lambda path: (status, "text/plain", b"")
    with pytest.raises(InputError, match=f"refuses access .HTTP {status}"):
        fetch(url, tmp_path)
    assert len(service.asked) == 1


@pytest.mark.parametrize(
    "reply",
    [
        (200, "text/html", b"<html>Log in</html>"),
        (200, JSON, b"[1]"),
        (200, JSON, b"[[]]"),
        (404, "text/plain", b""),
        (400, "text/plain", b""),
    ],
)
def test_what_is_no_dicomweb_is_said(service: Service, url: str, tmp_path: Path, reply: Reply) -> None:
    service.bend = lambda path: reply
    with pytest.raises(InputError, match="does not speak DICOMweb"):
        fetch(url, tmp_path)


@pytest.mark.parametrize("uid", ["../../etc", "1.2/3", "", "1" * 65, None, ["1.2"]])
def test_answer_without_a_valid_uid_fails_the_request(
    service: Service, url: str, tmp_path: Path, uid: object
) -> None:
    service.bend = lambda path: (
        as_json({"0020000E": element(uid), "00080060": element("CT")}) if "/series?" in path else None
    )
    (row,) = fetch(url, tmp_path)
    assert row.verdict is Verdict.FAILED
    assert "no valid UID" in row.sentence


def test_token_is_sent_and_never_shown(service: Service, url: str, tmp_path: Path) -> None:
    fetch(url, tmp_path, token="s3cret")
    assert set(service.accepted) == {"Bearer s3cret"}
    assert "s3cret" not in repr(WebAddress(url, token="s3cret", user="a", password="s3cret"))
    assert "s3cret" not in repr(BearerToken("s3cret"))


def test_named_certificates_are_not_replaced_by_those_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "others.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.org:3128")
    with open_session(WebAddress("https://pacs.example.org/rs", ca_file=tmp_path / "mine.pem")) as session:
        found = session.merge_environment_settings("https://pacs.example.org/rs", {}, None, None, None)
    assert found["verify"] == str(tmp_path / "mine.pem")
    assert found["proxies"]["https"] == "http://proxy.example.org:3128"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (WebAddress("pacs.example.org/rs"), "not the address"),
        (WebAddress("ftp://pacs.example.org/rs"), "not the address"),
        (WebAddress("http://"), "not the address"),
        (WebAddress("https://zoe:s3cret@pacs.example.org/rs"), "holds a user or a password"),
        (WebAddress("http://pacs.example.org/rs", token="s3cret"), "in the clear"),
        (WebAddress("http://pacs.example.org/rs", user="a", password="s3cret"), "in the clear"),
    ],
)
def test_address_that_cannot_be_meant_is_refused(address: WebAddress, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as error:
        require_address(address)
    assert "s3cret" not in error.value.sentence
