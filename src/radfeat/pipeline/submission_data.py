"""From a results folder to the data set of a submission."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from radfeat.core.errors import SubmissionError
from radfeat.core.files import write_atomically, write_text
from radfeat.core.version import VERSION
from radfeat.modelling.cohort import StudyTable
from radfeat.modelling.cross_validation import combine_strata
from radfeat.modelling.deltas import Gap, split_predictor
from radfeat.modelling.predictor_table import find_unit
from radfeat.pipeline.analysis_inputs import read_analysis_settings, require_analysis
from radfeat.pipeline.cohort import read_study
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.lock import read_lock
from radfeat.pipeline.plan import read_plan
from radfeat.submission.bds import Category, Missing, Parameter, Record, Subject, build_bds, count_missing
from radfeat.submission.dataset import Dataset, list_differences, require_sound
from radfeat.submission.dataset_json import Source, read_dataset_json, render_dataset_json
from radfeat.submission.define import DEFINE_FILE, PARAMETERS_FILE, render_define, render_parameters
from radfeat.submission.reviewers_guide import GUIDE_FILE, RunFacts, render_guide
from radfeat.submission.xpt import read_xpt, render_xpt
from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import COEFFICIENTS, FEATURE_CATALOGUE, PREDICTIONS, SERIES, TableSchema

NO_DATE = datetime(1960, 1, 1)
"""Stands for the date of writing where none is given: day 0 of SAS, the same on every machine."""

_GAPS = {
    Gap.MISSING: Missing.UNDEFINED,
    Gap.DIVISION_BY_ZERO: Missing.ZERO_BASE,
    Gap.LOG_OF_NON_POSITIVE: Missing.NOT_POSITIVE,
    Gap.NO_INTERVAL: Missing.NO_INTERVAL,
}
Known = Mapping[tuple[Category, str | None, str | None], Parameter]
"""Parameter of a category, endpoint and arm of a model."""

_STRATA = {"low": 0, "high": 1}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: the data set, its parameters and records."""

    dataset: Dataset
    parameters: tuple[Parameter, ...]
    records: tuple[Record, ...]


def write_submission_data(folder: ResultsFolder, to: Path, created: datetime = NO_DATE) -> Exported:
    """Write the data set as XPT and Dataset-JSON, its codebook and the guide; read both back and compare.

    Raises
    ------
    SubmissionError
        The data set cannot be held by the formats, or what was read back is not what was written.
    TableError
        A table is missing or damaged, or the analysis is not locked.
    """
    made = build_submission_data(folder)
    require_sound(made.dataset)
    facts = _read_facts(folder)
    source = Source(facts.study, facts.run_id, DEFINE_FILE)
    stem = made.dataset.name.lower()
    xpt = render_xpt(made.dataset, created)
    write_atomically(to / f"{stem}.xpt", lambda path: path.write_bytes(xpt))
    write_text(to / f"{stem}.json", render_dataset_json(made.dataset, source, created))
    _require_same(made.dataset, to, stem)
    write_text(to / DEFINE_FILE, render_define(made.dataset))
    write_text(to / PARAMETERS_FILE, render_parameters(made.parameters, made.records))
    missing = count_missing(made.records)
    write_text(to / GUIDE_FILE, render_guide(facts, made.dataset, made.parameters, missing))
    return made


def build_submission_data(folder: ResultsFolder) -> Exported:
    """Scores, strata and locked features of a run; nothing is written."""
    study = read_study(folder)
    subjects = _list_subjects(folder, study)
    predictions = read_table(folder.unblinded / "predictions.parquet", PREDICTIONS).to_pylist()
    models = _name_models(folder)
    parameters = [*_build_model_parameters(models), *_build_feature_parameters(folder, study)]
    known: Known = {(p.category, p.endpoint, p.model_arm): p for p in parameters if p.endpoint is not None}
    features = [p for p in parameters if p.category is Category.FEATURE]
    records = [
        *_list_scores(predictions, subjects, known),
        *_list_strata(predictions, subjects, known),
        *_list_features(study, subjects, features),
    ]
    return Exported(build_bds(records), tuple(parameters), tuple(records))


def _list_subjects(folder: ResultsFolder, study: StudyTable) -> dict[str, Subject]:
    """By subject: its study, site and arm, and visit, day and region where one region stands for it."""
    images = read_table(folder.blinded / "series.parquet", SERIES).to_pylist()
    study_ids = {row["subject_id"]: row["study_id"] for row in images}
    by_case = {row["case_id"]: row for row in images}
    regions = {row["subject_id"]: row["roi_id"] for row in study.subjects.to_pylist()}
    subjects = {}
    for subject, site, arm in zip(study.subject_ids, study.site_ids, study.arms, strict=True):
        image = next((row for case, row in by_case.items() if _is_of(regions[subject], case)), None)
        visit, day = (image["timepoint"], image["day"]) if image else (None, None)
        subjects[subject] = Subject(study_ids[subject], site, subject, arm, visit, day, regions[subject])
    return subjects


def _is_of(roi_id: str | None, case_id: str) -> bool:
    return roi_id is not None and roi_id.startswith(f"{case_id}/")


def _name_models(folder: ResultsFolder) -> list[tuple[str, str]]:
    plan = require_analysis(folder)
    return [(e.name, a.name) for e in plan.endpoints for a in plan.arms]


def _build_model_parameters(models: list[tuple[str, str]]) -> Iterator[Parameter]:
    for number, (endpoint, arm) in enumerate(models, start=1):
        of = f"{endpoint}, model of arm {arm}"
        yield Parameter(
            f"SCORE{number:02d}",
            f"Signature score: {of}",
            Category.SCORE,
            "predictions",
            "Linear predictor of a model fitted without the subject, standardised by its training fold.",
            endpoint=endpoint,
            model_arm=arm,
        )
        yield Parameter(
            f"STRAT{number:02d}",
            f"Stratum: {of}",
            Category.STRATUM,
            "predictions",
            "Majority of the repeats; a draw goes to the first that has a stratum.",
            endpoint=endpoint,
            model_arm=arm,
        )


def _build_feature_parameters(folder: ResultsFolder, study: StudyTable) -> Iterator[Parameter]:
    """Predictors with a coefficient in a model of a whole arm, and declared candidates, by name."""
    catalogue = {
        row["feature"]: row
        for row in read_table(folder.blinded / "feature_catalogue.parquet", FEATURE_CATALOGUE).to_pylist()
    }
    used: dict[str, list[str]] = {name: [] for name in read_analysis_settings(folder).candidates}
    for row in read_table(folder.unblinded / "coefficients.parquet", COEFFICIENTS).to_pylist():
        if row["coefficient"]:
            used.setdefault(row["feature"], []).append(f"{row['endpoint']}/{row['arm']}")
    codes: set[str] = set()
    for name in (n for n in sorted(used) if n in study.features):
        parameter = _build_feature_parameter(name, tuple(used[name]), catalogue)
        if parameter.code in codes:
            raise SubmissionError("two predictors have the same parameter code", key=name)
        codes.add(parameter.code)
        yield parameter


def _build_feature_parameter(
    name: str, used_in: tuple[str, ...], catalogue: Mapping[str, Mapping[str, Any]]
) -> Parameter:
    kind, feature = split_predictor(name)
    entry = catalogue[feature]
    unit = find_unit(kind, entry["unit"])
    # A change has a code of nine characters, one more than PARAMCD may have.
    code = entry["code"] if kind is None else f"D{hashlib.sha256(name.encode()).hexdigest()[:7].upper()}"
    what = "Value of the feature" if kind is None else f"Change between two visits ({kind.value})"
    return Parameter(
        code,
        f"{name} ({unit})",
        Category.FEATURE,
        name,
        f"{what}; lesions of a subject combined as modelling.lesions says.",
        unit=unit,
        ibsi_code=entry["ibsi_code"],
        ibsi_deviation=entry["ibsi_deviation"],
        used_in=used_in,
    )


def _list_scores(
    predictions: list[dict[str, Any]], subjects: Mapping[str, Subject], known: Known
) -> Iterator[Record]:
    for row in predictions:
        score = row["score"]
        yield Record(
            subjects[row["subject_id"]],
            known[Category.SCORE, row["endpoint"], row["model_arm"]],
            score,
            missing=Missing.NO_MODEL if score is None else None,
            repeat=row["repeat"],
            fold=row["fold"],
            own=row["arm"] == row["model_arm"],
        )


def _list_strata(
    predictions: list[dict[str, Any]], subjects: Mapping[str, Subject], known: Known
) -> Iterator[Record]:
    repeats: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in predictions:
        repeats.setdefault((row["endpoint"], row["model_arm"], row["subject_id"]), []).append(row)
    for (endpoint, arm, subject), rows in repeats.items():
        rows.sort(key=lambda row: int(row["repeat"]))
        codes = np.array([[_STRATA.get(row["stratum"], -1)] for row in rows], dtype=np.intp)
        stratum = int(combine_strata(codes)[0])
        yield Record(
            subjects[subject],
            known[Category.STRATUM, endpoint, arm],
            None if stratum < 0 else float(stratum),
            text=None if stratum < 0 else ("LOW", "HIGH")[stratum],
            missing=Missing.NO_STRATUM if stratum < 0 else None,
            own=rows[0]["arm"] == arm,
        )


def _list_features(
    study: StudyTable, subjects: Mapping[str, Subject], parameters: list[Parameter]
) -> Iterator[Record]:
    for parameter in parameters:
        column = study.features.index(parameter.source)
        for row, subject in enumerate(study.subject_ids):
            gap = Gap(int(study.gaps[row, column]))
            value = None if gap is not Gap.NONE else float(study.values[row, column])
            yield Record(subjects[subject], parameter, value, missing=_GAPS.get(gap))


def _read_facts(folder: ResultsFolder) -> RunFacts:
    lock, settings = read_lock(folder), yaml.safe_load(folder.run_config.read_text(encoding="utf-8"))
    tables: tuple[tuple[Path, TableSchema], ...] = (
        (folder.unblinded, PREDICTIONS),
        (folder.unblinded, COEFFICIENTS),
        (folder.blinded, SERIES),
        (folder.blinded, FEATURE_CATALOGUE),
    )
    names = {schema.name: half / f"{schema.name}.parquet" for half, schema in tables}
    names["features"] = folder.blinded / "features.parquet"
    return RunFacts(
        study=settings["study"],
        version=VERSION,
        run_id=read_plan(folder).run_id,
        recipe=settings["prepare"]["recipe"],
        standing=lock.standing.value,
        lock_digest=lock.marks["lock_digest"],
        lock_sentence=lock.sentence,
        digests={name: read_identity(path).logical_digest for name, path in names.items()},
    )


def _require_same(dataset: Dataset, to: Path, stem: str) -> None:
    """SubmissionError where a file that was written does not hold the data set."""
    read = {
        f"{stem}.xpt": read_xpt((to / f"{stem}.xpt").read_bytes()),
        f"{stem}.json": read_dataset_json((to / f"{stem}.json").read_text(encoding="utf-8")),
    }
    for name, found in read.items():
        differences = list_differences(dataset, found)
        if differences:
            raise SubmissionError(
                "the file does not hold what was written to it",
                key=name,
                measured=differences[0],
                remedy="Look after the disk, and run again",
            )
