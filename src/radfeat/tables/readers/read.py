"""Opens the tables of this folder in Python; needs pyarrow and nothing of radfeat.

    from read import read_tables

    tables = read_tables()                    # or read_tables("path/to/this/folder")
    features = tables["features"].to_pandas()
    described = describe_features(tables)

Text is text, never a category; a missing value is NULL, and the column "reason" says why. pandas turns
whole numbers with gaps into floats: ``to_pandas(types_mapper=pandas.ArrowDtype)`` does not.
``python read.py`` checks every table against its logical digest.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

HERE = Path(__file__).parent
KEY = (
    *("roi_id", "case_id", "study_id", "site_id", "subject_id", "timepoint", "image_id", "roi"),
    "lesion_id",
)
"""Columns of ``features`` that tell one ROI from another."""


def read_tables(folder: str | Path = HERE) -> dict[str, pa.Table]:
    """All tables of a folder by name."""
    paths = sorted(Path(folder).glob("*.parquet"))
    if not paths:
        raise FileNotFoundError(f"There is no table in {folder}: give the folder that holds read.py.")
    return {path.stem: read_table(path) for path in paths}


def read_table(path: str | Path) -> pa.Table:
    """One table, be it a file or a folder of files by study and site; or one file of such a folder."""
    parts = sorted(Path(path).glob("*/*/*.parquet")) if Path(path).is_dir() else [path]
    return pa.concat_tables([pq.ParquetFile(p, page_checksum_verification=True).read() for p in parts])


def lengthen_features(features: pa.Table) -> pa.Table:
    """``features_long`` of ``features`` or of some of its rows: one row per ROI and feature."""
    key = [name for name in KEY if name in features.column_names]
    blocks = []
    for name in sorted(set(features.column_names) - {*KEY, "status", "reason"}):
        value = features[name]
        missing = pc.is_null(value)
        block = features.select(key).append_column("feature", pa.array([name] * len(value), pa.string()))
        block = block.append_column("value", value)
        block = block.append_column("status", pc.if_else(missing, "FAILED", "OK"))
        reason = pc.if_else(missing, pc.coalesce(features["reason"], "FEATURE_UNDEFINED"), None)
        blocks.append(block.append_column("reason", reason))
    if not blocks:
        raise ValueError("There is no feature in the table: no ROI was measured.")
    return pa.concat_tables(blocks).sort_by([("roi_id", "ascending"), ("feature", "ascending")])


def describe_features(tables: dict[str, pa.Table]) -> pa.Table:
    """Each value of ``features_long`` with what its feature is."""
    long = tables["features_long"] if "features_long" in tables else lengthen_features(tables["features"])
    return long.join(tables["feature_catalogue"], "feature", join_type="inner")


def compute_logical_digest(table: pa.Table, key: list[str]) -> str:
    """The identity of a table: what it says, whatever program wrote it (see docs/tables.md of radfeat)."""
    rows = table.sort_by([(name, "ascending") for name in key])
    lines = ["radfeat logical digest 1", f"rows={rows.num_rows}"]
    for name in sorted(rows.column_names):
        column = rows[name]
        lines.append(f"{name}\t{_logical_type(column.type)}\t{_digest_column(column)}")
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def check_digests(folder: str | Path = HERE) -> dict[str, bool]:
    """For each table of ``datapackage.json``: whether it still says what it said when it was written."""
    package = json.loads((Path(folder) / "datapackage.json").read_text(encoding="utf-8"))
    tables = read_tables(folder)
    return {r["name"]: _is_unchanged(tables[r["name"]], r) for r in package["resources"]}


def _is_unchanged(table: pa.Table, resource: dict[str, Any]) -> bool:
    found = compute_logical_digest(table, resource["schema"]["primaryKey"])
    return bool(found == resource["radfeat:logicalDigest"])


def _logical_type(kind: pa.DataType) -> str:
    return {pa.float64(): "float64", pa.int64(): "int64", pa.bool_(): "bool"}.get(kind, "string")


def _digest_column(column: pa.ChunkedArray) -> str:
    digest = hashlib.sha256()
    if _logical_type(column.type) == "float64":
        if pc.any(pc.is_nan(column)).as_py():
            return "NaN"  # no table of radfeat holds one, and it must not pass for NULL
        numbers = column.to_numpy() + 0.0
        numbers[column.is_null().to_numpy()] = float("nan")
        digest.update(numbers.astype("<f8").tobytes())
    else:
        texts = column.cast(pa.string()).to_pylist()
        digest.update(b"".join((b"\xfe" if t is None else t.encode()) + b"\xff" for t in texts))
    return digest.hexdigest()


def main() -> int:
    """Check every table and say so; 0 if all are as they were written."""
    results = check_digests()
    for name, unchanged in results.items():
        sys.stdout.write(f"{name}: {'as written' if unchanged else 'CHANGED since it was written'}\n")
    return 0 if all(results.values()) else 3


if __name__ == "__main__":
    sys.exit(main())
