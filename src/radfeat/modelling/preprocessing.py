"""The steps before the net, as scikit-learn pipelines: from training rows, blind to outcome and arm."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from sklearn import config_context
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from radfeat.modelling.batch_effects import ComBat
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.outcomes import Floats, Indices
from radfeat.modelling.selection import (
    ClusterRepresentatives,
    IndependentColumns,
    NearConstantFilter,
    RobustAsinh,
)
from radfeat.modelling.settings import BatchEffects, ModellingSettings


class Steps(Protocol):
    """Fitted steps from raw columns to those that coefficients belong to."""

    def transform(self, inputs: Inputs) -> Floats:
        """Rows x columns; NaN in rows that cannot be scored."""

    @property
    def columns(self) -> Indices:
        """The raw column that each transformed column stands for."""

    @property
    def free(self) -> int:
        """How many of the transformed columns, the first ones, no penalty touches."""

    @property
    def named(self) -> Mapping[str, Any]:
        """The fitted steps of the features, by name."""


@dataclass(frozen=True, slots=True)
class NoSteps:
    """Keeps no column: for a model without predictors."""

    named: Mapping[str, Any] = field(default_factory=dict)
    free: int = 0

    def transform(self, inputs: Inputs) -> Floats:
        """Rows x 0."""
        return np.empty((len(inputs), 0))

    @property
    def columns(self) -> Indices:
        """None."""
        return np.empty(0, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class FittedPipeline:
    """A pipeline fitted to training rows; the batch labels go to its ComBat step, if it has one."""

    pipeline: Pipeline

    def transform(self, inputs: Inputs) -> Floats:
        """Rows x columns; NaN in rows of a batch that is refused."""
        with config_context(enable_metadata_routing=True, skip_parameter_validation=True):
            transformed: Floats = self.pipeline.transform(inputs.values, **_route(self.pipeline, inputs))
        return transformed

    @property
    def columns(self) -> Indices:
        """The raw column that each transformed column stands for."""
        steps = self.pipeline.named_steps
        columns: Indices = steps["vary"].kept_
        return columns[steps["cluster"].kept_] if "cluster" in steps else columns

    @property
    def free(self) -> int:
        """None: all columns are penalised alike, or none is."""
        return 0

    @property
    def named(self) -> Mapping[str, Any]:
        """The fitted steps, by name."""
        return dict(self.pipeline.named_steps)


@dataclass(frozen=True, slots=True)
class JointSteps:
    """Covariates (the first ``split`` raw columns), not penalised, beside features."""

    covariates: FittedPipeline
    features: FittedPipeline
    split: int

    def transform(self, inputs: Inputs) -> Floats:
        """Covariates first, then features."""
        parts = _split(inputs, self.split)
        steps = (self.covariates, self.features)
        return np.column_stack([s.transform(part) for s, part in zip(steps, parts, strict=True)])

    @property
    def columns(self) -> Indices:
        """The raw column that each transformed column stands for."""
        return np.concatenate([self.covariates.columns, self.features.columns + self.split])

    @property
    def free(self) -> int:
        """The covariates that vary in the training rows."""
        return len(self.covariates.columns)

    @property
    def named(self) -> Mapping[str, Any]:
        """The fitted steps of the features, by name."""
        return self.features.named


class FitSteps(Protocol):
    """How steps are fitted to training rows."""

    def __call__(self, inputs: Inputs) -> Steps:
        """Fit to these rows only."""


@dataclass(frozen=True, slots=True)
class FeatureStepsFit:
    """Impute, drop near-constant, transform, batch effects if set, cluster, scale."""

    settings: ModellingSettings

    def __call__(self, inputs: Inputs) -> FittedPipeline:
        """Fit to these rows only."""
        return fit_pipeline(build_preprocessing(self.settings), inputs)


@dataclass(frozen=True, slots=True)
class PlainStepsFit:
    """Impute, drop constants and what repeats others, scale: for covariates and volume."""

    def __call__(self, inputs: Inputs) -> FittedPipeline:
        """Fit to these rows only."""
        return fit_pipeline(
            Pipeline(
                [
                    ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
                    ("vary", IndependentColumns()),
                    ("scale", StandardScaler()),
                ]
            ),
            inputs,
        )


@dataclass(frozen=True, slots=True)
class JointStepsFit:
    """Plain steps for the first ``split`` columns (covariates), all steps for the rest (features)."""

    settings: ModellingSettings
    split: int

    def __call__(self, inputs: Inputs) -> JointSteps:
        """Fit to these rows only."""
        covariates, features = _split(inputs, self.split)
        return JointSteps(PlainStepsFit()(covariates), FeatureStepsFit(self.settings)(features), self.split)


def build_preprocessing(settings: ModellingSettings) -> Pipeline:
    """The steps before the net, from raw features: blind to outcome and arm."""
    before = [
        ("impute", SimpleImputer(strategy="median", keep_empty_features=True)),
        ("vary", NearConstantFilter(settings.near_constant_share)),
        ("transform", RobustAsinh()),
    ]
    after = [
        ("cluster", ClusterRepresentatives(settings.cluster_correlation)),
        ("scale", StandardScaler()),
    ]
    return Pipeline([*before, *_build_batch_step(settings), *after])


def fit_pipeline(pipeline: Pipeline, inputs: Inputs) -> FittedPipeline:
    """Fit a pipeline to training rows."""
    with config_context(enable_metadata_routing=True, skip_parameter_validation=True):
        return FittedPipeline(pipeline.fit(inputs.values, **_route(pipeline, inputs)))


def _build_batch_step(settings: ModellingSettings) -> list[tuple[str, ComBat]]:
    if settings.batch_effects is BatchEffects.NONE:
        return []
    with config_context(enable_metadata_routing=True):
        step = ComBat(settings.min_site, settings.unseen_batch)
        step.set_fit_request(batches=True).set_transform_request(batches=True)
    return [("batch", step)]


def _route(pipeline: Pipeline, inputs: Inputs) -> dict[str, object]:
    return {"batches": inputs.batches} if "batch" in pipeline.named_steps else {}


def _split(inputs: Inputs, split: int) -> tuple[Inputs, Inputs]:
    return (
        Inputs(inputs.values[:, :split], inputs.batches),
        Inputs(inputs.values[:, split:], inputs.batches),
    )
