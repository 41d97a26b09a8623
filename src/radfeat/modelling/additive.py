"""Which features add up over lesions, so that their sum is the feature of all lesions taken together."""

import numpy as np

from radfeat.modelling.outcomes import Flags

ADDITIVE = frozenset(
    {
        ("shape", "MeshVolume"),
        ("shape", "VoxelVolume"),
        ("shape", "SurfaceArea"),
        ("shape2D", "MeshSurface"),
        ("shape2D", "PixelSurface"),
        ("shape2D", "Perimeter"),
        ("firstorder", "Energy"),
        ("firstorder", "TotalEnergy"),
        ("firstorder", "IntegratedIntensity"),
    }
)
"""Family and name of integrals over the region or its surface, of which two regions have the sum.

A mean, a percentile, a diameter, an entropy or a texture of two lesions is not the sum of theirs.
"""


def is_additive(feature: str) -> bool:
    """Whether a feature column (``<image>_<family>_<name>``) adds up over lesions that do not overlap."""
    _, _, rest = feature.partition("_")
    family, _, name = rest.partition("_")
    return (family, name) in ADDITIVE


def flag_additive(features: tuple[str, ...]) -> Flags:
    """For each feature, whether it adds up."""
    return np.array([is_additive(name) for name in features], dtype=np.bool_)
