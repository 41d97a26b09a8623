"""Settings of reading images and masks."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from radfeat.core.vocabulary import SpacingPrecision, Suv, Unit


class RoiPattern(BaseModel):
    """What sites call one ROI in their structure sets and segmentations."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roi: str = Field(min_length=1, description="Name of the ROI in the column `roi` of the image sheet.")
    pattern: str = Field(
        min_length=1,
        description=(
            "Regular expression for the names that sites give to it, such as `gtv[-_ ]?1?`. It must match "
            "the whole name; capitals and small letters are alike."
        ),
    )
    role: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Role of the ROI, as in the column `role`. A row whose `roi` stands in no entry takes the "
            "patterns of its role. Default: none."
        ),
    )

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"'{pattern}' is no regular expression: {error}") from None
        return pattern


class IngestSettings(BaseModel):
    """What is accepted at the door. Nothing is ever resampled, cast or rescaled here to make it fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    geometry_tolerance_mm: float = Field(
        default=0.001,
        ge=0,
        le=10,
        allow_inf_nan=False,
        description=(
            "How far spacing and origin of a mask may lie from the image's, in mm, 0 to 10; 0 means equal. "
            "Default 0.001: rounding in file headers stays below, and 512 voxels drift by no more than half "
            "a voxel of 1 mm. A mask within the tolerance is taken voxel for voxel and a finding says so; "
            "beyond it the ROI fails. (`geometryTolerance` of PyRadiomics is a fraction of the spacing.)"
        ),
    )
    direction_tolerance: float = Field(
        default=1e-4,
        ge=0,
        le=0.1,
        allow_inf_nan=False,
        description=(
            "How far each direction cosine of a mask may lie from the image's, 0 to 0.1. Default 0.0001: "
            "NIfTI rounds directions by less, and the far end of 500 mm moves by 0.05 mm."
        ),
    )
    nifti_transform_tolerance_mm: float = Field(
        default=0.1,
        ge=0,
        allow_inf_nan=False,
        description=(
            "How far, in mm, the outermost voxels may lie from where each transform of a NIfTI header "
            "(qform, sform) puts them, >= 0. Default 0.1: rounding stays below, two transforms that "
            "disagree do not. Raise it to take such files as SimpleITK takes them."
        ),
    )
    pet_unit: Literal[Unit.ARBITRARY, Unit.SUVBW] = Field(
        default=Unit.ARBITRARY,
        description=(
            "Unit of the intensities of PT images: `SUVbw` where they were converted before, else "
            "`arbitrary`. NIfTI, NRRD and MetaImage do not say; so nothing is assumed by default."
        ),
    )
    suv: Suv = Field(
        default=Suv.BODY_WEIGHT,
        description=(
            "What the uptake of a DICOM PET in Bq/ml is normalised to: `SUVbw` body weight (the default, and "
            "the unit of nearly all published signatures), `SUVlbm` lean body mass after Janmahasatian, "
            "`SUVlbm-james` after James, `SUVbsa` body surface area after Du Bois. A PET that is SUV already "
            "must be of this kind. What the conversion needs and the headers lack refuses the image."
        ),
    )
    stack_tolerance_mm: float = Field(
        default=0.05,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description=(
            "How far a DICOM slice may lie from its even place in the stack, along it or sideways, in mm, "
            "0 to 1; along it a hundredth of the slices' distance is always allowed. Default 0.05: positions "
            "rounded to two decimals stay below; a missing slice, a tilted gantry or another spacing do not. "
            "Beyond it the image fails; nothing is resampled to fit."
        ),
    )
    spacing_precision: SpacingPrecision = Field(
        default=SpacingPrecision.DOUBLE,
        description=(
            "To how many digits the spacing of DICOM voxels is kept: `double`, as the headers give it, or "
            "`float32`, as NIfTI headers hold it. Default `double`: nothing is rounded. With `float32` a "
            "DICOM series and its conversion to NIfTI give the same features to 1e-9, else to about 1e-7; "
            "choose it where one study has both."
        ),
    )
    slice_jump_factor: float = Field(
        default=1.2,
        gt=1,
        allow_inf_nan=False,
        description=(
            "By which factor the mean intensity of a DICOM slice may exceed, or stay below, those of both "
            "its neighbours before a finding says so, > 1. Default 1.2: in 25 sound CT, MR and PET series "
            "slices stay below 1.05, one with a damaged rescale slope does not. Nothing is excluded for it."
        ),
    )
    rois: tuple[RoiPattern, ...] = Field(
        default=(),
        description=(
            "Patterns for the names of ROIs in DICOM structure sets and segmentations, used where the "
            "column `label` of the image sheet is empty; exactly one region of the file must match. "
            "Default: none; a file must then hold one region, or the sheet name it."
        ),
    )
    slice_tolerance_mm: float = Field(
        default=0.1,
        ge=0,
        le=10,
        allow_inf_nan=False,
        description=(
            "How far, in mm, 0 to 10, the points of a contour may lie out of a plane parallel to the slices, "
            "and a frame of a DICOM segmentation out of its slice; never more than a quarter of the distance "
            "between slices. Default 0.1: coordinates are often rounded to 0.1 mm. A contour that is tilted "
            "further is refused, and so are contours of several planes on one slice, unless they are islands "
            "within a quarter of the slices' distance. Others go to the nearest slice, with a finding."
        ),
    )
    fractional_threshold: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description=(
            "Voxels of a fractional DICOM segmentation belong to the ROI from this probability or occupancy "
            "on, above 0, up to 1. Default 0.5: more likely in than out, or at least half filled. A finding "
            "says so."
        ),
    )

    @model_validator(mode="after")
    def _names_each_roi_once(self) -> Self:
        names = [entry.roi for entry in self.rois]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(
                f"rois: several patterns for {', '.join(twice)}; join them with | into one pattern"
            )
        return self
