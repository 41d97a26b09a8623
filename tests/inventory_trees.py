"""Small DICOM trees for tests of the inventory, and taking it with options of a test's own."""

from collections.abc import Callable, Sequence
from pathlib import Path

from pydicom.dataset import Dataset

from dicom_phantoms import build_contours, build_series, build_structure_set
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality
from radfeat.ingest.inventory.grouping import SeriesGroup
from radfeat.ingest.inventory.inventory import Inventory, InventoryOptions, take_inventory
from radfeat.ingest.inventory.records import Kind
from radfeat.ingest.inventory.subjects import SubjectList
from radfeat.ingest.settings import IngestSettings

GRID = Grid((6, 5, 8), (1.5, 2.0, 3.0), (-10.0, 20.0, 30.0))


def build_ct(subject: str = "S001", **options: str) -> list[Dataset]:
    """A CT of eight small slices."""
    return build_series(Modality.CT, GRID, subject=subject, **options)


def build_rs(series: Sequence[Dataset], *names: str) -> Dataset:
    """A structure set with regions of these names (GTV, if none) in a series."""
    contours = build_contours(GRID)
    return build_structure_set(series, dict.fromkeys(names or ("GTV",), contours))


def take(
    folder: Path,
    *,
    site_id: str | None = "site",
    derive: Callable[[str], str] = str,
    listed: SubjectList | None = None,
    settings: IngestSettings | None = None,
    workers: int = 1,
) -> Inventory:
    """The inventory of a tree; subjects are called by their PatientID."""
    options = InventoryOptions("study", site_id, derive, listed, settings or IngestSettings(), workers)
    return take_inventory(folder, options)


def images_of(inventory: Inventory) -> list[SeriesGroup]:
    """The series of images, in the order of their keys."""
    return [group for group in inventory.groups if group.kind is Kind.IMAGE]


def problems_of(inventory: Inventory) -> list[str]:
    """Why regions are not drafted, each reason once."""
    return sorted({pairing.problem for pairing in inventory.draft.pairings if pairing.problem})
