"""The settings that PyRadiomics knows, what they are called here, and which are refused for what reason."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from radfeat.features.as_pyradiomics import ARRAY_AXES, FILTER_NAMES, SETTING_NAMES
from radfeat.features.image_types import ImageTypes, Weighting
from radfeat.prepare.as_pyradiomics import SITK_INTERPOLATORS

SECTIONS = ("setting", "imageType", "featureClass", "voxelSetting")

PREPARE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "normalize": "normalise",
        "normalizeScale": "normalise_scale",
        "removeOutliers": "outlier_sd",
        "resampledPixelSpacing": "resampled_spacing_xyz_mm",
        "interpolator": "interpolator",
        "padDistance": "pad_voxels",
        "preCrop": "crop_first",
        "minimumROIDimensions": "minimum_roi_dimensions",
        "minimumROISize": "minimum_roi_size",
        "resegmentRange": "resegment_range",
        "resegmentMode": "resegment_mode",
        "resegmentShape": "resegment_shape",
    }
)
"""Our name of each setting of the preparation."""

CLASS_NAMES: Mapping[str, str] = MappingProxyType({theirs: ours for ours, theirs in SETTING_NAMES.items()})
"""Our name of each setting that holds for feature classes, and that an image type may override."""

FILTER_OWNERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        theirs: (type_name, ours)
        for type_name, field in ImageTypes.model_fields.items()
        for image_type, names in FILTER_NAMES.items()
        if image_type in getattr(field.annotation, "__args__", ())
        for ours, theirs in names.items()
    }
)
"""The image type that each filter setting belongs to, and our name of the setting."""

NULLABLE = frozenset(
    {
        *("normalize", "removeOutliers", "resampledPixelSpacing", "interpolator", "preCrop"),
        *("minimumROISize", "resegmentRange", "resegmentShape", "weightingNorm", "binCount"),
    }
)
"""Settings that PyRadiomics takes for switched off where they have no value; at others it would stop."""

FLAGS = frozenset(
    {
        *("normalize", "preCrop", "resegmentShape", "force2D", "symmetricalGLCM", "gradientUseSpacing"),
        *("additionalInfo", "correctMask"),
    }
)
TEXTS = frozenset({"interpolator", "resegmentMode", "weightingNorm", "wavelet", "lbp2DMethod"})


def _require_default(default: object, why: str) -> Callable[[object], str | None]:
    """Accepts a setting that says what holds anyway; refuses any other value with the reason."""
    return lambda value: None if value is None or value == default else why


INGEST_RULES: Mapping[str, Callable[[object], str | None]] = MappingProxyType(
    {
        "label": _require_default(
            1, "the label belongs to a mask, not to the study: write it in column `label` of the image sheet"
        ),
        "label_channel": _require_default(
            0, "masks of several channels are read by the names of their segments: leave it out"
        ),
        "geometryTolerance": lambda value: (
            "how far image and mask may differ is said in mm here, not as a fraction of the spacing: set "
            "`ingest.geometry_tolerance_mm` in the configuration file, and leave it out"
        ),
        "correctMask": _require_default(
            False, "a mask is never resampled onto its image silently: mend the mask, and leave it out"
        ),
        "additionalInfo": lambda value: None,  # the tables always hold what it would add
    }
)
"""Settings that concern reading: None where they are accepted, else why they are not."""

KNOWN_SETTINGS = (*PREPARE_NAMES, *CLASS_NAMES, *FILTER_OWNERS, *INGEST_RULES)

_CHOICES: Mapping[str, Mapping[object, object]] = MappingProxyType(
    {
        "interpolator": {
            **{sitk_name: ours.value for ours, sitk_name in SITK_INTERPOLATORS.items()},
            **{number: ours.value for number, ours in enumerate(SITK_INTERPOLATORS, start=1)},
        },
        "weightingNorm": {
            None: Weighting.NONE.value,
            **{w.value: w.value for w in Weighting if w is not Weighting.NONE},
        },
        "force2Ddimension": {number: axis.value for axis, number in ARRAY_AXES.items()},
    }
)


def translate_value(name: str, value: object) -> tuple[object, str | None]:
    """Our value of a setting that PyRadiomics calls so, and a complaint about it, if there is one."""
    if value is None and name not in NULLABLE:
        return None, "has no value, and PyRadiomics would stop at it: give one, or leave the setting out"
    if complaint := _complain_about_type(name, value):
        return None, complaint
    if name in _CHOICES:
        choices = _CHOICES[name]
        if value in choices or value is None:
            return choices.get(value), None
        return None, f"is {value!r}: choose one of {', '.join(str(c) for c in choices if c is not None)}"
    if name in FLAGS:
        return bool(value), None
    return value, None


def _complain_about_type(name: str, value: object) -> str | None:
    """YAML's booleans and texts are no numbers, however they look."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, bool) != (name in FLAGS) and item is not None:
            wanted = "true or false" if name in FLAGS else "a number or a text"
            return f"is {item!r}: write {wanted}"
        if isinstance(item, str) and name not in TEXTS:
            return f"is the text {item!r}: write a number, without quotes"
    return None
