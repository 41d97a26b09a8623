"""Outcomes: survival with censoring, and response, from the planted effects."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from radfeat.simulate.settings import SimulationSettings, Truth
from radfeat.simulate.subjects import CONTROL, Subject, generator, list_arms

COVARIATE_LOG_HR: Mapping[str, float] = {"age_per_decade": 0.15, "male": 0.1, "ecog_per_grade": 0.25}
"""Modest and real, in every truth; age is centred at 62 years, ECOG at 1."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Log hazard ratios as planted: those per standard deviation of a latent, and those of each arm."""

    prognostic: float
    size: float
    treatment: Mapping[str, float]
    predictive: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a subject: whole days (at least 1), 1 for death, 1 for response, and the log hazard."""

    os_days: int
    os_event: int
    response: int
    log_hazard: float


def build_effects(settings: SimulationSettings) -> Effects:
    """The effects that the settings plant.

    The predictive effect is in the first experimental arm only, so that a third arm is a negative control.
    """
    arms = list_arms(settings.arms)
    first = next(arm for arm in arms if arm != CONTROL)
    textured = settings.truth is not Truth.NULL
    predictive = settings.predictive_log_hr if settings.truth is Truth.PREDICTIVE else 0.0
    return Effects(
        prognostic=settings.prognostic_log_hr if textured else 0.0,
        size=settings.size_log_hr if textured else 0.0,
        treatment={arm: 0.0 if arm == CONTROL else settings.treatment_log_hr for arm in arms},
        predictive={arm: predictive if arm == first else 0.0 for arm in arms},
    )


def draw_outcome(subject: Subject, settings: SimulationSettings, effects: Effects) -> Outcome:
    """Outcome of one subject.

    ``log hazard = log base + b_prog * heterogeneity + b_size * size + covariates + b_trt[arm] + b_pred[arm] *
    fine_texture``. The random numbers do not depend on the effects: two truths differ by the effects alone.
    """
    rng = generator(settings.seed, "outcome", str(subject.number))
    survival, entry, dropout, response = (float(u) for u in 1.0 - rng.random(4))  # in (0, 1]: log is finite
    log_hazard = compute_log_hazard(subject, effects)
    death = _draw_death_days(survival, log_hazard, settings)
    close = settings.follow_up_days + entry * settings.accrual_days
    last = min(close, _draw_dropout_days(dropout, settings.dropout_per_year))
    responds = response <= 1.0 / (1.0 + math.exp(settings.response_scale * log_hazard))
    days = max(1, math.ceil(min(death, last)))
    return Outcome(days, int(death <= last), int(responds), log_hazard)


def compute_log_hazard(subject: Subject, effects: Effects) -> float:
    """Log hazard of a subject relative to an average control subject."""
    latents = subject.latents
    covariates = (
        COVARIATE_LOG_HR["age_per_decade"] * (subject.age - 62) / 10
        + COVARIATE_LOG_HR["male"] * (subject.sex == "M")
        + COVARIATE_LOG_HR["ecog_per_grade"] * (subject.ecog - 1)
    )
    lesion = effects.prognostic * latents.heterogeneity + effects.size * latents.size
    arm = effects.treatment[subject.arm] + effects.predictive[subject.arm] * latents.fine_texture
    return covariates + lesion + arm


def _draw_death_days(uniform: float, log_hazard: float, settings: SimulationSettings) -> float:
    # Cumulative hazard log(2) * (t / median)^shape * exp(log_hazard), set equal to -log(uniform).
    ratio = -math.log(uniform) / math.log(2) * math.exp(-log_hazard)
    return float(settings.median_days * ratio ** (1.0 / settings.weibull_shape))


def _draw_dropout_days(uniform: float, per_year: float) -> float:
    if per_year == 0.0:
        return math.inf
    return 365.25 * math.log(uniform) / math.log1p(-per_year)
