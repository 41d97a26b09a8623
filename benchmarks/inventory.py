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

from dicom_phantoms import build_series, build_structure_set, uid_of, write_dataset  # noqa: E402

from radfeat.core.grid import Grid  # noqa: E402
from radfeat.ingest.inventory.inventory import InventoryOptions, take_inventory  # noqa: E402
from radfeat.ingest.settings import IngestSettings  # noqa: E402

SLICES = 100
GRID = Grid((8, 8, SLICES), (1.0, 1.0, 3.0), (0.0, 0.0, 0.0))


def write_tree(folder: Path, files: int) -> None:
    """Series of 100 slices and one structure set each; the bytes of one, with other UIDs."""
    slices = build_series(grid=GRID)
    for number in range(max(1, files // SLICES)):
        place = folder / f"site{number % 7}" / f"{number:06d}"
        series, subject = uid_of("series", str(number)), f"{number // 3:06d}"
        for k, dataset in enumerate(slices):
            dataset.PatientID, dataset.PatientName = subject, f"Name^{subject}"
            dataset.StudyInstanceUID = uid_of("study", str(number))
            dataset.SeriesInstanceUID = series
            dataset.SOPInstanceUID = uid_of("instance", str(number), str(k))
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            write_dataset(place / f"{k:04d}.dcm", dataset)
        write_dataset(place / "rs.dcm", build_structure_set(slices, {"GTV": []}))


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
