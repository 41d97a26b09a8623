"""Whether the two sheets and the analysis settings speak of the same subjects, visits and regions."""

from collections.abc import Iterator, Sequence

from radfeat.core.errors import SettingsError
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.image_sheet import ImageRow
from radfeat.modelling.clinical import ClinicalSheet
from radfeat.modelling.settings import ModellingSettings
from radfeat.perturb.settings import PerturbSettings
from radfeat.prepare.settings import PrepareSettings
from radfeat.qc.repeatability_settings import RepeatabilitySettings
from radfeat.qc.settings import QcSettings


def require_protocol_images(rows: Sequence[ImageRow], settings: QcSettings) -> None:
    """Refuse a protocol with rules for images that the sheet does not have: they would never apply.

    Raises
    ------
    SettingsError
        If a name under ``images`` of the protocol is no ``image_id`` of the sheet.
    """
    there = {row.key.case.image_id for row in rows}
    named = set() if settings.protocol is None else set(settings.protocol.images)
    if named - there:
        raise SettingsError(
            "the protocol has rules for images that the image sheet does not have",
            key="protocol.images",
            measured=", ".join(sorted(named - there)),
            allowed=", ".join(sorted(there)),
            remedy="Name an image_id of the image sheet",
        )


def list_absent_modalities(
    rows: Sequence[ImageRow], prepare: PrepareSettings, features: FeatureSettings
) -> list[str]:
    """Settings by modality for images that the sheet does not have, a sentence per section."""
    there = {row.modality for row in rows}
    given = (("prepare", prepare.by_modality.modalities), ("features", features.by_modality.modalities))
    absent = {name: [m.value for m in modalities if m not in there] for name, modalities in given}
    known = ", ".join(sorted(modality.value for modality in there))
    return [
        f"{name}.by_modality has settings for {' and '.join(listed)}, and the image sheet has only {known}."
        for name, listed in absent.items()
        if listed
    ]


def require_repeats(
    rows: Sequence[ImageRow], repeatability: RepeatabilitySettings, perturb: PerturbSettings
) -> None:
    """Refuse names of scans and readers that the sheet does not have: they would find no repeat.

    Raises
    ------
    SettingsError
        If a timepoint, image or reader that the settings name is not in the sheet.
    """
    timepoints = {row.key.case.timepoint for row in rows}
    images = {row.key.case.image_id for row in rows}
    readers = {row.reader_id for row in rows if row.reader_id}
    for key, named, there in (
        ("repeatability.retest_timepoints", repeatability.retest_timepoints, timepoints),
        ("repeatability.retest_images", repeatability.retest_images, images),
        ("repeatability.readers", repeatability.readers, readers),
        ("perturb.timepoints", perturb.timepoints, timepoints),
        ("perturb.images", perturb.images, images),
    ):
        if set(named) - there:
            raise SettingsError(
                "the settings name what the image sheet does not have",
                key=key,
                measured=", ".join(sorted(set(named) - there)),
                allowed=", ".join(sorted(there)) or "nothing, for its cells are empty",
                remedy="Name what stands in the image sheet",
            )


def check_sheets_match(
    rows: Sequence[ImageRow], clinical: ClinicalSheet, settings: ModellingSettings
) -> list[str]:
    """What the analysis would refuse, a sentence each, seen from the sheets before a scan is opened."""
    return [*_check_subjects(rows, clinical), *_check_selection(rows, settings)]


def list_unmatched_subjects(rows: Sequence[ImageRow], clinical: ClinicalSheet) -> list[str]:
    """Subjects that only one of the sheets has, a sentence per sheet: legal, and often a slip of the pen."""
    imaged = {row.key.case.subject_id for row in rows}
    listed = {row.subject_id for row in clinical.rows}
    return [
        f"{len(alone)} of {len(own)} subjects of the {name} sheet are not in the {other} sheet, and enter no "
        f"model: {', '.join(alone[:5])}{', ...' if len(alone) > 5 else ''}."
        for name, other, own, alone in (
            ("clinical", "image", listed, sorted(listed - imaged)),
            ("image", "clinical", imaged, sorted(imaged - listed)),
        )
        if alone
    ]


def _check_subjects(rows: Sequence[ImageRow], clinical: ClinicalSheet) -> Iterator[str]:
    listed = {row.subject_id for row in clinical.rows}
    if not listed & {row.key.case.subject_id for row in rows}:
        yield (
            f"None of the {len(listed)} subjects of the clinical sheet occurs in the image sheet. "
            "Write subject_id alike in both sheets."
        )


def _check_selection(rows: Sequence[ImageRow], settings: ModellingSettings) -> Iterator[str]:
    declared = {
        "timepoint": _one(settings.timepoint),
        "image_id": _one(settings.image_id),
        "rois": set(settings.rois),
    }
    entering = [row for row in rows if all(not d or _value(row, n) in d for n, d in declared.items())]
    for name, wanted in declared.items():
        there = {_value(row, name) for row in rows}
        for absent in sorted(wanted - there):
            known = ", ".join(sorted(there))
            yield f"modelling.{name}: no row of the image sheet has {absent}. Name one of {known}."
        left = sorted({_value(row, name) for row in entering})
        if not wanted and len(left) > 1:
            yield (
                f"modelling.{name}: the image sheet has several ({', '.join(left)}), and one row per subject "
                f"enters a model. Say in modelling.{name} which enters."
            )


def _value(row: ImageRow, name: str) -> str:
    if name == "rois":
        return row.key.roi
    return row.key.case.timepoint if name == "timepoint" else row.key.case.image_id


def _one(name: str | None) -> set[str]:
    return set() if name is None else {name}
