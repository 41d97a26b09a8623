"""Writing a simulated trial: scans, masks, sheets, configuration, truth."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from radfeat.core.errors import SettingsError
from radfeat.core.files import write_text
from radfeat.core.provenance import compute_voxel_digest
from radfeat.core.volume import to_sitk
from radfeat.simulate.acquisition import Scan, acquire
from radfeat.simulate.anatomy import build_anatomy
from radfeat.simulate.broken import BrokenInput, break_scan, choose_broken
from radfeat.simulate.outcomes import Outcome, build_effects, draw_outcome
from radfeat.simulate.scan_files import build_case_key, image_path, mask_path, write_image
from radfeat.simulate.scanners import build_scanners
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.sheets import (
    CLINICAL_COLUMNS,
    IMAGE_COLUMNS,
    build_clinical_rows,
    build_image_rows,
    format_csv,
)
from radfeat.simulate.study_files import format_config
from radfeat.simulate.subjects import Subject, build_subjects, list_arms
from radfeat.simulate.truth import build_truth, format_truth


@dataclass(frozen=True, slots=True)
class TrialSummary:
    """What was written: counts, subjects per arm and per site, and the inputs broken on purpose."""

    folder: Path
    subjects: int
    arms: Mapping[str, int]
    sites: Mapping[str, int]
    images: int
    rois: int
    deaths: int
    responders: int
    broken: tuple[BrokenInput, ...]

    @property
    def sentence(self) -> str:
        """The trial in one or two sentences."""
        arms = ", ".join(f"{arm} {count}" for arm, count in self.arms.items())
        text = (
            f"{self.subjects} subjects ({arms}) at {len(self.sites)} sites, {self.images} scans, "
            f"{self.rois} ROIs, {self.deaths} deaths, {self.responders} responses."
        )
        if self.broken:
            faults = ", ".join(dict.fromkeys(b.fault.value for b in self.broken))
            text += f" Broken on purpose: {len(self.broken)} ({faults})."
        return text


def write_trial(
    folder: Path, settings: SimulationSettings, on_subject: Callable[[int, int], None] | None = None
) -> TrialSummary:
    """Write a trial into a new or empty folder.

    ``images/``, ``masks/``, ``images.csv``, ``clinical.csv``, ``config.yaml`` and, last, ``truth.json``.
    ``on_subject`` is told after each subject how many of how many are written.

    Raises
    ------
    SettingsError
        If the folder holds anything already, or is a file.
    """
    require_empty(folder)
    subjects = build_subjects(settings)
    effects = build_effects(settings)
    outcomes = [(subject, draw_outcome(subject, settings, effects)) for subject in subjects]
    broken = choose_broken(subjects, settings.broken, settings.seed)
    faults = {b.subject.number: b for b in broken}
    image_rows: list[dict[str, str]] = []
    digests: dict[str, str] = {}
    for done, subject in enumerate(subjects, start=1):
        for visit, scan in _scan(subject, settings):
            image_rows += build_image_rows(subject, visit, scan.reader_id, settings)
            fault = faults.get(subject.number) if visit == 0 else None
            digests |= _write_scan(folder, subject, visit, scan, fault, settings)
        if on_subject is not None:
            on_subject(done, len(subjects))
    write_text(folder / "images.csv", format_csv(IMAGE_COLUMNS, image_rows))
    write_text(folder / "clinical.csv", format_csv(CLINICAL_COLUMNS, build_clinical_rows(outcomes)))
    write_text(folder / "config.yaml", format_config(settings))
    truth = build_truth(settings, build_scanners(settings), effects, outcomes, broken, digests)
    write_text(folder / "truth.json", format_truth(truth))
    return _summarise(folder, outcomes, broken, settings)


def require_empty(folder: Path) -> None:
    """Refuse a folder that holds anything, so that a trial is never mixed with other files."""
    if folder.exists() and not folder.is_dir():
        raise SettingsError("this is a file, not a folder", key=str(folder), remedy="Name a new folder")
    if folder.is_dir() and any(folder.iterdir()):
        raise SettingsError(
            "the folder is not empty", key=str(folder), remedy="Name a new folder, or empty this one"
        )


def _scan(subject: Subject, settings: SimulationSettings) -> Iterator[tuple[int, Scan]]:
    anatomy = build_anatomy(subject, settings)
    for visit in range(settings.timepoints):
        yield visit, acquire(subject, anatomy, visit, settings)


def _write_scan(
    folder: Path,
    subject: Subject,
    visit: int,
    scan: Scan,
    broken: BrokenInput | None,
    settings: SimulationSettings,
) -> dict[str, str]:
    """Write one scan, sound or broken; gives the digest of its voxels if they stay as simulated."""
    case = build_case_key(subject, visit, settings)
    image, mask = folder / image_path(case), folder / mask_path(case)
    write_image(image, to_sitk(scan.voxels_zyx, scan.grid))
    write_image(mask, to_sitk(scan.labels_zyx, scan.grid))
    if broken is not None:
        break_scan(broken.fault, scan, image, mask)
        return {}
    return {case.case_id: compute_voxel_digest(scan.voxels_zyx, scan.grid)}


def _summarise(
    folder: Path,
    outcomes: list[tuple[Subject, Outcome]],
    broken: tuple[BrokenInput, ...],
    settings: SimulationSettings,
) -> TrialSummary:
    subjects = [subject for subject, _ in outcomes]
    sites = [scanner.site_id for scanner in build_scanners(settings)]
    images = len(subjects) * settings.timepoints
    return TrialSummary(
        folder=folder,
        subjects=len(subjects),
        arms={arm: sum(s.arm == arm for s in subjects) for arm in list_arms(settings.arms)},
        sites={site: sum(s.scanner.site_id == site for s in subjects) for site in sites},
        images=images,
        rois=images * settings.lesions,
        deaths=sum(o.os_event for _, o in outcomes),
        responders=sum(o.response for _, o in outcomes),
        broken=broken,
    )
