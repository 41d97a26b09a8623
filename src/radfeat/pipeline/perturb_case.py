"""One case perturbed: its image read once, each chosen ROI altered and measured so many times."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import SimpleITK as sitk

from radfeat.core.errors import CaseError
from radfeat.core.pair import SourcePair
from radfeat.core.vocabulary import Status
from radfeat.features.extract import extract_features
from radfeat.ingest.case_reader import ReadImage, read_image, read_pair
from radfeat.ingest.image_sheet import ImageRow
from radfeat.perturb.chain import Perturbation, perturb_pair
from radfeat.perturb.settings import PerturbSettings
from radfeat.pipeline.cache import Fingerprints, fingerprint
from radfeat.pipeline.case import acquisition_of, explain_death, judge_image, out_of_memory
from radfeat.pipeline.case_settings import CaseSettings
from radfeat.pipeline.finding_rows import Row
from radfeat.pipeline.record_rows import roi_columns
from radfeat.pipeline.records import CaseRecord, RoiRecord
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.qc.conformance import Judged, require_conformance
from radfeat.qc.mask_checks import check_mask
from radfeat.qc.verdict import require_kept, require_not_excluded


def perturb_case(rows: Sequence[ImageRow], settings: CaseSettings, perturb: PerturbSettings) -> CaseRecord:
    """Measure the ROIs of one case as often as the settings ask, altered each time; a failure is a row.

    Returns
    -------
    CaseRecord
        Its ``rois`` are rows of ``perturbed_features``, one per ROI and repeat; nothing else is in it.
    """
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    try:
        image = read_image(rows[0], settings.ingest)
    except CaseError as error:
        return fail_perturbed(rows, error, perturb)
    except MemoryError:
        return fail_perturbed(rows, out_of_memory("the image"), perturb)
    judged = judge_image(rows[0], acquisition_of(image), settings.qc)
    return _build_record([r for row in rows for r in _perturb_roi(row, image, judged, settings, perturb)])


def measure_perturbed(
    rows: Sequence[ImageRow], settings: CaseSettings, perturb: PerturbSettings
) -> tuple[CaseRecord, Fingerprints]:
    """The record of a perturbed case, and its files' fingerprints from before they were read."""
    files = fingerprint(rows)
    return perturb_case(rows, settings, perturb), files


def fail_perturbed(rows: Sequence[ImageRow], error: CaseError, perturb: PerturbSettings) -> CaseRecord:
    """The record of a case of which nothing could be perturbed."""
    return _build_record([record for row in rows for record in _fail_roi(row, error, perturb)])


def bury_perturbed(rows: Sequence[ImageRow], exit_code: int, perturb: PerturbSettings) -> CaseRecord:
    """The record of a case whose worker process died, the second time alone, with this exit code."""
    return fail_perturbed(rows, explain_death(exit_code), perturb)


def _build_record(rois: Sequence[RoiRecord]) -> CaseRecord:
    return CaseRecord(series={}, acquisition=(), rois=tuple(rois), findings=())


def _perturb_roi(
    row: ImageRow,
    image: ReadImage,
    judged: tuple[Judged, ...],
    settings: CaseSettings,
    perturb: PerturbSettings,
) -> Iterator[RoiRecord]:
    try:
        pair = read_pair(image, row, settings.ingest)
        require_kept(row.key.roi_id, row.exclude_reason)
        require_conformance(row.key.roi_id, judged)
        require_not_excluded(row.key.roi_id, (*pair.findings, *check_mask(pair, settings.qc)), settings.qc)
    except CaseError as error:
        yield from _fail_roi(row, error, perturb)
        return
    except MemoryError:
        yield from _fail_roi(row, out_of_memory("the ROI"), perturb)
        return
    for repeat in range(1, perturb.repeats + 1):
        yield _measure_repeat(row, pair, repeat, settings, perturb)


def _measure_repeat(
    row: ImageRow, pair: SourcePair, repeat: int, settings: CaseSettings, perturb: PerturbSettings
) -> RoiRecord:
    altered = None
    try:
        altered = perturb_pair(pair, repeat, perturb)
        prepared = prepare_image(altered.pair.image, settings.prepare)
        ready = prepare_roi(prepared, altered.pair, settings.prepare, near=settings.near)
        vector = extract_features(ready, settings.features)
    except CaseError as error:
        return _build_row(row, repeat, altered.perturbation if altered else None, error)
    except MemoryError:
        return _build_row(row, repeat, None, out_of_memory("the perturbed ROI"))
    done = _build_row(row, repeat, altered.perturbation)
    return RoiRecord(done.roi, dict(vector.values), ())


def _fail_roi(row: ImageRow, error: CaseError, perturb: PerturbSettings) -> Iterator[RoiRecord]:
    for repeat in range(1, perturb.repeats + 1):
        yield _build_row(row, repeat, None, error)


def _build_row(
    row: ImageRow, repeat: int, perturbation: Perturbation | None, error: CaseError | None = None
) -> RoiRecord:
    done: Row = {
        **roi_columns(row.key),
        "repeat": repeat,
        "status": (Status.FAILED if error else Status.OK).value,
        "reason": error.reason.value if error else None,
        "sentence": error.sentence if error else None,
        "perturbation": json.dumps(asdict(perturbation)) if perturbation else None,
    }
    return RoiRecord(done, {}, ())
