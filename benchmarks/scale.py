"""What 1,000, 10,000 and 100,000 cases cost: planning, dry run, a run with nothing to do, and each case.

.venv/bin/python benchmarks/scale.py --cases 1000 10000 100000 [--run] [--cores 2] [--folder DIR]

A case is a CT image of 6 x 6 x 5 voxels with one ROI, of which one feature is measured: the product as it is,
with next to nothing for the engine to do, so that what remains is what radfeat itself costs. Processor time
is that of a command and all that it started; memory is that of its largest process. One chunk is computed, as
a job of the workflow would; for a dry run with nothing to do, empty files stand in the place of all results.
With ``--run`` the whole study is computed as well.
"""

import argparse
import ctypes
import os
import resource
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

from radfeat.cli.run import find_snakefile
from radfeat.pipeline.folders import (
    CHUNK_TABLES,
    CONFORMANCE_FILES,
    DESCRIPTIONS,
    ResultsFolder,
    list_blinded_tables,
)
from radfeat.pipeline.manifest import read_json
from radfeat.pipeline.plan import read_plan
from radfeat.tables.settings import TableSettings, has_long_table, is_divided

_PR_SET_CHILD_SUBREAPER = 36
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
            for name, cost, count in _measure_study(study, given.run, given.cores, cases):
                figures = f"{cost.cpu_s:.1f} | {cost.wall_s:.1f} | {cost.peak_mb:.0f}"
                print(f"| {cases:,} | {name} | {figures} | {1000 * cost.cpu_s / count:.2f} |", flush=True)
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
    _adopt_orphans()
    started = time.perf_counter()
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
    usages = [usage, *_wait_for_orphans()]
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed:\n{log.read_text(encoding='utf-8')[-3000:]}")
    wall = time.perf_counter() - started
    cpu = sum(u.ru_utime + u.ru_stime for u in usages)
    return Cost(cpu, wall, max(u.ru_maxrss for u in usages) / 1024)


def _adopt_orphans() -> None:
    """Become the parent of processes that outlive theirs: workers of a chunk are children of such a one."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("the operating system does not tell what workers cost: Linux is needed")


def _wait_for_orphans() -> Iterator[resource.struct_rusage]:
    while True:
        try:
            _, _, usage = os.wait4(-1, 0)
        except ChildProcessError:
            return
        yield usage


def _measure_study(study: Path, run: bool, cores: int, cases: int) -> Iterator[tuple[str, Cost, int]]:
    """Name, cost, and number of cases of each command."""
    radfeat, log = [sys.executable, "-m", "radfeat"], study / "command.log"
    yield "radfeat plan", measure([*radfeat, "plan", str(study)], log), cases
    dry = [*radfeat, "run", str(study), "--dry-run"]
    yield "radfeat run --dry-run, all to do", measure(dry, log), cases
    yield _measure_chunk(study, log)
    _pretend_done(study, log)
    cost = measure(dry, log)
    if "Nothing to be done" not in log.read_text(encoding="utf-8"):
        raise SystemExit(f"there was something to do:\n{log.read_text(encoding='utf-8')[-3000:]}")
    yield "radfeat run --dry-run, nothing to do", cost, cases
    if run:
        shutil.rmtree(study / "results")
        shutil.rmtree(study / ".snakemake")
        whole = [*radfeat, "run", str(study), "--cores", str(cores)]
        yield "radfeat run", measure(whole, log), cases
        yield "radfeat run, nothing to do", measure(whole, log), cases


def _measure_chunk(study: Path, log: Path) -> tuple[str, Cost, int]:
    """Compute one chunk as a job of the workflow does."""
    folder = ResultsFolder(study / "results")
    bucket = read_plan(folder).buckets[0]
    cases = len(read_json(folder.manifest(bucket)))
    command = [sys.executable, "-m", "radfeat", "extract", "--results", str(folder.root), "--bucket", bucket]
    return f"radfeat extract, one chunk of {cases}", measure(command, log), cases


def _pretend_done(study: Path, log: Path) -> None:
    """Put an empty file in the place of every result, and let Snakemake take them for its own."""
    folder = ResultsFolder(study / "results")
    tables = list_blinded_tables(long=has_long_table(read_plan(folder).rois, TableSettings()))
    divided = is_divided(read_plan(folder).rois, TableSettings())
    paths = [folder.work(b) / f"{n}.parquet" for b in read_plan(folder).buckets for n in CHUNK_TABLES]
    paths += [folder.blinded / f"{n}.parquet" for n in tables if not (divided and n == "features")]
    paths += [folder.blinded / "features.parquet" / "part"] if divided else []
    paths += [folder.blinded / name for name in DESCRIPTIONS]
    paths += [folder.conformance / name for name in CONFORMANCE_FILES]
    for path in (*paths, folder.validated, folder.gate, folder.blinded_report, folder.report):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    snakefile, config = find_snakefile(), study / "config.yaml"
    measure(
        [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(snakefile), "--configfile", str(config)),
            # As from `radfeat run`, which keeps the audit trail by itself: there are no tables to note.
            *("--config", f"planned={read_plan(folder).run_id}", "--cores", "1", "--touch"),
        ],
        log,
    )


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
