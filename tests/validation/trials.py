"""Trials with a planted truth: subjects and outcomes by `radfeat simulate`, features about the true lesions.

No scan is made: each true property of a lesion is measured with an error, so that hundreds of trials take
minutes. What scans add to that is the business of ``tests/golden/test_simulate_carriers.py``.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from radfeat.core.digest import derive_seed
from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.clinical import ClinicalSheet, read_clinical_sheet
from radfeat.modelling.cohort import StudyTable, build_study
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.outcomes import Floats
from radfeat.modelling.settings import CovariateKind, CovariateSettings, ModellingSettings
from radfeat.simulate.outcomes import Outcome, build_effects, draw_outcome
from radfeat.simulate.settings import SimulationSettings, Truth
from radfeat.simulate.sheets import CLINICAL_COLUMNS, build_clinical_rows, format_csv
from radfeat.simulate.subjects import CONTROL, EXPERIMENTAL, Subject, build_subjects
from studies import make_tables, roi_row

ARMS = (CONTROL, EXPERIMENTAL)

ENDPOINTS = {
    EndpointKind.TIME_TO_EVENT: EndpointSettings(name="os", time="os_days", event="os_event"),
    EndpointKind.BINARY: EndpointSettings(name="response", kind=EndpointKind.BINARY, column="response"),
    EndpointKind.CONTINUOUS: EndpointSettings(
        name="shrinkage", kind=EndpointKind.CONTINUOUS, column="shrinkage_percent"
    ),
}

COVARIATES = (
    CovariateSettings(column="age"),
    CovariateSettings(column="sex", kind=CovariateKind.CATEGORICAL),
    CovariateSettings(column="ecog"),
)

PREDICTIVE = "fine_texture"
"""The feature of the property that alters the effect of treatment, under the predictive truth."""

PROGNOSTIC = "heterogeneity"
"""The feature of the property that is prognostic in both arms, unless the truth is null."""

CARRIERS = (PREDICTIVE, PROGNOSTIC, "size", "density", "elongation")
COPIES = ("fine_texture_again", "heterogeneity_again")
"""Near-copies of the first two, as radiomic features have many; each shares a cluster with its original."""

MEASUREMENT_SD = 0.3
COPY_SD = 0.1
"""Errors of a feature about its property, and of a copy about its feature, in SD of the property."""


@dataclass(frozen=True, slots=True)
class Design:
    """What the trials of a scenario are like.

    ``subjects`` are those of both arms together, ``noise`` is how many features mean nothing.
    ``site_deviation`` is that of the sites' shifts of every feature on the log scale (0: all sites alike).
    """

    truth: Truth
    subjects: int = 200
    noise: int = 17
    sites: int = 3
    site_deviation: float = 0.0

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the features."""
        return (*CARRIERS, *COPIES, *(f"noise_{k:03d}" for k in range(self.noise)))

    def simulate(self, seed: int) -> SimulationSettings:
        """Settings of one trial: strong but credible effects, and about two thirds with the event."""
        return SimulationSettings(
            seed=seed,
            subjects=self.subjects,
            sites=self.sites,
            truth=self.truth,
            prognostic_log_hr=0.8,
            predictive_log_hr=-0.8,
            response_scale=1.5,
            follow_up_days=400,
            dropout_per_year=0.1,
        )


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """Subjects in order of entry, what became of them, and their features (subjects x features)."""

    subjects: tuple[Subject, ...]
    outcomes: tuple[Outcome, ...]
    features: tuple[str, ...]
    values: Floats


def draw_trial(design: Design, seed: int) -> Trial:
    """One trial; the same seed gives the same subjects under every truth."""
    settings = design.simulate(seed)
    subjects, effects = build_subjects(settings), build_effects(settings)
    outcomes = tuple(draw_outcome(subject, settings, effects) for subject in subjects)
    return Trial(subjects, outcomes, design.features, draw_features(subjects, design, seed))


def draw_features(subjects: Sequence[Subject], design: Design, seed: int) -> Floats:
    """Skewed features: log-normal about the properties, their copies, and noise."""
    rng = np.random.Generator(np.random.PCG64(derive_seed(seed, "validation", "features")))
    latents = np.array([astuple(subject.latents) for subject in subjects])
    carriers = latents + MEASUREMENT_SD * rng.normal(size=latents.shape)
    copies = carriers[:, : len(COPIES)] + COPY_SD * rng.normal(size=(len(subjects), len(COPIES)))
    values = np.column_stack([carriers, copies, rng.normal(size=(len(subjects), design.noise))])
    names = sorted({subject.scanner.site_id for subject in subjects})
    site = [names.index(subject.scanner.site_id) for subject in subjects]
    shifts = design.site_deviation * rng.normal(size=(len(names), values.shape[1]))
    features: Floats = np.exp(0.5 * (values + shifts[site]))
    return features


def build_settings(kind: EndpointKind, seed: int, **changes: object) -> ModellingSettings:
    """Settings of the analysis: the defaults, but for what makes hundreds of trials affordable."""
    plain: dict[str, object] = {
        "endpoints": (ENDPOINTS[kind],),
        "arms": ARMS,
        "covariates": COVARIATES,
        "candidates": (PREDICTIVE, PROGNOSTIC),
        "leave_site_out_from": None,
        "folds": 3,
        "inner_folds": 2,
        "repeats": 1,
        "penalties": 5,
        "permutations": 0,
        "bootstrap": 50,
        "seed": seed,
    }
    return ModellingSettings.model_validate(plain | changes)


def assemble_study(trial: Trial, settings: ModellingSettings) -> StudyTable:
    """The study as a run would read it: tables of features and ROIs, and the clinical sheet."""
    size = trial.features.index("size") if "size" in trial.features else 0
    rows = [
        roi_row(
            subject.subject_id,
            site=subject.scanner.site_id,
            volume=float(1000.0 * values[size]),
            features=dict(zip(trial.features, values.tolist(), strict=True)),
        )
        for subject, values in zip(trial.subjects, trial.values, strict=True)
    ]
    return build_study(*make_tables(rows, trial.features), _read_sheet(trial, settings), settings)


def _read_sheet(trial: Trial, settings: ModellingSettings) -> ClinicalSheet:
    pairs = list(zip(trial.subjects, trial.outcomes, strict=True))
    with tempfile.TemporaryDirectory() as folder:
        sheet = Path(folder) / "clinical.csv"
        sheet.write_text(format_csv(CLINICAL_COLUMNS, build_clinical_rows(pairs)), encoding="utf-8")
        return read_clinical_sheet(sheet, settings)
