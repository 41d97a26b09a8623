"""One case: an image read once, each of its ROIs prepared, measured, checked and pictured."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass

import SimpleITK as sitk

from radfeat.core.acquisition import Acquisition, describe_grid
from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import CaseError, ExtractionError
from radfeat.core.pair import SourcePair
from radfeat.core.vocabulary import Reason
from radfeat.features.extract import extract_features
from radfeat.ingest.case_reader import ReadImage, read_image, read_pair
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline.cache import Fingerprints, fingerprint
from radfeat.pipeline.case_settings import CaseFolders, CaseSettings
from radfeat.pipeline.finding_rows import finding_to_row
from radfeat.pipeline.record_rows import (
    build_acquisition_rows,
    build_failed_roi,
    build_roi_record,
    build_series_row,
)
from radfeat.pipeline.records import CaseRecord, RoiRecord
from radfeat.prepare.crops import write_crops
from radfeat.prepare.recipe import PreparedImage, prepare_image, prepare_roi
from radfeat.qc.conformance import Judged, check_conformance, judge_acquisition, require_conformance
from radfeat.qc.feature_checks import check_grey_levels
from radfeat.qc.image_checks import check_image
from radfeat.qc.mask_checks import check_mask, measure_mask
from radfeat.qc.previews import write_preview
from radfeat.qc.settings import QcSettings
from radfeat.qc.verdict import require_kept, require_not_excluded


@dataclass(frozen=True, eq=False, slots=True)
class _Case:
    """An image in work: as read, as prepared, and held against the protocol."""

    image: ReadImage
    prepared: PreparedImage
    judged: tuple[Judged, ...]


def process_case(rows: Sequence[ImageRow], settings: CaseSettings, folders: CaseFolders) -> CaseRecord:
    """Read one image and measure all its ROIs; a failure is a row, never an exception.

    Parameters
    ----------
    rows
        The sheet's rows of one case: one image, one or more ROIs.
    settings, folders
        How to measure images of each modality, and where to leave pictures.

    Returns
    -------
    CaseRecord
        The case's rows of ``series``, ``acquisition``, ``rois``, ``features`` and ``findings``.
    """
    # One thread per worker: cases run side by side, and sums do not depend on the number of threads.
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    settings = settings.resolve(rows[0].modality)
    try:
        image = read_image(rows[0], settings.ingest)
        prepared = prepare_image(image.volume, settings.prepare)
        findings = (*image.findings, *check_image(image.volume, rows[0].key.case.case_id, settings.qc))
        series = build_series_row(rows[0], image=image)
    except CaseError as error:
        return _fail_case(rows, error, settings)
    except MemoryError:
        return _fail_case(rows, out_of_memory("the image"), settings)
    acquisition = acquisition_of(image)
    judged = judge_image(rows[0], acquisition, settings.qc)
    case = _Case(image, prepared, judged)
    findings += tuple(check_conformance(judged, rows[0].key.case.case_id))
    rois = [_process_roi(row, case, settings, folders) for row in rows]
    return CaseRecord(
        series=series,
        acquisition=build_acquisition_rows(rows[0], judged, acquisition),
        rois=tuple(rois),
        findings=tuple(finding_to_row(f, rows[0].key.case.site_id) for f in findings),
    )


def measure_case(
    rows: Sequence[ImageRow], settings: CaseSettings, folders: CaseFolders
) -> tuple[CaseRecord, Fingerprints]:
    """The record of a case, and its files' fingerprints from before: one changed meanwhile is not trusted."""
    files = fingerprint(rows)
    return process_case(rows, settings, folders), files


def acquisition_of(image: ReadImage) -> Acquisition:
    """How an image was acquired; of a file that tells only where its voxels lie, the spacings."""
    return image.acquisition or Acquisition(describe_grid(image.volume.grid))


def judge_image(row: ImageRow, acquisition: Acquisition, settings: QcSettings) -> tuple[Judged, ...]:
    """Hold the acquisition of an image against the rules that the protocol has for it."""
    return judge_acquisition(acquisition, row.modality, row.key.case.image_id, settings.protocol)


def _process_roi(row: ImageRow, case: _Case, settings: CaseSettings, folders: CaseFolders) -> RoiRecord:
    try:
        return _measure_roi(row, case, settings, folders)
    except CaseError as error:
        return build_failed_roi(row, error)
    except MemoryError:
        return build_failed_roi(row, out_of_memory("the ROI"))


def _measure_roi(row: ImageRow, case: _Case, settings: CaseSettings, folders: CaseFolders) -> RoiRecord:
    pair = read_pair(case.image, row, settings.ingest)
    findings = (*pair.findings, *check_mask(pair, settings.qc))
    measures = measure_mask(pair.mask)
    preview = None
    if folders.previews is not None:
        preview = name_preview(pair)
        write_preview(folders.previews / preview, pair.image, pair.mask)
    try:
        require_kept(row.key.roi_id, row.exclude_reason)
        require_conformance(row.key.roi_id, case.judged)
        require_not_excluded(row.key.roi_id, findings, settings.qc)
        ready = prepare_roi(case.prepared, pair, settings.prepare, near=settings.near)
        if folders.prepared is not None:
            write_crops(folders.prepared, ready)
        vector = extract_features(ready, settings.features)
    except CaseError as error:
        return build_failed_roi(row, error, pair=pair, measures=measures, preview=preview, findings=findings)
    bins = check_grey_levels(vector.grey_levels, ready.image.unit, row.key.roi_id, settings.qc)
    findings = (*findings, *vector.findings, *bins)
    return build_roi_record(row, pair, ready, vector.values, measures, preview, findings)


def name_preview(pair: SourcePair) -> str:
    """Name of an ROI's picture; another image or another mask has another picture, under another name."""
    source = pair.provenance
    shown = compute_json_digest([source.image_voxel_digest, source.mask_voxel_digest])
    return f"{pair.roi.stem}-{shown[:8]}.png"


def out_of_memory(what: str) -> ExtractionError:
    """The error of an image or ROI for which memory did not suffice."""
    return ExtractionError(
        f"memory ran out while {what} was in work",
        reason=Reason.OUT_OF_MEMORY,
        remedy="Give the job more memory, or resample to a coarser grid",
    )


def _fail_case(rows: Sequence[ImageRow], error: CaseError, settings: CaseSettings) -> CaseRecord:
    """A case whose image could not be read or prepared: every ROI fails for the image's reason."""
    judged = judge_image(rows[0], Acquisition(), settings.qc)
    return CaseRecord(
        series=build_series_row(rows[0], error=error),
        acquisition=build_acquisition_rows(rows[0], judged, None),
        rois=tuple(build_failed_roi(row, error) for row in rows),
        findings=(),
    )


def build_dead_worker_record(rows: Sequence[ImageRow], exit_code: int, settings: CaseSettings) -> CaseRecord:
    """The record of a case whose worker process died, the second time alone, with this exit code."""
    return _fail_case(rows, explain_death(exit_code), settings)


def explain_death(exit_code: int) -> ExtractionError:
    """The error of a case whose worker process died: less than zero is the signal that killed it.

    KILL comes from the kernel where memory runs out, or from someone; in either case the data may be sound,
    and another run tries again.
    """
    if exit_code == -signal.SIGKILL:
        return ExtractionError(
            "the worker process was killed in the middle of the case, as where memory runs out",
            reason=Reason.OUT_OF_MEMORY,
            remedy="Give the job more memory, or resample to a coarser grid",
        )
    ended = f"signal {signal.Signals(-exit_code).name}" if exit_code < 0 else f"exit code {exit_code}"
    return ExtractionError(
        "the worker process died in the middle of the case, twice",
        measured=ended,
        remedy="Measure the case by itself with `radfeat features`, and report what it says",
    )
