"""The inventory as rows of its tables: those that anyone may see, and those for the folder ``private``."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pydicom.uid import AllTransferSyntaxes

from radfeat.ingest.dicom.files import SERIES_LIST_SUFFIX
from radfeat.ingest.identity import withhold
from radfeat.ingest.inventory.draft import DraftRow
from radfeat.ingest.inventory.grouping import MASKS, SeriesGroup
from radfeat.ingest.inventory.inventory import Inventory
from radfeat.ingest.inventory.pairing import Pairing
from radfeat.ingest.inventory.records import Kind
from radfeat.ingest.inventory.sop_classes import KNOWN_MODALITIES
from radfeat.ingest.inventory.verdicts import Verdict
from radfeat.tables.sheet_schemas import IMAGE_SHEET

Row = Mapping[str, str]

IMAGE_COLUMNS = IMAGE_SHEET.column_names
SERIES_COLUMNS = (
    *("series_key", "verdict", "reasons", "study_id", "site_id", "subject_id", "timepoint", "day"),
    *("modality", "instances", "frames", "rows", "columns", "spacing_x_mm", "spacing_y_mm", "spacing_z_mm"),
    *("slices", "slices_expected", "slices_missing", "slices_duplicated", "orientation", "manufacturer"),
    *("model", "transfer_syntax", "pet_units", "drafted_rois"),
)
PAIR_COLUMNS = (
    *("mask_key", "mask_kind", "subject_id", "region", "roi", "interpreted_type", "series_key"),
    *("paired_by", "drafted", "reason"),
)
PATIENT_COLUMNS = ("patient_id", "issuer", "subject_id", "site_id", "problem")
DESCRIPTION_COLUMNS = ("series_key", "modality", "description", "protocol", "rois")
SKIPPED_COLUMNS = ("path", "reason")

PET_UNITS = frozenset(("CNTS", "NONE", "CM2", "PCNT", "CPS", "BQML", "MGMINML", "UMOLMINML", "MLMING", "MLG"))
PET_UNITS |= {"1CM", "UMOLML", "PROPCNTS", "PROPCPS", "MLMINML", "MLML", "GML", "STDDEV"}
"""Units that a table may name. Reference: DICOM PS3.3, C.8.9.1.1.3."""

SERIES_LISTS, MASK_LISTS = "private/series", "private/masks"
"""Where the lists of files lie, from the folder of the sheet."""

NO_MASK = "No structure set or segmentation was drawn in it."
_SYNTAXES = {str(syntax): syntax.name for syntax in AllTransferSyntaxes}
_AXES = (("sagittal", 0), ("coronal", 1), ("axial", 2))
_ALONG_AXIS = 0.999
"""Cosine between the normal of the slices and an axis of the body, from which on they are not oblique."""


def list_series(inventory: Inventory, study_id: str) -> list[Row]:
    """Rows of ``series.csv``, by subject, visit and key."""
    drafted = Counter(row.image.key for row in inventory.draft.rows)
    rows = [_build_series_row(inventory, group, study_id, drafted[group.key]) for group in inventory.groups]
    return sorted(
        rows, key=lambda row: (row["site_id"], row["subject_id"], row["day"].zfill(6), row["series_key"])
    )


def _build_series_row(inventory: Inventory, group: SeriesGroup, study_id: str, drafted: int) -> Row:
    opinion, owner, head = inventory.opinions[group.key], inventory.owners[group.key], group.head
    layout, words, first = opinion.layout, inventory.words[group.key], group.records[0].group
    return {
        "series_key": group.key,
        "verdict": opinion.verdict.value,
        "reasons": " ".join(opinion.reasons),
        "study_id": study_id,
        "site_id": owner.subject.site_id,
        "subject_id": owner.subject.subject_id,
        "timepoint": owner.visit.timepoint,
        "day": _count(owner.visit.day),
        "modality": name_modality(group),
        "instances": str(len(group.records)),
        "frames": str(sum(record.frames for record in group.records)),
        "rows": _count(first.rows),
        "columns": _count(first.columns),
        "spacing_x_mm": _length(layout.spacing_x_mm),
        "spacing_y_mm": _length(layout.spacing_y_mm),
        "spacing_z_mm": _length(layout.spacing_z_mm),
        "slices": _count(layout.slices),
        "slices_expected": _count(layout.expected),
        "slices_missing": _count(layout.missing),
        "slices_duplicated": _count(layout.duplicated),
        "orientation": name_orientation(first.orientation),
        "manufacturer": _plain(withhold(head.manufacturer, words)),
        "model": _plain(withhold(head.model, words)),
        "transfer_syntax": _name_syntax(head.transfer_syntax),
        "pet_units": (head.pet_units if head.pet_units in PET_UNITS else "other") if head.pet_units else "",
        "drafted_rois": str(drafted) if group.kind is Kind.IMAGE else "",
    }


def name_modality(group: SeriesGroup) -> str:
    """The modality, where it is one that DICOM knows: any other text could be a name."""
    return group.head.modality if group.head.modality in KNOWN_MODALITIES else "other"


def name_orientation(orientation: Sequence[float] | None) -> str:
    """The plane of the slices: axial, sagittal, coronal, or oblique; empty where it is not known."""
    if orientation is None:
        return ""
    x1, y1, z1, x2, y2, z2 = orientation
    normal = (y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2)
    return next((name for name, axis in _AXES if abs(normal[axis]) >= _ALONG_AXIS), "oblique")


def list_images(inventory: Inventory, study_id: str) -> list[Row]:
    """Rows of ``images.csv``, the drafted image sheet."""
    return [_build_image_row(row, study_id) for row in inventory.draft.rows]


def _build_image_row(row: DraftRow, study_id: str) -> Row:
    subject, visit = row.owner.subject, row.owner.visit
    cells = {
        "study_id": study_id,
        "site_id": subject.site_id,
        "subject_id": subject.subject_id,
        "timepoint": visit.timepoint,
        "image_id": row.image_id,
        "modality": row.modality.value,
        "image": f"{SERIES_LISTS}/{row.image.key}{SERIES_LIST_SUFFIX}",
        "mask": f"{MASK_LISTS}/{row.pairing.mask.key}{SERIES_LIST_SUFFIX}",
        "roi": row.roi,
        "role": row.role,
        "label": row.label,
        "scanner": row.scanner,
        "day": _count(visit.day),
    }
    return {name: cells.get(name, "") for name in IMAGE_COLUMNS}


def list_pairs(inventory: Inventory) -> list[Row]:
    """Rows of ``pairs.csv``: every region of every mask, then the usable images that have none."""
    pairings = inventory.draft.pairings
    known = {pairing.image.key for pairing in pairings if pairing.image is not None}
    lonely = [g for g in inventory.groups if g.key not in known and _is_usable(inventory, g)]
    return [
        *(_build_pair_row(inventory, pairing) for pairing in pairings),
        *(_build_lonely_row(inventory, group) for group in lonely),
    ]


def _is_usable(inventory: Inventory, group: SeriesGroup) -> bool:
    return inventory.opinions[group.key].verdict in (Verdict.USABLE, Verdict.DOUBTFUL)


def _build_pair_row(inventory: Inventory, pairing: Pairing) -> Row:
    region = pairing.region
    words = inventory.words[pairing.mask.key]
    return {
        "mask_key": pairing.mask.key,
        "mask_kind": pairing.mask.kind.value,
        "subject_id": inventory.owners[pairing.mask.key].subject.subject_id,
        "region": "" if region is None else str(region.number),
        "roi": "" if region is None else inventory.draft.names[pairing.mask.key, region.number],
        "interpreted_type": "" if region is None else _plain(withhold(region.interpreted_type or "", words)),
        "series_key": "" if pairing.image is None else pairing.image.key,
        "paired_by": "" if pairing.paired_by is None else pairing.paired_by.value,
        "drafted": "no" if pairing.problem else "yes",
        "reason": pairing.problem,
    }


def _build_lonely_row(inventory: Inventory, group: SeriesGroup) -> Row:
    return {
        "subject_id": inventory.owners[group.key].subject.subject_id,
        "series_key": group.key,
        "drafted": "no",
        "reason": NO_MASK,
    }


def list_patients(inventory: Inventory) -> list[Row]:
    """Rows of ``private/patients.csv``: whose subject is whose."""
    rows = {
        (p.patient_id, p.issuer, s.subject_id, s.site_id, s.problem): None
        for (p, _), s in inventory.subjects.items()
    }
    return [dict(zip(PATIENT_COLUMNS, row, strict=True)) for row in sorted(rows)]


def list_descriptions(inventory: Inventory) -> list[Row]:
    """Rows of ``private/series_descriptions.csv``: the texts that sites gave to series and regions."""
    return [
        {
            "series_key": group.key,
            "modality": group.head.modality,
            "description": group.head.description,
            "protocol": group.head.protocol,
            "rois": "; ".join(_name_regions(group)),
        }
        for group in inventory.groups
    ]


def _name_regions(group: SeriesGroup) -> Iterator[str]:
    if group.kind in MASKS:
        for record in group.records:
            for region in () if record.mask is None else record.mask.regions:
                yield f"{region.number} {region.name}"


def list_skipped(inventory: Inventory) -> list[Row]:
    """Rows of ``private/skipped_files.csv``."""
    return [{"path": show_path(entry.path), "reason": entry.reason.value} for entry in inventory.skipped]


def show_path(path: str) -> str:
    """A path as text; bytes that are no UTF-8 as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _name_syntax(text: str) -> str:
    return _SYNTAXES.get(text, "unknown")


def _plain(text: str) -> str:
    """A text in one line; empty where it holds what cannot be printed."""
    line = " ".join(text.split())
    return line if line.isprintable() else ""


def _count(number: int | None) -> str:
    return "" if number is None else str(number)


def _length(mm: float | None) -> str:
    return "" if mm is None else f"{mm:.6g}"
