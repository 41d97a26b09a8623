"""Settings of change between two visits: which visits, which kinds of change, which lesions."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class DeltaKind(StrEnum):
    """How the change of a feature from baseline f0 to follow-up f1 is measured."""

    ABSOLUTE = "absolute"
    """f1 - f0, in the feature's unit."""
    RELATIVE = "relative"
    """(f1 - f0) / f0, undefined where f0 = 0; its sign turns where f0 is negative (as ADaM's PCHG)."""
    LOG_RATIO = "log_ratio"
    """ln(f1 / f0), undefined unless both are positive; symmetric: halving is minus doubling."""
    PER_WEEK = "per_week"
    """(f1 - f0) / weeks between the two images, undefined where a study day is not known."""


class UnmatchedLesions(StrEnum):
    """What becomes of a lesion that has features at one of the two visits only."""

    LEAVE_OUT = "leave_out"
    """It enters neither visit; ``subjects.note`` names it."""
    EXCLUDE_SUBJECT = "exclude_subject"
    """Its subject enters no model; ``subjects.excluded`` names the lesion."""
    EACH_VISIT = "each_visit"
    """Lesions are not matched: each visit is combined by the lesion rule from its own."""


class DeltaSettings(BaseModel):
    """Predictors are the changes of features from a baseline to a follow-up visit, not their values."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    baseline: str = Field(min_length=1, description="Timepoint of the first image, as images.csv names it.")
    followup: str = Field(min_length=1, description="Timepoint of the second image.")
    kinds: tuple[DeltaKind, ...] = Field(
        default=(DeltaKind.LOG_RATIO,),
        min_length=1,
        description=(
            "Which changes become predictors: absolute, relative, log_ratio, per_week. log_ratio by default: "
            "it is symmetric, and most features are positive. Each kind multiplies the number of predictors."
        ),
    )
    unmatched: UnmatchedLesions = Field(
        default=UnmatchedLesions.LEAVE_OUT,
        description=(
            "A lesion (roi and lesion_id) with features at one visit only: leave_out, exclude_subject, or "
            "each_visit (no matching). leave_out by default: a change is that of one lesion."
        ),
    )
    landmark_day: float | None = Field(
        default=None,
        gt=0.0,
        allow_inf_nan=False,
        description=(
            "Study day (day 0: where the endpoint's time begins) from which times to event are counted. "
            "Without it the day of each subject's follow-up image. Subjects with event or censoring up to it "
            "are left out, and with it also those whose follow-up image is later."
        ),
    )

    @model_validator(mode="after")
    def _visits_and_kinds_differ(self) -> Self:
        if self.baseline == self.followup:
            raise ValueError(f"delta: baseline and followup are both {self.baseline}")
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError("delta: a kind is named twice")
        return self
