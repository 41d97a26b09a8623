"""Out-of-fold risks per endpoint and horizon: accuracy of every model, calibration, net benefit."""

from collections.abc import Mapping
from dataclasses import dataclass

from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import Row, UnblindedTables
from radfeat.report.summaries.flow import order_endpoints
from radfeat.report.summaries.models import MODEL_WORDS, RADIOMICS, Estimate, build_estimate

PLAIN_MODELS = ("clinical_volume", "clinical", "volume")
"""Comparators in order: the first that there is stands beside radiomics in the decision curve."""

_AT_HORIZON = {"auc_at": "AUC", "brier_at": "Brier score", "observed_to_expected_at": "Observed / expected"}
_OVER_TIME = {
    "uno_c": "Uno’s C",
    "integrated_brier": "Integrated Brier score",
    "calibration_slope": "Calibration slope",
}
_BINARY = {
    "brier": "Brier score",
    "observed_to_expected": "Observed / expected",
    "calibration_intercept": "Calibration intercept",
    "calibration_slope": "Calibration slope",
}


@dataclass(frozen=True, slots=True)
class AccuracyRow:
    """One model in one arm: an estimate for each column of the table, None where there is none."""

    model: str
    is_radiomics: bool
    cells: tuple[Estimate | None, ...]


@dataclass(frozen=True, slots=True)
class ArmAccuracy:
    """The models of one arm."""

    arm: str
    rows: tuple[AccuracyRow, ...]


@dataclass(frozen=True, slots=True)
class CalibrationGroup:
    """Subjects of like predicted risk; ``observed`` is None where it is unknown."""

    n: int
    predicted: float
    observed: float | None
    lo: float | None
    hi: float | None


@dataclass(frozen=True, slots=True)
class CalibrationPanel:
    """The radiomic model of one arm: predicted against observed risk."""

    arm: str
    groups: tuple[CalibrationGroup, ...]


@dataclass(frozen=True, slots=True)
class BenefitLine:
    """Net benefit of one policy at the thresholds where it is known."""

    label: str
    look: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class DecisionPanel:
    """Policies of one arm: by radiomics, by a plain comparator, all, none."""

    arm: str
    lines: tuple[BenefitLine, ...]
    thresholds: tuple[float, float]


@dataclass(frozen=True, slots=True)
class EndpointRisks:
    """One endpoint and horizon (None if it is binary); ``methods`` say how each column was made."""

    endpoint: str
    horizon: float | None
    time_unit: str
    level: float
    columns: tuple[str, ...]
    arms: tuple[ArmAccuracy, ...]
    methods: tuple[tuple[str, str], ...]
    calibration: tuple[CalibrationPanel, ...]
    decisions: tuple[DecisionPanel, ...]


def build_risks(tables: UnblindedTables, facts: AnalysisFacts) -> tuple[EndpointRisks, ...]:
    """Every endpoint and horizon of the table ``calibration``, in the order of the settings."""
    endpoints = order_endpoints((row["endpoint"] for row in tables.calibration), facts)
    return tuple(
        _build_horizon(endpoint, horizon, horizon == horizons[-1], tables, facts)
        for endpoint in endpoints
        for horizons in (sorted({r["horizon"] for r in tables.calibration if r["endpoint"] == endpoint}),)
        for horizon in horizons
    )


def _build_horizon(
    endpoint: str, horizon: float, is_last: bool, tables: UnblindedTables, facts: AnalysisFacts
) -> EndpointRisks:
    is_survival = facts.is_survival(endpoint)
    rows = [row for row in tables.performance if row["endpoint"] == endpoint]
    columns = _name_columns(horizon, is_last) if is_survival else _BINARY
    arms = [arm for arm in facts.arms if any(row["arm"] == arm for row in rows)]
    own = [row for row in rows if row["model"] == RADIOMICS and row["arm"] == (arms[0] if arms else None)]
    known = {row["metric"]: row["method"] for row in own}
    return EndpointRisks(
        endpoint=endpoint,
        horizon=horizon if is_survival else None,
        time_unit=facts.time_unit(endpoint) if is_survival else "",
        level=facts.level,
        columns=tuple(columns.values()),
        arms=tuple(_build_arm(arm, [r for r in rows if r["arm"] == arm], columns) for arm in arms),
        methods=tuple((words, known[name]) for name, words in columns.items() if name in known),
        calibration=_build_calibration(endpoint, horizon, tables, facts),
        decisions=_build_decisions(endpoint, horizon, tables, facts),
    )


def _name_columns(horizon: float, is_last: bool) -> Mapping[str, str]:
    """Metrics at a horizon; those over time stand once, with the last."""
    at = {f"{name}_{horizon:g}": words for name, words in _AT_HORIZON.items()}
    return at | _OVER_TIME if is_last else at


def _build_arm(arm: str, rows: list[Row], columns: Mapping[str, str]) -> ArmAccuracy:
    found = {(row["model"], row["metric"]): build_estimate(row) for row in rows}
    models = sorted({row["model"] for row in rows}, key=_place_model)
    listed = [
        AccuracyRow(
            MODEL_WORDS.get(model, model),
            model == RADIOMICS,
            tuple(found.get((model, metric)) for metric in columns),
        )
        for model in models
    ]
    return ArmAccuracy(arm, tuple(row for row in listed if any(row.cells)))


def _place_model(model: str) -> tuple[int, str]:
    order = list(MODEL_WORDS)
    return (order.index(model) if model in order else len(order), model)


def _build_calibration(
    endpoint: str, horizon: float, tables: UnblindedTables, facts: AnalysisFacts
) -> tuple[CalibrationPanel, ...]:
    rows = [
        row
        for row in tables.calibration
        if (row["endpoint"], row["horizon"], row["model"]) == (endpoint, horizon, RADIOMICS)
    ]
    panels = []
    for arm in facts.arms:
        groups = sorted((r for r in rows if r["arm"] == arm), key=lambda r: r["group"])
        if groups:
            shown = (CalibrationGroup(*(r[k] for k in _GROUP_COLUMNS)) for r in groups)
            panels.append(CalibrationPanel(arm, tuple(shown)))
    return tuple(panels)


_GROUP_COLUMNS = ("n", "predicted", "observed", "lo", "hi")


def _build_decisions(
    endpoint: str, horizon: float, tables: UnblindedTables, facts: AnalysisFacts
) -> tuple[DecisionPanel, ...]:
    rows = [r for r in tables.decision_curves if (r["endpoint"], r["horizon"]) == (endpoint, horizon)]
    panels = (_build_decision(arm, [r for r in rows if r["arm"] == arm]) for arm in facts.arms)
    return tuple(panel for panel in panels if panel is not None)


def _build_decision(arm: str, rows: list[Row]) -> DecisionPanel | None:
    rows = sorted(rows, key=lambda r: r["threshold"])
    own = [r for r in rows if r["model"] == RADIOMICS]
    if not own:
        return None
    models = {r["model"] for r in rows}
    plain = next((m for m in PLAIN_MODELS if m in models), None)
    lines = [BenefitLine(MODEL_WORDS[RADIOMICS], "main", _list_points(own, "net_benefit"))]
    if plain:
        compared = [r for r in rows if r["model"] == plain]
        lines.append(BenefitLine(MODEL_WORDS[plain], "other", _list_points(compared, "net_benefit")))
    lines.append(BenefitLine("Treat all", "everyone", _list_points(own, "net_benefit_all")))
    limits = (own[0]["threshold"], own[-1]["threshold"])
    lines.append(BenefitLine("Treat none", "nobody", ((limits[0], 0.0), (limits[1], 0.0))))
    return DecisionPanel(arm, tuple(lines), limits)


def _list_points(rows: list[Row], column: str) -> tuple[tuple[float, float], ...]:
    return tuple((r["threshold"], r[column]) for r in rows if r[column] is not None)
