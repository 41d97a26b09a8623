"""A prepared pair as PyRadiomics takes it, and what every recipe does around PyRadiomics' own code."""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import radiomics
import SimpleITK as sitk

from radfeat.core.box import Box, bound_voxels
from radfeat.core.errors import EmptyRoiError, ExtractionError
from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Recipe
from radfeat.core.volume import mask_to_sitk, volume_to_sitk
from radfeat.features.as_pyradiomics import build_image_arguments
from radfeat.features.engines.ibsi_filters import explain_absent_log, list_axes
from radfeat.features.engines.limits import FAILURES, explain_small_image
from radfeat.features.image_types import SliceAxis
from radfeat.features.planned_images import PlannedImage, plan_images
from radfeat.features.settings import FeatureSettings

LABEL = 1
"""The label of the ROI in the masks that are handed to PyRadiomics."""

AXIS_NUMBERS = {SliceAxis.X: 0, SliceAxis.Y: 1, SliceAxis.Z: 2}


@dataclass(frozen=True, eq=False, slots=True)
class Region:
    """A prepared pair as PyRadiomics takes it; boxes bound the intensity and the morphological mask."""

    image: sitk.Image
    mask: sitk.Image
    morphological_mask: sitk.Image
    box: Box
    outline: Box
    key: str


def build_region(pair: PreparedPair) -> Region:
    """A prepared pair in SimpleITK's images.

    Raises
    ------
    EmptyRoiError
        If the intensity mask holds no voxel.
    """
    box = bound_voxels(pair.intensity_mask.voxels_zyx)
    outline = bound_voxels(pair.morphological_mask.voxels_zyx)
    if box is None:
        raise EmptyRoiError("the intensity mask holds no voxel", key=pair.roi.roi_id)
    mask = mask_to_sitk(pair.intensity_mask)
    shared = pair.morphological_mask is pair.intensity_mask
    morphological = mask if shared else mask_to_sitk(pair.morphological_mask)
    return Region(volume_to_sitk(pair.image), mask, morphological, box, outline or box, pair.roi.roi_id)


@contextmanager
def quiet_pyradiomics() -> Iterator[None]:
    """Keep PyRadiomics' messages and its libraries' warnings off the terminal, and then all as it was.

    What they would say is said in findings. Loggers and handlers that others set up go on receiving.
    """
    level = radiomics.handler.level
    radiomics.handler.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        radiomics.handler.setLevel(level)


@contextmanager
def explained(region: Region, what: str) -> Iterator[None]:
    """Turn a failure of PyRadiomics into one of ours."""
    try:
        yield
    except FAILURES as error:
        cause = str(error).strip().splitlines() or [type(error).__name__]
        raise ExtractionError(
            f"PyRadiomics could not measure {what}: {cause[-1].removesuffix('.')}",
            key=region.key,
            remedy="Look at the image and mask, or leave this image type or family out",
        ) from error


def to_float(value: Any) -> float:
    """A plain float; NaN for a complex number, which only a degenerate matrix yields."""
    scalar = np.asarray(value)
    return float("nan") if np.iscomplexobj(scalar) else float(scalar)


def crop(image: sitk.Image, box: Box) -> sitk.Image:
    """What of an image lies in a box."""
    cropped: sitk.Image = sitk.RegionOfInterest(image, box.size_xyz, box.lower_xyz)
    return cropped


def explain_absent(
    region: Region, settings: FeatureSettings, values: Mapping[str, float], gaps: Mapping[str, str]
) -> dict[str, str]:
    """Why there is no such image: only the LoG filters decline, where an image or its voxels do not suit."""
    settled = {name.partition("_")[0] for name in values} | set(gaps)
    return {
        name: _explain_log(region, image, settings)
        for name, image in plan_images(settings).items()
        if image.type_name == "LoG" and name not in settled
    }


def _explain_log(region: Region, image: PlannedImage, settings: FeatureSettings) -> str:
    sigma: Any = image.parameters["sigma_mm"]
    if settings.recipe is Recipe.IBSI:
        return explain_absent_log(
            region.image, sigma, list_axes(build_image_arguments(settings, image.image_type))
        )
    return explain_small_image(region.image.GetSize(), region.image.GetSpacing(), sigma)
