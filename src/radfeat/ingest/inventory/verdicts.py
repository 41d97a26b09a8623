"""Whether a series can be read as one volume: judged by the very checks of reading it, on headers alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from radfeat.core.errors import InputError, RadfeatError
from radfeat.core.findings import Finding
from radfeat.core.vocabulary import Modality, Severity
from radfeat.ingest.dicom.frames import Frame, list_frames
from radfeat.ingest.dicom.headers import HeaderError, quiet, read_header
from radfeat.ingest.dicom.instances import Instance
from radfeat.ingest.dicom.pixels import describe_format
from radfeat.ingest.dicom.series import interpret_headers
from radfeat.ingest.dicom.stacking import ONE_PLACE_MM
from radfeat.ingest.inventory.grouping import SeriesGroup
from radfeat.ingest.inventory.records import Kind
from radfeat.ingest.inventory.sop_classes import VOLUMES
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source


class Verdict(StrEnum):
    """What a series is good for."""

    USABLE = "USABLE"
    """Its headers are those of one volume."""
    DOUBTFUL = "DOUBTFUL"
    """It can be read as one volume, but something should be looked at first."""
    UNUSABLE = "UNUSABLE"
    """Reading it would be refused, for the reason given."""
    NOT_AN_IMAGE = "NOT_AN_IMAGE"
    """A structure set, a segmentation, a report, a dose: no intensities."""


@dataclass(frozen=True, slots=True)
class JudgingTask:
    """A series to judge: its files, its modality, and how exact its geometry must be."""

    key: str
    paths: tuple[str, ...] = field(repr=False)
    modality: Modality
    settings: IngestSettings


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the slices of a series lie, whether they make a volume or not.

    Spacings are in mm; ``spacing_z_mm`` is the usual distance of neighbours by their positions.
    """

    spacing_x_mm: float | None = None
    spacing_y_mm: float | None = None
    spacing_z_mm: float | None = None
    slices: int | None = None
    expected: int | None = None
    duplicated: int | None = None

    @property
    def missing(self) -> int | None:
        """Slices that an even spacing between the first and the last would need, and that are not there."""
        return None if self.expected is None or self.slices is None else self.expected - self.slices


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the headers of a series say.

    ``refusal`` is why reading it is refused, empty where it is not; ``warnings`` are what reading it would
    remark and somebody should look at.
    """

    layout: Layout
    refusal: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """The verdict on a series and its reasons, each a sentence."""

    verdict: Verdict
    reasons: tuple[str, ...]
    layout: Layout

    def with_doubt(self, reason: str) -> "Opinion":
        """The opinion with one more reason for doubt; what is usable becomes doubtful."""
        verdict = Verdict.DOUBTFUL if self.verdict is Verdict.USABLE else self.verdict
        return Opinion(verdict, (*self.reasons, reason), self.layout)


def build_task(group: SeriesGroup, settings: IngestSettings) -> JudgingTask | None:
    """What is needed to judge a group; None where it cannot be a volume, whatever its headers say."""
    modality = VOLUMES.get(group.head.sop_class)
    if group.kind is not Kind.IMAGE or modality is None:
        return None
    return JudgingTask(group.key, group.paths, modality, settings)


def judge_series(tasks: Sequence[JudgingTask]) -> list[Judgement]:
    """Judge a batch of series, each by the headers of its files."""
    with quiet():
        return [_judge(task) for task in tasks]


def _judge(task: JudgingTask) -> Judgement:
    source = Source(Path(task.key), task.key, noun="series")
    layout = Layout()
    try:
        instances = [Instance(read_header(Path(path)), "") for path in task.paths]
        layout = measure_layout(list_frames(source, instances), ONE_PLACE_MM)
        headers = interpret_headers(source, instances, task.modality, task.settings)
        for instance in instances:
            describe_format(source, instance.header)
    except HeaderError:
        return Judgement(layout, "A file cannot be read to the end of its header.")
    except InputError as error:
        return Judgement(layout, _say(error))
    return Judgement(layout, warnings=tuple(_list_warnings(task.key, headers.findings)))


def _list_warnings(key: str, findings: Sequence[Finding]) -> Iterator[str]:
    for finding in findings:
        if finding.severity is Severity.WARNING:
            yield _capital(finding.sentence.removeprefix(f"{key}: "))


def measure_layout(frames: Sequence[Frame], tolerance_mm: float) -> Layout:
    """Count the places of slices along the normal of the first one's plane, and those between them."""
    first = frames[0]
    row, column = np.reshape(first.orientation, (2, 3))
    depths = np.sort([float(np.dot(np.cross(row, column), frame.position_mm)) for frame in frames])
    places = depths[np.append(True, np.diff(depths) > tolerance_mm)]
    usual = float(np.median(np.diff(places))) if len(places) > 1 else None
    steps = 0 if usual is None else round(float(places[-1] - places[0]) / usual)
    along_y, along_x = first.pixel_spacing_mm
    return Layout(
        spacing_x_mm=along_x,
        spacing_y_mm=along_y,
        spacing_z_mm=usual,
        slices=len(places),
        expected=max(steps + 1, len(places)),
        duplicated=len(frames) - len(places),
    )


def form_opinion(group: SeriesGroup, judgement: Judgement | None) -> Opinion:
    """The verdict on a group, from its files and from the judgement of its headers.

    ``judgement`` is None where the group cannot be a volume.
    """
    layout = Layout() if judgement is None else judgement.layout
    if group.kind is not Kind.IMAGE:
        return Opinion(Verdict.NOT_AN_IMAGE, (), layout)
    faults = tuple(_find_faults(group, judgement))
    if faults:
        return Opinion(Verdict.UNUSABLE, faults, layout)
    warnings = () if judgement is None else judgement.warnings
    doubts = (*warnings, *_find_doubts(group))
    return Opinion(Verdict.DOUBTFUL if doubts else Verdict.USABLE, doubts, layout)


def _find_faults(group: SeriesGroup, judgement: Judgement | None) -> Iterator[str]:
    if judgement is None:
        yield "It is no CT, MR or PET object; no other images are read."
    cut = sum(record.cut_short for record in group.records)
    if cut:
        yield f"{cut} of {len(group.records)} files are cut short: their pixels are not all there."
    if group.twins:
        yield f"{group.twins} of its images lie in the tree in several versions that differ."
    if len({head.patient.patient_id for head in group.heads}) > 1:
        yield "Its files name several subjects."
    if judgement is not None and judgement.refusal:
        yield judgement.refusal


def _find_doubts(group: SeriesGroup) -> Iterator[str]:
    if group.near_damage:
        yield "A damaged file lies beside its own, or says that it belongs to them: a slice may be lost."
    if not group.head.frame_of_reference:
        yield "Its header names no frame of reference."


def _say(error: RadfeatError) -> str:
    """What is wrong, measured and allowed, as a sentence; the remedy is for whoever names files by hand."""
    return _capital(RadfeatError(error.what, measured=error.measured, allowed=error.allowed).sentence)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
