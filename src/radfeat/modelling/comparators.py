"""What the radiomic score is held against: clinical covariates, plain volume, and permuted outcomes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from radfeat.core.digest import derive_seed
from radfeat.modelling.cohort import Cohort
from radfeat.modelling.cross_validation import OutOfFold, Rows, Schedule, cross_validate
from radfeat.modelling.discrimination import estimate_discrimination
from radfeat.modelling.fold_model import FitModel, MarginalFit, PlainFit
from radfeat.modelling.outcomes import Floats, Outcomes


@dataclass(frozen=True, slots=True)
class Permuted:
    """C (AUC, rho) of the whole procedure, one repeat, with the outcomes as they are and permuted."""

    observed: float
    permuted: tuple[float, ...]

    @property
    def p(self) -> float:
        """Share of permutations at least as good, the observed one among them."""
        # C is a ratio of counts: what differs by less than this is equal.
        as_good = sum(c >= self.observed - 1e-12 for c in self.permuted)
        return (1 + as_good) / (1 + len(self.permuted))


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


def cross_validate_comparators(cohort: Cohort, rows: Rows, schedule: Schedule) -> Mapping[str, OutOfFold]:
    """Out-of-fold scores of every plain comparator, in the splits of the radiomic model."""
    return {
        name: cross_validate(replace(rows, values=values), None, PlainFit(), schedule)
        for name, values in list_comparators(cohort).items()
    }


def cross_validate_marginal(rows: Rows, schedule: Schedule) -> OutOfFold:
    """The risk of the training folds for everyone: what a model must beat to say anything."""
    return cross_validate(rows, None, MarginalFit(), schedule)


def permute_procedure(
    observed: Floats, rows: Rows, fit: FitModel, schedule: Schedule, permutations: int, seed: int
) -> Permuted:
    """Run the whole procedure again on permuted outcomes, in one repeat each.

    Outcomes (time and event together) are permuted among the subjects of the arm. ``observed`` holds the
    scores (rows) of the first repeat alone: a mean over repeats is steadier than any single permutation and
    would not be comparable. Reference: Ojala and Garriga, J Mach Learn Res 2010; 11:1833 (test 1).
    """
    once = Schedule(schedule.folds, schedule.seeds[:1])
    found = []
    for number in range(permutations):
        rng = np.random.Generator(np.random.PCG64(derive_seed(seed, "permutation", str(number))))
        shuffled = replace(rows, outcomes=rows.outcomes.permute(rng.permutation(len(rows.subject_ids))))
        scores = cross_validate(shuffled, None, fit, once).mean_scores
        found.append(_estimate(scores, shuffled.outcomes))
    return Permuted(_estimate(observed, rows.outcomes), tuple(found))


def _estimate(scores: Floats, outcomes: Outcomes) -> float:
    """C, AUC or rho of the rows with a score; chance where no fold has a model: then nobody is ordered."""
    known = np.flatnonzero(~np.isnan(scores))
    return estimate_discrimination(scores[known], outcomes.take(known))
