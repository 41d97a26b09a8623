"""The engine that computes with PyRadiomics: its filters, its feature classes, its names, its values.

Values equal those of ``RadiomicsFeatureExtractor.execute`` on the image and mask as read, with the same
settings; a golden test compares them. ``execute`` itself is not called, because it would prepare and hash the
images anew for every region, and drop without a word what it does not measure.
"""

import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import radiomics
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

from radfeat.core.box import Box, bound_voxels
from radfeat.core.errors import EmptyRoiError, ExtractionError
from radfeat.core.grey_levels import GreyLevels
from radfeat.core.pair import PreparedPair
from radfeat.core.volume import mask_to_sitk, volume_to_sitk
from radfeat.features.as_pyradiomics import build_image_arguments, build_setting
from radfeat.features.engines.lbp_3d import get_lbp_3d_images
from radfeat.features.engines.measured import Measured
from radfeat.features.image_types import ImageType, SliceAxis
from radfeat.features.planned_images import PlannedImage, depends_on_bins, plan_images
from radfeat.features.register import SHAPE_FAMILIES, Family
from radfeat.features.settings import FeatureSettings

Arguments = dict[str, Any]

LABEL = 1
"""The label of the ROI in the masks that are handed to PyRadiomics."""

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
FAILURES = (ArithmeticError, LookupError, RuntimeError, ValueError)
"""What PyRadiomics, NumPy and SimpleITK raise where an ROI or an image cannot be measured."""

MATRIX_FAMILIES = frozenset({Family.GLCM, Family.GLRLM, Family.GLSZM, Family.GLDM, Family.NGTDM})
MAX_GREY_LEVELS = 5000
"""Most grey levels with which matrices are filled: a co-occurrence matrix of 5,000 takes 2.6 GB and hours."""

SHAPE_CUT = "feature.shape_cut"
_AXIS_NUMBERS = {SliceAxis.X: 0, SliceAxis.Y: 1, SliceAxis.Z: 2}


@dataclass(frozen=True, eq=False, slots=True)
class _Region:
    """A prepared pair as PyRadiomics takes it; ``box`` bounds the intensity mask."""

    image: sitk.Image
    mask: sitk.Image
    morphological_mask: sitk.Image
    box: Box
    shape_is_cut: bool
    key: str


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
    region = _build_region(pair)
    levels: list[GreyLevels] = []
    with _quiet_pyradiomics():
        values, gaps = _measure_shape(region, settings)
        if set(settings.classes.named) - SHAPE_FAMILIES:
            for type_name, image_type in settings.image_types.enabled.items():
                measured = _measure_image_type(region, type_name, image_type, settings)
                values |= measured.values
                gaps |= measured.gaps
                levels += measured.grey_levels
            gaps |= _explain_absent(region, settings, values, gaps)
    return Measured(values, gaps, _note_shape(region, settings), tuple(levels))


def _build_region(pair: PreparedPair) -> _Region:
    box = bound_voxels(pair.intensity_mask.voxels_zyx)
    outline = bound_voxels(pair.morphological_mask.voxels_zyx)
    if box is None:
        raise EmptyRoiError("the intensity mask holds no voxel", key=pair.roi.roi_id)
    mask = mask_to_sitk(pair.intensity_mask)
    shared = pair.morphological_mask is pair.intensity_mask
    morphological = mask if shared else mask_to_sitk(pair.morphological_mask)
    return _Region(volume_to_sitk(pair.image), mask, morphological, box, outline != box, pair.roi.roi_id)


@contextmanager
def _quiet_pyradiomics() -> Iterator[None]:
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
def _explained(region: _Region, what: str) -> Iterator[None]:
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


def _measure_shape(region: _Region, settings: FeatureSettings) -> tuple[dict[str, float], dict[str, str]]:
    values: dict[str, float] = {}
    gaps: dict[str, str] = {}
    # The drawn mask, but inside the box of the re-segmented one: so does PyRadiomics.
    image, mask = _crop(region.image, region.box), _crop(region.morphological_mask, region.box)
    arguments = {**build_setting(settings), "label": LABEL}
    for family, names in settings.classes.named.items():
        if family not in SHAPE_FAMILIES:
            continue
        axis = settings.force_2d_axis
        slices = region.box.size_xyz[_AXIS_NUMBERS[axis]]
        if family is Family.SHAPE_2D and slices > 1:
            gaps[f"original_{family.value}"] = (
                f"it needs a region on one slice, and this one spans {slices} along {axis.value}"
            )
            continue
        with _explained(region, family.value):
            values |= _run_class("original", family, names, image, mask, arguments)
    return values, gaps


def _measure_image_type(
    region: _Region, type_name: str, image_type: ImageType, settings: FeatureSettings
) -> Measured:
    values: dict[str, float] = {}
    gaps: dict[str, str] = {}
    levels: list[GreyLevels] = []
    arguments = {**build_image_arguments(settings, image_type), "label": LABEL}
    families = {f: names for f, names in settings.classes.named.items() if f not in SHAPE_FAMILIES}
    mask, discretised = _crop(region.mask, region.box), depends_on_bins(settings)
    with _explained(region, f"image type {type_name}"):
        for filtered, name, _ in FILTERS[type_name](region.image, region.mask, **arguments):
            image = _crop(filtered, region.box)
            inside = sitk.GetArrayViewFromImage(image)[sitk.GetArrayViewFromImage(mask) == LABEL]
            refusal = _refuse_image(inside, arguments, bool(MATRIX_FAMILIES & set(families)))
            if refusal:
                gaps[name] = refusal
                continue
            if discretised:
                levels.append(_count_levels(inside, type_name, name, arguments))
            for family, names in families.items():
                values |= _run_class(name, family, names, image, mask, arguments)
    return Measured(values, gaps, grey_levels=tuple(levels))


def _refuse_image(inside: npt.NDArray[Any], arguments: Arguments, matrices: bool) -> str | None:
    """Why an image must not be measured: PyRadiomics would take NaN for a number, or never come back.

    ``inside`` are the image's intensities in the ROI.
    """
    if not np.all(np.isfinite(inside)):
        return f"{int(np.sum(~np.isfinite(inside)))} of its {inside.size} voxels in the ROI are not finite"
    width = arguments.get("binWidth")
    if not matrices or arguments["binCount"] is not None or width is None:
        return None
    levels = _span_bins(inside, width)
    if levels <= MAX_GREY_LEVELS:
        return None
    return (
        f"its intensities span {levels:.0f} bins of width {width:g}, more than {MAX_GREY_LEVELS} (a wider "
        "bin_width, or a bin_count, for this image type would help)"
    )


def _span_bins(inside: npt.NDArray[Any], width: float) -> float:
    """Bins, which start at multiples of their width, from the least intensity to the greatest."""
    return float(inside.max()) // width - float(inside.min()) // width + 1


def _count_levels(inside: npt.NDArray[Any], type_name: str, name: str, arguments: Arguments) -> GreyLevels:
    """The grey levels of an image's finite intensities in the ROI; a bin count goes before a width."""
    count = arguments["binCount"]
    if count is not None:
        levels = 1 if inside.max() == inside.min() else count
        return GreyLevels(type_name, name, levels, None, count)
    width = arguments["binWidth"]
    return GreyLevels(type_name, name, int(_span_bins(inside, width)), width, None)


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
        f"{image_name}_{family.value}_{name}": _to_float(value) for name, value in measured.execute().items()
    }


def _to_float(value: Any) -> float:
    """A plain float; NaN for a complex number, which only a degenerate matrix yields."""
    scalar = np.asarray(value)
    return float("nan") if np.iscomplexobj(scalar) else float(scalar)


def _crop(image: sitk.Image, box: Box) -> sitk.Image:
    cropped: sitk.Image = sitk.RegionOfInterest(image, box.size_xyz, box.lower_xyz)
    return cropped


def _explain_absent(
    region: _Region, settings: FeatureSettings, values: Mapping[str, float], gaps: Mapping[str, str]
) -> dict[str, str]:
    """Why PyRadiomics yielded no such image: only its LoG filter declines, where an image is too small."""
    settled = {name.partition("_")[0] for name in values} | set(gaps)
    return {
        name: _explain_log(region, image)
        for name, image in plan_images(settings).items()
        if image.type_name == "LoG" and name not in settled
    }


def _explain_log(region: _Region, image: PlannedImage) -> str:
    size, spacing, sigma = region.image.GetSize(), region.image.GetSpacing(), image.parameters["sigma_mm"]
    needed = [max(4, int(np.ceil(sigma / mm)) + 1) for mm in spacing]
    return f"the image is too small: {_by(size)} voxels, where this filter needs {_by(needed)}"


def _by(numbers: Sequence[int]) -> str:
    return " x ".join(str(n) for n in numbers)


def _note_shape(region: _Region, settings: FeatureSettings) -> dict[str, str]:
    if not region.shape_is_cut or not SHAPE_FAMILIES & set(settings.classes.named):
        return {}
    return {
        SHAPE_CUT: (
            "re-segmentation shrank the ROI's bounding box, and shape is measured on what of the drawn "
            "region lies inside the smaller box, as PyRadiomics does"
        )
    }
