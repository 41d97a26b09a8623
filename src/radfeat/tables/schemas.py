"""Every table that radfeat writes: its columns, units, meaning, key and side of the blind.

A table's schema is versioned; a change of meaning raises the major version. ``features`` and
``perturbed_features``, and nothing else, have further columns than those listed: one float64 column per
feature, described by ``feature_catalogue``.
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
from radfeat.tables.repeatability_schemas import PERTURBED_FEATURES, REPEATABILITY
from radfeat.tables.unblinded_schemas import (
    COEFFICIENTS,
    FEASIBILITY,
    INTERACTIONS,
    PERFORMANCE,
    PREDICTIONS,
    SELECTION,
    SUBJECTS,
    SURVIVAL_CURVES,
)

__all__ = [
    "ACQUISITION",
    "BLINDED_TABLES",
    "COEFFICIENTS",
    "FEASIBILITY",
    "FEATURES",
    "FEATURES_LONG",
    "FEATURE_CATALOGUE",
    "FINDINGS",
    "INTERACTIONS",
    "PERFORMANCE",
    "PERTURBED_FEATURES",
    "PREDICTIONS",
    "REPEATABILITY",
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

BLINDED_TABLES = (
    SERIES,
    ROIS,
    FEATURES,
    FEATURES_LONG,
    FEATURE_CATALOGUE,
    ACQUISITION,
    FINDINGS,
    REPEATABILITY,
    PERTURBED_FEATURES,
)
UNBLINDED_TABLES = (
    SUBJECTS,
    FEASIBILITY,
    PREDICTIONS,
    PERFORMANCE,
    COEFFICIENTS,
    SELECTION,
    INTERACTIONS,
    SURVIVAL_CURVES,
)
TABLES = {schema.name: schema for schema in (*BLINDED_TABLES, *UNBLINDED_TABLES)}
