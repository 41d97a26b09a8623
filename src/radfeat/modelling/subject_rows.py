"""One row per subject: the values of one visit, or the changes between two."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from radfeat.modelling.delta_settings import DeltaSettings, UnmatchedLesions
from radfeat.modelling.deltas import compute_changes, name_deltas
from radfeat.modelling.lesions import RoiTable, SubjectRow, build_subject_row, index_subjects, select_rois
from radfeat.modelling.outcomes import Indices
from radfeat.modelling.settings import LesionRule, ModellingSettings


@dataclass(frozen=True, eq=False, slots=True)
class SubjectRows:
    """Rows by subject; ``obstacles`` says of the other subjects with images why they have none.

    ``case_ids`` are the images whose ROIs were looked at.
    """

    predictors: tuple[str, ...]
    rows: Mapping[str, SubjectRow]
    obstacles: Mapping[str, str]
    case_ids: frozenset[str]


@dataclass(frozen=True, eq=False, slots=True)
class Visit:
    """The ROIs of one timepoint, by subject."""

    name: str
    table: RoiTable
    by_subject: Mapping[str, Indices]

    def of(self, subject: str) -> Indices:
        """Rows of a subject's ROIs; none where there are none."""
        return self.by_subject.get(subject, np.empty(0, dtype=np.intp))


def build_subject_rows(
    features: pa.Table, rois: pa.Table, days: Mapping[str, float | None], settings: ModellingSettings
) -> SubjectRows:
    """The row of every subject with ROIs of the declared names, image and timepoints.

    Parameters
    ----------
    features, rois
        Tables of these names.
    days
        Study day of each image by ``case_id``; only changes between visits need it.
    settings
        Which ROIs enter, how lesions are combined, and which changes are predictors, if any.

    Raises
    ------
    CohortError
        The ROIs that enter are ambiguous, or a declared one does not occur.
    """
    if settings.delta is None:
        return _list_values(select_rois(features, rois, settings), settings.lesions)
    names = (settings.delta.baseline, settings.delta.followup)
    first, second = (_read_visit(features, rois, name, settings) for name in names)
    found = {
        subject: _build_change(subject, first, second, days, settings.lesions, settings.delta)
        for subject in sorted({*first.by_subject, *second.by_subject})
    }
    return SubjectRows(
        predictors=name_deltas(settings.delta.kinds, first.table.features),
        rows={s: row for s, row in found.items() if isinstance(row, SubjectRow)},
        obstacles={s: why for s, why in found.items() if isinstance(why, str)},
        case_ids=frozenset({*first.table.case_ids, *second.table.case_ids}),
    )


def _read_visit(features: pa.Table, rois: pa.Table, name: str, settings: ModellingSettings) -> Visit:
    table = select_rois(features, rois, settings.model_copy(update={"timepoint": name}))
    return Visit(name, table, index_subjects(table))


def _list_values(table: RoiTable, rule: LesionRule) -> SubjectRows:
    by_subject = index_subjects(table)
    rows = {subject: build_subject_row(table, rois, rule) for subject, rois in by_subject.items()}
    return SubjectRows(
        predictors=table.features,
        rows={subject: row for subject, row in rows.items() if row is not None},
        obstacles={
            s: f"no features: {_list_reasons(table, by_subject[s])}" for s, r in rows.items() if r is None
        },
        case_ids=frozenset(table.case_ids),
    )


def _build_change(
    subject: str,
    first: Visit,
    second: Visit,
    days: Mapping[str, float | None],
    rule: LesionRule,
    delta: DeltaSettings,
) -> SubjectRow | str:
    """The changes of one subject, or why there are none."""
    for visit in (first, second):
        rois = visit.of(subject)
        if not len(rois):
            return f"no ROI of the declared name and image at {visit.name}"
        if not any(visit.table.is_ok[i] for i in rois):
            return f"no features at {visit.name}: {_list_reasons(visit.table, rois)}"
    one, two = first.of(subject), second.of(subject)
    begin, end = days.get(first.table.case_ids[one[0]]), days.get(second.table.case_ids[two[0]])
    if begin is not None and end is not None and end <= begin:
        return (
            f"the image of {second.name} (day {end:g}) is not later than that of {first.name} (day {begin:g})"
        )
    rows = _combine_visits(first, second, one, two, rule, delta.unmatched)
    if isinstance(rows, str):
        return rows
    interval = np.nan if begin is None or end is None else end - begin
    values, gaps = compute_changes(rows[0].values, rows[1].values, interval, delta.kinds)
    ratio = rows[1].volume_mm3 / rows[0].volume_mm3 if rows[0].volume_mm3 > 0 else np.nan
    return replace(rows[0], values=values, gaps=gaps, volume_ratio=ratio, followup_day=end)


def _combine_visits(
    first: Visit, second: Visit, one: Indices, two: Indices, rule: LesionRule, policy: UnmatchedLesions
) -> tuple[SubjectRow, SubjectRow] | str:
    """The rows of the two visits, of the same lesions unless the policy is not to match."""
    lesions = [_list_lesions(v.table, rois) for v, rois in ((first, one), (second, two))]
    if policy is UnmatchedLesions.EACH_VISIT:
        rows = build_subject_row(first.table, one, rule), build_subject_row(second.table, two, rule)
        return _pair(*rows, _join_notes(*(r.note if r else None for r in rows)))
    matched = sorted(lesions[0].keys() & lesions[1].keys())
    lost = _name_unmatched(first, second, lesions[0], lesions[1])
    if policy is UnmatchedLesions.EXCLUDE_SUBJECT and lost:
        return f"lesions at one visit only: {lost}"
    if not matched:
        return f"no lesion has features at both visits: {lost}"
    before = build_subject_row(first.table, _pick(lesions[0], matched), rule)
    if rule is LesionRule.LARGEST and before is not None and before.roi_id is not None:
        # The lesion that was the largest at baseline is followed, whatever its rank afterwards.
        matched = [first.table.lesions[first.table.roi_ids.index(before.roi_id)]]
    after = build_subject_row(second.table, _pick(lesions[1], matched), rule)
    return _pair(before, after, f"left out, at one visit only: {lost}" if lost else None)


def _pair(
    before: SubjectRow | None, after: SubjectRow | None, note: str | None
) -> tuple[SubjectRow, SubjectRow] | str:
    if before is None or after is None:
        return "no features"
    return replace(before, note=note), after


def _list_lesions(table: RoiTable, rois: Indices) -> dict[str, int]:
    """Rows of the lesions that have features, by lesion."""
    return {table.lesions[i]: int(i) for i in rois if table.is_ok[i]}


def _pick(lesions: Mapping[str, int], matched: list[str]) -> Indices:
    return np.array(sorted(lesions[name] for name in matched), dtype=np.intp)


def _name_unmatched(first: Visit, second: Visit, one: Mapping[str, int], two: Mapping[str, int]) -> str:
    """Lesions with features at one visit only, such as ``GTV/2 (T0)``; empty if there are none."""
    told = [f"{name} ({first.name})" for name in sorted(one.keys() - two.keys())]
    told += [f"{name} ({second.name})" for name in sorted(two.keys() - one.keys())]
    return ", ".join(told)


def _join_notes(*notes: str | None) -> str | None:
    return "; ".join(note for note in notes if note) or None


def _list_reasons(table: RoiTable, rois: Indices) -> str:
    return ", ".join(sorted({table.reasons[i] for i in rois}))
