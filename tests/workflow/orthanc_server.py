"""A real PACS for tests: Orthanc on the loopback, with a configuration, a storage and ports of its own."""

import io
import json
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from pydicom.dataset import Dataset

PROGRAM = shutil.which("Orthanc", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
TITLE, OWN_TITLE, WRITER_TITLE = "TESTPACS", "RADFEAT", "WRITER"
USER, PASSWORD = "reader", "open-sesame"
"""Made up here, for a server that lives as long as a test."""

START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Orthanc:
    """A running server; ``own_port`` is where it believes that RADFEAT listens."""

    http_port: int
    dicom_port: int
    own_port: int

    @property
    def root(self) -> str:
        """Its own interface."""
        return f"http://localhost:{self.http_port}"

    @property
    def url(self) -> str:
        """Its DICOMweb service."""
        return f"{self.root}/dicom-web"

    @property
    def aet(self) -> str:
        """Its address for DIMSE."""
        return f"{TITLE}@localhost:{self.dicom_port}"

    def session(self) -> requests.Session:
        """A session with its own interface."""
        session = requests.Session()
        session.auth = (USER, PASSWORD)
        return session

    def store(self, datasets: Sequence[Dataset]) -> None:
        """Put instances in, over its own interface."""
        with self.session() as session:
            for dataset in datasets:
                content = io.BytesIO()
                dataset.save_as(content, enforce_file_format=True)
                answer = session.post(f"{self.root}/instances", data=content.getvalue(), timeout=20)
                answer.raise_for_status()

    def withhold(self, dataset: Dataset) -> None:
        """Take one instance out."""
        with self.session() as session:
            found = session.post(
                f"{self.root}/tools/lookup", data=str(dataset.SOPInstanceUID), timeout=20
            ).json()
            (path,) = (item["Path"] for item in found if item["Type"] == "Instance")
            session.delete(f"{self.root}{path}", timeout=20).raise_for_status()


def find_ports(count: int) -> list[int]:
    """Ports of the loopback that are free now, below those that the system hands out to clients."""
    candidates = random.SystemRandom().sample(range(20_000, 32_000), 100)
    free = [port for port in candidates if is_free(port)]
    return free[:count]


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of the loopback."""
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextmanager
def run_orthanc(folder: Path, certificate: Path | None = None) -> Iterator[Orthanc]:
    """Run a server while this lasts; with a certificate (PEM, with its key) its DIMSE is in TLS."""
    assert PROGRAM is not None, "install the Debian packages orthanc and orthanc-dicomweb"
    http_port, dicom_port, own_port = find_ports(3)
    server = Orthanc(http_port, dicom_port, own_port)
    configuration = folder / "orthanc.json"
    folder.mkdir(parents=True, exist_ok=True)
    settings = build_configuration(folder, server, certificate)
    configuration.write_text(json.dumps(settings), encoding="utf-8")
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([PROGRAM, str(configuration)], stdout=log, stderr=subprocess.STDOUT)
    try:
        await_start(server, process, folder / "log")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def build_configuration(folder: Path, server: Orthanc, certificate: Path | None) -> dict[str, object]:
    """The configuration of a server that knows RADFEAT, and a writer that may store."""
    settings: dict[str, object] = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "Plugins": [str(PLUGIN)],
        "HttpPort": server.http_port,
        "DicomPort": server.dicom_port,
        "DicomAet": TITLE,
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowFind": False,
        "DicomAlwaysAllowGet": False,
        "DicomAlwaysAllowStore": True,
        "DicomModalities": {"own": [OWN_TITLE, "localhost", server.own_port]},
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {USER: PASSWORD},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    if certificate is not None:
        settings |= {
            "DicomTlsEnabled": True,
            "DicomTlsCertificate": str(certificate),
            "DicomTlsPrivateKey": str(certificate),
            "DicomTlsTrustedCertificates": str(certificate),
            "DicomTlsRemoteCertificateRequired": False,
        }
    return settings


def await_start(server: Orthanc, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until the server answers; fail with its log where it does not."""
    begun = time.monotonic()
    with server.session() as session:
        while process.poll() is None and time.monotonic() - begun < START_SECONDS:
            try:
                session.get(f"{server.root}/system", timeout=2).raise_for_status()
            except requests.RequestException:
                time.sleep(0.1)
            else:
                return
    raise AssertionError(
        f"Orthanc did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}"
    )
