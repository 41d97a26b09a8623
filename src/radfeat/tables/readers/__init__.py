"""Readers that lie beside the tables: R, Python, and SQL for DuckDB."""

from importlib.resources import files
from pathlib import Path

from radfeat.core.files import write_text
from radfeat.tables.describe import locate_table, select_present
from radfeat.tables.merge import unite_columns
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES, FEATURES_LONG, TABLES

_VIEWS = "-- (views)\n"


def write_readers(folder: Path) -> None:
    """Write ``read.R``, ``read.py`` and ``read.sql`` for the tables that lie in the folder."""
    for name in ("read.R", "read.py"):
        write_text(folder / name, _read_source(name))
    write_text(folder / "read.sql", _read_source("read.sql").replace(_VIEWS, _build_views(folder)))


def _read_source(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _build_views(folder: Path) -> str:
    present = [schema.name for schema in select_present(folder, tuple(TABLES.values()))]
    views = [
        f"CREATE OR REPLACE VIEW {n} AS SELECT * FROM read_parquet('{_glob(folder, n)}');\n" for n in present
    ]
    if FEATURES.name in present and FEATURES_LONG.name not in present and _has_features(folder):
        views.append(_read_source("long.sql"))
        present.append(FEATURES_LONG.name)
    if FEATURES_LONG.name in present and FEATURE_CATALOGUE.name in present:
        views.append(_read_source("described.sql"))
    return "".join(views)


def _glob(folder: Path, name: str) -> str:
    """What DuckDB opens: the file, or all files of rows of a divided table."""
    divided = locate_table(folder, TABLES[name]).is_dir()
    return f"{name}.parquet/*/*/*.parquet" if divided else f"{name}.parquet"


def _has_features(folder: Path) -> bool:
    return bool(unite_columns([locate_table(folder, FEATURES)], FEATURES))
