"""Every check that the code can emit stands in docs/findings.md with its severity, and no other does."""

import ast
import re
from pathlib import Path

import pytest

from radfeat.config.model import StudySettings
from radfeat.core.vocabulary import Reason, Severity
from radfeat.ingest.dicom.mask_checks import MaskCheck
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.qc.check_names import Check

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "findings.md"
SOURCES = ROOT / "src" / "radfeat"
VOCABULARIES = (("qc", Check), ("ingest/dicom", MaskCheck), ("ingest/dicom", SeriesCheck))
NEVER_FAIL = {Reason.NOT_DONE, Reason.FEATURE_UNDEFINED}
"""Reasons of values, which no ROI fails for."""


def documented():
    """Severity by check, from the tables of the page."""
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_.0-9]+)` \| (\w+) \|(.*)\|$", text, flags=re.MULTILINE)
    assert len(rows) == len({name for name, _, _ in rows})
    assert all(len(rest.split(" | ")) == 3 for _, _, rest in rows)
    return {name: Severity(severity) for name, severity, _ in rows}


def emitted_by(folder, vocabulary):
    """Severity by check, from the calls of `remark` in a room; a check in a variable is a WARNING."""
    found = {}
    prefix = f"{vocabulary.__name__}."
    for path in (SOURCES / folder).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "remark":
                arguments = (*node.args, *(keyword.value for keyword in node.keywords))
                texts = [ast.unparse(argument) for argument in arguments]
                levels = [t.removeprefix("Severity.") for t in texts if t.startswith("Severity.")]
                if texts[0].startswith(prefix):
                    name = vocabulary[texts[0].removeprefix(prefix)].value
                    found[name] = Severity(levels[0] if levels else "WARNING")
    return found


def names_in(folder):
    """The source text of a room."""
    return "".join(path.read_text(encoding="utf-8") for path in sorted((SOURCES / folder).rglob("*.py")))


@pytest.mark.parametrize(("folder", "vocabulary"), VOCABULARIES)
def test_every_name_of_the_vocabulary_is_documented_and_used(folder, vocabulary):
    used = set(re.findall(rf"\b{vocabulary.__name__}\.([A-Z_]+)\b", names_in(folder)))
    assert used == set(vocabulary.__members__)
    assert {check.value for check in vocabulary} <= set(documented())


@pytest.mark.parametrize(("folder", "vocabulary"), VOCABULARIES)
def test_severities_are_those_of_the_code(folder, vocabulary):
    pages, code = documented(), emitted_by(folder, vocabulary)
    assert len(code) >= len(vocabulary) - 2
    assert {name: pages[name] for name in code} == code


def test_nothing_else_is_documented():
    failures = {f"failed.{reason.value.lower()}" for reason in Reason if reason not in NEVER_FAIL}
    features = set(re.findall(r'"(feature\.[a-z_]+)"', names_in("features")))
    assert features
    checks = {check.value for _, vocabulary in VOCABULARIES for check in vocabulary}
    assert set(documented()) == checks | failures | features


def test_settings_named_on_the_page_exist():
    named = re.findall(r"`(ingest|prepare|features|qc)\.([a-z_0-9]+)`", PAGE.read_text(encoding="utf-8"))
    assert named
    unknown = [
        f"{section}.{field}"
        for section, field in named
        if field not in StudySettings.model_fields[section].annotation.model_fields
    ]
    assert not unknown
