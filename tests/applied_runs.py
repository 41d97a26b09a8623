"""Two runs for the tests of ``radfeat apply``: one that fits a model, and one whose subjects are scored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from radfeat.core.digest import derive_seed
from radfeat.modelling.apply import list_image_kinds
from radfeat.modelling.arms import fit_arm
from radfeat.modelling.batch_labels import find_scanners
from radfeat.modelling.clinical import ClinicalRow, ClinicalSheet, SubjectOutcome
from radfeat.modelling.cohort import build_cohort, build_study
from radfeat.modelling.fold_model import ElasticNetFit, FoldModel
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.model_files import write_model
from radfeat.modelling.model_origin import build_origin, fill_choices
from radfeat.modelling.outcomes import Floats
from radfeat.modelling.settings import ModellingSettings
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES, ROIS, SERIES
from studies import OS, draw_values, make_settings, make_tables, roi_row

NAMES = tuple(f"original_glcm_F{j}" for j in range(6))
MARKS = {"recipe": "pyradiomics", "measurement": "m" * 64}
DELTA = {"baseline": "T0", "followup": "T1", "kinds": ("absolute", "log_ratio")}


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model's file, the pipeline that it records, and that pipeline's scores of its training subjects."""

    path: Path
    pipeline: FoldModel
    subject_ids: tuple[str, ...]
    scores: Floats


def catalogue_rows(**changes: object) -> list[dict[str, Any]]:
    """One row per feature; ``bin_width`` and columns can be changed."""
    parameters = json.dumps({"bin_width": changes.pop("bin_width", 25.0)})
    plain = {
        "image_type": "original",
        "family": "glcm",
        "unit": "1",
        "ibsi_code": None,
        "ibsi_deviation": None,
    }
    return [
        plain
        | {"feature": name, "name": name[-2:], "code": f"ORIGCF0{j}", "description": "Something."}
        | {"image_parameters": parameters}
        | changes
        for j, name in enumerate(NAMES)
    ]


def series_rows(rows: Sequence[Mapping[str, Any]], **changes: object) -> list[dict[str, Any]]:
    """One row per image of the rows of ``features``; days are -5 (T0) and 30 (T1), scanners the sites."""
    keys = ("case_id", "study_id", "site_id", "subject_id", "timepoint", "image_id")
    images = {row["case_id"]: {key: row[key] for key in keys} for row in rows}
    plain = {"modality": "CT", "unit": "HU", "status": "OK"}
    return [
        row | plain | {"day": -5.0 if row["timepoint"] == "T0" else 30.0, "scanner": row["site_id"]} | changes
        for row in images.values()
    ]


def draw_rows(subjects: int, seed: int, *, visits: Sequence[str] = ("T0",), scale: float = 1.0) -> list[Any]:
    """Rows of ``features`` and ``rois``: each subject has two lesions."""
    rows = []
    for v, visit in enumerate(visits):
        values = np.exp(scale * draw_values(subjects, len(NAMES), seed + 10 * v))
        for i in range(subjects):
            for lesion, volume in (("1", 100.0 + i), ("2", 90.0 + 2 * i)):
                known = dict(zip(NAMES, (values[i] * float(lesion)).tolist(), strict=True))
                more = {"lesion": lesion, "volume": volume, "timepoint": visit, "site": "AB"[i % 2]}
                rows.append(roi_row(f"S{i:03d}", features=known, **more))
    return rows


def write_run(
    folder: Path,
    rows: list[Any],
    *,
    names: Sequence[str] = NAMES,
    marks: Mapping[str, str] = MARKS,
    series: Mapping[str, object] | None = None,
    catalogue: Mapping[str, object] | None = None,
) -> Path:
    """The blinded tables of a run; gives the path of ``features``."""
    kept = [({k: v for k, v in f.items() if k not in NAMES or k in names}, r) for f, r in rows]
    features, rois = make_tables(kept, names)
    entries = [row for row in catalogue_rows(**dict(catalogue or {})) if row["feature"] in names]
    tables = {
        FEATURES: features,
        ROIS: rois,
        SERIES: build_table(SERIES, series_rows([f for f, _ in rows], **dict(series or {}))),
        FEATURE_CATALOGUE: build_table(FEATURE_CATALOGUE, entries),
    }
    for schema, table in tables.items():
        path = folder / f"{schema.name}.parquet"
        write_table(path, table, schema, settings_digest="s", run_id="r", marks=marks)
    return folder / "features.parquet"


def fit(folder: Path, rows: list[Any], settings: ModellingSettings | None = None) -> Fitted:
    """Fit the model of the arm ``control`` and write it, as the stage ``stratify`` does."""
    settings = settings or make_settings(penalties=20, max_missing=0.5)
    subjects = sorted({f["subject_id"] for f, _ in rows})
    rng = np.random.default_rng(3)
    first = {f["subject_id"]: f.get(NAMES[0], 1.0) for f, _ in rows}
    clinical = [
        ClinicalRow(s, "control", {"os": SubjectOutcome(40 + rng.exponential(300 / first[s]), True)}, {})
        for s in subjects
    ]
    settings = settings.model_copy(update={"endpoints": (OS,)})
    series = build_table(SERIES, series_rows([f for f, _ in rows]))
    days = dict(zip(series["case_id"].to_pylist(), series["day"].to_pylist(), strict=True))
    features, rois = make_tables(rows, NAMES)
    scanners = find_scanners(features, series, settings)
    sheet = ClinicalSheet(tuple(clinical))
    study = build_study(features, rois, sheet, settings, days=days, scanners=scanners)
    model = fit_arm(study, "os", "control", settings).model
    cohort = build_cohort(study, "os", ["control"])
    seed = derive_seed(settings.seed, "whole arm", "os", "control")
    inputs = Inputs(cohort.values, cohort.batches)
    pipeline = ElasticNetFit(settings)(inputs, cohort.outcomes, cohort.subject_ids, seed)
    assert pipeline is not None
    kinds = list_image_kinds(series, study.case_ids)
    terms = [term.feature for term in model.terms]
    chosen = fill_choices(rois, study.case_ids, settings)
    origin = build_origin(model.features, terms, catalogue_rows(), kinds, MARKS, chosen)
    write_model(folder / "model.json", model.model_copy(update={"origin": origin}))
    return Fitted(folder / "model.json", pipeline, cohort.subject_ids, pipeline.score(inputs))
