"""The table ``repeatability``: how far repeats agree, by source, image, region and feature; blind to arms."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from radfeat.core.vocabulary import IccForm
from radfeat.qc.agreement import Estimate, Floats, MeanSquares, compute_mean_squares, estimate_icc
from radfeat.qc.repeatability_settings import RepeatabilitySettings
from radfeat.qc.repeats import NOTHING, RepeatSet, find_perturbed, find_repeats, list_drawings
from radfeat.qc.within_subject import estimate_cv, estimate_within
from radfeat.tables.conform import list_features
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import FEATURES, PERTURBED_FEATURES, REPEATABILITY

Row = dict[str, object]


def build_repeatability(
    rois: pa.Table, features: pa.Table, perturbed: pa.Table, settings: RepeatabilitySettings
) -> pa.Table:
    """Measure how far repeats agree, for every source that there are rows of.

    Parameters
    ----------
    rois, features, perturbed
        The tables ``rois``, ``features`` and ``perturbed_features``, before any arm or outcome is known.
    settings
        What repeats what.

    Returns
    -------
    pyarrow.Table
        Schema ``repeatability``; without rows where nothing was repeated.
    """
    drawings = list_drawings(rois)
    rows: list[Row] = []
    for found in find_repeats(drawings, features["roi_id"].to_pylist(), settings):
        rows += _describe_set(found, features, list_features(features, FEATURES), settings)
    numbers = (perturbed["roi_id"].to_pylist(), perturbed["repeat"].to_pylist())
    for found in find_perturbed(drawings, *numbers):
        rows += _describe_set(found, perturbed, list_features(perturbed, PERTURBED_FEATURES), settings)
    return build_table(REPEATABILITY, rows)


def describe_feature(values: Floats, subject_ids: tuple[str, ...], settings: RepeatabilitySettings) -> Row:
    """The measures of one feature, as a row without its key.

    Intraclass correlations are of the targets with a value at every repeat. What varies within targets takes
    every target with two values or more.

    Parameters
    ----------
    values
        Targets x repeats; NaN where there is no value.
    subject_ids
        Subject of each target.
    settings
        Confidence level and kind of CV.
    """
    known = ~np.isnan(values)
    complete = np.asarray(known.all(axis=1))
    targets = [row[there] for row, there in zip(values, known, strict=True)]
    squares = compute_mean_squares(values[complete])
    within = estimate_within(targets, settings.level)
    return {
        "targets": len(values),
        "complete": int(complete.sum()),
        "subjects": len({subject_ids[i] for i in np.flatnonzero(complete)}),
        "repeats": values.shape[1],
        "missing": int((~known).sum()),
        "balanced": bool(complete.all()),
        "mean": float(values[known].mean()) if known.any() else None,
        **_describe_agreement(squares, settings.level),
        "degrees": within.degrees if within else 0,
        **_limits("within_sd", within.deviation if within else Estimate()),
        **_limits("within_cv", estimate_cv(targets, settings.cv, settings.level)),
        **_limits("repeatability_coefficient", within.coefficient if within else Estimate()),
        "cv_method": settings.cv.value,
        "level": settings.level,
        "note": _explain(squares, int(complete.sum()), settings.level),
    }


def _describe_set(
    found: RepeatSet, table: pa.Table, features: tuple[str, ...], settings: RepeatabilitySettings
) -> Iterator[Row]:
    for feature in features:
        column = table[feature].to_numpy(zero_copy_only=False).astype(np.float64)
        values = np.where(found.rows == NOTHING, np.nan, column[found.rows])
        yield {
            "source": found.source.value,
            "image_id": found.image_id,
            "region": found.region,
            "feature": feature,
            **describe_feature(values, found.subject_ids, settings),
        }


def _describe_agreement(squares: MeanSquares | None, level: float) -> Row:
    if squares is None:
        return {}
    row: Row = {
        "ms_between": squares.between,
        "ms_repeats": squares.repeats,
        "ms_error": squares.error,
    }
    for form in IccForm:
        row |= _limits(form.value, estimate_icc(form, squares, level))
    return row


def _limits(name: str, found: Estimate) -> Row:
    return {name: found.value, f"{name}_lo": found.lo, f"{name}_hi": found.hi}


def _explain(squares: MeanSquares | None, complete: int, level: float) -> str | None:
    if complete < 2:
        return f"{complete} targets have a value at every repeat; two are needed"
    if squares is None:
        return "all values are the same"
    lacking = any(estimate_icc(form, squares, level).value is None for form in IccForm)
    return "only the repeats differ, the targets do not" if lacking else None
