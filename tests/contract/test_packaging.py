"""What is declared, locked, listed for conda, imported and shipped is the same in every place."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import radfeat
from radfeat.cli.run import find_snakefile
from radfeat.core.version import VERSION

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCKS = ("requirements.lock", "requirements-build.lock")
CONDA_NAMES = {
    "pyradiomics-bhklab": "pyradiomics",
    "snakemake": "snakemake-minimal",
}
"""Packages that conda calls otherwise."""
CONDA_RANGES = {"pyradiomics": ">=3.1,<3.2"}
"""The fork's version number is its own; the official release with the same values is 3.1.0."""
DECODERS = {"pylibjpeg", "pylibjpeg-libjpeg", "pylibjpeg-openjpeg", "pylibjpeg-rle"}
"""Plugins that pydicom finds by itself."""
NOT_IMPORTED = {"snakemake", *DECODERS}
"""Snakemake is started as a program."""
BUILD_ONLY = {"setuptools", "wheel", "versioneer", "cython", "setuptools-scm"}


def parse_requirements(lines: list[str]) -> dict[str, Requirement]:
    return {canonicalize_name(r.name): r for r in map(Requirement, lines)}


def read_lock(name: str) -> dict[str, tuple[Version, list[str]]]:
    """Version and hashes of every package of a lock file."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.findall(
        r"^([A-Za-z0-9._-]+)==(\S+)([^\n]*\n(?:[ ]+--hash=\S+[^\n]*\n)*)", text, flags=re.MULTILINE
    )
    assert blocks
    return {
        canonicalize_name(n): (Version(v), re.findall(r"sha256:([0-9a-f]{64})\b", more))
        for n, v, more in blocks
    }


def read_environment() -> dict[str, str]:
    """Version ranges in environment.yml by name, those that pip installs among them."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    entries = [e for e in environment["dependencies"] if isinstance(e, str)]
    by_pip = [e for group in environment["dependencies"] if isinstance(group, dict) for e in group["pip"]]
    return dict(entry.partition(" ")[::2] for entry in (*entries, *by_pip))


DECLARED = parse_requirements(PROJECT["dependencies"])
ON_A_CLUSTER = parse_requirements(PROJECT["optional-dependencies"]["slurm"])
DEVELOPMENT = parse_requirements(PROJECT["optional-dependencies"]["dev"])


def test_version_is_the_same_in_project_and_package() -> None:
    assert PROJECT["version"] == VERSION == radfeat.__version__


def test_changelog_tells_of_this_version_and_of_its_numbers() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert sections
    assert re.match(rf"\[({re.escape(VERSION)}|Unreleased)\]", sections[0])
    assert all("### Numbers changed\n" in section for section in sections)


@pytest.mark.requirement("R-INST-3")
def test_licence_is_the_whole_apache_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert PROJECT["license"] == "Apache-2.0"
    assert re.search(r"Apache License\s+Version 2\.0, January 2004", text)
    assert "END OF TERMS AND CONDITIONS" in text


@pytest.mark.requirement("R-INST-1")
@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes(lock: str) -> None:
    assert [name for name, (_, hashes) in read_lock(lock).items() if not hashes] == []


@pytest.mark.requirement("R-INST-1")
@pytest.mark.parametrize("lock", LOCKS)
def test_lock_holds_exact_versions_and_nothing_else(lock: str) -> None:
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()
    plain = [line for line in lines if line.strip() and not line.lstrip().startswith(("#", "--hash="))]
    assert [line for line in plain if not re.fullmatch(r"[A-Za-z0-9._-]+==\S+( ; [^\\]+)? \\", line)] == []
    assert len(plain) == len(read_lock(lock))
    assert not [
        line for line in lines if "://" in line or re.search(r"--(extra-)?index-url|--find-links", line)
    ]


@pytest.mark.requirement("R-INST-1")
def test_lock_satisfies_every_declared_range() -> None:
    locked = read_lock("requirements.lock")
    for name, requirement in {**DECLARED, **ON_A_CLUSTER, **DEVELOPMENT}.items():
        assert locked[name][0] in requirement.specifier, name


def test_both_locks_hold_the_same_versions_and_hashes() -> None:
    whole, build = (read_lock(name) for name in LOCKS)
    assert build.keys() >= BUILD_ONLY
    assert {name: whole[name] for name in build} == build


def test_nothing_is_forked_by_python_version() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    names = re.findall(r"^([A-Za-z0-9._-]+)==", text, flags=re.MULTILINE)
    assert len(set(names)) == len(names), "one version of each package, whatever the Python"


def test_conda_environment_lists_the_same_packages_with_the_same_ranges() -> None:
    listed = read_environment()
    assert SpecifierSet(listed.pop("python")) == SpecifierSet(PROJECT["requires-python"])
    assert listed.pop("pip") == ""
    expected = {}
    for name, requirement in {**DECLARED, **ON_A_CLUSTER}.items():
        conda = CONDA_NAMES.get(name, name)
        expected[conda] = SpecifierSet(CONDA_RANGES.get(conda, str(requirement.specifier)))
    assert {name: SpecifierSet(text) for name, text in listed.items()} == expected


def test_locked_versions_lie_in_the_ranges_of_the_conda_environment() -> None:
    listed = read_environment()
    locked = read_lock("requirements.lock")
    for name in (*DECLARED, *ON_A_CLUSTER):
        assert locked[name][0] in SpecifierSet(listed[CONDA_NAMES.get(name, name)]), name


@pytest.mark.requirement("R-INST-3")
def test_every_package_that_the_code_imports_is_declared_and_the_other_way_round() -> None:
    shipped = packages_distributions()
    imported = set()
    for module in sorted({name for path in (ROOT / "src").rglob("*.py") for name in _imports(path)}):
        if module not in sys.stdlib_module_names and module != "radfeat":
            imported |= {canonicalize_name(name) for name in shipped[module]}
    assert imported - DECLARED.keys() == set()
    assert DECLARED.keys() - imported == NOT_IMPORTED


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).split(".")[0]


def test_command_uses_the_workflow_of_the_repository() -> None:
    assert find_snakefile() == ROOT / "Snakefile"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel that is built from a copy of the sources."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "copy"
    ignore = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for name in ("src", "workflow"):
        shutil.copytree(ROOT / name, copy / name, symlinks=True, ignore=ignore)
    for name in ("pyproject.toml", "setup.py", "README.md", "LICENSE", "Snakefile"):
        shutil.copy(ROOT / name, copy / name)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*command, "-w", folder, copy], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


@pytest.mark.requirement("R-INST-2")
def test_wheel_carries_every_file_of_the_package(wheel: set[str]) -> None:
    package = ROOT / "src" / "radfeat"
    files = {p.relative_to(ROOT / "src").as_posix() for p in package.rglob("*") if p.is_file()}
    files = {f for f in files if "__pycache__" not in f and "/workflow_files/" not in f}
    assert {"radfeat/py.typed", "radfeat/cli/skeleton/config.yaml"} <= files
    assert files - wheel == set()


def test_wheel_carries_every_compiled_module(wheel: set[str]) -> None:
    sources = (ROOT / "src" / "radfeat").rglob("*.pyx")
    compiled = {name.rpartition("/")[2].partition(".")[0] for name in wheel if name.endswith(".so")}
    assert compiled == {source.stem for source in sources} != set()


@pytest.mark.requirement("R-INST-2")
def test_wheel_carries_the_workflow(wheel: set[str]) -> None:
    workflow = [p for p in (ROOT / "workflow").rglob("*") if p.is_file()]
    names = {
        f"radfeat/workflow_files/{p.relative_to(ROOT).as_posix()}" for p in [ROOT / "Snakefile", *workflow]
    }
    assert names - wheel == set()
    assert any(name.endswith("LICENSE") for name in wheel)
