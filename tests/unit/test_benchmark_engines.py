"""The page that benchmarks/engines.py writes: cells, marks, and environments that lack a library."""

import argparse
import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("engines")


def _measured(engines: ModuleType, warm: float) -> object:
    return engines.Measurement(
        first=1.0, warm=warm, cold=1.5, peak_mb=200.4, image_mb=3.3, voxels=4137, features=1316
    )


def test_a_line_has_a_cell_per_engine_and_the_ratio(engines: ModuleType) -> None:
    found = {
        "execute": _measured(engines, 2.0),
        "native": _measured(engines, 0.1),
        "fastrad": "not offered",
    }
    assert engines._format("brain1", found) == (
        "| brain1 (4,137, 3) | 2.000 (1.50; 200; 1,316) | 0.100 (1.50; 200; 1,316) | not offered | 20 |"
    )


def test_without_both_engines_there_is_no_ratio(engines: ModuleType) -> None:
    assert engines._format("brain1", {"native": _measured(engines, 0.1)}).endswith("| - |")


def test_only_what_is_between_the_marks_is_replaced(engines: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    first, second = engines.MARKS
    page.write_text(f"before\n{first}\nold\n{second}\nafter\n", encoding="utf-8")
    engines._write(page, ["new"])
    assert page.read_text(encoding="utf-8") == f"before\n{first}\nnew\n{second}\nafter\n"


def test_a_page_without_marks_is_refused(engines: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "speed.md"
    page.write_text("no marks\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="lacks the lines"):
        engines._split(page)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("other=python", "'other' is none of pictologics, flash-radiomics, fastrad"),
        ("fastrad=/no/such/python", "/no/such/python has no fastrad; name one that has"),
        ("fastrad", "no Python has no fastrad; name one that has"),
        (f"fastrad={sys.executable}", "has no fastrad; name one that has"),
    ],
)
def test_an_environment_that_lacks_the_library_gets_one_sentence(
    engines: ModuleType, given: str, said: str
) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=said):
        engines._read_peer(given)
