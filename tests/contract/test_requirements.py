"""Requirements and tests: none without a test, and the matrix that ships is the one that the markers give."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from radfeat.submission.requirements import read_matrix, read_requirements

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("requirements_tool", ROOT / "tools" / "requirements.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.requirement("R-SUB-3")
def test_no_requirement_is_without_a_test_and_the_matrix_is_up_to_date(tool: ModuleType) -> None:
    assert tool.find_faults(ROOT) == []


def test_every_test_of_the_matrix_exists() -> None:
    for tests in read_matrix().values():
        for test in tests:
            file, function = test.split("::")
            assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_requirements_are_sentences_with_ids_of_their_own() -> None:
    requirements = read_requirements()
    assert len({r.id for r in requirements}) == len(requirements)
    areas = list(dict.fromkeys(r.area for r in requirements))
    for requirement in requirements:
        assert requirement.id.startswith("R-")
        assert requirement.sentence.endswith(".")
    assert [r.area for r in requirements] == sorted((r.area for r in requirements), key=areas.index)


def test_a_marker_is_found_and_a_requirement_without_one_is_told(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_some.py").write_text(
        'import pytest\n\n@pytest.mark.requirement("R-INST-1", "R-NONE")\ndef test_it():\n    pass\n', "utf-8"
    )
    assert list(tool.find_markers(tmp_path)) == [
        ("R-INST-1", "tests/test_some.py::test_it"),
        ("R-NONE", "tests/test_some.py::test_it"),
    ]
    faults = tool.find_faults(tmp_path)
    assert "R-NONE: a test is marked with it, but it is no requirement" in faults
    assert "R-INST-2 has no test" in faults
    assert "R-INST-1 has no test" not in faults
