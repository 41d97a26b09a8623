"""The two sheets of a simulated trial: images without arms or outcomes, and arms with outcomes."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from radfeat.simulate.outcomes import Outcome
from radfeat.simulate.scan_files import ROI, build_case_key, image_path, list_roi_keys, mask_path
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.subjects import Subject

VISIT_DAYS = 42
"""Days between visits."""

IMAGE_COLUMNS = (
    *("study_id", "site_id", "subject_id", "timepoint", "image_id", "modality", "image", "mask", "roi"),
    *("lesion_id", "role", "label", "scanner", "reader_id", "day"),
)
CLINICAL_COLUMNS = (
    *("subject_id", "arm", "site", "os_days", "os_event", "response"),
    *("progression_days", "progression_event", "shrinkage_percent", "age", "sex", "ecog"),
)
"""``site`` is what randomisation was stratified by."""


def build_image_rows(
    subject: Subject, visit: int, reader_id: str, settings: SimulationSettings
) -> list[dict[str, str]]:
    """Rows of ``images.csv`` for one scan: one per lesion; paths are relative to the sheet."""
    case = build_case_key(subject, visit, settings)
    shared = {
        "study_id": case.study_id,
        "site_id": case.site_id,
        "subject_id": case.subject_id,
        "timepoint": case.timepoint,
        "image_id": case.image_id,
        "modality": settings.modality.value,
        "image": image_path(case),
        "mask": mask_path(case),
        "roi": ROI,
        "role": ROI,
        "scanner": subject.scanner.name,
        "reader_id": reader_id,
        "day": str(VISIT_DAYS * visit),
    }
    return [
        {**shared, "lesion_id": roi.lesion_id, "label": str(label)}
        for label, roi in enumerate(list_roi_keys(case, settings.lesions), start=1)
    ]


def build_clinical_rows(outcomes: Sequence[tuple[Subject, Outcome]]) -> list[dict[str, str]]:
    """Rows of ``clinical.csv`` by subject identifier, which is not the order of the image sheet."""
    rows = [
        {
            "subject_id": subject.subject_id,
            "arm": subject.arm,
            "site": subject.scanner.site_id,
            "os_days": str(outcome.os_days),
            "os_event": str(outcome.os_event),
            "response": str(outcome.response),
            "progression_days": str(outcome.progression_days),
            "progression_event": str(outcome.progression_event),
            "shrinkage_percent": str(outcome.shrinkage_percent),
            "age": str(subject.age),
            "sex": subject.sex,
            "ecog": str(subject.ecog),
        }
        for subject, outcome in outcomes
    ]
    return sorted(rows, key=lambda row: row["subject_id"])


def format_csv(columns: Sequence[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Comma-separated text with a header and Unix line ends."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
