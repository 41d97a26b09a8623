"""The two recipes side by side: what a study would measure otherwise by the other one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from radfeat.core.vocabulary import Recipe
from radfeat.features.planned_images import resolve_settings
from radfeat.features.register import Family
from radfeat.features.settings import FeatureSettings
from radfeat.prepare.settings import PrepareSettings


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
    the default of the other recipe.
    """
    given: tuple[tuple[str, BaseModel], ...] = (("prepare", prepare), ("features", features))
    settings = [d for name, section in given for d in _compare_section(name, section)]
    return (*settings, *_list_meanings(prepare, features))


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


def take_recipe(section: BaseModel, recipe: Recipe) -> BaseModel:
    """A section as it would be under another recipe."""
    model = type(section)
    own = model.model_validate({"recipe": section.model_dump()["recipe"]}).model_dump()
    set_here = {
        name: value
        for name, value in section.model_dump().items()
        if name != "recipe" and value != own[name] and _allows(model, recipe, name, value)
    }
    return model.model_validate({"recipe": recipe, **set_here})


def _allows(model: type[BaseModel], recipe: Recipe, name: str, value: object) -> bool:
    try:
        model.model_validate({"recipe": recipe, name: value})
    except ValidationError:
        return False
    return True


def _compare_section(name: str, section: BaseModel) -> Iterator[RecipeDifference]:
    by_recipe = {r: take_recipe(section, r).model_dump(mode="json") for r in Recipe}
    by_recipe[section.model_dump()["recipe"]] = section.model_dump(mode="json")
    pyradiomics, ibsi = by_recipe[Recipe.PYRADIOMICS], by_recipe[Recipe.IBSI]
    for field in pyradiomics:
        if pyradiomics[field] != ibsi[field]:
            yield RecipeDifference(f"{name}.{field}", _say(pyradiomics[field]), _say(ibsi[field]), True)


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


def _list_meanings(prepare: PrepareSettings, features: FeatureSettings) -> Iterator[RecipeDifference]:
    """What no setting says but the recipe itself, as far as it concerns this study."""
    families = features.classes.named
    concerns = {
        "grid": prepare.resampled_spacing_xyz_mm is not None,
        "shape": Family.SHAPE in families and _narrows_intensities_alone(prepare),
        "bins": _takes_bin_width(features),
        "lone": bool({Family.GLRLM, Family.NGTDM} & families.keys()),
        "filters": bool({"LoG", "Wavelet"} & features.image_types.enabled.keys()),
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
