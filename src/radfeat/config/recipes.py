"""The two recipes side by side: what a study would measure otherwise by the other one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from radfeat.core.vocabulary import Modality, Recipe
from radfeat.features.planned_images import resolve_settings
from radfeat.features.register import Family
from radfeat.features.settings import FeatureSettings, resolve_features
from radfeat.prepare.settings import PrepareSettings, resolve_preparation

Section = TypeVar("Section", PrepareSettings, FeatureSettings)


@dataclass(frozen=True, slots=True)
class RecipeDifference:
    """Something that differs between the recipes: a setting by its name, or what a recipe means by itself."""

    what: str
    pyradiomics: str
    ibsi: str
    is_setting: bool


def compare_recipes(prepare: PrepareSettings, features: FeatureSettings) -> tuple[RecipeDifference, ...]:
    """All that would be otherwise if a study took the other recipe and kept whatever it may keep.

    A setting that differs from its recipe's default is kept where the other recipe allows it; any other takes
    the default of the other recipe. What a modality has otherwise is a line of its own.
    """
    prepared = [prepare, *(resolve_preparation(prepare, m) for m in prepare.by_modality.modalities)]
    measured = [features, *(resolve_features(features, m) for m in features.by_modality.modalities)]
    settings = (*_compare_section("prepare", prepare), *_compare_section("features", features))
    return (*settings, *_list_meanings(prepared, measured))


def require_one_recipe(prepare: PrepareSettings, features: FeatureSettings) -> None:
    """Refuse to prepare by one recipe and measure by the other.

    Raises
    ------
    ValueError
        If the sections name different recipes.
    """
    if prepare.recipe is not features.recipe:
        raise ValueError(
            f"prepare.recipe is {prepare.recipe.value} and features.recipe is {features.recipe.value}: "
            "give both the same; in a study's file leave features.recipe out, and it follows prepare.recipe"
        )


def take_recipe(section: Section, recipe: Recipe) -> Section:
    """A section as it would be under another recipe."""
    model = type(section)
    own = model.model_validate({"recipe": section.recipe}).model_dump()
    set_here = {
        name: value
        for name, value in section.model_dump(exclude={"recipe", "by_modality"}).items()
        if value != own[name] and _allows(model, {"recipe": recipe, name: value})
    }
    other: dict[str, Any] = {"recipe": recipe, **set_here}
    by_modality = {
        modality: {
            name: value
            for name, value in given.items()
            if _allows(model, {**other, "by_modality": {modality: {name: value}}})
        }
        for modality, given in section.by_modality.model_dump().items()
    }
    return model.model_validate({**other, "by_modality": by_modality})


def _allows(model: type[BaseModel], given: dict[str, Any]) -> bool:
    try:
        model.model_validate(given)
    except ValidationError:
        return False
    return True


def _resolve(section: Section, modality: Modality) -> Section:
    if isinstance(section, PrepareSettings):
        return resolve_preparation(section, modality)
    return resolve_features(section, modality)


def _compare_section(name: str, section: Section) -> Iterator[RecipeDifference]:
    by_recipe = {**{r: take_recipe(section, r) for r in Recipe}, section.recipe: section}
    pyradiomics, ibsi = by_recipe[Recipe.PYRADIOMICS], by_recipe[Recipe.IBSI]
    common = _pair_fields(pyradiomics, ibsi)
    for field, (ours, theirs) in common.items():
        if ours != theirs:
            yield RecipeDifference(f"{name}.{field}", _say(ours), _say(theirs), True)
    for modality in section.by_modality.modalities:
        own = _pair_fields(_resolve(pyradiomics, modality), _resolve(ibsi, modality))
        for field, (ours, theirs) in own.items():
            if own[field] != common[field] and (ours != theirs or common[field][0] != common[field][1]):
                what = f"{name}.{field} ({modality.value})"
                yield RecipeDifference(what, _say(ours), _say(theirs), True)


def _pair_fields(pyradiomics: Section, ibsi: Section) -> dict[str, tuple[Any, Any]]:
    """The value of every setting by the one recipe and by the other."""
    ours, theirs = (s.model_dump(mode="json", exclude={"by_modality"}) for s in (pyradiomics, ibsi))
    return {field: (ours[field], theirs[field]) for field in ours}


def _say(value: Any) -> str:
    """A setting's value in one line; of a section the names that are set, and what is listed by name."""
    if isinstance(value, dict):
        given = {key: inner for key, inner in value.items() if inner is not None}
        lists = {key: f" ({_say(v)})" for key, v in given.items() if v and isinstance(v, list)}
        return ", ".join(f"{key}{lists.get(key, '')}" for key in given)
    if isinstance(value, list):
        return ", ".join(_say(inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _list_meanings(
    prepare: Sequence[PrepareSettings], features: Sequence[FeatureSettings]
) -> Iterator[RecipeDifference]:
    """What no setting says but the recipe itself, as far as it concerns this study."""
    families = features[0].classes.named
    concerns = {
        "grid": any(one.resampled_spacing_xyz_mm is not None for one in prepare),
        "shape": Family.SHAPE in families and any(_narrows_intensities_alone(one) for one in prepare),
        "bins": any(_takes_bin_width(one) for one in features),
        "lone": bool({Family.GLRLM, Family.NGTDM} & families.keys()),
        "filters": bool({"LoG", "Wavelet"} & features[0].image_types.enabled.keys()),
        "families": () in families.values(),
    }
    for concern, what, pyradiomics, ibsi in _MEANINGS:
        if concerns[concern]:
            yield RecipeDifference(what, pyradiomics, ibsi, False)


def _narrows_intensities_alone(prepare: PrepareSettings) -> bool:
    """Whether re-segmentation leaves voxels out of all but shape."""
    bounds = (prepare.resegment_range, prepare.outlier_resegment_sd)
    return bounds != (None, None) and not prepare.resegment_shape


def _takes_bin_width(features: FeatureSettings) -> bool:
    """Whether the bins of any image type have a fixed width."""
    resolved = (resolve_settings(features, image) for image in features.image_types.enabled.values())
    return any(settings.bin_width is not None for settings in resolved)


_MEANINGS = (
    (
        "grid",
        "New grid",
        "shares the corner of the image's grid",
        "shares the centre of the image's grid",
    ),
    (
        "grid",
        "Extent",
        "the ROI and its margin, then filters",
        "the whole image, filters included",
    ),
    (
        "grid",
        "Number type on the new grid",
        "the image's own: integers stay integers",
        "64-bit floating point",
    ),
    (
        "grid",
        "Mask on the new grid",
        "the nearest voxel",
        "interpolated linearly, in from half a voxel on",
    ),
    (
        "shape",
        "Shape after re-segmentation",
        "of what of the drawn mask lies inside the re-segmented box",
        "of the whole drawn mask",
    ),
    (
        "bins",
        "Bins of fixed width begin",
        "at a multiple of the width",
        "at the lower bound of re-segmentation, else at the ROI's least",
    ),
    (
        "lone",
        "Voxels alone",
        "no run in directions without two voxels in line; counted in tone differences",
        "a run of length 1 in every direction; left out of tone differences",
    ),
    (
        "filters",
        "LoG and wavelets",
        "as PyRadiomics filters",
        "as IBSI-2 defines them",
    ),
    (
        "families",
        "All of a family ([])",
        "what PyRadiomics measures by default",
        "what has an IBSI code and does not deviate from it",
    ),
)
"""What it concerns, its name, and what it is by the recipes pyradiomics and ibsi."""
