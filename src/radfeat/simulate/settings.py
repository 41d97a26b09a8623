"""What a simulated trial is like: its size, its planted truth, its scanners, its accidents."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from radfeat.core.vocabulary import Modality


class Truth(StrEnum):
    """Which texture effects are planted in the outcomes; the scans do not depend on it."""

    PREDICTIVE = "predictive"
    """One texture is prognostic in every arm, another alters the effect of treatment."""
    PROGNOSTIC_ONLY = "prognostic_only"
    """One texture is prognostic in every arm; no texture alters the effect of treatment."""
    NULL = "null"
    """No property of a lesion has any effect; treatment and covariates keep theirs."""


class SimulationSettings(BaseModel):
    """Settings of one simulated trial; the same settings give the same trial, subject by subject."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    study_id: str = Field(
        default="SIM",
        min_length=1,
        max_length=32,
        pattern=r"^[^/\\\s]+$",
        description="Study in every key; no blank or slash, because it is also a title.",
    )
    seed: int = Field(
        default=20240229,
        ge=0,
        le=2**63 - 1,
        description="Master seed; every subject has seeds of its own, derived from it. Default: a date.",
    )
    subjects: int = Field(
        default=60,
        ge=1,
        le=100_000,
        description="Subjects randomised. Default 60: small enough for a demonstration in minutes, and with "
        "the default effects large enough to find the interaction. More subjects leave the first ones as "
        "they are.",
    )
    arms: int = Field(
        default=2,
        ge=1,
        le=6,
        description="Treatment arms, equal in size: a control and experimental arms; with one arm, that arm "
        "is experimental. Default 2: the usual trial.",
    )
    sites: int = Field(
        default=3,
        ge=1,
        le=99,
        description="Sites, with unequal accrual and a scanner each. Default 3: the fewest for "
        "leave-one-site-out.",
    )
    modality: Literal[Modality.CT, Modality.MR] = Field(
        default=Modality.CT, description="CT (HU) or MR (arbitrary unit). Default CT: the unit is absolute."
    )
    truth: Truth = Field(
        default=Truth.PREDICTIVE, description="Which texture effects are planted. Default: both kinds."
    )
    broken: int = Field(
        default=0,
        ge=0,
        description="Inputs to break, one subject each, over the sites and the kinds in turn; at most "
        "`subjects`. The other subjects' files do not change. Default 0.",
    )
    lesions: int = Field(
        default=1,
        ge=1,
        le=4,
        description="Lesions (label 1, 2, ...) per image. Default 1: the simplest table.",
    )
    timepoints: int = Field(
        default=1,
        ge=1,
        le=6,
        description="Visits with a scan, 42 days apart: the same lesions, repositioned, with new noise and a "
        "small change of size. Default 1: baseline only.",
    )
    field_xy_mm: float = Field(
        default=48.0,
        ge=44.0,
        le=256.0,
        description="Field of view in x and y, mm. Default 48: 48 voxels of 1 mm hold any lesion.",
    )
    field_z_mm: float = Field(
        default=80.0,
        ge=60.0,
        le=256.0,
        description="Field of view in z, mm, for one lesion; each further lesion adds 36 mm. Default 80: 32 "
        "slices of 2.5 mm.",
    )
    scanner_differences: float = Field(
        default=1.0,
        ge=0.0,
        le=3.0,
        description="How much noise, sharpness and offset differ between scanners (0: all alike, spacing "
        "included; 1: as between maintained scanners under one protocol; 3: no protocol). Default 1.",
    )
    reader_variation_mm: float = Field(
        default=0.4,
        ge=0.0,
        le=3.0,
        description="Standard deviation of the drawn outline about the true one, mm (0: the mask is the "
        "lesion). Default 0.4: below half a voxel.",
    )
    prognostic_log_hr: float = Field(
        default=0.6,
        ge=-3.0,
        le=3.0,
        description="Log hazard ratio per standard deviation of `heterogeneity`, in every arm. Default 0.6 "
        "(hazard ratio 1.8): a strong but credible prognostic marker.",
    )
    predictive_log_hr: float = Field(
        default=-2.0,
        ge=-4.0,
        le=4.0,
        description="Change of the treatment's log hazard ratio per standard deviation of `fine_texture`, in "
        "the first experimental arm. Default -2: far stronger than real markers, so 60 subjects suffice.",
    )
    treatment_log_hr: float = Field(
        default=-0.3,
        ge=-3.0,
        le=3.0,
        description="Log hazard ratio of every experimental arm at average texture. Default -0.3 (0.74).",
    )
    size_log_hr: float = Field(
        default=0.0,
        ge=-3.0,
        le=3.0,
        description="Log hazard ratio per standard deviation of `size`, in every arm. Default 0: noise; a "
        "value other than 0 makes volume a confounder to beat.",
    )
    response_scale: float = Field(
        default=1.0,
        ge=0.0,
        le=5.0,
        description="Log odds of response per unit of lower log hazard. Default 1: both endpoints carry the "
        "same effects, the binary one with less power.",
    )
    shrinkage_scale: float = Field(
        default=10.0,
        ge=0.0,
        le=100.0,
        description="Percentage points of shrinkage per unit of lower log hazard. Default 10: as much as the "
        "deviation of what nothing explains.",
    )
    progression_median_days: float = Field(
        default=250.0,
        gt=0.0,
        le=20_000.0,
        description="Median time to progression of an average control subject, days, if nobody died. Default "
        "250: somewhat before death, which competes.",
    )
    median_days: float = Field(
        default=300.0,
        gt=0.0,
        le=20_000.0,
        description="Median survival of an average control subject, days. Default 300: most die.",
    )
    weibull_shape: float = Field(
        default=1.2,
        ge=0.3,
        le=5.0,
        description="Weibull shape of survival (1: constant hazard). Default 1.2: hazard rises slowly.",
    )
    accrual_days: int = Field(
        default=365,
        ge=1,
        le=10_000,
        description="Days over which subjects enter, evenly at random. Default 365.",
    )
    follow_up_days: int = Field(
        default=1095,
        ge=1,
        le=20_000,
        description="Days from the last entry to the close of the study, when everyone alive is censored. "
        "Default 1095: with the other defaults about four in five die.",
    )
    dropout_per_year: float = Field(
        default=0.03,
        ge=0.0,
        lt=1.0,
        description="Share lost to follow-up per year, independent of everything. Default 0.03.",
    )

    @model_validator(mode="after")
    def _breaks_no_more_than_there_are(self) -> Self:
        if self.broken > self.subjects:
            raise ValueError(f"broken is {self.broken}, but there are only {self.subjects} subjects to break")
        return self
