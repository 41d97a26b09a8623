"""The p-value of each score's interaction, by permuting the arms of its contrast."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from radfeat.core.digest import derive_seed
from radfeat.modelling.arm_permutation import ScoredPair, permute_pair
from radfeat.modelling.biomarkers import take_first_scores
from radfeat.modelling.cohort import Cohort, StudyTable, build_cohort
from radfeat.modelling.comparators import Permuted
from radfeat.modelling.contrasts import Contrast
from radfeat.modelling.cross_validation import Rows, Schedule
from radfeat.modelling.fold_model import ElasticNetFit
from radfeat.modelling.kinds import BiomarkerKind
from radfeat.modelling.memory import Machine, limit_workers
from radfeat.modelling.settings import ModellingSettings
from radfeat.modelling.splits import repeat_seed


def permute_scores(
    contrasts: Sequence[Contrast],
    study: StudyTable,
    predictions: pa.Table,
    settings: ModellingSettings,
    machine: Machine,
) -> list[Contrast]:
    """The contrasts of one endpoint in the order given, those of tested scores with their permutations.

    The arms are permuted ``settings.permutations`` times within each pair; where that is 0 all stay as they
    are.
    """
    found = list(contrasts)
    if not settings.permutations:
        return found
    for experimental in settings.arms[1:]:
        tested = [i for i, c in enumerate(contrasts) if c.experimental == experimental and _is_tested(c)]
        if tested:
            permuted = _permute([contrasts[i] for i in tested], study, predictions, settings, machine)
            for i, result in zip(tested, permuted, strict=True):
                found[i] = replace(contrasts[i], permuted=result)
    return found


def _is_tested(contrast: Contrast) -> bool:
    return contrast.biomarker.kind is BiomarkerKind.SCORE and contrast.result is not None


def _permute(
    contrasts: Sequence[Contrast],
    study: StudyTable,
    predictions: pa.Table,
    settings: ModellingSettings,
    machine: Machine,
) -> list[Permuted]:
    """Permutations of one pair of arms, for one or both of their scores.

    The observed statistic is that of the first repeat alone: a mean over repeats is steadier than any single
    permutation and would not be comparable.
    """
    endpoint, experimental = contrasts[0].endpoint, contrasts[0].experimental
    cohort = build_cohort(study, endpoint, (contrasts[0].reference, experimental))
    pair = build_pair(cohort, settings)
    is_experimental = np.array([arm == experimental for arm in cohort.arms], dtype=np.bool_)
    scored = [c.biomarker.own_arm == experimental for c in contrasts]
    observed = [
        pair.measure(
            take_first_scores(predictions, cohort, str(c.biomarker.own_arm)),
            is_experimental if own else ~is_experimental,
        )
        for c, own in zip(contrasts, scored, strict=True)
    ]
    key = f"{contrasts[0].reference} and {experimental}"
    workers = limit_workers(machine.workers, machine.memory_mb, len(cohort), len(cohort.features), key)
    seed = derive_seed(settings.seed, "arm permutations", endpoint, experimental)
    seeds = [derive_seed(seed, "permutation", str(number)) for number in range(settings.permutations)]
    permuted = permute_pair(pair, is_experimental, scored, seeds, workers)
    return [Permuted(o, tuple(p)) for o, p in zip(observed, zip(*permuted, strict=True), strict=True)]


def build_pair(cohort: Cohort, settings: ModellingSettings) -> ScoredPair:
    """What ``fit_arm`` does with the two arms of the cohort, for one repeat: the first."""
    return ScoredPair(
        Rows(cohort.subject_ids, cohort.arms, cohort.values, cohort.outcomes, cohort.batches),
        cohort.covariates,
        ElasticNetFit(settings),
        Schedule(settings.folds, (repeat_seed(settings.seed, cohort.endpoint, 1),)),
    )
