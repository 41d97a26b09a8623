"""Per endpoint and arm: whether a model was fitted, what it reaches, and what it is held against."""

from collections.abc import Mapping
from dataclasses import dataclass

from radfeat.core.vocabulary import EndpointKind
from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import Row, UnblindedTables
from radfeat.report.summaries.flow import order_endpoints
from radfeat.report.wording import (
    MISSING,
    format_count,
    format_fixed,
    format_interval,
    format_number,
    format_p,
)

RADIOMICS = "radiomics"
PERMUTED = "permuted"
SITE_LEFT_OUT = "site_left_out"

DISCRIMINATION = {"harrell_c": "Harrell’s C", "auc": "AUC", "spearman": "Spearman’s rho"}
"""Metrics of discrimination, 0.5 by chance (rho: 0), and how the page writes them."""

METRIC_OF = {
    EndpointKind.TIME_TO_EVENT: "harrell_c",
    EndpointKind.BINARY: "auc",
    EndpointKind.CONTINUOUS: "spearman",
}
"""The metric of discrimination of each kind of endpoint."""

MODEL_WORDS = {
    RADIOMICS: "Radiomics",
    "clinical": "Clinical covariates",
    "volume": "Volume alone",
    "clinical_volume": "Clinical covariates and volume",
    "clinical_radiomics": "Clinical covariates and radiomics",
    "random_features": "As many features, drawn at random",
    SITE_LEFT_OUT: "Radiomics, each site left out in turn",
    "marginal": "No predictor",
    PERMUTED: "Radiomics, outcomes permuted",
}
"""Models in the order of the table, and how the page writes them."""

METRIC_WORDS = {
    **DISCRIMINATION,
    "hazard_ratio_high_low": "Hazard ratio, high to low stratum",
    "odds_ratio_high_low": "Odds ratio, high to low stratum",
    "mean_difference_high_low": "Mean of the high less that of the low stratum",
    "r_squared": "R²",
    "pearson": "Pearson’s correlation",
    "rmse": "Root mean squared error",
    "calibration_slope": "Calibration slope",
    "logrank_chi2": "Log-rank chi-square",
    "logrank_p": "Log-rank p",
    "permutation_p": "Permutation p",
    "folds_failed": "Folds without a model",
    "folds_empty": "Folds that selected nothing",
    "folds_flawed": "Folds with trouble in the fit",
    "harrell_c_within_sites": "Harrell’s C, pairs within a site",
    "auc_within_sites": "AUC, pairs within a site",
    "jaccard_clusters": "Mean Jaccard index, clusters",
    "jaccard_features": "Mean Jaccard index, features",
    "batches_own": "Batches adjusted on their own",
    "batches_pooled": "Batches pooled",
}
"""Known metrics; a metric of a later version stands for itself."""

RISK_METRICS = ("calibration_slope", "calibration_intercept", "brier", "observed_to_expected")
"""Metrics without a horizon that concern risks."""

_P_VALUES = ("logrank_p", "permutation_p")
_FIXED = ("hazard_ratio_high_low", "odds_ratio_high_low", "r_squared", "pearson", "calibration_slope")


@dataclass(frozen=True, slots=True)
class Estimate:
    """C, AUC or rho of one model in one arm; None where there is none, and ``method`` says why."""

    model: str
    is_radiomics: bool
    estimate: float | None
    lo: float | None
    hi: float | None
    n: int
    events: int
    method: str

    @property
    def interval(self) -> tuple[float | None, float | None, float | None]:
        """Estimate, lower and upper limit."""
        return self.estimate, self.lo, self.hi


@dataclass(frozen=True, slots=True)
class Measure:
    """Any other metric of an arm, written out."""

    metric: str
    model: str
    value: str
    interval: str
    method: str


@dataclass(frozen=True, slots=True)
class ArmModels:
    """One arm: the verdict of the gate, and the models where there are any.

    ``unrepeatable`` counts the features that the filter by repeatability left out; None without a filter.
    """

    arm: str
    n: int
    events: int
    competing: int | None
    sites: int
    predictors: int
    feasible: bool
    sentence: str
    sample_size: str
    unrepeatable: int | None
    permutation_p: float | None
    estimates: tuple[Estimate, ...]
    measures: tuple[Measure, ...]

    @property
    def radiomics(self) -> Estimate | None:
        """The radiomic model's own estimate, where there is one."""
        return next((e for e in self.estimates if e.is_radiomics and e.estimate is not None), None)

    def model(self, name: str) -> Estimate | None:
        """The estimate of a comparator, by its name in the table; None where there is none."""
        words = MODEL_WORDS[name]
        return next((e for e in self.estimates if e.model == words and e.estimate is not None), None)


@dataclass(frozen=True, slots=True)
class EndpointModels:
    """One endpoint over the arms; ``metric`` is how discrimination is called."""

    endpoint: str
    kind: EndpointKind
    metric: str
    level: float
    arms: tuple[ArmModels, ...]

    @property
    def is_survival(self) -> bool:
        """Whether it is a time to an event."""
        return self.kind is EndpointKind.TIME_TO_EVENT

    @property
    def is_continuous(self) -> bool:
        """Whether it is a measured value, so that nothing is counted but subjects."""
        return self.kind is EndpointKind.CONTINUOUS

    @property
    def fitted(self) -> int:
        """Arms in which a model was fitted."""
        return sum(arm.feasible for arm in self.arms)


def build_models(tables: UnblindedTables, facts: AnalysisFacts) -> tuple[EndpointModels, ...]:
    """Every endpoint and arm of the table ``feasibility``, in the order of the settings."""
    endpoints = order_endpoints((row["endpoint"] for row in tables.feasibility), facts)
    return tuple(_build_endpoint(endpoint, tables, facts) for endpoint in endpoints)


def _build_endpoint(endpoint: str, tables: UnblindedTables, facts: AnalysisFacts) -> EndpointModels:
    verdicts = {row["arm"]: row for row in tables.feasibility if row["endpoint"] == endpoint}
    metrics = [row for row in tables.performance if row["endpoint"] == endpoint]
    arms = [arm for arm in facts.arms if arm in verdicts]
    arms += sorted(verdicts.keys() - set(arms))
    kind = facts.kind(endpoint)
    levels = [row["level"] for row in metrics if row["level"] is not None]
    return EndpointModels(
        endpoint=endpoint,
        kind=kind,
        metric=DISCRIMINATION[METRIC_OF[kind]],
        level=levels[0] if levels else facts.level,
        arms=tuple(_build_arm(verdicts[arm], [m for m in metrics if m["arm"] == arm], kind) for arm in arms),
    )


def _build_arm(verdict: Row, metrics: list[Row], kind: EndpointKind) -> ArmModels:
    order = list(MODEL_WORDS)
    ranked = sorted(metrics, key=lambda r: (_place(order, r["model"]), r["model"]))
    others = [r for r in ranked if r["metric"] not in DISCRIMINATION and not _is_shown_elsewhere(r, kind)]
    places = list(METRIC_WORDS)
    others.sort(key=lambda r: (_place(places, r["metric"]), r["metric"]))
    return ArmModels(
        arm=verdict["arm"],
        n=verdict["n"],
        events=verdict["events"],
        competing=verdict["competing"],
        sites=verdict["sites"],
        predictors=verdict["predictors"],
        feasible=verdict["feasible"],
        sentence=verdict["sentence"],
        unrepeatable=verdict["unrepeatable"],
        sample_size=verdict["riley_sentence"],
        permutation_p=next((r["estimate"] for r in metrics if r["metric"] == "permutation_p"), None),
        estimates=tuple(build_estimate(row) for row in ranked if row["metric"] in DISCRIMINATION),
        measures=tuple(_build_measure(row) for row in others),
    )


def _is_shown_elsewhere(row: Row, kind: EndpointKind) -> bool:
    """Whether a metric stands in the tables of risks or of restricted means; values have neither."""
    if kind is EndpointKind.CONTINUOUS:
        return False
    return row["horizon"] is not None or row["metric"] in RISK_METRICS


def _place(order: list[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


def _word(words: Mapping[str, str], name: str) -> str:
    if name.startswith(f"{SITE_LEFT_OUT}:"):
        return f"Radiomics, left out: {name.removeprefix(f'{SITE_LEFT_OUT}:')}"
    return words.get(name, name)


def build_estimate(row: Row) -> Estimate:
    """One row of ``performance``."""
    return Estimate(
        model=_word(MODEL_WORDS, row["model"]),
        is_radiomics=row["model"] == RADIOMICS,
        estimate=row["estimate"],
        lo=row["lo"],
        hi=row["hi"],
        n=row["n"],
        events=row["events"],
        method=row["method"],
    )


def _build_measure(row: Row) -> Measure:
    value = row["estimate"]
    if row["metric"] in _P_VALUES:
        text = format_p(value)
    elif row["metric"] in _FIXED:
        text = format_fixed(value)
    elif value is not None and value.is_integer():
        text = format_count(int(value))
    else:
        text = format_number(value)
    return Measure(
        metric=_word(METRIC_WORDS, row["metric"]),
        model=_word(MODEL_WORDS, row["model"]),
        value=text,
        interval=format_interval(row["lo"], row["hi"]),
        method=row["method"],
    )


def find_estimate(tables: UnblindedTables, endpoint: str, arm: str, metric: str) -> Estimate | None:
    """One row of the radiomic model; None where there is none."""
    key = (endpoint, arm, RADIOMICS, metric)
    rows = (r for r in tables.performance if (r["endpoint"], r["arm"], r["model"], r["metric"]) == key)
    row = next(rows, None)
    return None if row is None else build_estimate(row)


def find_metric(tables: UnblindedTables, endpoint: str, arm: str, metric: str) -> float | None:
    """One number of the radiomic model; None where it is missing or undefined."""
    for row in tables.performance:
        if (row["endpoint"], row["arm"], row["model"], row["metric"]) == (endpoint, arm, RADIOMICS, metric):
            value: float | None = row["estimate"]
            return value
    return None


def word_estimate(estimate: Estimate | None) -> str:
    """``0.71 (0.60 to 0.81)``, or a dash."""
    if estimate is None:
        return MISSING
    interval = format_interval(estimate.lo, estimate.hi)
    return f"{format_fixed(estimate.estimate)}{f' ({interval})' if interval else ''}"
