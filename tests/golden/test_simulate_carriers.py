"""Whether PyRadiomics measures what is planted, and does not take one planted variable for the other.

``python tests/golden/test_simulate_carriers.py`` prints the figures of ``docs/simulate.md``: rank
correlations in one trial of 300 subjects, and how often the measured carrier's interaction is found in 40
trials of 60.
"""

import logging

import numpy as np
import pandas as pd
import pytest
from radiomics import featureextractor
from radiomics import logger as radiomics_logger
from test_simulate_power import draw_trial, fit_interaction

from radfeat.core.provenance import compute_voxel_digest
from radfeat.core.vocabulary import Modality
from radfeat.core.volume import to_sitk
from radfeat.simulate.acquisition import acquire
from radfeat.simulate.anatomy import build_anatomy
from radfeat.simulate.settings import SimulationSettings, Truth
from radfeat.simulate.subjects import Latents, build_subjects
from radfeat.simulate.truth import CARRIERS

PREDICTIVE, PROGNOSTIC = "original_glcm_Correlation", "original_firstorder_Variance"


def measure(settings: SimulationSettings, resampled_mm: float | None = None) -> pd.DataFrame:
    """Latents and PyRadiomics values of the first lesion at baseline, one row per subject."""
    radiomics_logger.setLevel(logging.ERROR)
    options = {"resampledPixelSpacing": [resampled_mm] * 3} if resampled_mm else {}
    extractor = featureextractor.RadiomicsFeatureExtractor(binWidth=25, **options)
    extractor.disableAllFeatures()
    for family in ("firstorder", "shape", "glcm", "glrlm"):
        extractor.enableFeatureClassByName(family)
    rows = []
    for subject in build_subjects(settings):
        scan = acquire(subject, build_anatomy(subject, settings), 0, settings)
        image, mask = (to_sitk(v, scan.grid) for v in (scan.voxels_zyx, scan.labels_zyx))
        values = {k: float(v) for k, v in extractor.execute(image, mask).items() if k.startswith("original_")}
        latents = {name: getattr(subject.latents, name) for name in Latents.__slots__}
        rows.append({"subject_id": subject.subject_id, **latents, **values})
    return pd.DataFrame(rows)


def rank_correlate(table: pd.DataFrame) -> pd.DataFrame:
    """Spearman's rho of every latent (rows) with every feature (columns)."""
    rho = table.drop(columns="subject_id").corr("spearman")
    return rho.loc[list(Latents.__slots__)].drop(columns=list(Latents.__slots__))


@pytest.fixture(
    scope="module",
    params=[(Modality.CT, None), (Modality.CT, 1.0), (Modality.MR, None)],
    ids=["CT", "CT-1mm", "MR"],
)
def rho(request):
    modality, resampled_mm = request.param
    return rank_correlate(measure(SimulationSettings(seed=11, modality=modality), resampled_mm))


def test_every_latent_is_measured_by_each_feature_that_truth_names(rho):
    for latent, features in CARRIERS.items():
        for feature, direction in features.items():
            sign = 1 if direction == "rises" else -1
            assert sign * rho.loc[latent, feature] > 0.8, (latent, feature)


def test_planted_variables_are_not_taken_for_one_another(rho):
    assert abs(rho.loc["heterogeneity", PREDICTIVE]) < 0.35
    assert abs(rho.loc["fine_texture", PROGNOSTIC]) < 0.35


def test_no_feature_of_size_carries_a_planted_texture(rho):
    shape = rho.filter(like="_shape_")
    assert shape.loc[["fine_texture", "heterogeneity"]].abs().max().max() < 0.4


def test_scanner_differences_weaken_the_measurement():
    few = SimulationSettings(seed=11, subjects=40)
    alike, unlike = (
        rank_correlate(measure(few.model_copy(update={"scanner_differences": d})))[PREDICTIVE]
        for d in (0.0, 3.0)
    )
    assert abs(alike["fine_texture"]) > abs(unlike["fine_texture"])


def test_voxels_are_the_same_on_every_machine():
    # Made by this code, NumPy 2.4.6, SciPy 1.17.1, x86-64, 2026-11-24. A change of the simulator that alters
    # its scans must say so in the changelog.
    settings = SimulationSettings()
    subject = build_subjects(settings)[2]
    scan = acquire(subject, build_anatomy(subject, settings), 0, settings)
    digest = compute_voxel_digest(scan.voxels_zyx, scan.grid)
    assert digest == "f9925d8cefbed8a83459501be51da432edc01c79bda047af8ea5e80ddbf4ff40"


if __name__ == "__main__":
    for modality in (Modality.CT, Modality.MR):
        for resampled_mm in (None, 1.0, 2.0):
            table = rank_correlate(measure(SimulationSettings(subjects=300, modality=modality), resampled_mm))
            for latent, features in CARRIERS.items():
                print(modality, resampled_mm, latent, table.loc[latent, list(features)].round(2).to_dict())
            cross = table.loc["heterogeneity", PREDICTIVE], table.loc["fine_texture", PROGNOSTIC]
            print(modality, resampled_mm, "crossed", np.round(cross, 2))
    for truth in Truth:
        found = []
        for seed in range(40):
            settings = SimulationSettings(seed=seed, broken=5, truth=truth)
            trial = draw_trial(settings).merge(
                measure(settings, 1.0), on="subject_id", suffixes=("", "_latent")
            )
            trial["measured"] = (trial[PREDICTIVE] - trial[PREDICTIVE].mean()) / trial[PREDICTIVE].std()
            found.append(fit_interaction(trial, "measured")[2])
        print(truth.value, {level: float(np.mean(np.array(found) < level)) for level in (0.05, 0.01, 0.001)})
