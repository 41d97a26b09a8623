"""What the radiomic score is held against: covariates, volume, random features, permuted outcomes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from radfeat.core.batches import Each, map_in_batches
from radfeat.core.digest import derive_seed
from radfeat.modelling.cohort import Cohort
from radfeat.modelling.cross_validation import OutOfFold, Rows, Schedule, cross_validate
from radfeat.modelling.discrimination import estimate_discrimination
from radfeat.modelling.fold_model import (
    ElasticNetFit,
    FitModel,
    FoldModel,
    JointNetFit,
    MarginalFit,
    PlainFit,
)
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.outcomes import Floats, Outcomes
from radfeat.modelling.settings import ModellingSettings

_EQUAL = 1e-12
"""What differs by no more is equal: C, say, is a ratio of counts."""


@dataclass(frozen=True, slots=True)
class Permuted:
    """A statistic of the whole procedure, one repeat, with the data as they are and permuted."""

    observed: float
    permuted: tuple[float, ...]

    @property
    def p(self) -> float:
        """Share of permutations at least as good, the observed one among them."""
        as_good = sum(c >= self.observed - _EQUAL for c in self.permuted)
        return (1 + as_good) / (1 + len(self.permuted))

    @property
    def ties(self) -> int:
        """Permutations that are as good as the observed one, and not better: they make p greater."""
        return sum(abs(c - self.observed) <= _EQUAL for c in self.permuted)


@dataclass(frozen=True, slots=True)
class RandomFeaturesFit:
    """Fits the radiomic procedure to ``count`` columns drawn anew for each model, blind to everything.

    What a model of equal size reaches without selection by outcome.
    """

    settings: ModellingSettings
    count: int

    def __call__(
        self, inputs: Inputs, outcomes: Outcomes, subjects: Sequence[str], seed: int
    ) -> FoldModel | None:
        """Fit to these rows only."""
        drawn = draw_columns(inputs.values.shape[1], self.count, seed)
        # Columns left out become constant and are dropped: the model still takes rows of full width.
        masked = np.zeros_like(inputs.values)
        masked[:, drawn] = inputs.values[:, drawn]
        return ElasticNetFit(self.settings)(replace(inputs, values=masked), outcomes, subjects, seed)


def draw_columns(width: int, count: int, seed: int) -> list[int]:
    """Distinct columns, ascending; the same for the same seed on every machine."""
    rng = np.random.Generator(np.random.PCG64(derive_seed(seed, "random features")))
    return sorted(int(j) for j in rng.permutation(width)[:count])


def count_selected(result: OutOfFold) -> int:
    """Features that a fold's model selects, the median over folds; at least one."""
    sizes = (result.coefficients != 0).sum(axis=1)
    return max(1, round(float(np.median(sizes)))) if len(sizes) else 1


def list_comparators(cohort: Cohort) -> Mapping[str, Floats]:
    """Model inputs (subjects x columns) of the plain comparators; clinical if covariates are declared."""
    volume = cohort.log_volumes[:, None]
    if not cohort.covariate_names:
        return {"volume": volume}
    return {
        "clinical": cohort.covariates,
        "volume": volume,
        "clinical_volume": np.column_stack([cohort.covariates, volume]),
    }


def cross_validate_comparators(
    cohort: Cohort,
    rows: Rows,
    schedule: Schedule,
    settings: ModellingSettings,
    selected: int,
    workers: int = 1,
) -> Mapping[str, OutOfFold]:
    """Out-of-fold scores of every comparator, in the splits of the radiomic model.

    ``selected`` is the number of features that ``random_features`` is given.
    """
    found = {
        name: cross_validate(replace(rows, values=values), None, PlainFit(), schedule)
        for name, values in list_comparators(cohort).items()
    }
    split = len(cohort.covariate_names)
    if split:
        joint = replace(rows, values=np.column_stack([cohort.covariates, rows.values]))
        fit = JointNetFit(settings, split)
        found["clinical_radiomics"] = cross_validate(joint, None, fit, schedule, workers)
    random = RandomFeaturesFit(settings, selected)
    return found | {"random_features": cross_validate(rows, None, random, schedule, workers)}


@dataclass(frozen=True, eq=False, slots=True)
class _Permutation:
    """The whole procedure, one repeat, on the outcomes permuted by a seed."""

    rows: Rows
    fit: FitModel
    schedule: Schedule

    def __call__(self, seed: int) -> float:
        rng = np.random.Generator(np.random.PCG64(seed))
        order = rng.permutation(len(self.rows.subject_ids))
        shuffled = replace(self.rows, outcomes=self.rows.outcomes.permute(order))
        scores = cross_validate(shuffled, None, self.fit, self.schedule).scores[0]
        return _estimate(scores, shuffled.outcomes)


def cross_validate_marginal(rows: Rows, schedule: Schedule) -> OutOfFold:
    """The risk of the training folds for everyone: what a model must beat to say anything."""
    return cross_validate(rows, None, MarginalFit(), schedule)


def permute_procedure(
    observed: Floats,
    rows: Rows,
    fit: FitModel,
    schedule: Schedule,
    permutations: int,
    seed: int,
    workers: int = 1,
) -> Permuted:
    """Run the whole procedure again on permuted outcomes, in one repeat each.

    Outcomes (time and event together) are permuted among the subjects of the arm. ``observed`` holds the
    scores (rows) of the first repeat alone: a mean over repeats is steadier than any single permutation and
    would not be comparable. Reference: Ojala and Garriga, J Mach Learn Res 2010; 11:1833 (test 1).
    """
    task = _Permutation(rows, fit, Schedule(schedule.folds, schedule.seeds[:1]))
    seeds = [derive_seed(seed, "permutation", str(number)) for number in range(permutations)]
    found = map_in_batches(Each(task), seeds, workers=workers, preload=__name__, limit=1)
    return Permuted(_estimate(observed, rows.outcomes), tuple(found))


def _estimate(scores: Floats, outcomes: Outcomes) -> float:
    """C, AUC or rho of the rows with a score; chance where no fold has a model: then nobody is ordered."""
    known = np.flatnonzero(~np.isnan(scores))
    return estimate_discrimination(scores[known], outcomes.take(known))
