"""Cumulative incidences per arm and stratum of the out-of-fold score, as a table."""

import numpy as np
import pyarrow as pa

from radfeat.modelling.cross_validation import Rows
from radfeat.modelling.curves import list_groups
from radfeat.modelling.incidence import compute_incidence
from radfeat.modelling.outcomes import Indices
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import CUMULATIVE_INCIDENCE


def build_incidences(endpoint: str, model_arm: str, rows: Rows, strata: Indices, level: float) -> pa.Table:
    """Incidences of every arm among ``rows``, in all and by stratum; no row where no events compete.

    ``strata`` (rows) holds 1 for high, 0 for low, -1 for none.
    """
    if rows.outcomes.competing is None:
        return build_table(CUMULATIVE_INCIDENCE, [])
    found: list[dict[str, object]] = []
    for arm, stratum, group in list_groups(rows, strata):
        key = {"endpoint": endpoint, "model_arm": model_arm, "arm": arm, "stratum": stratum}
        found += [
            key
            | {
                "cause": point.cause,
                "time": point.time,
                "at_risk": point.at_risk,
                "events": point.events,
                "censored": point.censored,
                "incidence": point.incidence,
                "lo": point.lo,
                "hi": point.hi,
            }
            for point in compute_incidence(rows.outcomes.take(np.flatnonzero(group)), level)
        ]
    return build_table(CUMULATIVE_INCIDENCE, found)
