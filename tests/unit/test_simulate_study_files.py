"""The settings that a simulated trial comes with."""

import pytest
import yaml

from radfeat.config.model import StudySettings
from radfeat.modelling.settings import ModellingSettings
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.sheets import CLINICAL_COLUMNS
from radfeat.simulate.study_files import format_config
from radfeat.simulate.subjects import list_arms
from radfeat.simulate.truth import CARRIERS


def read_config(**settings: object) -> StudySettings:
    return StudySettings.model_validate(
        yaml.safe_load(format_config(SimulationSettings.model_validate(settings)))
    )


@pytest.mark.parametrize("arms", [1, 2, 4])
def test_every_arm_is_declared_and_control_is_the_reference(arms: int) -> None:
    modelling = read_config(arms=arms).modelling
    assert modelling.arms == list_arms(arms)
    assert arms == 1 or modelling.arms[0] == "control"


def test_every_column_that_is_declared_is_in_the_sheet() -> None:
    modelling = read_config().modelling
    columns = [c.column for c in modelling.covariates]
    for endpoint in modelling.endpoints:
        columns += [name for name in (endpoint.time, endpoint.flag_column) if name]
    assert set(columns) < set(CLINICAL_COLUMNS)


def test_candidates_are_carriers_of_the_predictive_and_of_the_prognostic_texture() -> None:
    first, second = read_config().modelling.candidates
    assert first in CARRIERS["fine_texture"]
    assert second in CARRIERS["heterogeneity"]


def test_baseline_enters_where_there_are_several_visits() -> None:
    assert read_config(timepoints=3).modelling.timepoint == read_config().modelling.timepoint


def test_voxels_are_made_isotropic() -> None:
    assert len(set(read_config().prepare.resampled_spacing_xyz_mm)) == 1


def test_what_bears_on_a_claim_keeps_its_default() -> None:
    modelling, plain = read_config().modelling, ModellingSettings()
    for name in ("alpha", "level", "folds", "cut", "screen", "max_missing", "bootstrap"):
        assert getattr(modelling, name) == getattr(plain, name)
