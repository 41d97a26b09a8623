"""A whole trial packaged, moved and run again; and what other programs say of the package."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import bagit
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from trial_runs import change_setting, run_radfeat

from radfeat.core.vocabulary import ExitCode

pytestmark = pytest.mark.workflow
OTHER_SITE = "RADFEAT_OTHER_SITE"
"""Folder with other versions of numpy and SimpleITK (pip install --target), for the test of another lock."""
OTHER_ARROW = "RADFEAT_OTHER_ARROW"
"""Folder with another version of pyarrow."""
VALIDATOR = "RADFEAT_ROC_VALIDATOR"
"""A command of roc-validator."""
VALIDATOR_CACHE = "RADFEAT_ROC_CACHE"
"""Its cache, warm: ``rocrate-validator cache warm --all-profiles --cache-path PATH``."""


@pytest.fixture(scope="module")
def package(scored_trial: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a trial whose models were fitted, with its inputs, moved away from where it was made."""
    made = tmp_path_factory.mktemp("made") / "package"
    run_radfeat("package", str(scored_trial / "results"), "--with-inputs", "--out", str(made))
    return Path(shutil.move(made, tmp_path_factory.mktemp("moved") / "package"))


def read_verdict(folder: Path) -> dict[str, str]:
    data = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    return {level["level"]: level["outcome"] for level in data["levels"]}


@pytest.mark.requirement("R-PACK-1")
def test_verify_is_green_without_a_network(package: Path) -> None:
    command = [sys.executable, "-m", "radfeat", "verify", str(package)]
    cut = ["unshare", "-rn"]
    if subprocess.run([*cut, "true"], check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody cut the network off")
    done = subprocess.run([*cut, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.requirement("R-PACK-2")
def test_a_rerun_gives_the_same_bytes(package: Path, tmp_path: Path) -> None:
    run_radfeat("verify", str(package), "--rerun", "--cores", "2", "--level", "V1", "--out", str(tmp_path))
    assert read_verdict(tmp_path) == dict.fromkeys(("V0", "V1", "V2", "V3", "V4"), "holds")


def test_another_seed_is_another_conclusion_or_other_numbers(
    scored_trial: Path, package: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(scored_trial, tmp_path / "study", copy_function=shutil.copy2))
    change_setting(other, "modelling", "seed", 12345)
    run_radfeat("run", str(other), "--cores", "2")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "radfeat",
            "compare",
            str(package),
            str(other / "results"),
            "--out",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (13, 14)
    # The terminal shows the first differences of a level, the file all.
    assert "unblinded/predictions" in (tmp_path / "verdict.json").read_text(encoding="utf-8")


def test_bagit_and_cyclonedx_accept_the_package(package: Path) -> None:
    assert bagit.Bag(str(package)).validate()
    text = (package / "data/env/sbom.cdx.json").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


@pytest.mark.skipif(
    not {VALIDATOR, VALIDATOR_CACHE} <= os.environ.keys(), reason="needs roc-validator with a warm cache"
)
@pytest.mark.parametrize("profile", ["ro-crate-1.1", "workflow-ro-crate-1.0", "workflow-run-crate-0.5"])
def test_roc_validator_accepts_the_crate_offline(package: Path, profile: str) -> None:
    words = ["-y", "validate", str(package / "data"), "-p", profile, "-l", "required", "--no-paging"]
    words += ["--offline", "--cache-path", os.environ[VALIDATOR_CACHE]]
    done = subprocess.run(
        [*os.environ[VALIDATOR].split(), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def rerun_with(site: str, package: Path, out: Path) -> dict[str, str]:
    """Verify with a rerun, versions of libraries in a folder coming before those of the installation."""
    place = {"PYTHONPATH": os.pathsep.join([site, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "radfeat", "verify", str(package), "--rerun", "--out", str(out)]
    done = subprocess.run(command, env=os.environ | place, capture_output=True, text=True, check=False)
    assert done.returncode == ExitCode.DONE, done.stdout + done.stderr
    return read_verdict(out)


@pytest.mark.exhaustive
@pytest.mark.skipif(OTHER_SITE not in os.environ, reason="needs another numpy and SimpleITK in a folder")
def test_another_lock_holds_within_the_tolerances(package: Path, tmp_path: Path) -> None:
    levels = rerun_with(os.environ[OTHER_SITE], package, tmp_path)
    assert (levels["V1"], levels["V3"], levels["V4"]) == ("fails", "holds", "holds")


@pytest.mark.exhaustive
@pytest.mark.skipif(OTHER_ARROW not in os.environ, reason="needs another pyarrow in a folder")
def test_another_pyarrow_writes_other_bytes_that_say_the_same(package: Path, tmp_path: Path) -> None:
    levels = rerun_with(os.environ[OTHER_ARROW], package, tmp_path)
    assert (levels["V1"], levels["V2"], levels["V3"], levels["V4"]) == ("fails", "holds", "holds", "holds")
