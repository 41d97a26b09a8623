"""The tables that a page is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import (
    ACQUISITION,
    ANALYSES,
    CALIBRATION,
    COEFFICIENTS,
    CONFORMANCE,
    CUMULATIVE_INCIDENCE,
    DECISION_CURVES,
    FEASIBILITY,
    FEATURE_CATALOGUE,
    FEATURES,
    FINDINGS,
    INTERACTIONS,
    PERFORMANCE,
    PREDICTIONS,
    REPEATABILITY,
    RESTRICTED_MEANS,
    ROIS,
    SELECTION,
    SERIES,
    SUBJECTS,
    SURVIVAL_CURVES,
    TableSchema,
)

CONFORMANCE_FOLDER = "conformance"
"""Folder of what is true of the installation, in the blinded half."""

Row = Mapping[str, Any]
Rows = tuple[Row, ...]


@dataclass(frozen=True, eq=False, slots=True)
class BlindedTables:
    """The blinded half: rows of each table, and ``features`` as it is, one column per feature.

    ``conformance`` is empty where the installation was not measured.
    """

    series: Rows
    rois: Rows
    findings: Rows
    catalogue: Rows
    acquisition: Rows
    features: pa.Table
    conformance: Rows = ()
    repeatability: Rows = ()


@dataclass(frozen=True, eq=False, slots=True)
class UnblindedTables:
    """The half that knows arms and outcomes: rows of each table."""

    subjects: Rows
    feasibility: Rows
    predictions: Rows
    performance: Rows
    coefficients: Rows
    selection: Rows
    interactions: Rows
    survival_curves: Rows
    cumulative_incidence: Rows
    restricted_means: Rows
    calibration: Rows
    decision_curves: Rows
    analyses: Rows


def read_blinded(folder: Path) -> BlindedTables:
    """Read the blinded tables; TableError where one is missing, damaged or of another version."""
    return BlindedTables(
        series=_read_rows(folder, SERIES),
        rois=_read_rows(folder, ROIS),
        findings=_read_rows(folder, FINDINGS),
        catalogue=_read_rows(folder, FEATURE_CATALOGUE),
        acquisition=_read_rows(folder, ACQUISITION),
        features=read_table(folder / f"{FEATURES.name}.parquet", FEATURES),
        conformance=_read_rows_if_there(folder / CONFORMANCE_FOLDER, CONFORMANCE),
        repeatability=_read_rows(folder, REPEATABILITY),
    )


def read_unblinded(folder: Path) -> UnblindedTables:
    """Read the tables of arms and outcomes; TableError as for the blinded ones."""
    return UnblindedTables(
        subjects=_read_rows(folder, SUBJECTS),
        feasibility=_read_rows(folder, FEASIBILITY),
        predictions=_read_rows(folder, PREDICTIONS),
        performance=_read_rows(folder, PERFORMANCE),
        coefficients=_read_rows(folder, COEFFICIENTS),
        selection=_read_rows(folder, SELECTION),
        interactions=_read_rows(folder, INTERACTIONS),
        survival_curves=_read_rows(folder, SURVIVAL_CURVES),
        cumulative_incidence=_read_rows(folder, CUMULATIVE_INCIDENCE),
        restricted_means=_read_rows(folder, RESTRICTED_MEANS),
        calibration=_read_rows(folder, CALIBRATION),
        decision_curves=_read_rows(folder, DECISION_CURVES),
        analyses=_read_rows(folder, ANALYSES),
    )


def _read_rows_if_there(folder: Path, schema: TableSchema) -> Rows:
    return _read_rows(folder, schema) if (folder / f"{schema.name}.parquet").is_file() else ()


def _read_rows(folder: Path, schema: TableSchema) -> Rows:
    return tuple(read_table(folder / f"{schema.name}.parquet", schema).to_pylist())
