"""The files of a package sorted into what went in, what came out, and what describes the run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from radfeat.core.files import write_text
from radfeat.core.provenance import compute_file_sha256
from radfeat.submission.crate import CrateFacts, Part, build_crate

CRATE = "ro-crate-metadata.json"
_MEDIA = {
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv",
    ".html": "text/html",
    ".png": "image/png",
    ".yaml": "application/yaml",
    ".md": "text/markdown",
    ".log": "text/plain",
}
_WORDS = {
    "inputs": "Input of the run",
    "outputs": "Result of the run",
    "report": "Report of the run",
    "config": "Settings and seeds of the run",
    "code": "Code of the workflow",
    "env": "Environment of the run",
    "logs": "Log of a job",
}


def write_crate(place: Path, study: str, facts: Mapping[str, Any], snakemake: str) -> None:
    """Describe every file of a package that is there so far."""
    parts = [_describe(path, place) for path in sorted(place.rglob("*")) if path.is_file()]
    inputs = [p for p in parts if p.path.startswith("inputs/")]
    outputs = [p for p in parts if p.path.startswith(("outputs/", "report/"))]
    others = [p for p in parts if p not in inputs and p not in outputs]
    crate = CrateFacts(study, facts["radfeat"], snakemake, facts["ended"], facts["run_id"])
    write_text(place / CRATE, build_crate(crate, inputs, outputs, others))


def _describe(path: Path, place: Path) -> Part:
    relative = path.relative_to(place)
    words = _WORDS.get(relative.parts[0], "Description of the package")
    media = _MEDIA.get(path.suffix, "application/octet-stream")
    return Part(relative.as_posix(), words, media, path.stat().st_size, compute_file_sha256(path))
