"""The tables that a page is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import (
    ACQUISITION,
    COEFFICIENTS,
    FEASIBILITY,
    FEATURE_CATALOGUE,
    FEATURES,
    FINDINGS,
    INTERACTIONS,
    PERFORMANCE,
    PREDICTIONS,
    REPEATABILITY,
    ROIS,
    SELECTION,
    SERIES,
    SUBJECTS,
    SURVIVAL_CURVES,
    TableSchema,
)

Row = Mapping[str, Any]
Rows = tuple[Row, ...]


@dataclass(frozen=True, eq=False, slots=True)
class BlindedTables:
    """The blinded half: rows of each table, and ``features`` as it is, one column per feature."""

    series: Rows
    rois: Rows
    findings: Rows
    catalogue: Rows
    acquisition: Rows
    features: pa.Table
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


def read_blinded(folder: Path) -> BlindedTables:
    """Read the blinded tables; TableError where one is missing, damaged or of another version."""
    return BlindedTables(
        series=_read_rows(folder, SERIES),
        rois=_read_rows(folder, ROIS),
        findings=_read_rows(folder, FINDINGS),
        catalogue=_read_rows(folder, FEATURE_CATALOGUE),
        acquisition=_read_rows(folder, ACQUISITION),
        features=read_table(folder / f"{FEATURES.name}.parquet", FEATURES),
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
    )


def _read_rows(folder: Path, schema: TableSchema) -> Rows:
    return tuple(read_table(folder / f"{schema.name}.parquet", schema).to_pylist())
