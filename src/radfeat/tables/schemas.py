"""Every table that radfeat writes: its columns, units, meaning, key and side of the blind.

A table's schema is versioned; a change of meaning raises the major version. ``features`` and
``perturbed_features``, and nothing else, have further columns than those listed: one float64 column per
feature, described by ``feature_catalogue``.
"""

from radfeat.tables.applied_schema import APPLIED_SCORES
from radfeat.tables.blinded_schemas import (
    ACQUISITION,
    CONFORMANCE,
    FEATURE_CATALOGUE,
    FEATURES,
    FEATURES_LONG,
    FINDINGS,
    ROIS,
    SERIES,
)
from radfeat.tables.columns import Column, ColumnType, TableSchema
from radfeat.tables.repeatability_schemas import PERTURBED_FEATURES, REPEATABILITY
from radfeat.tables.score_schemas import MODEL_SCORES, RISKS
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
    PREDICTORS,
    RESTRICTED_MEANS,
    SELECTION,
    SUBJECTS,
    SURVIVAL_CURVES,
)

__all__ = [
    "ACQUISITION",
    "ANALYSES",
    "APPLIED_SCORES",
    "BLINDED_TABLES",
    "CALIBRATION",
    "COEFFICIENTS",
    "CONFORMANCE",
    "CUMULATIVE_INCIDENCE",
    "DECISION_CURVES",
    "FEASIBILITY",
    "FEATURES",
    "FEATURES_LONG",
    "FEATURE_CATALOGUE",
    "FINDINGS",
    "INSTALLATION_TABLES",
    "INTERACTIONS",
    "MODEL_SCORES",
    "PERFORMANCE",
    "PERTURBED_FEATURES",
    "PREDICTIONS",
    "PREDICTORS",
    "REPEATABILITY",
    "RESTRICTED_MEANS",
    "RISKS",
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
    PREDICTORS,
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
    MODEL_SCORES,
    RISKS,
    ANALYSES,
)
INSTALLATION_TABLES = (CONFORMANCE,)
"""What is true of an installation, whatever the study; in a folder of its own within the blinded half."""
TABLES = {schema.name: schema for schema in (*BLINDED_TABLES, *INSTALLATION_TABLES, *UNBLINDED_TABLES)}
