"""Peak memory of one case per million voxels, by image type: what ``pipeline/memory_need.py`` reckons with.

.venv/bin/python benchmarks/memory.py --size 160
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import Modality
from radfeat.features.image_types import ImageTypes
from radfeat.ingest.image_sheet import ImageRow
from radfeat.pipeline.case import process_case
from radfeat.pipeline.case_settings import CaseFolders, CaseSettings

IMAGE_TYPES = [name for name in ImageTypes.model_fields if name != "Original"]


def write_case(folder: Path, size: int, radius: int) -> None:
    """A cube of noise, and a ball in its middle."""
    noise = np.random.default_rng(0).integers(-200, 200, size=(size, size, size)).astype(np.int16)
    z, y, x = np.ogrid[:size, :size, :size]
    ball = ((z - size // 2) ** 2 + (y - size // 2) ** 2 + (x - size // 2) ** 2 < radius**2).astype(np.uint8)
    for name, voxels in (("image", noise), ("mask", ball)):
        sitk.WriteImage(sitk.GetImageFromArray(voxels), str(folder / f"{name}.nii"))


def measure(folder: Path, settings: dict[str, dict[str, object]]) -> float:
    """Megabytes that one case takes beyond the process with its libraries; run in a process of its own."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    row = ImageRow(
        key=RoiKey(CaseKey("study", "site", "subject", "visit", "image"), "ball", ""),
        modality=Modality.CT,
        image=folder / "image.nii",
        mask=folder / "mask.nii",
        label=1,
        role="",
        scanner="",
        reader_id="",
        day=None,
        line=0,
    )
    record = process_case((row,), CaseSettings.from_json(settings), CaseFolders())
    if record.failed:
        raise SystemExit(str(record.rois[0].roi["sentence"]))
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 / 1e6


def list_settings() -> dict[str, dict[str, dict[str, object]]]:
    """What is measured, by name."""
    empty: dict[str, dict[str, object]] = {"ingest": {}, "prepare": {}, "features": {}, "qc": {}}
    ibsi = {"recipe": "ibsi", "resampled_spacing_xyz_mm": [1.001, 1.001, 1.001]}
    found = {"Original": empty, "recipe ibsi": {**empty, "prepare": ibsi, "features": {"recipe": "ibsi"}}}
    for name in IMAGE_TYPES:
        own: dict[str, object] = {"sigma_mm": [2.0]} if name == "LoG" else {}
        found[name] = {**empty, "features": {"image_types": {"Original": {}, name: own}}}
    return found


def main() -> None:
    """Measure each in a process of its own, and print megabytes per million voxels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=160, help="Voxels along an edge of the image.")
    parser.add_argument("--radius", type=int, default=20, help="Of the ROI, in voxels.")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(measure(given.folder, json.loads(given.one)))
        return
    with tempfile.TemporaryDirectory() as folder:
        write_case(Path(folder), given.size, given.radius)
        for name, settings in list_settings().items():
            words = [sys.executable, __file__, "--one", json.dumps(settings), "--folder", folder]
            taken = float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
            print(f"{name:12} {taken / (given.size**3 / 1e6):6.1f} MB per million voxels", flush=True)


if __name__ == "__main__":
    main()
