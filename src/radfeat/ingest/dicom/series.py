"""A DICOM series as one volume: its files read once, compared, stacked, decoded and brought to their unit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from radfeat.core.acquisition import Acquisition
from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Modality, Severity
from radfeat.core.volume import Volume
from radfeat.ingest.dicom.acquisition import read_acquisition
from radfeat.ingest.dicom.frames import Frame, list_frames
from radfeat.ingest.dicom.headers import quiet, read_number, read_text
from radfeat.ingest.dicom.image_place import ALL_SLICES
from radfeat.ingest.dicom.instances import Instance, read_instances
from radfeat.ingest.dicom.intensities import Meaning, read_meaning
from radfeat.ingest.dicom.one_series import require_one_kind, require_one_series, require_slices
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.dicom.stacking import Stack, stack_frames
from radfeat.ingest.dicom.voxels import check_slices, check_suv_range, decode_voxels
from radfeat.ingest.identity import identity_words
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

_PARTS = frozenset({"P", "R", "I", "PHASE", "PHASE MAP", "REAL", "IMAGINARY"})


@dataclass(frozen=True, eq=False, slots=True)
class DicomSeries:
    """A series that was read.

    Parameters
    ----------
    volume
        Voxels (z, y, x); slices in the order of the normal of the image plane.
    sha256
        SHA-256 (hexadecimal) over the sorted SHA-256 of the files that hold the voxels.
    findings
        What is worth knowing about the series.
    acquisition
        How it was acquired.
    frame_of_reference
        FrameOfReferenceUID, None where the headers give none.
    instances
        Slice index k of each SOPInstanceUID; -1 for the one of an enhanced object, which holds all slices.
    identity
        Words that name someone, of all headers; a mask's regions may be called by them.
    """

    volume: Volume
    sha256: str
    findings: tuple[Finding, ...]
    acquisition: Acquisition
    frame_of_reference: str | None = field(repr=False)
    instances: Mapping[str, int] = field(repr=False)
    identity: frozenset[str] = field(repr=False)


@dataclass(frozen=True, eq=False, slots=True)
class SeriesHeaders:
    """What the headers of a series say, pixels aside: slices in order, their meaning, what was remarked."""

    stack: Stack
    meaning: Meaning
    findings: tuple[Finding, ...]


def interpret_headers(
    source: Source, instances: Sequence[Instance], modality: Modality, settings: IngestSettings
) -> SeriesHeaders:
    """Everything of a series but its pixels: the inventory judges by it, and reading goes on from it.

    Raises
    ------
    InputError
        As for ``read_dicom_series``.
    """
    require_one_series(source, instances, modality)
    frames = list_frames(source, instances)
    require_slices(source, frames)
    stack = stack_frames(source, frames, settings)
    kinds = require_one_kind(source, stack.frames)
    meaning = read_meaning(source, instances, stack.frames, modality, settings)
    findings = (*stack.findings, *kinds, *meaning.findings, *_remark_headers(source, stack.frames, modality))
    return SeriesHeaders(stack, meaning, findings)


@quiet()
def read_dicom_series(source: Source, modality: Modality, settings: IngestSettings) -> DicomSeries:
    """Read a folder, a file, or a series list as one volume.

    Raises
    ------
    InputError
        If it does not hold one sound series of this modality, with a reason: ``NO_IMAGE``, ``UNREADABLE`` or
        ``GEOMETRY``.
    """
    source = replace(source, noun="series")
    harvest = read_instances(source)
    instances = harvest.instances
    headers = interpret_headers(source, instances, modality, settings)
    stack, meaning = headers.stack, headers.meaning
    decoded = decode_voxels(source, stack.frames, meaning.rescales)
    findings = (
        *harvest.findings,
        *headers.findings,
        *decoded.findings,
        *check_slices(source, decoded.voxels, settings.slice_jump_factor),
        *(check_suv_range(source, decoded.voxels) if modality is Modality.PT else ()),
    )
    identity = frozenset[str]().union(*(identity_words(instance.header) for instance in instances))
    return DicomSeries(
        volume=Volume(decoded.voxels, stack.grid, modality, meaning.unit),
        sha256=harvest.sha256,
        findings=findings,
        acquisition=read_acquisition([instance.header for instance in instances], stack.grid, identity),
        frame_of_reference=read_text(instances[0].header, "FrameOfReferenceUID"),
        instances=_index_instances(instances, stack.frames),
        identity=identity,
    )


def _index_instances(instances: Sequence[Instance], frames: Sequence[Frame]) -> dict[str, int]:
    if instances[0].is_enhanced:
        return {frame.instance: ALL_SLICES for frame in frames}
    return {frame.instance: k for k, frame in enumerate(frames)}


def _remark_headers(source: Source, frames: Sequence[Frame], modality: Modality) -> tuple[Finding, ...]:
    """What headers say of the making of the images that a reader of the results should know."""
    findings = []
    derived = sum((frame.text("ImageType") or "").startswith("DERIVED") for frame in frames)
    if derived:
        what = "the images are derived (ImageType): computed from others after the scan"
        findings.append(
            remark(SeriesCheck.DERIVED, source.key, what, derived, 0, "slices", severity=Severity.INFO)
        )
    phases = sum(_is_no_magnitude(frame) for frame in frames) if modality is Modality.MR else 0
    if phases:
        what = "the images are of phase, real or imaginary parts, not of magnitude (ImageType)"
        findings.append(remark(SeriesCheck.NOT_MAGNITUDE, source.key, what, phases, 0, "slices"))
    lossy = sum(frame.text("LossyImageCompression") == "01" for frame in frames)
    if lossy:
        ratios = [r for f in frames if (r := _last_ratio(f)) is not None]
        ratio = f", up to {max(ratios):g} : 1" if ratios else ""
        what = f"the images were compressed with loss{ratio}; texture is not that of the scan"
        findings.append(remark(SeriesCheck.LOSSY, source.key, what, lossy, 0, "slices"))
    stated = read_number(frames[0].header, "NumberOfSlices")
    if stated is not None and len(frames) < stated and not frames[0].has("NumberOfTimeSlices"):
        what = "fewer slices than the scanner counted (NumberOfSlices): ends of the series may be missing"
        findings.append(remark(SeriesCheck.FEWER_SLICES, source.key, what, len(frames), stated, "slices"))
    return tuple(findings)


def _is_no_magnitude(frame: Frame) -> bool:
    """Whether an MR image says that it is the phase or a part of a complex number (value 3, Philips: 4)."""
    words = (frame.text("ImageType") or "").upper().split("\\")[2:4]
    component = (frame.text("ComplexImageComponent") or "").upper()
    return component in _PARTS or any(word.strip() in _PARTS for word in words)


def _last_ratio(frame: Frame) -> float | None:
    """The last of the compression ratios, that of the latest compression."""
    text = (frame.text("LossyImageCompressionRatio") or "").split("\\")[-1]
    try:
        return float(text)
    except ValueError:
        return None
