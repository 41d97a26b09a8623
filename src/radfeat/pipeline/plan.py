"""The plan of a run as it is kept: what there is to do, and the digests that a job holds it against."""

from dataclasses import dataclass, fields

from radfeat.config.model import (
    StudySettings,
    compute_case_digest,
)
from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import TableError
from radfeat.core.version import VERSION
from radfeat.pipeline.code import compute_feature_code_digest
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_json


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of a run, as it is kept in ``plan/plan.json``.

    ``perturb_digests`` has an entry per bucket of which something is perturbed. ``memory_mb`` is what the job
    of each bucket asks for at first; no number depends on it.
    """

    version: str
    base: str
    cases: int
    rois: int
    buckets: tuple[str, ...]
    row_digests: dict[str, str]
    case_digest: str
    code_digest: str
    run_id: str
    qc_digest: str
    report_digest: str
    perturb_digests: dict[str, str]
    repeatability_digest: str
    memory_mb: dict[str, int]


@dataclass(frozen=True, slots=True)
class Slugged:
    """A name from the settings and the folder name made of it."""

    name: str
    slug: str


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """The unblinded half of the plan: the products of endpoints and arms."""

    endpoints: tuple[Slugged, ...]
    arms: tuple[Slugged, ...]
    clinical: str
    digest: str
    code_digest: str
    lock: str

    @property
    def inputs(self) -> str:
        """Digest of what the models depend on besides their tables: the analysis settings and the code."""
        return compute_json_digest([self.digest, self.code_digest])


def read_plan(folder: ResultsFolder) -> Plan:
    """Read a plan that ``build_plan`` wrote."""
    data = read_json(folder.plan)
    odd = data.keys() ^ {field.name for field in fields(Plan)}
    if odd:
        raise TableError(
            "the plan was written by another state of radfeat: entries of it are missing or unknown",
            key=folder.plan.name,
            measured=f"{', '.join(sorted(odd))}; version {data.get('version', 'none')}",
            allowed=f"those of version {VERSION}",
            remedy="Run `radfeat run` or `radfeat plan` again",
        )
    data["buckets"] = tuple(data["buckets"])
    return Plan(**data)


def chunk_inputs(plan: Plan, bucket: str) -> str:
    """Digest of what a chunk depends on: its rows, the blinded settings, the code that computes features."""
    return compute_json_digest([plan.row_digests[bucket], plan.case_digest, plan.code_digest])


def perturb_inputs(plan: Plan, bucket: str) -> str:
    """Digest of what a perturbed chunk depends on: its rows, the choice of ROIs, the settings, the code."""
    return compute_json_digest([plan.row_digests[bucket], plan.perturb_digests[bucket], plan.code_digest])


def require_chunk_inputs(folder: ResultsFolder, bucket: str, inputs: str | None = None) -> None:
    """Refuse to go on where the plan's files, or the libraries here, are not those that a job was made for.

    Parameters
    ----------
    folder, bucket
        The chunk.
    inputs
        Digest that the workflow keeps with the job; None: that of the plan itself.

    Raises
    ------
    TableError
        If rows, settings or libraries differ, because another run was planned meanwhile or this machine has
        another installation.
    """
    settings = StudySettings.model_validate(read_json(folder.extraction_settings))
    rows = compute_json_digest(read_json(folder.manifest(bucket)))
    found = compute_json_digest([rows, compute_case_digest(settings), compute_feature_code_digest()])
    if found != (inputs or chunk_inputs(read_plan(folder), bucket)):
        raise TableError(
            "the plan or the libraries are not those that this job was made for",
            key=f"chunk {bucket}",
            remedy="Start the run again; let one run at a time work in a results folder",
        )


def read_analysis_plan(folder: ResultsFolder) -> AnalysisPlan | None:
    """Read the unblinded half of a plan; None where nothing is to be stratified."""
    data = read_json(folder.analysis)
    if data is None:
        return None
    return AnalysisPlan(
        endpoints=tuple(Slugged(**e) for e in data["endpoints"]),
        arms=tuple(Slugged(**a) for a in data["arms"]),
        clinical=data["clinical"],
        digest=data["digest"],
        code_digest=data["code_digest"],
        lock=data["lock"],
    )
