"""Results back to DICOM: the cases of a run as segmentations and structured reports.

An image is read again and held against the digests in the tables: what is exported is what was measured.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from radfeat.core.batches import Each, OnProgress, map_in_batches
from radfeat.core.errors import CaseError, ExportError, RadfeatError
from radfeat.core.files import write_text, write_text_if_changed
from radfeat.core.vocabulary import Modality
from radfeat.export.coded_features import build_values, choose_measured_unit, describe_measuring
from radfeat.export.feature_report import MeasuredSegment, build_feature_report
from radfeat.export.files import Written, write_object
from radfeat.export.segmentation import DrawnBy, Segment, build_segmentation
from radfeat.export.sources import lay_sources
from radfeat.ingest.case_reader import ReadImage, read_image, read_pair
from radfeat.ingest.dicom.originals import read_drawing_method, read_instance_headers
from radfeat.ingest.formats import is_dicom
from radfeat.ingest.settings import IngestSettings
from radfeat.pipeline.export_tasks import ExportPlan, ExportTask, MeasuredRoi, ReportPlan
from radfeat.pipeline.manifest import stat_of
from radfeat.tables.csv_text import format_rows

IDENTIFIED = "private"
"""The folder of exported objects: they hold the identity that their source holds."""

NOTICE = """\
The DICOM objects in this folder hold the identity of subjects that their source images hold: names, numbers,
dates of birth. They are meant for the archive that keeps those images. Do not pass them on with the results.
"""

RUN_AGAIN = "Run the study again, then export"


class Outcome(StrEnum):
    """What became of a case."""

    WRITTEN = "WRITTEN"
    UNCHANGED = "UNCHANGED"
    """The same objects were there already."""
    NOT_DICOM = "NOT_DICOM"
    NOT_MEASURED = "NOT_MEASURED"
    REFUSED = "REFUSED"


EXPORTED = (Outcome.WRITTEN, Outcome.UNCHANGED)


@dataclass(frozen=True, slots=True)
class CaseExport:
    """One case: its files (paths hang from the export folder), segments and values, or why it has none."""

    case_id: str
    outcome: Outcome
    files: tuple[str, ...] = ()
    segments: int = 0
    values: int = 0
    sentence: str = ""


def export_case(
    task: ExportTask, settings: IngestSettings, to: Path, by_modality: Mapping[Modality, ReportPlan] | None
) -> CaseExport:
    """Write the segmentation of a case, and its structured report where ``by_modality`` is given.

    Never an exception for what lies in the data: a case that cannot be exported says why.
    """
    if not task.rois:
        sentence = f"{task.case_id}: no ROI of the image was measured ({_count_reasons(task)})."
        return CaseExport(task.case_id, Outcome.NOT_MEASURED, sentence=sentence)
    if stat_of(task.image) is not None and not is_dicom(task.image):
        return CaseExport(
            task.case_id, Outcome.NOT_DICOM, sentence=f"{task.case_id}: the image is not DICOM."
        )
    reports = None if by_modality is None else by_modality[task.rois[0].row.modality]
    try:
        return _export(task, settings, to, reports)
    except (CaseError, ExportError) as error:
        return CaseExport(task.case_id, Outcome.REFUSED, sentence=_say(task, error))
    except MemoryError:
        sentence = f"{task.case_id}: memory ran out while exporting the image."
        return CaseExport(task.case_id, Outcome.REFUSED, sentence=sentence)


def _say(task: ExportTask, error: RadfeatError) -> str:
    return error.sentence if error.key else f"{task.case_id}: {error.sentence}"


def _export(task: ExportTask, settings: IngestSettings, to: Path, reports: ReportPlan | None) -> CaseExport:
    image = read_image(task.rois[0].row, settings)
    _require_same(image.voxel_digest, task.voxel_digest, task.case_id, "image")
    segments = [_read_segment(image, roi, settings) for roi in task.rois]
    headers = read_instance_headers(task.image, image.instances)
    source = lay_sources(headers, image.volume.grid, task.case_id)
    segmentation = build_segmentation(source, segments)
    measured = [] if reports is None else _measure(task, segments, reports)
    if reports is not None and not measured:
        sentence = f"{task.case_id}: no ROI has a feature with an IBSI code."
        return CaseExport(task.case_id, Outcome.NOT_MEASURED, sentence=sentence)
    home = to / IDENTIFIED
    files = [home / f"{task.stem}.seg.dcm"]
    written = [write_object(files[0], segmentation, task.case_id)]
    if measured:
        files.append(home / f"{task.stem}.sr.dcm")
        report = build_feature_report(source, segmentation, measured)
        written.append(write_object(files[1], report, task.case_id))
    return CaseExport(
        task.case_id,
        Outcome.WRITTEN if Written.NEW in written else Outcome.UNCHANGED,
        tuple(file.relative_to(to).as_posix() for file in files),
        len(segments),
        sum(len(m.values) for m in measured),
        _count_left_out(task),
    )


def _count_left_out(task: ExportTask) -> str:
    if not task.reasons:
        return ""
    number = len(task.reasons)
    what = "1 ROI was" if number == 1 else f"{number} ROIs were"
    return f"{task.case_id}: {what} not measured and left out ({_count_reasons(task)})."


def _count_reasons(task: ExportTask) -> str:
    return ", ".join(f"{number} {reason}" for reason, number in sorted(Counter(task.reasons).items()))


def _read_segment(image: ReadImage, roi: MeasuredRoi, settings: IngestSettings) -> Segment:
    pair = read_pair(image, roi.row, settings)
    _require_same(pair.provenance.mask_voxel_digest, roi.mask_voxel_digest, roi.row.key.roi_id, "mask")
    method = read_drawing_method(image, roi.row, settings)
    return Segment(pair.mask, roi.row.role, DrawnBy(method) if method in set(DrawnBy) else None)


def _require_same(found: str, measured: str, key: str, what: str) -> None:
    if found != measured:
        raise ExportError(
            f"the {what} is not the one that was measured",
            key=key,
            measured=f"voxel digest {found[:12]}",
            allowed=measured[:12],
            remedy=RUN_AGAIN,
        )


def _measure(task: ExportTask, segments: Sequence[Segment], reports: ReportPlan) -> list[MeasuredSegment]:
    measured = []
    for number, (roi, segment) in enumerate(zip(task.rois, segments, strict=True), start=1):
        unit = choose_measured_unit(task.unit, roi.steps)
        values = build_values(reports.features, roi.values, unit)
        if values:
            parameters = describe_measuring(reports.catalogue, roi.steps, reports.settings_digest)
            measured.append(MeasuredSegment(number, segment, values, parameters))
    return measured


def export_cases(
    plan: ExportPlan, to: Path, *, workers: int = 1, on_progress: OnProgress | None = None
) -> list[CaseExport]:
    """Export case by case, in the order of the plan; what is exported does not depend on the workers.

    Raises
    ------
    WorkerError
        If a worker died; what was written before is whole.
    """
    work = partial(export_case, settings=plan.ingest, to=to, by_modality=plan.reports)
    return map_in_batches(
        Each(work), plan.tasks, workers=workers, preload=__name__, limit=1, on_progress=on_progress
    )


def write_list(path: Path, cases: Sequence[CaseExport]) -> None:
    """Write what became of each case, one line each; sheet keys only, no identity."""
    columns = ("case_id", "outcome", "files", "segments", "values", "sentence")
    rows = [(c.case_id, c.outcome.value, " ".join(c.files), c.segments, c.values, c.sentence) for c in cases]
    write_text(path, format_rows(columns, rows))


def make_export_folder(to: Path, results: Path) -> None:
    """Make the folder of an export, and in it the folder of objects that only their owner may enter.

    Raises
    ------
    ExportError
        If it lies in the results folder, whose tables and reports are made to be passed on.
    """
    if to.resolve().is_relative_to(results.resolve()):
        raise ExportError(
            "exported objects hold the identity of their source and must not lie among the results",
            key=str(to),
            remedy="Name a folder outside the results folder",
        )
    home = to / IDENTIFIED
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    write_text_if_changed(home / "README.txt", NOTICE)
