"""What the columns of the tables in a folder are, feature columns included."""

from collections.abc import Sequence
from pathlib import Path

from radfeat.core.errors import TableError
from radfeat.tables.parquet import read_column_names, read_table
from radfeat.tables.parts import is_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, Column, ColumnType, TableSchema


def locate_table(folder: Path, schema: TableSchema) -> Path:
    """Path of a table in a folder, whether it is there or not."""
    return folder / f"{schema.name}.parquet"


def select_present(folder: Path, schemas: Sequence[TableSchema]) -> tuple[TableSchema, ...]:
    """Those of the schemas whose table lies in the folder."""
    return tuple(schema for schema in schemas if is_table(locate_table(folder, schema)))


def describe_columns(folder: Path, schema: TableSchema) -> tuple[Column, ...]:
    """Columns of a table in a folder; unit and description of features come from ``feature_catalogue``.

    Raises
    ------
    TableError
        The catalogue in the folder does not know a feature column.
    """
    if not schema.feature_columns or not is_table(locate_table(folder, schema)):
        return schema.columns
    names = read_column_names(locate_table(folder, schema))
    features = [name for name in names if name not in schema.column_names]
    return (*schema.columns, *_describe_features(folder, features))


def _describe_features(folder: Path, features: Sequence[str]) -> tuple[Column, ...]:
    path = locate_table(folder, FEATURE_CATALOGUE)
    if not path.is_file():
        return tuple(_feature(name, "A feature.", "") for name in features)
    rows = {row["feature"]: row for row in read_table(path, FEATURE_CATALOGUE).to_pylist()}
    unknown = [name for name in features if name not in rows]
    if unknown:
        raise TableError(
            "the catalogue does not know every feature", key=str(path), measured=", ".join(unknown[:3])
        )
    return tuple(_feature(name, rows[name]["description"], rows[name]["unit"]) for name in features)


def _feature(name: str, description: str, unit: str) -> Column:
    return Column(name, ColumnType.FLOAT, description, unit, nullable=True)
