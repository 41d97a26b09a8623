"""What every rule knows: the plan, the folders, and the digests that tell Snakemake what changed."""

import shlex
import sys
from pathlib import Path

from radfeat.config.reader import read_settings
from radfeat.core.errors import RadfeatError
from radfeat.core.version import VERSION
from radfeat.pipeline.folders import (
    ARM_TABLES,
    CHUNK_TABLES,
    CONFORMANCE_FILES,
    DESCRIPTIONS,
    STUDY_TABLES,
    REPEAT_TABLES,
    ResultsFolder,
    list_blinded_tables,
)
from radfeat.pipeline.job_needs import ATTEMPTS, estimate_collect_mb
from radfeat.pipeline.plan import (
    chunk_inputs,
    perturb_inputs,
    read_analysis_plan,
    read_plan,
)
from radfeat.pipeline.retries import read_retries
from radfeat.tables.settings import has_long_table, is_divided
from snakemake.exceptions import WorkflowError

CONFIG = Path(
    workflow.configfiles[-1] if workflow.configfiles else "config/config.yaml"
).absolute()
RADFEAT = shlex.join([sys.executable, "-m", "radfeat"])


# All paths, and Snakemake's own records, lie in the study's folder.
workdir: str(CONFIG.parent)


try:
    SETTINGS = read_settings(CONFIG)
    FOLDER = ResultsFolder(Path(SETTINGS.results))
    # Jobs on a cluster parse this file too; only the first process looks at the sheet and its files, unless
    # `radfeat run`, which starts it, has just done so.
    if workflow.is_main_process and "planned" not in config:
        from radfeat.pipeline.planning import build_plan

        build_plan(SETTINGS, Path(), FOLDER)
    PLAN = read_plan(FOLDER)
    ANALYSIS = read_analysis_plan(FOLDER)
    RETRIES = read_retries(FOLDER)
except RadfeatError as error:
    raise WorkflowError(f"radfeat: error: {error}")

# `localrule` marks what takes a second or two: as a job of a cluster it would cost Snakemake's start-up several times.
ENDPOINTS = {e.slug: e.name for e in ANALYSIS.endpoints} if ANALYSIS else {}
ARMS = {a.slug: a.name for a in ANALYSIS.arms} if ANALYSIS else {}
DIVIDED = is_divided(PLAN.rois, SETTINGS.tables)
# Above a number of ROIs there is no long table; what needs all tables asks for those that there are.
BLINDED_TABLES = list_blinded_tables(has_long_table(PLAN.rois, SETTINGS.tables))
COLLECTED_TABLES = [name for name in BLINDED_TABLES if name not in REPEAT_TABLES]
RESULTS = FOLDER.root
LOGS = FOLDER.logs
BENCHMARKS = FOLDER.root / "benchmarks"
CONFORMANCE = FOLDER.conformance
BLINDED_REPORT = FOLDER.blinded_report
REPORT = FOLDER.report


wildcard_constraints:
    bucket="[0-9a-f]+",
    endpoint="[0-9A-Za-z-]+",
    arm="[0-9A-Za-z-]+",


def chunk_threads(wildcards):
    """Processors of the job of a chunk: more than one where a machine has more of them than the study chunks."""
    try:
        cores = workflow.cores
    except WorkflowError:  # a cluster: the number of processors is not given
        return 1
    return max(1, cores // len(PLAN.buckets))


def chunk_memory(wildcards, attempt, threads):
    """MB for the job of a chunk: as its largest images need, twice as much with each attempt."""
    return PLAN.memory_mb[wildcards.bucket] * threads * 2 ** (attempt - 1)
