"""From the chunks' tables to the table of repeatability; no arm and no outcome has any part in it."""

import pyarrow as pa
import pyarrow.compute as pc

from radfeat.config.model import StudySettings
from radfeat.features.catalogue import order_features
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan, read_plan
from radfeat.qc.repeatability import build_repeatability
from radfeat.qc.repeatability_settings import RepeatabilitySettings
from radfeat.qc.repeats import DRAWING_COLUMNS, NOTHING, find_repeats, list_drawings, may_repeat
from radfeat.tables.combine import combine_tables, require_one_digest
from radfeat.tables.conform import conform_table, list_features, sort_by_key
from radfeat.tables.parquet import build_table, read_columns, read_table, write_table
from radfeat.tables.schemas import FEATURES, PERTURBED_FEATURES, REPEATABILITY, ROIS


def write_repeatability(folder: ResultsFolder) -> pa.Table:
    """Join the perturbed measurements, measure how far repeats agree, and write both tables."""
    plan = read_plan(folder)
    study = StudySettings.model_validate_json(folder.extraction_settings.read_text(encoding="utf-8"))
    perturbed = _combine_perturbed(folder, plan)
    rois = _read_candidates(folder, plan, perturbed["roi_id"], study.repeatability)
    features = _read_repeated(folder, plan, rois, study.repeatability)
    table = build_repeatability(rois, features, perturbed, study.repeatability)
    for schema, found in ((PERTURBED_FEATURES, perturbed), (REPEATABILITY, table)):
        path = folder.blinded / f"{schema.name}.parquet"
        write_table(path, found, schema, settings_digest=plan.repeatability_digest, run_id=plan.run_id)
    return table


def _read_candidates(
    folder: ResultsFolder, plan: Plan, perturbed: pa.ChunkedArray, settings: RepeatabilitySettings
) -> pa.Table:
    """The rows of ``rois`` that can be repeats, of all chunks."""
    paths = [folder.work(bucket) / f"{ROIS.name}.parquet" for bucket in plan.buckets]
    require_one_digest(paths)
    tables = [read_columns(path, ROIS, DRAWING_COLUMNS) for path in paths]
    return pa.concat_tables(table.filter(may_repeat(table, perturbed, settings)) for table in tables)


def _read_repeated(
    folder: ResultsFolder, plan: Plan, rois: pa.Table, settings: RepeatabilitySettings
) -> pa.Table:
    """The rows of ``features`` of ROIs that repeat each other: few, where the study has millions."""
    ids = rois["roi_id"].to_pylist()
    sets = find_repeats(list_drawings(rois), ids, settings)
    used = sorted({ids[row] for found in sets for row in found.rows.ravel() if row != NOTHING})
    if not used:
        return build_table(FEATURES, [])
    paths = [folder.work(bucket) / f"{FEATURES.name}.parquet" for bucket in plan.buckets]
    require_one_digest(paths)
    wanted = pa.array(used, pa.string())
    tables = (read_table(path, FEATURES) for path in paths)
    kept = [table.filter(pc.is_in(table["roi_id"], value_set=wanted)) for table in tables]
    joined = pa.concat_tables(kept, promote_options="default")
    return sort_by_key(conform_table(joined, FEATURES), FEATURES)


def _combine_perturbed(folder: ResultsFolder, plan: Plan) -> pa.Table:
    if not plan.perturb_digests:
        return build_table(PERTURBED_FEATURES, [])
    joined = combine_tables([folder.perturbed(b) for b in sorted(plan.perturb_digests)], PERTURBED_FEATURES)
    names = order_features(list(list_features(joined, PERTURBED_FEATURES)))
    return joined.select([*PERTURBED_FEATURES.column_names, *names])
