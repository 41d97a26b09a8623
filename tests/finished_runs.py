"""A small finished run, made in this process: simulated scans, measured, collected, its gate passed."""

from pathlib import Path

from radfeat.config.model import StudySettings
from radfeat.config.reader import read_settings
from radfeat.core.files import write_text
from radfeat.pipeline.chunk import run_chunk
from radfeat.pipeline.collect import collect
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.gate import judge_gate
from radfeat.pipeline.plan import read_plan
from radfeat.pipeline.planning import build_plan
from radfeat.pipeline.repeatability import write_repeatability
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.trial import write_trial

FEW = {
    "features": {
        "classes": {"firstorder": ["Mean", "Energy", "Entropy"], "glcm": ["Contrast", "JointEntropy"]},
        "image_types": {"Original": {}},
    },
    "clinical": None,
    "modelling": {},
    "report": {},
}


def make_run(study: Path, subjects: int = 6) -> ResultsFolder:
    """Simulate a trial and measure it: the blinded half, with pages in place of the reports."""
    write_trial(study, SimulationSettings(subjects=subjects, broken=1, seed=3))
    settings = StudySettings.model_validate(read_settings(study / "config.yaml").model_dump() | FEW)
    results = ResultsFolder(study / "results")
    build_plan(settings, study, results)
    for bucket in read_plan(results).buckets:
        run_chunk(results, bucket)
    write_repeatability(results)
    collect(results)
    assert judge_gate(results).is_open
    write_text(results.report, "<p>The report.</p>\n")
    write_text(results.blinded_report, "<p>The blinded report.</p>\n")
    write_text(results.logs / "extract" / "bucket-0.log", "chunk 0: done\n")
    return results
