"""How filtered images deviate from IBSI-2, with the differences that were measured on its CT phantom.

``benchmarks/ibsi_filters.py`` measures them anew; ``tests/golden/test_ibsi_filters.py`` holds the figures.
"""

from collections.abc import Mapping

from radfeat.core.vocabulary import Recipe
from radfeat.features.image_names import ImageKind
from radfeat.features.image_types import ImageType, WaveletImage

STANDARD_KINDS = frozenset({ImageKind.ORIGINAL, ImageKind.LOG, ImageKind.WAVELET})
"""Image types that IBSI defines. By the recipe ``ibsi`` all their reference values are met."""

_NO_SUCH_FILTER = "IBSI has no such image filter, and no reference values for it."
_PYRADIOMICS_LOG = (
    "The image filter is a recursive approximation, derived per mm and multiplied by sigma squared; IBSI "
    "samples the kernel and derives per voxel: 4 of the 18 statistics of IBSI-2's test 3.B are met, and the "
    "standard deviation is 2.27 times IBSI's."
)
_PYRADIOMICS_WAVELET = (
    "The image goes on periodically beyond its border, and bands are not averaged over rotations, as IBSI's "
    "reference values are: 4 of the 18 statistics of IBSI-2's test 6.B are met, and the standard deviation "
    "is 1.04 times IBSI's."
)
_PYRADIOMICS_DEEP_WAVELET = (
    "From the second level on the wavelet's filters are not spread, as IBSI's are; the image goes on "
    "periodically beyond its border, and bands are not averaged over rotations: none of the 18 statistics of "
    "IBSI-2's test 7.B is met, and the standard deviation is 0.091 times IBSI's."
)


def describe_filter_deviation(
    recipe: Recipe, kind: ImageKind, image_type: ImageType, parameters: Mapping[str, object]
) -> str:
    """What the image filter alone makes deviate from IBSI; empty where nothing does."""
    if kind not in STANDARD_KINDS:
        return _NO_SUCH_FILTER
    if recipe is Recipe.IBSI or kind is ImageKind.ORIGINAL:
        return ""
    if not isinstance(image_type, WaveletImage):
        return _PYRADIOMICS_LOG
    first = image_type.start_level == 0 and parameters["level"] == 1
    return _PYRADIOMICS_WAVELET if first else _PYRADIOMICS_DEEP_WAVELET
