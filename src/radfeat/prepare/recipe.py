"""The preparation in order: the whole image once, then each of its ROIs."""

from dataclasses import dataclass

from radfeat.core.box import Box
from radfeat.core.errors import GeometryError
from radfeat.core.pair import PreparedPair, SourcePair, StepRecord
from radfeat.core.vocabulary import Recipe
from radfeat.core.volume import Mask, Volume
from radfeat.prepare.crop import crop_to_box
from radfeat.prepare.ibsi import prepare_mask_by_ibsi, prepare_volume_by_ibsi
from radfeat.prepare.normalise import normalise_volume
from radfeat.prepare.resample import resample_pair
from radfeat.prepare.resegment import resegment_mask
from radfeat.prepare.roi_checks import require_measurable, require_voxels
from radfeat.prepare.settings import PrepareSettings


@dataclass(frozen=True, eq=False, slots=True)
class PreparedImage:
    """An image after the steps that concern it as a whole, ready for each of its ROIs."""

    volume: Volume
    steps: tuple[StepRecord, ...]


def prepare_image(volume: Volume, settings: PrepareSettings) -> PreparedImage:
    """Carry out what depends on the whole image only. Once per image, whatever its ROIs.

    Normalisation; under the recipe ``ibsi`` interpolation and rounding as well.

    Raises
    ------
    ExtractionError
        If the new grid would hold too many voxels, memory runs out, or SimpleITK cannot normalise.
    """
    steps: tuple[StepRecord, ...] = ()
    if settings.normalise:
        volume, record = normalise_volume(volume, settings)
        steps = (record,)
    if settings.recipe is Recipe.IBSI:
        volume, more = prepare_volume_by_ibsi(volume, settings)
        steps += more
    return PreparedImage(volume, steps)


def prepare_roi(
    image: PreparedImage, pair: SourcePair, settings: PrepareSettings, *, near: bool = False
) -> PreparedPair:
    """Bring one ROI and its image to the grid and the voxels that are measured.

    Recipe ``pyradiomics``: resampling, or cropping if asked; the check that there is enough ROI;
    re-segmentation and the check again; bit for bit what PyRadiomics does by itself with the same settings.
    Recipe ``ibsi``: the image is ready; the mask is brought to its grid, and re-segmented.

    Parameters
    ----------
    image
        From `prepare_image`, made from ``pair.image`` with the same settings.
    pair
        Its mask says which voxels.
    settings
        How to prepare.
    near
        Whether resampling may look at the image near the ROI only, which may alter the last digits; for the
        native engine, whose values are PyRadiomics' to the ninth.

    Raises
    ------
    GeometryError
        If image and mask differ in size.
    EmptyRoiError
        If the ROI is empty or too small, as drawn, on the new grid or after re-segmentation.
    ExtractionError
        If the new grid would hold too many voxels, memory runs out, or SimpleITK cannot resample.
    """
    _require_one_size(pair.image, pair.mask)
    box = require_voxels(pair.mask.voxels_zyx, pair.roi.roi_id, "as drawn")
    if settings.recipe is Recipe.IBSI:
        mask = _on_grid_of(pair.image, pair.mask)
        return prepare_mask_by_ibsi(image.volume, image.steps, mask, box, settings)
    return _prepare_as_pyradiomics(image, pair, box, settings, near)


def _prepare_as_pyradiomics(
    image: PreparedImage, pair: SourcePair, box: Box, settings: PrepareSettings, near: bool
) -> PreparedPair:
    volume, mask, steps = _regrid(image.volume, pair.mask, box, settings, near)
    stage = "after resampling" if settings.resampled_spacing_xyz_mm is not None else "as drawn"
    _, checked = require_measurable(mask.voxels_zyx, settings, pair.roi.roi_id, stage)
    done = (*image.steps, *steps, checked)
    if settings.resegment_range is None:
        return PreparedPair(volume, mask, mask, done)
    intensity_mask, resegmented = resegment_mask(volume, mask, settings)
    _, rechecked = require_measurable(
        intensity_mask.voxels_zyx, settings, pair.roi.roi_id, "after re-segmentation"
    )
    morphological_mask = intensity_mask if settings.resegment_shape else mask
    return PreparedPair(volume, morphological_mask, intensity_mask, (*done, resegmented, rechecked))


def _regrid(
    volume: Volume, mask: Mask, box: Box, settings: PrepareSettings, near: bool
) -> tuple[Volume, Mask, tuple[StepRecord, ...]]:
    if settings.resampled_spacing_xyz_mm is not None:
        resampled, moved, record = resample_pair(volume, mask, box, settings, near=near)
        return resampled, moved, (record,)
    if settings.crop_first:
        # Checked before as well as after cropping, so that a hopeless ROI is named by its drawn size.
        require_measurable(mask.voxels_zyx, settings, mask.roi.roi_id, "as drawn")
        cropped, inside = crop_to_box(volume, mask, box.padded(settings.pad_voxels, volume.grid.size_xyz))
        return cropped, inside, (StepRecord("crop", (("pad_voxels", settings.pad_voxels),)),)
    return volume, _on_grid_of(volume, mask), ()


def _on_grid_of(volume: Volume, mask: Mask) -> Mask:
    """The mask with the image's grid, from which it differs by no more than the stated tolerance."""
    return mask if mask.grid == volume.grid else Mask(mask.voxels_zyx, volume.grid, mask.roi)


def _require_one_size(volume: Volume, mask: Mask) -> None:
    if volume.grid.size_xyz != mask.grid.size_xyz:
        raise GeometryError(
            "image and mask differ in size",
            key=mask.roi.roi_id,
            measured=f"mask {mask.grid.size_xyz} voxels",
            allowed=f"image {volume.grid.size_xyz}",
            remedy="Draw or resample the mask on the image's own grid",
        )
