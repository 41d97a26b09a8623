"""Settings of the features."""

import difflib
from typing import Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from radfeat.core.by_modality import name_modality, override, require_modalities
from radfeat.core.vocabulary import Engine, Modality, Recipe
from radfeat.features.aggregation import Aggregation
from radfeat.features.by_modality import FeatureOverrides, FeaturesByModality, override_bins
from radfeat.features.image_types import (
    Count,
    Distances,
    ImageTypes,
    OriginalImage,
    SliceAxis,
    Weighting,
    Width,
    complain_about_ibsi_filters,
)
from radfeat.features.register import (
    PYRADIOMICS_FAMILIES,
    SHAPE_FAMILIES,
    Family,
    FeatureStatus,
    family_names,
    read_register,
)

DEFAULT_BIN_WIDTH = 25.0


class FeatureClasses(BaseModel):
    """Which features are measured: each family that is named; an empty list stands for all of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    shape: tuple[str, ...] | None = Field(default=None, description="Shape of the mask in space.")
    shape2D: tuple[str, ...] | None = Field(  # noqa: N815 - PyRadiomics' own name, part of the feature columns
        default=None, description="Shape of a mask on one slice; needs `force_2d`."
    )
    firstorder: tuple[str, ...] | None = Field(
        default=None, description="Distribution of intensities, wherever the voxels lie."
    )
    histogram: tuple[str, ...] | None = Field(
        default=None, description="Distribution of grey levels; only by the recipe `ibsi`."
    )
    glcm: tuple[str, ...] | None = Field(
        default=None, description="Grey level co-occurrence matrix: pairs of neighbours."
    )
    glrlm: tuple[str, ...] | None = Field(
        default=None, description="Grey level run length matrix: lines of one grey level."
    )
    glszm: tuple[str, ...] | None = Field(
        default=None, description="Grey level size zone matrix: patches of one grey level."
    )
    gldm: tuple[str, ...] | None = Field(
        default=None, description="Grey level dependence matrix: numbers of alike neighbours."
    )
    ngtdm: tuple[str, ...] | None = Field(
        default=None,
        description="Neighbouring grey tone difference matrix: a voxel against its surroundings.",
    )

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        complaints = [_complain_about(family, n) for family, names in self.named.items() for n in names]
        if any(complaints):
            raise ValueError("; ".join(complaint for complaint in complaints if complaint))
        if not self.named:
            raise ValueError("no feature class is named: name at least one, for example `firstorder: []`")
        return self

    @property
    def named(self) -> dict[Family, tuple[str, ...]]:
        """The families that are measured, in the order of the tables; an empty tuple stands for all."""
        given = {family: getattr(self, family.value) for family in Family}
        return {family: names for family, names in given.items() if names is not None}


_MEASURED = {FeatureStatus.STANDARD, FeatureStatus.BY_NAME, FeatureStatus.IBSI_ONLY}


def _complain_about(family: Family, name: str) -> str:
    """What keeps a feature from being measured; empty where nothing does."""
    entry = read_register().get((family, name))
    if entry is None:
        known = [n for n in family_names(family) if read_register()[family, n].status in _MEASURED]
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        remedy = f"write {close[0]}, if that is meant" if close else f"known are {', '.join(known)}"
        return f"{family.value} has no feature {name}: {remedy}"
    if entry.status is FeatureStatus.RETIRED:
        why = entry.description.removeprefix("Retired by PyRadiomics: ").removesuffix(".")
        return f"{family.value} {name} yields no value any more, as it is {why}: leave it out"
    return ""


def _complain_about_recipe(recipe: Recipe, family: Family, names: tuple[str, ...]) -> str:
    """What a family asks for that the recipe does not have; empty where nothing."""
    if recipe is Recipe.IBSI:
        why = "shape2D is no family of IBSI: leave it out, or set recipe to pyradiomics"
        return why if family is Family.SHAPE_2D else ""
    own = [n for n in names if read_register()[family, n].status is FeatureStatus.IBSI_ONLY]
    if family in PYRADIOMICS_FAMILIES and not own:
        return ""
    what = ", ".join([family.value if not own else f"{family.value} {name}" for name in own or [""]])
    return f"PyRadiomics yields no {what}: leave it out, or set recipe to ibsi"


def _all_of_pyradiomics() -> FeatureClasses:
    return FeatureClasses(**{f.value: () for f in PYRADIOMICS_FAMILIES if f is not Family.SHAPE_2D})


class FeatureSettings(BaseModel):
    """What is measured. The defaults are PyRadiomics' own: 107 features of the original image.

    Under the recipe ``ibsi`` they are IBSI's: the 125 features of the original image that have a code.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Engine | None = Field(
        default=None,
        description=(
            "Which code computes the features: `native`, compiled code with PyRadiomics' names and values "
            "(within 1e-9) in a small part of its time, only by the recipe pyradiomics; or `pyradiomics` "
            "itself, the reference. Default (null): native by the recipe pyradiomics, pyradiomics by ibsi."
        ),
    )
    recipe: Recipe = Field(
        default=Recipe.PYRADIOMICS,
        description=(
            "By whose definitions features are computed: `pyradiomics`, exactly as PyRadiomics does, for "
            "published signatures; `ibsi`, grey levels from the lower bound, IBSI's aggregations and "
            "histogram, for standardised work. Default: pyradiomics."
        ),
    )
    aggregation: Aggregation | None = Field(
        default=None,
        description=(
            "How texture of directions and slices is combined, only under the recipe `ibsi`, where the "
            "default is 3d_averaged: it suits cubic voxels. Take 2d_ or 2.5d_ where slices are much "
            "thicker than pixels and nothing is resampled."
        ),
    )
    classes: FeatureClasses = Field(
        default_factory=_all_of_pyradiomics,
        description=(
            "Feature families by PyRadiomics' names, each with a list of features, or an empty list for "
            "all of the family. A family that is not named is not measured. Default: all but shape2D, and "
            "histogram only under the recipe `ibsi`, where all of a family is what has an IBSI code and "
            "does not deviate from it."
        ),
    )
    image_types: ImageTypes = Field(
        default_factory=lambda: ImageTypes(Original=OriginalImage()),
        description=(
            "Images to measure, by PyRadiomics' names, each with its own settings, or `{}` for the "
            "defaults. An image type that is not named is not measured. Default: Original."
        ),
    )
    bin_width: Width | None = Field(
        default=DEFAULT_BIN_WIDTH,
        description=(
            "Width of a grey level bin in the image's unit, > 0; bins start at multiples of it, under the "
            "recipe `ibsi` at the lower bound of re-segmentation. Null where `bin_count` is given. "
            "Default 25: suits CT in HU; choose it so that ROIs span 16 to "
            "128 bins."
        ),
    )
    bin_count: Count | None = Field(
        default=None,
        description=(
            "Number of grey level bins, >= 1, instead of a width. Default: none; a width keeps the "
            "meaning of calibrated units."
        ),
    )
    voxel_array_shift: int = Field(
        default=0,
        description=(
            "Added to intensities before Energy, TotalEnergy and RootMeanSquared only, so that none is "
            "negative. Default 0, as in PyRadiomics and IBSI; PyRadiomics' CT examples take 1000."
        ),
    )
    distances: Distances = Field(
        default=(1,),
        description=(
            "Distances between neighbours in voxels, each >= 1, for glcm, gldm and ngtdm. Default: "
            "adjacent voxels."
        ),
    )
    weighting: Weighting = Field(
        default=Weighting.NONE,
        description=(
            "How glcm and glrlm combine the directions; under the recipe `ibsi` see `aggregation`. Default "
            "as in PyRadiomics: features of each direction, averaged."
        ),
    )
    symmetric_glcm: bool = Field(
        default=True,
        description=(
            "Whether a pair of neighbours counts in both directions. Default true, as in PyRadiomics "
            "and IBSI."
        ),
    )
    gldm_alpha: int = Field(
        default=0,
        ge=0,
        description=(
            "Greatest difference in grey level at which gldm takes neighbours for alike, >= 0. Default "
            "0, as in PyRadiomics."
        ),
    )
    force_2d: bool = Field(
        default=False,
        description=(
            "Measure texture within slices only, and wavelets along the two axes of the slice; under the "
            "recipe `ibsi` see `aggregation`. Default false; turn it on where slices are much thicker "
            "than pixels and nothing is resampled."
        ),
    )
    force_2d_axis: SliceAxis = Field(
        default=SliceAxis.Z,
        description=(
            "The axis across the slices for `force_2d`, 2-D aggregations, shape2D and LBP2D. Default z: the "
            "slices as acquired."
        ),
    )
    by_modality: FeaturesByModality = Field(
        default_factory=FeaturesByModality,
        description=(
            "Bins and shift that images of one modality (CT, MR, PT, US, OT) have otherwise, also by image "
            "type; bins of an image type go before those of a modality. Default: all images alike."
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _count_replaces_width(cls, data: Any) -> Any:
        """A bin count that is given replaces the *default* width, not a width that is given as well."""
        if isinstance(data, dict) and data.get("bin_count") is not None and "bin_width" not in data:
            return {**data, "bin_width": None}
        return data

    @model_validator(mode="before")
    @classmethod
    def _recipe_sets_defaults(cls, data: Any) -> Any:
        """IBSI's aggregation and families, where none are given."""
        if not isinstance(data, dict) or data.get("recipe") != Recipe.IBSI:
            return data
        families = {f.value: () for f in Family if f is not Family.SHAPE_2D}
        given = {name: value for name, value in data.items() if value is not None or name != "aggregation"}
        return {"aggregation": Aggregation.SPACE_AVERAGED, "classes": families, **given}

    @field_validator("classes")
    @classmethod
    def _recipe_has_the_features(cls, classes: FeatureClasses, info: ValidationInfo) -> FeatureClasses:
        recipe = info.data.get("recipe", Recipe.PYRADIOMICS)
        complaints = [_complain_about_recipe(recipe, f, names) for f, names in classes.named.items()]
        if any(complaints):
            raise ValueError("; ".join(complaint for complaint in complaints if complaint))
        return classes

    @property
    def measured_by(self) -> Engine:
        """The engine that is asked for, or the recipe's own."""
        return self.engine or (Engine.NATIVE if self.recipe is Recipe.PYRADIOMICS else Engine.PYRADIOMICS)

    @model_validator(mode="after")
    def _recipe_has_the_settings(self) -> Self:
        if self.recipe is Recipe.IBSI and self.engine is Engine.NATIVE:
            raise ValueError("engine native measures by recipe pyradiomics only: set engine to null")
        if self.recipe is Recipe.PYRADIOMICS:
            if self.aggregation is not None:
                raise ValueError("aggregation belongs to recipe ibsi: take weighting and force_2d instead")
            return self
        images = self.image_types.enabled.values()
        overridden = any(i.weighting is not None or i.force_2d is not None for i in images)
        if overridden or self.weighting is not Weighting.NONE or self.force_2d:
            raise ValueError("weighting and force_2d belong to recipe pyradiomics: take aggregation instead")
        return self

    @model_validator(mode="after")
    def _recipe_has_the_filters(self) -> Self:
        complaint = complain_about_ibsi_filters(self.image_types)
        if complaint and self.recipe is Recipe.PYRADIOMICS:
            raise ValueError(complaint)
        return self

    @property
    def within_slices(self) -> bool:
        """Whether texture is measured, and wavelets are taken, within slices only."""
        return self.force_2d if self.aggregation is None else self.aggregation.within_slices

    @model_validator(mode="after")
    def _one_discretisation(self) -> Self:
        if (self.bin_width is None) == (self.bin_count is None):
            raise ValueError("give either bin_width or bin_count, and not both")
        return self

    @model_validator(mode="after")
    def _something_is_measured(self) -> Self:
        named = self.classes.named
        if Family.SHAPE_2D in named and not self.force_2d:
            raise ValueError("classes.shape2D needs force_2d: set force_2d to true, or leave shape2D out")
        if not self.image_types.enabled and set(named) - SHAPE_FAMILIES:
            raise ValueError(
                "no image type is named: name at least one, for example `Original: {}`, or measure shape only"
            )
        return self

    @model_validator(mode="after")
    def _modalities_fit_the_rules(self) -> Self:
        require_modalities(self.by_modality.modalities, lambda modality: resolve_features(self, modality))
        return self

    @model_serializer(mode="wrap")
    def _empty_by_modality_is_left_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        return {n: v for n, v in dumped.items() if n != "by_modality" or v}


def resolve_features(settings: FeatureSettings, modality: Modality) -> FeatureSettings:
    """The settings that hold for the images of one modality: the section's, with what it has otherwise.

    Raises
    ------
    ValueError
        If they break a rule of the section; the sentence names the modality.
    """
    own = settings.by_modality.of(modality) or FeatureOverrides()
    with name_modality(modality):
        image_types = override_bins(settings.image_types, own.image_types)
        update = {**own.replaced, "image_types": image_types, "by_modality": FeaturesByModality()}
        return override(settings, update)
