"""The committed JSON schema of config.yaml is the generated one, and agrees with what the reader accepts."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from radfeat.config.schema import SCHEMA_PATH, build_config_schema

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(build_config_schema())


def test_committed_schema_equals_the_generated_one() -> None:
    committed = (ROOT / SCHEMA_PATH).read_text(encoding="utf-8")
    assert committed == json.dumps(build_config_schema(), indent=2, ensure_ascii=False) + "\n"


def test_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(build_config_schema())


@pytest.mark.parametrize("file", ["src/radfeat/cli/skeleton/config.yaml", "config/config.yaml"])
def test_schema_accepts_the_studies_of_the_repository(file: str) -> None:
    VALIDATOR.validate(yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    "wrong",
    [
        {"imagess": "images.csv"},
        {"images": ""},
        {"features": {"bin_width": 0}},
        {"features": {"bin_widht": 25}},
        {"prepare": {"interpolator": "magic"}},
        {"modelling": {"folds": 1}},
        {"modelling": {"endpoints": [{"name": "os", "kind": "survival"}]}},
    ],
)
def test_schema_refuses_what_the_reader_refuses(wrong: dict[str, Any]) -> None:
    assert list(VALIDATOR.iter_errors(wrong))


def test_every_setting_is_described() -> None:
    bare = [name for name, schema in _properties(build_config_schema()) if not schema.get("description")]
    assert bare == []


def _properties(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    owners = {"": schema, **schema["$defs"]}
    for owner, definition in owners.items():
        for name, inner in definition.get("properties", {}).items():
            yield f"{owner}.{name}", inner
