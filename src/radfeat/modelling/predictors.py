"""Which features are offered to the models: filters that are blind to outcome and arm, applied once."""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from radfeat.modelling.outcomes import Flags, Floats
from radfeat.modelling.repeatability import Repeatability
from radfeat.modelling.repeatability_settings import RepeatabilityFilter, Unestimated
from radfeat.modelling.settings import ModellingSettings


@dataclass(frozen=True, eq=False, slots=True)
class Offer:
    """Columns (indices) of the features offered to the models, and how many were not, by cause.

    ``unestimated`` counts among ``unrepeatable`` where features without an estimate are dropped.
    """

    kept: tuple[int, ...]
    total: int
    missing: int
    near_constant: int
    restating_volume: int
    dropped_restating: bool
    unrepeatable: int = 0
    unestimated: int = 0
    repeatability: RepeatabilityFilter | None = None

    @property
    def sentence(self) -> str:
        """What was offered and what not, in one sentence."""
        causes = [f"{self.missing} with too many missing values", f"{self.near_constant} near-constant"]
        causes += [f"{self.unrepeatable} not repeatable"] if self.repeatability else []
        causes += [f"{self.restating_volume} restating volume"] if self.dropped_restating else []
        kept = "" if self.dropped_restating else f"; {self.restating_volume} of those offered restate volume"
        return f"{len(self.kept)} of {self.total} features are offered (left out: {', '.join(causes)}){kept}"

    @property
    def repeatability_words(self) -> str:
        """What the filter by repeatability left out, as a clause; empty where there is none."""
        if self.repeatability is None:
            return ""
        asked = self.repeatability
        drops = asked.unestimated is Unestimated.DROP
        without = f"{self.unestimated} {'of them ' if drops else 'kept '}without an estimate"
        return (
            f"{self.unrepeatable} features were left out as not repeatable (lower limit of {asked.icc} by "
            f"{asked.source} below {asked.least:g}), {without}"
        )


def select_predictors(
    values: Floats,
    sizes: Floats,
    settings: ModellingSettings,
    repeatability: Repeatability | None = None,
) -> Offer:
    """Leave out features mostly missing or near-constant and, if so set, unrepeatable or restating volume.

    ``values`` (subjects x features) holds NaN where there is no value, and so does ``sizes`` (subjects):
    volume or any monotone function of it; with changes between visits, of the ratio of volumes.
    """
    subjects, total = values.shape
    missing = np.isnan(values).mean(axis=0) > settings.max_missing if subjects else np.ones(total, dtype=bool)
    constant = ~missing & is_near_constant(values, settings.near_constant_share)
    unrepeatable = ~missing & ~constant & (repeatability.dropped if repeatability else False)
    unestimated = ~missing & ~constant & (repeatability.unestimated if repeatability else False)
    restating = ~missing & ~constant & ~unrepeatable
    restating &= _restates_volume(values, sizes, settings.volume_correlation)
    keep = ~missing & ~constant & ~unrepeatable & ~(restating & settings.drop_volume_restating)
    return Offer(
        kept=tuple(int(i) for i in np.flatnonzero(keep)),
        total=total,
        missing=int(missing.sum()),
        near_constant=int(constant.sum()),
        restating_volume=int(restating.sum()),
        dropped_restating=settings.drop_volume_restating,
        unrepeatable=int(unrepeatable.sum()),
        unestimated=int(unestimated.sum()),
        repeatability=repeatability.settings if repeatability else None,
    )


def is_near_constant(values: Floats, share: float) -> Flags:
    """Per column (subjects x columns): one value has ``share`` of the known, or all are one but for rounding.

    A column without any known value counts as constant.
    """
    constant = np.ones(values.shape[1], dtype=np.bool_)
    counts = (~np.isnan(values)).sum(axis=0)
    ordered = np.sort(values, axis=0)
    for count in np.unique(counts[counts > 1]):
        columns = np.flatnonzero(counts == count)
        constant[columns] = _is_repeated(ordered[:count, columns], share)
    return constant


def _is_repeated(ordered: Floats, share: float) -> Flags:
    """Whether a column (ascending, none missing) repeats one value in ``share`` of its rows, or is flat."""
    rows = len(ordered)
    flat = ordered[-1] - ordered[0] <= 1e-10 * np.maximum(np.abs(ordered[0]), np.abs(ordered[-1]))
    times = max(1, math.ceil(share * rows))
    # Ascending, so a value that stands twice at this distance stands everywhere between.
    repeated = (ordered[times - 1 :] == ordered[: rows - times + 1]).any(axis=0)
    return np.asarray(flat | repeated, dtype=np.bool_)


def _restates_volume(values: Floats, sizes: Floats, limit: float) -> Flags:
    found = np.zeros(values.shape[1], dtype=np.bool_)
    for j, column in enumerate(values.T):
        rows = ~np.isnan(column) & ~np.isnan(sizes)
        found[j] = abs(_spearman(column[rows], sizes[rows])) > limit
    return found


def _spearman(a: Floats, b: Floats) -> float:
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])
