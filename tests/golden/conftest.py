"""The five scans of the PyRadiomics release for golden tests, and PyRadiomics itself to compare with."""

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_tool(name: str) -> ModuleType:
    """A script of ``tools/`` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def release_folder() -> Path:
    """The unpacked part of the PyRadiomics release, fetched where it is not there yet."""
    tool = load_tool("fetch_scans")
    folder: Path = tool.DEFAULT_FOLDER
    try:
        tool.fetch_scans(folder)
    except tool.FetchError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"the scans of the PyRadiomics release cannot be fetched: {error}")
    return folder
