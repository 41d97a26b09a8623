"""The two recipes side by side: what a study would have by the other one."""

from typing import Any

import pytest

from radfeat.config.model import StudySettings
from radfeat.config.recipes import RecipeDifference, compare_recipes, take_recipe
from radfeat.core.vocabulary import Recipe
from radfeat.features.aggregation import Aggregation
from radfeat.features.settings import FeatureSettings
from radfeat.pipeline.case_settings import CaseSettings
from radfeat.prepare.settings import PrepareSettings


def differ(prepare: dict[str, Any], features: dict[str, Any]) -> dict[str, RecipeDifference]:
    found = compare_recipes(PrepareSettings.model_validate(prepare), FeatureSettings.model_validate(features))
    return {d.what: d for d in found}


def test_settings_that_both_recipes_allow_are_kept() -> None:
    found = differ({"resegment_range": [-500, 400]}, {"bin_count": 32, "classes": {"glcm": ["Contrast"]}})
    assert not {"prepare.resegment_range", "features.bin_count", "features.classes"} & found.keys()
    assert found["features.recipe"] == RecipeDifference("features.recipe", "pyradiomics", "ibsi", True)
    assert (found["features.aggregation"].pyradiomics, found["features.aggregation"].ibsi) == (
        "none",
        "3d_averaged",
    )


def test_settings_that_the_other_recipe_refuses_take_its_default() -> None:
    found = differ({}, {"recipe": "pyradiomics", "weighting": "euclidean", "force_2d": True})
    assert (found["features.weighting"].pyradiomics, found["features.weighting"].ibsi) == (
        "euclidean",
        "none",
    )
    assert (found["features.force_2d"].pyradiomics, found["features.force_2d"].ibsi) == ("yes", "no")


def test_features_by_name_are_told_apart() -> None:
    found = differ({"recipe": "ibsi"}, {"recipe": "ibsi", "classes": {"firstorder": ["ExcessKurtosis"]}})
    assert found["features.classes"].ibsi == "firstorder (ExcessKurtosis)"
    assert found["features.classes"].pyradiomics.startswith("shape, firstorder, glcm")


def test_shape_that_follows_re_segmentation_is_a_setting_alone() -> None:
    found = differ({"resegment_range": [0], "resegment_shape": True}, {})
    assert found["prepare.resegment_shape"].ibsi == "no"
    assert "Shape after re-segmentation" not in found


def test_the_columns_are_the_same_whichever_recipe_is_in_use() -> None:
    prepare, features = PrepareSettings(), FeatureSettings()
    other = (take_recipe(prepare, Recipe.IBSI), take_recipe(features, Recipe.IBSI))
    assert isinstance(other[0], PrepareSettings)
    assert isinstance(other[1], FeatureSettings)
    assert compare_recipes(*other) == compare_recipes(prepare, features)


def test_what_a_recipe_means_is_said_only_where_it_matters() -> None:
    plain = differ({}, {"bin_count": 32})
    assert "New grid" not in plain
    assert "Bins of fixed width begin" not in plain
    assert not {"Shape after re-segmentation", "LoG and wavelets"} & plain.keys()
    named = differ({"resegment_range": [0]}, {"classes": {"firstorder": ["Mean"]}})
    assert not {"Shape after re-segmentation", "Voxels alone", "All of a family ([])"} & named.keys()
    widths = {"Original": {}, "LoG": {"sigma_mm": [2], "bin_width": 5}}
    filtered = differ({"resegment_range": [0]}, {"bin_count": 32, "image_types": widths})
    assert {"Shape after re-segmentation", "Voxels alone", "All of a family ([])"} < filtered.keys()
    assert {"Bins of fixed width begin", "LoG and wavelets"} < filtered.keys()
    full = differ({"resampled_spacing_xyz_mm": [1, 1, 1]}, {"bin_width": 25})
    assert full["New grid"].ibsi == "shares the centre of the image's grid"
    assert not full["Bins of fixed width begin"].is_setting


@pytest.mark.parametrize("recipe", Recipe)
def test_taking_its_own_recipe_changes_nothing(recipe: Recipe) -> None:
    settings = FeatureSettings.model_validate({"recipe": recipe, "bin_width": 10, "distances": [1, 2]})
    assert take_recipe(settings, recipe) == settings


def test_the_features_follow_the_recipe_of_the_preparation() -> None:
    settings = StudySettings.model_validate({"prepare": {"recipe": "ibsi"}})
    assert settings.features.recipe is Recipe.IBSI
    assert settings.features.aggregation is Aggregation.SPACE_AVERAGED
    assert StudySettings().features.recipe is Recipe.PYRADIOMICS


@pytest.mark.parametrize(("prepare", "features"), [("ibsi", "pyradiomics"), ("pyradiomics", "ibsi")])
def test_two_recipes_in_one_study_are_refused(prepare: str, features: str) -> None:
    said = {"prepare": {"recipe": prepare}, "features": {"recipe": features}}
    with pytest.raises(ValueError, match=rf"prepare\.recipe is {prepare} and features\.recipe is {features}"):
        StudySettings.model_validate(said)
    with pytest.raises(ValueError, match=r"leave features\.recipe out"):
        CaseSettings(
            prepare=PrepareSettings(recipe=Recipe(prepare)), features=FeatureSettings(recipe=Recipe(features))
        )
