"""A prepared pair as the native engine takes it: arrays, cropped before anything else is done."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.core.box import Box
from radfeat.core.errors import EmptyRoiError
from radfeat.core.pair import PreparedPair
from radfeat.core.volume import Mask
from radfeat.core.voxels import Voxels
from radfeat.features.engines.native import _voxels

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """An image and an ROI in it.

    ``voxels_zyx`` is the whole image, ``box`` bounds the intensity mask and ``outline`` the morphological
    one; ``mask_zyx`` and ``drawn_zyx`` are what lies of both in the box, 1 inside. ``roi_zyx`` is the whole
    intensity mask.
    """

    voxels_zyx: Voxels
    roi_zyx: Codes
    mask_zyx: Codes
    drawn_zyx: Codes
    box: Box
    outline: Box
    spacing_xyz_mm: tuple[float, float, float]
    key: str

    @property
    def spacing_zyx_mm(self) -> tuple[float, float, float]:
        """Size of a voxel along z, y, x."""
        x, y, z = self.spacing_xyz_mm
        return (z, y, x)

    def crop(self, voxels: int | tuple[int, int, int]) -> tuple[Voxels, tuple[slice, slice, slice]]:
        """The image in the box with a margin along z, y, x, and where the box lies in it."""
        margins = (voxels,) * 3 if isinstance(voxels, int) else voxels
        inner = self.box.slices_zyx
        outer = [
            slice(max(0, s.start - m), min(n, s.stop + m))
            for s, m, n in zip(inner, margins, self.voxels_zyx.shape, strict=True)
        ]
        z, y, x = (slice(s.start - o.start, s.stop - o.start) for s, o in zip(inner, outer, strict=True))
        return self.voxels_zyx[tuple(outer)], (z, y, x)


def build_frame(pair: PreparedPair) -> Frame:
    """Crop a prepared pair.

    Raises
    ------
    EmptyRoiError
        If the intensity mask holds no voxel.
    """
    roi, shared = _as_codes(pair.intensity_mask), pair.morphological_mask is pair.intensity_mask
    drawn = roi if shared else _as_codes(pair.morphological_mask)
    box = bound(roi)
    if box is None:
        raise EmptyRoiError("the intensity mask holds no voxel", key=pair.roi.roi_id)
    mask = np.ascontiguousarray(roi[box.slices_zyx])
    return Frame(
        voxels_zyx=pair.image.voxels_zyx,
        roi_zyx=roi,
        mask_zyx=mask,
        drawn_zyx=mask if shared else np.ascontiguousarray(drawn[box.slices_zyx]),
        box=box,
        outline=box if shared else bound(drawn) or box,
        spacing_xyz_mm=pair.image.grid.spacing_xyz_mm,
        key=pair.roi.roi_id,
    )


def _as_codes(mask: Mask) -> Codes:
    return np.ascontiguousarray(mask.voxels_zyx).view(np.uint8)


def bound(mask_zyx: Codes) -> Box | None:
    """The bounding box of the voxels of a mask that are not 0; None where all are."""
    ends = _voxels.bound(mask_zyx)
    if ends is None:
        return None
    (z0, y0, x0), (z1, y1, x1) = ends
    return Box((x0, y0, z0), (x1, y1, z1))
