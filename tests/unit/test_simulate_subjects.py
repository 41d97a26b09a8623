import math
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from radfeat.simulate.acquisition import acquire
from radfeat.simulate.anatomy import build_anatomy
from radfeat.simulate.outcomes import build_effects, compute_log_hazard, draw_outcome
from radfeat.simulate.scanners import assign_sites, build_scanners
from radfeat.simulate.settings import SimulationSettings, Truth
from radfeat.simulate.subjects import Latents, build_subjects, list_arms

AVERAGE = Latents(0.0, 0.0, 0.0, 0.0, 0.0)


def average_subject(arm, latents=AVERAGE):
    subject = build_subjects(SimulationSettings(subjects=1))[0]
    return replace(subject, arm=arm, latents=latents, age=62, sex="F", ecog=1)


def test_settings_survive_json_and_refuse_more_broken_than_subjects():
    settings = SimulationSettings(subjects=4, broken=4, truth=Truth.NULL)
    assert SimulationSettings.model_validate(settings.model_dump(mode="json")) == settings
    with pytest.raises(ValidationError, match="only 3 subjects"):
        SimulationSettings(subjects=3, broken=4)
    with pytest.raises(ValidationError):
        SimulationSettings(modality="PT")


def test_every_setting_is_described():
    assert all(field.description for field in SimulationSettings.model_fields.values())


def test_accrual_follows_the_shares_at_every_moment():
    scanners = build_scanners(SimulationSettings(sites=4))
    sites = assign_sites(scanners, 200)
    assert sites[:50] == assign_sites(scanners, 50)
    for entered in range(1, 201):
        counts = Counter(sites[:entered])
        assert all(abs(counts[j] - s.share * entered) < 2 for j, s in enumerate(scanners))
    assert Counter(sites)[0] > Counter(sites)[1] > Counter(sites)[3]


@pytest.mark.parametrize("arms", [1, 2, 3])
def test_blocks_balance_the_arms_within_each_site(arms):
    subjects = build_subjects(SimulationSettings(subjects=240, arms=arms))
    for site in ("S01", "S02", "S03"):
        order = [s.arm for s in subjects if s.scanner.site_id == site]
        for start in range(0, len(order) - 2 * arms + 1, 2 * arms):
            assert Counter(order[start : start + 2 * arms]) == dict.fromkeys(list_arms(arms), 2)
    firsts = Counter(s.arm for s in subjects[:100])
    assert len(firsts) == arms


def test_blocks_are_not_all_alike():
    subjects = build_subjects(SimulationSettings(subjects=80, sites=1))
    blocks = {tuple(s.arm for s in subjects[i : i + 4]) for i in range(0, 80, 4)}
    assert len(blocks) >= 4


def test_latents_are_standard_normal_and_independent_of_each_other_and_the_arm():
    subjects = build_subjects(SimulationSettings(subjects=3000))
    arm = [float(s.arm == "control") for s in subjects]
    table = np.array([[getattr(s.latents, name) for name in Latents.__slots__] for s in subjects])
    assert np.abs(table.mean(axis=0)).max() < 0.08
    assert np.abs(table.std(axis=0) - 1).max() < 0.06
    correlations = np.corrcoef(np.column_stack([table, arm]), rowvar=False) - np.eye(6)
    assert np.abs(correlations).max() < 0.08


def test_arms_and_their_effects():
    one, three = SimulationSettings(arms=1), SimulationSettings(arms=3)
    assert list_arms(1) == ("experimental",)
    assert build_effects(one).predictive == {"experimental": -2.0}
    effects = build_effects(three)
    assert effects.treatment == {"control": 0.0, "experimental-1": -0.3, "experimental-2": -0.3}
    assert effects.predictive == {"control": 0.0, "experimental-1": -2.0, "experimental-2": 0.0}


@pytest.mark.parametrize(
    ("truth", "expected"),
    [
        (Truth.PREDICTIVE, (0.6, -0.3 - 2.0)),
        (Truth.PROGNOSTIC_ONLY, (0.6, -0.3)),
        (Truth.NULL, (0.0, -0.3)),
    ],
)
def test_log_hazard_has_the_planted_effects(truth, expected):
    effects = build_effects(SimulationSettings(truth=truth))
    rough = Latents(0.0, 1.0, 5.0, 5.0, 5.0)
    fine = Latents(1.0, 0.0, 0.0, 0.0, 0.0)
    assert compute_log_hazard(average_subject("control"), effects) == 0.0
    assert compute_log_hazard(average_subject("control", fine), effects) == 0.0
    assert compute_log_hazard(average_subject("control", rough), effects) == pytest.approx(expected[0])
    assert compute_log_hazard(average_subject("experimental", fine), effects) == pytest.approx(expected[1])


def test_covariates_have_their_effects():
    effects = build_effects(SimulationSettings())
    subject = replace(average_subject("control"), age=72, sex="M", ecog=2)
    assert compute_log_hazard(subject, effects) == pytest.approx(0.15 + 0.1 + 0.25)


def test_median_survival_and_response_of_average_controls_are_as_set():
    settings = SimulationSettings(dropout_per_year=0.0, follow_up_days=20_000, median_days=200)
    effects = build_effects(settings)
    control = average_subject("control")
    outcomes = [draw_outcome(replace(control, number=k), settings, effects) for k in range(2000)]
    assert all(o.os_event == 1 for o in outcomes)
    assert np.median([o.os_days for o in outcomes]) == pytest.approx(200, abs=16)
    assert np.mean([o.response for o in outcomes]) == pytest.approx(0.5, abs=0.04)


def test_censoring_ends_by_the_close_of_the_study_and_dropout_comes_before():
    subjects = build_subjects(SimulationSettings(subjects=400))
    settings = SimulationSettings(median_days=2000, dropout_per_year=0.0)
    effects = build_effects(settings)
    outcomes = [draw_outcome(s, settings, effects) for s in subjects]
    censored = [o.os_days for o in outcomes if o.os_event == 0]
    assert len(censored) > 150
    assert min(censored) >= 1095
    assert max(o.os_days for o in outcomes) <= 1095 + 365
    leaving = settings.model_copy(update={"dropout_per_year": 0.3})
    early = [draw_outcome(s, leaving, effects) for s in subjects]
    share = np.mean([o.os_event == 0 and o.os_days <= 365 for o in early])
    assert share == pytest.approx(0.28, abs=0.08)
    assert all(o.os_days >= 1 and isinstance(o.os_days, int) for o in early)


def test_extreme_hazards_stay_finite():
    settings = SimulationSettings(prognostic_log_hr=3.0)
    effects = build_effects(settings)
    for value in (-8.0, 8.0):
        outcome = draw_outcome(
            average_subject("control", Latents(0.0, value, 0.0, 0.0, 0.0)), settings, effects
        )
        assert math.isfinite(outcome.log_hazard)
        assert outcome.os_days >= 1


def test_without_reader_variation_both_readers_draw_the_same_lesion():
    settings = SimulationSettings(subjects=1, field_z_mm=60.0, reader_variation_mm=0.0)
    varied = settings.model_copy(update={"reader_variation_mm": 1.0})
    subject = build_subjects(settings)[0]
    anatomy = build_anatomy(subject, settings)
    true, drawn = (acquire(subject, anatomy, 0, s).labels_zyx > 0 for s in (settings, varied))
    dice = 2 * np.sum(true & drawn) / (true.sum() + drawn.sum())
    assert 0.7 < dice < 0.97
    volume_mm3 = true.sum() * 2.5
    radius_mm = 10.0 * math.exp(0.15 * subject.latents.size)
    assert volume_mm3 == pytest.approx(4 / 3 * math.pi * radius_mm**3, rel=0.2)


def test_scanners_are_alike_when_differences_are_none_and_differ_otherwise():
    alike = build_scanners(SimulationSettings(scanner_differences=0.0))
    assert len({(s.spacing_xyz_mm, s.blur_mm, s.noise, s.grain_mm, s.offset) for s in alike}) == 1
    one, two = (build_scanners(SimulationSettings(scanner_differences=d))[1] for d in (1.0, 2.0))
    assert two.offset == 2 * one.offset
    assert two.blur_mm > one.blur_mm


def test_scanner_offset_moves_the_body_and_not_the_air():
    settings = SimulationSettings(subjects=2, field_z_mm=60.0, scanner_differences=3.0)
    subject = build_subjects(settings)[1]
    anatomy = build_anatomy(subject, settings)
    plain = replace(subject, scanner=replace(subject.scanner, offset=0.0))
    moved, still = (acquire(s, anatomy, 0, settings).voxels_zyx.astype(int) for s in (subject, plain))
    difference = moved - still
    middle = difference.shape[0] // 2
    assert difference[middle, 30, 30] == 18
    assert np.all(difference[:, :2, :2] == 0)
