"""From the chunks' tables to the table of repeatability; no arm and no outcome has any part in it."""

import pyarrow as pa

from radfeat.config.model import StudySettings
from radfeat.features.catalogue import order_features
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan, read_plan
from radfeat.qc.repeatability import build_repeatability
from radfeat.tables.combine import combine_tables
from radfeat.tables.conform import list_features
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import FEATURES, PERTURBED_FEATURES, REPEATABILITY, ROIS, TableSchema


def write_repeatability(folder: ResultsFolder) -> pa.Table:
    """Join the perturbed measurements, measure how far repeats agree, and write both tables."""
    plan = read_plan(folder)
    study = StudySettings.model_validate_json(folder.extraction_settings.read_text(encoding="utf-8"))
    rois, features = (_combine(folder, plan, schema) for schema in (ROIS, FEATURES))
    perturbed = _combine_perturbed(folder, plan)
    table = build_repeatability(rois, features, perturbed, study.repeatability)
    for schema, found in ((PERTURBED_FEATURES, perturbed), (REPEATABILITY, table)):
        path = folder.blinded / f"{schema.name}.parquet"
        write_table(path, found, schema, settings_digest=plan.repeatability_digest, run_id=plan.run_id)
    return table


def _combine(folder: ResultsFolder, plan: Plan, schema: TableSchema) -> pa.Table:
    return combine_tables([folder.work(b) / f"{schema.name}.parquet" for b in plan.buckets], schema)


def _combine_perturbed(folder: ResultsFolder, plan: Plan) -> pa.Table:
    if not plan.perturb_digests:
        return build_table(PERTURBED_FEATURES, [])
    joined = combine_tables([folder.perturbed(b) for b in sorted(plan.perturb_digests)], PERTURBED_FEATURES)
    names = order_features(list(list_features(joined, PERTURBED_FEATURES)))
    return joined.select([*PERTURBED_FEATURES.column_names, *names])
