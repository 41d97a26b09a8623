"""What out-of-fold scores and absolute risks are worth: rows of ``performance``, calibration, net benefit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pyarrow as pa

from radfeat.core.digest import derive_seed
from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.accuracy import (
    define_auc,
    define_binary_brier,
    define_brier,
    define_integrated_brier,
    define_uno,
)
from radfeat.modelling.agreement import define_pearson, define_r_squared, define_rmse
from radfeat.modelling.calibration import (
    NO_HORIZON,
    list_calibration,
    measure_intercept,
    measure_observed_to_expected,
    measure_slope,
)
from radfeat.modelling.cross_validation import OutOfFold
from radfeat.modelling.decision import list_decisions
from radfeat.modelling.evaluation import Metric
from radfeat.modelling.feasibility import Feasibility
from radfeat.modelling.horizons import Horizons
from radfeat.modelling.predicted import Predicted, predict_subjects
from radfeat.modelling.resampling import Resampled, Statistic, resample
from radfeat.modelling.settings import ModellingSettings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import CALIBRATION, DECISION_CURVES

MARGINAL = "marginal"
"""Name of the model without predictors: everyone has the risk of the training folds."""

_IPCW = (
    "IPCW by the reverse Kaplan-Meier estimate of the arm's own judged subjects, all folds together, anew in "
    "each resample"
)
_RISKS = "Out-of-fold risks (Breslow baseline of the training fold), mean over repeats"
_VALUES = "Out-of-fold values (mean of the training fold and the predictor), mean over repeats"
_PROBABILITIES = "Out-of-fold probabilities (intercept of the training fold), mean over repeats"


@dataclass(frozen=True, slots=True)
class Assessment:
    """Metrics of all models of an arm, and the two tables of curves."""

    metrics: tuple[Metric, ...]
    calibration: pa.Table
    decision_curves: pa.Table


def assess_models(
    results: Mapping[str, OutOfFold], horizons: Horizons, verdict: Feasibility, settings: ModellingSettings
) -> Assessment:
    """Judge the out-of-fold risks of every model of an arm; ``results`` are by model name."""
    predicted = [predict_subjects(name, result, horizons.times) for name, result in results.items()]
    key: dict[str, object] = {"endpoint": verdict.endpoint, "arm": verdict.arm}
    curves = [(p, h) for p in predicted if len(p) for h in _list_moments(p, horizons)]
    calibration = [
        {**key, **row}
        for p, h in curves
        if p.model != MARGINAL
        for row in list_calibration(p, h, settings.calibration_groups, settings.level)
    ]
    decisions = [
        {**key, **row}
        for p, h in curves
        if p.model != MARGINAL
        for row in list_decisions(p, h, horizons.thresholds)
    ]
    return Assessment(
        metrics=tuple(m for p in predicted for m in list_metrics(p, horizons, verdict, settings)),
        calibration=build_table(CALIBRATION, calibration),
        decision_curves=build_table(DECISION_CURVES, decisions),
    )


def list_metrics(
    predicted: Predicted, horizons: Horizons, verdict: Feasibility, settings: ModellingSettings
) -> Iterator[Metric]:
    """Rows of ``performance``: Uno's C, AUC, Brier scores and calibration, each where it is defined."""
    if not len(predicted):
        return
    # One seed for all models of an arm: their limits rest on the same resamples.
    seed = derive_seed(settings.seed, "bootstrap", verdict.endpoint, verdict.arm)
    limits = partial(_resample, len(predicted), settings, seed)
    judge = _JUDGES[predicted.outcomes.kind]
    for name, horizon, found, method in judge(predicted, horizons, settings, limits):
        yield Metric(
            *(predicted.model, name, found.estimate, found.lo, found.hi),
            *(len(predicted), int(predicted.outcomes.events.sum())),
            method if found.estimate is not None else f"{method} Undefined here.",
            horizon,
        )


_Found = Iterator[tuple[str, float | None, Resampled, str]]
"""Name, horizon, estimate and method of each metric."""

_Limits = Callable[[Statistic], Resampled]


def _list_survival(
    predicted: Predicted, horizons: Horizons, settings: ModellingSettings, limits: _Limits
) -> _Found:
    if not horizons.times:
        return
    outcomes, scores, last = predicted.outcomes, predicted.scores, horizons.times[-1]
    how = _word_limits(settings)
    is_marginal = predicted.model == MARGINAL
    if not is_marginal:
        method = f"Uno's C, events before {horizons.truncation:g}, mean of the repeats' C; {_IPCW}; {how}."
        yield "uno_c", horizons.truncation, limits(define_uno(scores, outcomes, horizons.truncation)), method
        method = f"Cox {_SLOPE}; {_WALD}."
        yield "calibration_slope", None, measure_slope(predicted, settings.level), method
    for horizon in horizons.times:
        yield from _list_at_horizon(predicted, horizon, horizons.origin, settings, limits)
    integrated = define_integrated_brier(predicted.risks, outcomes, predicted.grid, last)
    method = f"{_RISKS}; mean of the Brier score over 0 to {last:g}, exact; {_IPCW}; {how}."
    found = limits(integrated) if _is_reached(predicted, last) else _UNDEFINED
    yield "integrated_brier", last, found, method


def _list_at_horizon(
    predicted: Predicted, horizon: float, origin: str, settings: ModellingSettings, limits: _Limits
) -> _Found:
    at, how = f"Horizon {horizon:g} ({origin})", _word_limits(settings)
    reached = _is_reached(predicted, horizon)
    brier = define_brier(predicted.risk_at(horizon), predicted.outcomes, horizon)
    method = f"{at}. {_RISKS}; {_IPCW}; {how}."
    yield f"brier_at_{horizon:g}", horizon, limits(brier) if reached else _UNDEFINED, method
    if predicted.model == MARGINAL:
        return
    auc = define_auc(predicted.scores, predicted.outcomes, horizon)
    method = (
        f"{at}. Cumulative/dynamic AUC of the out-of-fold scores, mean of the repeats' AUC; {_IPCW}; {how}."
    )
    yield f"auc_at_{horizon:g}", horizon, limits(auc) if reached else _UNDEFINED, method
    ratio = measure_observed_to_expected(predicted, horizon, settings.level)
    method = f"{at}. Kaplan-Meier risk over the mean risk; {_RISKS[0].lower()}{_RISKS[1:]}; log-log limits."
    yield f"observed_to_expected_at_{horizon:g}", horizon, ratio, method


def _list_binary(
    predicted: Predicted, horizons: Horizons, settings: ModellingSettings, limits: _Limits
) -> _Found:
    risks, outcomes = predicted.risk_at(NO_HORIZON), predicted.outcomes
    method = f"{_PROBABILITIES}; mean squared error; {_word_limits(settings)}."
    yield "brier", None, limits(define_binary_brier(risks, outcomes)), method
    if predicted.model == MARGINAL:
        return
    method = f"Logistic {_SLOPE}; {_WALD}."
    yield "calibration_slope", None, measure_slope(predicted, settings.level), method
    method = f"{_PROBABILITIES}; what to add to all log odds; {_WALD}."
    yield "calibration_intercept", None, measure_intercept(predicted, settings.level), method
    method = f"{_PROBABILITIES}; observed share over the mean probability; Wilson limits."
    found = measure_observed_to_expected(predicted, NO_HORIZON, settings.level)
    yield "observed_to_expected", None, found, method


def _list_continuous(
    predicted: Predicted, horizons: Horizons, settings: ModellingSettings, limits: _Limits
) -> _Found:
    values, measured = predicted.risk_at(NO_HORIZON), predicted.outcomes.measured
    means, how = values - predicted.mean_predictors, _word_limits(settings)
    method = f"{_VALUES}; root of the mean squared error, unit of the endpoint; {how}."
    yield "rmse", None, limits(define_rmse(values, measured)), method
    if predicted.model == MARGINAL:
        return
    method = f"{_VALUES}; 1 - squared error / that of the means of the training folds; {how}."
    yield "r_squared", None, limits(define_r_squared(values, means, measured)), method
    method = f"Pearson's correlation of the out-of-fold scores, mean of the repeats' correlations; {how}."
    yield "pearson", None, limits(define_pearson(predicted.scores, measured)), method
    method = f"Linear {_SLOPE}; {_WALD}."
    yield "calibration_slope", None, measure_slope(predicted, settings.level), method


_UNDEFINED = Resampled(None, None, None)
_WALD = "Wald limits, which take the predictions as given"
_SLOPE = "regression on the out-of-fold linear predictor, mean of the repeats' slopes by their information"


_JUDGES = {
    EndpointKind.TIME_TO_EVENT: _list_survival,
    EndpointKind.BINARY: _list_binary,
    EndpointKind.CONTINUOUS: _list_continuous,
}


def _word_limits(settings: ModellingSettings) -> str:
    return f"percentile limits of {settings.bootstrap} resamples of subjects, the models held fixed"


def _is_reached(predicted: Predicted, horizon: float) -> bool:
    """Whether anyone was observed so long, or all had the event before."""
    outcomes = predicted.outcomes
    last = outcomes.times == outcomes.times.max()
    return bool(outcomes.times.max() >= horizon or outcomes.events[last].all())


def _resample(subjects: int, settings: ModellingSettings, seed: int, statistic: Statistic) -> Resampled:
    return resample(statistic, subjects, settings.bootstrap, settings.level, seed)


def _list_moments(predicted: Predicted, horizons: Horizons) -> Sequence[float]:
    """Times of judgement; values of a continuous endpoint are no risks, and have none."""
    if predicted.outcomes.is_continuous:
        return ()
    return horizons.times if predicted.outcomes.is_survival else (NO_HORIZON,)
