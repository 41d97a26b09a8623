"""Kaplan-Meier curves per arm and stratum of the out-of-fold score, as a table."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa

from radfeat.modelling.cross_validation import Rows
from radfeat.modelling.outcomes import Flags, Indices
from radfeat.modelling.survival import compute_curve
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import SURVIVAL_CURVES

STRATUM_NAMES: Mapping[int, str] = {0: "low", 1: "high"}
"""Strata of the score by the number that stands for them in arrays; -1 is none."""


def build_curves(endpoint: str, model_arm: str, rows: Rows, strata: Indices, level: float) -> pa.Table:
    """Curves of every arm among ``rows``, in all and by stratum; no row unless it is a time to event.

    Nor where events compete: 1 less such a curve would be no risk (``incidence_curves`` has the risks).

    ``strata`` (rows) holds 1 for high, 0 for low, -1 for none.
    """
    if not rows.outcomes.is_survival or rows.outcomes.competing is not None:
        return build_table(SURVIVAL_CURVES, [])
    found: list[dict[str, object]] = []
    for arm, stratum, group in list_groups(rows, strata):
        key = {"endpoint": endpoint, "model_arm": model_arm, "arm": arm, "stratum": stratum}
        found += [key | point for point in _list_points(rows, group, level)]
    return build_table(SURVIVAL_CURVES, found)


def list_groups(rows: Rows, strata: Indices) -> Iterator[tuple[str, str, Flags]]:
    """Each arm among ``rows``, in all and by stratum: arm, stratum, and which rows are in it."""
    arms = np.array(rows.arms, dtype=object)
    for arm in sorted(set(rows.arms)):
        members = np.asarray(arms == arm, dtype=np.bool_)
        yield arm, "all", members
        for number, name in STRATUM_NAMES.items():
            yield arm, name, members & (strata == number)


def _list_points(rows: Rows, group: Flags, level: float) -> Iterator[dict[str, object]]:
    for point in compute_curve(rows.outcomes.take(np.flatnonzero(group)), level):
        yield {
            "time": point.time,
            "at_risk": point.at_risk,
            "events": point.events,
            "censored": point.censored,
            "survival": point.survival,
            "lo": point.lo,
            "hi": point.hi,
        }
