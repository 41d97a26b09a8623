"""One chunk perturbed: the chosen ROIs of a bucket, measured so many times or taken from the cache."""

from collections.abc import Sequence
from itertools import groupby

from radfeat.config.model import StudySettings, compute_perturb_digest
from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import TableError
from radfeat.core.late_call import LateCall
from radfeat.features.catalogue import order_features
from radfeat.ingest.image_sheet import ImageRow
from radfeat.perturb.settings import PerturbSettings
from radfeat.pipeline.cache import CaseCache
from radfeat.pipeline.case_settings import CaseSettings
from radfeat.pipeline.code import compute_feature_code_digest
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.perturb_plan import choose_perturbed, digest_perturbed
from radfeat.pipeline.plan import Plan, perturb_inputs, read_plan
from radfeat.pipeline.records import RoiRecord
from radfeat.pipeline.workers import (
    ALONE,
    Case,
    CaseTask,
    Crew,
    compute_records,
    require_memory,
)
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import PERTURBED_FEATURES

_MEASURE = LateCall("radfeat.pipeline.perturb_case", "measure_perturbed")
_BURY = LateCall("radfeat.pipeline.perturb_case", "bury_perturbed")


def perturb_chunk(
    folder: ResultsFolder, bucket: str, *, crew: Crew = ALONE, retry_failed: bool = False, more: bool = False
) -> tuple[int, int]:
    """Perturb and measure the chosen ROIs of one bucket and write their table.

    Parameters
    ----------
    folder, bucket
        A results folder with a plan, and the bucket.
    crew
        Worker processes and their memory; the numbers do not depend on it.
    retry_failed
        Compute again what failed, rather than take the failure from the cache.
    more
        Whether the job would be tried again with more memory.

    Returns
    -------
    tuple of int
        Perturbed measurements, and how many of them failed.

    Raises
    ------
    WorkerError
        If memory did not suffice for a case and there is more to be had.
    """
    plan, study = read_plan(folder), _read_settings(folder)
    case_settings = CaseSettings(study.ingest, study.prepare, study.features, study.qc)
    chosen = _read_chosen(folder, bucket, plan, study.perturb)
    cases: list[Case] = [tuple(group) for _, group in groupby(chosen, key=lambda row: row.key.case)]
    digest = compute_perturb_digest(study)
    cache = open_perturb_cache(folder, plan)
    work = _MEASURE.given(settings=case_settings, perturb=study.perturb)
    task = CaseTask(work, _BURY.given(perturb=study.perturb))
    found = [r for r, _ in compute_records(cases, cache, task, crew=crew, retry_failed=retry_failed)]
    if more:
        require_memory(found, crew, bucket)
    rois = [roi for record in found for roi in record.rois]
    _write(folder, bucket, rois, digest, plan)
    return len(rois), sum(roi.failed for roi in rois)


def open_perturb_cache(folder: ResultsFolder, plan: Plan) -> CaseCache:
    """The cache of the perturbed cases of a plan."""
    digest = compute_perturb_digest(_read_settings(folder))
    return CaseCache(folder, compute_json_digest(["perturb", digest, plan.code_digest]))


def require_perturb_inputs(folder: ResultsFolder, bucket: str, inputs: str | None) -> None:
    """Refuse to go on where rows, settings or libraries are not those that a job was made for.

    Raises
    ------
    TableError
        If they differ, or nothing of the bucket is perturbed.
    """
    plan, study = read_plan(folder), _read_settings(folder)
    if bucket not in plan.perturb_digests:
        raise TableError(
            "no ROI of the chunk is to be perturbed",
            key=f"chunk {bucket}",
            remedy="Set perturb.repeats, and plan again",
        )
    base = (folder.root / plan.base).resolve()
    rows = [row for b in plan.buckets for row in read_manifest(folder, b, base)]
    digests = digest_perturbed(rows, study)
    found = compute_json_digest(
        [plan.row_digests[bucket], digests.get(bucket), compute_feature_code_digest()]
    )
    if found != (inputs or perturb_inputs(plan, bucket)):
        raise TableError(
            "the plan or the libraries are not those that this job was made for",
            key=f"chunk {bucket}",
            remedy="Start the run again; let one run at a time work in a results folder",
        )


def _read_settings(folder: ResultsFolder) -> StudySettings:
    return StudySettings.model_validate_json(folder.extraction_settings.read_text(encoding="utf-8"))


def _read_chosen(
    folder: ResultsFolder, bucket: str, plan: Plan, settings: PerturbSettings
) -> tuple[ImageRow, ...]:
    base = (folder.root / plan.base).resolve()
    rows = {b: read_manifest(folder, b, base) for b in plan.buckets}
    own = {row.key for row in rows[bucket]}
    chosen = choose_perturbed([row for b in plan.buckets for row in rows[b]], settings)
    return tuple(row for row in chosen if row.key in own)


def _write(folder: ResultsFolder, bucket: str, rois: Sequence[RoiRecord], digest: str, plan: Plan) -> None:
    features = order_features(sorted({name for roi in rois for name in roi.values}))
    table = build_table(PERTURBED_FEATURES, [{**roi.roi, **roi.values} for roi in rois], features)
    path = folder.perturbed(bucket)
    write_table(path, table, PERTURBED_FEATURES, settings_digest=digest, run_id=plan.run_id)
