"""Settings of quality control: what is remarked on, what is excluded, what stops a run."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from radfeat.qc.check_names import MASK_CHECKS, Check
from radfeat.qc.protocol import Protocol

GATE_LIMITS = ("max_failed_share", "max_failed_rois")
"""Fields of ``QcSettings`` that judge the whole run, after every ROI was measured."""


class QcSettings(BaseModel):
    """What the checks compare with. A check only speaks; `exclude` and the gate act."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exclude: tuple[Check, ...] = Field(
        default=(),
        description=(
            "Checks of masks (`mask.small`, `mask.touches_border`, ...) that exclude an ROI where they "
            "speak: it becomes a row with the reason QC_EXCLUDED. Default: none, since what disqualifies "
            "an ROI is for the protocol to say, before the data are seen."
        ),
    )
    protocol: Protocol | None = Field(
        default=None,
        description=(
            "The imaging protocol that the acquisition of each image is held against; a file may hold it: "
            "`protocol_file`. Default: none; the table `acquisition` only lists what the headers tell."
        ),
    )
    max_failed_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description=(
            "Gate: the run stops after the tables (exit code 4) if a greater share of the ROIs has no "
            "features, 0 to 1. Default: no gate; failed ROIs are rows and the report counts them."
        ),
    )
    max_failed_rois: int | None = Field(
        default=None,
        ge=0,
        description="Gate: the same, as a number of ROIs, >= 0. Default: no gate.",
    )
    few_voxels: int = Field(
        default=64,
        ge=1,
        description=(
            "An ROI of fewer voxels is remarked on, >= 1. Default 64: below, texture mostly tells the size."
        ),
    )
    max_spacing_ratio: float = Field(
        default=5.0,
        ge=1,
        allow_inf_nan=False,
        description=(
            "Greatest ratio of two voxel spacings that passes unremarked, >= 1. Default 5: slices of 5 mm "
            "with pixels of 1 mm pass."
        ),
    )
    few_intensities: int = Field(
        default=32,
        ge=2,
        description=(
            "An image with fewer different intensities is remarked on, >= 2. Default 32: scans have "
            "hundreds, label maps and discretised images fewer."
        ),
    )
    few_grey_levels: int = Field(
        default=8,
        ge=1,
        description=(
            "An ROI that spans fewer grey levels at the bin width is remarked on, >= 1; 1 switches the "
            "remark off. Default 8: half of the 16 that texture is usually measured with at the least; with "
            "fewer, it tells where the bins happen to lie."
        ),
    )
    max_air_share: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description=(
            "CT: greatest share of an ROI below -900 HU (air) that passes unremarked, 0 to 1. Default 0.1: a "
            "rim of air in a lung lesion passes, an ROI beside the patient does not."
        ),
    )
    outlier_distance: float = Field(
        default=5.0,
        gt=0,
        allow_inf_nan=False,
        description=(
            "How far from the median of its like, on a log scale and in robust standard deviations (1.4826 x "
            "median absolute deviation), a volume or spacing passes unremarked, > 0. Default 5: about one in "
            "two million by chance, if sizes are log-normal."
        ),
    )
    min_group: int = Field(
        default=8,
        ge=3,
        description=(
            "Fewest images or ROIs of a kind among which outliers are sought, >= 3. Default 8: with "
            "fewer, the median absolute deviation says little."
        ),
    )

    @field_validator("exclude", mode="before")
    @classmethod
    def _exclude_by_masks(cls, names: Any) -> Any:
        """Every name at once, and only checks that can speak before an ROI is measured."""
        odd = (
            [str(name) for name in names if name not in MASK_CHECKS]
            if isinstance(names, list | tuple)
            else []
        )
        if odd:
            raise ValueError(
                f"{', '.join(odd)} cannot exclude an ROI; write some of {', '.join(MASK_CHECKS)}"
            )
        return names
