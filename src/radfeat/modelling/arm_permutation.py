"""The null distribution of a score's interaction: the whole procedure on permuted treatment arms.

The subjects in whom a score was fitted are in the same test that judges it, so that its likelihood ratio is
no chi-square. What it is where treatment matters to nobody can be seen: deal the subjects to the arms anew,
as the randomisation might have, and do all of it again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from radfeat.core.batches import Each, map_in_batches
from radfeat.modelling.cross_validation import Rows, Schedule, cross_validate
from radfeat.modelling.fold_model import FitModel
from radfeat.modelling.inputs import take_labels
from radfeat.modelling.interaction_fit import fit_interaction
from radfeat.modelling.outcomes import Flags, Floats, Indices, Levels, list_rows

NO_EVIDENCE = -np.inf
"""The statistic where there is no test: nobody is ordered, or no estimate is finite."""

_LEVEL = 0.95
"""Of limits that nobody looks at here."""


@dataclass(frozen=True, eq=False, slots=True)
class ScoredPair:
    """Two arms, and how their scores are made: all that must be done again for each permutation.

    ``rows`` are the subjects of both arms, sorted by subject, and ``covariates`` (rows x columns) those of
    the interaction test; ``fit`` makes the model of an arm, ``schedule`` has one repeat.
    """

    rows: Rows
    covariates: Floats
    fit: FitModel
    schedule: Schedule

    def score(self, is_own: Flags) -> Floats:
        """Scores of all rows by the model of the rows flagged, which are scored out of fold."""
        own, others = np.flatnonzero(is_own), np.flatnonzero(~is_own)
        result = cross_validate(self._take(own, "own"), self._take(others, "other"), self.fit, self.schedule)
        scores = np.empty(len(is_own))
        scores[np.concatenate([own, others])] = result.repeats[0].scores
        return scores

    def measure(self, scores: Floats, is_own: Flags) -> float:
        """How much better a score does in its own arm: signed root of the statistic of its interaction.

        The likelihood-ratio (or F) statistic of ``fit_interaction``; positive where the effect is greater
        among the rows flagged, whose model it is. ``NO_EVIDENCE`` where it cannot be had.
        """
        known = np.flatnonzero(~np.isnan(scores))
        if not len(known) or np.ptp(scores[known]) == 0:
            return NO_EVIDENCE
        covariates, outcomes = self.covariates[known], self.rows.outcomes.take(known)
        found = fit_interaction(scores[known], is_own[known], covariates, outcomes, _LEVEL)
        if found is None:
            return NO_EVIDENCE
        root = float(np.sqrt(found.statistic))
        return root if found.favours_experimental else -root

    def _take(self, rows: Indices, arm: str) -> Rows:
        return Rows(
            tuple(self.rows.subject_ids[i] for i in rows),
            (arm,) * len(rows),
            self.rows.values[rows],
            self.rows.outcomes.take(rows),
            take_labels(self.rows.batches, rows),
        )


def permute_arms(is_experimental: Flags, levels: Levels | None, seed: int) -> Flags:
    """The subjects dealt to the arms anew; the arms stay as large in each stratum of the randomisation."""
    rng = np.random.Generator(np.random.PCG64(seed))
    permuted = is_experimental.copy()
    for rows in [np.arange(len(permuted))] if levels is None else list_rows(levels):
        permuted[rows] = is_experimental[rng.permutation(rows)]
    return permuted


@dataclass(frozen=True, eq=False, slots=True)
class _Permutation:
    """The statistic of the scores of some arms after the arms were permuted by a seed."""

    pair: ScoredPair
    is_experimental: Flags
    scored: tuple[bool, ...]

    def __call__(self, seed: int) -> tuple[float, ...]:
        permuted = permute_arms(self.is_experimental, self.pair.rows.outcomes.levels, seed)
        # One thread: the last bits of a matrix product depend on how many threads share it.
        with threadpool_limits(limits=1):
            owned = [permuted if experimental else ~permuted for experimental in self.scored]
            return tuple(self.pair.measure(self.pair.score(is_own), is_own) for is_own in owned)


def permute_pair(
    pair: ScoredPair, is_experimental: Flags, scored: Sequence[bool], seeds: Sequence[int], workers: int = 1
) -> list[tuple[float, ...]]:
    """The statistics of the scores of some arms for each permutation of the arms; one permutation a seed.

    ``scored`` says of each score whether it is that of the experimental arm. Outcomes, features, covariates
    and strata stay with their subject; only the arm moves. Reference: Rosenberger and Lachin, Randomization
    in Clinical Trials, 2016, chapter 6.
    """
    task = _Permutation(pair, is_experimental, tuple(scored))
    return map_in_batches(Each(task), seeds, workers=workers, preload=__name__, limit=1)
