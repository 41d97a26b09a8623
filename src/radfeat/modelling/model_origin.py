"""Where a model's predictors come from: what new features must be like to be scored by it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from radfeat.core.digest import compute_json_digest
from radfeat.core.version import VERSION
from radfeat.modelling.delta_settings import DeltaSettings
from radfeat.modelling.deltas import split_predictor
from radfeat.modelling.settings import LesionRule, ModellingSettings

CATALOGUE_COLUMNS = (
    "feature",
    "code",
    "image_type",
    "image_parameters",
    "family",
    "name",
    "ibsi_code",
    "unit",
)
"""Columns of ``feature_catalogue`` that say what a value is; the others only explain it."""


class CatalogueEntry(BaseModel):
    """What a feature is: a row of ``feature_catalogue`` without its prose."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    feature: str = Field(description="Column of the table features.")
    code: str = Field(description="Its stable code.")
    image_type: str = Field(description="Image type.")
    image_parameters: str = Field(description="Parameters of image type, discretisation and matrix, as JSON.")
    family: str = Field(description="Family.")
    name: str = Field(description="Name in the family.")
    ibsi_code: str | None = Field(description="IBSI code.")
    unit: str = Field(description="Unit.")


class ImageKind(BaseModel):
    """Modality and unit of the intensities of images that predictors come from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    modality: str = Field(description="DICOM modality.")
    unit: str = Field(description="Unit of the intensities.")

    @property
    def words(self) -> str:
        """``CT in HU``."""
        return f"{self.modality} in {self.unit}"


class ModelOrigin(BaseModel):
    """How the predictors of a model were made, from image to row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    radfeat: str = Field(default=VERSION, description="Version of radfeat that fitted the model.")
    recipe: str = Field(description="Preparation recipe of the features.")
    measurement: str = Field(description="SHA-256 of the settings `prepare` and `features`.")
    images: tuple[ImageKind, ...] = Field(description="Kinds of images that the predictors come from.")
    rois: tuple[str, ...] = Field(description="Names of the ROIs that entered.")
    timepoint: str | None = Field(description="Timepoint that entered; null where changes are predictors.")
    image_id: str | None = Field(description="Image that entered.")
    lesions: LesionRule = Field(description="How several lesions became one row.")
    delta: DeltaSettings | None = Field(description="Which changes between visits are predictors, if any.")
    catalogue_digest: str = Field(description="SHA-256 of the catalogue's rows of all features offered.")
    catalogue: tuple[CatalogueEntry, ...] = Field(
        description="The catalogue's rows of the features with a coefficient, to name a difference by."
    )


def build_origin(
    predictors: Sequence[str],
    selected: Iterable[str],
    catalogue: Sequence[Mapping[str, Any]],
    images: Iterable[ImageKind],
    marks: Mapping[str, str],
    settings: ModellingSettings,
) -> ModelOrigin:
    """The origin of a model that was offered ``predictors`` and gave ``selected`` a coefficient.

    ``catalogue`` holds rows of ``feature_catalogue``, ``marks`` those of the table ``features``.
    """
    chosen = list_features_of(selected)
    return ModelOrigin(
        recipe=marks.get("recipe", ""),
        measurement=marks.get("measurement", ""),
        images=tuple(sorted(set(images), key=lambda kind: kind.words)),
        rois=settings.rois,
        timepoint=settings.timepoint,
        image_id=settings.image_id,
        lesions=settings.lesions,
        delta=settings.delta,
        catalogue_digest=digest_catalogue(catalogue, list_features_of(predictors)),
        catalogue=tuple(
            CatalogueEntry.model_validate({name: row[name] for name in CATALOGUE_COLUMNS})
            for row in catalogue
            if row["feature"] in chosen
        ),
    )


def fill_choices(rois: pa.Table, case_ids: frozenset[str], settings: ModellingSettings) -> ModellingSettings:
    """The settings with the names that the run did not declare because there was but one.

    ``case_ids`` are the images whose ROIs entered. Another run may have one name as well, and another one.
    """
    rows = [row for row in rois.select(_CHOICES).to_pylist() if row["case_id"] in case_ids]
    only = {name: tuple(sorted({row[name] for row in rows})) for name in _CHOICES}
    chosen: dict[str, object] = {"rois": settings.rois or only["roi"]}
    if len(only["image_id"]) == 1:
        chosen["image_id"] = only["image_id"][0]
    if len(only["timepoint"]) == 1 and settings.delta is None:
        chosen["timepoint"] = only["timepoint"][0]
    return settings.model_copy(update=chosen)


_CHOICES = ["case_id", "roi", "image_id", "timepoint"]


def list_features_of(predictors: Iterable[str]) -> frozenset[str]:
    """The features that predictors are values or changes of."""
    return frozenset(split_predictor(name)[1] for name in predictors)


def digest_catalogue(catalogue: Sequence[Mapping[str, Any]], features: frozenset[str]) -> str:
    """Identity of what these features are: of the catalogue's rows, whatever their order."""
    rows = [
        {name: row[name] for name in CATALOGUE_COLUMNS} for row in catalogue if row["feature"] in features
    ]
    return compute_json_digest(sorted(rows, key=lambda row: str(row["feature"])))


def describe_difference(entry: CatalogueEntry, row: Mapping[str, Any]) -> str:
    """How a catalogue's row differs from the model's, such as ``bin_width 20.0, not 25.0``; empty if not."""
    was, now = json.loads(entry.image_parameters), json.loads(row["image_parameters"])
    told = [f"{name} {now.get(name)}, not {was.get(name)}" for name in _differing(was, now)]
    plain = entry.model_dump(exclude={"image_parameters"})
    told += [f"{name} {row[name]}, not {plain[name]}" for name in plain if row[name] != plain[name]]
    return "; ".join(told)


def _differing(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [name for name in sorted({*was, *now}) if was.get(name) != now.get(name)]
