"""The table ``predictors``: names and short names of the model's inputs, and where they are not defined."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from radfeat.modelling.cohort import StudyTable
from radfeat.modelling.delta_settings import DeltaKind
from radfeat.modelling.deltas import SHORT_PREFIXES, Gap, split_predictor
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import PREDICTORS

VALUE = "value"
"""What stands for the kind of a predictor that is a feature's value."""


def build_predictors(study: StudyTable, catalogue: pa.Table) -> pa.Table:
    """One row per predictor of a study; codes and units come from the table ``feature_catalogue``."""
    known = {row["feature"]: row for row in catalogue.to_pylist()}
    offered = set(study.offer.kept)
    rows: list[Mapping[str, object]] = []
    for j, name in enumerate(study.features):
        kind, feature = split_predictor(name)
        entry = known.get(feature)
        rows.append(
            {
                "predictor": name,
                "short": name_short(kind, entry["code"]) if entry else None,
                "feature": feature,
                "kind": kind.value if kind else VALUE,
                "unit": find_unit(kind, entry["unit"]) if entry else None,
                "offered": j in offered,
                "subjects": len(study.subject_ids),
                **_count_gaps(study, j),
            }
        )
    return build_table(PREDICTORS, rows)


def name_short(kind: DeltaKind | None, code: str) -> str:
    """Short name of a predictor: the feature's code, after a letter where it is a change."""
    return f"{SHORT_PREFIXES[kind]}{code}" if kind else code


def find_unit(kind: DeltaKind | None, unit: str) -> str:
    """Unit of a predictor, from the unit of its feature."""
    if kind in (DeltaKind.RELATIVE, DeltaKind.LOG_RATIO):
        return "1"
    return f"{unit}/wk" if kind is DeltaKind.PER_WEEK else unit


def _count_gaps(study: StudyTable, column: int) -> dict[str, int]:
    counts = np.bincount(study.gaps[:, column], minlength=len(Gap))
    names = {gap: gap.name.lower() for gap in Gap} | {Gap.NONE: "defined"}
    return {names[gap]: int(counts[gap]) for gap in Gap}
