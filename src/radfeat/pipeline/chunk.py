"""One chunk: the cases of a bucket, measured or taken from the cache, and their tables."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path

from radfeat.core.digest import compute_json_digest
from radfeat.core.files import write_text
from radfeat.core.late_call import LateCall
from radfeat.features.catalogue import order_features
from radfeat.pipeline.cache import CaseCache
from radfeat.pipeline.case_settings import CaseFolders, CaseSettings
from radfeat.pipeline.finding_rows import Row, number_findings
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.plan import Plan, chunk_inputs, read_plan
from radfeat.pipeline.records import CaseRecord
from radfeat.pipeline.workers import (
    ALONE,
    Case,
    CaseTask,
    Crew,
    compute_records,
    require_memory,
)
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import ACQUISITION, FEATURES, FINDINGS, ROIS, SERIES

_MEASURE = LateCall("radfeat.pipeline.case", "measure_case")
_BURY = LateCall("radfeat.pipeline.case", "build_dead_worker_record")


@dataclass(frozen=True, slots=True)
class ChunkProgress:
    """How far a chunk is; ``failed`` and ``cached`` count among ``done``.

    ``inputs`` is a digest of the rows, settings and code that the chunk was started with; ``reasons`` counts
    its failed ROIs by reason.
    """

    inputs: str
    total: int
    done: int = 0
    failed: int = 0
    cached: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    def plus(self, record: CaseRecord, *, cached: bool) -> "ChunkProgress":
        """The progress after one more case."""
        reasons = Counter(self.reasons) + Counter(roi.roi["reason"] for roi in record.rois if roi.failed)
        return replace(
            self,
            done=self.done + 1,
            failed=self.failed + record.failed,
            cached=self.cached + cached,
            reasons=dict(sorted(reasons.items())),
        )


def run_chunk(
    folder: ResultsFolder, bucket: str, *, crew: Crew = ALONE, retry_failed: bool = False, more: bool = False
) -> ChunkProgress:
    """Measure the cases of one bucket and write its tables.

    Parameters
    ----------
    folder
        A results folder with a plan.
    bucket
        Name of the bucket, as in the plan.
    crew
        Worker processes and their memory; the numbers do not depend on it.
    retry_failed
        Compute again what failed, rather than take the failure from the cache.
    more
        Whether the job would be tried again with more memory.

    Raises
    ------
    WorkerError
        If memory did not suffice for a case and there is more to be had; the others are in the cache then.
    """
    plan = read_plan(folder)
    rows = read_manifest(folder, bucket, (folder.root / plan.base).resolve())
    cases = [tuple(group) for _, group in groupby(rows, key=lambda row: row.key.case)]
    progress = ChunkProgress(chunk_inputs(plan, bucket), len(cases))
    records: list[CaseRecord] = []
    for record, cached in measure_cases(folder, plan, cases, crew=crew, retry_failed=retry_failed):
        records.append(record)
        progress = progress.plus(record, cached=cached)
        write_text(folder.progress(bucket), json.dumps(asdict(progress)))
    if more:
        require_memory(records, crew, bucket)
    write_chunk_tables(folder.work(bucket), records, plan)
    return progress


def measure_cases(
    folder: ResultsFolder, plan: Plan, cases: Sequence[Case], *, crew: Crew, retry_failed: bool
) -> Iterator[tuple[CaseRecord, bool]]:
    """Measure cases, or take them from the cache; beside each record stands whether it is from there."""
    settings = _read_settings(folder)
    cache = open_cache(folder, plan)
    for path in (folder.previews, cache.crops):
        if path is not None:
            path.mkdir(parents=True, exist_ok=True)
    folders = CaseFolders(folder.previews, cache.crops)
    task = CaseTask(_MEASURE.given(settings=settings, folders=folders), _BURY.given(settings=settings))
    yield from compute_records(cases, cache, task, crew=crew, retry_failed=retry_failed)


def open_cache(folder: ResultsFolder, plan: Plan) -> CaseCache:
    """The cache of the cases of a plan."""
    crops = folder.prepared_by(plan.case_digest) if _read_settings(folder).prepare.keep else None
    return CaseCache(folder, compute_json_digest([plan.case_digest, plan.code_digest]), crops)


def _read_settings(folder: ResultsFolder) -> CaseSettings:
    return CaseSettings.from_json(json.loads(folder.extraction_settings.read_text(encoding="utf-8")))


def write_chunk_tables(folder: Path, records: Sequence[CaseRecord], plan: Plan) -> None:
    """Write the tables of a chunk; the order of the records does not matter."""
    rois = [roi for record in records for roi in record.rois]
    features = order_features(sorted({name for roi in rois for name in roi.values}))
    tables = (
        (SERIES, build_table(SERIES, [record.series for record in records])),
        (ROIS, build_table(ROIS, [roi.roi for roi in rois])),
        (FEATURES, build_table(FEATURES, [_feature_row(roi.roi, roi.values) for roi in rois], features)),
        (ACQUISITION, build_table(ACQUISITION, [row for record in records for row in record.acquisition])),
        (FINDINGS, build_table(FINDINGS, number_findings(_findings(records)))),
    )
    for schema, table in tables:
        write_table(
            folder / f"{schema.name}.parquet",
            table,
            schema,
            settings_digest=plan.case_digest,
            run_id=plan.run_id,
        )


def _feature_row(roi: Row, values: dict[str, float | None]) -> Row:
    fixed = {column.name: roi.get(column.name) for column in FEATURES.columns}
    return {**fixed, **values}


def _findings(records: Sequence[CaseRecord]) -> list[Row]:
    return [
        *(finding for record in records for finding in record.findings),
        *(finding for record in records for roi in record.rois for finding in roi.findings),
    ]
