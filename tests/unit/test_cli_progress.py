"""What a run shows while it is at work."""

import json
from pathlib import Path

import pytest

from radfeat.cli.progress import look
from radfeat.config.model import StudySettings
from radfeat.core.files import write_text
from radfeat.pipeline.chunk import chunk_inputs
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan
from radfeat.pipeline.planning import build_plan
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.trial import write_trial


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[ResultsFolder, Plan]:
    study = tmp_path_factory.mktemp("progress") / "trial"
    write_trial(study, SimulationSettings(subjects=3, sites=1))
    folder = ResultsFolder(study / "results")
    return folder, build_plan(StudySettings(), study, folder)


def note_progress(folder: ResultsFolder, plan: Plan, done: int, failed: int) -> None:
    chunk = {"inputs": chunk_inputs(plan, "0"), "total": 3, "done": done, "failed": failed, "cached": 0}
    write_text(folder.progress("0"), json.dumps(chunk))


def test_cases_are_counted_while_images_are_measured(
    planned: tuple[ResultsFolder, Plan], tmp_path: Path
) -> None:
    folder, plan = planned
    log = tmp_path / "snakemake.log"
    log.write_text("localrule validate:\n1 of 6 steps (17%) done\nrule extract:\n", encoding="utf-8")
    note_progress(folder, plan, 2, 1)
    assert look(folder, plan, log, {}).line == "  extract: 2 of 3 cases (1 failed, 0 cached)"


def test_steps_are_counted_afterwards(planned: tuple[ResultsFolder, Plan], tmp_path: Path) -> None:
    folder, plan = planned
    log = tmp_path / "snakemake.log"
    text = "rule extract:\n2 of 6 steps (33%) done\nlocalrule collect:\n3 of 6 steps (50%) done\n"
    log.write_text(text, encoding="utf-8")
    note_progress(folder, plan, 3, 1)
    assert look(folder, plan, log, {}).line == "  collect: 3 of 6 steps (3 cases, 1 failed, 0 cached)"


def test_nothing_is_claimed_before_snakemake_speaks(
    planned: tuple[ResultsFolder, Plan], tmp_path: Path
) -> None:
    folder, plan = planned
    log = tmp_path / "snakemake.log"
    log.write_text("", encoding="utf-8")
    folder.progress("0").unlink(missing_ok=True)
    assert look(folder, plan, log, {}).line == "  plan: 0 of 3 cases (0 failed, 0 cached)"
