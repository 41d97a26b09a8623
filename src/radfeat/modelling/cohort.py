"""The join: one subject, one row; arms and outcomes meet the features here and nowhere else."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from radfeat.core.errors import CohortError
from radfeat.modelling.batch_labels import label_batches
from radfeat.modelling.clinical import ClinicalRow, ClinicalSheet, stack_outcomes
from radfeat.modelling.deltas import flag_missing
from radfeat.modelling.landmark import Landmarked, LeftOut, apply_landmark, describe_left_out
from radfeat.modelling.lesions import SubjectRow
from radfeat.modelling.outcomes import Codes, Floats, Outcomes
from radfeat.modelling.predictors import Offer, select_predictors
from radfeat.modelling.repeatability import Repeatability, find_repeatability
from radfeat.modelling.settings import CovariateKind, CovariateSettings, ModellingSettings
from radfeat.modelling.subject_rows import SubjectRows, build_subject_rows
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import REPEATABILITY, SUBJECTS


@dataclass(frozen=True, eq=False, slots=True)
class StudyTable:
    """Subjects of the clinical sheet that have features, sorted by subject; arrays are read-only.

    ``values`` is subjects x ``features`` and ``covariates`` subjects x ``covariate_names`` (indicators for
    categorical ones); NaN stands for a missing value. ``volumes_mm3`` is the volume of each subject's
    ROI as drawn, the sum where lesions were combined, whatever the features are. ``log_volumes`` is its
    logarithm, or where the features are changes that of the ratio of the volumes at two visits. ``offer``
    says which features the models are given, ``gaps`` (as ``values``) why a value is missing
    (``deltas.Gap``). ``landmarks`` says, by endpoint with a landmark and arm, where times begin and how many
    were left out. ``case_ids`` are the images whose ROIs were looked at. ``batches`` names the site or
    scanner whose effect may be taken out of each subject's features.
    ``subjects`` is the table of what became of every subject of the sheet.
    """

    subject_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    arms: tuple[str, ...]
    features: tuple[str, ...]
    values: Floats
    gaps: Codes
    volumes_mm3: Floats
    log_volumes: Floats
    covariate_names: tuple[str, ...]
    covariates: Floats
    outcomes: Mapping[str, Outcomes]
    has_outcome: Mapping[str, tuple[bool, ...]]
    offer: Offer
    landmarks: Mapping[tuple[str, str], str]
    case_ids: frozenset[str]
    subjects: pa.Table
    batches: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Cohort:
    """Subjects of some arms with features and an outcome of one endpoint, sorted by subject.

    ``values`` is subjects x ``features`` (those offered), ``covariates`` subjects x ``covariate_names``;
    ``landmark`` says where times begin, if not at randomisation, and who was left out.
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
    batches: tuple[str, ...]
    landmark: str = ""

    def __len__(self) -> int:
        return len(self.subject_ids)


def build_study(
    features: pa.Table,
    rois: pa.Table,
    clinical: ClinicalSheet,
    settings: ModellingSettings,
    *,
    days: Mapping[str, float | None] | None = None,
    repeatability: pa.Table | None = None,
    scanners: Mapping[str, str] | None = None,
) -> StudyTable:
    """Join features and clinical sheet; one row per subject by the lesion rule.

    ``days`` is the study day of each image by ``case_id``; only changes between visits need it.
    ``repeatability`` is the table of that name, which the filter by repeatability needs.
    ``scanners`` names the scanner of each subject; only batch effects of scanners need it.

    Raises
    ------
    CohortError
        A subject of the clinical sheet occurs at two sites, so that one row of the sheet would stand for two
        people; the ROIs that enter are ambiguous; a prespecified candidate is not a feature; or the filter by
        repeatability finds no repeats.
    """
    found = build_subject_rows(features, rois, days or {}, settings)
    require_candidates(settings.candidates, found.predictors)
    sites = _find_sites(features, clinical)
    listed = [row for row in clinical.rows if row.subject_id in found.rows]
    stand_ins = [found.rows[row.subject_id] for row in listed]
    followups = {row.subject_id: found.rows[row.subject_id].followup_day for row in listed}
    landmarked = apply_landmark(listed, followups, settings)
    entering = landmarked.rows
    values = _stack(stand_ins, len(found.predictors))
    log_volumes = _log(np.array([_measure_size(r) for r in stand_ins], dtype=np.float64))
    names, covariates = _encode_covariates(entering, settings.covariates)
    return StudyTable(
        subject_ids=tuple(r.subject_id for r in entering),
        site_ids=tuple(sites[r.subject_id] for r in entering),
        arms=tuple(r.arm for r in entering),
        features=found.predictors,
        values=_freeze(values),
        gaps=_stack_gaps(stand_ins, values),
        volumes_mm3=_freeze(np.array([r.volume_mm3 for r in stand_ins], dtype=np.float64)),
        log_volumes=_freeze(log_volumes),
        covariate_names=names,
        covariates=_freeze(covariates),
        outcomes={
            e.name: stack_outcomes(entering, e, stratified=bool(settings.stratification))
            for e in settings.endpoints
        },
        has_outcome={
            e.name: tuple(r.outcomes[e.name] is not None for r in entering) for e in settings.endpoints
        },
        offer=select_predictors(
            values, log_volumes, settings, _read_repeatability(repeatability, rois, found, settings)
        ),
        landmarks=_describe_landmarks(landmarked, settings),
        case_ids=found.case_ids,
        subjects=_build_subjects(clinical, sites, found, landmarked, settings),
        batches=label_batches([r.subject_id for r in entering], sites, scanners or {}, settings),
    )


def _read_repeatability(
    repeatability: pa.Table | None, rois: pa.Table, found: SubjectRows, settings: ModellingSettings
) -> Repeatability | None:
    """The repeatability of each predictor; of a change, that of the feature that changes."""
    if settings.repeatability is None:
        return None
    known = build_table(REPEATABILITY, []) if repeatability is None else repeatability
    rows = rois.select(["roi_id", "case_id", "roi"]).to_pylist()
    entering = [
        r["roi_id"]
        for r in rows
        if r["case_id"] in found.case_ids and r["roi"] in (settings.rois or (r["roi"],))
    ]
    measured = [name.rpartition(":")[2] for name in found.predictors]
    return find_repeatability(known, rois, entering, measured, settings.repeatability)


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
        log_volumes=study.log_volumes[rows],
        covariate_names=study.covariate_names,
        covariates=study.covariates[rows],
        outcomes=study.outcomes[endpoint].take(rows),
        batches=tuple(study.batches[i] for i in rows),
        landmark=" ".join(dict.fromkeys(study.landmarks.get((endpoint, arm), "") for arm in arms)).strip(),
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
    found: SubjectRows,
    landmarked: Landmarked,
    settings: ModellingSettings,
) -> pa.Table:
    rows: list[dict[str, object]] = []
    for row in clinical.rows:
        stand_in = found.rows.get(row.subject_id)
        left_out = [by[row.subject_id] for by in landmarked.left_out.values() if row.subject_id in by]
        excluded = _explain(row, row.subject_id in sites, found, left_out, settings)
        notes = [stand_in.note if stand_in else None]
        notes += [] if excluded else [f"not in {item.sentence}" for item in left_out]
        rows.append(
            {
                "subject_id": row.subject_id,
                "arm": row.arm,
                "site_id": sites.get(row.subject_id),
                "roi_id": stand_in.roi_id if stand_in else None,
                "has_image": row.subject_id in sites,
                "has_features": stand_in is not None,
                "excluded": excluded,
                "note": "; ".join(note for note in notes if note) or None,
            }
        )
    return build_table(SUBJECTS, rows)


def _explain(
    row: ClinicalRow,
    has_image: bool,
    found: SubjectRows,
    left_out: Sequence[LeftOut],
    settings: ModellingSettings,
) -> str | None:
    """Why a subject of the clinical sheet enters no model; None if it enters one."""
    if not has_image:
        return "no image in the image sheet"
    if row.subject_id not in found.rows:
        unknown = "no ROI of the declared name, timepoint and image"
        return found.obstacles.get(row.subject_id, unknown)
    known = sum(row.outcomes[e.name] is not None for e in settings.endpoints)
    if not known:
        return "no outcome in the clinical sheet"
    if len(left_out) == known:
        return "; ".join(item.sentence for item in left_out)
    return None


def _describe_landmarks(landmarked: Landmarked, settings: ModellingSettings) -> dict[tuple[str, str], str]:
    """By endpoint and arm: where times begin, and how many of the arm were left out."""
    arms = {row.subject_id: row.arm for row in landmarked.rows}
    return {
        (endpoint, arm): describe_left_out(
            (item for subject, item in by.items() if arms[subject] == arm), settings.delta
        )
        for endpoint, by in landmarked.left_out.items()
        for arm in settings.arms
    }


def _measure_size(row: SubjectRow) -> float:
    """Volume (mm3), or where the features are changes the ratio of the volumes at the two visits."""
    return row.volume_mm3 if row.volume_ratio is None else row.volume_ratio


def _stack_gaps(rows: Sequence[SubjectRow], values: Floats) -> Codes:
    """Why values are missing, shape as ``values``."""
    known = [flag_missing(v) if r.gaps is None else r.gaps for r, v in zip(rows, values, strict=True)]
    return np.vstack(known) if known else np.empty(values.shape, dtype=np.int8)


def _freeze(values: Floats) -> Floats:
    values.setflags(write=False)
    return values


def _log(sizes: Floats) -> Floats:
    return np.log(np.where(sizes > 0, sizes, np.nan))
