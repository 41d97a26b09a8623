"""The import rules hold, and each of them notices when it is broken."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")


def lint_imports(source: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT, "--no-cache", "--config", ROOT / ".importlinter"],
        capture_output=True,
        text=True,
        check=False,
        cwd=source,
        env={**os.environ, "PYTHONPATH": str(source), "COLUMNS": "200"},
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the sources that a test may spoil."""
    shutil.copytree(
        ROOT / "src",
        tmp_path / "src",
        ignore=shutil.ignore_patterns("__pycache__", "*.egg-info", "workflow_files"),
    )
    return tmp_path / "src"


def test_the_rules_hold() -> None:
    done = lint_imports(ROOT / "src")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "rule"),
    [
        ("utils.py", "", "A hallway of rooms"),
        ("core/keys.py", "import radfeat.tables.schemas", "A hallway of rooms"),
        ("qc/__init__.py", "import radfeat.features.settings", "A hallway of rooms"),
        ("report/__init__.py", "import radfeat.modelling.settings", "A hallway of rooms"),
        ("config/schema.py", "import radfeat.pipeline.folders", "A hallway of rooms"),
        ("pipeline/case.py", "import radiomics", "Only features.engines imports radiomics"),
        ("features/settings.py", "import radiomics", "Only features.engines imports radiomics"),
        (
            "prepare/settings.py",
            "import pydicom",
            "Only the doors, ingest and export, import DICOM libraries",
        ),
        ("cli/run.py", "import snakemake", "Nobody imports snakemake"),
        ("modelling/settings.py", "import radfeat.core.volume", "Tables and what follows"),
        ("report/__init__.py", "import radfeat.core.pair", "Tables and what follows"),
        ("tables/schemas.py", "import SimpleITK", "Tables and what follows"),
        ("core/keys.py", "import sklearn", "What makes the features"),
        ("ingest/__init__.py", "import matplotlib", "What makes the features"),
    ],
)
def test_a_broken_rule_is_noticed(source: Path, file: str, line: str, rule: str) -> None:
    with (source / "radfeat" / file).open("a", encoding="utf-8") as stream:
        stream.write(f"\n{line}\n")
    done = lint_imports(source)
    assert done.returncode == 1, done.stdout
    assert [text for text in done.stdout.splitlines() if text.startswith(rule) and " BROKEN" in text], (
        done.stdout
    )


def test_radiomics_may_be_imported_by_the_engines(source: Path) -> None:
    with (source / "radfeat" / "features" / "engines" / "__init__.py").open("a", encoding="utf-8") as stream:
        stream.write("\nimport radiomics\n")
    assert lint_imports(source).returncode == 0
