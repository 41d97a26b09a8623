"""What images of one modality have otherwise: bins and shift, never which features there are."""

from typing import Any

from pydantic import Field

from radfeat.core.by_modality import ByModality, Overrides, OverridesByName, override
from radfeat.features.image_types import Count, ImageTypes, Width


class BinOverrides(Overrides):
    """Bins of one image type: a width that is given replaces a count, and a count a width."""

    bin_width: Width | None = Field(
        default=None, description="Width of a grey level bin, > 0; null on an image type: as on the modality."
    )
    bin_count: Count | None = Field(
        default=None, description="Number of grey level bins, >= 1, instead of a width."
    )

    @property
    def replaced(self) -> dict[str, Any]:
        """What is given, and None for what it replaces."""
        pairs = (("bin_width", "bin_count"), ("bin_count", "bin_width"))
        other = {theirs: None for ours, theirs in pairs if self.given.get(ours) is not None}
        return {**other, **self.given}


class ImageTypeOverrides(OverridesByName):
    """Bins by image type, of the image types that are measured."""

    Original: BinOverrides | None = Field(default=None, description="Bins on the prepared image itself.")
    LoG: BinOverrides | None = Field(default=None, description="Bins on LoG images.")
    Wavelet: BinOverrides | None = Field(default=None, description="Bins on wavelet sub-bands.")
    Square: BinOverrides | None = Field(default=None, description="Bins on squared intensities.")
    SquareRoot: BinOverrides | None = Field(default=None, description="Bins on the square root.")
    Logarithm: BinOverrides | None = Field(default=None, description="Bins on the logarithm.")
    Exponential: BinOverrides | None = Field(default=None, description="Bins on the exponential.")
    Gradient: BinOverrides | None = Field(default=None, description="Bins on the gradient magnitude.")
    LBP2D: BinOverrides | None = Field(default=None, description="Bins on binary patterns by slice.")
    LBP3D: BinOverrides | None = Field(default=None, description="Bins on binary patterns in space.")


class FeatureOverrides(BinOverrides):
    """What the features of one modality's images have in the place of the section's settings."""

    voxel_array_shift: int | None = Field(
        default=None, description="Shift before Energy, TotalEnergy and RootMeanSquared."
    )
    image_types: ImageTypeOverrides = Field(
        default_factory=ImageTypeOverrides,
        description="Bins by image type, in the place of those that the image type has for all modalities.",
    )


class FeaturesByModality(ByModality[FeatureOverrides]):
    """What the images of each modality have otherwise. A class with a name of its own can go to workers."""


def override_bins(image_types: ImageTypes, bins: ImageTypeOverrides) -> ImageTypes:
    """Image types with the bins that one modality has on them.

    Raises
    ------
    ValueError
        If an image type is not measured: a modality has no columns of its own.
    """
    measured = image_types.enabled
    absent = ", ".join(name for name in bins.given if name not in measured)
    if absent:
        raise ValueError(f"{absent} is not measured: name it in features.image_types, or leave it out here")
    own = {name: override(measured[name], part.replaced) for name, part in bins.given.items()}
    return image_types.model_copy(update=own)
