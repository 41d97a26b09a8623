"""The mask of an ROI from a DICOM structure set or segmentation, as voxels of its image."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.core.findings import Finding
from radfeat.ingest.dicom.headers import quiet, read_text
from radfeat.ingest.dicom.image_place import ImagePlace, check_frame
from radfeat.ingest.dicom.mask_object import MaskObject, read_mask_object
from radfeat.ingest.dicom.roi_names import RegionKind, choose_region
from radfeat.ingest.dicom.rtstruct import list_referenced_series, read_contours, read_frame_of_reference
from radfeat.ingest.dicom.segmentation import fill_segment
from radfeat.ingest.dicom.structures import draw_structure
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source


@dataclass(frozen=True, eq=False, slots=True)
class DicomMask:
    """A mask that was read: voxels (z, y, x) on the image's grid, the SHA-256 of its file, and findings."""

    voxels_zyx: npt.NDArray[np.bool_]
    sha256: str
    findings: tuple[Finding, ...]


@quiet()
def read_dicom_mask(
    source: Source,
    image: ImagePlace,
    row: ImageRow,
    settings: IngestSettings,
    read: Callable[[Source], MaskObject] = read_mask_object,
) -> DicomMask:
    """Read the mask of a row from a structure set or a segmentation.

    Parameters
    ----------
    source
        The file, or a folder with one structure set or segmentation in it.
    image
        Where the image lies.
    row, settings
        Which ROI is meant, and what is allowed.
    read
        Reads the file; one that remembers spares reading it again for the next ROI.

    Raises
    ------
    InputError
        If the file is missing or does not hold the ROI (``ROI_NOT_FOUND``), or is damaged.
    EmptyRoiError
        If the ROI has no contour, no frame, or encloses no voxel.
    GeometryError
        If the mask does not lie on the image.
    """
    found = read(source)
    region = choose_region(source, found.header, row, settings, image.identity)
    if found.kind is RegionKind.STRUCTURE:
        findings = check_frame(source, image, read_frame_of_reference(found.header, region))
        contours = read_contours(source, found.header, region)
        referred = list_referenced_series(found.header)
        voxels, remarks = draw_structure(source, contours, referred, image, settings)
    else:
        findings = check_frame(source, image, read_text(found.header, "FrameOfReferenceUID"))
        voxels, remarks = fill_segment(source, found.header, region, image, settings)
    return DicomMask(voxels, found.sha256, (*findings, *remarks))
