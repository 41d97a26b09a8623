"""``truth.json``: everything that was planted, so that a result can be held against it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from radfeat.core.vocabulary import Modality
from radfeat.simulate.anatomy import (
    TISSUES,
    compute_correlation_mm,
    compute_elongation,
    compute_radius_mm,
    compute_spread,
)
from radfeat.simulate.broken import BrokenInput
from radfeat.simulate.outcomes import COVARIATE_LOG_HR, Effects, Outcome
from radfeat.simulate.scan_files import build_case_key, list_roi_keys
from radfeat.simulate.scanners import Scanner
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.subjects import Subject

CARRIERS: Mapping[str, Mapping[str, str]] = {
    "fine_texture": {
        "original_glcm_Correlation": "falls",
        "original_glcm_MCC": "falls",
        "original_glcm_Imc1": "rises",
    },
    "heterogeneity": {
        "original_firstorder_Variance": "rises",
        "original_firstorder_MeanAbsoluteDeviation": "rises",
        "original_glcm_SumSquares": "rises",
        "original_glrlm_GrayLevelVariance": "rises",
    },
    "size": {"original_shape_MeshVolume": "rises", "original_shape_VoxelVolume": "rises"},
    "density": {"original_firstorder_Mean": "rises", "original_firstorder_Median": "rises"},
    "elongation": {"original_shape_Elongation": "falls", "original_shape_Flatness": "falls"},
}
"""Features that carry each latent (|Spearman rho| above 0.8), and which way they go as it rises."""


def build_truth(
    settings: SimulationSettings,
    scanners: Sequence[Scanner],
    effects: Effects,
    outcomes: Sequence[tuple[Subject, Outcome]],
    broken: Sequence[BrokenInput],
    voxel_digests: Mapping[str, str],
) -> dict[str, Any]:
    """The whole truth as JSON values; ``voxel_digests`` names the sound images by case identifier."""
    return {
        "format": "radfeat simulated trial, version 1",
        "settings": settings.model_dump(mode="json"),
        "effects": {
            "unit": "log hazard ratio; of a latent: per standard deviation",
            "heterogeneity": effects.prognostic,
            "size": effects.size,
            "treatment": dict(effects.treatment),
            "treatment_by_fine_texture": dict(effects.predictive),
            "covariates": dict(COVARIATE_LOG_HR),
            "response": "log odds = -response_scale * log hazard",
            "shrinkage_percent": "20 - shrinkage_scale * log hazard + noise of standard deviation 10",
            "progression": "same log hazard, median progression_median_days; death without it competes",
        },
        "carriers": {latent: dict(features) for latent, features in CARRIERS.items()},
        "sites": [asdict(scanner) for scanner in scanners],
        "subjects": [_describe_subject(s, o, effects, settings.modality) for s, o in outcomes],
        "broken": [_describe_broken(b, settings) for b in broken],
        "voxel_digests": dict(voxel_digests),
    }


def format_truth(truth: Mapping[str, Any]) -> str:
    """The truth as indented JSON text with a final line end."""
    return json.dumps(truth, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _describe_subject(
    subject: Subject, outcome: Outcome, effects: Effects, modality: Modality
) -> dict[str, Any]:
    latents = subject.latents
    return {
        "subject_id": subject.subject_id,
        "site_id": subject.scanner.site_id,
        "arm": subject.arm,
        "latents": asdict(latents),
        "as_planted": {
            "correlation_mm": compute_correlation_mm(latents),
            "spread": compute_spread(latents, TISSUES[modality]),
            "radius_mm": compute_radius_mm(latents, 1),
            "long_to_short_axis": compute_elongation(latents),
        },
        "log_hazard": outcome.log_hazard,
        "treatment_log_hr": {
            arm: effects.treatment[arm] + effects.predictive[arm] * latents.fine_texture
            for arm in effects.treatment
        },
    }


def _describe_broken(broken: BrokenInput, settings: SimulationSettings) -> dict[str, Any]:
    case = build_case_key(broken.subject, 0, settings)
    return {
        "case_id": case.case_id,
        "roi_ids": [roi.roi_id for roi in list_roi_keys(case, settings.lesions)],
        "fault": broken.fault.value,
        "expected_reason": broken.reason.value,
    }
