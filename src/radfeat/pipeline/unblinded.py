"""The unblinded tables: each written under the analysis lock, and at the end joined and described."""

from pathlib import Path

import pyarrow as pa

from radfeat.modelling.analyses import count_analyses
from radfeat.pipeline.analysis_inputs import require_analysis
from radfeat.pipeline.folders import ARM_TABLES, ResultsFolder
from radfeat.pipeline.lock import read_lock
from radfeat.pipeline.plan import read_plan
from radfeat.tables.combine import combine_tables
from radfeat.tables.half import describe_half
from radfeat.tables.parquet import write_table
from radfeat.tables.schemas import INTERACTIONS, TABLES


def assemble(folder: ResultsFolder) -> None:
    """Join the tables of all endpoints and arms, and describe them."""
    plan = require_analysis(folder)
    joined: dict[str, pa.Table] = {}
    for name in ARM_TABLES:
        paths = [folder.model(e.slug, a.slug) / f"{name}.parquet" for e in plan.endpoints for a in plan.arms]
        joined[name] = combine_tables(paths, TABLES[name])
        write_unblinded(folder, folder.unblinded / f"{name}.parquet", joined[name], name)
    contrasts = combine_tables([folder.contrasts(e.slug) for e in plan.endpoints], INTERACTIONS)
    write_unblinded(folder, folder.unblinded / "interactions.parquet", contrasts, "interactions")
    counted = count_analyses(joined["feasibility"], joined["performance"], contrasts)
    write_unblinded(folder, folder.unblinded / "analyses.parquet", counted, "analyses")
    describe_half(folder.unblinded, blinded=False)


def write_unblinded(folder: ResultsFolder, path: Path, table: pa.Table, name: str) -> None:
    """Write a table of the unblinded half, marked with the run and the lock."""
    plan = require_analysis(folder)
    write_table(
        path,
        table,
        TABLES[name],
        settings_digest=plan.digest,
        run_id=read_plan(folder).run_id,
        marks=read_lock(folder).marks,
    )
