"""One perturbed pair: turn and shift, add noise, change the volume, redraw; each step with its own seed."""

import math
from dataclasses import dataclass

import numpy as np

from radfeat.core.box import Box, bound_voxels
from radfeat.core.digest import derive_seed
from radfeat.core.errors import EmptyRoiError
from radfeat.core.pair import SourcePair
from radfeat.core.volume import Mask, Volume
from radfeat.core.voxels import Voxels
from radfeat.perturb.contours import Flags, change_volume, randomise_contour
from radfeat.perturb.noise import estimate_noise_sd
from radfeat.perturb.rigid import Floats, Motion, move_voxels
from radfeat.perturb.settings import MoveInterpolator, NoiseKind, PerturbSettings

_ORDERS = {MoveInterpolator.LINEAR: 1, MoveInterpolator.CUBIC: 3}
_SLACK = 1e-6
"""Below one half by rounding is one half, as for the masks that are resampled."""


@dataclass(frozen=True, slots=True)
class Perturbation:
    """What one perturbed measurement alters: degrees, voxels along x, y, z, intensity, share, mm."""

    rotation_deg: float
    translation_xyz: tuple[float, float, float]
    noise_sd: float
    volume_change: float
    contour_sd_mm: float


@dataclass(frozen=True, eq=False, slots=True)
class PerturbedPair:
    """A pair as it was altered, and by what."""

    pair: SourcePair
    perturbation: Perturbation


@dataclass(frozen=True, slots=True)
class _Draw:
    """The chance of one repeat of one ROI: a generator per step, so that one step never shifts another's."""

    seed: int
    roi_id: str
    repeat: int

    def generator(self, step: str) -> np.random.Generator:
        return np.random.default_rng(
            derive_seed(self.seed, "perturbation", self.roi_id, str(self.repeat), step)
        )


def perturb_pair(pair: SourcePair, repeat: int, settings: PerturbSettings) -> PerturbedPair:
    """Image and mask of one perturbed measurement.

    Only voxels within ``margin_mm`` of the ROI are altered; the image keeps its grid and number type. The
    result depends on the pair, the settings, the ROI's key and ``repeat``, and on nothing else.

    Parameters
    ----------
    pair
        Image and mask as read.
    repeat
        Number of the measurement, from 1.
    settings
        How far.

    Raises
    ------
    EmptyRoiError
        If the mask has no voxel.

    References
    ----------
    Zwanenburg et al., Sci Rep 2019; 9:614.
    """
    roi_id = pair.roi.roi_id
    box = _find_box(pair, settings.margin_mm)
    draw = _Draw(settings.seed, roi_id, repeat)
    motion = _draw_motion(pair.mask.voxels_zyx, settings, draw)
    order = _ORDERS[settings.interpolator]
    image = _move(pair.image.voxels_zyx, box, motion, pair.image.grid.spacing_xyz_mm, order)
    noise_sd = _choose_noise(pair.image.voxels_zyx[box.slices_zyx], settings)
    if noise_sd:
        image = image + noise_sd * draw.generator("noise").standard_normal(image.shape)
    moved = _move(pair.mask.voxels_zyx, box, motion, pair.image.grid.spacing_xyz_mm, 1)
    change = settings.volume_change * float(draw.generator("volume").uniform(-1, 1))
    mask = _redraw(np.asarray(moved >= 0.5 - _SLACK), change, pair.image.grid.spacing_xyz_mm, settings, draw)
    x, y, z = motion.shift_zyx[::-1]
    return PerturbedPair(
        SourcePair(
            _replace_image(pair.image, box, image), _replace_mask(pair.mask, box, mask), pair.provenance
        ),
        Perturbation(motion.angle_deg, (x, y, z), noise_sd, change, settings.contour_sd_mm),
    )


def _find_box(pair: SourcePair, margin_mm: float) -> Box:
    box = bound_voxels(pair.mask.voxels_zyx)
    if box is None:
        raise EmptyRoiError(
            "the mask has no voxel", key=pair.roi.roi_id, remedy="Draw the region, or remove its row"
        )
    margins = [math.ceil(margin_mm / spacing) for spacing in pair.image.grid.spacing_xyz_mm]
    size = pair.image.grid.size_xyz
    low = [max(n - m, 0) for n, m in zip(box.lower_xyz, margins, strict=True)]
    high = [min(n + m, s - 1) for n, m, s in zip(box.upper_xyz, margins, size, strict=True)]
    return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def _draw_motion(mask_zyx: Flags, settings: PerturbSettings, draw: _Draw) -> Motion:
    angle = settings.rotation_deg * float(draw.generator("rotation").uniform(-1, 1))
    shift = settings.translation_voxels * draw.generator("translation").uniform(-1, 1, size=3)
    z, y, x = (float(np.mean(places)) for places in np.nonzero(mask_zyx))
    return Motion(angle, (float(shift[0]), float(shift[1]), float(shift[2])), (z, y, x))


def _move(
    voxels_zyx: Voxels, box: Box, motion: Motion, spacing_xyz_mm: tuple[float, float, float], order: int
) -> Floats:
    if motion.is_none:
        return voxels_zyx[box.slices_zyx].astype(np.float64)
    return move_voxels(voxels_zyx, box, motion, spacing_xyz_mm, order)


def _choose_noise(voxels_zyx: Voxels, settings: PerturbSettings) -> float:
    if settings.noise is NoiseKind.ESTIMATED:
        return estimate_noise_sd(voxels_zyx)
    return settings.noise_sd or 0.0


def _redraw(
    mask_zyx: Flags,
    change: float,
    spacing_xyz_mm: tuple[float, float, float],
    settings: PerturbSettings,
    draw: _Draw,
) -> Flags:
    """Volume, then contour; a mask without surface stays as it is, and is judged where it is measured."""
    x, y, z = spacing_xyz_mm
    if change and _has_surface(mask_zyx):
        mask_zyx = change_volume(mask_zyx, change, (z, y, x), draw.generator("rim"))
    if settings.contour_sd_mm and _has_surface(mask_zyx):
        sd, smoothness = settings.contour_sd_mm, settings.contour_smoothness_mm
        mask_zyx = randomise_contour(mask_zyx, sd, smoothness, (z, y, x), draw.generator("contour"))
    return mask_zyx


def _has_surface(mask_zyx: Flags) -> bool:
    return bool(mask_zyx.any()) and not bool(mask_zyx.all())


def _replace_image(image: Volume, box: Box, altered: Floats) -> Volume:
    voxels = image.voxels_zyx.copy()
    if np.issubdtype(voxels.dtype, np.integer):
        limits = np.iinfo(voxels.dtype.name)
        altered = np.clip(np.rint(altered), limits.min, limits.max)
    voxels[box.slices_zyx] = altered.astype(voxels.dtype)
    return Volume(voxels, image.grid, image.modality, image.unit)


def _replace_mask(mask: Mask, box: Box, altered: Flags) -> Mask:
    voxels = np.zeros_like(mask.voxels_zyx)
    voxels[box.slices_zyx] = altered
    return Mask(voxels, mask.grid, mask.roi)
