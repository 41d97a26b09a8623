"""The whole unblinded half of a small study, in memory."""

from collections.abc import Mapping

import pyarrow as pa

from radfeat.modelling.analyses import count_analyses
from radfeat.modelling.arms import fit_arm
from radfeat.modelling.cohort import StudyTable
from radfeat.modelling.interactions import build_interactions
from radfeat.modelling.predictor_table import build_predictors
from radfeat.modelling.settings import ModellingSettings
from radfeat.pipeline.folders import ARM_TABLES
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import UnblindedTables
from radfeat.tables.digest import compute_logical_digest
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, TABLES

Tables = Mapping[str, pa.Table]


def run_analysis(study: StudyTable, settings: ModellingSettings) -> Tables:
    """Every table of the unblinded half, as the workflow joins them; each is checked against its schema."""
    parts: dict[str, list[pa.Table]] = {name: [] for name in (*ARM_TABLES, "interactions")}
    for endpoint in settings.endpoints:
        results = [fit_arm(study, endpoint.name, arm, settings) for arm in settings.arms]
        for name in ARM_TABLES:
            parts[name] += [getattr(result, name) for result in results]
        predictions = pa.concat_tables([result.predictions for result in results])
        parts["interactions"].append(build_interactions(study, endpoint.name, predictions, settings))
    joined = {name: pa.concat_tables(tables) for name, tables in parts.items()}
    joined["analyses"] = count_analyses(joined["feasibility"], joined["performance"], joined["interactions"])
    joined["subjects"] = study.subjects
    joined["predictors"] = build_predictors(study, build_table(FEATURE_CATALOGUE, []))
    for name, table in joined.items():
        compute_logical_digest(table, TABLES[name])
        keys = [tuple(row[k] for k in TABLES[name].key) for row in table.to_pylist()]
        assert len(set(keys)) == len(keys), name
    return joined


def collect_rows(tables: Tables) -> UnblindedTables:
    """The tables as the report reads them."""
    return UnblindedTables(
        **{name: tuple(tables[name].to_pylist()) for name in UnblindedTables.__dataclass_fields__}
    )


def collect_facts(settings: ModellingSettings) -> AnalysisFacts:
    """What the report knows of the settings."""
    return AnalysisFacts.model_validate(settings.model_dump(mode="json"))
