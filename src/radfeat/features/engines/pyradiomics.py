"""The engine that computes with PyRadiomics: its filters, its feature classes, its names, its values.

Values equal those of ``RadiomicsFeatureExtractor.execute`` on the image and mask as read, with the same
settings; a golden test compares them. ``execute`` itself is not called, because it would prepare and hash the
images anew for every region, and drop without a word what it does not measure.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from radiomics import imageoperations
from radiomics.firstorder import RadiomicsFirstOrder
from radiomics.glcm import RadiomicsGLCM
from radiomics.gldm import RadiomicsGLDM
from radiomics.glrlm import RadiomicsGLRLM
from radiomics.glszm import RadiomicsGLSZM
from radiomics.ngtdm import RadiomicsNGTDM
from radiomics.shape import RadiomicsShape
from radiomics.shape2D import RadiomicsShape2D

from radfeat.core.grey_levels import GreyLevels
from radfeat.core.pair import PreparedPair
from radfeat.features.as_pyradiomics import build_image_arguments, build_setting
from radfeat.features.engines.lbp_3d import get_lbp_3d_images
from radfeat.features.engines.limits import (
    count_levels,
    explain_many_levels,
    explain_not_finite,
    explain_not_flat,
    note_shape,
)
from radfeat.features.engines.measured import Measured, join
from radfeat.features.engines.regions import (
    AXIS_NUMBERS,
    LABEL,
    Region,
    build_region,
    crop,
    explain_absent,
    explained,
    quiet_pyradiomics,
    to_float,
)
from radfeat.features.image_types import ImageType
from radfeat.features.planned_images import depends_on_bins, resolve_settings
from radfeat.features.register import MATRIX_FAMILIES, SHAPE_FAMILIES, Family
from radfeat.features.settings import FeatureSettings

Arguments = dict[str, Any]

CLASSES: dict[Family, Callable[..., Any]] = {
    Family.SHAPE: RadiomicsShape,
    Family.SHAPE_2D: RadiomicsShape2D,
    Family.FIRST_ORDER: RadiomicsFirstOrder,
    Family.GLCM: RadiomicsGLCM,
    Family.GLRLM: RadiomicsGLRLM,
    Family.GLSZM: RadiomicsGLSZM,
    Family.GLDM: RadiomicsGLDM,
    Family.NGTDM: RadiomicsNGTDM,
}
FILTERS: dict[str, Callable[..., Iterator[tuple[sitk.Image, str, Arguments]]]] = {
    "Original": imageoperations.getOriginalImage,
    "LoG": imageoperations.getLoGImage,
    "Wavelet": imageoperations.getWaveletImage,
    "Square": imageoperations.getSquareImage,
    "SquareRoot": imageoperations.getSquareRootImage,
    "Logarithm": imageoperations.getLogarithmImage,
    "Exponential": imageoperations.getExponentialImage,
    "Gradient": imageoperations.getGradientImage,
    "LBP2D": imageoperations.getLBP2DImage,
    "LBP3D": get_lbp_3d_images,
}


def measure(pair: PreparedPair, settings: FeatureSettings) -> Measured:
    """Compute every feature that the settings ask for.

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
    region = build_region(pair)
    with quiet_pyradiomics():
        values, gaps = _measure_shape(region, settings)
        shape = Measured(values, gaps, note_shape(region.box, region.outline, settings))
        if not set(settings.classes.named) - SHAPE_FAMILIES:
            return shape
        types = settings.image_types.enabled.items()
        measured = join(shape, (_measure_image_type(region, name, t, settings) for name, t in types))
    return measured.explain(explain_absent(region, settings, measured.values, measured.gaps))


def _measure_shape(region: Region, settings: FeatureSettings) -> tuple[dict[str, float], dict[str, str]]:
    values: dict[str, float] = {}
    gaps: dict[str, str] = {}
    # The drawn mask, but inside the box of the re-segmented one: so does PyRadiomics.
    image, mask = crop(region.image, region.box), crop(region.morphological_mask, region.box)
    arguments = {**build_setting(settings), "label": LABEL}
    for family, names in settings.classes.named.items():
        if family not in SHAPE_FAMILIES:
            continue
        axis = settings.force_2d_axis
        slices = region.box.size_xyz[AXIS_NUMBERS[axis]]
        if family is Family.SHAPE_2D and slices > 1:
            gaps[f"original_{family.value}"] = explain_not_flat(slices, axis.value)
            continue
        with explained(region, family.value):
            values |= _run_class("original", family, names, image, mask, arguments)
    return values, gaps


def _measure_image_type(
    region: Region, type_name: str, image_type: ImageType, settings: FeatureSettings
) -> Measured:
    values: dict[str, float] = {}
    gaps: dict[str, str] = {}
    levels: list[GreyLevels] = []
    arguments = {**build_image_arguments(settings, image_type), "label": LABEL}
    resolved = resolve_settings(settings, image_type)
    families = {f: names for f, names in settings.classes.named.items() if f not in SHAPE_FAMILIES}
    mask, discretised = crop(region.mask, region.box), depends_on_bins(settings)
    with explained(region, f"image type {type_name}"):
        for filtered, name, _ in FILTERS[type_name](region.image, region.mask, **arguments):
            image = crop(filtered, region.box)
            inside = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(mask) == LABEL]
            refusal = _refuse_image(inside, arguments, bool(MATRIX_FAMILIES & set(families)))
            if refusal:
                gaps[name] = refusal
                continue
            if discretised:
                levels.append(
                    count_levels(_find_ends(inside), type_name, name, resolved.bin_width, resolved.bin_count)
                )
            for family, names in families.items():
                values |= _run_class(name, family, names, image, mask, arguments)
    return Measured(values, gaps, grey_levels=tuple(levels))


def _refuse_image(inside: npt.NDArray[Any], arguments: Arguments, matrices: bool) -> str | None:
    """Why an image must not be measured: PyRadiomics would take NaN for a number, or never come back.

    ``inside`` are the image's intensities in the ROI.
    """
    if not np.all(np.isfinite(inside)):
        return explain_not_finite(int(np.sum(~np.isfinite(inside))), inside.size)
    width = arguments.get("binWidth")
    if not matrices or arguments["binCount"] is not None or width is None:
        return None
    return explain_many_levels(*_find_ends(inside), width)


def _find_ends(inside: npt.NDArray[Any]) -> tuple[float, float]:
    """Least and greatest intensity."""
    return float(inside.min()), float(inside.max())


def _run_class(
    image_name: str,
    family: Family,
    names: Sequence[str],
    image: sitk.Image,
    mask: sitk.Image,
    arguments: Arguments,
) -> dict[str, float]:
    """The features of one family on one image, cropped to the ROI's box."""
    measured = CLASSES[family](image, mask, **arguments)
    for name in names:
        measured.enableFeatureByName(name)
    return {
        f"{image_name}_{family.value}_{name}": to_float(value) for name, value in measured.execute().items()
    }
