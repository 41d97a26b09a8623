"""codebook.csv and datapackage.json say everything about the tables that are there, and nothing else."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from radfeat.core.errors import TableError
from radfeat.tables.codebook import CODEBOOK_COLUMNS, write_codebook
from radfeat.tables.datapackage import write_datapackage
from radfeat.tables.parquet import build_table, read_identity, write_table
from radfeat.tables.schemas import (
    BLINDED_TABLES,
    FEATURE_CATALOGUE,
    FEATURES,
    ROIS,
    SUBJECTS,
    UNBLINDED_TABLES,
)

ROI = {
    "roi_id": "ST/A/S1/base/ct/gtv",
    "case_id": "ST/A/S1/base/ct",
    "study_id": "ST",
    "site_id": "A",
    "subject_id": "S1",
    "timepoint": "base",
    "image_id": "ct",
    "roi": "gtv",
    "status": "OK",
}
FEATURE = {
    "feature": "original_shape_MeshVolume",
    "code": "RF000001",
    "image_type": "original",
    "image_parameters": "{}",
    "family": "shape",
    "name": "MeshVolume",
    "unit": "mm3",
    "description": "Volume of the mesh, by tetrahedra.",
}


def write_blinded(folder: Path, catalogue: list[dict[str, str]]) -> None:
    name = "original_shape_MeshVolume"
    for schema, table in (
        (FEATURES, build_table(FEATURES, [ROI | {name: 1.0}], [name])),
        (ROIS, build_table(ROIS, [ROI])),
        (FEATURE_CATALOGUE, build_table(FEATURE_CATALOGUE, catalogue)),
    ):
        write_table(folder / f"{schema.name}.parquet", table, schema, settings_digest="s", run_id="r")


def read_codebook(folder: Path) -> list[dict[str, str]]:
    with (folder / "codebook.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read_package(folder: Path) -> dict[str, Any]:
    package: dict[str, Any] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return package


def test_codebook_has_a_row_for_every_column_of_the_tables_present(tmp_path: Path) -> None:
    write_blinded(tmp_path, [FEATURE])
    write_codebook(tmp_path, BLINDED_TABLES)
    rows = read_codebook(tmp_path)
    assert tuple(rows[0]) == CODEBOOK_COLUMNS
    expected = [("rois", c) for c in ROIS.column_names]
    expected += [("features", c) for c in (*FEATURES.column_names, "original_shape_MeshVolume")]
    expected += [("feature_catalogue", c) for c in FEATURE_CATALOGUE.column_names]
    assert [(row["table"], row["column"]) for row in rows] == expected


def test_codebook_takes_features_from_the_catalogue(tmp_path: Path) -> None:
    write_blinded(tmp_path, [FEATURE])
    write_codebook(tmp_path, BLINDED_TABLES)
    (row,) = [r for r in read_codebook(tmp_path) if r["column"] == "original_shape_MeshVolume"]
    assert tuple(row.values()) == (
        "features",
        "original_shape_MeshVolume",
        "float64",
        "mm3",
        "yes",
        "",
        "",
        "Volume of the mesh, by tetrahedra.",
        "yes",
    )


def test_codebook_names_keys_and_allowed_values(tmp_path: Path) -> None:
    write_blinded(tmp_path, [FEATURE])
    write_codebook(tmp_path, BLINDED_TABLES)
    rows = {(r["table"], r["column"]): r for r in read_codebook(tmp_path)}
    assert (rows["rois", "roi_id"]["key"], rows["rois", "case_id"]["key"]) == ("1", "")
    assert rows["rois", "status"]["allowed_values"] == "OK|FAILED"


def test_feature_outside_the_catalogue_is_refused(tmp_path: Path) -> None:
    write_blinded(tmp_path, [FEATURE | {"feature": "original_shape_Other"}])
    with pytest.raises(TableError, match="original_shape_MeshVolume"):
        write_codebook(tmp_path, BLINDED_TABLES)


def test_chunk_folder_without_a_catalogue_can_be_described(tmp_path: Path) -> None:
    write_blinded(tmp_path, [FEATURE])
    (tmp_path / "feature_catalogue.parquet").unlink()
    write_codebook(tmp_path, BLINDED_TABLES)
    assert read_codebook(tmp_path)[-1]["column"] == "original_shape_MeshVolume"


def test_data_package_identifies_every_file(tmp_path: Path) -> None:
    write_blinded(tmp_path, [FEATURE])
    write_datapackage(tmp_path, BLINDED_TABLES)
    package = read_package(tmp_path)
    assert package["name"] == "radfeat-blinded"
    assert [r["name"] for r in package["resources"]] == ["rois", "features", "feature_catalogue"]
    for resource in package["resources"]:
        path = tmp_path / resource["path"]
        assert resource["hash"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        assert resource["bytes"] == path.stat().st_size
        assert resource["radfeat:logicalDigest"] == read_identity(path).logical_digest
        assert resource["radfeat:blinded"] is True


def test_data_package_describes_fields_and_keys(tmp_path: Path) -> None:
    write_blinded(tmp_path, [FEATURE])
    write_datapackage(tmp_path, BLINDED_TABLES)
    rois, features, _ = read_package(tmp_path)["resources"]
    fields = {f["name"]: f for f in features["schema"]["fields"]}
    assert fields["status"]["constraints"] == {"required": True, "enum": ["OK", "FAILED"]}
    assert fields["original_shape_MeshVolume"] == {
        "name": "original_shape_MeshVolume",
        "type": "number",
        "description": "Volume of the mesh, by tetrahedra.",
        "radfeat:unit": "mm3",
        "constraints": {"required": False},
    }
    assert {f["name"]: f["type"] for f in rois["schema"]["fields"]}["voxels"] == "integer"
    assert features["schema"]["primaryKey"] == ["roi_id"]
    assert features["schema"]["foreignKeys"] == [
        {"fields": ["roi_id"], "reference": {"resource": "rois", "fields": ["roi_id"]}}
    ]
    assert rois["schema"]["foreignKeys"] == [], "series is not in the folder"


def test_unblinded_half_says_so(tmp_path: Path) -> None:
    row = {"subject_id": "S1", "arm": "A", "has_image": True, "has_features": False}
    path = tmp_path / "subjects.parquet"
    write_table(path, build_table(SUBJECTS, [row]), SUBJECTS, settings_digest="s", run_id="r")
    write_datapackage(tmp_path, UNBLINDED_TABLES)
    write_codebook(tmp_path, UNBLINDED_TABLES)
    assert read_package(tmp_path)["name"] == "radfeat-unblinded"
    assert {r["blinded"] for r in read_codebook(tmp_path)} == {"no"}


def test_descriptions_are_the_same_bytes_each_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_blinded(tmp_path / name, [FEATURE])
        write_codebook(tmp_path / name, BLINDED_TABLES)
        write_datapackage(tmp_path / name, BLINDED_TABLES)
    for file in ("codebook.csv", "datapackage.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_folder_without_tables_gives_empty_descriptions(tmp_path: Path) -> None:
    write_codebook(tmp_path, BLINDED_TABLES)
    write_datapackage(tmp_path, BLINDED_TABLES)
    assert read_codebook(tmp_path) == []
    assert read_package(tmp_path)["resources"] == []
