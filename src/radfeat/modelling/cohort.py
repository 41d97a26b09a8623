"""The join: one subject, one row; arms and outcomes meet the features here and nowhere else."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from radfeat.core.errors import CohortError
from radfeat.modelling.clinical import ClinicalRow, ClinicalSheet, stack_outcomes
from radfeat.modelling.lesions import RoiTable, SubjectRow, build_subject_row, select_rois
from radfeat.modelling.outcomes import Floats, Indices, Outcomes
from radfeat.modelling.predictors import Offer, select_predictors
from radfeat.modelling.settings import CovariateKind, CovariateSettings, ModellingSettings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import SUBJECTS


@dataclass(frozen=True, eq=False, slots=True)
class StudyTable:
    """Subjects of the clinical sheet that have features, sorted by subject; arrays are read-only.

    ``values`` is subjects x ``features`` and ``covariates`` subjects x ``covariate_names`` (indicators for
    categorical ones); NaN stands for a missing value. ``volumes_mm3`` is the volume of each subject's
    ROI as drawn, the sum where lesions were combined, whatever the features are. ``offer`` says which
    features the models are given. ``subjects`` is the table of what became of every subject of the sheet.
    """

    subject_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    arms: tuple[str, ...]
    features: tuple[str, ...]
    values: Floats
    volumes_mm3: Floats
    covariate_names: tuple[str, ...]
    covariates: Floats
    outcomes: Mapping[str, Outcomes]
    has_outcome: Mapping[str, tuple[bool, ...]]
    offer: Offer
    subjects: pa.Table


@dataclass(frozen=True, eq=False, slots=True)
class Cohort:
    """Subjects of some arms with features and an outcome of one endpoint, sorted by subject.

    ``values`` is subjects x ``features`` (those offered), ``covariates`` subjects x ``covariate_names``.
    """

    endpoint: str
    subject_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    arms: tuple[str, ...]
    features: tuple[str, ...]
    values: Floats
    log_volumes: Floats
    covariate_names: tuple[str, ...]
    covariates: Floats
    outcomes: Outcomes

    def __len__(self) -> int:
        return len(self.subject_ids)


def build_study(
    features: pa.Table, rois: pa.Table, clinical: ClinicalSheet, settings: ModellingSettings
) -> StudyTable:
    """Join features and clinical sheet; one row per subject by the lesion rule.

    Raises
    ------
    CohortError
        A subject of the clinical sheet occurs at two sites, so that one row of the sheet would stand for two
        people; the ROIs that enter are ambiguous; or a prespecified candidate is not a feature.
    """
    table = select_rois(features, rois, settings)
    require_candidates(settings.candidates, table.features)
    sites = _find_sites(features, clinical)
    by_subject = _index_subjects(table)
    chosen = {
        row.subject_id: build_subject_row(table, by_subject[row.subject_id], settings.lesions)
        for row in clinical.rows
        if row.subject_id in by_subject
    }
    entering = [row for row in clinical.rows if chosen.get(row.subject_id) is not None]
    stand_ins = [row for r in entering if (row := chosen[r.subject_id]) is not None]
    values = _stack(stand_ins, len(table.features))
    volumes = np.array([r.volume_mm3 for r in stand_ins], dtype=np.float64)
    names, covariates = _encode_covariates(entering, settings.covariates)
    return StudyTable(
        subject_ids=tuple(r.subject_id for r in entering),
        site_ids=tuple(sites[r.subject_id] for r in entering),
        arms=tuple(r.arm for r in entering),
        features=table.features,
        values=_freeze(values),
        volumes_mm3=_freeze(volumes),
        covariate_names=names,
        covariates=_freeze(covariates),
        outcomes={
            e.name: stack_outcomes(entering, e, stratified=bool(settings.stratification))
            for e in settings.endpoints
        },
        has_outcome={
            e.name: tuple(r.outcomes[e.name] is not None for r in entering) for e in settings.endpoints
        },
        offer=select_predictors(values, volumes, settings),
        subjects=_build_subjects(clinical, sites, table, by_subject, chosen, settings),
    )


def build_cohort(study: StudyTable, endpoint: str, arms: Sequence[str], *, offered: bool = True) -> Cohort:
    """The subjects of these arms with an outcome; with the offered features, or with all."""
    rows = np.array(
        [i for i, arm in enumerate(study.arms) if arm in arms and study.has_outcome[endpoint][i]],
        dtype=np.intp,
    )
    columns = np.array(study.offer.kept if offered else range(len(study.features)), dtype=np.intp)
    return Cohort(
        endpoint=endpoint,
        subject_ids=tuple(study.subject_ids[i] for i in rows),
        site_ids=tuple(study.site_ids[i] for i in rows),
        arms=tuple(study.arms[i] for i in rows),
        features=tuple(study.features[j] for j in columns),
        values=study.values[np.ix_(rows, columns)],
        log_volumes=_log(study.volumes_mm3[rows]),
        covariate_names=study.covariate_names,
        covariates=study.covariates[rows],
        outcomes=study.outcomes[endpoint].take(rows),
    )


def require_declared(study: StudyTable, endpoint: str, arm: str, settings: ModellingSettings) -> None:
    """CohortError unless endpoint and arm are declared and the study was built with that endpoint."""
    endpoints = [e.name for e in settings.endpoints if e.name in study.outcomes]
    for what, name, declared in (("endpoint", endpoint, endpoints), ("arm", arm, list(settings.arms))):
        if name not in declared:
            raise CohortError(
                f"there is no such {what} in the settings",
                key=name,
                allowed=", ".join(declared),
                remedy=f"Name one of these, or declare the {what} in the settings",
            )


def require_candidates(candidates: Sequence[str], features: Sequence[str]) -> None:
    """CohortError unless every prespecified candidate is a feature: a typo must not lose a hypothesis."""
    for name in candidates:
        if name not in features:
            near = difflib.get_close_matches(name, features, n=1, cutoff=0.6)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise CohortError(
                "a prespecified candidate is not a feature of this study",
                key=f"modelling.candidates, {name}",
                remedy=f"{hint}Take the name from the feature catalogue",
            )


def _find_sites(features: pa.Table, clinical: ClinicalSheet) -> dict[str, str]:
    listed = {row.subject_id for row in clinical.rows}
    found: dict[str, set[tuple[str, str]]] = {}
    columns = (features[n].to_pylist() for n in ("subject_id", "study_id", "site_id"))
    for subject, study, site in zip(*columns, strict=True):
        found.setdefault(subject, set()).add((study, site))
    doubles = sorted(s for s, places in found.items() if s in listed and len(places) > 1)
    if doubles:
        raise CohortError(
            "subjects of the clinical sheet occur at several sites: one row would stand for two people",
            key=", ".join(doubles[:5]) + (f" and {len(doubles) - 5} more" if len(doubles) > 5 else ""),
            remedy="Make subject_id unique across sites in both sheets, such as S01-014",
        )
    return {subject: next(iter(places))[1] for subject, places in found.items()}


def _index_subjects(table: RoiTable) -> dict[str, Indices]:
    rows: dict[str, list[int]] = {}
    for i, subject in enumerate(table.subject_ids):
        rows.setdefault(subject, []).append(i)
    return {subject: np.array(indices, dtype=np.intp) for subject, indices in rows.items()}


def _stack(rows: Sequence[SubjectRow], width: int) -> Floats:
    return np.vstack([r.values for r in rows]) if rows else np.empty((0, width))


def _encode_covariates(
    rows: Sequence[ClinicalRow], covariates: Sequence[CovariateSettings]
) -> tuple[tuple[str, ...], Floats]:
    names: list[str] = []
    columns: list[list[float]] = []
    for covariate in covariates:
        cells = [row.covariates[covariate.column] for row in rows]
        if covariate.kind is CovariateKind.NUMERIC:
            names.append(covariate.column)
            columns.append([np.nan if c is None else float(c) for c in cells])
            continue
        for level in sorted({str(c) for c in cells if c is not None})[1:]:
            names.append(f"{covariate.column}={level}")
            columns.append([np.nan if c is None else float(c == level) for c in cells])
    return tuple(names), np.array(columns, dtype=np.float64).reshape(len(columns), len(rows)).T


def _build_subjects(
    clinical: ClinicalSheet,
    sites: Mapping[str, str],
    table: RoiTable,
    by_subject: Mapping[str, Indices],
    chosen: Mapping[str, SubjectRow | None],
    settings: ModellingSettings,
) -> pa.Table:
    rows: list[dict[str, object]] = []
    for row in clinical.rows:
        stand_in = chosen.get(row.subject_id)
        rois = by_subject.get(row.subject_id)
        rows.append(
            {
                "subject_id": row.subject_id,
                "arm": row.arm,
                "site_id": sites.get(row.subject_id),
                "roi_id": stand_in.roi_id if stand_in else None,
                "has_image": row.subject_id in sites,
                "has_features": stand_in is not None,
                "excluded": _explain(row, row.subject_id in sites, rois, stand_in, table, settings),
                "note": stand_in.note if stand_in else None,
            }
        )
    return build_table(SUBJECTS, rows)


def _explain(
    row: ClinicalRow,
    has_image: bool,
    rois: Indices | None,
    stand_in: SubjectRow | None,
    table: RoiTable,
    settings: ModellingSettings,
) -> str | None:
    if not has_image:
        return "no image in the image sheet"
    if rois is None:
        return "no ROI of the declared name, timepoint and image"
    if stand_in is None:
        return f"no features: {', '.join(sorted({table.reasons[i] for i in rois}))}"
    if all(row.outcomes[e.name] is None for e in settings.endpoints):
        return "no outcome in the clinical sheet"
    return None


def _freeze(values: Floats) -> Floats:
    values.setflags(write=False)
    return values


def _log(volumes_mm3: Floats) -> Floats:
    positive = np.where(volumes_mm3 > 0, volumes_mm3, np.nan)
    return np.log(positive)
