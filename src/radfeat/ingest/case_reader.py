"""From rows of the image sheet to volumes, masks and their provenance."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from radfeat.core.acquisition import Acquisition
from radfeat.core.findings import Finding
from radfeat.core.pair import SourcePair
from radfeat.core.provenance import Provenance, compute_voxel_digest
from radfeat.core.vocabulary import Modality, Reason, Unit
from radfeat.core.volume import Mask, Volume
from radfeat.core.voxels import Voxels
from radfeat.ingest.dicom.image_place import ImagePlace
from radfeat.ingest.dicom.mask_object import MaskObject, read_mask_object
from radfeat.ingest.dicom.masks import read_dicom_mask
from radfeat.ingest.dicom.series import read_dicom_series
from radfeat.ingest.formats import is_dicom
from radfeat.ingest.geometry import require_one_grid
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.labels import LabelFile, read_label_file, select_region
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import SAVE_AS_VOLUME, Source
from radfeat.ingest.volume_files import read_volume_file

ReadLabels = Callable[[Source, IngestSettings], LabelFile]
ReadObject = Callable[[Source], MaskObject]


def _remember_last_file() -> ReadLabels:
    return lru_cache(maxsize=1)(read_label_file)


def _remember_last_object() -> ReadObject:
    return lru_cache(maxsize=1)(read_mask_object)


@dataclass(frozen=True, eq=False, slots=True)
class ReadImage:
    """An image that was read, with the SHA-256 of its file and of its voxels.

    ``read_labels`` and ``read_object`` read a mask of this image, from a file or from DICOM, and remember the
    last one: the ROIs of an image often share one. ``findings`` are what reading found. Acquisition, frame of
    reference, instances and identity are what only DICOM gives: ``instances`` maps each SOPInstanceUID to its
    slice (-1: to all slices), ``identity`` are the words of the headers that name someone.
    """

    volume: Volume
    sha256: str
    voxel_digest: str
    findings: tuple[Finding, ...] = ()
    acquisition: Acquisition | None = None
    frame_of_reference: str | None = field(default=None, repr=False)
    instances: Mapping[str, int] = field(default_factory=dict, repr=False)
    identity: frozenset[str] = field(default=frozenset(), repr=False)
    read_labels: ReadLabels = field(default_factory=_remember_last_file, repr=False)
    read_object: ReadObject = field(default_factory=_remember_last_object, repr=False)


def read_image(row: ImageRow, settings: IngestSettings) -> ReadImage:
    """Read the image of a row: a file, in its own number type, or a DICOM series.

    Raises
    ------
    InputError
        If it is missing (``NO_IMAGE``), cannot be read as one volume, or holds NaN or infinity.
    """
    source = Source(row.image, row.key.case.case_id)
    if is_dicom(row.image):
        return _read_series(source, row.modality, settings)
    file = read_volume_file(source, settings)
    if file.layers > 1:
        raise source.refuse(
            "holds several numbers per voxel (colours or a vector)",
            measured=str(file.layers),
            allowed="1",
            remedy=SAVE_AS_VOLUME,
        )
    _require_finite(source, file.voxels)
    volume = Volume(file.voxels, file.grid, row.modality, choose_unit(row.modality, settings))
    return ReadImage(volume, file.sha256, compute_voxel_digest(volume.voxels_zyx, volume.grid))


def _read_series(source: Source, modality: Modality, settings: IngestSettings) -> ReadImage:
    series = read_dicom_series(source, modality, settings)
    return ReadImage(
        series.volume,
        series.sha256,
        compute_voxel_digest(series.volume.voxels_zyx, series.volume.grid),
        findings=series.findings,
        acquisition=series.acquisition,
        frame_of_reference=series.frame_of_reference,
        instances=series.instances,
        identity=series.identity,
    )


def read_pair(image: ReadImage, row: ImageRow, settings: IngestSettings) -> SourcePair:
    """Read the mask of a row and lay it beside its image.

    The mask keeps the grid of its own file, which may differ from the image's within the tolerance; contours
    and segments of DICOM are brought to the image's own.

    Raises
    ------
    InputError
        If the mask file is missing or does not hold the ROI (``ROI_NOT_FOUND``), or cannot be read.
    EmptyRoiError
        If the ROI has no voxel.
    GeometryError
        If the mask does not lie on the image's grid.
    """
    source = Source(row.mask, row.key.roi_id, missing=Reason.ROI_NOT_FOUND)
    if is_dicom(row.mask):
        return _pair_with_object(image, source, row, settings)
    file = image.read_labels(source, settings)
    require_one_grid(image.volume.grid, file.grid, source.key, settings)
    mask = Mask(select_region(source, file, row.label), file.grid, row.key)
    return _build_pair(image, mask, file.sha256)


def _pair_with_object(
    image: ReadImage, source: Source, row: ImageRow, settings: IngestSettings
) -> SourcePair:
    grid = image.volume.grid
    place = ImagePlace(grid, image.frame_of_reference, image.instances, image.identity)
    found = read_dicom_mask(source, place, row, settings, image.read_object)
    return _build_pair(image, Mask(found.voxels_zyx, grid, row.key), found.sha256, found.findings)


def _build_pair(image: ReadImage, mask: Mask, sha256: str, findings: tuple[Finding, ...] = ()) -> SourcePair:
    digest = compute_voxel_digest(mask.voxels_zyx, mask.grid)
    provenance = Provenance(image.sha256, sha256, image.voxel_digest, digest)
    return SourcePair(image.volume, mask, provenance, findings)


def choose_unit(modality: Modality, settings: IngestSettings) -> Unit:
    """Unit of the intensities: HU for CT, what the settings declare for PT, arbitrary for all else."""
    if modality is Modality.CT:
        return Unit.HU
    return settings.pet_unit if modality is Modality.PT else Unit.ARBITRARY


def _require_finite(source: Source, voxels: Voxels) -> None:
    if np.issubdtype(voxels.dtype, np.integer):
        return
    finite = np.isfinite(voxels)
    bad = voxels.size - int(np.count_nonzero(finite))
    if bad:
        z, y, x = (int(n) for n in np.unravel_index(int(np.argmin(finite)), voxels.shape))
        raise source.refuse(
            f"holds NaN or infinity in {bad} of {voxels.size} voxels, first at x {x}, y {y}, z {z}",
            remedy="Export the image again; outside the field of view write a number such as -1024 for CT",
        )
