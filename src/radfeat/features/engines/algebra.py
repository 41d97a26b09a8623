"""Features of IBSI that follow exactly from what PyRadiomics yields."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from radfeat.features.register import Family

Values = Mapping[str, float]

ELLIPSOID_TERMS = 20
"""Where IBSI ends the sum of an ellipsoid's area."""

LEAST_AXIS = 1e-6
"""Of the longest axis: a shorter one is the rounding of an eigenvalue of 0, whose root is about 1e-8."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How many voxels were measured, and the volume in mm3 that the drawn mask's mesh encloses."""

    voxels: int
    mesh_volume_mm3: float = math.nan


@dataclass(frozen=True, slots=True)
class Derived:
    """A feature as a formula of features of the same family that PyRadiomics yields."""

    needs: tuple[str, ...]
    formula: Callable[[Values, Extent], float]


def list_needs(family: Family, names: Iterable[str]) -> tuple[str, ...]:
    """The features of PyRadiomics' own that named features of a family are or follow from."""
    needs = [DERIVED[family, n].needs if (family, n) in DERIVED else (n,) for n in names]
    return tuple(dict.fromkeys(need for group in needs for need in group))


def derive(family: Family, names: Iterable[str], values: Values, extent: Extent) -> dict[str, float]:
    """The named features of a family from PyRadiomics' values; NaN where a formula divides by 0."""
    return {
        name: _apply(DERIVED[family, name], values, extent) if (family, name) in DERIVED else values[name]
        for name in names
    }


def _apply(derived: Derived, values: Values, extent: Extent) -> float:
    try:
        return float(derived.formula(values, extent))
    except ZeroDivisionError:
        return math.nan


def _as_sample(length_mm: float, extent: Extent) -> float:
    """An axis length whose covariance is divided by n - 1 instead of n."""
    return length_mm * math.sqrt(extent.voxels / (extent.voxels - 1))


def _measure_semi_axes(values: Values, extent: Extent) -> tuple[float, float, float]:
    """The semi-axes; 0 where only rounding is left of one, as across a region on one slice."""
    major, minor, least = (_as_sample(values[name], extent) / 2 for name in AXES)
    floor = LEAST_AXIS * major
    return major, minor if minor > floor else 0.0, least if least > floor else 0.0


def _measure_excess(values: Values, extent: Extent) -> float:
    """Kurtosis less 3; 0 where all voxels are alike, for which PyRadiomics' kurtosis is 0."""
    return values["Kurtosis"] - 3 if values["Variance"] else 0.0


def _divide_volume(values: Values, extent: Extent) -> float:
    return values["MeshVolume"] / (4 / 3 * math.pi * math.prod(_measure_semi_axes(values, extent)))


def _divide_area(values: Values, extent: Extent) -> float:
    return values["SurfaceArea"] / measure_ibsi_ellipsoid_area(*_measure_semi_axes(values, extent))


def measure_ibsi_ellipsoid_area(a: float, b: float, c: float) -> float:
    """Area of an ellipsoid with semi-axes a >= b >= c by IBSI's series of Legendre polynomials.

    IBSI's reference values are made by it, but it is not the area: its two eccentricities are both taken
    against the longest axis. It is exact for a sphere and gives 0.96 of the area for IBSI's digital phantom,
    0.81 for axes of 2, 1, 1 and 1.24 for axes of 2, 2, 1.

    Reference: IBSI RDD2; the sum ends at the 20th term.
    """
    alpha2, beta2 = 1 - b**2 / a**2, 1 - c**2 / a**2
    # q is P(x) (alpha beta)^n with x = (alpha2 + beta2) / (2 alpha beta): no division where alpha is 0.
    half, product = (alpha2 + beta2) / 2, alpha2 * beta2
    before, q, total = 0.0, 1.0, 0.0
    for n in range(ELLIPSOID_TERMS + 1):
        total += q / (1 - 4 * n**2)
        before, q = q, ((2 * n + 1) * half * q - n * product * before) / (n + 1)
    return 4 * math.pi * a * b * total


AXES = ("MajorAxisLength", "MinorAxisLength", "LeastAxisLength")

DERIVED: Mapping[tuple[Family, str], Derived] = {
    (Family.SHAPE, "Asphericity"): Derived(("Sphericity",), lambda v, _: 1 / v["Sphericity"] - 1),
    (Family.SHAPE, "VolumeDensityAEE"): Derived(("MeshVolume", *AXES), _divide_volume),
    (Family.SHAPE, "AreaDensityAEE"): Derived(("SurfaceArea", *AXES), _divide_area),
    (Family.SHAPE, "SampleMajorAxisLength"): Derived(AXES[:1], lambda v, e: _as_sample(v[AXES[0]], e)),
    (Family.SHAPE, "SampleMinorAxisLength"): Derived(AXES[1:2], lambda v, e: _as_sample(v[AXES[1]], e)),
    (Family.SHAPE, "SampleLeastAxisLength"): Derived(AXES[2:], lambda v, e: _as_sample(v[AXES[2]], e)),
    (Family.FIRST_ORDER, "ExcessKurtosis"): Derived(("Kurtosis", "Variance"), _measure_excess),
    (Family.FIRST_ORDER, "IntegratedIntensity"): Derived(
        ("Mean",), lambda v, e: v["Mean"] * e.mesh_volume_mm3
    ),
    (Family.GLCM, "Dissimilarity"): Derived(("DifferenceAverage",), lambda v, _: v["DifferenceAverage"]),
    (Family.GLCM, "SumVariance"): Derived(("ClusterTendency",), lambda v, _: v["ClusterTendency"]),
    (Family.GLDM, "GrayLevelNonUniformityNormalized"): Derived(
        ("GrayLevelNonUniformity",), lambda v, e: v["GrayLevelNonUniformity"] / e.voxels
    ),
}
"""The formula of each feature that PyRadiomics does not yield, or no longer."""
