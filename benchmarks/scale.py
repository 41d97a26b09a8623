"""What 1,000, 10,000 and 100,000 cases cost: planning, dry run, a run with nothing to do, and each case.

.venv/bin/python benchmarks/scale.py --cases 1000 10000 100000 [--run] [--cores 2] [--folder DIR]

A case is a CT image of 6 x 6 x 5 voxels with one ROI, of which one feature is measured: the product as it is,
with next to nothing for the engine to do, so that what remains is what radfeat itself costs. Processor time
is that of a command and all that it started; memory is that of its largest process. Without ``--run`` nothing
is computed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SIZE_ZYX = (5, 6, 6)
SITES = 40
VISITS = 2
CONFIG = """study: Cases that cost next to nothing
images: images.csv
results: results
features:
  classes: {firstorder: [Mean]}
  image_types: {Original: {}}
"""
COLUMNS = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi,label"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command cost: processor time and wall time in seconds, memory of its largest process in MB."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def main() -> None:
    """Print one table: a line per number of cases and command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--run", action="store_true", help="also compute every case, then run again")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--folder", type=Path, help="where the studies are made (default: a temporary folder)"
    )
    given = parser.parse_args()
    print("| cases | command | CPU s | wall s | memory MB | CPU ms a case |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for cases in given.cases:
            study = Path(folder) / f"study-{cases}"
            make_study(study, cases)
            for name, cost in _measure_study(study, given.run, given.cores):
                figures = f"{cost.cpu_s:.1f} | {cost.wall_s:.1f} | {cost.peak_mb:.0f}"
                print(f"| {cases:,} | {name} | {figures} | {1000 * cost.cpu_s / cases:.2f} |", flush=True)
            shutil.rmtree(study)


def make_study(folder: Path, cases: int) -> None:
    """A study of one ROI per case, every image and mask with voxels of its own."""
    (folder / "scans").mkdir(parents=True)
    (folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    image, mask = (_build_template(folder, kind) for kind in (np.int16, np.uint8))
    rng = np.random.default_rng(1)
    lines = [COLUMNS]
    for number in range(cases):
        place = folder / "scans" / f"{number // 1000:03d}"
        place.mkdir(exist_ok=True)
        drawn = rng.random(SIZE_ZYX) < 0.7
        voxels = rng.normal(40, 20, SIZE_ZYX).astype(np.int16)
        (place / f"{number:06d}.nii").write_bytes(image + voxels.tobytes())
        (place / f"{number:06d}-mask.nii").write_bytes(mask + drawn.astype(np.uint8).tobytes())
        lines.append(_write_row(number, f"scans/{place.name}/{number:06d}"))
    (folder / "images.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(command: Sequence[str], log: Path) -> Cost:
    """Run a command and take what the operating system says that it and its children cost.

    Raises
    ------
    SystemExit
        The command failed; what it printed is in ``log``.
    """
    started = time.perf_counter()
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed:\n{log.read_text(encoding='utf-8')[-3000:]}")
    wall = time.perf_counter() - started
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def _measure_study(study: Path, run: bool, cores: int) -> Iterator[tuple[str, Cost]]:
    radfeat, log = [sys.executable, "-m", "radfeat"], study / "command.log"
    yield "radfeat plan", measure([*radfeat, "plan", str(study)], log)
    yield "radfeat run --dry-run", measure([*radfeat, "run", str(study), "--dry-run"], log)
    if run:
        whole = [*radfeat, "run", str(study), "--cores", str(cores)]
        yield "radfeat run", measure(whole, log)
        yield "radfeat run, nothing to do", measure(whole, log)


def _build_template(folder: Path, kind: type[np.generic]) -> bytes:
    """Header of a NIfTI file; the voxels follow it."""
    volume = sitk.GetImageFromArray(np.zeros(SIZE_ZYX, dtype=kind))
    path = folder / "template.nii"
    sitk.WriteImage(volume, str(path))
    data = path.read_bytes()
    path.unlink()
    return data[: len(data) - np.zeros(SIZE_ZYX, dtype=kind).nbytes]


def _write_row(number: int, stem: str) -> str:
    subject, visit = divmod(number, VISITS)
    site = f"site{subject % SITES:02d}"
    key = f"scale,{site},S{subject:06d},week{visit},CT,CT"
    return f"{key},{stem}.nii,{stem}-mask.nii,GTV,1"


if __name__ == "__main__":
    main()
