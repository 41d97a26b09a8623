"""Scoring the subjects of one run with a model of another."""

import hashlib
from pathlib import Path

import pyarrow as pa

from radfeat.core.errors import SettingsError, TableError
from radfeat.modelling.apply import NewFeatures, Selection, apply_model
from radfeat.modelling.model_files import read_model
from radfeat.tables.parquet import read_identity, read_table, write_table
from radfeat.tables.schemas import APPLIED_SCORES, FEATURE_CATALOGUE, FEATURES, ROIS, SERIES, TableSchema


def apply_to_run(model_path: Path, features_path: Path, out: Path, selection: Selection) -> pa.Table:
    """Score the subjects of a blinded table ``features`` and write ``applied_scores``.

    The tables ``rois``, ``series`` and ``feature_catalogue`` must lie beside ``features``.

    Raises
    ------
    TableError
        A table or the model is missing, damaged or of another version.
    CohortError
        The features are not what the model was made of.
    SettingsError
        ``out`` is there and is another file.
    """
    model = read_model(model_path)
    identity = read_identity(features_path)
    new = NewFeatures(
        features=read_table(features_path, FEATURES),
        rois=_read_beside(features_path, ROIS),
        series=_read_beside(features_path, SERIES),
        catalogue=_read_beside(features_path, FEATURE_CATALOGUE),
        marks=identity.marks,
    )
    _require_replaceable(out)
    scores = apply_model(model, new, selection)
    write_table(
        out,
        scores,
        APPLIED_SCORES,
        settings_digest=identity.settings_digest,
        run_id=identity.run_id,
        marks={
            "standing": model.standing.value,
            "lock_digest": model.lock_digest,
            "model_sha256": hashlib.sha256(model_path.read_bytes()).hexdigest(),
        },
    )
    return scores


def describe_scores(scores: pa.Table) -> list[str]:
    """What was scored, and what to doubt, a line each."""
    rows = scores.to_pylist()
    scored = [row for row in rows if row["score"] is not None]
    high = sum(row["stratum"] == "high" for row in scored)
    lines = [f"{len(scored)} of {len(rows)} subjects scored, {high} of them high"]
    if scored and not scored[0]["predictors"]:
        lines.append("warning: the model selected no predictor: every score is 0, and nobody has a stratum")
    outside = [row for row in scored if row["out_of_range"]]
    if outside:
        names = ", ".join(row["subject_id"] for row in outside[:5])
        more = f" and {len(outside) - 5} more" if len(outside) > 5 else ""
        lines.append(f"warning: predictors outside the range of training in {len(outside)}: {names}{more}")
    imputed = [row for row in scored if row["imputed"]]
    if imputed:
        worst = max(row["imputed"] for row in imputed)
        total = imputed[0]["predictors"]
        lines.append(f"warning: missing predictors imputed in {len(imputed)}, up to {worst} of {total}")
    return lines


def _read_beside(features: Path, schema: TableSchema) -> pa.Table:
    return read_table(features.with_name(f"{schema.name}.parquet"), schema)


def _require_replaceable(out: Path) -> None:
    """SettingsError where writing would take the place of something that is no table of scores."""
    if not out.exists():
        return
    try:
        found = read_identity(out).schema if out.is_file() else "a folder"
    except TableError:
        found = "another file"
    if found != APPLIED_SCORES.name:
        raise SettingsError(
            "the output would take the place of something else",
            key=str(out),
            measured=found,
            allowed=APPLIED_SCORES.name,
            remedy="Name another file with --out",
        )
