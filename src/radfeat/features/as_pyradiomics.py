"""The feature settings in PyRadiomics' own words, for computing with it, comparing with it and citing it."""

from radfeat.features.aggregation import Aggregation
from radfeat.features.image_types import (
    GradientImage,
    ImageType,
    Lbp2dImage,
    Lbp3dImage,
    LogImage,
    SliceAxis,
    WaveletImage,
    Weighting,
)
from radfeat.features.settings import FeatureSettings

Arguments = dict[str, object]

ARRAY_AXES = {SliceAxis.Z: 0, SliceAxis.Y: 1, SliceAxis.X: 2}
"""PyRadiomics counts the axes of the array (z, y, x)."""

SETTING_NAMES = {
    "bin_width": "binWidth",
    "bin_count": "binCount",
    "voxel_array_shift": "voxelArrayShift",
    "distances": "distances",
    "weighting": "weightingNorm",
    "symmetric_glcm": "symmetricalGLCM",
    "gldm_alpha": "gldm_a",
    "force_2d": "force2D",
    "force_2d_axis": "force2Ddimension",
}
"""PyRadiomics' name of each setting that an image type may override."""

FILTER_NAMES: dict[type[ImageType], dict[str, str]] = {
    LogImage: {"sigma_mm": "sigma"},
    WaveletImage: {"wavelet": "wavelet", "level": "level", "start_level": "start_level"},
    GradientImage: {"use_spacing": "gradientUseSpacing"},
    Lbp2dImage: {"radius": "lbp2DRadius", "samples": "lbp2DSamples", "method": "lbp2DMethod"},
    Lbp3dImage: {
        "levels": "lbp3DLevels",
        "radius": "lbp3DIcosphereRadius",
        "subdivision": "lbp3DIcosphereSubdivision",
    },
}
"""PyRadiomics' name of each setting of a filter."""


def features_to_pyradiomics(settings: FeatureSettings) -> dict[str, Arguments]:
    """A PyRadiomics parameter dictionary (``imageType``, ``featureClass``, ``setting``) of these settings.

    The preparation's share of ``setting`` is not in it.
    """
    return {
        "imageType": {name: _overrides(image) for name, image in settings.image_types.enabled.items()},
        "featureClass": {family.value: list(names) for family, names in settings.classes.named.items()},
        "setting": build_setting(settings),
    }


def build_setting(settings: FeatureSettings) -> Arguments:
    """What PyRadiomics calls ``setting``, for the features; nothing is left to a default but the unused."""
    values = {theirs: _plain(getattr(settings, ours)) for ours, theirs in SETTING_NAMES.items()}
    if values["binWidth"] is None:
        del values["binWidth"]  # a bin count goes first, and null is no width
    return {**values, **_aggregate(settings.aggregation)}


def _aggregate(aggregation: Aggregation | None) -> Arguments:
    """The weighting and slices that come closest to IBSI's aggregation; none for the recipe PyRadiomics."""
    if aggregation is None:
        return {}
    weighting = Weighting.NO_WEIGHTING if aggregation.merges_directions else Weighting.NONE
    return {"weightingNorm": _plain(weighting), "force2D": aggregation.within_slices}


def build_image_arguments(settings: FeatureSettings, image_type: ImageType) -> Arguments:
    """The arguments of an image type's filter and of the feature classes on its images."""
    return {**build_setting(settings), **_overrides(image_type)}


def _overrides(image_type: ImageType) -> Arguments:
    own = {
        theirs: _plain(getattr(image_type, ours))
        for ours, theirs in SETTING_NAMES.items()
        if getattr(image_type, ours) is not None
    }
    if "binWidth" in own:
        own["binCount"] = None  # a width that is given here replaces a count that is given elsewhere
    names = FILTER_NAMES.get(type(image_type), {})
    return {**own, **{theirs: _plain(getattr(image_type, ours)) for ours, theirs in names.items()}}


def _plain(value: object) -> object:
    match value:
        case SliceAxis():
            return ARRAY_AXES[value]
        case Weighting():
            return None if value is Weighting.NONE else value.value
        case tuple():
            return list(value)
        case str():
            return str(value)
        case _:
            return value
