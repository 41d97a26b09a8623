"""Which cases are measured again: those that failed, or those of one subject."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import pyarrow.compute as pc

from radfeat.core.errors import SettingsError
from radfeat.core.files import write_text_if_changed
from radfeat.core.vocabulary import Status
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline.cache import CaseCache
from radfeat.pipeline.chunk import open_cache
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.perturb import open_perturb_cache
from radfeat.pipeline.plan import Plan
from radfeat.pipeline.retries import read_retries
from radfeat.pipeline.workers import Case
from radfeat.tables.columns import TableSchema
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import PERTURBED_FEATURES, ROIS


def list_cases(folder: ResultsFolder, plan: Plan, bucket: str) -> list[Case]:
    """The cases of one bucket: each the rows of one image."""
    rows = read_manifest(folder, bucket, (folder.root / plan.base).resolve())
    return [tuple(group) for _, group in groupby(rows, key=lambda row: row.key.case)]


def list_subject_cases(folder: ResultsFolder, plan: Plan, subjects: Sequence[str]) -> list[Case]:
    """The cases of some subjects.

    Raises
    ------
    SettingsError
        If the image sheet has none of a subject.
    """
    cases = [case for bucket in plan.buckets for case in list_cases(folder, plan, bucket)]
    known = {case[0].key.case.subject_id for case in cases}
    missing = [subject for subject in subjects if subject not in known]
    if missing:
        raise SettingsError(
            f"{len(missing)} of the subjects asked for are not in the image sheet",
            key="--only",
            measured=", ".join(missing),
            allowed=f"the {len(known)} subjects of column subject_id",
            remedy="Write the subject as in the sheet",
        )
    return [case for case in cases if case[0].key.case.subject_id in subjects]


def forget_failed(folder: ResultsFolder, plan: Plan, *, dry_run: bool = False) -> tuple[int, int]:
    """Remove what is kept of cases with a failed ROI, and have the next run make their chunks' tables anew.

    The chunks' tables stay until new ones take their place. That a chunk is to be made is a number among the
    params of its rule: a missing table would not do, for where all that is made of it is newer than its
    inputs Snakemake does not miss it.

    Returns
    -------
    tuple of int
        Cases, and the chunks they are in.
    """
    found = 0
    chunks = set()
    caches = (
        (open_cache(folder, plan), ROIS),
        (open_perturb_cache(folder, plan), PERTURBED_FEATURES),
    )
    for bucket in plan.buckets:
        for cache, schema in caches:
            failed = list(_list_failed(folder, plan, bucket, cache, schema))
            if not failed:
                continue
            found += len(failed)
            chunks.add(bucket)
            if not dry_run:
                _remove([cache.path(case) for case in failed])
    if chunks and not dry_run:
        counts = read_retries(folder)
        counts |= {bucket: counts.get(bucket, 0) + 1 for bucket in sorted(chunks)}
        write_text_if_changed(folder.retries, json.dumps(counts, sort_keys=True))
    return found, len(chunks)


def _list_failed(
    folder: ResultsFolder, plan: Plan, bucket: str, cache: CaseCache, schema: TableSchema
) -> Iterator[Case]:
    """Cases of a chunk with a failed ROI, from its table, or where there is none yet from the cache."""
    table = folder.work(bucket) / f"{schema.name}.parquet"
    if not table.is_file():
        for case in list_cases(folder, plan, bucket):
            if cache.path(case).is_file() and (record := cache.load(case)) is not None and record.failed:
                yield case
        return
    rows = read_table(table, schema)
    failed = set(rows.filter(pc.equal(rows["status"], Status.FAILED.value))["case_id"].to_pylist())
    if failed:
        yield from (c for c in list_cases(folder, plan, bucket) if _case_id(c) in failed)


def _case_id(case: Sequence[ImageRow]) -> str:
    return case[0].key.case.case_id


def _remove(paths: Sequence[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
