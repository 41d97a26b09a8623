"""Collecting by study and site, in bounded memory, gives the tables of one file each."""

import json
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from radfeat.config.reader import read_settings
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.pipeline import collect as collect_module
from radfeat.pipeline.collect import collect
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.planning import build_plan
from radfeat.tables.merge import merge_tables
from radfeat.tables.parquet import build_table, read_identity, read_table, write_table
from radfeat.tables.schemas import ACQUISITION, FEATURES, FINDINGS, ROIS, SERIES, TableSchema

HEADER = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi"
NAMES = ("original_firstorder_Mean", "original_firstorder_Energy")
COLLECTED = ("series", "rois", "features", "acquisition", "findings", "feature_catalogue")
CASE = ("case_id", "study_id", "site_id", "subject_id", "timepoint", "image_id")


def plan_study(folder: Path, tables: str, cases: int = 40) -> ResultsFolder:
    """A planned study of three sites, and its chunks as if every case had been measured."""
    folder.mkdir(exist_ok=True)
    keys = [CaseKey("T", f"s{i % 3}", f"P{i:03d}", "w0", "CT") for i in range(cases)]
    lines = [f"T,{k.site_id},{k.subject_id},w0,CT,CT,{k.stem}.nii,{k.stem}-m.nii,gtv" for k in keys]
    (folder / "images.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    classes = "features: {classes: {firstorder: [Mean, Energy]}}\n"
    (folder / "config.yaml").write_text(f"tables: {tables}\n{classes}", encoding="utf-8")
    results = ResultsFolder(folder / "results")
    plan = build_plan(read_settings(folder / "config.yaml"), folder, results)
    for bucket in plan.buckets:
        rows = json.loads(results.manifest(bucket).read_text(encoding="utf-8"))
        write_chunk(results.work(bucket), [CaseKey(*row["case"]) for row in rows], plan.case_digest)
    return results


def write_chunk(place: Path, cases: list[CaseKey], digest: str) -> None:
    """The tables of a chunk: some masks are drawn for two subjects, which only the cohort shows."""
    series, rois, wide, found, told = [], [], [], [], []
    for case in cases:
        row = dict(zip(CASE, (case.case_id, *parts_of(case)), strict=True))
        number = int(case.stem[:4], 16)
        roi = {**row, "roi_id": RoiKey(case, "gtv").roi_id, "roi": "gtv", "status": "OK"}
        series.append({**row, "modality": "CT", "status": "OK"})
        rois.append({**roi, "mask_voxel_digest": f"m{number % 16}", "volume_mm3": 9.0})
        wide.append({**roi, NAMES[0]: number / 7, NAMES[1]: None})
        spoken = {"key": roi["roi_id"], "check": "mask.small", "ordinal": 1, "severity": "INFO"}
        found.append({**spoken, "site_id": case.site_id, "sentence": "small"})
        judged = {"modality": "CT", "required": False, "verdict": "not_specified"}
        for name in ("manufacturer", "model", "kernel"):
            text = f"{name} {case.subject_id[-1]}"
            told.append({**row, **judged, "parameter": name, "text": text})
    for schema, table in (
        (SERIES, build_table(SERIES, series)),
        (ROIS, build_table(ROIS, rois)),
        (FEATURES, build_table(FEATURES, wide, NAMES)),
        (ACQUISITION, build_table(ACQUISITION, told)),
        (FINDINGS, build_table(FINDINGS, found)),
    ):
        write(place, schema, table, digest)


def parts_of(case: CaseKey) -> tuple[str, ...]:
    return case.study_id, case.site_id, case.subject_id, case.timepoint, case.image_id


def write(place: Path, schema: TableSchema, table: pa.Table, digest: str) -> None:
    write_table(place / f"{schema.name}.parquet", table, schema, settings_digest=digest, run_id="r")


def digests(results: ResultsFolder, *names: str) -> dict[str, str]:
    return {n: read_identity(results.blinded / f"{n}.parquet").logical_digest for n in names}


def test_the_layout_alters_no_digest_and_no_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = plan_study(tmp_path / "small", "{}")
    large = plan_study(tmp_path / "large", "{one_file_rois: 39, long_rois: 40}")
    counted = collect(small)
    # Ranges of a few rows each, through the disk.
    monkeypatch.setattr(collect_module, "merge_tables", partial(merge_tables, limit=500))
    assert collect(large) == counted
    assert digests(small, *COLLECTED, "features_long") == digests(large, *COLLECTED, "features_long")
    assert (large.blinded / "features.parquet").is_dir()
    assert (small.blinded / "features.parquet").is_file()
    wide = [read_table(r.blinded / "features.parquet", FEATURES, verify=True) for r in (small, large)]
    assert wide[0] == wide[1]
    checks = set(read_table(small.blinded / "findings.parquet", FINDINGS)["check"].to_pylist())
    assert {"mask.small", "cohort.same_mask"} <= checks


def test_the_long_table_is_left_out_with_a_sentence(tmp_path: Path) -> None:
    results = plan_study(tmp_path / "study", "{long_rois: 40}")
    collect(results)
    assert (results.blinded / "features_long.parquet").is_file()
    results = plan_study(tmp_path / "study", "{long_rois: 39}")
    collect(results)
    assert not (results.blinded / "features_long.parquet").exists()
    package = json.loads((results.blinded / "datapackage.json").read_text(encoding="utf-8"))
    assert "not written for 40 ROIs (tables.long_rois allows 39)" in package["radfeat:featuresLong"]
    assert "lengthen_features()" in package["radfeat:featuresLong"]
    assert "features_long" not in {r["name"] for r in package["resources"]}


def test_a_collection_that_was_killed_leaves_nothing(tmp_path: Path) -> None:
    results = plan_study(tmp_path / "study", "{one_file_rois: 0}")
    results.spill.mkdir(parents=True)
    (results.spill / "features-00000.arrow").write_bytes(b"half")
    half = results.blinded / ".0123456789ab.tmp.parquet" / "T"
    half.mkdir(parents=True)
    collect(results)
    assert not results.spill.exists()
    assert not list(results.blinded.rglob("*.tmp*"))


def test_settings_of_the_layout_are_in_no_digest(tmp_path: Path) -> None:
    plans = []
    for tables in ("{}", "{one_file_rois: 0, long_rois: 0}"):
        (tmp_path / "config.yaml").write_text(f"tables: {tables}\n", encoding="utf-8")
        (tmp_path / "images.csv").write_text(f"{HEADER}\nT,s,P,w0,CT,CT,a.nii,b.nii,gtv\n", encoding="utf-8")
        plans.append(
            build_plan(read_settings(tmp_path / "config.yaml"), tmp_path, ResultsFolder(tmp_path / "r"))
        )
    assert plans[0].case_digest == plans[1].case_digest
    assert plans[0].run_id == plans[1].run_id
