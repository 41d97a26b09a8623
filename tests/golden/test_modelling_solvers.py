"""ComBat as the authors' package computes it, and the logistic net as glmnet and saga do.

Files in ``r/``: what R made, its script and its session.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from radfeat.modelling.batch_effects import ComBat
from radfeat.modelling.estimators import ElasticNetPath
from studies import binary

FOLDER = Path(__file__).parent / "r"


def test_combat_equals_sva() -> None:
    """sva 3.46.0, which stops at a relative change of 1e-4; here both go on to 1e-12 and 1e-10."""
    data, expected = (pd.read_csv(FOLDER / f"{name}.csv") for name in ("combat_data", "combat"))
    values, batches = data.drop(columns="batch").to_numpy(), data["batch"].tolist()
    adjusted = ComBat(min_rows=2).fit_transform(values, batches=batches)
    assert adjusted == pytest.approx(expected.drop(columns="batch").to_numpy(), rel=1e-9)
    assert np.abs(adjusted - values).max() > 1


@pytest.mark.requirement("R-STAT-1")
@pytest.mark.parametrize("free", [0, 1])
def test_logistic_net_equals_glmnet(free: int) -> None:
    data, table = (pd.read_csv(FOLDER / f"{name}.csv") for name in ("logistic_net_data", "logistic_net"))
    expected = table[table["free"] == free]
    path = ElasticNetPath(tuple(expected["penalty"]), 0.5, free)
    path.fit(data.drop(columns="y").to_numpy(), binary(data["y"].to_numpy()))
    assert path.intercepts_ == pytest.approx(expected["intercept"].to_numpy(), abs=1e-6)
    theirs = expected.drop(columns=["free", "penalty", "intercept"]).to_numpy().T
    # glmnet stops with gradients 2e-8 off the optimum, this with 1e-12.
    assert path.coefficients_ == pytest.approx(theirs, abs=5e-6)
    np.testing.assert_array_equal(path.coefficients_ == 0, theirs == 0)
    assert path.unconverged_ == 0


def test_logistic_net_equals_saga_at_its_tightest() -> None:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 200))
    y = rng.random(60) < 1 / (1 + np.exp(-2 * X[:, 0]))
    path = ElasticNetPath((0.2, 0.1, 0.05), 0.5).fit(X, binary(y))
    for k, penalty in enumerate(path.penalties):
        net = LogisticRegression(
            solver="saga", l1_ratio=0.5, C=1 / (penalty * 60), tol=1e-10, max_iter=100_000, random_state=0
        ).fit(X, y)
        assert path.coefficients_[:, k] == pytest.approx(net.coef_[0], abs=1e-6)
        assert path.intercepts_[k] == pytest.approx(net.intercept_[0], abs=1e-6)
