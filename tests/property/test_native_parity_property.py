"""The native engine has PyRadiomics' values for any ROI: one voxel, flat, holes, pieces, constant,
negative, sparse."""

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from engine_pairs import build_prepared, find_unequal

EVERY: dict[str, list[str]] = {
    name: [] for name in ("shape", "firstorder", "glcm", "glrlm", "glszm", "gldm", "ngtdm")
}
BY_NAME = {
    "shape": ["Compactness1", "Compactness2", "SphericalDisproportion"],
    "firstorder": ["StandardDeviation"],
}
EXAMPLES = int(os.environ.get("RADFEAT_PARITY_EXAMPLES", "60"))
"""ROIs in a routine run; 500 and more on request."""


@st.composite
def draw_voxels(draw: st.DrawFn, shape: tuple[int, int, int]) -> npt.NDArray[Any]:
    """Intensities: noise, few values, one value, one value with an outlier, a ramp; of several number
    types."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from(["i2", "u1", "i4", "f4", "f8"]))
    centre, spread = draw(st.sampled_from([(0, 40), (100, 30), (-700, 200), (30, 3), (0.1, 0.01)]))
    match draw(st.sampled_from(["noise", "few", "constant", "outlier", "ramp"])):
        case "noise":
            values = random.normal(centre, spread, shape)
        case "few":
            values = centre + spread * random.integers(0, 3, shape)
        case "constant":
            values = np.full(shape, float(centre))
        case "outlier":
            values = np.full(shape, float(centre))
            values.flat[random.integers(values.size)] += 20 * spread
        case _:
            values = centre + spread * np.indices(shape).sum(axis=0) / 4
    return (np.clip(values, 0, 255) if dtype == "u1" else values).astype(dtype)


@st.composite
def draw_mask(draw: st.DrawFn, shape: tuple[int, int, int]) -> npt.NDArray[np.bool_]:
    """A region: sparse, dense, whole, one voxel, a slab, a line across, a shell with a hole, two boxes
    apart."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = np.zeros(shape, bool)
    match draw(st.sampled_from(["sparse", "dense", "whole", "voxel", "slab", "diagonal", "shell", "pieces"])):
        case "sparse":
            mask = random.random(shape) < 0.15
        case "dense":
            mask = random.random(shape) < 0.8
        case "whole":
            mask[:] = True
        case "slab":
            axis = int(random.integers(3))
            np.moveaxis(mask, axis, 0)[random.integers(shape[axis])] = True
        case "diagonal":
            steps = np.arange(min(shape))
            mask[steps, steps, steps] = True
        case "shell":
            mask[:] = True
            mask[1:-1, 1:-1, 1:-1] = False
        case "pieces":
            mask[: shape[0] // 3 + 1, : shape[1] // 3 + 1] = True
            mask[-1, -1] = True
    if not mask.any():
        mask[tuple(int(random.integers(n)) for n in shape)] = True
    return mask


FEATURES = st.fixed_dictionaries(
    {
        "distances": st.sampled_from([[1], [1], [2], [1, 3]]),
        "weighting": st.sampled_from(["none", "none", "no_weighting", "euclidean", "manhattan", "infinity"]),
        "symmetric_glcm": st.booleans(),
        "gldm_alpha": st.sampled_from([0, 0, 1, 4]),
        "voxel_array_shift": st.sampled_from([0, 1000]),
        "force_2d": st.booleans(),
        "force_2d_axis": st.sampled_from(["z", "y", "x"]),
    },
    optional={"bin_count": st.sampled_from([1, 2, 16, 64])},
)


@st.composite
def draw_case(draw: st.DrawFn) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_], dict[str, Any]]:
    shape = draw(st.tuples(*[st.integers(1, 9)] * 3))
    voxels, features = draw(draw_voxels(shape)), dict(draw(FEATURES))
    if "bin_count" not in features:
        spread = float(voxels.max()) - float(voxels.min())
        features["bin_width"] = draw(st.sampled_from([25, 25.0, max(spread / 20, 1e-3)]))
    classes = {**EVERY, "shape2D": []} if features["force_2d"] else EVERY
    return voxels, draw(draw_mask(shape)), {**features, "classes": draw(st.sampled_from([classes, BY_NAME]))}


@seed(20)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw_case())
def test_any_roi_has_pyradiomics_values(
    case: tuple[npt.NDArray[Any], npt.NDArray[np.bool_], dict[str, Any]],
) -> None:
    voxels, mask, features = case
    assert find_unequal(build_prepared(voxels, mask), features) == []


IMAGE_TYPES = {
    "LoG": {"sigma_mm": [0.5, 2.0], "bin_width": 5.0},
    "Wavelet": {"bin_width": 5.0, "wavelet": "db2", "level": 2, "start_level": 1},
    "Square": {"bin_width": 5.0},
    "SquareRoot": {"bin_width": 5.0},
    "Logarithm": {"bin_width": 5.0},
    "Exponential": {"bin_count": 8},
    "Gradient": {"bin_width": 5.0},
    "LBP2D": {"bin_width": 1.0},
    "LBP3D": {"bin_width": 1.0},
}


@seed(21)
@settings(max_examples=max(10, EXAMPLES // 6), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["i2", "f4", "f8"]),
    st.booleans(),
    st.tuples(*[st.integers(1, 40)] * 3),
)
def test_filters_on_the_crop_have_the_values_of_filters_on_the_whole(
    number: int, dtype: str, flat: bool, shape: tuple[int, int, int]
) -> None:
    random = np.random.default_rng(number)
    voxels = random.normal(20, 60, shape).astype(dtype)
    mask = np.zeros(shape, bool)
    start = [int(random.integers(n)) for n in shape]
    mask[tuple(slice(s, s + 4) for s in start)] = True
    features = {"image_types": IMAGE_TYPES, "classes": {"firstorder": [], "glcm": []}, "force_2d": flat}
    assert find_unequal(build_prepared(voxels, mask), features) == []


def test_a_wrong_value_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    from radfeat.features.engines.native import texture  # noqa: PLC0415 - patched for this test only

    voxels = np.arange(27.0).reshape(3, 3, 3)
    pair, features = build_prepared(voxels, voxels > 3), {"bin_width": 3, "classes": {"glrlm": []}}
    assert find_unequal(pair, features) == []
    right = texture.measure_glrlm
    monkeypatch.setattr(
        "radfeat.features.engines.native.engine.measure_glrlm",
        lambda task: {name: value * (1 + 3e-9) for name, value in right(task).items()},
    )
    # All but RunVariance: it is less than 1, and compared in units of 1.
    assert len(find_unequal(pair, features)) == 15
