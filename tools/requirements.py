"""Write the matrix of requirements and tests from the markers of the tests, or check that it is up to date.

The tests are read, not run or imported. Run as `make requirements`, and with --check by `make check`; exits
with 1 where the matrix is stale, a requirement has no test, or a marker names no requirement.
"""

import ast
import csv
import io
import sys
from collections.abc import Iterator
from pathlib import Path

from radfeat.core.files import write_text_if_changed
from radfeat.submission.requirements import MATRIX_COLUMNS, read_requirements

ROOT = Path(__file__).resolve().parents[1]
MATRIX = Path("src/radfeat/submission/requirement_tests.csv")
MARKER = "pytest.mark.requirement"


def render_matrix(root: Path) -> str:
    """The text of the matrix: one line per requirement and test, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MATRIX_COLUMNS)
    writer.writerows(sorted(find_markers(root)))
    return text.getvalue()


def find_markers(root: Path) -> Iterator[tuple[str, str]]:
    """Requirement and test (file and function) of every marker in the tests below ``root``."""
    for path in sorted((root / "tests").rglob("test_*.py")):
        name = path.relative_to(root).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=name)
        for function in tree.body:
            if isinstance(function, ast.FunctionDef) and function.name.startswith("test_"):
                for decorator in function.decorator_list:
                    for requirement in _read_marker(decorator, name):
                        yield requirement, f"{name}::{function.name}"


def _read_marker(decorator: ast.expr, name: str) -> Iterator[str]:
    """The requirements that a decorator names; nothing where it is another one."""
    if not isinstance(decorator, ast.Call) or ast.unparse(decorator.func) != MARKER:
        return
    for argument in decorator.args:
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            raise SystemExit(f"{name}, line {decorator.lineno}: name the requirement as plain text")
        yield argument.value


def find_faults(root: Path) -> list[str]:
    """What is wrong: stale matrix, requirements without a test, markers without a requirement."""
    rendered = render_matrix(root)
    marked = {row["requirement"] for row in csv.DictReader(rendered.splitlines())}
    known = {requirement.id for requirement in read_requirements()}
    faults = [f"{one} has no test" for one in sorted(known - marked)]
    faults += [f"{one}: a test is marked with it, but it is no requirement" for one in sorted(marked - known)]
    path = root / MATRIX
    if not path.is_file() or path.read_text(encoding="utf-8") != rendered:
        faults.append(f"{MATRIX} is not what the markers give: run `make requirements` and commit it")
    return faults


def main(arguments: list[str]) -> int:
    """Write, or check with ``--check``; return the exit code."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if not arguments:
        written = write_text_if_changed(ROOT / MATRIX, render_matrix(ROOT))
        print(f"{MATRIX}: {'written' if written else 'up to date'}")
    faults = find_faults(ROOT)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"requirements: {len(read_requirements())}, faults: {len(faults)}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
