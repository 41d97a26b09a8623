"""Settings of the filter by repeatability: blind to the outcome, and applied once."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from radfeat.core.vocabulary import IccForm, RepeatSource


class Unestimated(StrEnum):
    """What becomes of a feature whose repeatability could not be estimated."""

    DROP = "drop"
    """It is left out: a feature that is not known to be repeatable is not offered."""
    KEEP = "keep"
    """It is offered all the same, and counted."""


class RepeatabilityFilter(BaseModel):
    """Leave out features whose intraclass correlation may be too low."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: RepeatSource = Field(
        description="Which repeats count: test_retest, readers or perturbation; one source, to be named.",
    )
    icc: IccForm = Field(
        default=IccForm.AGREEMENT,
        description=(
            "icc_1_1 (exchangeable repeats, such as perturbations), icc_2_1 (agreement) or icc_3_1 "
            "(consistency). Default icc_2_1: a shift between readers or scans reaches the model as error."
        ),
    )
    least: float = Field(
        default=0.75,
        ge=-1.0,
        le=1.0,
        description=(
            "A feature is kept if the lower confidence limit of its correlation is at least this. Default "
            "0.75, from which Koo and Li (2016) call reliability good."
        ),
    )
    unestimated: Unestimated = Field(
        default=Unestimated.DROP,
        description="Features without an estimate: drop or keep. Default drop: nothing speaks for them.",
    )
