"""Settings of reading images and masks."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from radfeat.core.vocabulary import Unit


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
