"""Collecting: the chunks' tables become the study's blinded tables, with all that explains them."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from radfeat.config.model import StudySettings, compute_measurement_digest
from radfeat.core.files import remove_temporaries
from radfeat.core.vocabulary import Modality
from radfeat.features.catalogue import build_catalogue, order_features
from radfeat.pipeline.cohort_findings import write_cohort_findings
from radfeat.pipeline.failures import FailureCounts, count_failures
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan, read_plan
from radfeat.pipeline.sweep import sweep
from radfeat.tables.conform import feature_columns, sort_by_key
from radfeat.tables.describe import locate_table
from radfeat.tables.half import describe_half
from radfeat.tables.merge import merge_tables, unite_columns
from radfeat.tables.parquet import build_table, iterate_table, read_columns
from radfeat.tables.parts import is_table
from radfeat.tables.reshape import lengthen
from radfeat.tables.schemas import (
    ACQUISITION,
    FEATURE_CATALOGUE,
    FEATURES,
    FEATURES_LONG,
    FINDINGS,
    PERTURBED_FEATURES,
    ROIS,
    SERIES,
    TableSchema,
)
from radfeat.tables.settings import explain_missing_long, has_long_table, is_divided
from radfeat.tables.writing import Stamp, write_blocks

_LONG_BLOCK_ROIS = 512
"""ROIs whose values are made into rows at once: about 40 MB for 1,300 features."""


def collect(folder: ResultsFolder) -> FailureCounts:
    """Write every blinded table of the study, the codebook, the data package and the readers.

    Memory is bounded: no table is ever held whole but for the few columns that the checks of the cohort need.
    """
    plan = read_plan(folder)
    study = StudySettings.model_validate_json(folder.extraction_settings.read_text(encoding="utf-8"))
    recipe = study.prepare.recipe.value
    marks = {"recipe": recipe, "measurement": compute_measurement_digest(study)}
    stamp = Stamp(plan.case_digest, plan.run_id, marks)
    with _room(folder.spill, folder.blinded):
        for schema in (SERIES, ROIS, ACQUISITION, FEATURES):
            divided = schema is FEATURES and is_divided(plan.rois, study.tables)
            _merge(folder, schema, _list_chunks(folder, plan, schema), stamp, divided=divided)
        cohort = write_cohort_findings(folder, plan, study.qc)
        _merge(folder, FINDINGS, [*_list_chunks(folder, plan, FINDINGS), cohort], stamp)
    _write_catalogue(folder, study, stamp)
    facts = {"recipe": recipe} | _write_long(folder, plan, study, stamp)
    describe_half(folder.blinded, blinded=True, facts=facts)
    series = read_columns(locate_table(folder.blinded, SERIES), SERIES, ["case_id"])
    rois = read_columns(locate_table(folder.blinded, ROIS), ROIS, ["roi_id", "preview", "status", "reason"])
    sweep(folder, plan, series, rois, keep=study.prepare.keep)
    return count_failures(rois)


def _list_chunks(folder: ResultsFolder, plan: Plan, schema: TableSchema) -> list[Path]:
    return [folder.work(bucket) / f"{schema.name}.parquet" for bucket in plan.buckets]


def _merge(
    folder: ResultsFolder, schema: TableSchema, paths: Sequence[Path], stamp: Stamp, *, divided: bool = False
) -> None:
    features = order_features(list(unite_columns(paths, schema)))
    blocks = merge_tables(paths, schema, features, folder.spill)
    columns = (*schema.columns, *feature_columns(features))
    write_blocks(locate_table(folder.blinded, schema), blocks, columns, schema, stamp, divided=divided)


def _write_catalogue(folder: ResultsFolder, study: StudySettings, stamp: Stamp) -> None:
    """Describe every feature, those of perturbed measurements too, even where no other ROI has any."""
    tables = [(s, locate_table(folder.blinded, s)) for s in (FEATURES, PERTURBED_FEATURES)]
    names = {n for s, path in tables if is_table(path) for n in unite_columns([path], s)}
    series = read_columns(locate_table(folder.blinded, SERIES), SERIES, ["modality"])
    modalities = [Modality(name) for name in series["modality"].unique().to_pylist()]
    rows = build_catalogue(order_features(sorted(names)), study.features, modalities)
    table = build_table(FEATURE_CATALOGUE, rows)
    write_blocks(
        locate_table(folder.blinded, FEATURE_CATALOGUE),
        [sort_by_key(table, FEATURE_CATALOGUE)],
        FEATURE_CATALOGUE.columns,
        FEATURE_CATALOGUE,
        stamp,
    )


def _write_long(folder: ResultsFolder, plan: Plan, study: StudySettings, stamp: Stamp) -> dict[str, str]:
    """Write ``features_long``, or take it away where it is too long; what the data package says of that."""
    path = locate_table(folder.blinded, FEATURES_LONG)
    if not has_long_table(plan.rois, study.tables):
        path.unlink(missing_ok=True)
        return {"featuresLong": explain_missing_long(plan.rois, study.tables)}
    wide = iterate_table(locate_table(folder.blinded, FEATURES), FEATURES, _LONG_BLOCK_ROIS)
    write_blocks(path, (lengthen(block) for block in wide), FEATURES_LONG.columns, FEATURES_LONG, stamp)
    return {}


@contextmanager
def _room(folder: Path, tables: Path) -> Iterator[None]:
    """An empty folder for the time of a collection; what a killed one left, here or there, goes first."""
    shutil.rmtree(folder, ignore_errors=True)
    remove_temporaries(tables)
    folder.mkdir(parents=True)
    try:
        yield
    finally:
        shutil.rmtree(folder)
