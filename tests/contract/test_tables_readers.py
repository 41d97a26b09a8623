"""The readers beside the tables open every table, with the right types, in R, Python and DuckDB."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radfeat.tables.conform import list_columns
from radfeat.tables.datapackage import write_datapackage
from radfeat.tables.parquet import build_table, read_table, write_table
from radfeat.tables.readers import write_readers
from radfeat.tables.reshape import lengthen
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES, FEATURES_LONG, ROIS, SUBJECTS, TABLES
from radfeat.tables.writing import Stamp, write_blocks

FEATURE_NAMES = ["original_shape_MeshVolume", "log-sigma-2-0-mm-3D_firstorder_Mean"]
RSCRIPT = shutil.which("Rscript")
R_CAN_READ = """
packages <- c("arrow", "nanoparquet", "duckdb")
cat(any(vapply(packages, requireNamespace, logical(1), quietly = TRUE)))
"""


def roi_row(subject: str, **cells: object) -> dict[str, object]:
    case = f"ST/Zürich/{subject}/base/ct"
    return {
        "roi_id": f"{case}/gtv",
        "case_id": case,
        "study_id": "ST",
        "site_id": "Zürich",
        "subject_id": subject,
        "timepoint": "base",
        "image_id": "ct",
        "roi": "gtv",
        **cells,
    }


def catalogue_row(number: int, feature: str) -> dict[str, object]:
    return {
        "feature": feature,
        "code": f"RF{number:06d}",
        "image_type": feature.split("_")[0],
        "image_parameters": "{}",
        "family": feature.split("_")[1],
        "name": feature.split("_")[2],
        "unit": "1",
        "description": "A feature.",
    }


def write(folder: Path, name: str, table: pa.Table) -> None:
    write_table(folder / f"{name}.parquet", table, TABLES[name], settings_digest="s", run_id="r")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    blinded = tmp_path / "results of a study" / "blinded"
    ok = {"status": "OK", FEATURE_NAMES[0]: 1000.25, FEATURE_NAMES[1]: None}
    failed = {"status": "FAILED", "reason": "GEOMETRY"}
    features = build_table(FEATURES, [roi_row("S1", **ok), roi_row("S2", **failed)], FEATURE_NAMES)
    rois = [roi_row("S1", status="OK", voxels=125), roi_row("S2", **failed)]
    write(blinded, "features", features)
    write(blinded, "features_long", lengthen(features))
    write(blinded, "rois", build_table(ROIS, rois))
    catalogue = [catalogue_row(i, name) for i, name in enumerate(FEATURE_NAMES)]
    write(blinded, "feature_catalogue", build_table(FEATURE_CATALOGUE, catalogue))
    write_readers(blinded)
    write_datapackage(blinded, [FEATURES, FEATURES_LONG, ROIS, FEATURE_CATALOGUE])
    return blinded


@pytest.fixture
def divided(folder: Path) -> Path:
    """The same study with ``features`` in a folder per site, and no long table."""
    (folder / "features_long.parquet").unlink()
    table = read_table(folder / "features.parquet", FEATURES)
    columns = list_columns(table, FEATURES)
    stamp = Stamp("s", "r")
    write_blocks(folder / "features.parquet", [table], columns, FEATURES, stamp, divided=True)
    write_readers(folder)
    write_datapackage(folder, [FEATURES, FEATURES_LONG, ROIS, FEATURE_CATALOGUE])
    return folder


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_python(folder: Path, script: str) -> Any:
    return json.loads(run(folder, sys.executable, "-c", script))


def test_python_reader_opens_every_table(folder: Path) -> None:
    script = """
import json
import re
from read import describe_features, read_tables
tables = read_tables()
described = describe_features(tables).sort_by([("roi_id", "ascending"), ("feature", "ascending")])
frame = tables["features"].to_pandas()
print(json.dumps([
    sorted(tables),
    {f.name: str(f.type) for f in tables["rois"].schema if f.name in ("roi_id", "voxels", "volume_mm3")},
    described.select(["subject_id", "code", "value", "reason"]).to_pylist(),
    str(frame["roi_id"].dtype),
]))
"""
    names, types, described, dtype = run_python(folder, script)
    assert names == ["feature_catalogue", "features", "features_long", "rois"]
    assert types == {"roi_id": "string", "voxels": "int64", "volume_mm3": "double"}
    assert [tuple(row.values()) for row in described] == [
        ("S1", "RF000001", None, "FEATURE_UNDEFINED"),
        ("S1", "RF000000", 1000.25, None),
        ("S2", "RF000001", None, "GEOMETRY"),
        ("S2", "RF000000", None, "GEOMETRY"),
    ]
    assert dtype == "object"


def test_python_reader_needs_nothing_of_radfeat(folder: Path) -> None:
    script = """
import json, sys, read
read.check_digests()
print(json.dumps([name for name in sys.modules if "radfeat" in name]))
"""
    assert run_python(folder, script) == []


def test_python_reader_recomputes_the_digests(folder: Path) -> None:
    out = run(folder, sys.executable, "read.py")
    assert out.count("as written") == 4
    table = pq.ParquetFile(folder / "rois.parquet").read()
    place = table.column_names.index("voxels")
    pq.write_table(table.set_column(place, "voxels", pa.array([126, None])), folder / "rois.parquet")
    changed = subprocess.run(
        [sys.executable, "read.py"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert changed.returncode == 3
    assert "rois: CHANGED" in changed.stdout


def test_sql_reader_opens_every_table(folder: Path) -> None:
    script = """
import duckdb, json
connection = duckdb.connect()
connection.execute(open("read.sql", encoding="utf-8").read())
views = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
types = dict(row[:2] for row in connection.execute("DESCRIBE rois").fetchall())
described = connection.execute(
    "SELECT subject_id, code, value, reason FROM features_described ORDER BY roi_id, feature"
).fetchall()
mean = connection.execute('SELECT avg("original_shape_MeshVolume"), count(*) FROM features').fetchall()[0]
print(json.dumps([views, [types[c] for c in ("roi_id", "voxels", "volume_mm3")], described, mean]))
"""
    views, types, described, mean = run_python(folder, script)
    assert views == ["feature_catalogue", "features", "features_described", "features_long", "rois"]
    assert types == ["VARCHAR", "BIGINT", "DOUBLE"]
    assert described == [
        ["S1", "RF000001", None, "FEATURE_UNDEFINED"],
        ["S1", "RF000000", 1000.25, None],
        ["S2", "RF000001", None, "GEOMETRY"],
        ["S2", "RF000000", None, "GEOMETRY"],
    ]
    assert mean == [1000.25, 2], "a missing value does not poison a mean, as NaN would"


LONG = [
    ["S1", FEATURE_NAMES[1], None, "FAILED", "FEATURE_UNDEFINED"],
    ["S1", FEATURE_NAMES[0], 1000.25, "OK", None],
    ["S2", FEATURE_NAMES[1], None, "FAILED", "GEOMETRY"],
    ["S2", FEATURE_NAMES[0], None, "FAILED", "GEOMETRY"],
]


def test_python_reader_opens_a_divided_table_and_makes_the_long_one(divided: Path) -> None:
    script = """
import json
from read import check_digests, describe_features, lengthen_features, read_tables
tables = read_tables()
long = lengthen_features(tables["features"])
columns = ["subject_id", "feature", "value", "status", "reason"]
print(json.dumps([
    check_digests(),
    [list(row.values()) for row in long.select(columns).to_pylist()],
    long.column_names,
    describe_features(tables).num_rows,
]))
"""
    unchanged, long, columns, described = run_python(divided, script)
    assert unchanged == {"features": True, "rois": True, "feature_catalogue": True}
    assert long == LONG
    assert columns == list(FEATURES_LONG.column_names)
    assert described == 4


def test_sql_reader_opens_a_divided_table_and_makes_the_long_one(divided: Path) -> None:
    script = """
import duckdb, json
connection = duckdb.connect()
connection.execute(open("read.sql", encoding="utf-8").read())
long = connection.execute(
    "SELECT subject_id, feature, value, status, reason FROM features_long ORDER BY roi_id, feature"
).fetchall()
columns = [row[0] for row in connection.execute("DESCRIBE features_long").fetchall()]
described = connection.execute("SELECT count(*), count(code) FROM features_described").fetchall()[0]
print(json.dumps([connection.execute("SELECT count(*) FROM features").fetchone(), long, columns, described]))
"""
    count, long, columns, described = run_python(divided, script)
    assert count == [2]
    assert long == LONG
    assert columns == list(FEATURES_LONG.column_names)
    assert described == [4, 4]


def test_r_makes_the_long_table(folder: Path) -> None:
    script = """
source("read.R")
features <- data.frame(
  roi_id = c("b", "a", "c"), status = c("OK", "OK", "FAILED"), reason = c(NA, NA, "GEOMETRY"),
  `log-x` = c(1, NA, NA), check.names = FALSE
)
for (name in c("case_id", "study_id", "site_id", "subject_id", "timepoint", "image_id", "roi", "lesion_id")) {
  features[[name]] <- "k"
}
long <- lengthen_features(features)
cat(long$roi_id, long$feature, long$value, long$status, long$reason)
"""
    done = run_r(folder, script)
    assert done.returncode == 0, done.stderr
    values = "a b c log-x log-x log-x NA 1 NA FAILED OK FAILED FEATURE_UNDEFINED NA GEOMETRY"
    assert done.stdout == values


def test_the_data_package_names_every_file_of_a_divided_table(divided: Path) -> None:
    package = json.loads((divided / "datapackage.json").read_text(encoding="utf-8"))
    (resource,) = [r for r in package["resources"] if r["name"] == "features"]
    assert resource["path"] == ["features.parquet/ST/Zürich/part-0.parquet"]
    part = divided / resource["path"][0]
    assert resource["bytes"] == part.stat().st_size
    assert resource["radfeat:hashes"] == [f"sha256:{hashlib.sha256(part.read_bytes()).hexdigest()}"]
    assert "hash" not in resource


def test_sql_reader_names_only_tables_that_are_there(tmp_path: Path) -> None:
    row = {"subject_id": "S1", "arm": "A", "has_image": True, "has_features": False}
    write(tmp_path, "subjects", build_table(SUBJECTS, [row]))
    write_readers(tmp_path)
    script = """
import duckdb, json
connection = duckdb.connect()
connection.execute(open("read.sql", encoding="utf-8").read())
columns = connection.execute("DESCRIBE subjects").fetchall()
print(json.dumps([connection.execute("SHOW TABLES").fetchall(), columns[4][1]]))
"""
    assert run_python(tmp_path, script) == [[["subjects"]], "BOOLEAN"]


def test_readers_are_the_same_bytes_each_time(folder: Path) -> None:
    before = {p.name: p.read_bytes() for p in folder.glob("read.*")}
    assert sorted(before) == ["read.R", "read.py", "read.sql"]
    write_readers(folder)
    assert {p.name: p.read_bytes() for p in folder.glob("read.*")} == before


def run_r(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    if RSCRIPT is None:
        pytest.skip("R is not installed")
    return subprocess.run(
        [RSCRIPT, "--vanilla", "-e", script], cwd=folder, capture_output=True, text=True, check=False
    )


def test_r_reader_parses(folder: Path) -> None:
    done = run_r(folder, 'invisible(parse("read.R")); cat("parsed")')
    assert (done.returncode, done.stdout) == (0, "parsed"), done.stderr


def test_r_reader_without_a_parquet_package_says_what_to_install(folder: Path) -> None:
    if run_r(folder, R_CAN_READ).stdout == "TRUE":
        pytest.skip("R has a package that reads Parquet")
    done = run_r(folder, 'source("read.R"); read_radfeat()')
    assert done.returncode != 0
    assert 'run install.packages("nanoparquet")' in done.stderr.replace("\n  ", " ")


def test_r_reader_names_an_empty_folder(folder: Path) -> None:
    done = run_r(folder, 'source("read.R"); read_radfeat("..")')
    assert done.returncode != 0
    assert "There is no table in '..'" in done.stderr


def test_r_reader_opens_every_table(folder: Path) -> None:
    if run_r(folder, R_CAN_READ).stdout != "TRUE":
        pytest.skip("R has none of arrow, nanoparquet, duckdb")
    script = """
source("read.R")
tables <- read_radfeat()
described <- describe_features(tables)
described <- described[order(described$roi_id, described$code), ]
cat(paste(names(tables), collapse = " "), "\n")
cat(class(tables$rois$roi_id), class(tables$rois$voxels), class(tables$rois$volume_mm3), "\n")
cat(described$code, described$value, described$reason, "\n")
cat(names(use_codes(tables))[12:13], "\n")
"""
    done = run_r(folder, script)
    assert done.returncode == 0, done.stderr
    assert [line.strip() for line in done.stdout.splitlines()] == [
        "feature_catalogue features features_long rois",
        "character numeric numeric",
        "RF000000 RF000001 RF000000 RF000001 1000.25 NA NA NA NA FEATURE_UNDEFINED GEOMETRY GEOMETRY",
        "RF000000 RF000001",
    ]


def test_r_functions_join_and_rename(folder: Path) -> None:
    script = """
source("read.R")
tables <- list(
  features = data.frame(roi_id = "r", `log-sigma_x` = 1, check.names = FALSE),
  features_long = data.frame(roi_id = "r", feature = "log-sigma_x", value = 1),
  feature_catalogue = data.frame(feature = "log-sigma_x", code = "RF000001")
)
whole <- radfeat_plain_numbers(data.frame(n = 1L, x = 0.5, t = "a"))
cat(names(use_codes(tables)), describe_features(tables)$code, vapply(whole, class, ""))
"""
    done = run_r(folder, script)
    assert done.stdout == "roi_id RF000001 RF000001 numeric numeric character", done.stderr


def test_export_for_sas_in_the_documentation_works(folder: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- sas export -->\n\n```sql\n(.*?)```", page, re.DOTALL)
    assert block is not None
    (folder / "export.sql").write_text(block[1], encoding="utf-8")
    script = """
import duckdb, json
connection = duckdb.connect()
for name in ("read.sql", "export.sql"):
    connection.execute(open(name, encoding="utf-8").read())
print(json.dumps(open("features_sas.csv", encoding="utf-8").read().splitlines()))
"""
    assert run_python(folder, script) == [
        "roi_id,subject_id,site_id,timepoint,roi,RF000000,RF000001",
        "ST/Zürich/S1/base/ct/gtv,S1,Zürich,base,gtv,1000.25,",
        "ST/Zürich/S2/base/ct/gtv,S2,Zürich,base,gtv,,",
    ]
