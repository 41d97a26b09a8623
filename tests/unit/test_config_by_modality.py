"""Settings by modality: what holds for the images of each, what is refused, what stays as it was."""

import pickle
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from radfeat.config.model import StudySettings, compute_case_digest, compute_extraction_digest
from radfeat.config.reader import read_settings
from radfeat.config.recipes import RecipeDifference, compare_recipes
from radfeat.core.errors import SettingsError
from radfeat.core.vocabulary import Modality, Recipe
from radfeat.features.planned_images import plan_features, resolve_settings
from radfeat.features.settings import FeatureSettings, resolve_features
from radfeat.prepare.settings import Interpolator, PrepareSettings, resolve_preparation

Bins = tuple[float | None, int | None]

BOTH: dict[str, Any] = {
    "bin_width": 25,
    "image_types": {"Original": {}, "LoG": {"bin_width": 10}},
    "by_modality": {
        "MR": {"bin_count": 32},
        "PT": {"bin_width": 0.25, "voxel_array_shift": 7, "image_types": {"LoG": {"bin_count": 16}}},
        "US": {"image_types": {"LoG": {"bin_width": None}}, "bin_width": 3},
    },
}


def bins_of(settings: FeatureSettings) -> dict[str, Bins]:
    resolved = {n: resolve_settings(settings, image) for n, image in settings.image_types.enabled.items()}
    return {name: (own.bin_width, own.bin_count) for name, own in resolved.items()}


@pytest.mark.parametrize(
    ("modality", "original", "log", "shift"),
    [
        (Modality.CT, (25, None), (10, None), 0),
        (Modality.OT, (25, None), (10, None), 0),
        (Modality.MR, (None, 32), (10, None), 0),
        (Modality.PT, (0.25, None), (None, 16), 7),
        (Modality.US, (3, None), (3, None), 0),  # null gives LoG the modality's own width
    ],
)
def test_bins_and_shift_are_those_of_the_modality(
    modality: Modality, original: Bins, log: Bins, shift: int
) -> None:
    settings = FeatureSettings.model_validate(BOTH)
    own = resolve_features(settings, modality)
    assert bins_of(own) == {"Original": original, "LoG": log}
    assert own.voxel_array_shift == shift
    assert plan_features(own) == plan_features(settings)
    assert not own.by_modality.given


def test_a_width_of_a_modality_replaces_the_count_of_the_section() -> None:
    settings = FeatureSettings.model_validate({"bin_count": 32, "by_modality": {"CT": {"bin_width": 25}}})
    assert bins_of(resolve_features(settings, Modality.CT)) == {"Original": (25, None)}
    assert bins_of(resolve_features(settings, Modality.PT)) == {"Original": (None, 32)}


def test_settings_of_a_modality_are_the_plain_settings_with_its_own() -> None:
    shared = {"resampled_spacing_xyz_mm": (1, 1, 1), "resegment_range": (-100, 300), "keep": True}
    own = {"normalise": True, "resegment_range": None, "interpolator": "linear", "pad_voxels": 9}
    settings = PrepareSettings.model_validate({**shared, "by_modality": {"MR": own}})
    assert resolve_preparation(settings, Modality.MR) == PrepareSettings.model_validate({**shared, **own})
    assert resolve_preparation(settings, Modality.CT) == PrepareSettings.model_validate(shared)


def test_the_recipe_ibsi_keeps_its_defaults_for_every_modality() -> None:
    settings = PrepareSettings.model_validate(
        {"recipe": "ibsi", "by_modality": {"PT": {"outlier_resegment_sd": 3}}}
    )
    pet = resolve_preparation(settings, Modality.PT)
    assert (pet.interpolator, pet.round_hu, pet.outlier_resegment_sd) == (Interpolator.LINEAR, 1.0, 3.0)


@pytest.mark.parametrize(
    ("section", "given", "message"),
    [
        ("features", {"PT": {"bin_width": None}}, "by_modality.PT: give either bin_width or bin_count"),
        ("features", {"PT": {"bin_width": 1, "bin_count": 8}}, "by_modality.PT: give either bin_width"),
        ("features", {"PT": {"bin_width": 0}}, "by_modality.PT.bin_width"),
        (
            "features",
            {"PT": {"image_types": {"LoG": {"bin_count": 8}}}},
            "by_modality.PT: LoG is not measured",
        ),
        (
            "features",
            {"PT": {"image_types": {"Original": {"bin_width": 1, "bin_count": 8}}}},
            "by_modality.PT: bin_width and bin_count exclude each other",
        ),
        ("features", {"PT": {"force_2d": True}}, "by_modality.PT.force_2d"),
        ("features", {"PT": {"image_types": {"Original": {"distances": [1]}}}}, "Original.distances"),
        ("features", {"NM": {"bin_width": 1}}, "by_modality.NM"),
        (
            "prepare",
            {"MR": {"round_hu": 1}},
            "by_modality.MR: round_hu means nothing under recipe pyradiomics",
        ),
        ("prepare", {"MR": {"normalise": None}}, "by_modality.MR: normalise: .* valid boolean"),
        ("prepare", {"MR": {"minimum_roi_size": 3}}, "by_modality.MR.minimum_roi_size"),
        (
            "prepare",
            {"CT": {"outlier_resegment_sd": 3}, "PT": {"round_hu": 2}},
            "by_modality.CT: outlier_resegment_sd .*; by_modality.PT: round_hu",
        ),
    ],
)
def test_refusals_name_the_modality(section: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        StudySettings.model_validate({section: {"by_modality": given}})


def test_what_the_recipe_ibsi_has_no_use_for_is_refused_by_modality_too() -> None:
    with pytest.raises(
        ValidationError, match=r"by_modality\.PT: interpolator gaussian is none of recipe ibsi"
    ):
        PrepareSettings.model_validate(
            {"recipe": "ibsi", "by_modality": {"PT": {"interpolator": "gaussian"}}}
        )


def test_faults_of_the_file_are_told_at_their_line(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "features:\n  by_modality:\n    PT:\n      bin_widht: 1\n      image_types: {LoG: {bin_width: 0}}\n"
    )
    with pytest.raises(SettingsError) as caught:
        read_settings(file)
    first, second = str(caught.value).splitlines()
    assert "line 4, column 7: setting `features.by_modality.PT.bin_widht` is not a setting" in first
    assert "Write `bin_width`, if that is meant" in first
    assert "line 5" in second
    assert "`features.by_modality.PT.image_types.LoG.bin_width` is 0" in second


EMPTY: list[dict[str, object]] = [{}, {"PT": {}}, {"PT": None}, {"PT": {"image_types": {"Original": {}}}}]


@pytest.mark.parametrize("empty", EMPTY)
def test_by_modality_that_says_nothing_is_in_no_dump_and_no_digest(empty: dict[str, object]) -> None:
    given = {"features": {"by_modality": empty}}
    if "image_types" not in str(empty):
        given["prepare"] = {"by_modality": empty}
    settings = StudySettings.model_validate(given)
    assert settings.model_dump() == StudySettings().model_dump()
    assert "by_modality" not in str(settings.model_dump(mode="json"))
    assert compute_case_digest(settings) == compute_case_digest(StudySettings())


def test_overrides_enter_the_digest_and_null_is_one() -> None:
    digests = [
        compute_extraction_digest(StudySettings.model_validate({"prepare": {"by_modality": {"MR": own}}}))
        for own in ({}, {"resegment_range": None}, {"resegment_range": [0]})
    ]
    assert len(set(digests)) == 3


def test_overrides_survive_json_and_the_way_to_a_worker() -> None:
    prepare = {"resegment_range": [0, 9], "by_modality": {"PT": {"resegment_range": None, "pad_voxels": 2}}}
    settings = StudySettings.model_validate({"prepare": prepare, "features": BOTH})
    for again in (
        StudySettings.model_validate(settings.model_dump(mode="json")),
        pickle.loads(pickle.dumps(settings)),
    ):
        assert again.model_dump() == settings.model_dump()
        assert resolve_preparation(again.prepare, Modality.PT).resegment_range is None


# -- the recipes side by side --------------------------------------------------------------------------------


def differ(prepare: dict[str, Any], features: dict[str, Any]) -> dict[str, RecipeDifference]:
    found = compare_recipes(PrepareSettings.model_validate(prepare), FeatureSettings.model_validate(features))
    return {d.what: d for d in found}


def test_recipes_are_compared_by_modality_where_it_has_something_otherwise() -> None:
    prepare = {"MR": {"pad_voxels": 9}, "PT": {"interpolator": "linear"}, "CT": {"normalise": True}}
    found = differ({"by_modality": prepare}, {"by_modality": {"PT": {"bin_count": 8}}})
    assert found["prepare.pad_voxels (MR)"] == RecipeDifference("prepare.pad_voxels (MR)", "9", "5", True)
    assert (found["prepare.interpolator"].pyradiomics, found["prepare.interpolator"].ibsi) == (
        "bspline",
        "linear",
    )
    assert found["prepare.interpolator (PT)"].pyradiomics == "linear"  # not the section's, for once
    by_modality = {what for what in found if what.endswith(")")}
    assert by_modality == {
        "prepare.pad_voxels (MR)",
        "prepare.interpolator (PT)",
        "All of a family ([])",
    }


def test_what_one_modality_has_otherwise_can_make_a_meaning_matter() -> None:
    plain = differ({}, {"bin_count": 8})
    assert not {"New grid", "Bins of fixed width begin"} & plain.keys()
    by_modality = {"PT": {"resampled_spacing_xyz_mm": [4, 4, 4]}}
    found = differ({"by_modality": by_modality}, {"bin_count": 8, "by_modality": {"CT": {"bin_width": 25}}})
    assert {"New grid", "Bins of fixed width begin"} <= found.keys()


def test_the_comparison_is_the_same_whichever_recipe_is_in_use() -> None:
    by_modality = {"PT": {"resegment_range": [0, 9]}}
    pairs = [
        compare_recipes(
            PrepareSettings.model_validate({"recipe": recipe, "by_modality": by_modality}),
            FeatureSettings.model_validate({"recipe": recipe, "by_modality": {"PT": {"bin_width": 1}}}),
        )
        for recipe in Recipe
    ]
    assert pairs[0] == pairs[1]
