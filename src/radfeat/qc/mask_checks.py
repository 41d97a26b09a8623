"""Measures and checks of one mask on its image, as drawn."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from radfeat.core.box import Box, bound_voxels
from radfeat.core.findings import Finding, remark
from radfeat.core.grid import Grid
from radfeat.core.pair import SourcePair
from radfeat.core.vocabulary import Modality, Severity
from radfeat.core.volume import Mask
from radfeat.core.voxels import Voxels
from radfeat.qc.check_names import Check
from radfeat.qc.image_checks import CT_AIR_HU, count_below
from radfeat.qc.settings import QcSettings

_FACES = ("x from below", "x from above", "y from below", "y from above", "z from below", "z from above")
_AIR_HU = -900.0
_METAL_HU = 3000.0
_MOST_OF_IMAGE = 0.5
_ALL_NEIGHBOURS = np.ones((3, 3, 3), dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class MaskMeasures:
    """Size and place of a mask as drawn.

    ``volume_mm3`` is the number of voxels times the volume of one; ``bbox_xyz`` the first voxel of the
    bounding box and ``bbox_size_xyz`` its extent, both in voxels; ``components`` counts the parts that do not
    touch, not even by a corner (26-connected).
    """

    voxels: int
    volume_mm3: float
    bbox_xyz: tuple[int, int, int]
    bbox_size_xyz: tuple[int, int, int]
    components: int


@dataclass(frozen=True, eq=False, slots=True)
class _Roi:
    """What the checks look at: the mask in its box, and the intensities in it."""

    pair: SourcePair
    box: Box
    inside_zyx: npt.NDArray[np.bool_]
    intensities: Voxels

    @property
    def key(self) -> str:
        return self.pair.roi.roi_id


def measure_mask(mask: Mask) -> MaskMeasures:
    """Measure a mask; ValueError where it holds no voxel, which ingest refuses."""
    box = _require_box(mask)
    inside = mask.voxels_zyx[box.slices_zyx]
    voxels = int(np.count_nonzero(inside))
    return MaskMeasures(
        voxels=voxels,
        volume_mm3=voxels * mask.grid.voxel_volume_mm3,
        bbox_xyz=box.lower_xyz,
        bbox_size_xyz=box.size_xyz,
        components=_count_components(inside),
    )


def check_mask(pair: SourcePair, settings: QcSettings) -> tuple[Finding, ...]:
    """What is remarkable about a mask as drawn, and about the intensities in it; keyed by ``roi_id``.

    Parameters
    ----------
    pair
        Image and mask; the mask holds at least one voxel.
    settings
        What to compare with.
    """
    box = _require_box(pair.mask)
    inside = pair.mask.voxels_zyx[box.slices_zyx]
    intensities = pair.image.voxels_zyx[box.slices_zyx][inside]
    roi = _Roi(pair, box, inside, intensities)
    return (
        *_check_place(roi),
        *_check_shape(roi, settings),
        *_check_intensities(roi),
        *_check_ct(roi, settings),
    )


def _require_box(mask: Mask) -> Box:
    box = bound_voxels(mask.voxels_zyx)
    if box is None:
        raise ValueError("the mask holds no voxel")
    return box


def _count_components(inside_zyx: npt.NDArray[np.bool_]) -> int:
    _, number = ndimage.label(inside_zyx, structure=_ALL_NEIGHBOURS)
    return int(number)


def _check_place(roi: _Roi) -> Iterator[Finding]:
    size = roi.pair.mask.grid.size_xyz
    faces = list_touched_faces(roi.box, size)
    if faces:
        what = f"the ROI touches the border of the image ({', '.join(faces)}); part of it may be missing"
        yield remark(Check.MASK_TOUCHES_BORDER, roi.key, what, len(faces), 0.0, "faces")
    share = roi.intensities.size / roi.pair.mask.voxels_zyx.size
    if share > _MOST_OF_IMAGE:
        what = f"the ROI fills {share:.0%} of the image; is the mask inverted?"
        yield remark(Check.MASK_FILLS_IMAGE, roi.key, what, share, _MOST_OF_IMAGE, "share")
    yield from _check_grid(roi)


def list_touched_faces(box: Box, size_xyz: Sequence[int]) -> list[str]:
    """Faces of the image that a box touches; an axis with a single voxel has no face."""
    touched = []
    for axis, size in enumerate(size_xyz):
        if size > 1:
            touched += [_FACES[2 * axis]] * (box.lower_xyz[axis] == 0)
            touched += [_FACES[2 * axis + 1]] * (box.upper_xyz[axis] == size - 1)
    return touched


def _check_grid(roi: _Roi) -> Iterator[Finding]:
    image, mask = roi.pair.image.grid, roi.pair.mask.grid
    if image != mask:
        last = tuple(n - 1 for n in image.size_xyz)
        gap = max(math.dist(_place(image, i), _place(mask, i)) for i in ((0, 0, 0), last))
        what = (
            f"the mask's grid lies {gap:.2g} mm beside the image's, within the tolerance; "
            "its voxels were taken one for one"
        )
        yield remark(Check.MASK_GRID_ROUNDING, roi.key, what, gap, None, "mm", Severity.INFO)


def _place(grid: Grid, index_xyz: Sequence[int]) -> tuple[float, ...]:
    """Position (LPS, mm) of a voxel's centre."""
    steps = [n * s for n, s in zip(index_xyz, grid.spacing_xyz_mm, strict=True)]
    rows = [grid.direction[i : i + 3] for i in (0, 3, 6)]
    return tuple(
        start + sum(cosine * step for cosine, step in zip(row, steps, strict=True))
        for start, row in zip(grid.origin_xyz_mm, rows, strict=True)
    )


def _check_shape(roi: _Roi, settings: QcSettings) -> Iterator[Finding]:
    voxels = roi.intensities.size
    if voxels < settings.few_voxels:
        what = f"the ROI holds {_count(voxels, 'voxel')}; texture of so few mostly tells their number"
        yield remark(Check.MASK_SMALL, roi.key, what, voxels, float(settings.few_voxels), "voxels")
    flat = [axis for axis, n in zip("xyz", roi.box.size_xyz, strict=True) if n == 1]
    if flat and voxels > 1:
        what = f"the ROI lies in one slice along {' and '.join(flat)}"
        yield remark(Check.MASK_ONE_SLICE, roi.key, what, 1.0, 2.0, "slices")
    empty = int(np.count_nonzero(~np.any(roi.inside_zyx, axis=(1, 2))))
    if empty:
        what = f"the ROI is not drawn in {_count(empty, 'slice')} between its first and its last"
        yield remark(Check.MASK_GAP, roi.key, what, empty, 0.0, "slices")
    components = _count_components(roi.inside_zyx)
    if components > 1:
        what = f"the ROI falls into {components} parts that do not touch"
        yield remark(Check.MASK_COMPONENTS, roi.key, what, components, 1.0, "parts")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _check_intensities(roi: _Roi) -> Iterator[Finding]:
    low, high = roi.intensities.min(), roi.intensities.max()
    if low == high and roi.intensities.size > 1:
        what = f"every voxel of the ROI is {float(low):g}: there is no texture"
        yield remark(Check.MASK_CONSTANT, roi.key, what, float(low), None, roi.pair.image.unit.value)


def _check_ct(roi: _Roi, settings: QcSettings) -> Iterator[Finding]:
    if roi.pair.image.modality is not Modality.CT:
        return
    lowest, highest = float(roi.intensities.min()), float(roi.intensities.max())
    if lowest < CT_AIR_HU:
        what = f"the ROI holds padding, down to {lowest:g} HU"
        yield remark(Check.MASK_CT_PADDING, roi.key, what, lowest, CT_AIR_HU, "HU")
    share = count_below(roi.intensities, _AIR_HU) / roi.intensities.size
    if share > settings.max_air_share:
        what = f"{share:.0%} of the ROI is air (below {_AIR_HU:g} HU)"
        yield remark(Check.MASK_CT_AIR, roi.key, what, share, settings.max_air_share, "share")
    if highest >= _METAL_HU:
        number = roi.intensities.size - count_below(roi.intensities, _METAL_HU)
        what = f"{_count(number, 'voxel')} of the ROI at {_METAL_HU:g} HU or more, like metal and its streaks"
        yield remark(Check.MASK_CT_METAL, roi.key, what, highest, _METAL_HU, "HU")
