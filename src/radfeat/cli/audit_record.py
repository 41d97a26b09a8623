"""``radfeat audit record``: begin and end of a run that plain Snakemake started."""

from pathlib import Path

import click
import yaml

from radfeat.cli.options import results_option
from radfeat.cli.run_audit import begin_run, end_run
from radfeat.config.model import StudySettings
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import read_plan

WHAT = "snakemake"


@click.command(epilog="\b\nExample:\n  radfeat audit record --results my-study/results --code 0")
@results_option
@click.option("--code", type=int, help="Exit code of a run that ended; without it a run begins.")
def record(results: Path, code: int | None) -> None:
    """Record that a run begins or ends, and take in what its jobs noted; `radfeat run` does so by itself."""
    folder = ResultsFolder(results)
    plan = read_plan(folder)
    if code is None:
        begin_run(folder, WHAT)
        return
    settings = StudySettings.model_validate(yaml.safe_load(folder.run_config.read_text(encoding="utf-8")))
    end_run(folder, settings, (folder.root / plan.base).resolve(), WHAT, code)
