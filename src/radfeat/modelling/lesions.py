"""From ROIs to one row per subject: which ROIs enter, and how several lesions become one row."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from radfeat.core.errors import CohortError
from radfeat.core.vocabulary import Status
from radfeat.modelling.additive import flag_additive
from radfeat.modelling.outcomes import Codes, Floats, Indices
from radfeat.modelling.settings import LesionRule, ModellingSettings
from radfeat.tables.conform import list_features
from radfeat.tables.schemas import FEATURES


@dataclass(frozen=True, eq=False, slots=True)
class RoiTable:
    """The ROIs that the settings let in, sorted by ``roi_id``; ``lesions`` are ``roi`` or ``roi/lesion_id``.

    ``values`` (ROIs x features) and ``volumes_mm3`` (ROIs) hold NaN where there is no value.
    """

    roi_ids: tuple[str, ...]
    case_ids: tuple[str, ...]
    lesions: tuple[str, ...]
    subject_ids: tuple[str, ...]
    site_ids: tuple[str, ...]
    is_ok: tuple[bool, ...]
    reasons: tuple[str, ...]
    volumes_mm3: Floats
    values: Floats
    features: tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class SubjectRow:
    """What stands for a subject: ``roi_id`` is None where several ROIs were combined.

    ``note`` names the lesions that the rule would have counted, had they features; None if there are none.
    Where ``values`` are changes between two visits, ROI and volume are those of the first; ``volume_ratio``
    is the second volume over the first, ``gaps`` says why values are missing (``deltas.Gap``) and
    ``followup_day`` is the study day of the second image, None where it is not known.
    """

    roi_id: str | None
    volume_mm3: float
    values: Floats
    note: str | None
    volume_ratio: float | None = None
    followup_day: float | None = None
    gaps: Codes | None = None


def select_rois(features: pa.Table, rois: pa.Table, settings: ModellingSettings) -> RoiTable:
    """The ROIs of the declared names, timepoint and image, with their volumes.

    Raises
    ------
    CohortError
        There are several ROI names, timepoints or images and the settings do not say which; or a declared one
        does not occur.
    """
    keys = {name: features[name].to_pylist() for name in FEATURES.column_names}
    rows = _filter_rows(keys, settings)
    _require_one(keys, rows, "roi", settings.rois != ())
    _require_one(keys, rows, "timepoint", settings.timepoint is not None)
    _require_one(keys, rows, "image_id", settings.image_id is not None)
    rows.sort(key=lambda i: str(keys["roi_id"][i]))
    volumes = dict(zip(rois["roi_id"].to_pylist(), rois["volume_mm3"].to_pylist(), strict=True))
    names = list_features(features, FEATURES)
    columns = [features[n].to_numpy(zero_copy_only=False)[rows] for n in names]
    values = np.column_stack(columns) if columns else np.empty((len(rows), 0))

    def pick(name: str) -> tuple[str, ...]:
        return tuple(keys[name][i] or "" for i in rows)

    return RoiTable(
        roi_ids=pick("roi_id"),
        case_ids=pick("case_id"),
        lesions=tuple(
            f"{roi}/{lesion}" if lesion else roi
            for roi, lesion in zip(pick("roi"), pick("lesion_id"), strict=True)
        ),
        subject_ids=pick("subject_id"),
        site_ids=pick("site_id"),
        is_ok=tuple(keys["status"][i] == Status.OK for i in rows),
        reasons=pick("reason"),
        volumes_mm3=np.array([_or_nan(volumes.get(keys["roi_id"][i])) for i in rows], dtype=np.float64),
        values=values.astype(np.float64),
        features=names,
    )


def build_subject_row(table: RoiTable, rows: Indices, rule: LesionRule) -> SubjectRow | None:
    """The row that stands for a subject with these ROIs; None where no ROI of theirs has features."""
    usable = [i for i in rows if table.is_ok[i]]
    if not usable:
        return None
    volumes = np.nan_to_num(table.volumes_mm3[usable], nan=0.0)
    if rule is LesionRule.LARGEST or len(usable) == 1:
        best = usable[int(np.argmax(volumes))]  # the first by roi_id among equals
        note = _note_largest(table, rows, best) if rule is LesionRule.LARGEST else _note_combined(table, rows)
        return SubjectRow(table.roi_ids[best], float(table.volumes_mm3[best]), table.values[best], note)
    values = _weighted_mean(table.values[usable], volumes)
    if rule is LesionRule.SUM:
        # A sum without one of its parts is not the sum: a missing part leaves it missing.
        values = np.where(flag_additive(table.features), table.values[usable].sum(axis=0), values)
    return SubjectRow(None, float(volumes.sum()), values, _note_combined(table, rows))


def index_subjects(table: RoiTable) -> dict[str, Indices]:
    """Rows of each subject's ROIs, in the order of the table."""
    rows: dict[str, list[int]] = {}
    for i, subject in enumerate(table.subject_ids):
        rows.setdefault(subject, []).append(i)
    return {subject: np.array(indices, dtype=np.intp) for subject, indices in rows.items()}


def _note_largest(table: RoiTable, rows: Indices, best: int) -> str | None:
    """Lesions without features that are not known to be smaller than ``best``."""
    volumes = table.volumes_mm3
    passed = [i for i in rows if not table.is_ok[i] and not volumes[i] < volumes[best]]
    if not passed:
        return None
    told = [
        f"{table.roi_ids[i]} has no features ({table.reasons[i]})"
        f" and {'is no smaller' if volumes[i] >= volumes[best] else 'may be larger'}"
        for i in passed
    ]
    return f"{'; '.join(told)}; {table.roi_ids[best]} stands for the subject"


def _note_combined(table: RoiTable, rows: Indices) -> str | None:
    """Lesions without features, which means and sums over lesions do not hold."""
    lost = [f"{table.roi_ids[i]} has no features ({table.reasons[i]})" for i in rows if not table.is_ok[i]]
    return f"{'; '.join(lost)}; mean, sum and volume are of the other lesions" if lost else None


def _weighted_mean(values: Floats, weights: Floats) -> Floats:
    known = ~np.isnan(values)
    total = (known * weights[:, None]).sum(axis=0)
    sums = np.nansum(values * weights[:, None], axis=0)
    mean: Floats = np.divide(sums, total, out=np.full(values.shape[1], np.nan), where=total > 0)
    return mean


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _filter_rows(keys: dict[str, list[str]], settings: ModellingSettings) -> list[int]:
    rows = list(range(len(keys["roi_id"])))
    declared: list[tuple[str, Sequence[str]]] = [
        ("roi", settings.rois),
        ("timepoint", (settings.timepoint,) if settings.timepoint is not None else ()),
        ("image_id", (settings.image_id,) if settings.image_id is not None else ()),
    ]
    for column, wanted in declared:
        unknown = [name for name in wanted if name not in keys[column]]
        if unknown and keys[column]:
            found = ", ".join(sorted(set(keys[column])))
            raise CohortError(
                f"no row of the image sheet has the declared {column}",
                key=f"modelling, {', '.join(unknown)}",
                measured=found,
                remedy=f"Name one of the {column} values found",
            )
        if wanted:
            rows = [i for i in rows if keys[column][i] in wanted]
    return rows


def _require_one(keys: dict[str, list[str]], rows: Sequence[int], column: str, declared: bool) -> None:
    found = sorted({keys[column][i] for i in rows})
    if len(found) > 1 and not declared:
        setting = "rois" if column == "roi" else column
        raise CohortError(
            f"the image sheet has several values of {column}, and one row per subject enters a model",
            key=f"modelling.{setting}",
            measured=", ".join(found),
            remedy=f"Say in modelling.{setting} which enters",
        )
