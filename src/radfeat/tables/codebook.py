"""``codebook.csv``: every column of every table in a folder, for people."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

from radfeat.core.files import write_text
from radfeat.tables.describe import describe_columns, select_present
from radfeat.tables.schemas import TableSchema

CODEBOOK_COLUMNS = (
    "table",
    "column",
    "type",
    "unit",
    "nullable",
    "key",
    "allowed_values",
    "description",
    "blinded",
)
"""Header of the codebook: ``allowed_values`` are separated by ``|``; ``key`` is the place in the key."""


def write_codebook(folder: Path, schemas: Sequence[TableSchema]) -> None:
    """Write ``codebook.csv`` (UTF-8, comma) for those of the tables that lie in the folder."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CODEBOOK_COLUMNS)
    for schema in select_present(folder, schemas):
        writer.writerows(_describe_rows(folder, schema))
    write_text(folder / "codebook.csv", text.getvalue())


def _describe_rows(folder: Path, schema: TableSchema) -> Iterator[tuple[str, ...]]:
    places = {name: str(place) for place, name in enumerate(schema.key, start=1)}
    for column in describe_columns(folder, schema):
        yield (
            schema.name,
            column.name,
            column.type.value,
            column.unit,
            "yes" if column.nullable else "no",
            places.get(column.name, ""),
            "|".join(column.values),
            column.description,
            "yes" if schema.blinded else "no",
        )
