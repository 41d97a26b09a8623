"""Settings of the endpoints: what is foretold, where the clinical sheet holds it, at which times."""

import math
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from radfeat.core.vocabulary import EndpointKind


class TimeUnit(StrEnum):
    """Unit of the times of an endpoint, as the clinical sheet holds them; only landmarks are converted."""

    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"

    @property
    def days(self) -> float:
        """Days in one unit; a year has 365.25."""
        return {"days": 1.0, "weeks": 7.0, "months": 365.25 / 12, "years": 365.25}[self.value]


class HorizonRule(StrEnum):
    """Which horizon stands in where none is declared; blind to arms."""

    MEDIAN_OBSERVED_TIME = "median_observed_time"
    """Median of the observed times, to event or censoring, of all subjects with the endpoint."""


def read_cell(text: str) -> float | str:
    """What a cell is compared by: its number where it is one, for programs write 1 as 1.0; else its text."""
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


class EndpointSettings(BaseModel):
    """One endpoint and where the clinical sheet holds it."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    name: str = Field(min_length=1, description="Name of the endpoint in every table, such as os.")
    kind: EndpointKind = Field(
        default=EndpointKind.TIME_TO_EVENT,
        description="time_to_event (needs `time` and `event`), binary or continuous (either needs `column`).",
    )
    time: str | None = Field(
        default=None, description="Column with the time to event or censoring, from randomisation, >= 0."
    )
    event: str | None = Field(default=None, description="Column that says whether the time ends in an event.")
    event_values: tuple[str, ...] = Field(
        default=("1",), min_length=1, description="Cells of `event` that mean event; 1 is the usual code."
    )
    censored_values: tuple[str, ...] = Field(
        default=("0",), min_length=1, description="Cells of `event` that mean censored; 0 is the usual code."
    )
    competing_values: tuple[str, ...] = Field(
        default=(),
        description=(
            "Cells of `event` that mean a competing event, after which the event cannot come, such as death "
            "without progression. Models are then cause-specific (it censors), and cumulative incidences "
            "stand for Kaplan-Meier curves. None by default: nothing competes."
        ),
    )
    column: str | None = Field(default=None, description="Column of a binary or continuous endpoint.")
    positive_values: tuple[str, ...] = Field(
        default=("1",),
        min_length=1,
        description="Cells of `column` that mean the positive class, such as CR, PR.",
    )
    negative_values: tuple[str, ...] = Field(
        default=("0",),
        min_length=1,
        description="Cells of `column` that mean the negative class, such as SD, PD.",
    )
    time_unit: TimeUnit = Field(
        default=TimeUnit.DAYS,
        description="Unit of `time`: days, weeks, months or years; a label, and the unit of landmarks.",
    )
    horizons: tuple[float, ...] = Field(
        default=(),
        description=(
            "Times (time_to_event, unit of `time`, above 0, ascending) at which AUC, Brier score, "
            "calibration, net benefit and restricted means are given. None: one, by `horizon_rule`. Which "
            "matter is a clinical decision."
        ),
    )
    horizon_rule: HorizonRule = Field(
        default=HorizonRule.MEDIAN_OBSERVED_TIME,
        description="The horizon where none is declared; half of the subjects are observed so long.",
    )
    uno_truncation: float | None = Field(
        default=None,
        gt=0.0,
        description=(
            "Time (unit of `time`, above 0) from which on events no longer count in Uno's C, because few are "
            "left under observation. None: the last horizon."
        ),
    )
    thresholds: tuple[float, float] = Field(
        default=(0.01, 0.99),
        description=(
            "Least and greatest threshold risk of the decision curves, 0.01 to 0.99. All by default: at "
            "which risk one would treat is a clinical decision."
        ),
    )

    @model_validator(mode="after")
    def _columns_fit_the_kind(self) -> Self:
        survival = self.kind is EndpointKind.TIME_TO_EVENT
        if survival and (not self.time or not self.event or self.column):
            raise ValueError(f"endpoint {self.name}: time_to_event needs `time` and `event`, and no `column`")
        if not survival and (not self.column or self.time or self.event):
            raise ValueError(
                f"endpoint {self.name}: {self.kind.value} needs `column`, and neither `time` nor `event`"
            )
        if survival and self.time == self.event:
            raise ValueError(f"endpoint {self.name}: `time` and `event` are one column, {self.time}")
        told = (self.yes_values, self.no_values, self.competing_values)
        meanings = [{read_cell(cell) for cell in cells} for cells in told]
        if len(set().union(*meanings)) < sum(map(len, meanings)):
            raise ValueError(f"endpoint {self.name}: one cell value means two things")
        if self.competing_values and not survival:
            raise ValueError(f"endpoint {self.name}: only time_to_event has `competing_values`")
        if not survival and (self.horizons or self.uno_truncation):
            raise ValueError(f"endpoint {self.name}: only time_to_event has `horizons` and `uno_truncation`")
        return self

    @model_validator(mode="after")
    def _horizons_and_thresholds_ascend(self) -> Self:
        if any(not 0 < h < math.inf for h in self.horizons) or list(self.horizons) != sorted(
            set(self.horizons)
        ):
            raise ValueError(f"endpoint {self.name}: `horizons` must be above 0 and ascend")
        lo, hi = self.thresholds
        if not 0.01 <= lo < hi <= 0.99:
            raise ValueError(f"endpoint {self.name}: `thresholds` must ascend within 0.01 to 0.99")
        return self

    @model_validator(mode="after")
    def _competing_events_have_no_horizons(self) -> Self:
        if self.competing_values and (self.horizons or self.uno_truncation):
            raise ValueError(
                f"endpoint {self.name}: `horizons` and `uno_truncation` ask for risks that take competing "
                "events for censorings; leave them out where `competing_values` are declared"
            )
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the clinical sheet that hold the outcome."""
        return tuple(c for c in (self.time, self.event, self.column) if c is not None)

    @property
    def flag_column(self) -> str:
        """The column that says event or positive class."""
        return str(self.event if self.kind is EndpointKind.TIME_TO_EVENT else self.column)

    @property
    def yes_values(self) -> tuple[str, ...]:
        """Cells that mean event, or positive class."""
        return self.event_values if self.kind is EndpointKind.TIME_TO_EVENT else self.positive_values

    @property
    def no_values(self) -> tuple[str, ...]:
        """Cells that mean censored, or negative class."""
        return self.censored_values if self.kind is EndpointKind.TIME_TO_EVENT else self.negative_values
