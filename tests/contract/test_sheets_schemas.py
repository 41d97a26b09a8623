"""The committed JSON schemas of the sheets are the generated ones and agree with the reader."""

import json
from pathlib import Path

import jsonschema
import pytest

from radfeat.core.vocabulary import Modality
from radfeat.tables.sheet_schemas import (
    CLINICAL_SHEET,
    IMAGE_SHEET,
    SCHEMA_FOLDER,
    SHEETS,
    json_schema,
    render_json_schema,
)
from radfeat.tables.sheets import read_sheet

ROOT = Path(__file__).parents[2]
IMAGE = {
    "study_id": "ST",
    "site_id": "A",
    "subject_id": "S1",
    "timepoint": "base",
    "image_id": "ct",
    "modality": "CT",
    "image": "a.nii",
    "mask": "b.nii",
    "roi": "gtv",
    "day": "-3.5",
}
WRONG = [
    {"subject_id": ""},
    {"subject_id": "  "},
    {"modality": "ct"},
    {"modality": "PET"},
    {"day": "soon"},
    {"day": "1,5"},
    {"mask": ""},
    {"arm": "A"},
]


@pytest.mark.parametrize("name", SHEETS)
def test_committed_schema_equals_the_generated_one(name: str) -> None:
    committed = (ROOT / SCHEMA_FOLDER / f"{name}.schema.json").read_text(encoding="utf-8")
    assert committed == render_json_schema(SHEETS[name])


@pytest.mark.parametrize("name", SHEETS)
def test_schema_is_legal(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(SHEETS[name]))


def reader_accepts(folder: Path, row: dict[str, str]) -> bool:
    path = folder / "images.csv"
    path.write_text("\n".join([",".join(row), ",".join(f'"{c}"' for c in row.values())]), encoding="utf-8")
    return not read_sheet(path, IMAGE_SHEET).faults


def schema_accepts(row: dict[str, str]) -> bool:
    return bool(jsonschema.Draft202012Validator(json_schema(IMAGE_SHEET)).is_valid(row))


@pytest.mark.parametrize("modality", [m.value for m in Modality])
def test_valid_row_passes_both(tmp_path: Path, modality: str) -> None:
    row = IMAGE | {"modality": modality}
    assert reader_accepts(tmp_path, row)
    assert schema_accepts(row)


@pytest.mark.requirement("R-IN-2")
@pytest.mark.parametrize("wrong", WRONG, ids=[json.dumps(w) for w in WRONG])
def test_each_way_to_be_wrong_fails_both(tmp_path: Path, wrong: dict[str, str]) -> None:
    assert not reader_accepts(tmp_path, IMAGE | wrong)
    assert not schema_accepts(IMAGE | wrong)


@pytest.mark.parametrize("name", [c.name for c in IMAGE_SHEET.columns if c.required])
def test_missing_column_fails_both(tmp_path: Path, name: str) -> None:
    row = {key: cell for key, cell in IMAGE.items() if key != name}
    assert not reader_accepts(tmp_path, row)
    assert not schema_accepts(row)


def test_clinical_schema_lets_endpoints_and_covariates_in() -> None:
    validator = jsonschema.Draft202012Validator(json_schema(CLINICAL_SHEET))
    assert validator.is_valid({"subject_id": "S1", "arm": "A", "os_days": "12"})
    assert not validator.is_valid({"subject_id": "S1", "os_days": "12"})
