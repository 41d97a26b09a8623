"""Small studies for the tests of the models: settings, feature tables, clinical sheets, simulated cohorts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.clinical import ClinicalRow, ClinicalSheet, SubjectOutcome
from radfeat.modelling.cohort import StudyTable, build_study
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.settings import CovariateSettings, ModellingSettings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import FEATURES, ROIS

OS = EndpointSettings(name="os", time="days", event="died")
RESPONSE = EndpointSettings(name="response", kind=EndpointKind.BINARY, column="response")
SHRINKAGE = EndpointSettings(name="shrinkage", kind=EndpointKind.CONTINUOUS, column="shrinkage")
PROGRESSION = EndpointSettings(
    name="progression", time="days_to_progression", event="progressed", competing_values=("2",)
)


def make_settings(**changes: object) -> ModellingSettings:
    """Two endpoints, two arms, few folds: quick, and with a low gate."""
    plain: dict[str, object] = {
        "endpoints": (OS, RESPONSE),
        "arms": ("control", "experimental"),
        "min_events": 8,
        "min_per_class": 5,
        "min_subjects": 10,
        "folds": 3,
        "inner_folds": 2,
        "repeats": 2,
        "penalties": 6,
        "permutations": 0,
        "bootstrap": 50,
    }
    return ModellingSettings.model_validate(plain | changes)


def survival(times: Sequence[float], events: Sequence[object]) -> Outcomes:
    return Outcomes(
        EndpointKind.TIME_TO_EVENT, np.array(times, dtype=np.float64), np.array(events, dtype=np.bool_)
    )


def binary(events: Sequence[object]) -> Outcomes:
    return Outcomes(EndpointKind.BINARY, np.full(len(events), np.nan), np.array(events, dtype=np.bool_))


def continuous(values: Sequence[float]) -> Outcomes:
    nothing = np.full(len(values), np.nan)
    return Outcomes(
        EndpointKind.CONTINUOUS, nothing, np.zeros(len(values), dtype=np.bool_), np.array(values, dtype=float)
    )


def competing(times: Sequence[float], causes: Sequence[int]) -> Outcomes:
    """Causes: 1 the event, 2 a competing one, 0 censored."""
    ends = np.array(causes)
    return Outcomes(
        EndpointKind.TIME_TO_EVENT, np.array(times, dtype=float), ends == 1, competing=np.array(ends == 2)
    )


def roi_row(
    subject: str,
    *,
    site: str = "A",
    roi: str = "GTV",
    lesion: str = "",
    timepoint: str = "T0",
    image: str = "CT",
    reason: str | None = None,
    volume: float | None = 100.0,
    features: Mapping[str, float] | None = None,
) -> tuple[dict[str, object], dict[str, object]]:
    """One row of ``features`` and one of ``rois``."""
    key = RoiKey(CaseKey("ST", site, subject, timepoint, image), roi, lesion)
    shared: dict[str, object] = {
        "roi_id": key.roi_id,
        "case_id": key.case.case_id,
        "study_id": "ST",
        "site_id": site,
        "subject_id": subject,
        "timepoint": timepoint,
        "image_id": image,
        "roi": roi,
        "lesion_id": lesion or None,
        "status": "FAILED" if reason else "OK",
        "reason": reason,
    }
    values = {} if reason else dict(features if features is not None else {"f0": 1.0, "f1": 2.0})
    return shared | values, shared | {"volume_mm3": volume}


def make_tables(
    rows: Sequence[tuple[dict[str, object], dict[str, object]]], features: Sequence[str] = ("f0", "f1")
) -> tuple[pa.Table, pa.Table]:
    """Tables ``features`` and ``rois`` from rows of ``roi_row``."""
    return build_table(FEATURES, [f for f, _ in rows], features), build_table(ROIS, [r for _, r in rows])


def write_clinical(folder: Path, text: str) -> Path:
    path = folder / "clinical.csv"
    path.write_text(text, encoding="utf-8")
    return path


def draw_values(subjects: int, features: int, seed: int) -> Floats:
    """Gaussian features; each fourth is nearly a copy of the one before."""
    values = np.random.default_rng(seed).normal(size=(subjects, features))
    noise = np.random.default_rng(seed + 1).normal(size=(subjects, features))
    values[:, 3::4] = values[:, 2::4][:, : values[:, 3::4].shape[1]] + 0.1 * noise[:, 3::4]
    return values


def draw_study(
    settings: ModellingSettings,
    *,
    subjects: int = 60,
    features: int = 8,
    prognostic: float = 0.0,
    predictive: float = 0.0,
    seed: int = 0,
    order: Sequence[int] | None = None,
) -> StudyTable:
    """A trial with outcomes by ``f0`` (prognostic) and ``f1`` in the last arm (predictive).

    Stratification factors, if declared, have two levels each in turn.

    ``order`` is the order of the rows of the tables, which must not matter.
    """
    values = draw_values(subjects, features, seed)
    rng = np.random.default_rng(seed + 2)
    arms = [settings.arms[i % len(settings.arms)] for i in range(subjects)]
    treated = np.array([arm == settings.arms[-1] for arm in arms])
    hazard = prognostic * values[:, 0] + predictive * values[:, 1] * treated
    deaths = rng.exponential(300.0 * np.exp(-hazard))
    last = rng.uniform(400.0, 1500.0, size=subjects)
    responds = rng.random(subjects) < 1.0 / (1.0 + np.exp(-hazard))
    more = np.random.default_rng(seed + 3)
    others = more.exponential(500.0, size=subjects)
    shrinkage = 20.0 - 5.0 * hazard + 5.0 * more.normal(size=subjects)
    names = [f"f{j}" for j in range(features)]
    ids = [f"S{i:03d}" for i in range(subjects)]
    rows, clinical = [], []
    for i in order if order is not None else range(subjects):
        rows.append(
            roi_row(
                ids[i],
                site="ABC"[i % 3],
                volume=float(100.0 * np.exp(values[i, -1])),
                features=dict(zip(names, values[i].tolist(), strict=True)),
            )
        )
        outcomes = {
            "os": SubjectOutcome(float(np.ceil(min(deaths[i], last[i]))), bool(deaths[i] <= last[i])),
            "response": SubjectOutcome(float("nan"), bool(responds[i])),
            "shrinkage": SubjectOutcome(float("nan"), False, value=float(shrinkage[i])),
            "progression": _end_first(deaths[i], others[i], last[i]),
        }
        covariates = {c.column: float(rng.normal()) for c in settings.covariates}
        levels = tuple("ab"[(i >> k) % 2] for k, _ in enumerate(settings.stratification, start=1))
        clinical.append(ClinicalRow(ids[i], arms[i], outcomes, covariates, levels))
    tables = make_tables(rows, names)
    sheet = ClinicalSheet(tuple(sorted(clinical, key=lambda r: r.subject_id)))
    return build_study(*tables, sheet, settings)


def _end_first(event: float, other: float, last: float) -> SubjectOutcome:
    time = min(event, other, last)
    return SubjectOutcome(float(np.ceil(time)), bool(event == time), bool(other == time))


AGE = CovariateSettings(column="age")
