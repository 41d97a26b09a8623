"""The clinical sheet: arms, outcomes and covariates, read whole or refused with every fault at once."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from radfeat.core.errors import SettingsError, TableError
from radfeat.core.vocabulary import EndpointKind
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.settings import CovariateKind, CovariateSettings, ModellingSettings
from radfeat.tables.sheet_schemas import CLINICAL_SHEET
from radfeat.tables.sheets import Sheet, SheetFault, SheetRow, parse_number, read_sheet


@dataclass(frozen=True, slots=True)
class SubjectOutcome:
    """Outcome of a subject for one endpoint; ``time`` is NaN for a binary endpoint."""

    time: float
    event: bool


@dataclass(frozen=True, slots=True)
class ClinicalRow:
    """One subject: None stands for a missing outcome or covariate."""

    subject_id: str
    arm: str
    outcomes: Mapping[str, SubjectOutcome | None]
    covariates: Mapping[str, float | str | None]


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
        faults += [item for item in parsed if isinstance(item, SheetFault)]
        rows += [item for item in parsed if isinstance(item, ClinicalRow)]
    if faults:
        _raise(faults)
    return ClinicalSheet(tuple(sorted(rows, key=lambda r: r.subject_id)))


def _raise(faults: Sequence[SheetFault]) -> None:
    ordered = sorted(dict.fromkeys(faults), key=lambda f: f.line)
    raise TableError("\n".join(fault.sentence for fault in ordered).removesuffix("."))


def _check_columns(sheet: Sheet, file: str, settings: ModellingSettings) -> Iterator[SheetFault]:
    if not sheet.columns:
        return
    wanted = {c.column: "modelling.covariates" for c in settings.covariates}
    for endpoint in settings.endpoints:
        names = [n for n in (endpoint.time, endpoint.event, endpoint.column) if n]
        wanted.update(dict.fromkeys(names, f"endpoint {endpoint.name}"))
    for name, where in wanted.items():
        if name not in sheet.columns:
            yield SheetFault(
                file, 1, name, "", f"the column is missing that {where} names", "Add it, or mend the settings"
            )


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
    return faults or [ClinicalRow(row.cells["subject_id"], arm, outcomes, covariates)]


def _parse_covariate(row: SheetRow, covariate: CovariateSettings) -> float | str | SheetFault | None:
    if covariate.kind is CovariateKind.CATEGORICAL:
        return row.cells.get(covariate.column) or None
    value = parse_number(row, covariate.column)
    if isinstance(value, SheetFault):
        hint = f"{value.remedy}; if the column is text, declare it as categorical"
        return SheetFault(value.file, value.line, value.column, value.value, value.problem, hint)
    return value


def _parse_outcome(row: SheetRow, endpoint: EndpointSettings) -> SubjectOutcome | list[SheetFault] | None:
    flag = _parse_flag(row, endpoint)
    if endpoint.kind is EndpointKind.BINARY:
        if isinstance(flag, SheetFault):
            return [flag]
        return None if flag is None else SubjectOutcome(math.nan, flag)
    time = _parse_time(row, str(endpoint.time))
    faults = [item for item in (time, flag) if isinstance(item, SheetFault)]
    if faults:
        return faults
    if time is None and flag is None:
        return None
    if time is None or flag is None or isinstance(time, SheetFault) or isinstance(flag, SheetFault):
        empty = str(endpoint.time if time is None else endpoint.event)
        problem = f"endpoint {endpoint.name} has only one of time and event"
        return [SheetFault(row.file, row.line, empty, "", problem, "Fill both in, or leave both empty")]
    return SubjectOutcome(time, flag)


def _parse_time(row: SheetRow, column: str) -> float | SheetFault | None:
    time = parse_number(row, column)
    if isinstance(time, float) and time < 0:
        text = row.cells[column]
        remedy = "Count from randomisation; a subject with the event before it cannot enter"
        return SheetFault(row.file, row.line, column, text, "the time is negative", remedy)
    return time


def _parse_flag(row: SheetRow, endpoint: EndpointSettings) -> bool | SheetFault | None:
    column = endpoint.flag_column
    text = row.cells.get(column, "")
    if not text:
        return None
    if any(_same(text, value) for value in endpoint.yes_values):
        return True
    if any(_same(text, value) for value in endpoint.no_values):
        return False
    yes, no = " or ".join(endpoint.yes_values), " or ".join(endpoint.no_values)
    remedy = f"Write {yes}, or {no}, or declare the value for endpoint {endpoint.name}"
    problem = f"neither {yes} nor {no}, as endpoint {endpoint.name} has it"
    return SheetFault(row.file, row.line, column, text, problem, remedy)


def _same(text: str, value: str) -> bool:
    """Equal as texts or as numbers: programs write 1 as 1.0 where the column has empty cells."""
    if text == value:
        return True
    try:
        return float(text) == float(value)
    except ValueError:
        return False
