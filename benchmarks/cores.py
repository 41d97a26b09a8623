"""How much more one machine does with more cores: measuring real scans with one core and with several.

.venv/bin/python tools/fetch_scans.py .cache/pyradiomics-3.1.4
.venv/bin/python benchmarks/cores.py --times 3
.venv/bin/python benchmarks/cores.py --scans ../shared/data/sts/nifti --timepoints 4 --times 3

Whole runs of the workflow up to the last chunk, in turns, each with an empty cache; the time that
Snakemake, the jobs and their workers need to start is in both: some seconds, which the few scans at hand
do not outweigh as a trial's do, so that each may be listed several times. What is printed is the ratio of the
medians of wall time: it says something on a machine that does nothing else. Each run may use its own cores
and no other (Linux): Snakemake and the jobs' own processes would else take a second core beside the one.
Two threads of one core are not two cores: beside it stands what as many runs of one core, which share
nothing, do at once.
"""

import argparse
import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def copy_demo(study: Path) -> None:
    """The study of `config/`: five scans of PyRadiomics, with filters."""
    sheet = (REPOSITORY / "config" / "images.csv").read_text(encoding="utf-8")
    study.mkdir()
    (study / "images.csv").write_text(
        sheet.replace("../.cache", str(REPOSITORY / ".cache")), encoding="utf-8"
    )
    settings = (REPOSITORY / "config" / "config.yaml").read_text(encoding="utf-8")
    (study / "config.yaml").write_text(settings.replace("../results", "results"), encoding="utf-8")


def write_study(study: Path, scans: Path, timepoints: int = 1) -> None:
    """A study of every SUBJECT/NAME_image.nii.gz with its mask, as mode b of `docs/speed.md`: 1,316 features.

    Each scan stands for so many timepoints: its file is listed, read and measured so often.
    """
    study.mkdir()
    names = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi,label"
    with (study / "images.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(names.split(","))
        for image in sorted(scans.glob("*/*_image.nii.gz")):
            name = image.name.removesuffix("_image.nii.gz")
            mask = image.with_name(f"{name}_mask.nii.gz")
            kind = {"PET": "PT"}.get(name, name.partition("_")[0])
            subject, series = image.parent.name.replace("_", "-"), name.replace("_", "-")
            for timepoint in range(timepoints):
                key = ("scans", "site", subject, f"visit {timepoint}", series, kind)
                rows.writerow([*key, image.resolve(), mask.resolve(), "tumour", 1])
    prepare = "{resampled_spacing_xyz_mm: [1, 1, 1]}"
    images = "{Original: {}, LoG: {sigma_mm: [1, 2, 3, 4, 5]}, Wavelet: {}}"
    settings = (
        f"study: scans\nimages: images.csv\nprepare: {prepare}\n"
        f"features: {{bin_count: 32, image_types: {images}}}\n"
    )
    (study / "config.yaml").write_text(settings, encoding="utf-8")


def time_runs(studies: Sequence[Path], cores: int) -> float:
    """Run the workflows of the studies at once, from nothing to the last chunk measured; wall time (s).

    Each has ``cores`` of its own.
    """
    mine = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    for study in studies:
        shutil.rmtree(study / "results", ignore_errors=True)
    command = [sys.executable, "-m", "radfeat", "run", "--cores", str(cores)]
    began = time.monotonic()
    runs = [
        subprocess.Popen(
            [*command, str(study), "--", "--until", "extract"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=partial(_keep_to, mine[i * cores : (i + 1) * cores]),
        )
        for i, study in enumerate(studies)
    ]
    for run in runs:
        run.wait()
    wall = time.monotonic() - began
    for study in studies:
        if not list((study / "results").rglob("rois.parquet")):
            raise SystemExit(f"nothing was measured; see {study}/results/logs")
    return wall


def _keep_to(cores: Sequence[int]) -> None:
    """Let this process, and those that it starts, run on some cores only."""
    if cores:
        os.sched_setaffinity(0, cores)


def main() -> None:
    """Time one core and several in turns, and print the ratio of the medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--scans", type=Path, help="Folder of SUBJECT/NAME_image.nii.gz; else the five scans."
    )
    parser.add_argument("--timepoints", type=int, default=1, help="How often each of these is measured.")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        studies = [Path(folder) / f"study{i}" for i in range(given.cores)]
        for study in studies:
            if given.scans:
                write_study(study, given.scans, given.timepoints)
            else:
                copy_demo(study)
        plans = {"one core": (1, 1), f"{given.cores} cores": (1, given.cores), "apart": (given.cores, 1)}
        found: dict[str, list[float]] = {name: [] for name in plans}
        for _ in range(given.times):
            for name, (runs, cores) in plans.items():
                found[name].append(time_runs(studies[:runs], cores))
                print(f"{name:10}{found[name][-1]:6.1f} s", flush=True)
    one, several, apart = (statistics.median(seconds) for seconds in found.values())
    print(f"{given.cores} cores do {one / several:.2f} times the work of one;", end=" ")
    print(
        f"{given.cores} runs that share nothing {given.cores * one / apart:.2f} times ({os.cpu_count()} here)"
    )


if __name__ == "__main__":
    main()
