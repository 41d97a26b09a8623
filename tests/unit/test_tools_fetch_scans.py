"""Fetching the scans of the PyRadiomics release: what is there is kept, what is wrong is refused."""

import csv
import hashlib
import importlib.util
import io
import re
import subprocess
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fetch_scans", ROOT / "tools" / "fetch_scans.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write_release(path: Path, content: bytes) -> Path:
    with tarfile.open(path, "w:gz") as release:
        member = tarfile.TarInfo("release-1/data/scan.nrrd")
        member.size = len(content)
        release.addfile(member, io.BytesIO(content))
    return path


@pytest.fixture
def small(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The tool with a release of one file, and a pip that has downloaded it."""
    archive = write_release(tmp_path / "release-1.tar.gz", b"voxels")
    monkeypatch.setattr(tool, "FILES", {"data/scan.nrrd": hashlib.sha256(b"voxels").hexdigest()})
    monkeypatch.setattr(tool, "_download", lambda scratch: archive)
    return tool


def test_what_is_missing_is_fetched_and_what_is_there_is_kept(small: ModuleType, tmp_path: Path) -> None:
    assert small.fetch_scans(tmp_path / "scans") == 1
    assert (tmp_path / "scans/data/scan.nrrd").read_bytes() == b"voxels"
    assert small.fetch_scans(tmp_path / "scans") == 0


def test_a_damaged_file_is_fetched_again(small: ModuleType, tmp_path: Path) -> None:
    small.fetch_scans(tmp_path)
    (tmp_path / "data/scan.nrrd").write_bytes(b"vox")
    assert small.fetch_scans(tmp_path) == 1
    assert (tmp_path / "data/scan.nrrd").read_bytes() == b"voxels"


def test_a_file_with_another_hash_is_refused_and_not_written(
    small: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(small, "FILES", {"data/scan.nrrd": "0" * 64})
    with pytest.raises(small.FetchError, match="does not have the SHA-256"):
        small.fetch_scans(tmp_path)
    assert not (tmp_path / "data").exists()


def test_a_pip_that_fails_is_told_in_one_sentence(
    tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "WARNING: retry\nERROR: no network\n")

    monkeypatch.setattr(tool.subprocess, "run", fail)
    assert tool.main([str(tmp_path)]) == 3
    assert capsys.readouterr().err == (
        "fetch_scans: error: pip could not download pyradiomics-bhklab==3.1.4: ERROR: no network.\n"
    )


def test_a_wrong_argument_shows_the_usage(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["--help"]) == 2
    assert "tools/fetch_scans.py [FOLDER]" in capsys.readouterr().err


def test_the_release_is_the_one_that_the_lock_installs(tool: ModuleType) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = re.search(r"^(pyradiomics-bhklab==\S+) \\\n +--hash=sha256:([0-9a-f]{64})", lock, re.M)
    assert locked is not None
    assert locked.groups() == (tool.RELEASE, tool.ARCHIVE_SHA256)


def test_the_study_of_real_scans_names_files_that_are_fetched(tool: ModuleType) -> None:
    config = ROOT / "config"
    with (config / "images.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    named = {(config / row[kind]).resolve() for row in rows for kind in ("image", "mask")}
    assert len(named) == 10
    assert named <= {tool.DEFAULT_FOLDER / name for name in tool.FILES}
