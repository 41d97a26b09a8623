"""The two recipes side by side: what a study would measure otherwise by the other one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from radfeat.core.vocabulary import Recipe
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
    """A setting's value in one line; of a section the names that are set."""
    if isinstance(value, dict):
        return ", ".join(key for key, inner in value.items() if inner is not None)
    if isinstance(value, list):
        return ", ".join(_say(inner) for inner in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _list_meanings(prepare: PrepareSettings, features: FeatureSettings) -> Iterator[RecipeDifference]:
    """What no setting says but the recipe itself, as far as it concerns this study."""
    if prepare.resampled_spacing_xyz_mm is not None:
        yield RecipeDifference(
            "New grid",
            "shares the corner of the image's grid",
            "shares the centre of the image's grid",
            False,
        )
        yield RecipeDifference(
            "Extent", "the ROI and its margin, then filters", "the whole image, filters included", False
        )
        yield RecipeDifference(
            "Mask on the new grid",
            "the nearest voxel",
            "interpolated linearly, in from half a voxel on",
            False,
        )
    if features.bin_width is not None:
        yield RecipeDifference(
            "Bins of fixed width begin",
            "at a multiple of the width",
            "at the lower bound of re-segmentation, else at the ROI's least",
            False,
        )
    yield RecipeDifference(
        "All of a family ([])",
        "what PyRadiomics measures by default",
        "what has an IBSI code and does not deviate from it",
        False,
    )
