"""Models as JSON: everything that is needed to score new subjects, and nothing that must be executed."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import CohortError, TableError
from radfeat.core.files import write_text
from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.outcomes import Flags, Floats


class ModelTerm(BaseModel):
    """One predictor: ``coefficient * (asinh((x - median) / spread) - centre) / scale``.

    ``impute`` is x where it is missing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str = Field(description="Feature, as in the columns of the table features.")
    impute: float = Field(description="Stands in for a missing value: the training median.")
    median: float = Field(
        description="Median of the training values after imputation, in the feature's unit."
    )
    spread: float = Field(
        gt=0, description="Interquartile range / 1.349 of the training values, feature's unit."
    )
    centre: float = Field(description="Mean of the transformed training values.")
    scale: float = Field(gt=0, description="Standard deviation of the transformed training values.")
    coefficient: float = Field(description="Per standard deviation of the transformed feature.")
    cluster: int = Field(ge=1, description="Correlation cluster that the feature stands for.")
    cluster_members: tuple[str, ...] = Field(description="All features of that cluster.")


class ArmModel(BaseModel):
    """The model fitted to a whole arm, or, if ``fitted`` is false, the sentence that says why not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["radfeat-arm-model/1"] = Field(
        default="radfeat-arm-model/1", description="Name and version of this file format."
    )
    endpoint: str = Field(description="Endpoint.")
    kind: EndpointKind = Field(description="time_to_event, binary or continuous.")
    arm: str = Field(description="Arm in which the model was fitted.")
    fitted: bool = Field(description="Whether there is a model.")
    sentence: str = Field(description="Why there is none, or what the model rests on.")
    features: tuple[str, ...] = Field(description="Features offered to the model, in order.")
    feature_schema_digest: str = Field(description="SHA-256 of the canonical JSON of the feature names.")
    training_digest: str = Field(
        description="SHA-256 of the training subjects' identifiers, inputs and outcomes."
    )
    n: int = Field(description="Training subjects.")
    events: int = Field(description="Training subjects with the event or of the positive class, if any.")
    penalty: float | None = Field(default=None, description="Penalty chosen by cross-validation.")
    l1_ratio: float | None = Field(default=None, description="Share of the lasso.")
    intercept: float = Field(
        default=0.0, description="Intercept: log odds if binary, a value if continuous; 0 for Cox."
    )
    terms: tuple[ModelTerm, ...] = Field(
        default=(), description="Predictors with a coefficient other than zero."
    )
    mean: float = Field(
        default=0.0, description="Mean of the linear predictor (without intercept) in training."
    )
    deviation: float = Field(default=0.0, description="Its standard deviation; 0 if the model is empty.")
    cut: float = Field(
        default=0.0, description="Cut of the standardised score: above it is the stratum high."
    )


def digest_features(features: Sequence[str]) -> str:
    """Identity of a feature schema: names and order."""
    return compute_json_digest(list(features))


def write_model(path: Path, model: ArmModel) -> None:
    """Write a model as JSON, atomically."""
    write_text(path, model.model_dump_json(indent=2) + "\n")


def read_model(path: Path) -> ArmModel:
    """Read a model.

    Raises
    ------
    TableError
        There is no such file, or it is not a model of this format.
    """
    try:
        model = ArmModel.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError:
        raise TableError(
            "the model cannot be read", key=str(path), remedy="Run the stage that writes it"
        ) from None
    except (ValidationError, UnicodeDecodeError) as error:
        raise TableError(
            "this is not a model of radfeat", key=str(path), measured=str(error).splitlines()[0]
        ) from None
    if model.feature_schema_digest != digest_features(model.features):
        raise TableError("the model's features do not fit its digest", key=str(path), remedy="Fit it again")
    return model


def score_model(model: ArmModel, values: Floats, features: Sequence[str]) -> tuple[Floats, Flags]:
    """Standardised scores of new subjects (rows of ``values``, NaN where missing), and whether each is high.

    Raises
    ------
    CohortError
        There is no model, or ``features`` (the columns of ``values``) are not those it was offered.
    """
    if not model.fitted:
        raise CohortError(
            f"there is no model: {model.sentence.rstrip('.')}", key=f"{model.endpoint}, {model.arm}"
        )
    if digest_features(features) != model.feature_schema_digest:
        missing = [f for f in model.features if f not in features]
        raise CohortError(
            "the features are not those that the model was offered",
            key=f"{model.endpoint}, {model.arm}",
            measured=f"{len(features)} features, {len(missing)} of the model's missing",
            allowed=f"the model's {len(model.features)}, in its order",
            remedy="Extract with the model's settings, and pick its features in its order",
        )
    scores = np.zeros(len(values))
    if model.deviation == 0:
        return scores, np.zeros(len(values), dtype=np.bool_)
    for term in model.terms:
        column = values[:, model.features.index(term.feature)]
        known = np.where(np.isnan(column), term.impute, column)
        scores += (
            term.coefficient * (np.arcsinh((known - term.median) / term.spread) - term.centre) / term.scale
        )
    scores = (scores - model.mean) / model.deviation
    return scores, scores > model.cut
