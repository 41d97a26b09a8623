"""How finely the intensities of an ROI were discretised for texture."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GreyLevels:
    """The grey levels that an ROI spans on one image.

    ``image_type`` is the image type by PyRadiomics' name, ``image`` the image's name in feature columns.
    ``levels`` counts the bins from the ROI's least intensity to its greatest, empty ones among them. Either
    ``bin_width``, in the unit of the image, or ``bin_count`` is given, as in the settings.
    """

    image_type: str
    image: str
    levels: int
    bin_width: float | None
    bin_count: int | None
