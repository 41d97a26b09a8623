"""Which ROIs are perturbed: chosen from the image sheet alone, the same in every job."""

from collections.abc import Sequence

from radfeat.config.model import StudySettings, compute_perturb_digest
from radfeat.core.digest import compute_json_digest, derive_seed
from radfeat.core.keys import CaseKey
from radfeat.ingest.image_sheet import ImageRow
from radfeat.perturb.settings import PerturbSettings
from radfeat.pipeline.buckets import choose_bucket_count, name_bucket


def choose_perturbed(rows: Sequence[ImageRow], settings: PerturbSettings) -> tuple[ImageRow, ...]:
    """The rows of the sheet whose ROIs are perturbed, in the order of their keys; none where it is off.

    Of several drawings of one region and lesion on one image the first by key; of the subjects, where the
    settings ask for some only, those that a hash of seed and name puts first.
    """
    if not settings.is_on:
        return ()
    first: dict[tuple[CaseKey, str, str], ImageRow] = {}
    for row in sorted(rows, key=lambda r: r.key.roi_id):
        if _is_eligible(row.key.case, settings):
            first.setdefault((row.key.case, row.role or row.key.roi, row.key.lesion_id), row)
    chosen = _choose_subjects({_subject_of(row) for row in first.values()}, settings)
    return tuple(sorted((r for r in first.values() if _subject_of(r) in chosen), key=lambda r: r.key))


def digest_perturbed(rows: Sequence[ImageRow], settings: StudySettings) -> dict[str, str]:
    """By bucket, a digest of which of its ROIs are perturbed and how; buckets without any are left out."""
    if not settings.perturb.is_on:
        return {}
    count = choose_bucket_count(len({row.key.case for row in rows}))
    chosen: dict[str, list[str]] = {}
    for row in choose_perturbed(rows, settings.perturb):
        chosen.setdefault(name_bucket(row.key.case, count), []).append(row.key.roi_id)
    how = compute_perturb_digest(settings)
    return {bucket: compute_json_digest([how, roi_ids]) for bucket, roi_ids in sorted(chosen.items())}


def _is_eligible(case: CaseKey, settings: PerturbSettings) -> bool:
    if settings.timepoints and case.timepoint not in settings.timepoints:
        return False
    return not settings.images or case.image_id in settings.images


def _subject_of(row: ImageRow) -> tuple[str, str, str]:
    case = row.key.case
    return case.study_id, case.site_id, case.subject_id


def _choose_subjects(
    subjects: set[tuple[str, str, str]], settings: PerturbSettings
) -> set[tuple[str, str, str]]:
    ordered = sorted(subjects, key=lambda s: (derive_seed(settings.seed, "perturbed subjects", *s), s))
    return set(ordered[: settings.subjects])
