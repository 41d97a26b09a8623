"""Which intensities a picture shows between black and white."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.core.box import Box
from radfeat.core.vocabulary import Modality
from radfeat.core.volume import Volume
from radfeat.core.voxels import Voxels

_LUNG_BELOW_HU = -400.0
_MARGIN_SHARE = 4


@dataclass(frozen=True, slots=True)
class Window:
    """Intensities from ``low`` to ``high`` run from black to white, or the other way round if ``inverse``."""

    low: float
    high: float
    inverse: bool = False

    def apply(self, voxels: Voxels) -> npt.NDArray[np.float32]:
        """Brightness, 0 to 1."""
        width = max(self.high - self.low, float(np.finfo(np.float32).tiny))
        bright = np.clip((voxels.astype(np.float32) - np.float32(self.low)) / np.float32(width), 0, 1)
        return np.asarray(1 - bright if self.inverse else bright, np.float32)


SOFT_TISSUE = Window(-160.0, 240.0)
LUNG = Window(-1350.0, 150.0)


def choose_window(
    image: Volume, *, voxels: Voxels, inside: Voxels, box: Box, planes: Sequence[Voxels]
) -> Window:
    """A window in which the ROI and what surrounds it can be told apart.

    CT: soft tissue (width 400, level 40 HU), or lung (1500, -600) where the surroundings are mostly aerated;
    PT: inverse, from zero to what the hottest voxels of the ROI reach; else the middle 99 % of the planes.

    Parameters
    ----------
    image
        For modality.
    voxels, inside, box
        Intensities and mask on the same axes (z, y, x), and the bounding box of the mask.
    planes
        The planes to be shown.
    """
    if image.modality is Modality.CT:
        around = _with_margin(box, voxels.shape)
        lung = float(np.median(voxels[around.slices_zyx].astype(np.float32))) < _LUNG_BELOW_HU
        return LUNG if lung else SOFT_TISSUE
    if image.modality is Modality.PT:
        hot = voxels[box.slices_zyx][inside[box.slices_zyx]]
        return Window(0.0, float(np.percentile(hot, 99)), inverse=True)
    shown = np.concatenate([plane.ravel() for plane in planes])
    low, high = (float(p) for p in np.percentile(shown, (0.5, 99.5)))
    return Window(low, high)


def _with_margin(box: Box, shape: tuple[int, ...]) -> Box:
    z, y, x = shape
    return box.padded(max(box.size_xyz) // _MARGIN_SHARE + 1, (x, y, z))
