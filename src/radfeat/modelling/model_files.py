"""Models as JSON: everything that is needed to score new subjects, and nothing that must be executed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import CohortError, TableError
from radfeat.core.files import write_text
from radfeat.core.vocabulary import EndpointKind, Standing
from radfeat.modelling.model_origin import ModelOrigin
from radfeat.modelling.outcomes import Flags, Floats
from radfeat.modelling.settings import BatchLabel, UnseenBatch


class BatchAdjustment(BaseModel):
    """What ComBat makes of one predictor in one batch: ``factor * t + offset``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch: str | None = Field(description="Site or scanner; null: the pooled batch.")
    factor: float = Field(gt=0, description="Factor of the transformed value t.")
    offset: float = Field(description="Offset of the transformed value t.")

    @property
    def is_plain(self) -> bool:
        """Whether it leaves values as they are."""
        return self.factor == 1.0 and self.offset == 0.0


class ModelBatches(BaseModel):
    """Which batches the model knows, and what becomes of others."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    batch: BatchLabel = Field(description="What a batch is: site or scanner.")
    own: tuple[str, ...] = Field(description="Batches with estimates of their own.")
    pooled: tuple[str, ...] = Field(description="Batches with too few training subjects, taken together.")
    unseen: UnseenBatch = Field(description="What becomes of subjects of any other batch.")
    min_rows: int = Field(description="Fewest training subjects of a batch with estimates of its own.")

    def name(self, label: str) -> str | None:
        """The adjustment that a batch takes: its own, or the pooled one (None)."""
        return label if label in self.own else None

    def is_adjusted(self, label: str) -> bool:
        """Whether subjects of a batch are adjusted at all, if there are estimates."""
        return label in self.own or label in self.pooled or self.unseen is UnseenBatch.POOLED

    def is_refused(self, label: str) -> bool:
        """Whether subjects of a batch have no score."""
        return self.unseen is UnseenBatch.REFUSE and label not in self.own and label not in self.pooled


FORMAT: Literal["radfeat-arm-model/2"] = "radfeat-arm-model/2"
"""Name and version of the file format; raised whenever an older program would score otherwise."""


class ModelTerm(BaseModel):
    """One predictor: ``coefficient * (adjusted(t) - centre) / scale``, t ``asinh((x - median) / spread)``.

    ``impute`` is x where it is missing; ``adjusted`` is ``adjustments`` of the subject's batch, if any.
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
    adjustments: tuple[BatchAdjustment, ...] = Field(
        default=(), description="By batch; empty where no batch effects are taken out."
    )
    centre: float = Field(description="Mean of the transformed (and adjusted) training values.")
    scale: float = Field(gt=0, description="Standard deviation of the transformed training values.")
    low: float = Field(description="Least known value in training, in the feature's unit.")
    high: float = Field(description="Greatest known value in training.")
    coefficient: float = Field(description="Per standard deviation of the transformed feature.")
    cluster: int = Field(ge=1, description="Correlation cluster that the feature stands for.")
    cluster_members: tuple[str, ...] = Field(description="All features of that cluster.")


class ArmModel(BaseModel):
    """The model fitted to a whole arm, or, if ``fitted`` is false, the sentence that says why not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["radfeat-arm-model/2"] = Field(
        default=FORMAT, description="Name and version of this file format."
    )
    endpoint: str = Field(description="Endpoint.")
    kind: EndpointKind = Field(description="time_to_event, binary or continuous.")
    arm: str = Field(description="Arm in which the model was fitted.")
    fitted: bool = Field(description="Whether there is a model.")
    sentence: str = Field(description="Why there is none, or what the model rests on.")
    features: tuple[str, ...] = Field(description="Features offered to the model, in order.")
    feature_schema_digest: str = Field(description="SHA-256 of the canonical JSON of the feature names.")
    origin: ModelOrigin | None = Field(
        default=None, description="How the predictors were made; what is scored must be made alike."
    )
    training_digest: str = Field(
        description="SHA-256 of the training subjects' identifiers, inputs and outcomes."
    )
    standing: Standing = Field(
        default=Standing.EXPLORATORY,
        description="confirmatory where the analysis is the one locked before the arms were read.",
    )
    lock_digest: str = Field(
        default="unknown", description="Digest of the analysis that was locked before the arms were read."
    )
    n: int = Field(description="Training subjects.")
    events: int = Field(description="Training subjects with the event or of the positive class, if any.")
    penalty: float | None = Field(default=None, description="Penalty chosen by cross-validation.")
    l1_ratio: float | None = Field(default=None, description="Share of the lasso.")
    intercept: float = Field(
        default=0.0, description="Intercept: log odds if binary, a value if continuous; 0 for Cox."
    )
    batches: ModelBatches | None = Field(
        default=None, description="Batches whose effects are taken out; null: none are."
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


def _find_format(text: str) -> str:
    """Name and version of the format that a text says it has; empty if it says nothing of the kind."""
    try:
        found = json.loads(text)
    except ValueError:
        return ""
    return str(found.get("format", "")) if isinstance(found, dict) else ""


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
        text = path.read_text(encoding="utf-8")
        model = ArmModel.model_validate_json(text)
    except OSError:
        raise TableError(
            "the model cannot be read", key=str(path), remedy="Run the stage that writes it"
        ) from None
    except UnicodeDecodeError:
        raise TableError("this is not a model of radfeat", key=str(path), measured="no text") from None
    except ValidationError as error:
        raise TableError(
            "this is not a model of radfeat, or of another version",
            key=str(path),
            measured=_find_format(text) or str(error).splitlines()[0],
            allowed=FORMAT,
            remedy="Take a model.json of this version, or fit the model again",
        ) from None
    if model.feature_schema_digest != digest_features(model.features):
        raise TableError("the model's features do not fit its digest", key=str(path), remedy="Fit it again")
    return model


def score_model(
    model: ArmModel, values: Floats, features: Sequence[str], batches: Sequence[str] | None = None
) -> tuple[Floats, Flags]:
    """Standardised scores of new subjects (rows of ``values``, NaN where missing), and whether each is high.

    ``batches`` names each subject's site or scanner; only a model that takes batch effects out needs it. A
    subject of a batch that the model refuses has the score NaN.

    Raises
    ------
    CohortError
        There is no model, ``features`` (the columns of ``values``) are not those it was offered, or it needs
        batches and is given none.
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
    labels = _require_batches(model, batches, len(values))
    scores = np.zeros(len(values))
    for term in model.terms if model.deviation > 0 else ():
        column = values[:, model.features.index(term.feature)]
        known = np.where(np.isnan(column), term.impute, column)
        transformed = _adjust(model, term, np.arcsinh((known - term.median) / term.spread), labels)
        scores += term.coefficient * (transformed - term.centre) / term.scale
    if model.deviation > 0:
        scores = (scores - model.mean) / model.deviation
    if model.batches is not None:
        scores[[model.batches.is_refused(label) for label in labels]] = np.nan
    return scores, (scores > model.cut) & (model.deviation > 0)


def _require_batches(model: ArmModel, batches: Sequence[str] | None, rows: int) -> Sequence[str]:
    if model.batches is None:
        return [""] * rows
    if batches is None or len(batches) != rows:
        raise CohortError(
            f"the model takes out effects of the {model.batches.batch} and needs that of every subject",
            key=f"{model.endpoint}, {model.arm}",
            remedy=f"Give the {model.batches.batch} of every new subject",
        )
    return batches


def _adjust(model: ArmModel, term: ModelTerm, transformed: Floats, labels: Sequence[str]) -> Floats:
    """Transformed values with the effect of each subject's batch taken out, as far as it is known."""
    if model.batches is None:
        return transformed
    known = {a.batch: (a.factor, a.offset) for a in term.adjustments}
    plain = (1.0, 0.0)
    pairs = np.array(
        [
            known.get(model.batches.name(label), plain) if model.batches.is_adjusted(label) else plain
            for label in labels
        ]
    ).reshape(-1, 2)
    return np.asarray(transformed * pairs[:, 0] + pairs[:, 1], dtype=np.float64)
