"""Which topics of the checklists a run can answer by itself, and how.

A rule gives what was found, or None where the run knows nothing. It says ``derived`` only where a file shows
it, ``not met`` only where a file shows the contrary.
"""

from collections.abc import Callable, Mapping
from typing import Any

from radfeat.submission.evidence import Found, RunEvidence, Status

Rule = Callable[[RunEvidence], Found | None]

SETTINGS_FILE = "run_config.yaml"

ACQUISITION_TOPICS: Mapping[str, tuple[str, ...]] = {
    "tracer": ("tracer",),
    "tracer_activity": ("injected_dose",),
    "tracer_uptake_time": ("uptake_time",),
    "scanner": ("manufacturer", "model"),
    "tube_voltage": ("kvp",),
    "tube_current": ("tube_current",),
    "exposure": ("exposure",),
    "kernel": ("kernel",),
    "scanning_sequence": ("scanning_sequence",),
    "repetition_time": ("repetition_time",),
    "echo_time": ("echo_time",),
    "inversion_time": ("inversion_time",),
    "flip_angle": ("flip_angle",),
    "field_strength": ("field_strength",),
    "slice_thickness": ("slice_thickness",),
    "pet_reconstruction": ("reconstruction",),
    "attenuation_correction": ("corrections",),
    "other_corrections": ("corrections",),
}
"""Topic to the acquisition parameters that answer it, where every image has them."""

SETTING_TOPICS: Mapping[str, tuple[str, ...]] = {
    "preprocessing": ("prepare.recipe", "prepare.resampled_spacing_xyz_mm", "prepare.normalise"),
    "extraction_parameters": ("features.recipe", "features.bin_width", "features.bin_count"),
    "resampling": ("prepare.resampled_spacing_xyz_mm", "prepare.interpolator"),
    "voxel_dimensions": ("prepare.resampled_spacing_xyz_mm",),
    "intensity_rounding": ("prepare.recipe", "prepare.round_hu"),
    "intensity_normalisation": ("prepare.normalise", "prepare.normalise_scale"),
    "resegmentation": (
        *("prepare.resegment_range", "prepare.resegment_mode", "prepare.outlier_resegment_sd"),
    ),
    "discretisation": ("features.bin_width", "features.bin_count"),
    "bin_parameters": ("features.bin_width", "features.bin_count"),
    "texture_aggregation": ("features.recipe", "features.aggregation"),
    "distance_weighting": ("features.weighting",),
    "glcm_symmetry": ("features.symmetric_glcm",),
    "glcm_distance": ("features.distances",),
    "ngtdm_distance": ("features.distances",),
    "ngldm_distance": ("features.distances",),
    "ngldm_coarseness": ("features.gldm_alpha",),
    "suv_normalisation": ("ingest.suv", "ingest.pet_unit"),
}
"""Topic to the settings that answer it; what they are was decided, whatever it is."""

RECIPE_TOPICS: Mapping[str, str] = {
    "grid_position": "where the resampled grid lies",
    "grid_dimensions": "how many voxels it has",
    "extrapolation": "what lies beyond the image",
    "mask_interpolation": "how the mask is resampled",
    "partial_voxels": "when a voxel belongs to the mask",
    "first_bin": "where the first bin begins",
}
"""Topic to what the recipe fixes; docs/ibsi.md of radfeat says how."""

MODEL_TOPICS: Mapping[str, tuple[str, tuple[str, ...], str]] = {
    "missing_data": (
        "Predictors missing in more than a share of subjects are left out, others take the median of the "
        "training fold",
        ("modelling.max_missing",),
        SETTINGS_FILE,
    ),
    "feature_scaling": (
        "Predictors are transformed and standardised within the training fold",
        (),
        "unblinded/coefficients.parquet",
    ),
    "dimension_reduction": (
        "Filters blind to the outcome, one predictor per correlation cluster, elastic net",
        ("modelling.near_constant_share", "modelling.cluster_correlation", "modelling.l1_ratio"),
        SETTINGS_FILE,
    ),
    "algorithm": (
        "Elastic net, Cox for times to event, logistic or linear else",
        ("modelling.l1_ratio",),
        SETTINGS_FILE,
    ),
    "tuning": (
        "Penalty by inner cross-validation within each training fold",
        ("modelling.folds", "modelling.inner_folds", "modelling.repeats", "modelling.penalties"),
        SETTINGS_FILE,
    ),
    "model_selection": (
        "The penalty with the best inner cross-validated score; the number of analyses is counted",
        (),
        "unblinded/analyses.parquet",
    ),
    "interpretability": (
        "Coefficients of each model and how often the folds selected each predictor",
        (),
        "unblinded/coefficients.parquet",
    ),
    "internal_testing": (
        "Nested, repeated cross-validation; every score is by a model fitted without the subject",
        ("modelling.folds", "modelling.repeats"),
        "unblinded/predictions.parquet",
    ),
    "redundant_features": (
        "One predictor stands for each correlation cluster, within the training fold",
        ("modelling.cluster_correlation",),
        "unblinded/selection.parquet",
    ),
    "feature_statistics": (
        "How often each predictor was selected, with its cluster",
        (),
        "unblinded/selection.parquet",
    ),
    "sample_size": (
        "Riley's criteria stand beside the gate of each endpoint and arm",
        (),
        "unblinded/feasibility.parquet",
    ),
    "class_imbalance": (
        "Events and non-events of each endpoint and arm are counted",
        (),
        "unblinded/feasibility.parquet",
    ),
}
"""Topic to what every fitted model has: sentence, settings to quote, file that shows it."""

FIXED_TOPICS: Mapping[str, str] = {
    "deep_learning": "Does not apply: features are defined by formulas and the models are linear.",
    "gldzm_distance": "Does not apply: no grey level distance zone matrix is computed.",
    "gldzm_norm": "Does not apply: no grey level distance zone matrix is computed.",
    "glszm_distance": "Chebyshev distance 1: 26 neighbours in space, 8 within a slice; not a setting.",
}


def find(topic: str, run: RunEvidence, modality: str = "") -> Found | None:
    """What a run shows on a topic, of images of one modality or of all; None where it shows nothing."""
    if topic in _RULES:
        return _RULES[topic](run)
    if topic in ACQUISITION_TOPICS:
        return _find_acquisition(run, ACQUISITION_TOPICS[topic], modality)
    if topic in SETTING_TOPICS:
        return _derived(_quote(run, SETTING_TOPICS[topic]) + ".", SETTINGS_FILE)
    if topic in RECIPE_TOPICS:
        quoted = _quote(run, ("prepare.recipe",))
        return _derived(f"{quoted}; the recipe fixes {RECIPE_TOPICS[topic]} (docs/ibsi.md).", SETTINGS_FILE)
    if topic in MODEL_TOPICS:
        return _find_modelling(run, *MODEL_TOPICS[topic])
    if topic in FIXED_TOPICS:
        return _derived(FIXED_TOPICS[topic], SETTINGS_FILE)
    return None


def list_rules() -> frozenset[str]:
    """Topics on which a run may show something."""
    tables = (ACQUISITION_TOPICS, SETTING_TOPICS, RECIPE_TOPICS, MODEL_TOPICS, FIXED_TOPICS)
    return frozenset(_RULES).union(*tables)


def _derived(sentence: str, link: str) -> Found:
    return Found(Status.DERIVED, sentence, link)


def _not_met(sentence: str, link: str) -> Found:
    return Found(Status.NOT_MET, sentence, link)


def _quote(run: RunEvidence, names: tuple[str, ...]) -> str:
    """``features.bin_width: 25.0``, with the values of single modalities where they differ."""
    parts = []
    for name in names:
        section, field = name.split(".")
        settings: Mapping[str, Any] = run.settings.get(section) or {}
        said = f"{name}: {_plain(settings.get(field))}"
        for modality, own in (settings.get("by_modality") or {}).items():
            if field in (own or {}):
                said += f" ({modality}: {_plain(own[field])})"
        parts.append(said)
    return "; ".join(parts)


def _plain(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return " x ".join(map(_plain, value)) or "none"
    return str(value)


def _find_acquisition(run: RunEvidence, parameters: tuple[str, ...], modality: str) -> Found | None:
    """Derived only where every image that the item is about has every parameter."""
    images = {m: n for m, n in run.images.items() if not modality or m == modality}
    total = sum(images.values())
    known = sum(min(run.known.get((m, p), 0) for p in parameters) for m in images)
    if not known:
        return None
    names = " and ".join(parameters)
    sentence = f"The headers give {names} of {known} of {total} images."
    return Found(Status.DERIVED if known == total else None, sentence, "blinded/acquisition.parquet")


def _find_modelling(run: RunEvidence, sentence: str, settings: tuple[str, ...], link: str) -> Found | None:
    if not run.models:
        return None
    quoted = f" ({_quote(run, settings)})" if settings else ""
    return _derived(f"{sentence}{quoted}.", link)


def _find_sites(run: RunEvidence) -> Found | None:
    sentence = f"Images of {run.sites} sites." if run.sites != 1 else "Images of one site only."
    return (_derived if run.sites > 1 else _not_met)(sentence, "blinded/series.parquet")


def _find_modality(run: RunEvidence) -> Found | None:
    counts = ", ".join(f"{count} {modality}" for modality, count in sorted(run.images.items()))
    return _derived(f"Images: {counts}.", "blinded/series.parquet") if counts else None


def _find_uniparametric(run: RunEvidence) -> Found | None:
    if len(run.images) != 1:
        return Found(None, f"Images of {len(run.images)} modalities.", "blinded/series.parquet")
    return _derived(f"Images of one modality ({next(iter(run.images))}).", "blinded/series.parquet")


def _find_protocol(run: RunEvidence) -> Found | None:
    if not (run.settings.get("qc") or {}).get("protocol"):
        return None
    return _derived(
        "The settings hold an imaging protocol, and every image was held against it.",
        "blinded/acquisition.parquet",
    )


def _find_conformance(run: RunEvidence) -> Found | None:
    if run.conformance is None:
        return None
    agreeing, compared = run.conformance
    recipe = (run.settings.get("features") or {}).get("recipe")
    sentence = (
        f"{agreeing} of {compared} reference values of IBSI-1 are met by this installation with the recipe "
        f"ibsi; the study was measured with the recipe {recipe}."
    )
    met = agreeing == compared > 0
    return (_derived if met else _not_met)(sentence, "blinded/conformance/conformance.html")


def _find_robust(run: RunEvidence) -> Found | None:
    wanted = (run.settings.get("modelling") or {}).get("repeatability")
    if wanted and run.rows.get("repeatability"):
        return _derived(
            "Features that do not repeat well enough were left out, blind to the outcome.",
            "blinded/repeatability.parquet",
        )
    return _not_met("No feature was left out for lack of repeatability.", SETTINGS_FILE)


def _find_reliability(run: RunEvidence) -> Found | None:
    if run.rows.get("repeatability"):
        return _derived("Agreement of repeated measurements.", "blinded/repeatability.parquet")
    return _not_met("No repeated reading, scan or perturbation was measured.", SETTINGS_FILE)


def _find_dimensionality(run: RunEvidence) -> Found | None:
    if not run.models:
        return None
    link = "unblinded/feasibility.parquet"
    if run.crowded:
        return _not_met(f"More predictors than Riley's criteria allow: {', '.join(run.crowded)}.", link)
    return _derived("No model has more predictors than Riley's criteria allow.", link)


def _find_partition(run: RunEvidence) -> Found | None:
    if not run.models:
        return None
    link = "unblinded/predictions.parquet"
    if run.mixed:
        return _not_met(f"{run.mixed} subjects are in two folds of one repeat.", link)
    return _derived("Folds are dealt by subject: none is in two folds of one repeat.", link)


def _find_confounders(run: RunEvidence) -> Found | None:
    modelling = run.settings.get("modelling") or {}
    handled = modelling.get("batch_effects") not in (None, "none") or modelling.get("stratification")
    if not run.models or not handled:
        return None
    return _derived(_quote(run, ("modelling.batch_effects", "modelling.stratification")) + ".", SETTINGS_FILE)


def _find_performance(run: RunEvidence) -> Found | None:
    own = sorted(m for m in run.metrics.get("radiomics", ()) if not m.startswith("folds_"))
    if not own:
        return None
    return _derived(f"Metrics of the radiomics models: {', '.join(own)}.", "unblinded/performance.parquet")


def _find_uncertainty(run: RunEvidence) -> Found | None:
    if not run.metrics:
        return None
    link = "unblinded/performance.parquet"
    if run.limits:
        return _derived("Metrics have confidence limits, with level and method.", link)
    return _not_met("No metric has confidence limits.", link)


def _find_calibration(run: RunEvidence) -> Found | None:
    if not run.models:
        return None
    link = "unblinded/calibration.parquet"
    if run.rows.get("calibration"):
        return _derived("Predicted and observed risks, slope and intercept, decision curves.", link)
    return _not_met("No calibration was computed.", link)


def _compare(*models: str) -> Rule:
    def rule(run: RunEvidence) -> Found | None:
        if not run.models:
            return None
        missing = [m for m in models if m not in run.metrics]
        link = "unblinded/performance.parquet"
        if missing:
            return _not_met(f"Not compared with: {', '.join(missing)}.", link)
        return _derived(f"The same metrics of the models: {', '.join(models)}.", link)

    return rule


def _find_features(run: RunEvidence) -> Found | None:
    return _derived(f"{run.features} features per ROI.", "blinded/feature_catalogue.parquet")


def _find_kinds(section: str) -> Rule:
    def rule(run: RunEvidence) -> Found | None:
        given = (run.settings.get("features") or {}).get(section) or {}
        names = ", ".join(name for name, own in given.items() if own is not None)
        return _derived(f"features.{section}: {names}.", "blinded/feature_catalogue.parquet")

    return rule


def _find_software(run: RunEvidence) -> Found | None:
    engine = (run.settings.get("features") or {}).get("engine")
    return _derived(f"radfeat {run.version}, engine {engine}.", SETTINGS_FILE)


def _find_spacing(run: RunEvidence) -> Found | None:
    return _derived("Voxel spacings of every image that could be read.", "blinded/series.parquet")


def _remark(sentence: str, link: str) -> Rule:
    return lambda run: Found(None, sentence, link) if run.models else None


_RULES: Mapping[str, Rule] = {
    "multi_centre": _find_sites,
    "modality": _find_modality,
    "uniparametric": _find_uniparametric,
    "imaging_protocol": _find_protocol,
    "standardised_software": _find_conformance,
    "robust_features": _find_robust,
    "segmentation_reliability": _find_reliability,
    "dimensionality": _find_dimensionality,
    "data_partition": _find_partition,
    "confounders": _find_confounders,
    "performance_metrics": _find_performance,
    "uncertainty": _find_uncertainty,
    "calibration": _find_calibration,
    "clinical_comparison": _compare("clinical"),
    "combined_comparison": _compare("clinical", "clinical_radiomics"),
    "simple_comparison": _compare("volume"),
    "feature_number": _find_features,
    "feature_classes": _find_kinds("classes"),
    "image_types": _find_kinds("image_types"),
    "extraction_method": _find_software,
    "in_plane_resolution": _find_spacing,
    "slice_spacing": _find_spacing,
    "outcome_definition": _remark("The settings name columns and kinds, not what they mean.", SETTINGS_FILE),
    "clinical_predictors": _remark("The settings name columns and kinds, not what they mean.", SETTINGS_FILE),
    "eligibility_flowchart": _remark(
        "The report draws what became of each subject of the sheets, not who was screened.", "report.html"
    ),
}
