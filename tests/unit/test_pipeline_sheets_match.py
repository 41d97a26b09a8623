"""Before a scan is opened: do sheets and settings speak of the same subjects, visits and regions?"""

from dataclasses import replace
from pathlib import Path

import pytest

from radfeat.cli.main import run_command_line
from radfeat.core.vocabulary import EndpointKind
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.image_sheet import ImageRow, read_image_sheet
from radfeat.modelling.clinical import ClinicalSheet, read_clinical_sheet
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.settings import ModellingSettings
from radfeat.pipeline.sheets_match import check_sheets_match, list_absent_modalities, list_unmatched_subjects
from radfeat.prepare.settings import PrepareSettings
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


def test_subjects_of_one_sheet_alone_are_named(trial: Path) -> None:
    rows, clinical = read(trial)
    assert list_unmatched_subjects(rows, clinical) == []
    first, *others = clinical.rows
    slip = ClinicalSheet((*others, replace(first, subject_id="S01-OOO1")))
    assert list_unmatched_subjects(rows, slip) == [
        "1 of 4 subjects of the clinical sheet are not in the image sheet, and enter no model: S01-OOO1.",
        "1 of 4 subjects of the image sheet are not in the clinical sheet, and enter no model: S01-0001.",
    ]
    (said,) = list_unmatched_subjects(rows[:0], ClinicalSheet(clinical.rows * 2))
    assert "4 of 4 subjects of the clinical sheet" in said


def test_settings_of_modalities_that_the_sheet_does_not_have_are_said(trial: Path) -> None:
    rows, _ = read(trial)
    prepare = PrepareSettings.model_validate({"by_modality": {"CT": {"pad_voxels": 9}}})
    features = FeatureSettings.model_validate(
        {"by_modality": {m: {"bin_width": 1} for m in ("CT", "PT", "MR")}}
    )
    assert list_absent_modalities(rows, prepare, FeatureSettings()) == []
    assert list_absent_modalities(rows, prepare, features) == [
        "features.by_modality has settings for MR and PT, and the image sheet has only CT."
    ]


def test_validate_says_it_and_finds_no_fault(trial: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = trial / "by_modality.yaml"
    file.write_text("prepare: {by_modality: {MR: {normalise: true}}}\n", encoding="utf-8")
    assert run_command_line(["validate", str(file)]) == 0
    assert (
        "prepare.by_modality has settings for MR, and the image sheet has only CT." in capsys.readouterr().out
    )
