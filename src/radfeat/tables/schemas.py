"""Every table that radfeat writes: its columns, units, meaning, key and side of the blind.

A table's schema is versioned; a change of meaning raises the major version. ``features`` and nothing
else has further columns than those listed: one float64 column per feature, described by
``feature_catalogue``.
"""

from radfeat.tables.blinded_schemas import (
    ACQUISITION,
    FEATURE_CATALOGUE,
    FEATURES,
    FEATURES_LONG,
    FINDINGS,
    ROIS,
    SERIES,
)
from radfeat.tables.columns import Column, ColumnType, TableSchema
from radfeat.tables.unblinded_schemas import (
    ANALYSES,
    CALIBRATION,
    COEFFICIENTS,
    CUMULATIVE_INCIDENCE,
    DECISION_CURVES,
    FEASIBILITY,
    INTERACTIONS,
    PERFORMANCE,
    PREDICTIONS,
    RESTRICTED_MEANS,
    SELECTION,
    SUBJECTS,
    SURVIVAL_CURVES,
)

__all__ = [
    "ACQUISITION",
    "ANALYSES",
    "BLINDED_TABLES",
    "CALIBRATION",
    "COEFFICIENTS",
    "CUMULATIVE_INCIDENCE",
    "DECISION_CURVES",
    "FEASIBILITY",
    "FEATURES",
    "FEATURES_LONG",
    "FEATURE_CATALOGUE",
    "FINDINGS",
    "INTERACTIONS",
    "PERFORMANCE",
    "PREDICTIONS",
    "RESTRICTED_MEANS",
    "ROIS",
    "SELECTION",
    "SERIES",
    "SUBJECTS",
    "SURVIVAL_CURVES",
    "TABLES",
    "UNBLINDED_TABLES",
    "Column",
    "ColumnType",
    "TableSchema",
]

BLINDED_TABLES = (SERIES, ROIS, FEATURES, FEATURES_LONG, FEATURE_CATALOGUE, ACQUISITION, FINDINGS)
UNBLINDED_TABLES = (
    SUBJECTS,
    FEASIBILITY,
    PREDICTIONS,
    PERFORMANCE,
    COEFFICIENTS,
    SELECTION,
    INTERACTIONS,
    SURVIVAL_CURVES,
    CUMULATIVE_INCIDENCE,
    RESTRICTED_MEANS,
    CALIBRATION,
    DECISION_CURVES,
    ANALYSES,
)
TABLES = {schema.name: schema for schema in (*BLINDED_TABLES, *UNBLINDED_TABLES)}
