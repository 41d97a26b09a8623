"""Settings of repeatability: which rows of the image sheet repeat each other, and how that is measured."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1)]


class CvMethod(StrEnum):
    """How the coefficient of variation within subjects is computed."""

    ROOT_MEAN_SQUARE = "root_mean_square"
    """Root of the mean squared ratio of deviation to mean, over subjects."""
    LOG = "log"
    """From the deviation s of logarithms, as sqrt(exp(s^2) - 1): for features whose error is a factor."""


class RepeatabilitySettings(BaseModel):
    """What repeats what; several readers are found by `reader_id`, scans that were repeated are declared."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    retest_timepoints: tuple[Name, ...] = Field(
        default=(),
        description=(
            "Timepoints that are one scan and its repeats, such as [test, retest]. Default: none, for visits "
            "are not repeats unless one says so."
        ),
    )
    retest_images: tuple[Name, ...] = Field(
        default=(),
        description=(
            "Values of `image_id` that are one scan and its repeats at one timepoint, such as [CT, CT-2]; "
            "the first names them in the table. Default: none."
        ),
    )
    readers: tuple[Name, ...] = Field(
        default=(),
        description=(
            "Readers (`reader_id`) who are compared. Default: all. ICC needs subjects drawn by every one, so "
            "name those who drew the same subjects."
        ),
    )
    level: float = Field(
        default=0.95, gt=0.5, lt=1.0, description="Confidence level of every interval, two-sided."
    )
    cv: CvMethod = Field(
        default=CvMethod.ROOT_MEAN_SQUARE,
        description=(
            "Coefficient of variation within subjects: root_mean_square, or log for errors that are factors. "
            "Default: the usual one of test-retest studies."
        ),
    )

    @model_validator(mode="after")
    def _names_are_clear(self) -> Self:
        if self.retest_timepoints and self.retest_images:
            raise ValueError("give retest_timepoints or retest_images, not both: each says what a repeat is")
        for field in ("retest_timepoints", "retest_images", "readers"):
            names = getattr(self, field)
            if len(names) == 1 or len(set(names)) < len(names):
                raise ValueError(f"{field}: name two or more, each once")
        return self
