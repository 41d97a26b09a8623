"""What the models rest on: the greatest coefficients, and how often the folds selected them."""

from dataclasses import dataclass

from radfeat.report.inputs import UnblindedTables


@dataclass(frozen=True, slots=True)
class Predictor:
    """One feature; ``coefficient`` is None where the model of the whole arm does not use it.

    ``cluster_frequency`` is the share of folds that selected any feature of its correlation cluster.
    """

    feature: str
    coefficient: float | None
    frequency: float | None
    mean_coefficient: float | None
    cluster: int | None
    cluster_frequency: float | None


@dataclass(frozen=True, slots=True)
class ArmPredictors:
    """The predictors of one model; ``used`` have a coefficient, ``selected`` were ever selected."""

    endpoint: str
    arm: str
    shown: tuple[Predictor, ...]
    used: int
    selected: int
    offered: int
    fits: int
    stable: int


STABLE = 0.8
"""A predictor that at least this share of the folds selected is called stable."""


_FOLD_COLUMNS = ("frequency", "mean_coefficient", "cluster", "cluster_frequency")


def build_predictors(tables: UnblindedTables, endpoint: str, arm: str, limit: int) -> ArmPredictors:
    """By greatest coefficient in the model of the whole arm, then by how often the folds selected them."""
    coefficients = {
        row["feature"]: row["coefficient"]
        for row in tables.coefficients
        if (row["endpoint"], row["arm"]) == (endpoint, arm) and row["coefficient"] != 0
    }
    selection = {
        row["feature"]: row for row in tables.selection if (row["endpoint"], row["arm"]) == (endpoint, arm)
    }
    ever = [name for name, row in selection.items() if row["selected"]]
    used = sorted(coefficients, key=lambda f: (-abs(coefficients[f]), f))
    unused = sorted(set(ever) - set(used), key=lambda f: (-selection[f]["frequency"], f))
    shown = tuple(
        Predictor(name, coefficients.get(name), *(selection.get(name, {}).get(c) for c in _FOLD_COLUMNS))
        for name in [*used, *unused][:limit]
    )
    return ArmPredictors(
        endpoint=endpoint,
        arm=arm,
        shown=shown,
        used=len(used),
        selected=len(ever),
        offered=len(selection),
        fits=max((row["fits"] for row in selection.values()), default=0),
        stable=sum(selection[name]["frequency"] >= STABLE for name in ever),
    )
