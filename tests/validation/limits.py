"""What the estimate of an interaction aims at, on the scale that it is estimated on.

The planted coefficient is per standard deviation of a property of the lesions, with everything else that
matters held fixed. The analysis has a *feature* of it, measured with an error, transformed and standardised,
and does not adjust for the prognostic property. So it aims at less: by the correlation of the two (exactly so
where the endpoint is continuous), and for ratios by some more, because hazard and odds ratios shrink when a
prognostic variable is left out even from a randomised trial (they are not collapsible). The limit is taken
from one very large trial, analysed in the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.biomarkers import transform_feature
from radfeat.modelling.interactions import build_interactions
from radfeat.simulate.settings import SimulationSettings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import PREDICTIONS
from validation.procedure import record_candidate
from validation.scenarios import PREDICTIVE as DESIGN
from validation.trials import PREDICTIVE, Design, Trial, assemble_study, build_settings, draw_trial

SUBJECTS = 60_000
"""Subjects of the large trial: its own error is a seventeenth of that of a trial of 200."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The interaction as planted, times the feature's correlation with its property, and as it is estimated.

    ``error`` is the standard error of ``limit``.
    """

    planted: float
    attenuated: float
    limit: float
    error: float


def find_limits(subjects: int = SUBJECTS, seed: int = 0) -> Mapping[EndpointKind, Limit]:
    """The limit for every kind of endpoint, from one trial of so many subjects."""
    design = Design(DESIGN.truth, subjects=subjects, noise=0)
    trial = draw_trial(design, seed)
    correlation = correlate_feature(trial)
    return {kind: _find_limit(kind, trial, correlation, design.simulate(seed)) for kind in EndpointKind}


def correlate_feature(trial: Trial) -> float:
    """Pearson's correlation of the predictive feature, as the analysis transforms it, with its property."""
    feature = transform_feature(trial.values[:, trial.features.index(PREDICTIVE)])
    latent = [subject.latents.fine_texture for subject in trial.subjects]
    return float(np.corrcoef(feature, latent)[0, 1])


def plant(kind: EndpointKind, settings: SimulationSettings) -> float:
    """The planted interaction: log hazard ratio, log odds ratio, or difference of slopes (points)."""
    scale = {
        EndpointKind.TIME_TO_EVENT: 1.0,
        EndpointKind.BINARY: -settings.response_scale,
        EndpointKind.CONTINUOUS: -settings.shrinkage_scale,
    }
    return scale[kind] * settings.predictive_log_hr


def _find_limit(kind: EndpointKind, trial: Trial, correlation: float, simulated: SimulationSettings) -> Limit:
    settings = build_settings(kind, seed=0)
    study = assemble_study(trial, settings)
    nobody = build_table(PREDICTIONS, [])
    table = build_interactions(study, settings.endpoints[0].name, nobody, settings).to_pylist()
    found = record_candidate(next(row for row in table if row["biomarker"] == PREDICTIVE))
    if found.estimate is None or found.lo is None or found.hi is None:
        raise ArithmeticError(f"no interaction could be estimated in {len(trial.subjects)} subjects")
    error = (found.hi - found.lo) / (2 * float(norm.ppf(0.5 + settings.level / 2)))
    planted = plant(kind, simulated)
    return Limit(planted, planted * correlation, found.estimate, error)
