"""A DICOM series as one volume: its files read once, compared with one another, stacked, decoded, converted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from radfeat.core.acquisition import Acquisition
from radfeat.core.findings import Finding
from radfeat.core.vocabulary import Modality
from radfeat.core.volume import Volume
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source


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
    """

    volume: Volume
    sha256: str
    findings: tuple[Finding, ...]
    acquisition: Acquisition
    frame_of_reference: str | None = field(repr=False)
    instances: Mapping[str, int] = field(repr=False)


def read_dicom_series(source: Source, modality: Modality, settings: IngestSettings) -> DicomSeries:
    """Read a folder, a file, or a series list as one volume.

    Raises
    ------
    InputError
        If it does not hold one sound series of this modality, with a reason: ``NO_IMAGE``, ``UNREADABLE`` or
        ``GEOMETRY``.
    """
    raise NotImplementedError
