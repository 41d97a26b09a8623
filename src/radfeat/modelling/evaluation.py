"""Performance of out-of-fold scores in their own arm, as rows of the table ``performance``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from radfeat.core.digest import derive_seed
from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.comparators import Permuted
from radfeat.modelling.cross_validation import OutOfFold
from radfeat.modelling.discrimination import compute_discrimination, name_discrimination
from radfeat.modelling.feasibility import Feasibility
from radfeat.modelling.horizons import Horizons
from radfeat.modelling.kinds import PERMUTED, RADIOMICS
from radfeat.modelling.outcomes import Flags, Floats, Indices, Outcomes
from radfeat.modelling.restricted_means import measure_rmst
from radfeat.modelling.settings import ModellingSettings
from radfeat.modelling.stratified import fit_stratified
from radfeat.modelling.survival import compute_logrank

_DESCRIPTIVE = "descriptive: out-of-fold strata share training subjects, so no nominal p or limit is exact"


@dataclass(frozen=True, slots=True)
class Metric:
    """One number: None where there is none, and ``method`` says why or how; ``horizon`` if it has one."""

    model: str
    name: str
    estimate: float | None
    lo: float | None
    hi: float | None
    n: int
    events: int
    method: str
    horizon: float | None = None


def measure_discrimination(
    model: str, result: OutOfFold, verdict: Feasibility, settings: ModellingSettings
) -> Metric:
    """C, AUC or Spearman's rho of the arm's own subjects, the mean over repeats of out-of-fold scores."""
    scores, outcomes, _ = _own(result)
    name = name_discrimination(result.rows.outcomes)
    n, events = len(outcomes), int(outcomes.events.sum())
    if not n:
        return Metric(model, name, None, None, None, 0, 0, "No fold could fit the model.")
    # One seed for all models of an arm: their limits rest on the same resamples.
    seed = derive_seed(settings.seed, "bootstrap", verdict.endpoint, verdict.arm)
    c = compute_discrimination(
        scores, outcomes, resamples=settings.bootstrap, level=settings.level, seed=seed
    )
    method = (
        f"Out-of-fold scores of {settings.folds} folds, mean of the {name} of {len(result.repeats)} repeats; "
        f"percentile limits of {settings.bootstrap} resamples of subjects, the models held fixed; "
        f"{_word_ties(outcomes)}.{_word_failed(result)}"
    )
    return Metric(model, name, c.estimate, c.lo, c.hi, n, events, method)


def _word_failed(result: OutOfFold) -> str:
    """How many folds have no model, whose subjects have no score in that repeat; empty where all have one."""
    failed = result.count("failed")
    total = sum(len(np.unique(r.folds)) for r in result.repeats)
    return f" {failed} of {total} folds could not fit the model." if failed else ""


def measure_strata(result: OutOfFold, settings: ModellingSettings) -> Iterator[Metric]:
    """High against low stratum of the own arm: hazard or odds ratio, or mean difference; log-rank test."""
    _, outcomes, strata = _own(result)
    classed = np.flatnonzero(strata >= 0)
    outcomes, is_high = outcomes.take(classed), strata[classed] == 1
    n, events = len(outcomes), int(outcomes.events.sum())
    name, how = _COMPARISONS[outcomes.kind]
    by = word_factors(outcomes, settings)
    found = compare_strata(outcomes, is_high, settings.level)
    method = f"{how}{by}, strata by majority of repeats; {_DESCRIPTIVE}."
    estimate, lo, hi = found or (None, None, None)
    why = _NO_DIFFERENCE if outcomes.is_continuous else _NO_RATIO
    yield Metric(RADIOMICS, name, estimate, lo, hi, n, events, method if found else why)
    if outcomes.is_survival:
        test = compute_logrank(outcomes, is_high) if n else None
        method = f"Log-rank test of the strata of the score{by}, 1 degree of freedom; {_DESCRIPTIVE}."
        for metric, value in zip(("logrank_chi2", "logrank_p"), test or (None, None), strict=True):
            yield Metric(RADIOMICS, metric, value, None, None, n, events, method if test else _NO_RATIO)


def measure_means(result: OutOfFold, horizons: Horizons, settings: ModellingSettings) -> Iterator[Metric]:
    """Restricted mean survival time of the high less that of the low stratum, in the own arm."""
    _, outcomes, strata = _own(result)
    n, events = int((strata >= 0).sum()), int(outcomes.events[strata >= 0].sum())
    for horizon in horizons.times:
        high, low = (measure_rmst(outcomes.take(np.flatnonzero(strata == s)), horizon) for s in (1, 0))
        difference = high.minus(low) if high and low else None
        lo, hi = difference.limits(settings.level) if difference else (None, None)
        method = f"Horizon {horizon:g} ({horizons.origin}). Difference of Kaplan-Meier areas, normal limits"
        estimate = difference.mean if difference else None
        name = f"rmst_high_minus_low_at_{horizon:g}"
        missing = (
            "A stratum is empty or not observed so long"
            if n
            else "No subject has a stratum: all have one score"
        )
        why = f"; {_DESCRIPTIVE}." if difference else f". {missing}."
        yield Metric(RADIOMICS, name, estimate, lo, hi, n, events, f"{method}{why}", horizon)


def measure_permuted(permuted: Permuted, outcomes: Outcomes, settings: ModellingSettings) -> Iterator[Metric]:
    """The p-value of the radiomic model, and what its procedure reaches where there is nothing to find."""
    n, events = len(outcomes), int(outcomes.events.sum())
    times = len(permuted.permuted)
    tail = (1 - settings.level) / 2
    lo, hi = (float(q) for q in np.quantile(permuted.permuted, [tail, 1 - tail]))
    method = (
        f"Mean and percentiles of {times} permutations of the outcomes, whole procedure, one repeat each."
    )
    name = name_discrimination(outcomes)
    yield Metric(PERMUTED, name, float(np.mean(permuted.permuted)), lo, hi, n, events, method)
    method = (
        f"One-sided: share of {times} permutations and the data whose {name} in one repeat is at least the "
        f"observed {permuted.observed:.3f}."
    )
    yield Metric(RADIOMICS, "permutation_p", permuted.p, None, None, n, events, method)
    method = f"Of {times} permutations, those whose {name} equals the observed one; they make p greater."
    yield Metric(RADIOMICS, "permutation_ties", float(permuted.ties), None, None, n, events, method)


def count_folds(result: OutOfFold) -> Iterator[Metric]:
    """How many outer folds failed, selected nothing, or had trouble with a fit."""
    _, outcomes, _ = _own(result)
    n, events = len(outcomes), int(outcomes.events.sum())
    total = sum(len(np.unique(r.folds)) for r in result.repeats)
    meanings = {
        "failed": "could not fit a model; their subjects have no score in that repeat",
        "empty": "selected no feature; their subjects score 0 and have no stratum in that repeat",
        "flawed": "had a path of penalties cut short or a solver out of iterations",
    }
    for what, meaning in meanings.items():
        yield Metric(
            *(RADIOMICS, f"folds_{what}", float(result.count(what)), None, None, n, events),
            f"Of {total} outer folds over all repeats, those that {meaning}.",
        )


def build_rows(
    metrics: Iterator[Metric] | tuple[Metric, ...], verdict: Feasibility, level: float
) -> list[Mapping[str, object]]:
    """Rows of the table ``performance``."""
    return [
        {
            "endpoint": verdict.endpoint,
            "arm": verdict.arm,
            "model": m.model,
            "metric": m.name,
            "horizon": m.horizon,
            "estimate": m.estimate,
            "lo": m.lo,
            "hi": m.hi,
            "level": None if m.lo is None else level,
            "n": m.n,
            "events": m.events,
            "method": m.method,
        }
        for m in metrics
    ]


_COMPARISONS = {
    EndpointKind.TIME_TO_EVENT: ("hazard_ratio_high_low", "Cox, Efron ties, Wald limits"),
    EndpointKind.BINARY: ("odds_ratio_high_low", "Logistic regression, Wald limits"),
    EndpointKind.CONTINUOUS: (
        "mean_difference_high_low",
        "Difference of means by linear regression, limits by Student's t",
    ),
}
"""Name of the comparison of strata and how it is made, by the kind of the endpoint."""

_NO_DIFFERENCE = "No estimate: a stratum is empty, or all subjects have one score."

_NO_RATIO = "No finite estimate: a stratum is empty or has no events, or all subjects have one score."


def compare_strata(outcomes: Outcomes, is_high: Flags, level: float) -> tuple[float, float, float] | None:
    """High against low: a ratio, or the difference of means of a continuous endpoint; None without one."""
    if not len(outcomes):
        return None
    fitted = fit_stratified(is_high.astype(np.float64)[:, None], outcomes)
    if not fitted.converged:
        return None
    contrast = np.zeros(len(fitted.coefficients))
    contrast[0] = 1.0
    if outcomes.is_continuous:
        return fitted.difference(contrast, level, len(outcomes) - len(contrast))
    return fitted.interval(contrast, level)


def word_factors(outcomes: Outcomes, settings: ModellingSettings) -> str:
    """How the stratification factors enter, as words to stand after a test; empty where there are none."""
    if outcomes.levels is None:
        return ""
    how = "stratified by" if outcomes.is_survival else "with indicators of"
    return f" {how} {', '.join(settings.stratification)}"


def _word_ties(outcomes: Outcomes) -> str:
    if outcomes.is_continuous:
        return "ties have their mean rank"
    if outcomes.competing is not None:
        return "ties count half; a competing event is a censoring"
    return "ties count half"


def _own(result: OutOfFold) -> tuple[Floats, Outcomes, Indices]:
    """Scores (repeats x rows), outcomes and strata of the own rows that some repeat has scored."""
    scores = result.scores[:, : result.own]
    known = np.flatnonzero(~np.isnan(scores).all(axis=0))
    return scores[:, known], result.rows.outcomes.take(known), result.strata[known]
