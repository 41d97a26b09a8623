"""The JSON schema of the configuration file, generated from the rooms' settings."""

from typing import Any

from radfeat.config.model import StudySettings

SCHEMA_PATH = "workflow/schemas/config.schema.json"
"""Where the generated schema is committed, from the root of the repository."""


def build_config_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of ``config.yaml``, for editors and for the contract test."""
    schema = StudySettings.model_json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "radfeat config.yaml",
        **schema,
    }
