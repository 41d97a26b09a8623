"""Whether two engines measure the same: within a relative 1e-9, or of its scale where a feature cancels."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from radfeat.features.catalogue import parse_feature

Values = Mapping[str, float | None]

TOLERANCE = 1e-9
"""Greatest difference that is allowed: relative, or in the scale of a feature that cancels."""

CANCELLING: Mapping[str, tuple[str, str]] = {
    "firstorder_Mean": ("intensity", "intensities of both signs cancel"),
    "firstorder_MeanAbsoluteDeviation": ("intensity", "differences from a mean that is rounded"),
    "firstorder_RobustMeanAbsoluteDeviation": ("intensity", "differences from a mean that is rounded"),
    "firstorder_StandardDeviation": ("intensity", "differences from a mean that is rounded"),
    "firstorder_Variance": ("intensity2", "differences from a mean that is rounded"),
    "firstorder_Skewness": ("1", "third powers of both signs cancel"),
    "glcm_ClusterShade": ("tendency", "third powers of both signs cancel"),
    "glcm_Correlation": ("1", "products of both signs cancel"),
    "glcm_Imc1": ("1", "a difference of two entropies that are nearly equal"),
    "glcm_Imc2": ("1", "the square root of a difference of two entropies that are nearly equal"),
    "glcm_MCC": ("1", "the square root of an eigenvalue that may be 0"),
    **{
        f"{family}_{name}": ("1", "0 but for rounding where all of what it spreads over are alike")
        for family, names in {
            "firstorder": ("Entropy",),
            "glcm": ("JointEntropy", "DifferenceEntropy", "SumEntropy", "DifferenceVariance", "SumSquares"),
            "glrlm": ("RunVariance", "RunEntropy", "GrayLevelVariance"),
            "glszm": ("ZoneVariance", "ZoneEntropy", "GrayLevelVariance"),
            "gldm": ("DependenceVariance", "DependenceEntropy", "GrayLevelVariance"),
        }.items()
        for name in names
    },
    "glcm_ClusterTendency": ("1", "0 but for rounding where all sums of levels are alike"),
    "glcm_ClusterProminence": ("1", "0 but for rounding where all sums of levels are alike"),
    "shape_MeshVolume": ("volume", "the volumes of pieces that touch in corners cancel"),
    "shape_Compactness1": ("1", "0 but for rounding where the mesh has no volume"),
    "shape_Compactness2": ("1", "0 but for rounding where the mesh has no volume"),
    "shape_Sphericity": ("1", "0 but for rounding where the mesh has no volume"),
    "shape_LeastAxisLength": ("length", "the square root of an eigenvalue that is 0 for a flat ROI"),
    "shape_MinorAxisLength": ("length", "the square root of an eigenvalue that is 0 for a straight ROI"),
    "shape_Flatness": ("1", "the square root of an eigenvalue that is 0 for a flat ROI"),
    "shape_Elongation": ("1", "the square root of an eigenvalue that is 0 for a straight ROI"),
    "shape2D_MinorAxisLength": ("length", "the square root of an eigenvalue that is 0 for a straight ROI"),
    "shape2D_Elongation": ("1", "the square root of an eigenvalue that is 0 for a straight ROI"),
}
"""Features whose definition subtracts nearly equal numbers: their scale, and the reason."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One feature by both engines; ``difference`` is relative, or infinite where one lacks."""

    feature: str
    reference: float | None
    native: float | None
    difference: float

    @property
    def is_equal(self) -> bool:
        """Whether the difference is allowed."""
        return self.difference <= TOLERANCE


def compare_engines(reference: Values, native: Values) -> tuple[Comparison, ...]:
    """Compare every feature that either engine has, in the reference's order."""
    names = [*reference, *(name for name in native if name not in reference)]
    return tuple(
        Comparison(
            name,
            reference.get(name),
            native.get(name),
            _measure_difference(name, reference, native.get(name)),
        )
        for name in names
    )


def _measure_difference(name: str, reference: Values, native: float | None) -> float:
    wanted = reference.get(name)
    if wanted is None or native is None:
        return 0.0 if wanted is native and name in reference else math.inf
    scale = max(abs(wanted), _find_scale(name, reference))
    return abs(native - wanted) / scale if native != wanted else 0.0


def _find_scale(name: str, values: Values) -> float:
    """What a cancelling feature is a difference of, in its own unit; 0 for others."""
    column = parse_feature(name)
    image, family = column.image.text, column.entry.family.value
    kind, _ = CANCELLING.get(f"{family}_{column.entry.name}", ("", ""))
    intensity = max(_get(values, f"{image}_firstorder_{end}") for end in ("Minimum", "Maximum"))
    match kind:
        case "intensity":
            return intensity
        case "intensity2":
            return intensity**2
        case "tendency":
            return math.sqrt(_get(values, f"{image}_{family}_ClusterTendency")) ** 3
        case "length":
            return _get(values, f"{image}_{family}_MajorAxisLength")
        case "volume":
            return _get(values, f"{image}_{family}_VoxelVolume")
        case "1":
            return 1.0
        case _:
            return 0.0


def _get(values: Values, name: str) -> float:
    return abs(values.get(name) or 0.0)
