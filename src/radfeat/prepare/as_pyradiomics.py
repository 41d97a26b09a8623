"""The preparation settings in PyRadiomics' own words, for comparing with it and for citing it."""

from radfeat.core.errors import SettingsError
from radfeat.core.vocabulary import Recipe
from radfeat.prepare.settings import Interpolator, PrepareSettings

SITK_INTERPOLATORS = {
    Interpolator.NEAREST: "sitkNearestNeighbor",
    Interpolator.LINEAR: "sitkLinear",
    Interpolator.BSPLINE: "sitkBSpline",
    Interpolator.GAUSSIAN: "sitkGaussian",
    Interpolator.LABEL_GAUSSIAN: "sitkLabelGaussian",
    Interpolator.HAMMING_WINDOWED_SINC: "sitkHammingWindowedSinc",
    Interpolator.COSINE_WINDOWED_SINC: "sitkCosineWindowedSinc",
    Interpolator.WELCH_WINDOWED_SINC: "sitkWelchWindowedSinc",
    Interpolator.LANCZOS_WINDOWED_SINC: "sitkLanczosWindowedSinc",
    Interpolator.BLACKMAN_WINDOWED_SINC: "sitkBlackmanWindowedSinc",
}
"""SimpleITK's name of each interpolator, as PyRadiomics takes it."""


def prepare_to_pyradiomics(settings: PrepareSettings) -> dict[str, object]:
    """What PyRadiomics calls ``setting``, for the preparation; nothing is left to a default.

    Raises
    ------
    SettingsError
        If the recipe is another than ``pyradiomics``: PyRadiomics has no words for it.
    """
    if settings.recipe is not Recipe.PYRADIOMICS:
        raise SettingsError(
            "PyRadiomics has no words for this preparation",
            key="prepare.recipe",
            measured=settings.recipe.value,
            allowed=Recipe.PYRADIOMICS.value,
            remedy="Compare with PyRadiomics under the recipe pyradiomics",
        )
    spacing, bounds = settings.resampled_spacing_xyz_mm, settings.resegment_range
    return {
        "normalize": settings.normalise,
        "normalizeScale": settings.normalise_scale,
        "removeOutliers": settings.outlier_sd,
        "resampledPixelSpacing": None if spacing is None else list(spacing),
        "interpolator": SITK_INTERPOLATORS[settings.interpolator],
        "padDistance": settings.pad_voxels,
        "preCrop": settings.crop_first,
        "minimumROIDimensions": settings.minimum_roi_dimensions,
        "minimumROISize": settings.minimum_roi_size,
        "resegmentRange": None if bounds is None else list(bounds),
        "resegmentMode": settings.resegment_mode.value,
        "resegmentShape": settings.resegment_shape,
        "correctMask": False,
        "label": 1,
    }
