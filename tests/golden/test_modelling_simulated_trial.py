"""The simulated trial's own settings and sheet, with the true properties of the lesions in place of features.

What is planted is claimed, what is only prognostic is not, and in a null trial nothing is; scans and features
between truth and table are the business of other tests. The trial is the demonstration's: default seed, five
subjects lost to broken inputs.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import yaml

from radfeat.modelling.arms import ArmResult, fit_arm
from radfeat.modelling.clinical import read_clinical_sheet
from radfeat.modelling.cohort import build_study
from radfeat.modelling.interactions import build_interactions
from radfeat.modelling.settings import ModellingSettings
from radfeat.simulate.broken import choose_broken
from radfeat.simulate.outcomes import build_effects, draw_outcome
from radfeat.simulate.settings import SimulationSettings, Truth
from radfeat.simulate.sheets import CLINICAL_COLUMNS, build_clinical_rows, format_csv
from radfeat.simulate.study_files import format_config
from radfeat.simulate.subjects import Subject, build_subjects
from studies import make_tables, roi_row

CARRIER = {
    "fine_texture": "original_glcm_Correlation",
    "heterogeneity": "original_firstorder_Variance",
    "size": "original_shape_MeshVolume",
}
Found = dict[str, tuple[list[dict[str, object]], list[ArmResult]]]


def measure(subject: Subject) -> dict[str, float]:
    """Each property as a feature with a little error (Correlation falls as texture gets finer), and noise."""
    rng = np.random.default_rng(subject.number)
    latents = asdict(subject.latents)
    values = {CARRIER.get(n, n): v + 0.2 * float(rng.normal()) for n, v in latents.items()}
    values["original_glcm_Correlation"] *= -1
    values["original_shape_MeshVolume"] = float(np.exp(8 + values["original_shape_MeshVolume"]))
    return values | {f"noise_{i}": float(rng.normal()) for i in range(20)}


def analyse(truth: Truth, folder: Path) -> Found:
    settings = SimulationSettings(truth=truth, broken=5)
    subjects, effects = build_subjects(settings), build_effects(settings)
    outcomes = [(s, draw_outcome(s, settings, effects)) for s in subjects]
    sheet = folder / "clinical.csv"
    sheet.write_text(format_csv(CLINICAL_COLUMNS, build_clinical_rows(outcomes)), encoding="utf-8")
    lost = {b.subject.number for b in choose_broken(subjects, settings.broken, settings.seed)}
    plain = yaml.safe_load(format_config(settings))["modelling"] | {"permutations": 0}
    modelling = ModellingSettings.model_validate(plain)
    measured = [(s, measure(s)) for s in subjects]
    rows = [
        roi_row(
            s.subject_id,
            site=s.scanner.site_id,
            reason="UNREADABLE" if s.number in lost else None,
            volume=values["original_shape_MeshVolume"],
            features=values,
        )
        for s, values in measured
    ]
    names = list(measured[0][1])
    study = build_study(*make_tables(rows, names), read_clinical_sheet(sheet, modelling), modelling)
    found: Found = {}
    for endpoint in modelling.endpoints:
        arms = [fit_arm(study, endpoint.name, arm, modelling) for arm in modelling.arms]
        predictions = pa.concat_tables(arm.predictions for arm in arms)
        table = build_interactions(study, endpoint.name, predictions, modelling)
        found[endpoint.name] = (table.to_pylist(), arms)
    return found


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> dict[Truth, Found]:
    return {truth: analyse(truth, tmp_path_factory.mktemp("trial")) for truth in Truth}


def claims(found: Found) -> list[tuple[str, str]]:
    return [(e, str(r["biomarker"])) for e, (rows, _) in found.items() for r in rows if r["claim"]]


def test_every_arm_and_endpoint_is_feasible_with_the_trial_s_own_settings(trials: dict[Truth, Found]) -> None:
    for found in trials.values():
        for rows, arms in found.values():
            assert all(arm.model.fitted for arm in arms)
            assert all(row["adjustment"] == "holm, family of 2" for row in rows)


@pytest.mark.requirement("R-STAT-4")
def test_planted_predictive_texture_is_claimed_with_its_direction(trials: dict[Truth, Found]) -> None:
    rows, _ = trials[Truth.PREDICTIVE]["os"]
    found = {r["biomarker"]: r for r in rows}
    carrier = found["original_glcm_Correlation"]
    assert carrier["claim"]
    assert carrier["ratio_lo"] > 1.0, "finer texture lowers the hazard under treatment, and Correlation falls"
    assert found["score:experimental"]["ratio_lo"] > 1.0
    assert not found["original_firstorder_Variance"]["claim"], "that one is prognostic only"


@pytest.mark.parametrize("truth", [Truth.PROGNOSTIC_ONLY, Truth.NULL])
def test_nothing_is_claimed_where_no_interaction_is_planted(trials: dict[Truth, Found], truth: Truth) -> None:
    assert claims(trials[truth]) == []
    sentences = [str(r["sentence"]) for rows, _ in trials[truth].values() for r in rows]
    assert not [s for s in sentences if "predictive" in s.lower()]
