"""Linear elastic net along a path of penalties, with columns that no penalty touches."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import enet_path

from radfeat.modelling.outcomes import Floats


@dataclass(frozen=True, eq=False, slots=True)
class LinearPath:
    """Coefficients at each penalty: ``coefficients`` penalised columns x penalties, ``free`` likewise."""

    coefficients: Floats
    free: Floats
    unconverged: int


def fit_linear_path(
    penalised: Floats, free: Floats, values: Floats, penalties: Floats, l1_ratio: float
) -> LinearPath:
    """Least squares / (2 n) with an elastic net on ``penalised`` (rows x columns) and none on ``free``.

    ``free`` holds the intercept as a column of ones. Its columns are projected out of everything before, and
    their coefficients found after, which is the same as to fit them together: they enter the squares alone.
    Penalties descend; each fit starts from the one before. They are meant for values of standard deviation 1,
    to which ``values`` are brought and back: with the ridge's part of the net, what is selected would else
    depend on the unit of the endpoint.
    """
    unit = float(values.std()) or 1.0
    inputs, outcome = (a - free @ np.linalg.lstsq(free, a, rcond=None)[0] for a in (penalised, values / unit))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, coefficients, _ = enet_path(
            np.asfortranarray(inputs), outcome, l1_ratio=l1_ratio, alphas=penalties, tol=1e-6, max_iter=10_000
        )
    scaled = np.asarray(coefficients * unit, dtype=np.float64)
    rest = values[:, None] - penalised @ scaled
    return LinearPath(
        scaled,
        np.asarray(np.linalg.lstsq(free, rest, rcond=None)[0], dtype=np.float64),
        sum(issubclass(item.category, ConvergenceWarning) for item in caught),
    )
