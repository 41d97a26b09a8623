"""Which biomarkers are contrasted between two arms, and the value of each for every subject."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from radfeat.modelling.cohort import Cohort, StudyTable, build_cohort
from radfeat.modelling.inputs import Inputs
from radfeat.modelling.kinds import BiomarkerKind
from radfeat.modelling.outcomes import Floats
from radfeat.modelling.preprocessing import FeatureStepsFit
from radfeat.modelling.selection import RobustAsinh
from radfeat.modelling.settings import ModellingSettings


@dataclass(frozen=True, eq=False, slots=True)
class Biomarker:
    """One biomarker: ``values`` (subjects of the contrast, NaN if missing); ``own_arm`` is a score's arm."""

    kind: BiomarkerKind
    name: str
    values: Floats
    own_arm: str | None = None


def list_biomarkers(
    study: StudyTable,
    cohort: Cohort,
    predictions: pa.Table,
    arms: tuple[str, str],
    settings: ModellingSettings,
) -> Iterator[Biomarker]:
    """Scores of both arms, the candidates, and with ``screen`` one feature of each correlation cluster.

    ``cohort`` holds the subjects of both ``arms``, in the order of the values.
    """
    for arm in arms:
        values = _average_scores(predictions, cohort, arm)
        yield Biomarker(BiomarkerKind.SCORE, f"score:{arm}", values, arm)
    everything = build_cohort(study, cohort.endpoint, arms, offered=False)
    for name in settings.candidates:
        column = everything.values[:, everything.features.index(name)]
        yield Biomarker(BiomarkerKind.CANDIDATE, name, transform_feature(column))
    if settings.screen:
        yield from _list_screened(cohort, settings)


def transform_feature(column: Floats) -> Floats:
    """``asinh((x - median) / (interquartile range / 1.349))`` over the known values; NaN where missing."""
    known = ~np.isnan(column)
    transformed = np.full(len(column), np.nan)
    if known.any():
        transformed[known] = RobustAsinh().fit_transform(column[known][:, None])[:, 0]
    return transformed


def _average_scores(predictions: pa.Table, cohort: Cohort, arm: str) -> Floats:
    """Mean score over the repeats that scored a subject, by the model of ``arm``; NaN where none did."""
    found = _find_scores(predictions, cohort, arm)
    # Summed in order of the repeats: the order of the table's rows must not alter the last bits.
    return np.array(
        [
            np.mean([score for _, score in sorted(found[s])]) if s in found else np.nan
            for s in cohort.subject_ids
        ],
        dtype=np.float64,
    )


def take_first_scores(predictions: pa.Table, cohort: Cohort, arm: str) -> Floats:
    """Score of each subject of the cohort in the first repeat, by the model of ``arm``; NaN where none."""
    found = _find_scores(predictions, cohort, arm)
    return np.array([dict(found.get(s, ())).get(1, np.nan) for s in cohort.subject_ids], dtype=np.float64)


def _find_scores(predictions: pa.Table, cohort: Cohort, arm: str) -> dict[str, list[tuple[int, float]]]:
    """Repeat and score of each subject that the model of ``arm`` scored, for the endpoint of the cohort."""
    columns = (predictions[n].to_pylist() for n in ("endpoint", "model_arm", "subject_id", "repeat", "score"))
    found: dict[str, list[tuple[int, float]]] = {}
    for endpoint, model_arm, subject, repeat, score in zip(*columns, strict=True):
        if endpoint == cohort.endpoint and model_arm == arm and score is not None:
            found.setdefault(subject, []).append((repeat, score))
    return found


def _list_screened(cohort: Cohort, settings: ModellingSettings) -> Iterator[Biomarker]:
    if not cohort.features:
        return
    for column in FeatureStepsFit(settings)(Inputs(cohort.values, cohort.batches)).columns:
        name = cohort.features[column]
        if name not in settings.candidates:
            yield Biomarker(BiomarkerKind.SCREEN, name, transform_feature(cohort.values[:, column]))
