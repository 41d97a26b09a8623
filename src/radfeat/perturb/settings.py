"""Settings of the perturbations: how often, how far, and of whom."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Name = Annotated[str, Field(min_length=1)]


class NoiseKind(StrEnum):
    """Where the standard deviation of the added noise comes from."""

    NONE = "none"
    """No noise is added."""
    ESTIMATED = "estimated"
    """From the image around the ROI, by its finest diagonal wavelet coefficients."""
    DECLARED = "declared"
    """From `noise_sd`, for images of one unit and protocol."""


class MoveInterpolator(StrEnum):
    """How intensities are found where an image is turned or shifted."""

    LINEAR = "linear"
    """Between the eight voxels around: no overshoot, smooths."""
    CUBIC = "cubic"
    """Cubic B-spline: smooths little, may overshoot at edges."""


class PerturbSettings(BaseModel):
    """Every perturbed measurement is one chain: turn and shift, add noise, change the volume, redraw."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    repeats: int = Field(
        default=0,
        ge=0,
        le=1000,
        description=(
            "Perturbed measurements of each ROI; 0 switches perturbation off, 1 repeats nothing and is "
            "refused. Off by default: each costs as much time as measuring the ROI once."
        ),
    )
    rotation_deg: float = Field(
        default=10.0,
        ge=0,
        le=180,
        allow_inf_nan=False,
        description=(
            "Greatest angle, degrees, about the axis across slices through the ROI's centre; drawn evenly to "
            "both sides. Default 10: as far as a subject may lie askew in another scan."
        ),
    )
    translation_voxels: float = Field(
        default=0.5,
        ge=0,
        le=10,
        allow_inf_nan=False,
        description=(
            "Greatest shift along each axis, voxels; drawn evenly to both sides. Default 0.5: where the grid "
            "falls is chance, and half a voxel is all that it can matter."
        ),
    )
    interpolator: MoveInterpolator = Field(
        default=MoveInterpolator.CUBIC,
        description=(
            "Interpolation of the turned and shifted image; masks are interpolated linearly and cut at one "
            "half. Default: the one that smooths least."
        ),
    )
    noise: NoiseKind = Field(
        default=NoiseKind.ESTIMATED,
        description="Gaussian noise added to the image: none, as much as it has (default), or as declared.",
    )
    noise_sd: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Standard deviation of declared noise, in the image's own unit, > 0.",
    )
    volume_change: float = Field(
        default=0.1,
        ge=0,
        lt=1,
        description=(
            "Greatest share by which the ROI grows or shrinks at its rim; drawn evenly to both sides. "
            "Default 0.1: some readers draw generously, some tightly."
        ),
    )
    contour_sd_mm: float = Field(
        default=1.0,
        ge=0,
        le=50,
        allow_inf_nan=False,
        description=(
            "Standard deviation, mm, of the distance by which the surface is moved, place by place. Default "
            "1: about what readers differ by on CT."
        ),
    )
    contour_smoothness_mm: float = Field(
        default=5.0,
        gt=0,
        le=200,
        allow_inf_nan=False,
        description=(
            "Deviation, mm, of the Gaussian with which that distance is smoothed, > 0: places closer than "
            "this move together. Default 5: a hand does not jitter from voxel to voxel."
        ),
    )
    margin_mm: float = Field(
        default=30.0,
        ge=1,
        le=500,
        allow_inf_nan=False,
        description=(
            "How far around the ROI the image is altered, mm; beyond it stays as read. Default 30: beyond "
            "the reach of the usual filters (LoG of 5 mm sees 20 mm)."
        ),
    )
    subjects: int | None = Field(
        default=None,
        ge=2,
        description=(
            "Perturb only so many subjects, drawn by `seed` and blind to all else. Default: all; 30 to 50 do "
            "for an estimate, and the time grows with them."
        ),
    )
    timepoints: tuple[Name, ...] = Field(
        default=(), description="Timepoints whose images are perturbed. Default: all."
    )
    images: tuple[Name, ...] = Field(
        default=(), description="Values of `image_id` that are perturbed. Default: all."
    )
    seed: int = Field(
        default=20260101,
        ge=0,
        le=2**32 - 1,
        description="Master seed; each ROI, repeat and step has its own, derived by name.",
    )

    @model_validator(mode="after")
    def _repeats_repeat(self) -> Self:
        if self.repeats == 1:
            raise ValueError("repeats: 1 measurement repeats nothing; give 2 or more, or 0 for none")
        if (self.noise is NoiseKind.DECLARED) != (self.noise_sd is not None):
            raise ValueError("noise_sd goes with `noise: declared`, and only with it")
        return self

    @property
    def is_on(self) -> bool:
        """Whether anything is perturbed."""
        return self.repeats > 0
