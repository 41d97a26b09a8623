"""R's ``veteran`` and ``gbsg`` from Python packages: scikit-survival (veteran) and lifelines (gbsg2).

Veteran is from Kalbfleisch and Prentice, gbsg from Schumacher et al., J Clin Oncol 1994; 12:2086.
"""

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from lifelines.datasets import load_gbsg2
from sksurv.datasets import load_veterans_lung_cancer

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.outcomes import Outcomes


def outcomes_of(times: Sequence[float], events: Sequence[bool]) -> Outcomes:
    return Outcomes(
        EndpointKind.TIME_TO_EVENT, np.asarray(times, dtype=np.float64), np.asarray(events, dtype=np.bool_)
    )


def load_veteran() -> tuple[pd.DataFrame, Outcomes]:
    """Columns trt, smallcell, adeno, large, karno, diagtime, age, prior, coded as in R's ``veteran``."""
    x, y = load_veterans_lung_cancer()
    columns = {
        "trt": 1 + (x["Treatment"] == "test").astype(float),
        "smallcell": (x["Celltype"] == "smallcell").astype(float),
        "adeno": (x["Celltype"] == "adeno").astype(float),
        "large": (x["Celltype"] == "large").astype(float),
        "karno": x["Karnofsky_score"].astype(float),
        "diagtime": x["Months_from_Diagnosis"].astype(float),
        "age": x["Age_in_years"].astype(float),
        "prior": 10 * (x["Prior_therapy"] == "yes").astype(float),
    }
    return pd.DataFrame(columns), outcomes_of(y["Survival_in_days"], y["Status"])


def load_gbsg() -> tuple[pd.DataFrame, Outcomes]:
    """Columns hormon, age, meno, size, grade2, grade3, nodes, pgr, er, coded as in R's ``gbsg``."""
    with warnings.catch_warnings():
        # lifelines reads its data through an API that Python deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        data = load_gbsg2()
    columns = {
        "hormon": (data["horTh"] == "yes").astype(float),
        "age": data["age"].astype(float),
        "meno": (data["menostat"] == "Post").astype(float),
        "size": data["tsize"].astype(float),
        "grade2": (data["tgrade"] == "II").astype(float),
        "grade3": (data["tgrade"] == "III").astype(float),
        "nodes": data["pnodes"].astype(float),
        "pgr": data["progrec"].astype(float),
        "er": data["estrec"].astype(float),
    }
    return pd.DataFrame(columns), outcomes_of(data["time"], data["cens"] == 1)
