"""How often a sound analysis of the true lesion variables finds what is planted.

The figures in ``docs/simulate.md`` come from ``python tests/golden/test_simulate_power.py`` (500 trials of 60
subjects, of which 5 are lost to broken inputs); the tests repeat a few of those trials.
"""

import pandas as pd
import pytest
from lifelines import CoxPHFitter
from scipy.stats import chi2

from radfeat.simulate.broken import choose_broken
from radfeat.simulate.outcomes import build_effects, draw_outcome
from radfeat.simulate.settings import SimulationSettings, Truth
from radfeat.simulate.subjects import build_subjects

COVARIATES = ["age", "male", "ecog"]


def draw_trial(settings: SimulationSettings) -> pd.DataFrame:
    """Outcomes and true lesion variables of the subjects whose inputs are sound; no scan is made."""
    subjects = build_subjects(settings)
    lost = {b.subject.subject_id for b in choose_broken(subjects, settings.broken, settings.seed)}
    effects = build_effects(settings)
    rows = []
    for s in subjects:
        if s.subject_id in lost:
            continue
        o = draw_outcome(s, settings, effects)
        rows.append(
            {
                "subject_id": s.subject_id,
                "days": o.os_days,
                "event": o.os_event,
                "response": o.response,
                "arm": int(s.arm.startswith("experimental")),
                "fine_texture": s.latents.fine_texture,
                "heterogeneity": s.latents.heterogeneity,
                "age": (s.age - 62) / 10,
                "male": int(s.sex == "M"),
                "ecog": s.ecog,
            }
        )
    return pd.DataFrame(rows)


def fit_interaction(trial: pd.DataFrame, latent: str) -> tuple[float, float, float]:
    """Estimate, standard error and likelihood-ratio p of arm x latent in a Cox model with covariates."""
    trial = trial.assign(interaction=trial["arm"] * trial[latent])
    columns = ["days", "event", "arm", latent, *COVARIATES]
    options = {"duration_col": "days", "event_col": "event", "fit_options": {"precision": 1e-9}}
    full = CoxPHFitter().fit(trial[[*columns, "interaction"]], **options)
    reduced = CoxPHFitter().fit(trial[columns], **options)
    p = float(chi2.sf(2 * (full.log_likelihood_ - reduced.log_likelihood_), 1))
    return float(full.params_["interaction"]), float(full.standard_errors_["interaction"]), p


def fit_prognostic(trial: pd.DataFrame) -> tuple[float, float]:
    """Estimate and likelihood-ratio p of heterogeneity beside arm, fine_texture, product, covariates."""
    trial = trial.assign(interaction=trial["arm"] * trial["fine_texture"])
    columns = ["days", "event", "arm", "fine_texture", "interaction", *COVARIATES]
    options = {"duration_col": "days", "event_col": "event", "fit_options": {"precision": 1e-9}}
    full = CoxPHFitter().fit(trial[[*columns, "heterogeneity"]], **options)
    reduced = CoxPHFitter().fit(trial[columns], **options)
    p = float(chi2.sf(2 * (full.log_likelihood_ - reduced.log_likelihood_), 1))
    return float(full.params_["heterogeneity"]), p


def count_found(truth: Truth, latent: str, seeds: range, level: float) -> int:
    trials = (draw_trial(SimulationSettings(seed=seed, broken=5, truth=truth)) for seed in seeds)
    return sum(fit_interaction(trial, latent)[2] < level for trial in trials)


def test_planted_interaction_is_found_in_most_trials():
    assert count_found(Truth.PREDICTIVE, "fine_texture", range(20), 0.01) >= 15


def test_interaction_is_rarely_found_where_only_prognosis_is_planted():
    assert count_found(Truth.PROGNOSTIC_ONLY, "fine_texture", range(20), 0.05) <= 4


def test_interaction_is_rarely_found_in_null_trials():
    assert count_found(Truth.NULL, "fine_texture", range(20), 0.05) <= 4


def test_estimates_recover_the_planted_effects_in_a_large_trial():
    settings = SimulationSettings(subjects=3000, seed=7)
    trial = draw_trial(settings)
    trial["fine_by_arm"] = trial["arm"] * trial["fine_texture"]
    fit = CoxPHFitter().fit(trial.drop(columns=["response", "subject_id"]), "days", "event")
    planted = {
        "heterogeneity": settings.prognostic_log_hr,
        "fine_by_arm": settings.predictive_log_hr,
        "arm": settings.treatment_log_hr,
        "fine_texture": 0.0,
        "age": 0.15,
        "male": 0.1,
        "ecog": 0.25,
    }
    for name, value in planted.items():
        assert fit.params_[name] == pytest.approx(value, abs=4 * fit.standard_errors_[name])


if __name__ == "__main__":
    seeds = range(500)
    for truth in Truth:
        trials = [draw_trial(SimulationSettings(seed=seed, broken=5, truth=truth)) for seed in seeds]
        fits = [fit_interaction(trial, "fine_texture") for trial in trials]
        others = [fit_interaction(trial, "heterogeneity")[2] for trial in trials]
        prognosis = [fit_prognostic(trial) for trial in trials]
        true = -2.0 if truth is Truth.PREDICTIVE else 0.0
        covered = sum(abs(b - true) < 1.96 * se for b, se, _ in fits) / len(fits)
        print(truth.value, f"deaths {sum(t['event'].sum() for t in trials) / len(trials):.1f}", end="; ")
        print(f"responses {sum(t['response'].sum() for t in trials) / len(trials):.1f}", end="; ")
        for level in (0.05, 0.01, 0.001):
            print(f"arm x fine p<{level}: {sum(p < level for *_, p in fits) / len(fits):.3f}", end="; ")
        print(f"mean estimate {sum(b for b, *_ in fits) / len(fits):.2f}, cover {covered:.3f}", end="; ")
        print(f"arm x heterogeneity p<0.05: {sum(p < 0.05 for p in others) / len(others):.3f}", end="; ")
        print(f"heterogeneity p<0.05: {sum(p < 0.05 for _, p in prognosis) / len(prognosis):.3f}")
