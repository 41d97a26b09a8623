"""The landmark rule: who is left out, where times begin, and the trap that it is there for."""

import numpy as np
import pytest

from radfeat.modelling.arms import fit_arm
from radfeat.modelling.clinical import ClinicalRow, ClinicalSheet, SubjectOutcome
from radfeat.modelling.cohort import StudyTable, build_cohort, build_study
from radfeat.modelling.concordance import compute_concordance
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.predictor_table import build_predictors
from radfeat.modelling.settings import ModellingSettings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import FEATURE_CATALOGUE
from studies import OS, RESPONSE, make_settings, make_tables, roi_row

PFS = EndpointSettings(name="pfs", time="weeks", event="progressed", time_unit="weeks")


def settings_of(**changes: object) -> ModellingSettings:
    plain = {"baseline": "T0", "followup": "T1", "kinds": ("absolute",)}
    return make_settings(delta=plain | changes, endpoints=(OS, PFS, RESPONSE), candidates=())


def clinical_row(subject: str, **outcomes: SubjectOutcome | None) -> ClinicalRow:
    plain = {"os": None, "pfs": None, "response": None}
    return ClinicalRow(subject, "control", plain | outcomes, {})


def join(
    clinical: list[ClinicalRow], day: float | None = 42.0, settings: ModellingSettings | None = None
) -> StudyTable:
    """Every subject with a change of 1 between day -7 and ``day``."""
    rows, days = [], {}
    for row in clinical:
        for timepoint, value, when in (("T0", 1.0, -7.0), ("T1", 2.0, day)):
            rows.append(roi_row(row.subject_id, timepoint=timepoint, features={"f0": value}))
            days[rows[-1][0]["case_id"]] = when
    sheet = ClinicalSheet(tuple(clinical))
    return build_study(*make_tables(rows, ["f0"]), sheet, settings or settings_of(), days=days)


def excluded_of(study: StudyTable) -> dict[str, str | None]:
    return {row["subject_id"]: row["excluded"] for row in study.subjects.to_pylist()}


@pytest.mark.parametrize(("event", "what"), [(True, "event"), (False, "censored")])
@pytest.mark.parametrize("time", [0.0, 30.0, 42.0])
def test_subject_who_did_not_pass_the_landmark_is_left_out(time: float, event: bool, what: str) -> None:
    study = join([clinical_row("S1", os=SubjectOutcome(time, event))])
    assert excluded_of(study) == {"S1": f"os: {what} at {time:g} days, not after the landmark, day 42"}
    assert len(build_cohort(study, "os", ["control"])) == 0


def test_times_count_from_the_followup_image_in_the_endpoint_s_unit() -> None:
    study = join([clinical_row("S1", os=SubjectOutcome(100.0, True), pfs=SubjectOutcome(10.0, True))])
    assert study.outcomes["os"].times.tolist() == [58.0]
    assert study.outcomes["pfs"].times == pytest.approx([4.0])


def test_declared_landmark_leaves_out_whose_image_is_later() -> None:
    rows = [clinical_row("S1", os=SubjectOutcome(100.0, True))]
    study = join(rows, 42.0, settings_of(landmark_day=60.0))
    assert study.outcomes["os"].times.tolist() == [40.0]
    late = join(rows, 61.0, settings_of(landmark_day=60.0))
    assert excluded_of(late) == {"S1": "os: the image of T1 (day 61) is later than the landmark, day 60"}


@pytest.mark.parametrize("landmark", [None, 60.0])
def test_without_the_day_of_the_image_nobody_enters_a_time_to_event(landmark: float | None) -> None:
    rows = [clinical_row("S1", os=SubjectOutcome(100.0, True))]
    study = join(rows, None, settings_of(landmark_day=landmark))
    assert excluded_of(study) == {"S1": "os: the study day of the image of T1 is not known"}


def test_binary_endpoint_has_no_landmark_and_the_note_says_what_the_subject_is_not_in() -> None:
    response = SubjectOutcome(float("nan"), True)
    study = join([clinical_row("S1", os=SubjectOutcome(5.0, True), response=response)])
    (row,) = study.subjects.to_pylist()
    assert row["excluded"] is None
    assert row["note"] == "not in os: event at 5 days, not after the landmark, day 42"
    assert len(build_cohort(study, "response", ["control"])) == 1


def test_second_image_before_randomisation_leaves_times_as_they_are() -> None:
    study = join([clinical_row("S1", os=SubjectOutcome(5.0, True))], -1.0)
    assert study.outcomes["os"].times.tolist() == [5.0]


def test_feasibility_says_how_many_the_landmark_left_out() -> None:
    rows = [clinical_row(f"S{i}", os=SubjectOutcome(30.0 + 10 * i, True)) for i in range(4)]
    settings = settings_of()
    result = fit_arm(join(rows, 42.0, settings), "os", "control", settings)
    (sentence,) = result.feasibility["sentence"].to_pylist()
    assert sentence.startswith("control: 2 events in 2 subjects, but 8 events are needed")
    assert sentence.endswith(
        "Times count from the landmark, the day of the image of T1; 2 subjects are left out "
        "(2 with event or censoring up to it)."
    )


def test_without_delta_nothing_is_counted_from_anywhere_else() -> None:
    settings = make_settings()
    sheet = ClinicalSheet((clinical_row("S1", os=SubjectOutcome(5.0, True)),))
    study = build_study(*make_tables([roi_row("S1")]), sheet, settings)
    assert study.outcomes["os"].times.tolist() == [5.0]
    assert not study.landmarks


def draw_trap(subjects: int, seed: int, settings: ModellingSettings) -> tuple[StudyTable, dict[str, float]]:
    """No effect at all: a feature drifts with time, the second image is late or early, the hazard constant.

    Only who lives to the second image has a change, and the later the image, the greater the change.
    """
    rng = np.random.default_rng(seed)
    rows, days, clinical, raw = [], {}, [], {}
    for i in range(subjects):
        subject, image_day, death = f"S{i:03d}", rng.uniform(20.0, 400.0), rng.exponential(300.0)
        for timepoint, value, when in (("T0", 10.0, 0.0), ("T1", 10.0 + 0.1 * image_day, image_day)):
            if when < death:
                rows.append(roi_row(subject, timepoint=timepoint, features={"f0": value}))
                days[rows[-1][0]["case_id"]] = when
        clinical.append(clinical_row(subject, os=SubjectOutcome(death, True)))
        raw[subject] = death
    return build_study(*make_tables(rows, ["f0"]), ClinicalSheet(tuple(clinical)), settings, days=days), raw


def test_immortal_time_makes_no_finding_from_the_landmark_and_would_from_randomisation() -> None:
    settings = settings_of()
    fair, trapped = [], []
    for seed in range(10):
        study, deaths = draw_trap(150, seed, settings)
        cohort = build_cohort(study, "os", ["control"], offered=False)
        change, outcomes = cohort.values[:, 0], cohort.outcomes
        fair.append(compute_concordance(change, outcomes, resamples=50, level=0.95, seed=1).estimate)
        naive = type(outcomes)(
            outcomes.kind, np.array([deaths[s] for s in cohort.subject_ids]), outcomes.events
        )
        trapped.append(compute_concordance(change, naive, resamples=50, level=0.95, seed=1).estimate)
    assert np.mean(fair) == pytest.approx(0.5, abs=0.03)
    assert np.mean(trapped) < 0.4, "the greater the change, the longer they live: they had to, to be imaged"


def test_predictors_table_counts_what_is_undefined_and_has_short_names() -> None:
    settings = make_settings(delta={"baseline": "T0", "followup": "T1", "kinds": ("log_ratio", "per_week")})
    values = {"S1": (1.0, 2.0), "S2": (-1.0, 2.0), "S3": (None, 2.0)}
    rows = [
        roi_row(s, timepoint=f"T{k}", features={} if v is None else {"f0": v})
        for s, pair in values.items()
        for k, v in enumerate(pair)
    ]
    sheet = ClinicalSheet(tuple(clinical_row(s, os=SubjectOutcome(9.0, True)) for s in values))
    settings = settings.model_copy(update={"endpoints": (OS, PFS, RESPONSE)})
    study = build_study(*make_tables(rows, ["f0"]), sheet, settings)
    entry = {c.name: "x" for c in FEATURE_CATALOGUE.columns}
    entry |= {"feature": "f0", "code": "ORIGFMEA", "unit": "mm", "ibsi_deviation": None}
    table = build_predictors(study, build_table(FEATURE_CATALOGUE, [entry])).to_pylist()
    found = {row["predictor"]: row for row in table}
    ratio, weekly = found["delta_log_ratio:f0"], found["delta_per_week:f0"]
    assert (ratio["short"], ratio["unit"], ratio["kind"]) == ("LORIGFMEA", "1", "log_ratio")
    assert (weekly["short"], weekly["unit"]) == ("WORIGFMEA", "mm/wk")
    assert [ratio[c] for c in ("subjects", "defined", "missing", "log_of_non_positive")] == [3, 1, 1, 1]
    assert [weekly[c] for c in ("defined", "missing", "no_interval")] == [0, 1, 2]
