"""Before a scan is opened: do sheets and settings speak of the same subjects, visits and regions?"""

from pathlib import Path

import pytest

from radfeat.core.vocabulary import EndpointKind
from radfeat.ingest.image_sheet import ImageRow, read_image_sheet
from radfeat.modelling.clinical import ClinicalSheet, read_clinical_sheet
from radfeat.modelling.settings import EndpointSettings, ModellingSettings
from radfeat.pipeline.sheets_match import check_sheets_match
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.trial import write_trial

RESPONSE = EndpointSettings(name="response", kind=EndpointKind.BINARY, column="response")


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("match") / "trial"
    write_trial(folder, SimulationSettings(subjects=4, sites=1, timepoints=2))
    return folder


def analyse(**given: object) -> ModellingSettings:
    return ModellingSettings.model_validate(
        {"endpoints": [RESPONSE], "arms": ["control", "experimental"], **given}
    )


def read(folder: Path) -> tuple[tuple[ImageRow, ...], ClinicalSheet]:
    clinical = read_clinical_sheet(folder / "clinical.csv", analyse())
    return tuple(read_image_sheet(folder / "images.csv")), clinical


def test_nothing_is_said_where_the_settings_choose(trial: Path) -> None:
    assert check_sheets_match(*read(trial), analyse(timepoint="T0")) == []


def test_a_choice_left_open_and_a_choice_that_is_not_there_are_said(trial: Path) -> None:
    assert "the image sheet has several (T0, T1)" in check_sheets_match(*read(trial), analyse())[0]
    said = check_sheets_match(*read(trial), analyse(timepoint="T9", rois=["node"]))
    assert said == [
        "modelling.timepoint: no row of the image sheet has T9. Name one of T0, T1.",
        "modelling.rois: no row of the image sheet has node. Name one of GTV.",
    ]


def test_sheets_without_a_common_subject_are_said(trial: Path) -> None:
    rows, _ = read(trial)
    strangers = ClinicalSheet(())
    said = check_sheets_match(rows, strangers, analyse(timepoint="T0"))
    assert said[0].startswith("None of the 0 subjects")
