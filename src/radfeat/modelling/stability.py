"""How alike the selections of the folds' models are: by cluster of correlated features, and overall."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from radfeat.modelling.evaluation import Metric
from radfeat.modelling.feasibility import Feasibility
from radfeat.modelling.fold_model import FoldModel
from radfeat.modelling.kinds import RADIOMICS
from radfeat.modelling.outcomes import Flags, Floats, Indices


@dataclass(frozen=True, eq=False, slots=True)
class Stability:
    """Selections of all folds' models.

    ``cluster`` (features) is the cluster of each feature, from 1, 0 for none; ``cluster_frequency``
    (features) the share of models that selected any member of it, NaN for none. ``jaccard`` and
    ``jaccard_features`` are mean overlaps of two models' selections, by cluster and by feature; None without
    two models that selected.
    """

    cluster: Indices
    cluster_frequency: Floats
    jaccard: float | None
    jaccard_features: float | None


def measure_stability(coefficients: Floats, cluster: Indices) -> Stability:
    """Compare selections of models (``coefficients``: models x features) by the clusters of the whole arm.

    The folds cluster anew, and one may stand for a cluster by another member; the clusters of the model of
    the whole arm, blind to outcome, are the common measure.
    """
    selected = coefficients != 0
    by_cluster = _gather(selected, cluster)
    frequency = np.full(len(cluster), np.nan)
    if len(selected):
        clustered = cluster > 0
        frequency[clustered] = by_cluster.mean(axis=0)[cluster[clustered] - 1]
    return Stability(cluster, frequency, compute_mean_jaccard(by_cluster), compute_mean_jaccard(selected))


def compute_mean_jaccard(selected: Flags) -> float | None:
    """Shared over all selected, mean over pairs of models (rows); one that selects nothing is left out."""
    chosen = selected[selected.any(axis=1)].astype(np.float64)
    if len(chosen) < 2:
        return None
    shared = chosen @ chosen.T
    sizes = chosen.sum(axis=1)
    overlap = shared / (sizes[:, None] + sizes[None, :] - shared)
    return float(overlap[np.triu_indices(len(chosen), k=1)].mean())


def list_clusters(fitted: FoldModel, features: int) -> Indices:
    """Cluster of every offered feature (from 1) in a fitted model; 0 where it is near-constant there."""
    cluster = np.zeros(features, dtype=np.intp)
    cluster[fitted.steps.named["vary"].kept_] = fitted.steps.named["cluster"].labels_
    return cluster


def report_stability(stability: Stability, fits: int, verdict: Feasibility) -> Iterator[Metric]:
    """Rows of the table ``performance``."""
    units = {"clusters": stability.jaccard, "features": stability.jaccard_features}
    for unit, value in units.items():
        yield Metric(
            *(RADIOMICS, f"jaccard_{unit}", value, None, None, verdict.n, verdict.events),
            f"Mean Jaccard index of the {unit} that two of {fits} fitted folds selected, models that select "
            "nothing left out; 1: always the same. Folds share training subjects, so it flatters."
            if value is not None
            else f"Fewer than two of {fits} fitted folds selected anything.",
        )


def _gather(selected: Flags, cluster: Indices) -> Flags:
    """Whether any member of each cluster was selected: models x clusters."""
    clusters = int(cluster.max(initial=0))
    found = np.zeros((len(selected), clusters), dtype=np.bool_)
    for label in range(1, clusters + 1):
        found[:, label - 1] = selected[:, cluster == label].any(axis=1)
    return found
