"""Running a small simulated trial through the workflow, and looking at what Snakemake did."""

import csv
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]


def run_radfeat(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    """Run one command in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "radfeat", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == expect, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def make_small(study: Path) -> None:
    """Fewer features and repeats than the demo: these tests are about the workflow, not the numbers."""
    path = study / "config.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["features"] = {
        "bin_width": 25.0,
        "classes": {"shape": [], "firstorder": [], "glcm": ["Contrast", "JointEntropy"]},
        "image_types": {"Original": {}},
    }
    quick = {"repeats": 1, "min_events": 3, "bootstrap": 50, "permutations": 0}
    settings["modelling"] |= quick | {"candidates": ["original_glcm_Contrast"]}
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def keep_one_endpoint(study: Path) -> None:
    """Half the models, where the test is not about endpoints."""
    settings = yaml.safe_load((study / "config.yaml").read_text(encoding="utf-8"))
    change_setting(study, "modelling", "endpoints", settings["modelling"]["endpoints"][:1])


def jobs_of(study: Path) -> dict[str, int]:
    """How many jobs of each rule the last run carried out, from Snakemake's own log."""
    text = (study / "results" / "logs" / "snakemake.log").read_text(encoding="utf-8")
    counts: dict[str, int] = {}
    for rule in re.findall(r"^(?:local)?rule (\w+):", text, flags=re.MULTILINE):
        counts[rule] = counts.get(rule, 0) + 1
    return counts


def change_setting(study: Path, section: str, name: str, value: object) -> None:
    """Change one setting of a study."""
    path = study / "config.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings.setdefault(section, {})[name] = value
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def read_rows(sheet: Path) -> list[dict[str, str]]:
    """The rows of a sheet."""
    return list(csv.DictReader(sheet.read_text(encoding="utf-8-sig").splitlines()))


def digests_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def run_snakemake(config: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Snakemake itself on a study, as a person would who does not use ``radfeat run``."""
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--cores",
        "1",
        "--snakefile",
        str(REPOSITORY / "Snakefile"),
    ]
    command += ["--configfile", str(config), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd or config.parent)
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done
