"""How many files a second `radfeat ingest inventory` lists: makes a tree of small CT series and reads it.

.venv/bin/python benchmarks/inventory.py --files 100000 --workers 2
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from dicom_phantoms import build_contours, build_series, build_structure_set, write_dataset  # noqa: E402
from radfeat.core.grid import Grid  # noqa: E402
from radfeat.ingest.inventory.inventory import InventoryOptions, take_inventory  # noqa: E402
from radfeat.ingest.settings import IngestSettings  # noqa: E402

SLICES = 100
GRID = Grid((8, 8, SLICES), (1.0, 1.0, 3.0), (0.0, 0.0, 0.0))
_ROOT = "1.2.826.0.1.3680043.8.498."
_SERIES, _SUBJECT = "7" * 12, "9" * 8
"""What stands for the number of the series and of the subject in the bytes that all series are made of."""


def build_template() -> dict[str, bytes]:
    """The files of one series of slices and its structure set, by name."""
    slices = build_series(grid=GRID)
    for k, dataset in enumerate(slices):
        dataset.PatientID, dataset.PatientName = _SUBJECT, f"Name^{_SUBJECT}"
        dataset.StudyInstanceUID = f"{_ROOT}1.{_SERIES}"
        dataset.SeriesInstanceUID = f"{_ROOT}2.{_SERIES}"
        dataset.FrameOfReferenceUID = f"{_ROOT}3.{_SERIES}"
        dataset.SOPInstanceUID = f"{_ROOT}4.{_SERIES}.{k + 1}"
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    mask = build_structure_set(slices, {"GTV": build_contours(GRID)})
    mask.SeriesInstanceUID, mask.SOPInstanceUID = f"{_ROOT}5.{_SERIES}", f"{_ROOT}6.{_SERIES}"
    mask.file_meta.MediaStorageSOPInstanceUID = mask.SOPInstanceUID
    with tempfile.TemporaryDirectory() as folder:
        names = [f"{k:04d}.dcm" for k in range(SLICES)] + ["rs.dcm"]
        paths = [write_dataset(Path(folder, n), d) for n, d in zip(names, [*slices, mask], strict=True)]
        return {path.name: path.read_bytes() for path in paths}


def write_tree(folder: Path, files: int) -> None:
    """Series of 100 slices and a structure set each, three to a subject, in seven sites' folders."""
    template = build_template()
    for number in range(max(1, files // len(template))):
        place = folder / f"site{number % 7}" / f"{number:06d}"
        place.mkdir(parents=True)
        series, subject = f"1{number:011d}".encode(), f"1{number // 3:07d}".encode()
        for name, data in template.items():
            own = data.replace(_SERIES.encode(), series).replace(_SUBJECT.encode(), subject)
            (place / name).write_bytes(own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--folder", type=Path, help="Keep the tree here, and use it again.")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp())
    if not folder.is_dir() or not any(folder.iterdir()):
        write_tree(folder, arguments.files)
    options = InventoryOptions("study", "site", str, None, IngestSettings(), arguments.workers)
    begun = time.monotonic()
    marks: dict[str, float] = {}
    found = take_inventory(folder, options, lambda stage, *_: marks.update({stage: time.monotonic()}))
    seconds = time.monotonic() - begun
    print(f"{found.files} files, {len(found.groups)} series and masks, {arguments.workers} processes")
    print(f"{seconds:.1f} s in all: {found.files / seconds:.0f} files/s")
    for stage, mark in marks.items():
        print(f"  {stage} done after {mark - begun:.1f} s")
    if arguments.folder is None:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
