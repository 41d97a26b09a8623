"""Which images and which features settings ask for, before anything is computed."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from radfeat.core.vocabulary import Recipe
from radfeat.features.image_names import BANDS_2D, BANDS_3D, ImageKind, name_log, name_wavelet
from radfeat.features.image_types import (
    GradientImage,
    ImageType,
    Lbp2dImage,
    Lbp3dImage,
    LogImage,
    WaveletImage,
)
from radfeat.features.register import (
    SHAPE_FAMILIES,
    Family,
    FeatureStatus,
    family_names,
    family_names_by_ibsi,
    read_register,
)
from radfeat.features.settings import FeatureSettings

Parameters = dict[str, object]

_SIMPLE_KINDS = {
    "Original": ImageKind.ORIGINAL,
    "Square": ImageKind.SQUARE,
    "SquareRoot": ImageKind.SQUARE_ROOT,
    "Logarithm": ImageKind.LOGARITHM,
    "Exponential": ImageKind.EXPONENTIAL,
    "Gradient": ImageKind.GRADIENT,
    "LBP2D": ImageKind.LBP_2D,
}


@dataclass(frozen=True, slots=True)
class PlannedImage:
    """One image to measure: its name in feature columns, its image type, its filter's parameters."""

    name: str
    type_name: str
    image_type: ImageType
    parameters: Parameters = field(default_factory=dict)


def resolve_settings(settings: FeatureSettings, image_type: ImageType) -> FeatureSettings:
    """The settings that hold on one image type: the section's, with what the image type overrides.

    A bin width that is overridden replaces a bin count as well, and a count a width.
    """
    own = {name: getattr(image_type, name) for name in ImageType.model_fields}
    update = {name: value for name, value in own.items() if value is not None}
    if "bin_width" in update:
        update["bin_count"] = None
    elif "bin_count" in update:
        update["bin_width"] = None
    return settings.model_copy(update=update)


def plan_images(settings: FeatureSettings) -> dict[str, PlannedImage]:
    """Every image that will be measured, by its name in feature columns."""
    planned: dict[str, PlannedImage] = {}
    for type_name, image_type in settings.image_types.enabled.items():
        flat = resolve_settings(settings, image_type).within_slices
        for name, parameters in _images_of(type_name, image_type, flat):
            planned[name] = PlannedImage(name, type_name, image_type, parameters)
    return planned


def plan_features(settings: FeatureSettings) -> tuple[str, ...]:
    """The name of every feature that will be measured; shape comes first, once."""
    named = name_features(settings)
    shape = [
        f"{ImageKind.ORIGINAL.value}_{family.value}_{name}"
        for family, names in named.items()
        if family in SHAPE_FAMILIES
        for name in names
    ]
    texture = [
        f"{image}_{family.value}_{name}"
        for image in plan_images(settings)
        for family, names in named.items()
        if family not in SHAPE_FAMILIES
        for name in names
    ]
    return (*shape, *texture)


def depends_on_bins(settings: FeatureSettings) -> bool:
    """Whether the discretisation of intensities alters any feature that is asked for."""
    register = read_register()
    return any(
        register[family, name].depends == "bins"
        for family, names in name_features(settings).items()
        for name in names
    )


def name_features(settings: FeatureSettings) -> dict[Family, tuple[str, ...]]:
    """The features of each family that are asked for.

    None named asks for all that are standard, or by the recipe ``ibsi`` for all that IBSI has.
    """
    by_ibsi = settings.recipe is Recipe.IBSI
    return {
        family: tuple(dict.fromkeys(wanted))
        or (family_names_by_ibsi(family) if by_ibsi else family_names(family, FeatureStatus.STANDARD))
        for family, wanted in settings.classes.named.items()
    }


def _images_of(type_name: str, image_type: ImageType, flat: bool) -> Iterator[tuple[str, Parameters]]:
    match image_type:
        case LogImage():
            for sigma in image_type.sigma_mm:
                yield name_log(sigma), {"sigma_mm": sigma}
        case WaveletImage():
            yield from _wavelets(image_type, BANDS_2D if flat else BANDS_3D)
        case Lbp3dImage():
            shared: Parameters = image_type.model_dump(include={"levels", "radius", "subdivision"})
            for level in range(1, image_type.levels + 1):
                yield f"{ImageKind.LBP_3D.value}-m{level}", {**shared, "degree": level - 1}
            yield f"{ImageKind.LBP_3D.value}-k", {**shared, "statistic": "kurtosis"}
        case GradientImage():
            yield _SIMPLE_KINDS[type_name].value, {"use_spacing": image_type.use_spacing}
        case Lbp2dImage():
            own = image_type.model_dump(mode="json", include={"radius", "samples", "method"})
            yield _SIMPLE_KINDS[type_name].value, own
        case _:
            yield _SIMPLE_KINDS[type_name].value, {}


def _wavelets(image_type: WaveletImage, bands: tuple[str, ...]) -> Iterator[tuple[str, Parameters]]:
    """Every band of every level but for the approximation, which the last level alone has."""
    for level in range(1, image_type.level + 1):
        for band in bands if level == image_type.level else bands[1:]:
            yield (
                name_wavelet(level, band),
                {
                    "wavelet": image_type.wavelet,
                    "band": band,
                    "level": level,
                    "start_level": image_type.start_level,
                },
            )
