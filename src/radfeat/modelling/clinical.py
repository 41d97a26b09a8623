"""The clinical sheet: arms, outcomes and covariates, read whole or refused with every fault at once."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import numpy as np

from radfeat.core.errors import SettingsError, TableError
from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.endpoint_settings import EndpointSettings, read_cell
from radfeat.modelling.outcomes import Outcomes
from radfeat.modelling.settings import CovariateKind, CovariateSettings, ModellingSettings
from radfeat.tables.sheet_schemas import CLINICAL_SHEET
from radfeat.tables.sheets import Sheet, SheetFault, SheetRow, parse_number, read_sheet


class Ending(Enum):
    """What a cell of the event column, or of a binary endpoint, means."""

    EVENT = auto()
    """The event, or the positive class."""
    NONE = auto()
    """Censored, or the negative class."""
    COMPETING = auto()


@dataclass(frozen=True, slots=True)
class SubjectOutcome:
    """Outcome of a subject for one endpoint; ``time`` is NaN unless it is a time to event.

    ``competing`` says whether the time ends in a competing event; ``value`` is that of a continuous endpoint.
    """

    time: float
    event: bool
    competing: bool = False
    value: float = math.nan


@dataclass(frozen=True, slots=True)
class ClinicalRow:
    """One subject: None stands for a missing outcome or covariate; ``levels`` are of the stratification."""

    subject_id: str
    arm: str
    outcomes: Mapping[str, SubjectOutcome | None]
    covariates: Mapping[str, float | str | None]
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClinicalSheet:
    """The subjects of the clinical sheet, by subject identifier."""

    rows: tuple[ClinicalRow, ...]


def read_clinical_sheet(path: Path, settings: ModellingSettings) -> ClinicalSheet:
    """Read arms, outcomes and covariates as the settings declare them.

    A missing outcome is legal (both cells of a time-to-event endpoint empty): the subject then does not enter
    that endpoint, and the table ``subjects`` says so where it enters none.

    Raises
    ------
    SettingsError
        The settings declare no arms or no endpoints.
    TableError
        The sheet has faults; the message holds every one, one to a line.
    """
    if not settings.arms or not settings.endpoints:
        raise SettingsError(
            "there is nothing to analyse",
            key="modelling",
            remedy="Declare modelling.arms and modelling.endpoints",
        )
    sheet = read_sheet(path, CLINICAL_SHEET)
    faults = [*sheet.faults, *_check_columns(sheet, path.name, settings)]
    if not sheet.columns:
        _raise(faults)
    rows: list[ClinicalRow] = []
    for row in sheet.rows:
        parsed = _parse_row(row, settings)
        # Of a column that is missing one fault is enough; each row would have another.
        faults += [f for f in parsed if isinstance(f, SheetFault) and f.column in sheet.columns]
        rows += [item for item in parsed if isinstance(item, ClinicalRow)]
    if faults:
        _raise(faults)
    return ClinicalSheet(tuple(sorted(rows, key=lambda r: r.subject_id)))


def stack_outcomes(rows: Sequence[ClinicalRow], endpoint: EndpointSettings, *, stratified: bool) -> Outcomes:
    """Outcomes of some subjects for one endpoint, in the order of the rows; NaN and no event if missing."""
    found = [row.outcomes[endpoint.name] for row in rows]
    values = np.array([math.nan if o is None else o.value for o in found], dtype=np.float64)
    competing = np.array([o is not None and o.competing for o in found], dtype=np.bool_)
    return Outcomes(
        endpoint.kind,
        np.array([math.nan if o is None else o.time for o in found], dtype=np.float64),
        np.array([o is not None and o.event for o in found], dtype=np.bool_),
        values if endpoint.kind is EndpointKind.CONTINUOUS else None,
        competing if endpoint.competing_values else None,
        tuple(row.levels for row in rows) if stratified else None,
    )


def _raise(faults: Sequence[SheetFault]) -> None:
    ordered = sorted(dict.fromkeys(faults), key=lambda f: f.line)
    raise TableError("\n".join(fault.sentence for fault in ordered).removesuffix("."))


def _check_columns(sheet: Sheet, file: str, settings: ModellingSettings) -> Iterator[SheetFault]:
    if not sheet.columns:
        return
    wanted = {c.column: "modelling.covariates" for c in settings.covariates}
    wanted.update(dict.fromkeys(settings.stratification, "modelling.stratification"))
    for endpoint in settings.endpoints:
        wanted.update(dict.fromkeys(endpoint.columns, f"endpoint {endpoint.name}"))
    for name, where in wanted.items():
        if name not in sheet.columns:
            yield SheetFault(
                file, 1, name, "", f"the column is missing that {where} names", "Add it, or mend the settings"
            )
        elif where == "modelling.covariates" and sheet.rows and not any(r.cells[name] for r in sheet.rows):
            # Left to itself it would be dropped, and models said to be adjusted for it would not be.
            problem = f"the covariate is empty for every one of {len(sheet.rows)} subjects"
            yield SheetFault(file, 1, name, "", problem, "Fill it in, or take it from modelling.covariates")


def _parse_row(row: SheetRow, settings: ModellingSettings) -> list[SheetFault | ClinicalRow]:
    faults: list[SheetFault | ClinicalRow] = []
    arm = row.cells["arm"]
    if arm and arm not in settings.arms:
        remedy = f"Write one of {', '.join(settings.arms)}, or declare the arm in modelling.arms"
        faults.append(SheetFault(row.file, row.line, "arm", arm, "the arm is not declared", remedy))
    outcomes: dict[str, SubjectOutcome | None] = {}
    for endpoint in settings.endpoints:
        outcome = _parse_outcome(row, endpoint)
        if isinstance(outcome, list):
            faults += outcome
        else:
            outcomes[endpoint.name] = outcome
    covariates: dict[str, float | str | None] = {}
    for covariate in settings.covariates:
        value = _parse_covariate(row, covariate)
        if isinstance(value, SheetFault):
            faults.append(value)
        else:
            covariates[covariate.column] = value
    levels = tuple(row.cells.get(column, "") for column in settings.stratification)
    faults += [
        _miss_level(row, c) for c, level in zip(settings.stratification, levels, strict=True) if not level
    ]
    return faults or [ClinicalRow(row.cells["subject_id"], arm, outcomes, covariates, levels)]


def _miss_level(row: SheetRow, column: str) -> SheetFault:
    problem = "the stratum of the randomisation is missing"
    remedy = "Fill it in: no subject can be randomised without, or mend modelling.stratification"
    return SheetFault(row.file, row.line, column, "", problem, remedy)


def _parse_covariate(row: SheetRow, covariate: CovariateSettings) -> float | str | SheetFault | None:
    if covariate.kind is CovariateKind.CATEGORICAL:
        return row.cells.get(covariate.column) or None
    value = parse_number(row, covariate.column)
    if isinstance(value, SheetFault):
        hint = f"{value.remedy}; if the column is text, declare it as categorical"
        return SheetFault(value.file, value.line, value.column, value.value, value.problem, hint)
    return value


def _parse_outcome(row: SheetRow, endpoint: EndpointSettings) -> SubjectOutcome | list[SheetFault] | None:
    if endpoint.kind is EndpointKind.CONTINUOUS:
        return _parse_value(row, str(endpoint.column))
    ending = _parse_ending(row, endpoint)
    if endpoint.kind is EndpointKind.BINARY:
        if isinstance(ending, SheetFault):
            return [ending]
        return None if ending is None else SubjectOutcome(math.nan, ending is Ending.EVENT)
    time = _parse_time(row, str(endpoint.time))
    faults = [item for item in (time, ending) if isinstance(item, SheetFault)]
    if faults:
        return faults
    if time is None and ending is None:
        return None
    if time is None or ending is None or isinstance(time, SheetFault) or isinstance(ending, SheetFault):
        empty = str(endpoint.time if time is None else endpoint.event)
        problem = f"endpoint {endpoint.name} has only one of time and event"
        return [SheetFault(row.file, row.line, empty, "", problem, "Fill both in, or leave both empty")]
    return SubjectOutcome(time, ending is Ending.EVENT, ending is Ending.COMPETING)


def _parse_value(row: SheetRow, column: str) -> SubjectOutcome | list[SheetFault] | None:
    value = parse_number(row, column)
    if isinstance(value, SheetFault):
        return [value]
    return None if value is None else SubjectOutcome(math.nan, False, value=value)


def _parse_time(row: SheetRow, column: str) -> float | SheetFault | None:
    time = parse_number(row, column)
    if isinstance(time, float) and time < 0:
        text = row.cells[column]
        remedy = "Count from randomisation; a subject with the event before it cannot enter"
        return SheetFault(row.file, row.line, column, text, "the time is negative", remedy)
    return time


def _parse_ending(row: SheetRow, endpoint: EndpointSettings) -> Ending | SheetFault | None:
    column = endpoint.flag_column
    text = row.cells.get(column, "")
    if not text:
        return None
    meanings = (
        (Ending.EVENT, endpoint.yes_values),
        (Ending.NONE, endpoint.no_values),
        (Ending.COMPETING, endpoint.competing_values),
    )
    for ending, values in meanings:
        if read_cell(text) in {read_cell(value) for value in values}:
            return ending
    told = [" or ".join(values) for _, values in meanings if values]
    remedy = f"Write {', or '.join(told)}, or declare the value for endpoint {endpoint.name}"
    head = f"neither {told[0]} nor {told[1]}" if len(told) == 2 else f"none of {', '.join(told)}"
    return SheetFault(row.file, row.line, column, text, f"{head}, as endpoint {endpoint.name} has it", remedy)
