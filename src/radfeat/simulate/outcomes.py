"""Outcomes from the planted effects: survival, response, shrinkage, progression with death competing."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from radfeat.simulate.settings import SimulationSettings, Truth
from radfeat.simulate.subjects import CONTROL, Subject, generator, list_arms

COVARIATE_LOG_HR: Mapping[str, float] = {"age_per_decade": 0.15, "male": 0.1, "ecog_per_grade": 0.25}
"""Modest and real, in every truth; age is centred at 62 years, ECOG at 1."""

_SHRINKAGE_SD = 10.0
"""Standard deviation of the shrinkage that nothing explains, percentage points."""


@dataclass(frozen=True, slots=True)
class Effects:
    """Log hazard ratios as planted: those per standard deviation of a latent, and those of each arm."""

    prognostic: float
    size: float
    treatment: Mapping[str, float]
    predictive: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a subject: whole days (at least 1), 1 for death, 1 for response, and the log hazard.

    ``progression_event`` is 1 for progression, 2 for death without it, 0 for neither; ``shrinkage_percent``
    is of the sum of diameters (negative: growth).
    """

    os_days: int
    os_event: int
    response: int
    progression_days: int
    progression_event: int
    shrinkage_percent: float
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
    death = _draw_days(survival, log_hazard, settings.median_days, settings)
    close = settings.follow_up_days + entry * settings.accrual_days
    last = min(close, _draw_dropout_days(dropout, settings.dropout_per_year))
    responds = response <= 1.0 / (1.0 + math.exp(settings.response_scale * log_hazard))
    days = max(1, math.ceil(min(death, last)))
    # Drawn apart, so that what was drawn before there were further outcomes stays as it was.
    further = generator(settings.seed, "further outcomes", str(subject.number))
    progression = _draw_days(1.0 - further.random(), log_hazard, settings.progression_median_days, settings)
    first = min(progression, death, last)
    noise = float(further.standard_normal())
    return Outcome(
        os_days=days,
        os_event=int(death <= last),
        response=int(responds),
        progression_days=max(1, math.ceil(first)),
        progression_event=0 if first == last else (1 if first == progression else 2),
        shrinkage_percent=round(20.0 - settings.shrinkage_scale * log_hazard + _SHRINKAGE_SD * noise, 1),
        log_hazard=log_hazard,
    )


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


def _draw_days(uniform: float, log_hazard: float, median: float, settings: SimulationSettings) -> float:
    # Cumulative hazard log(2) * (t / median)^shape * exp(log_hazard), set equal to -log(uniform).
    ratio = -math.log(uniform) / math.log(2) * math.exp(-log_hazard)
    return float(median * ratio ** (1.0 / settings.weibull_shape))


def _draw_dropout_days(uniform: float, per_year: float) -> float:
    if per_year == 0.0:
        return math.inf
    return 365.25 * math.log(uniform) / math.log1p(-per_year)
