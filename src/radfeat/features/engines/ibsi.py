"""The recipe ``ibsi``: IBSI's grey levels, aggregations and algebra around PyRadiomics' feature classes.

``radfeat ibsi`` holds the values against IBSI's reference; golden tests do so in CI.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from radiomics.firstorder import RadiomicsFirstOrder
from radiomics.shape import RadiomicsShape

from radfeat.core.grey_levels import GreyLevels
from radfeat.core.pair import PreparedPair
from radfeat.features.as_pyradiomics import build_image_arguments
from radfeat.features.engines import ibsi_filters, pyradiomics
from radfeat.features.engines.algebra import Extent, derive, list_needs
from radfeat.features.engines.discretise import GreyLevelImage, build_grey_level_image, find_levels
from radfeat.features.engines.histogram import measure_histogram
from radfeat.features.engines.limits import MAX_GREY_LEVELS
from radfeat.features.engines.measured import Measured, join
from radfeat.features.engines.regions import (
    LABEL,
    Region,
    build_region,
    crop,
    explain_absent,
    explained,
    quiet_pyradiomics,
    to_float,
)
from radfeat.features.engines.texture import measure_texture
from radfeat.features.image_types import ImageType
from radfeat.features.planned_images import depends_on_bins, name_features, resolve_settings
from radfeat.features.register import MATRIX_FAMILIES, SHAPE_FAMILIES, Family
from radfeat.features.settings import FeatureSettings

Arguments = dict[str, Any]
Reals = npt.NDArray[np.float64]
Names = Mapping[Family, Sequence[str]]

FILTERS: dict[str, Callable[..., Iterator[tuple[sitk.Image, str, Arguments]]]] = {
    **pyradiomics.FILTERS,
    **ibsi_filters.FILTERS,
}
"""The filter of each image type; IBSI's own take the place of PyRadiomics' where there are such."""

ORIGINAL = "Original"
"""The image type whose intensities the lower bound of re-segmentation is one of."""


@dataclass(frozen=True, eq=False, slots=True)
class _Task:
    """One image type on one ROI; ``settings`` are those that hold on it."""

    region: Region
    type_name: str
    settings: FeatureSettings
    arguments: Arguments
    lower_bound: float | None
    mesh_volume_mm3: float


def measure(pair: PreparedPair, settings: FeatureSettings) -> Measured:
    """Compute every feature that the settings ask for, by IBSI.

    Shape is that of the whole morphological mask, all else that of the intensity mask.

    Parameters
    ----------
    pair
        Image with morphological and intensity mask; the latter not empty.
    settings
        Images, families and features to measure.

    Raises
    ------
    EmptyRoiError
        If the intensity mask holds no voxel.
    ExtractionError
        If PyRadiomics fails on the ROI as a whole or on one of its images.
    """
    region, names = build_region(pair), name_features(settings)
    with quiet_pyradiomics():
        values, mesh_volume_mm3 = _measure_shape(region, names)
        if not set(names) - SHAPE_FAMILIES:
            return Measured(values)
        tasks = (
            _build_task(pair, region, settings, name, image_type, mesh_volume_mm3)
            for name, image_type in settings.image_types.enabled.items()
        )
        measured = join(Measured(values), map(_measure_image_type, tasks))
    return measured.explain(explain_absent(region, settings, measured.values, measured.gaps))


def _build_task(
    pair: PreparedPair,
    region: Region,
    settings: FeatureSettings,
    type_name: str,
    image_type: ImageType,
    mesh_volume_mm3: float,
) -> _Task:
    return _Task(
        region,
        type_name,
        resolve_settings(settings, image_type),
        {
            **build_image_arguments(settings, image_type),
            **ibsi_filters.build_filter_arguments(image_type),
            "label": LABEL,
        },
        pair.lower_bound if type_name == ORIGINAL else None,
        mesh_volume_mm3,
    )


def _measure_shape(region: Region, names: Names) -> tuple[dict[str, float], float]:
    """The features of the morphological mask, and the volume of its mesh; NaN where nothing needs it."""
    wanted = names.get(Family.SHAPE, ())
    if not wanted and "IntegratedIntensity" not in names.get(Family.FIRST_ORDER, ()):
        return {}, math.nan
    with explained(region, Family.SHAPE.value):
        image, mask = crop(region.image, region.outline), crop(region.morphological_mask, region.outline)
        values = _run_class(RadiomicsShape(image, mask, label=LABEL), Family.SHAPE, ("MeshVolume", *wanted))
        volume, voxels = values["MeshVolume"], int(np.sum(sitk.GetArrayViewFromImage(mask) == LABEL))
        derived = derive(Family.SHAPE, wanted, values, Extent(voxels, volume))
    return _name_values("original", Family.SHAPE, derived), volume


def _measure_image_type(task: _Task) -> Measured:
    values: dict[str, float] = {}
    gaps: dict[str, str] = {}
    counted: list[GreyLevels] = []
    region = task.region
    mask = crop(region.mask, region.box)
    inside = sitk.GetArrayFromImage(mask) == LABEL
    with explained(region, f"image type {task.type_name}"):
        for filtered, name, _ in FILTERS[task.type_name](region.image, region.mask, **task.arguments):
            image = crop(filtered, region.box)
            intensities = sitk.GetArrayViewFromImage(image)[inside].astype(np.float64)
            levels = _find_levels(intensities, task)
            refusal = _refuse_image(intensities, levels, task.settings)
            if refusal:
                gaps[name] = refusal
                continue
            grey = None if levels is None else build_grey_level_image(levels, inside)
            if grey is not None:
                counted.append(_count_levels(grey, task, name))
            values |= _measure_image(task, name, image, mask, grey)
    return Measured(values, gaps, grey_levels=tuple(counted))


def _find_levels(intensities: Reals, task: _Task) -> Reals | None:
    """The grey levels of the ROI's intensities, where any feature depends on them and they are finite."""
    if not depends_on_bins(task.settings) or not np.all(np.isfinite(intensities)):
        return None
    return find_levels(intensities, task.settings, task.lower_bound)


def _refuse_image(intensities: Reals, levels: Reals | None, settings: FeatureSettings) -> str | None:
    """Why an image must not be measured."""
    if not np.all(np.isfinite(intensities)):
        lacking = int(np.sum(~np.isfinite(intensities)))
        return f"{lacking} of its {intensities.size} voxels in the ROI are not finite"
    if levels is None or not MATRIX_FAMILIES & set(settings.classes.named):
        return None
    if levels.max() <= MAX_GREY_LEVELS:
        return None
    return (
        f"its grey levels reach {levels.max():.0f}, more than {MAX_GREY_LEVELS} (a wider bin_width, or a "
        "smaller bin_count, for this image type would help)"
    )


def _count_levels(grey: GreyLevelImage, task: _Task, name: str) -> GreyLevels:
    spanned = int(np.ptp(grey.levels)) + 1
    return GreyLevels(task.type_name, name, spanned, task.settings.bin_width, task.settings.bin_count)


def _measure_image(
    task: _Task, image_name: str, image: sitk.Image, mask: sitk.Image, grey: GreyLevelImage | None
) -> dict[str, float]:
    """Every family but shape on one image, cropped to the ROI's box."""
    found: dict[str, float] = {}
    for family, names in name_features(task.settings).items():
        if family is Family.FIRST_ORDER:
            values = _measure_first_order(task, names, image, mask, grey)
        elif family is Family.HISTOGRAM and grey is not None:
            values = measure_histogram(grey.levels, names)
        elif family in MATRIX_FAMILIES and grey is not None:
            values = measure_texture(family, names, grey, task.settings, task.arguments)
        else:
            continue  # shape, which is that of the mask alone
        found |= _name_values(image_name, family, values)
    return found


def _measure_first_order(
    task: _Task, names: Sequence[str], image: sitk.Image, mask: sitk.Image, grey: GreyLevelImage | None
) -> dict[str, float]:
    """Statistics of the intensities; entropy and uniformity are those of IBSI's grey levels."""
    measured = RadiomicsFirstOrder(image, mask, **{**task.arguments, "binCount": 1})
    if grey is not None:
        measured.discretizedImageArray = grey.levels_zyx
    values = _run_class(measured, Family.FIRST_ORDER, names)
    return derive(
        Family.FIRST_ORDER, names, values, Extent(int(measured.maskArray.sum()), task.mesh_volume_mm3)
    )


def _run_class(measured: Any, family: Family, names: Sequence[str]) -> dict[str, float]:
    """What PyRadiomics' class yields of the named features, or of those that they follow from."""
    for name in list_needs(family, names):
        measured.enableFeatureByName(name)
    return {name: to_float(value) for name, value in measured.execute().items()}


def _name_values(image_name: str, family: Family, values: Mapping[str, float]) -> dict[str, float]:
    return {f"{image_name}_{family.value}_{name}": value for name, value in values.items()}
