"""The seeds that a package tells are those that the models use."""

from radfeat.config.model import StudySettings
from radfeat.core.digest import derive_seed
from radfeat.modelling.splits import repeat_seed
from radfeat.pipeline.places import choose_layout
from radfeat.pipeline.seeds import describe_seeds
from studies import make_settings


def test_splits_and_bootstrap_are_told_for_each_endpoint_and_arm() -> None:
    modelling = make_settings(repeats=2)
    settings = StudySettings(clinical="clinical.csv", modelling=modelling)
    told = {tuple(d["names"]): d["seed"] for d in describe_seeds(settings)["derived"]}
    assert told["splits", "os", "2"] == repeat_seed(modelling.seed, "os", 2)
    assert told["bootstrap", "response", "control"] == derive_seed(
        modelling.seed, "bootstrap", "response", "control"
    )
    assert ("arm permutations", "os", "experimental") in told
    assert ("arm permutations", "os", "control") not in told


def test_a_study_lies_as_deep_as_its_paths_climb() -> None:
    assert choose_layout(["a/b.nii", "images.csv"]).place("a/b.nii") == "study/a/b.nii"
    layout = choose_layout(["../../scans/x.nii", "../y.nii", "a/../b"])
    assert (layout.depth, layout.study) == (2, "above/above/study")
    assert layout.place("../../scans/x.nii") == "above/scans/x.nii"
    assert layout.place("../y.nii") == "above/above/y.nii"
