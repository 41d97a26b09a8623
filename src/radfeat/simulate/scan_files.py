"""Where the scans of a simulated trial lie, and how they are written."""

from pathlib import Path

import SimpleITK as sitk

from radfeat.core.files import write_atomically
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.subjects import Subject

ROI = "GTV"


def build_case_key(subject: Subject, visit: int, settings: SimulationSettings) -> CaseKey:
    """Key of a subject's scan at a visit (0 is baseline)."""
    return CaseKey(
        settings.study_id,
        subject.scanner.site_id,
        subject.subject_id,
        f"T{visit}",
        settings.modality.value,
    )


def list_roi_keys(case: CaseKey, lesions: int) -> list[RoiKey]:
    """Keys of a scan's lesions, in the order of their labels 1, 2, ..."""
    return [RoiKey(case, ROI, f"L{number}") for number in range(1, lesions + 1)]


def image_path(case: CaseKey) -> str:
    """Path of the image, relative to the trial's folder."""
    return f"images/{case.subject_id}_{case.timepoint}_{case.image_id}.nii.gz"


def mask_path(case: CaseKey) -> str:
    """Path of the label map, relative to the trial's folder."""
    return f"masks/{case.subject_id}_{case.timepoint}_{case.image_id}_labels.nii.gz"


def write_image(path: Path, image: sitk.Image) -> None:
    """Write a compressed NIfTI file whole; its gzip header holds neither a name nor a time."""
    write_atomically(path, lambda temporary: sitk.WriteImage(image, str(temporary), True))
