"""Volume files: NIfTI, NRRD and MetaImage, each read whole or refused with one sentence; not DICOM."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import numpy as np
import SimpleITK as sitk

from radfeat.core.errors import InputError
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Reason
from radfeat.core.volume import array_of
from radfeat.core.voxels import Voxels
from radfeat.ingest.formats import FORMATS, suffix_of
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import COPY_AGAIN, Source
from radfeat.ingest.stored import Affine, StoredArray

_CONVERT = "Convert it to NIfTI, NRRD, MetaImage or DICOM"
_RIGHT_ANGLE = 1e-4
"""Greatest scalar product of two axes, and error of an axis' length: rounding in headers stays below."""


@dataclass(frozen=True, eq=False, slots=True)
class VolumeFile:
    """A file that was read: voxels (z, y, x), or (z, y, x, layer) where it holds several layers."""

    voxels: Voxels
    grid: Grid
    sha256: str
    layers: int
    fields: Mapping[str, str]


def read_volume_file(source: Source, settings: IngestSettings) -> VolumeFile:
    """Read a file whole, in the number type that SimpleITK gives it.

    Raises
    ------
    InputError
        If the file is missing, of no known format, damaged, cut short, does not hold one volume, or
        contradicts itself about where its voxels lie.
    """
    stored = _find_format(source)(source)
    with _quiet():
        grid = _read_grid(source)
        voxels = _read_rescaled(source) if stored.rescaled else stored.voxels
    _require_shape(source, voxels, grid)
    _require_right_angles(source, grid)
    for name, matrix in stored.transforms.items():
        _require_place(source, grid, name, matrix, settings.nifti_transform_tolerance_mm)
    return VolumeFile(voxels, grid, stored.sha256, stored.components, stored.fields)


def _find_format(source: Source) -> Callable[[Source], StoredArray]:
    suffix = suffix_of(source.path)
    if suffix is not None:
        return FORMATS[suffix]
    source.require()
    known = f"{', '.join(FORMATS)}, DICOM"
    raise source.refuse("is of no format that is read", allowed=known, remedy=_CONVERT)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep SimpleITK's warnings off the terminal: what they warn of is checked here."""
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        yield
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)


def _read_grid(source: Source) -> Grid:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(source.path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise _translate(source, str(error)) from None
    n = reader.GetDimension()
    size, spacing, origin = reader.GetSize(), reader.GetSpacing(), reader.GetOrigin()
    matrix = np.reshape(reader.GetDirection(), (n, n))[:3, :3]
    if not np.all(np.isfinite([*spacing[:3], *origin[:3], *matrix.ravel()])) or min(spacing[:3]) <= 0:
        raise source.refuse("has a damaged geometry in its header", reason=Reason.GEOMETRY)
    return Grid(
        (size[0], size[1], size[2]),
        (spacing[0], spacing[1], spacing[2]),
        # Adding zero turns -0.0 into 0.0: equal grids shall have equal digests.
        (origin[0] + 0.0, origin[1] + 0.0, origin[2] + 0.0),
        tuple(float(cosine) + 0.0 for cosine in matrix.ravel()),
    )


def _translate(source: Source, message: str) -> InputError:
    """SimpleITK's message names its own source files and the whole path; one sentence instead."""
    if "orthonormal" in message:
        return source.refuse(
            "has axes that are not at right angles, or none at all",
            reason=Reason.GEOMETRY,
            remedy="Resample it to a rectangular grid (a tilted gantry shears a CT)",
        )
    return source.refuse("has a header that SimpleITK does not read", remedy=COPY_AGAIN)


def _read_rescaled(source: Source) -> Voxels:
    """The voxels after the header's slope and intercept, computed by SimpleITK as PyRadiomics sees them."""
    try:
        voxels = array_of(sitk.ReadImage(str(source.path)))
    except RuntimeError as error:
        raise _translate(source, str(error)) from None
    return voxels.reshape(voxels.shape[-3:])


def _require_shape(source: Source, voxels: Voxels, grid: Grid) -> None:
    if voxels.shape[:3] != grid.shape_zyx:
        raise source.refuse(
            "has a header that is read in two ways",
            measured=f"{voxels.shape[2::-1]} voxels",
            allowed=f"{grid.size_xyz}",
            remedy="Save it again as NIfTI, NRRD or MetaImage",
        )


def _require_right_angles(source: Source, grid: Grid) -> None:
    matrix = np.reshape(grid.direction, (3, 3))
    error = float(np.abs(matrix.T @ matrix - np.eye(3)).max())
    if error > _RIGHT_ANGLE:
        raise source.refuse(
            "has axes that are not at right angles",
            reason=Reason.GEOMETRY,
            measured=f"{error:.2g}",
            allowed=f"{_RIGHT_ANGLE:g}",
            remedy="Resample it to a rectangular grid (a tilted gantry shears a CT)",
        )


def _require_place(source: Source, grid: Grid, name: str, matrix: Affine, tolerance_mm: float) -> None:
    """Refuse a header of which one transform puts the voxels elsewhere than SimpleITK does."""
    gap = max(
        float(np.linalg.norm(_place(grid, corner) - (matrix @ [*corner, 1.0])[:3]))
        for corner in product(*((0, n - 1) for n in grid.size_xyz))
    )
    if not gap <= tolerance_mm:
        raise source.refuse(
            f"contradicts itself: its {name} puts voxels elsewhere than its other geometry fields",
            reason=Reason.GEOMETRY,
            measured=f"{gap:.4g} mm apart",
            allowed=f"{tolerance_mm:g} mm",
            remedy="Mend it, or raise ingest.nifti_transform_tolerance_mm to read it as SimpleITK does",
        )


def _place(grid: Grid, index_xyz: tuple[int, ...]) -> Affine:
    steps = np.multiply(index_xyz, grid.spacing_xyz_mm)
    place: Affine = np.reshape(grid.direction, (3, 3)) @ steps + grid.origin_xyz_mm
    return place
