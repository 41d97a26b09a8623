"""The mask of an ROI from a DICOM structure set or segmentation, as voxels of its image."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from radfeat.core.findings import Finding
from radfeat.core.grid import Grid
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """What must be known of an image to lay a DICOM mask on it.

    Parameters
    ----------
    grid
        Grid of the image.
    frame_of_reference
        FrameOfReferenceUID; None where it is not known, as for NIfTI.
    instances
        Slice index k of each SOPInstanceUID; -1 where one instance holds all slices; empty for NIfTI.
    """

    grid: Grid
    frame_of_reference: str | None = field(default=None, repr=False)
    instances: Mapping[str, int] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, eq=False, slots=True)
class DicomMask:
    """A mask that was read: voxels (z, y, x) on the image's grid, the SHA-256 of its file, and findings."""

    voxels_zyx: npt.NDArray[np.bool_]
    sha256: str
    findings: tuple[Finding, ...]


def read_dicom_mask(source: Source, image: ImagePlace, row: ImageRow, settings: IngestSettings) -> DicomMask:
    """Read the mask of a row from a structure set or a segmentation.

    Raises
    ------
    InputError
        If the file is missing, damaged, or does not hold the ROI (``ROI_NOT_FOUND``).
    EmptyRoiError
        If the ROI has no contour, no frame, or encloses no voxel.
    GeometryError
        If the mask does not lie on the image.
    """
    raise NotImplementedError
