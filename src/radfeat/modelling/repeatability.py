"""The filter by repeatability: the lower limits of the features that enter, by name, blind to the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from radfeat.core.errors import CohortError
from radfeat.modelling.outcomes import Flags, Floats
from radfeat.modelling.repeatability_settings import RepeatabilityFilter, Unestimated

Stratum = tuple[str, str]
"""Image and region: a role, or the name of an ROI that has none, as in the table."""


@dataclass(frozen=True, eq=False, slots=True)
class Repeatability:
    """Lower limits of the intraclass correlation, one per feature; NaN where there is no estimate."""

    lower_limits: Floats
    settings: RepeatabilityFilter

    @property
    def unestimated(self) -> Flags:
        """Features without an estimate."""
        return np.asarray(np.isnan(self.lower_limits))

    @property
    def dropped(self) -> Flags:
        """Features that are not offered: under the limit, or without an estimate where these are dropped."""
        with np.errstate(invalid="ignore"):
            low = np.asarray(self.lower_limits < self.settings.least)
        return low | self.unestimated if self.settings.unestimated is Unestimated.DROP else low


def find_repeatability(
    table: pa.Table,
    rois: pa.Table,
    roi_ids: Sequence[str],
    features: Sequence[str],
    settings: RepeatabilityFilter,
) -> Repeatability:
    """What the table of repeatability says of the features of the ROIs that enter.

    Where ROIs of several regions enter, the lowest limit of any counts; one without repeats says nothing.

    Parameters
    ----------
    table, rois
        The tables ``repeatability`` and ``rois``.
    roi_ids
        The ROIs that enter, of subjects of all arms.
    features
        The features, in the order of the result.
    settings
        Source, kind of correlation, limit.

    Raises
    ------
    CohortError
        The table has no repeats of that source for any image and region that enters.
    """
    strata = _find_strata(rois, roi_ids)
    lowest = _find_lowest(table, strata, settings)
    if not lowest:
        raise CohortError(
            f"there are no repeats of source {settings.source} of the ROIs that enter",
            key="modelling.repeatability",
            measured=_list_sources(table),
            allowed=f"{settings.source} of {' or '.join(' '.join(s) for s in sorted(strata))}",
            remedy="Name another source, declare which rows repeat each other, or take the filter out",
        )
    return Repeatability(np.array([lowest.get(name, np.nan) for name in features]), settings)


def _find_strata(rois: pa.Table, roi_ids: Sequence[str]) -> set[Stratum]:
    wanted = set(roi_ids)
    rows = rois.select(["roi_id", "image_id", "roi", "role"]).to_pylist()
    return {(r["image_id"], r["role"] or r["roi"]) for r in rows if r["roi_id"] in wanted}


def _find_lowest(table: pa.Table, strata: set[Stratum], settings: RepeatabilityFilter) -> dict[str, float]:
    """The lowest limit of each feature that the table names; NaN where it has no limit in any region."""
    name = f"{settings.icc.value}_lo"
    lowest: dict[str, float] = {}
    for row in table.select(["source", "image_id", "region", "feature", name]).to_pylist():
        if row["source"] == settings.source.value and (row["image_id"], row["region"]) in strata:
            limit = np.nan if row[name] is None else row[name]
            lowest[row["feature"]] = float(np.fmin(lowest.get(row["feature"], np.nan), limit))
    return lowest


def _list_sources(table: pa.Table) -> str:
    rows = table.select(["source", "image_id", "region"]).to_pylist()
    found = sorted({f"{r['source']} of {r['image_id']} {r['region']}" for r in rows})
    return ", ".join(found) or "no repeats at all"
