"""Settings of the analysis: endpoints, arms, predictors, models, claims. All prespecified and digested."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.delta_settings import DeltaSettings
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.repeatability_settings import RepeatabilityFilter


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
    SUM = "sum"
    """Sum of the features that add up over lesions (``additive``); the others as ``volume_weighted``."""


class Cut(StrEnum):
    """Where the score is cut into strata; prespecified, because a cut chosen by outcome is not a test."""

    MEDIAN = "median"
    """Median of the scores of the fold's training subjects."""


class BatchEffects(StrEnum):
    """What is done about effects of site or scanner on the features, inside every fold."""

    NONE = "none"
    """Nothing; the report shows how much site explains."""
    COMBAT = "combat"
    """ComBat by the training rows, blind to outcome and arm: location and scale of each batch."""


class BatchLabel(StrEnum):
    """What a batch is."""

    SITE = "site"
    SCANNER = "scanner"
    """Scanner of the image sheet, else maker and model of the headers; without either, the site."""


class UnseenBatch(StrEnum):
    """What becomes of rows whose batch has no row in the training fold."""

    POOLED = "pooled"
    """As a batch of too few rows: by the estimates of the pooled batch, or as they are if there is none."""
    UNADJUSTED = "unadjusted"
    """As they are."""
    REFUSE = "refuse"
    """No score."""


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
        description=(
            "How several lesions become one row: largest, volume_weighted or sum. The largest is most often "
            "biopsied and followed."
        ),
    )
    delta: DeltaSettings | None = Field(
        default=None,
        description=(
            "Predictors are changes between two visits, instead of the values at `timepoint`; with the "
            "landmark rule for times to event. None by default: the values of one visit."
        ),
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
    repeatability: RepeatabilityFilter | None = Field(
        default=None,
        description=(
            "Leave out features that are not repeatable, by the table `repeatability`; blind to arm and "
            "outcome. Default: no such filter, for most trials have no repeats."
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
    batch_effects: BatchEffects = Field(
        default=BatchEffects.NONE,
        description=(
            "Take effects of site or scanner out of the features, inside every fold: none or combat. None by "
            "default, because a correction learnt at these sites is not to be had at a new one."
        ),
    )
    batch: BatchLabel = Field(
        default=BatchLabel.SITE,
        description="What a batch is, site or scanner; every subject has a site, not every image a scanner.",
    )
    min_site: int = Field(
        default=10,
        ge=2,
        description=(
            "Fewest rows of a batch in a training fold with which its location and scale are estimated, and "
            "fewest subjects of a site that is left out on its own; smaller ones are pooled and reported. "
            "With 10 a standard deviation is still a quarter wrong."
        ),
    )
    unseen_batch: UnseenBatch = Field(
        default=UnseenBatch.POOLED,
        description=(
            "What becomes of rows whose batch has no row in the training fold: pooled, unadjusted or refuse. "
            "Pooled: none is fewer than `min_site`."
        ),
    )
    leave_site_out_from: int | None = Field(
        default=3,
        ge=2,
        description=(
            "Also leave out each site in turn where an arm has this many sites of `min_site` subjects (all "
            "smaller ones together count as one); null: never. Two sites would be one split in halves."
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
            "the comparator `permuted` and its p-value, at least 1/(permutations + 1); and as many of the "
            "arms, for the interaction of each score. 19 is the least that can reach 0.05; to claim one of "
            "two scores takes 39; a publication wants 999."
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

    @model_validator(mode="after")
    def _columns_have_one_role(self) -> Self:
        taken = {"subject_id": "the identifier", "arm": "the arm"}
        taken |= {c: f"an outcome of endpoint {e.name}" for e in self.endpoints for c in e.columns}
        roles = {"covariates": [c.column for c in self.covariates], "stratification": self.stratification}
        told = [f"{role}: {c} is {taken[c]}" for role, names in roles.items() for c in names if c in taken]
        if told:
            raise ValueError(f"{'; '.join(told)}; name what was known before randomisation")
        return self

    def endpoint(self, name: str) -> EndpointSettings:
        """The declared endpoint of that name; KeyError where none is declared."""
        return {e.name: e for e in self.endpoints}[name]

    @model_validator(mode="after")
    def _timepoint_or_delta(self) -> Self:
        if self.delta is not None and self.timepoint is not None:
            raise ValueError("timepoint and delta exclude each other: delta names both of its timepoints")
        return self

    def least_events(self, kind: EndpointKind) -> int:
        """Fewest events, subjects per class, or subjects with which a model of the kind is fitted."""
        return {
            EndpointKind.TIME_TO_EVENT: self.min_events,
            EndpointKind.BINARY: self.min_per_class,
            EndpointKind.CONTINUOUS: self.min_subjects,
        }[kind]
