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


def read_tables(folder: str | Path = HERE) -> dict[str, pa.Table]:
    """All tables of a folder by name."""
    paths = sorted(Path(folder).glob("*.parquet"))
    if not paths:
        raise FileNotFoundError(f"There is no table in {folder}: give the folder that holds read.py.")
    return {path.stem: pq.ParquetFile(path, page_checksum_verification=True).read() for path in paths}


def describe_features(tables: dict[str, pa.Table]) -> pa.Table:
    """Each value of ``features_long`` with what its feature is."""
    return tables["features_long"].join(tables["feature_catalogue"], "feature", join_type="inner")


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
