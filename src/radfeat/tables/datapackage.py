"""``datapackage.json``: every table in a folder, for programs (Frictionless Data Package 2.0)."""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from radfeat.core.files import write_text
from radfeat.core.version import VERSION
from radfeat.tables.describe import describe_columns, locate_table, select_present
from radfeat.tables.parquet import order_parts, read_identity
from radfeat.tables.schemas import Column, ColumnType, TableSchema

_FIELD_TYPES = {
    ColumnType.STRING: "string",
    ColumnType.FLOAT: "number",
    ColumnType.INTEGER: "integer",
    ColumnType.BOOLEAN: "boolean",
}
_REFERENCES = (
    ("rois", "case_id", "series", "case_id"),
    ("acquisition", "case_id", "series", "case_id"),
    ("features", "roi_id", "rois", "roi_id"),
    ("features_long", "roi_id", "rois", "roi_id"),
    ("features_long", "feature", "feature_catalogue", "feature"),
    ("predictions", "subject_id", "subjects", "subject_id"),
    ("model_scores", "subject_id", "subjects", "subject_id"),
    ("risks", "subject_id", "subjects", "subject_id"),
)
"""Table, column, and the table and column that it refers to."""


def write_datapackage(
    folder: Path, schemas: Sequence[TableSchema], facts: Mapping[str, str | int] = MappingProxyType({})
) -> None:
    """Write ``datapackage.json`` for those of the tables that lie in the folder.

    ``facts`` are what is true of all of them: each becomes a property ``radfeat:<name>``. The file holds no
    date: the same tables give the same bytes.

    Raises
    ------
    TableError
        A table cannot be read, or the catalogue does not know a feature.
    """
    present = select_present(folder, schemas)
    halves = {"blinded" if schema.blinded else "unblinded" for schema in present}
    package = {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": "-".join(["radfeat", *sorted(halves)]),
        "title": "Tables written by radfeat",
        "description": "Each resource is one Parquet file; docs/tables.md of radfeat explains the tables.",
        "radfeat:version": VERSION,
        **{f"radfeat:{name}": fact for name, fact in facts.items()},
        "resources": [_describe_resource(folder, schema, {s.name for s in present}) for schema in present],
    }
    write_text(folder / "datapackage.json", json.dumps(package, indent=2, ensure_ascii=False) + "\n")


def _describe_resource(folder: Path, schema: TableSchema, present: Collection[str]) -> dict[str, Any]:
    path = locate_table(folder, schema)
    identity, parts, divided = read_identity(path), order_parts(path, schema), path.is_dir()
    return {
        "name": schema.name,
        "type": "table",
        "path": _list_paths(folder, parts) if divided else path.name,
        "description": schema.description,
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "bytes": sum(part.stat().st_size for part in parts),
        **(
            {"radfeat:hashes": [f"sha256:{_hash_file(part)}" for part in parts]}
            if divided
            else {"hash": f"sha256:{_hash_file(path)}"}
        ),
        "radfeat:schemaVersion": identity.schema_version,
        "radfeat:logicalDigest": identity.logical_digest,
        "radfeat:settingsDigest": identity.settings_digest,
        "radfeat:runId": identity.run_id,
        "radfeat:blinded": identity.blinded,
        **{f"radfeat:{_camel(name)}": value for name, value in sorted(identity.marks.items())},
        "schema": {
            "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
            "fields": [_describe_field(column) for column in describe_columns(folder, schema)],
            "fieldsMatch": ["exact"],
            "primaryKey": list(schema.key),
            "foreignKeys": _list_references(schema, present),
            # Missing is NULL; an empty text is a text.
            "missingValues": [],
        },
    }


def _list_paths(folder: Path, parts: Sequence[Path]) -> list[str]:
    return [part.relative_to(folder).as_posix() for part in parts]


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _describe_field(column: Column) -> dict[str, Any]:
    constraints: dict[str, Any] = {"required": not column.nullable}
    if column.values:
        constraints["enum"] = list(column.values)
    return {
        "name": column.name,
        "type": _FIELD_TYPES[column.type],
        "description": column.description,
        "radfeat:unit": column.unit,
        "constraints": constraints,
    }


def _list_references(schema: TableSchema, present: Collection[str]) -> list[dict[str, Any]]:
    return [
        {"fields": [column], "reference": {"resource": other, "fields": [other_column]}}
        for table, column, other, other_column in _REFERENCES
        if table == schema.name and other in present
    ]


def _hash_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
