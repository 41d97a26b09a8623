"""Settings of each image type: its filter, and what it overrides for the features measured on it."""

from enum import StrEnum
from typing import Annotated, Self

import pywt
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from radfeat.features.image_names import MAX_LBP_LEVEL, MAX_SIGMA_THOUSANDTHS, MAX_WAVELET_LEVEL

Width = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


def _require_one(values: tuple[float, ...]) -> tuple[float, ...]:
    # After the items: `min_length` would complain a second time about items that are refused.
    if not values:
        raise ValueError("the list is empty: give at least one number")
    return values


NotEmpty = [AfterValidator(_require_one), Field(json_schema_extra={"minItems": 1})]
Distances = Annotated[tuple[Count, ...], *NotEmpty]


class Weighting(StrEnum):
    """How the co-occurrence and run-length matrices of the directions are combined."""

    NONE = "none"
    """Features of each direction, averaged (IBSI: 3D average)."""
    NO_WEIGHTING = "no_weighting"
    """One matrix, the directions merged with equal weight (IBSI: 3D merged)."""
    EUCLIDEAN = "euclidean"
    MANHATTAN = "manhattan"
    INFINITY = "infinity"
    """One matrix, the directions merged and weighted by their length in this norm."""

    @property
    def is_norm(self) -> bool:
        """Whether directions count by their length in mm."""
        return self in {Weighting.EUCLIDEAN, Weighting.MANHATTAN, Weighting.INFINITY}


class SliceAxis(StrEnum):
    """The axis across the slices in which 2-D features are measured."""

    Z = "z"
    """Slices of x and y: axial, where the image is."""
    Y = "y"
    X = "x"


class LbpMethod(StrEnum):
    """How the pattern around a pixel becomes a number."""

    DEFAULT = "default"
    ROR = "ror"
    UNIFORM = "uniform"
    VAR = "var"


class Boundary(StrEnum):
    """How an image goes on beyond its border, for the filters of the recipe ``ibsi``."""

    MIRROR = "mirror"
    """Mirrored at its edge, the outermost voxels twice: ``c b a | a b c``."""
    NEAREST = "nearest"
    """Each outermost voxel repeated: ``a a a | a b c``."""
    ZERO = "zero"
    PERIODIC = "periodic"
    """From its other end: ``a b c | a b c``."""


class ImageType(BaseModel):
    """What any image type may override; left out: as in the section itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bin_width: Width | None = Field(
        default=None, description="Bin width on this image type, > 0, in its own unit."
    )
    bin_count: Count | None = Field(
        default=None, description="Number of bins on this image type, >= 1, instead of a width."
    )
    voxel_array_shift: int | None = Field(
        default=None, description="Shift before Energy, TotalEnergy and RootMeanSquared on this image type."
    )
    distances: Distances | None = Field(
        default=None, description="Neighbour distances in voxels on this image type, each >= 1."
    )
    weighting: Weighting | None = Field(
        default=None, description="Weighting of the directions on this image type."
    )
    symmetric_glcm: bool | None = Field(
        default=None, description="Whether pairs count in both directions on this image type."
    )
    gldm_alpha: int | None = Field(
        default=None,
        ge=0,
        description="Greatest difference in grey level of alike neighbours on this image type, >= 0.",
    )
    force_2d: bool | None = Field(
        default=None, description="Whether this image type is measured slice by slice."
    )
    force_2d_axis: SliceAxis | None = Field(
        default=None, description="Axis across the slices on this image type."
    )

    @model_validator(mode="after")
    def _one_discretisation(self) -> Self:
        if self.bin_width is not None and self.bin_count is not None:
            raise ValueError("bin_width and bin_count exclude each other: keep one of them")
        return self


class OriginalImage(ImageType):
    """The prepared image itself."""


def _check_sigma(sigma: float) -> float:
    """Every sigma is a column, and every column has a code: the codes have room for thousandths."""
    thousandths = round(sigma * 1000)
    if not 1 <= thousandths <= MAX_SIGMA_THOUSANDTHS:
        raise ValueError(f"sigma must lie between 0.001 and {MAX_SIGMA_THOUSANDTHS / 1000} mm")
    if float(f"{sigma:.3f}") != sigma:
        raise ValueError("sigma must be a multiple of 0.001 mm: feature codes hold three decimals")
    return sigma


Sigma = Annotated[int | float, AfterValidator(_check_sigma)]


class LinearFilter(ImageType):
    """What filters of neighbourhoods need to know by the recipe ``ibsi``; PyRadiomics' are as they are."""

    boundary: Boundary | None = Field(
        default=None,
        description=(
            "How the image goes on beyond its border: mirror, nearest, zero or periodic; only by the recipe "
            "`ibsi`, where the default is mirror, as in IBSI's reference values."
        ),
    )


DEFAULT_BOUNDARY = Boundary.MIRROR
DEFAULT_TRUNCATE_SD = 4.0
"""What holds by the recipe ``ibsi`` where a filter's settings say nothing: as in IBSI's reference values."""


class LogImage(LinearFilter):
    """Laplacian of Gaussian, one image per sigma."""

    sigma_mm: Annotated[tuple[Sigma, ...], *NotEmpty] = Field(
        default=(1.0, 2.0, 3.0, 4.0, 5.0),
        description=(
            "Widths of the Gaussian in mm, from 0.001 to 46.655 in steps of 0.001; one image each. "
            "`2.0` and `2` name different columns, as in PyRadiomics. Default: the widths of "
            "PyRadiomics' CT example, fine to coarse."
        ),
    )
    truncate_sd: Width | None = Field(
        default=None,
        description=(
            "Distance in sigmas at which the filter is cut off, > 0; only by the recipe `ibsi`, where the "
            "default is 4, as in IBSI's reference values."
        ),
    )

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.sigma_mm)) != len(self.sigma_mm):
            raise ValueError("sigma_mm holds a width twice: keep one of them")
        return self


def _check_wavelet(name: str) -> str:
    if name not in pywt.wavelist(kind="discrete"):
        raise ValueError(
            "this is not a discrete wavelet of PyWavelets: write for example coif1, haar, db2 or bior1.3"
        )
    return name


class WaveletImage(LinearFilter):
    """Stationary wavelet transform: every combination of low and high pass along the axes."""

    wavelet: Annotated[str, AfterValidator(_check_wavelet)] = Field(
        default="coif1", description="A discrete wavelet of PyWavelets. Default as in PyRadiomics."
    )
    level: int = Field(
        default=1,
        ge=1,
        le=MAX_WAVELET_LEVEL,
        description="Number of levels measured, >= 1. Default as in PyRadiomics.",
    )
    start_level: int = Field(
        default=0,
        ge=0,
        description="Levels skipped before the first one measured, >= 0. Default as in PyRadiomics.",
    )
    rotation_invariant: bool = Field(
        default=False,
        description=(
            "Whether the responses to the filter in its 24 right-angled rotations (within slices 4) are "
            "averaged, which leaves one band per number of high passes; only by the recipe `ibsi`. Default "
            "false: every band on its own."
        ),
    )


IBSI_FILTER_FIELDS = ("boundary", "truncate_sd", "rotation_invariant")
"""Settings of filters that PyRadiomics' own do not have."""


class SquareImage(ImageType):
    """Square of the intensities, scaled back to the image's maximum."""


class SquareRootImage(ImageType):
    """Square root of the absolute intensities with their sign, scaled back to the image's maximum."""


class LogarithmImage(ImageType):
    """Logarithm of the absolute intensities plus 1, with their sign, scaled back to the image's maximum."""


class ExponentialImage(ImageType):
    """Exponential of the intensities, scaled to the image's maximum."""


class GradientImage(ImageType):
    """Magnitude of the gradient."""

    use_spacing: bool = Field(
        default=True,
        description=(
            "Whether the gradient is per mm (true) or per voxel. Default as in PyRadiomics: comparable "
            "between spacings."
        ),
    )


class Lbp2dImage(ImageType):
    """Local binary patterns slice by slice."""

    radius: Width = Field(
        default=1.0, description="Radius of the circle of samples in pixels, > 0. Default as in PyRadiomics."
    )
    samples: Count = Field(default=8, description="Samples on the circle, >= 1. Default as in PyRadiomics.")
    method: LbpMethod = Field(
        default=LbpMethod.UNIFORM,
        description="How patterns become numbers. Default: uniform, blind to rotation, as in PyRadiomics.",
    )


class Lbp3dImage(ImageType):
    """Local binary patterns in space by spherical harmonics, and the kurtosis on the sphere."""

    levels: int = Field(
        default=2,
        ge=1,
        le=MAX_LBP_LEVEL,
        description="Degrees of spherical harmonics, >= 1; one image each. Default as in PyRadiomics.",
    )
    radius: Width = Field(
        default=1.0, description="Radius of the sphere of samples in voxels, > 0. Default as in PyRadiomics."
    )
    subdivision: int = Field(
        default=1,
        ge=0,
        le=6,
        description=(
            "How often the icosahedron of samples is refined, 0 to 6 (12 to 40,962 samples). Default as in "
            "PyRadiomics."
        ),
    )


class ImageTypes(BaseModel):
    """Which images are measured: each image type that is named, by PyRadiomics' names."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    Original: OriginalImage | None = Field(default=None, description="The prepared image itself.")
    LoG: LogImage | None = Field(
        default=None, description="Laplacian of Gaussian: blobs and edges of a chosen size."
    )
    Wavelet: WaveletImage | None = Field(
        default=None, description="Wavelet sub-bands: fine and coarse structure along each axis."
    )
    Square: SquareImage | None = Field(default=None, description="Squared intensities.")
    SquareRoot: SquareRootImage | None = Field(default=None, description="Square root of the intensities.")
    Logarithm: LogarithmImage | None = Field(default=None, description="Logarithm of the intensities.")
    Exponential: ExponentialImage | None = Field(default=None, description="Exponential of the intensities.")
    Gradient: GradientImage | None = Field(default=None, description="Gradient magnitude.")
    LBP2D: Lbp2dImage | None = Field(default=None, description="Local binary patterns slice by slice.")
    LBP3D: Lbp3dImage | None = Field(default=None, description="Local binary patterns in space.")

    @property
    def enabled(self) -> dict[str, ImageType]:
        """The image types that are measured, by PyRadiomics' names, in the order of the tables."""
        types = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: image for name, image in types.items() if image is not None}


def complain_about_ibsi_filters(image_types: ImageTypes) -> str:
    """What is given that only the filters of the recipe ``ibsi`` understand; empty where nothing is."""
    given = [
        f"{name}.{field}"
        for name, image in image_types.enabled.items()
        for field in IBSI_FILTER_FIELDS
        if getattr(image, field, None)
    ]
    if not given:
        return ""
    return f"{' and '.join(given)} belong to the filters of the recipe ibsi: leave out, or set recipe to ibsi"
