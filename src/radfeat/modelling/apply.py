"""New subjects scored by a model: refused unless their features are what the model was made of."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from radfeat.core.errors import CohortError
from radfeat.modelling.batch_labels import find_scanners, label_batches
from radfeat.modelling.lesions import SubjectRow
from radfeat.modelling.model_files import ArmModel, score_model
from radfeat.modelling.model_origin import (
    ImageKind,
    ModelOrigin,
    describe_difference,
    digest_catalogue,
    list_features_of,
)
from radfeat.modelling.outcomes import Floats
from radfeat.modelling.settings import BatchLabel, ModellingSettings
from radfeat.modelling.subject_rows import SubjectRows, build_subject_rows
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import APPLIED_SCORES

_EXTRACT = "Extract with `prepare` and `features` of the model's run, which its report shows"


@dataclass(frozen=True, eq=False, slots=True)
class NewFeatures:
    """Blinded tables of another run; ``marks`` is what the file of ``features`` says of itself."""

    features: pa.Table
    rois: pa.Table
    series: pa.Table
    catalogue: pa.Table
    marks: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Selection:
    """What the other run calls the ROIs, timepoint and image; what is None is as in the model's run."""

    rois: tuple[str, ...] = ()
    timepoint: str | None = None
    image_id: str | None = None


def apply_model(model: ArmModel, new: NewFeatures, selection: Selection) -> pa.Table:
    """Scores and strata of all subjects of another run: the table ``applied_scores``.

    A predictor that is missing is imputed as in training, and counted. Effects of site or scanner are taken
    out as in training; ``note`` names a batch that the model does not know. A subject without features, or
    of a batch that the model refuses, is a row without a score.

    Raises
    ------
    CohortError
        There is no model; the features are not what it was made of (names, catalogue, recipe, settings,
        units); the ROIs that enter are ambiguous; or a subject occurs at two sites.
    """
    origin = require_origin(model)
    require_same_features(model, origin, new)
    settings = _build_settings(model, origin, selection)
    days = dict(zip(new.series["case_id"].to_pylist(), new.series["day"].to_pylist(), strict=True))
    found = build_subject_rows(new.features, new.rois, days, settings)
    require_same_images(model, origin, list_image_kinds(new.series, found.case_ids))
    sites = _find_sites(new.features, model)
    scanners = find_scanners(new.features, new.series, settings)
    batches = dict(zip(sites, label_batches(list(sites), sites, scanners, settings), strict=True))
    return build_table(APPLIED_SCORES, _score_subjects(model, found, sites, batches))


def require_origin(model: ArmModel) -> ModelOrigin:
    """CohortError unless there is a model that says where its predictors come from."""
    if not model.fitted:
        raise CohortError(f"there is no model: {model.sentence.rstrip('.')}", key=_name(model))
    if model.origin is None or not model.origin.measurement:
        raise CohortError(
            "the model does not say how its features were measured",
            key=_name(model),
            remedy="Take the model.json that `radfeat run` wrote",
        )
    return model.origin


def require_same_features(model: ArmModel, origin: ModelOrigin, new: NewFeatures) -> None:
    """CohortError unless names, catalogue, recipe and settings of the features are those of the model."""
    offered = list_features_of(model.features)
    missing = sorted(offered - set(new.features.column_names))
    if missing:
        raise CohortError(
            "the features are not those that the model was offered",
            key=_name(model),
            measured=f"{len(missing)} of {len(offered)} missing, {missing[0]} first",
            remedy=_EXTRACT,
        )
    catalogue = new.catalogue.to_pylist()
    if digest_catalogue(catalogue, offered) != origin.catalogue_digest:
        _raise_catalogue(model, origin, catalogue)
    recipe = new.marks.get("recipe", "none")
    if recipe != origin.recipe:
        raise CohortError(
            "the images were prepared by another recipe",
            key=_name(model),
            measured=recipe,
            allowed=origin.recipe,
            remedy=_EXTRACT,
        )
    measurement = new.marks.get("measurement", "none")
    if measurement != origin.measurement:
        raise CohortError(
            "the features were prepared or measured with other settings",
            key=_name(model),
            measured=f"digest {measurement[:12]}",
            allowed=origin.measurement[:12],
            remedy=_EXTRACT,
        )


def require_same_images(model: ArmModel, origin: ModelOrigin, kinds: frozenset[ImageKind]) -> None:
    """CohortError unless the images are of kinds that the model knows: a bin of 25 HU is none of SUV."""
    strange = sorted(kind.words for kind in kinds - set(origin.images))
    if strange:
        raise CohortError(
            "the images are not of the kind that the model was made of",
            key=_name(model),
            measured=", ".join(strange),
            allowed=", ".join(kind.words for kind in origin.images),
            remedy="Take images of this modality, and declare their unit in `ingest`",
        )


def list_image_kinds(series: pa.Table, case_ids: frozenset[str]) -> frozenset[ImageKind]:
    """Modality and unit of these images, of those that could be read."""
    columns = (series[name].to_pylist() for name in ("case_id", "modality", "unit"))
    return frozenset(
        ImageKind(modality=modality, unit=unit)
        for case_id, modality, unit in zip(*columns, strict=True)
        if case_id in case_ids and unit is not None
    )


def _raise_catalogue(model: ArmModel, origin: ModelOrigin, catalogue: Sequence[Mapping[str, Any]]) -> None:
    rows = {row["feature"]: row for row in catalogue}
    told = [
        f"{entry.feature}: {difference}"
        for entry in origin.catalogue
        if entry.feature in rows and (difference := describe_difference(entry, rows[entry.feature]))
    ]
    more = f", and {len(told) - 1} more" if len(told) > 1 else ""
    raise CohortError(
        "the features of these names are measured otherwise than those of the model",
        key=_name(model),
        measured=f"{told[0]}{more}" if told else "differences in features without a coefficient",
        remedy=_EXTRACT,
    )


def _build_settings(model: ArmModel, origin: ModelOrigin, selection: Selection) -> ModellingSettings:
    if origin.delta is not None and selection.timepoint is not None:
        raise CohortError(
            "the predictors of the model are changes between two visits, and one timepoint was named",
            key=_name(model),
            measured=selection.timepoint,
            allowed=f"{origin.delta.baseline} and {origin.delta.followup}, as the image sheet must call them",
            remedy="Leave --timepoint out",
        )
    return ModellingSettings(
        rois=selection.rois or origin.rois,
        timepoint=selection.timepoint or origin.timepoint,
        image_id=selection.image_id or origin.image_id,
        lesions=origin.lesions,
        delta=origin.delta,
        batch=BatchLabel.SITE if model.batches is None else model.batches.batch,
    )


def _find_sites(features: pa.Table, model: ArmModel) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for subject, site in zip(
        features["subject_id"].to_pylist(), features["site_id"].to_pylist(), strict=True
    ):
        found.setdefault(subject, set()).add(site)
    doubles = sorted(subject for subject, sites in found.items() if len(sites) > 1)
    if doubles:
        raise CohortError(
            "subjects occur at several sites: one score would stand for two people",
            key=_name(model),
            measured=", ".join(doubles[:5]),
            remedy="Make subject_id unique across sites in the image sheet, such as S01-014",
        )
    return {subject: next(iter(sites)) for subject, sites in found.items()}


def _score_subjects(
    model: ArmModel, found: SubjectRows, sites: Mapping[str, str], batches: Mapping[str, str]
) -> list[Mapping[str, object]]:
    subjects = sorted(found.rows)
    places = [found.predictors.index(name) for name in model.features]
    values = np.array([found.rows[s].values[places] for s in subjects]).reshape(len(subjects), len(places))
    scores, is_high = score_model(model, values, model.features, [batches[s] for s in subjects])
    rows = [
        {"subject_id": subject}
        | _describe_subject(model, found.rows[subject], values[i])
        | _describe_score(model, float(scores[i]), bool(is_high[i]))
        | _describe_batch(model, found.rows[subject], batches[subject])
        for i, subject in enumerate(subjects)
    ]
    for subject in sorted(sites.keys() - found.rows.keys()):
        why = found.obstacles.get(subject, "no ROI of the declared name, timepoint and image")
        rows.append({"subject_id": subject, "excluded": why, "imputed": 0, "out_of_range": 0})
    common = {"endpoint": model.endpoint, "model_arm": model.arm, "predictors": len(model.terms)}
    return [row | common | {"site_id": sites[str(row["subject_id"])]} for row in rows]


def _describe_subject(model: ArmModel, row: SubjectRow, values: Floats) -> dict[str, object]:
    """ROI of a subject, and what its predictors had that those of training had not."""
    known = {term.feature: float(values[model.features.index(term.feature)]) for term in model.terms}
    outside = [
        f"{term.feature} {known[term.feature]:.6g} ({term.low:.6g} to {term.high:.6g})"
        for term in model.terms
        if known[term.feature] < term.low or known[term.feature] > term.high
    ]
    return {
        "roi_id": row.roi_id,
        "imputed": int(sum(np.isnan(value) for value in known.values())),
        "out_of_range": len(outside),
        "outside": "; ".join(outside) or None,
    }


def _describe_score(model: ArmModel, score: float, is_high: bool) -> dict[str, object]:
    if math.isnan(score):
        return {}
    return {"score": score, "stratum": ("high" if is_high else "low") if model.deviation > 0 else None}


def _describe_batch(model: ArmModel, row: SubjectRow, batch: str) -> dict[str, object]:
    """The subject's note, with what became of a batch that the model does not know."""
    batches = model.batches
    if batches is None or batch in (*batches.own, *batches.pooled):
        return {"note": row.note}
    strange = f"{batches.batch} {batch} is none of the model's"
    if batches.is_refused(batch):
        return {"note": row.note, "excluded": f"{strange}, and the model refuses others"}
    is_pooled = batches.is_adjusted(batch) and any(
        a.batch is None and not a.is_plain for t in model.terms for a in t.adjustments
    )
    fate = "adjusted as its pooled batch" if is_pooled else "not adjusted"
    return {"note": "; ".join(filter(None, (row.note, f"{strange}: {fate}")))}


def _name(model: ArmModel) -> str:
    return f"{model.endpoint}, {model.arm}"
