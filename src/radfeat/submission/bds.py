"""Scores, strata and locked features as one data set in the manner of ADaM's BDS: a row per value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from radfeat.submission.dataset import Dataset, Value, Variable, VariableType

DATASET_NAME = "ADRAD"
DATASET_LABEL = "Radiomics Analysis Data Set"


class Category(StrEnum):
    """What an analysis value is."""

    SCORE = "SCORE"
    STRATUM = "STRATUM"
    FEATURE = "FEATURE"


class Missing(StrEnum):
    """Why an analysis value is missing."""

    NO_MODEL = "NO MODEL"
    """The fold has no model, or the model cannot score the subject."""
    NO_STRATUM = "NO STRATUM"
    """No repeat gave the subject a stratum."""
    UNDEFINED = "UNDEFINED"
    """The feature is not defined for the region, at one visit at least."""
    ZERO_BASE = "ZERO BASELINE"
    NOT_POSITIVE = "NOT POSITIVE"
    """A value of which the logarithm is asked is not positive."""
    NO_INTERVAL = "NO INTERVAL"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One PARAMCD; ``source`` is the predictor, or the table that the value was read from.

    ``used_in`` names the models (endpoint/arm) in which a feature has a coefficient; ``derivation`` says in
    one sentence how the value came about.
    """

    code: str
    text: str
    category: Category
    source: str
    derivation: str
    unit: str = "1"
    endpoint: str | None = None
    model_arm: str | None = None
    ibsi_code: str | None = None
    ibsi_deviation: str | None = None
    used_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """One subject, and the region that stands for it where there is one."""

    study_id: str
    site_id: str
    subject_id: str
    arm: str
    visit: str | None = None
    day: float | None = None
    roi_id: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One analysis value of a subject; ``own`` says whether the model was fitted in the subject's own arm."""

    subject: Subject
    parameter: Parameter
    value: float | None
    text: str | None = None
    missing: Missing | None = None
    repeat: int | None = None
    fold: int | None = None
    own: bool | None = None


_TEXT, _FLOAT, _INTEGER = VariableType.TEXT, VariableType.FLOAT, VariableType.INTEGER
_FROM_SHEET = "Image sheet, column {}."
VARIABLES = (
    Variable("STUDYID", "Study Identifier", _TEXT, _FROM_SHEET.format("study_id"), key=1),
    Variable("USUBJID", "Unique Subject Identifier", _TEXT, "STUDYID, a hyphen and SUBJID.", key=2),
    Variable("SUBJID", "Subject Identifier for the Study", _TEXT, _FROM_SHEET.format("subject_id")),
    Variable("SITEID", "Study Site Identifier", _TEXT, _FROM_SHEET.format("site_id")),
    Variable("TRTP", "Planned Treatment", _TEXT, "Clinical sheet, column of the arm."),
    Variable("PARCAT1", "Parameter Category 1", _TEXT, "Assigned.", codes=tuple(Category)),
    Variable("PARAMCD", "Parameter Code", _TEXT, "Assigned; see parameters.csv.", key=3),
    Variable("PARAM", "Parameter", _TEXT, "Assigned; the unit stands in parentheses."),
    Variable("ENDPT", "Endpoint of the Model", _TEXT, "Settings, modelling.endpoints."),
    Variable("MODARM", "Arm the Model Was Fitted In", _TEXT, "Settings, modelling.arms."),
    Variable("ASEQ", "Analysis Sequence Number", _INTEGER, "Number of the row within the subject.", key=4),
    Variable("AVAL", "Analysis Value", _FLOAT, "By parameter; of a stratum 0 (LOW) or 1 (HIGH)."),
    Variable("AVALC", "Analysis Value (C)", _TEXT, "Stratum in words; else missing.", codes=("LOW", "HIGH")),
    Variable(
        "MISSREAS", "Reason Analysis Value Is Missing", _TEXT, "Derived; see the guide.", codes=tuple(Missing)
    ),
    Variable("AVISIT", "Analysis Visit", _TEXT, _FROM_SHEET.format("timepoint")),
    Variable("ADY", "Analysis Relative Day", _FLOAT, _FROM_SHEET.format("day")),
    Variable("ROIID", "Region That Was Measured", _TEXT, "Table rois, roi_id."),
    Variable("CVREP", "Repeat of the Cross-Validation", _INTEGER, "Table predictions, repeat."),
    Variable("CVFOLD", "Fold Whose Model Gave the Score", _INTEGER, "Table predictions, fold."),
    Variable(
        "ANL01FL", "Analysis Flag 01", _TEXT, "Y where MODARM is the subject's own arm.", codes=("Y", "N")
    ),
)


def build_bds(records: Iterable[Record]) -> Dataset:
    """The data set of some records, sorted by study, subject, parameter and repeat."""
    ordered = sorted(records, key=_place)
    numbers: dict[tuple[str, str], int] = {}
    rows = []
    for record in ordered:
        who = record.subject.study_id, record.subject.subject_id
        numbers[who] = numbers.get(who, 0) + 1
        rows.append(_build_row(record, numbers[who]))
    return Dataset(DATASET_NAME, DATASET_LABEL, VARIABLES, tuple(rows))


def _place(record: Record) -> tuple[str, str, int, str, int]:
    category = list(Category).index(record.parameter.category)
    who = record.subject.study_id, record.subject.subject_id
    return (*who, category, record.parameter.code, record.repeat or 0)


def _build_row(record: Record, number: int) -> tuple[Value, ...]:
    subject, parameter = record.subject, record.parameter
    flag = None if record.own is None else "NY"[record.own]
    missing = None if record.missing is None else record.missing.value
    return (
        *(subject.study_id, f"{subject.study_id}-{subject.subject_id}", subject.subject_id),
        *(subject.site_id, subject.arm, parameter.category.value, parameter.code, parameter.text),
        *(parameter.endpoint, parameter.model_arm, number, record.value, record.text, missing),
        *(subject.visit, subject.day, subject.roi_id, record.repeat, record.fold, flag),
    )


def count_missing(records: Sequence[Record]) -> Mapping[tuple[Category, Missing], int]:
    """How many values are missing, by category and reason."""
    counts: dict[tuple[Category, Missing], int] = {}
    for record in records:
        if record.missing is not None:
            key = record.parameter.category, record.missing
            counts[key] = counts.get(key, 0) + 1
    return counts
