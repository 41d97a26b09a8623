"""What each model says of an arm's own subjects, as the tables ``model_scores`` and ``risks``.

From them and the outcomes in ``predictions`` the measures of every model can be computed again. They are
built by columns: models x subjects x repeats are too many rows to be built one by one.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from radfeat.modelling.calibration import NO_HORIZON
from radfeat.modelling.cross_validation import OutOfFold
from radfeat.modelling.feasibility import Feasibility
from radfeat.modelling.horizons import Horizons
from radfeat.modelling.predicted import Predicted, find_scored
from radfeat.tables.conform import conform_table
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import MODEL_SCORES, RISKS


def build_scores(results: Mapping[str, OutOfFold], verdict: Feasibility) -> pa.Table:
    """The table ``model_scores`` of one endpoint and arm; ``results`` are by model name."""
    parts = [_list_scores(model, result, verdict) for model, result in results.items()]
    return conform_table(pa.concat_tables([build_table(MODEL_SCORES, []), *parts]), MODEL_SCORES)


def build_risks(
    results: Mapping[str, OutOfFold],
    predicted: Sequence[Predicted],
    horizons: Horizons,
    verdict: Feasibility,
) -> pa.Table:
    """The table ``risks`` of one endpoint and arm; ``predicted`` is that of ``results``, in their order.

    A subject whom no repeat could score has no risk and no row.
    """
    parts = [
        _list_risks(said, [result.rows.subject_ids[i] for i in find_scored(result)], horizon, verdict)
        for said, result in zip(predicted, results.values(), strict=True)
        for horizon in list_moments(said, horizons)
    ]
    return conform_table(pa.concat_tables([build_table(RISKS, []), *parts]), RISKS)


def list_moments(predicted: Predicted, horizons: Horizons) -> Sequence[float]:
    """The horizons, none where events compete; one that stands for none where the endpoint has no times."""
    return horizons.times if predicted.outcomes.is_survival else (NO_HORIZON,)


def _list_scores(model: str, result: OutOfFold, verdict: Feasibility) -> pa.Table:
    """Rows of one model, subject by subject, each in all repeats."""
    own, repeats = result.own, len(result.repeats)
    folds, scores, predictors = (
        np.array([getattr(repeat, what)[:own] for repeat in result.repeats]).T.ravel()
        for what in ("folds", "scores", "predictors")
    )
    subjects = np.repeat(np.array(result.rows.subject_ids[:own], dtype=object), repeats)
    return pa.table(
        {
            **_name_rows(model, verdict, own * repeats),
            "subject_id": pa.array(subjects, pa.string()),
            "repeat": pa.array(np.tile(np.arange(1, repeats + 1), own), pa.int64()),
            "fold": pa.array(folds + 1, pa.int64()),
            # NaN becomes NULL.
            "score": pa.array(scores, pa.float64(), from_pandas=True),
            "predictor": pa.array(predictors, pa.float64(), from_pandas=True),
        }
    )


def _list_risks(
    predicted: Predicted, subjects: Sequence[str], horizon: float, verdict: Feasibility
) -> pa.Table:
    return pa.table(
        {
            **_name_rows(predicted.model, verdict, len(subjects)),
            "subject_id": pa.array(subjects, pa.string()),
            "horizon": pa.array(np.full(len(subjects), horizon)),
            "risk": pa.array(predicted.risk_at(horizon)),
        }
    )


def _name_rows(model: str, verdict: Feasibility, rows: int) -> dict[str, pa.Array]:
    names = {"endpoint": verdict.endpoint, "arm": verdict.arm, "model": model}
    return {column: pa.repeat(pa.scalar(name, pa.string()), rows) for column, name in names.items()}
