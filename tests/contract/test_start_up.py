"""What a process loads before it works: the workflow starts dozens, and most of them measure nothing.

SimpleITK, pydicom, SciPy and scikit-learn take between a tenth of a second and more than one to load.
"""

import subprocess
import sys
from pathlib import Path

import pytest

IMAGES = {"SimpleITK", "pydicom", "highdicom", "radiomics", "skimage"}
SCIENCE = {"scipy", "sklearn", "sksurv", "matplotlib"}

STARTS = {
    "radfeat.cli.main": IMAGES | SCIENCE | {"pandas", "pyarrow", "numpy", "pydantic"},
    "radfeat.cli.run": IMAGES | SCIENCE | {"pandas", "pyarrow"},
    "radfeat.cli.run_parts": IMAGES | SCIENCE | {"pandas", "pyarrow"},
    "radfeat.pipeline.plan": IMAGES | SCIENCE | {"pandas", "pyarrow"},
    "radfeat.pipeline.retries": IMAGES | SCIENCE | {"pandas", "pyarrow", "numpy"},
    "radfeat.pipeline.job_needs": IMAGES | SCIENCE | {"pandas", "pyarrow", "numpy"},
    "radfeat.pipeline.validation": IMAGES | SCIENCE | {"pandas", "pyarrow"},
    "radfeat.pipeline.status": IMAGES | SCIENCE,
    "radfeat.pipeline.chunk": IMAGES | SCIENCE,
    "radfeat.pipeline.perturb": IMAGES | SCIENCE,
    "radfeat.pipeline.gate": IMAGES | SCIENCE,
    "radfeat.pipeline.lock": IMAGES | SCIENCE,
    "radfeat.pipeline.analysis_inputs": IMAGES | SCIENCE | {"pandas", "pyarrow"},
    "radfeat.pipeline.unblinded": IMAGES | SCIENCE,
    "radfeat.pipeline.collect": IMAGES | {"sklearn", "sksurv", "matplotlib"},
    "radfeat.pipeline.analysis": IMAGES | {"matplotlib"},
    "radfeat.pipeline.case": {"pandas", "sklearn", "sksurv", "matplotlib", "radiomics"},
}
"""What a stage's module may not load, by the module."""


@pytest.mark.parametrize("module", STARTS)
def test_stage_loads_only_what_it_works_with(module: str) -> None:
    said = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "radfeat" in loaded
    assert loaded & STARTS[module] == set()


def test_workflow_is_parsed_without_what_measures() -> None:
    """`common.smk` names what it needs; where `radfeat run` has planned, nothing else is loaded."""
    rules = Path(__file__).resolve().parents[2] / "workflow" / "rules" / "common.smk"
    lines = rules.read_text(encoding="utf-8").splitlines()
    modules = [line.split()[1] for line in lines if line.startswith("from radfeat")]
    assert "radfeat.pipeline.plan" in modules
    said = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in done.stdout.split()} & (IMAGES | SCIENCE) == set()
