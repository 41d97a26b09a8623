"""Settings of the preparation."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from radfeat.core.by_modality import ByModality, Overrides, name_modality, override, require_modalities
from radfeat.core.vocabulary import Modality, Recipe

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Spacing = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Bound = Annotated[float, Field(allow_inf_nan=False)]


class Interpolator(StrEnum):
    """How intensities between voxels are found.

    Masks take the nearest neighbour under the recipe ``pyradiomics`` and linear interpolation under ``ibsi``,
    which knows the first three for images.
    """

    NEAREST = "nearest"
    """The nearest voxel: invents no intensity, leaves steps."""
    LINEAR = "linear"
    """Between the eight voxels around: no overshoot, smooths a little."""
    BSPLINE = "bspline"
    """Cubic B-spline: keeps contrast, may overshoot at edges; PyRadiomics' default."""
    GAUSSIAN = "gaussian"
    LABEL_GAUSSIAN = "label_gaussian"
    HAMMING_WINDOWED_SINC = "hamming_windowed_sinc"
    COSINE_WINDOWED_SINC = "cosine_windowed_sinc"
    WELCH_WINDOWED_SINC = "welch_windowed_sinc"
    LANCZOS_WINDOWED_SINC = "lanczos_windowed_sinc"
    BLACKMAN_WINDOWED_SINC = "blackman_windowed_sinc"


class ResegmentMode(StrEnum):
    """What the bounds of re-segmentation mean."""

    ABSOLUTE = "absolute"
    """Intensities, in the image's own unit (after normalisation)."""
    RELATIVE = "relative"
    """Fractions of the greatest intensity in the ROI."""
    SIGMA = "sigma"
    """Standard deviations from the mean of the ROI."""


IBSI_DEFAULTS: dict[str, object] = {"interpolator": Interpolator.LINEAR, "round_hu": 1.0}
"""What the recipe ``ibsi`` takes where nothing is said and PyRadiomics' own would not do."""
IBSI_INTERPOLATORS = (Interpolator.NEAREST, Interpolator.LINEAR, Interpolator.BSPLINE)
NOT_IN_IBSI = {
    "pad_voxels": "the whole image is kept, and nothing is cropped",
    "crop_first": "the whole image is kept, and nothing is cropped",
    "resegment_mode": "a range is one of intensities; for outliers set outlier_resegment_sd",
    "resegment_shape": "the morphological mask is never re-segmented",
}
"""Settings that the recipe ``ibsi`` has no use for, and why."""
NOT_IN_PYRADIOMICS = {
    "round_hu": "PyRadiomics rounds nothing; integer images lose their decimals",
    "outlier_resegment_sd": "PyRadiomics has resegment_range with resegment_mode: sigma",
}
"""Settings that the recipe ``pyradiomics`` has no use for, and why."""


class PrepareOverrides(Overrides):
    """What the images of one modality have in the place of the section's settings of the same names."""

    normalise: bool | None = Field(default=None, description="Normalisation of the whole image.")
    normalise_scale: Positive | None = Field(
        default=None, description="Standard deviation after normalisation, > 0."
    )
    outlier_sd: Positive | None = Field(
        default=None, description="Standard deviations at which the normalised image is clipped, > 0."
    )
    resampled_spacing_xyz_mm: tuple[Spacing, Spacing, Spacing] | None = Field(
        default=None, description="New voxel spacing along x, y, z in mm, each >= 0; null: no resampling."
    )
    interpolator: Interpolator | None = Field(default=None, description="Interpolation of the image.")
    round_hu: Spacing | None = Field(
        default=None, description="Step in HU to which intensities are rounded, >= 0; only recipe `ibsi`."
    )
    pad_voxels: int | None = Field(default=None, ge=0, description="Margin around the ROI in voxels, >= 0.")
    resegment_range: tuple[Bound] | tuple[Bound, Bound] | None = Field(
        default=None, description="Bounds of re-segmentation; null: no re-segmentation by a range."
    )
    resegment_mode: ResegmentMode | None = Field(
        default=None, description="What the bounds of re-segmentation mean."
    )
    outlier_resegment_sd: Positive | None = Field(
        default=None, description="Standard deviations from the ROI's mean within which voxels are kept, > 0."
    )


class PrepareByModality(ByModality[PrepareOverrides]):
    """What the images of each modality have otherwise. A class with a name of its own can go to workers."""


class PrepareSettings(BaseModel):
    """From the image as read to the image as measured. The defaults are PyRadiomics' own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: Recipe = Field(
        default=Recipe.PYRADIOMICS,
        description=(
            "Which preparation. `pyradiomics`: bit for bit what PyRadiomics does by itself, so that "
            "published signatures apply. `ibsi`: as the Image Biomarker Standardisation Initiative defines "
            "it, for standardised work."
        ),
    )
    keep: bool = Field(
        default=False,
        description=(
            "Keep each prepared image and mask, cropped to the ROI, as small NIfTI files to look at. "
            "Off by default: they are copies of image data. Alters no number."
        ),
    )
    normalise: bool = Field(
        default=False,
        description=(
            "Centre the whole image at its mean and divide by its standard deviation, before anything "
            "else. Off by default: CT and PET have meaningful units; for MR turn it on."
        ),
    )
    normalise_scale: Positive = Field(
        default=1.0,
        description=(
            "Standard deviation after normalisation, > 0. With 100, bin widths near 5 suit MR. Default "
            "1: no scaling. No effect without `normalise`."
        ),
    )
    outlier_sd: Positive | None = Field(
        default=None,
        description=(
            "Clip the normalised image at this many standard deviations, > 0. Default: no clipping. No "
            "effect without `normalise`."
        ),
    )
    resampled_spacing_xyz_mm: tuple[Spacing, Spacing, Spacing] | None = Field(
        default=None,
        description=(
            "New voxel spacing along x, y, z in mm, each >= 0; 0 keeps the axis as it is. A direction "
            "in which the mask spans one slice is kept too, but not by recipe `ibsi`, where the image has "
            "one grid for all its ROIs. Default: no resampling, as in PyRadiomics; texture in 3-D needs "
            "equal spacings, so choose one per modality."
        ),
    )
    interpolator: Interpolator = Field(
        default=Interpolator.BSPLINE,
        description=(
            "Interpolation of the image; the mask takes the nearest neighbour. Default as in PyRadiomics. "
            "Recipe `ibsi`: `nearest`, `linear` or `bspline` (cubic), `linear` where nothing is said; the "
            "mask is interpolated linearly and cut at one half."
        ),
    )
    round_hu: Spacing | None = Field(
        default=None,
        description=(
            "Round the interpolated intensities of an image in HU to whole multiples of this, >= 0; 0 "
            "rounds nothing. Only recipe `ibsi`. Default, and null: what the recipe says, 1 HU under "
            "`ibsi`, the resolution of a CT, and nothing under `pyradiomics`."
        ),
    )
    pad_voxels: int = Field(
        default=5,
        ge=0,
        description=(
            "Margin around the ROI after resampling or `crop_first`, in voxels of the new grid, >= 0. "
            "Image filters see nothing beyond it: for LoG with sigma above 5 mm raise it. Default as in "
            "PyRadiomics. Not for recipe `ibsi`, which keeps the whole image."
        ),
    )
    crop_first: bool = Field(
        default=False,
        description=(
            "Crop to the ROI and `pad_voxels` before image filters where nothing is resampled "
            "(resampling crops by itself). Faster; alters filtered images. Off by default, as in "
            "PyRadiomics. Not for recipe `ibsi`."
        ),
    )
    minimum_roi_dimensions: int = Field(
        default=2,
        ge=1,
        le=3,
        description=(
            "Along how many axes the ROI must span more than one voxel, 1 to 3. Default 2, as in "
            "PyRadiomics: a region on one slice is allowed, a line is not. A single voxel is always "
            "refused."
        ),
    )
    minimum_roi_size: int | None = Field(
        default=None,
        ge=1,
        description=(
            "An ROI of this many voxels or fewer is refused (PyRadiomics' rule: it must hold more), >= "
            "1. Default: no such check."
        ),
    )
    resegment_range: tuple[Bound] | tuple[Bound, Bound] | None = Field(
        default=None,
        description=(
            "Keep only voxels of the ROI from the lower to the upper bound, both included; one number: "
            "a lower bound only. Meaning by `resegment_mode`. Default: no re-segmentation. Under recipe "
            "`ibsi` bins of a fixed size begin at the lower bound."
        ),
    )
    resegment_mode: ResegmentMode = Field(
        default=ResegmentMode.ABSOLUTE,
        description=(
            "Whether the bounds are intensities, fractions of the maximum, or standard deviations. Recipe "
            "`ibsi`: intensities only."
        ),
    )
    resegment_shape: bool = Field(
        default=False,
        description=(
            "Whether shape, too, is measured on the re-segmented mask. Off by default: the drawn region "
            "keeps its shape; on for PET thresholds. Not for recipe `ibsi`."
        ),
    )
    outlier_resegment_sd: Positive | None = Field(
        default=None,
        description=(
            "Keep only voxels of the ROI within this many standard deviations (n) from its mean, > 0; both "
            "are those of the ROI before `resegment_range`. Only recipe `ibsi`, where 3 is customary. "
            "Default: no re-segmentation by outliers."
        ),
    )
    by_modality: PrepareByModality = Field(
        default_factory=PrepareByModality,
        description=(
            "Settings of this section that images of one modality (CT, MR, PT, US, OT) have otherwise; null "
            "is a value. Default: all images alike."
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _defaults_by_recipe(cls, data: Any) -> Any:
        """Another recipe has other defaults; a value that is given stays, and null is none."""
        if isinstance(data, dict) and data.get("recipe") == Recipe.IBSI:
            empty = [name for name in IBSI_DEFAULTS if data.get(name) is None]
            return {**data, **{name: IBSI_DEFAULTS[name] for name in empty}}
        return data

    @model_validator(mode="after")
    def _settings_fit_the_recipe(self) -> Self:
        foreign = NOT_IN_IBSI if self.recipe is Recipe.IBSI else NOT_IN_PYRADIOMICS
        fields = type(self).model_fields
        complaints = [
            f"{name} means nothing under recipe {self.recipe.value}: {why}"
            for name, why in foreign.items()
            if getattr(self, name) != fields[name].default
        ]
        if self.recipe is Recipe.IBSI and self.interpolator not in IBSI_INTERPOLATORS:
            known = ", ".join(interpolator.value for interpolator in IBSI_INTERPOLATORS)
            complaints.append(f"interpolator {self.interpolator.value} is none of recipe ibsi: write {known}")
        if complaints:
            raise ValueError("; ".join(complaints))
        return self

    @model_validator(mode="after")
    def _modalities_fit_the_rules(self) -> Self:
        require_modalities(self.by_modality.modalities, lambda modality: resolve_preparation(self, modality))
        return self

    @model_serializer(mode="wrap")
    def _empty_by_modality_is_left_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        return {n: v for n, v in dumped.items() if n != "by_modality" or v}


def resolve_preparation(settings: PrepareSettings, modality: Modality) -> PrepareSettings:
    """The settings that hold for the images of one modality: the section's, with what it has otherwise.

    Raises
    ------
    ValueError
        If they break a rule of the section; the sentence names the modality.
    """
    own = settings.by_modality.of(modality) or PrepareOverrides()
    with name_modality(modality):
        return override(settings, {**own.given, "by_modality": PrepareByModality()})
