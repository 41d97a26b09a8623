"""How much memory and time `radfeat collect` takes for a million ROIs of 1,300 features, from 256 chunks.

.venv/bin/python benchmarks/collect.py --rois 1000000 --features 1300 --folder DIR [--check]

The chunks' tables are made first, of random numbers that no compression makes smaller. Disk: three times the
numbers, 8 bytes each: chunks, room for sorting, and the table. ``--check`` reads the table again and
recomputes its digest.
"""

import argparse
import json
import shutil
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from scale import COLUMNS, Cost, measure

from radfeat.config.reader import read_settings
from radfeat.core.acquisition import Parameter
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import Verdict
from radfeat.features.catalogue import order_features
from radfeat.features.register import Family, FeatureStatus, family_names
from radfeat.pipeline.buckets import MOST_BUCKETS, name_bucket
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan
from radfeat.pipeline.planning import build_plan
from radfeat.tables.conform import feature_columns
from radfeat.tables.digest import RunningDigest
from radfeat.tables.parquet import build_table, iterate_table, read_identity, write_table
from radfeat.tables.schemas import ACQUISITION, FEATURES, FINDINGS, ROIS, SERIES, TableSchema

SITES = 100
ROIS_PER_CASE = 2
CONFIG = """study: A million ROIs
images: images.csv
results: results
features:
  bin_width: 25
  classes: {shape: [], firstorder: [], glcm: [], glrlm: [], glszm: [], gldm: [], ngtdm: []}
  image_types:
    Original: {}
    LoG: {sigma_mm: [1.0, 2.0, 3.0, 4.0, 5.0]}
    Wavelet: {wavelet: coif1}
"""
IMAGES = (
    "original",
    *(f"log-sigma-{sigma}-0-mm-3D" for sigma in range(1, 6)),
    *(f"wavelet-{x}{y}{z}" for x in "LH" for y in "LH" for z in "LH"),
)
"""What the features are measured on, by PyRadiomics' names."""
FAMILIES = (
    *(Family.SHAPE, Family.FIRST_ORDER, Family.GLCM, Family.GLRLM, Family.GLSZM, Family.GLDM, Family.NGTDM),
)
ROW = "scale,site00,S000000,week0,CT,CT,image.nii,mask.nii,GTV0,1"


def main() -> None:
    """Make the chunks, collect them, and print what it cost."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rois", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=1_300)
    parser.add_argument("--folder", type=Path, required=True, help="a folder that is not there yet")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the folder when done")
    given = parser.parse_args()
    folder = ResultsFolder(given.folder / "results")
    started = time.perf_counter()
    plan = write_chunks(given.folder, given.rois, given.features)
    print(f"{len(plan.buckets)} chunks made in {time.perf_counter() - started:.0f} s", flush=True)
    cost = measure(
        [sys.executable, "-m", "radfeat", "collect", "--results", str(folder.root)], given.folder / "log"
    )
    _report(folder, cost, given.rois, given.features)
    if given.check:
        print(f"digest: {'as written' if check_digest(folder) else 'NOT as written'}")
    if not given.keep:
        shutil.rmtree(given.folder)


def write_chunks(study: Path, rois: int, features: int) -> Plan:
    """A study with a plan, and the tables of its chunks as if every case had been measured."""
    study.mkdir(parents=True)
    (study / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (study / "images.csv").write_text(f"{COLUMNS}\n{ROW}\n", encoding="utf-8")
    folder = ResultsFolder(study / "results")
    dealt: dict[str, list[CaseKey]] = {}
    for number in range(rois // ROIS_PER_CASE):
        subject, visit = divmod(number, 2)
        case = CaseKey("scale", f"site{subject % SITES:02d}", f"S{subject:06d}", f"week{visit}", "CT")
        dealt.setdefault(name_bucket(case, MOST_BUCKETS), []).append(case)
    small = build_plan(read_settings(study / "config.yaml"), study, folder)
    plan = replace(small, rois=rois, cases=rois // ROIS_PER_CASE, buckets=tuple(sorted(dealt)))
    folder.plan.write_text(json.dumps(asdict(plan)), encoding="utf-8")
    names = list_names(features)
    for bucket in plan.buckets:
        _write_chunk(folder.work(bucket), dealt[bucket], names, plan)
    return plan


def list_names(count: int) -> tuple[str, ...]:
    """Names of the first so many features, as PyRadiomics names them."""
    names = [
        f"{image}_{family.value}_{name}"
        for image in IMAGES
        for family in FAMILIES
        for name in family_names(family, FeatureStatus.STANDARD)
        if image == "original" or family is not Family.SHAPE
    ]
    if len(names) < count:
        raise SystemExit(f"there are only {len(names)} features")
    return tuple(order_features(names[:count]))


def check_digest(folder: ResultsFolder) -> bool:
    """Whether the table that was written says what its metadata says, read block by block."""
    path = folder.blinded / "features.parquet"
    running: RunningDigest | None = None
    for block in iterate_table(path, FEATURES, 8_192):
        if running is None:
            names = [n for n in block.column_names if n not in FEATURES.column_names]
            running = RunningDigest((*FEATURES.columns, *feature_columns(names)))
        running.update(block)
    return running is not None and running.finish() == read_identity(path).logical_digest


def _report(folder: ResultsFolder, cost: Cost, rois: int, features: int) -> None:
    path = folder.blinded / "features.parquet"
    files = list(path.rglob("*.parquet")) if path.is_dir() else [path]
    size = sum(p.stat().st_size for p in files) / 1e9
    print(f"{rois:,} x {features:,}: {len(files)} files, {size:.1f} GB")
    print(f"CPU {cost.cpu_s:.0f} s, wall {cost.wall_s:.0f} s, peak {cost.peak_mb:.0f} MB", flush=True)


def _write_chunk(place: Path, cases: list[CaseKey], names: tuple[str, ...], plan: Plan) -> None:
    cases = sorted(cases, key=lambda case: case.case_id)
    rois = [RoiKey(case, f"GTV{i}") for case in cases for i in range(ROIS_PER_CASE)]
    rng = np.random.default_rng(int(place.name.split("-")[1], 16))
    values = rng.lognormal(3, 2, (len(names), len(rois)))
    rows = [_roi_row(roi, float(v)) for roi, v in zip(rois, values[0], strict=True)]
    fixed = build_table(FEATURES, [{k: row.get(k) for k in FEATURES.column_names} for row in rows])
    wide = pa.table(
        [*fixed.columns, *(pa.array(column) for column in values)], names=[*FEATURES.column_names, *names]
    )
    told = [{**_case_row(c), **cells} for c in cases for cells in _TOLD]
    for schema, table in (
        (SERIES, build_table(SERIES, [_series_row(case) for case in cases])),
        (ROIS, build_table(ROIS, rows)),
        (FEATURES, wide),
        (ACQUISITION, build_table(ACQUISITION, told)),
        (FINDINGS, build_table(FINDINGS, [_finding(roi) for roi in rois])),
    ):
        _write(place, table, schema, plan)


def _write(place: Path, table: pa.Table, schema: TableSchema, plan: Plan) -> None:
    path = place / f"{schema.name}.parquet"
    write_table(path, table, schema, settings_digest=plan.case_digest, run_id=plan.run_id)


def _case_row(case: CaseKey) -> dict[str, object]:
    return {
        "case_id": case.case_id,
        "study_id": case.study_id,
        "site_id": case.site_id,
        "subject_id": case.subject_id,
        "timepoint": case.timepoint,
        "image_id": case.image_id,
    }


_TOLD = [
    {
        "modality": "CT",
        "parameter": parameter.value,
        "text": "A",
        "required": False,
        "verdict": Verdict.NOT_SPECIFIED.value,
    }
    for parameter in list(Parameter)[:10]
]


def _series_row(case: CaseKey) -> dict[str, object]:
    spacing = dict.fromkeys(("spacing_x_mm", "spacing_y_mm", "spacing_z_mm"), 1.0)
    digests = {"image_sha256": case.stem * 4, "voxel_digest": case.stem * 4}
    return {**_case_row(case), "modality": "CT", "status": "OK", **spacing, **digests}


def _roi_row(roi: RoiKey, volume: float) -> dict[str, object]:
    own = {"roi_id": roi.roi_id, "roi": roi.roi, "status": "OK", "voxels": 1000, "volume_mm3": volume}
    digests = {"mask_sha256": roi.stem * 4, "mask_voxel_digest": roi.stem * 4}
    steps = json.dumps(
        [{"name": name, "parameters": {"spacing": [1, 1, 1]}} for name in ("crop", "resample")]
    )
    return {**_case_row(roi.case), **own, **digests, "steps": steps, "preview": f"{roi.stem}.png"}


def _finding(roi: RoiKey) -> dict[str, object]:
    return {
        "key": roi.roi_id,
        "check": "mask.small",
        "ordinal": 1,
        "site_id": roi.case.site_id,
        "severity": "WARNING",
        "sentence": f"{roi.roi_id}: the ROI has 20 voxels.",
    }


if __name__ == "__main__":
    main()
