"""Settings of the analysis: endpoints, arms, predictors, models, claims. All prespecified and digested."""

import math
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from radfeat.core.vocabulary import EndpointKind


class TimeUnit(StrEnum):
    """Unit of the times of an endpoint, as the clinical sheet holds them; nothing is converted."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"


class CovariateKind(StrEnum):
    """What the cells of a covariate hold."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    """Text; one indicator per level but the first in alphabetical order."""


class LesionRule(StrEnum):
    """How several lesions of a subject become one row."""

    LARGEST = "largest"
    """The lesion of greatest volume as drawn, among those with features; ``subjects.note`` names others."""
    VOLUME_WEIGHTED = "volume_weighted"
    """Mean of each feature over the lesions, weighted by their volumes as drawn; the volume is their sum."""


class Cut(StrEnum):
    """Where the score is cut into strata; prespecified, because a cut chosen by outcome is not a test."""

    MEDIAN = "median"
    """Median of the scores of the fold's training subjects."""


class HorizonRule(StrEnum):
    """Which horizon stands in where none is declared; blind to arms."""

    MEDIAN_OBSERVED_TIME = "median_observed_time"
    """Median of the observed times, to event or censoring, of all subjects with the endpoint."""


class EndpointSettings(BaseModel):
    """One endpoint and where the clinical sheet holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    name: str = Field(min_length=1, description="Name of the endpoint in every table, such as os.")
    kind: EndpointKind = Field(
        default=EndpointKind.TIME_TO_EVENT,
        description="time_to_event (needs `time` and `event`), binary or continuous (either needs `column`).",
    )
    time: str | None = Field(
        default=None, description="Column with the time to event or censoring, from randomisation, >= 0."
    )
    event: str | None = Field(default=None, description="Column that says whether the time ends in an event.")
    event_values: tuple[str, ...] = Field(
        default=("1",), min_length=1, description="Cells of `event` that mean event; 1 is the usual code."
    )
    censored_values: tuple[str, ...] = Field(
        default=("0",), min_length=1, description="Cells of `event` that mean censored; 0 is the usual code."
    )
    competing_values: tuple[str, ...] = Field(
        default=(),
        description=(
            "Cells of `event` that mean a competing event, after which the event cannot come, such as death "
            "without progression. Models are then cause-specific (it censors), and cumulative incidences "
            "stand for Kaplan-Meier curves. None by default: nothing competes."
        ),
    )
    column: str | None = Field(default=None, description="Column of a binary or continuous endpoint.")
    positive_values: tuple[str, ...] = Field(
        default=("1",),
        min_length=1,
        description="Cells of `column` that mean the positive class, such as CR, PR.",
    )
    negative_values: tuple[str, ...] = Field(
        default=("0",),
        min_length=1,
        description="Cells of `column` that mean the negative class, such as SD, PD.",
    )
    time_unit: TimeUnit = Field(
        default=TimeUnit.DAYS, description="Unit of `time`: days, weeks, months or years; only a label."
    )
    horizons: tuple[float, ...] = Field(
        default=(),
        description=(
            "Times (time_to_event, unit of `time`, above 0, ascending) at which AUC, Brier score, "
            "calibration, net benefit and restricted means are given. None: one, by `horizon_rule`. Which "
            "matter is a clinical decision."
        ),
    )
    horizon_rule: HorizonRule = Field(
        default=HorizonRule.MEDIAN_OBSERVED_TIME,
        description="The horizon where none is declared; half of the subjects are observed so long.",
    )
    uno_truncation: float | None = Field(
        default=None,
        gt=0.0,
        description=(
            "Time (unit of `time`, above 0) from which on events no longer count in Uno's C, because few are "
            "left under observation. None: the last horizon."
        ),
    )
    thresholds: tuple[float, float] = Field(
        default=(0.01, 0.99),
        description=(
            "Least and greatest threshold risk of the decision curves, 0.01 to 0.99. All by default: at "
            "which risk one would treat is a clinical decision."
        ),
    )

    @model_validator(mode="after")
    def _columns_fit_the_kind(self) -> Self:
        survival = self.kind is EndpointKind.TIME_TO_EVENT
        if survival and (not self.time or not self.event or self.column):
            raise ValueError(f"endpoint {self.name}: time_to_event needs `time` and `event`, and no `column`")
        if not survival and (not self.column or self.time or self.event):
            raise ValueError(
                f"endpoint {self.name}: {self.kind.value} needs `column`, and neither `time` nor `event`"
            )
        meanings = (self.yes_values, self.no_values, self.competing_values)
        if len(set().union(*meanings)) < sum(len(set(cells)) for cells in meanings):
            raise ValueError(f"endpoint {self.name}: one cell value means two things")
        if self.competing_values and not survival:
            raise ValueError(f"endpoint {self.name}: only time_to_event has `competing_values`")
        if not survival and (self.horizons or self.uno_truncation):
            raise ValueError(f"endpoint {self.name}: only time_to_event has `horizons` and `uno_truncation`")
        return self

    @model_validator(mode="after")
    def _horizons_and_thresholds_ascend(self) -> Self:
        if any(not 0 < h < math.inf for h in self.horizons) or list(self.horizons) != sorted(
            set(self.horizons)
        ):
            raise ValueError(f"endpoint {self.name}: `horizons` must be above 0 and ascend")
        lo, hi = self.thresholds
        if not 0.01 <= lo < hi <= 0.99:
            raise ValueError(f"endpoint {self.name}: `thresholds` must ascend within 0.01 to 0.99")
        return self

    @model_validator(mode="after")
    def _competing_events_have_no_horizons(self) -> Self:
        if self.competing_values and (self.horizons or self.uno_truncation):
            raise ValueError(
                f"endpoint {self.name}: `horizons` and `uno_truncation` ask for risks that take competing "
                "events for censorings; leave them out where `competing_values` are declared"
            )
        return self

    @property
    def flag_column(self) -> str:
        """The column that says event or positive class."""
        return str(self.event if self.kind is EndpointKind.TIME_TO_EVENT else self.column)

    @property
    def yes_values(self) -> tuple[str, ...]:
        """Cells that mean event, or positive class."""
        return self.event_values if self.kind is EndpointKind.TIME_TO_EVENT else self.positive_values

    @property
    def no_values(self) -> tuple[str, ...]:
        """Cells that mean censored, or negative class."""
        return self.censored_values if self.kind is EndpointKind.TIME_TO_EVENT else self.negative_values


class CovariateSettings(BaseModel):
    """One clinical covariate, measured before treatment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: str = Field(min_length=1, description="Column of the clinical sheet; baseline values only.")
    kind: CovariateKind = Field(
        default=CovariateKind.NUMERIC,
        description="numeric, or categorical (text); numeric is the common case.",
    )


class ModellingSettings(BaseModel):
    """What is analysed and how; with neither endpoints nor arms nothing is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoints: tuple[EndpointSettings, ...] = Field(
        default=(), description="Endpoints, each analysed on its own."
    )
    arms: tuple[str, ...] = Field(
        default=(),
        description="Arms as the clinical sheet names them; the first is the reference of every contrast.",
    )
    covariates: tuple[CovariateSettings, ...] = Field(
        default=(),
        description=(
            "Covariates of the comparator `clinical` and, unpenalised, of the interaction test. They do not "
            "enter the radiomic score. None by default: which ones is a clinical decision."
        ),
    )
    stratification: tuple[str, ...] = Field(
        default=(),
        description=(
            "Columns of the clinical sheet that randomisation was stratified by, taken as text. Folds are "
            "stratified by them too; Cox regressions of arms or strata and log-rank tests have a stratum for "
            "each combination, other regressions an indicator for each level. None by default."
        ),
    )
    rois: tuple[str, ...] = Field(
        default=(), description="Names of the ROIs that enter. Empty means all, if there is only one name."
    )
    timepoint: str | None = Field(
        default=None, description="Timepoint that enters. May be left out if there is only one."
    )
    image_id: str | None = Field(
        default=None, description="Image that enters, such as CT. May be left out if there is only one."
    )
    lesions: LesionRule = Field(
        default=LesionRule.LARGEST,
        description="How several lesions become one row; the largest is most often biopsied and followed.",
    )
    min_events: int = Field(
        default=30,
        ge=2,
        description=(
            "Fewest events in an arm (time_to_event) with which a model is fitted, and in each arm with "
            "which an interaction is claimed. Under 30 penalty and score are mostly noise."
        ),
    )
    min_per_class: int = Field(
        default=10,
        ge=2,
        description="The same for binary endpoints: fewest subjects of each class in an arm.",
    )
    min_subjects: int = Field(
        default=30,
        ge=4,
        description=(
            "The same for continuous endpoints: fewest subjects in an arm. Each tells as much as an event "
            "does at best, so as many as `min_events`."
        ),
    )
    max_missing: float = Field(
        default=0.2,
        ge=0.0,
        lt=1.0,
        description=(
            "Largest share of subjects (both arms, blind to outcome) without a value of a feature that is "
            "still offered to a model; the rest is imputed."
        ),
    )
    near_constant_share: float = Field(
        default=0.9,
        gt=0.0,
        le=1.0,
        description="A feature is near-constant if its commonest value has this share of the subjects.",
    )
    volume_correlation: float = Field(
        default=0.8,
        gt=0.0,
        le=1.0,
        description="A feature restates volume if its absolute Spearman correlation with it is above this.",
    )
    drop_volume_restating: bool = Field(
        default=False,
        description=(
            "Drop features that restate volume, rather than only count them. Off: the comparator `volume` "
            "shows whether a score is more than volume."
        ),
    )
    cluster_correlation: float = Field(
        default=0.9,
        gt=0.0,
        le=1.0,
        description=(
            "Features whose absolute correlations are all at least this form a cluster, and one stands for "
            "it; 0.9 takes near-duplicates (the same texture at another angle) and little else."
        ),
    )
    folds: int = Field(default=5, ge=2, le=20, description="Outer folds; 5 leaves 80 % for training.")
    inner_folds: int = Field(
        default=5, ge=2, le=20, description="Folds of the inner loop that picks the penalty."
    )
    repeats: int = Field(
        default=10, ge=1, le=1000, description="Repeats of the outer loop; scores are averaged over them."
    )
    permutations: int = Field(
        default=19,
        ge=0,
        le=10_000,
        description=(
            "Permutations of the outcomes with which the whole procedure is run again (one repeat each), for "
            "the comparator `permuted` and its p-value, at least 1/(permutations + 1). 19 is the least that "
            "can reach 0.05; a publication wants 999."
        ),
    )
    l1_ratio: float = Field(
        default=0.5,
        ge=0.05,
        le=1.0,
        description="Share of the lasso in the elastic net: 1 lasso, towards 0 ridge.",
    )
    penalties: int = Field(
        default=25, ge=2, le=200, description="Penalties on the path, evenly spaced in log."
    )
    penalty_min_ratio: float = Field(
        default=0.05,
        gt=0.0,
        lt=1.0,
        description=(
            "Least penalty, as a share of the one at which every coefficient is zero; below 0.05 the models "
            "of so few subjects are saturated."
        ),
    )
    cut: Cut = Field(default=Cut.MEDIAN, description="Cut of the score into low and high.")
    bootstrap: int = Field(
        default=1000,
        ge=50,
        le=100_000,
        description="Resamples of subjects for the confidence limits of C, AUC and Brier score.",
    )
    calibration_groups: int = Field(
        default=5,
        ge=2,
        le=20,
        description=(
            "Groups of equal size by predicted risk in the calibration curve; 5 leaves a dozen subjects each "
            "in an arm of 60."
        ),
    )
    expected_r2: float = Field(
        default=0.15,
        gt=0.0,
        lt=1.0,
        description=(
            "Nagelkerke's R-squared that Riley's minimum sample size assumes of the model, 0 to 1. 0.15 is "
            "what Riley et al. (BMJ 2020; 368:m441) advise where no earlier model tells."
        ),
    )
    level: float = Field(default=0.95, gt=0.5, lt=1.0, description="Confidence level of every interval.")
    alpha: float = Field(
        default=0.05,
        gt=0.0,
        lt=0.5,
        description="Level, after adjustment, at which an interaction is claimed.",
    )
    candidates: tuple[str, ...] = Field(
        default=(),
        description="Prespecified features whose interaction with treatment is tested, and may be claimed.",
    )
    screen: bool = Field(
        default=False,
        description="Also test every non-redundant feature; gives hypotheses, never a claim. Off by default.",
    )
    seed: int = Field(
        default=20260101, ge=0, le=2**32 - 1, description="Master seed of splits, resamples and permutations."
    )

    @model_validator(mode="after")
    def _names_are_unique(self) -> Self:
        named = {
            "endpoints": [e.name for e in self.endpoints],
            "arms": list(self.arms),
            "covariates": [c.column for c in self.covariates],
            "stratification": list(self.stratification),
            "candidates": list(self.candidates),
        }
        odd = [
            field
            for field, names in named.items()
            if len(set(names)) < len(names) or any(not name.strip() for name in names)
        ]
        if odd:
            raise ValueError(f"{', '.join(odd)}: names must be unique and not blank")
        return self

    def endpoint(self, name: str) -> EndpointSettings:
        """The declared endpoint of that name; KeyError where none is declared."""
        return {e.name: e for e in self.endpoints}[name]

    def least_events(self, kind: EndpointKind) -> int:
        """Fewest events, subjects per class, or subjects with which a model of the kind is fitted."""
        return {
            EndpointKind.TIME_TO_EVENT: self.min_events,
            EndpointKind.BINARY: self.min_per_class,
            EndpointKind.CONTINUOUS: self.min_subjects,
        }[kind]
