"""The filters of the recipe ``ibsi`` against IBSI-2: the consensus values of the CT phantom, closed forms.

The values, their source and why phase 1's response maps are not among them: ``ibsi2_values.md``.
"""

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from ibsi2_phantom import (
    FILTERS,
    LOWER_HU,
    filter_phantom,
    name_image,
    read_phantom,
    read_references,
    summarise,
)
from reference import ROI

from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.volume import Mask, Volume, array_of, grid_of
from radfeat.features.engines import ibsi, ibsi_filters, pyradiomics
from radfeat.features.engines.ibsi_filters import filter_log, filter_wavelets
from radfeat.features.image_types import Boundary
from radfeat.features.settings import FeatureSettings

REFERENCES = list(read_references())
TESTS = ("1.A", "1.B", "3.A", "3.B", "6.A", "6.B", "7.A", "7.B")


def name_misses(test: str, values: np.ndarray[Any, Any]) -> list[str]:
    found = summarise(values)
    return [
        r.statistic for r in REFERENCES if r.test == test and abs(found[r.statistic] - r.value) > r.tolerance
    ]


@pytest.mark.requirement("R-FEAT-2")
@pytest.mark.needs_shared
@pytest.mark.parametrize("test", TESTS)
def test_all_18_statistics_of_the_ct_phantom_are_ibsis(test: str) -> None:
    assert len([r for r in REFERENCES if r.test == test]) == 18
    assert name_misses(test, filter_phantom(test, ibsi_filters.FILTERS)) == []


NAMES = {
    "mean": "Mean",
    "var": "Variance",
    "skew": "Skewness",
    "kurt": "ExcessKurtosis",
    "median": "Median",
    "min": "Minimum",
    "p10": "10Percentile",
    "p90": "90Percentile",
    "max": "Maximum",
    "iqr": "InterquartileRange",
    "range": "Range",
    "mad": "MeanAbsoluteDeviation",
    "rmad": "RobustMeanAbsoluteDeviation",
    "energy": "Energy",
    "rms": "RootMeanSquared",
}
"""The statistics that are features; there are none for medad, cov and qcod."""


@pytest.mark.requirement("R-FEAT-2")
@pytest.mark.needs_shared
@pytest.mark.parametrize(("dimension", "aggregation"), [("A", "2d_averaged"), ("B", "3d_averaged")])
def test_features_of_filtered_images_are_ibsis_within_tolerance(dimension: str, aggregation: str) -> None:
    """The same through the settings and the engine, all filters at once."""
    wavelet = {"wavelet": "db3", "level": 2, "rotation_invariant": True}
    settings = FeatureSettings.model_validate(
        {
            "recipe": "ibsi",
            "aggregation": aggregation,
            "classes": {"firstorder": list(NAMES.values())},
            "image_types": {"LoG": {"sigma_mm": [1.5]}, "Wavelet": wavelet},
        }
    )
    values = ibsi.measure(build_pair(dimension), settings).values
    wanted = [
        r for r in REFERENCES if r.test[0] in FILTERS and r.test[2] == dimension and r.statistic in NAMES
    ]
    images = {r: name_image(r.test) for r in wanted}
    assert len(wanted) == 3 * len(NAMES)
    found = {r: values[f"{image}_firstorder_{NAMES[r.statistic]}"] for r, image in images.items()}
    assert [(r, v) for r, v in found.items() if abs(v - r.value) > r.tolerance] == []


def build_pair(dimension: str) -> PreparedPair:
    image, inside = read_phantom(dimension)
    volume = Volume(array_of(image).astype(np.float32), grid_of(image), Modality.CT, Unit.HU)
    mask = Mask(inside, volume.grid, ROI)
    return PreparedPair(volume, mask, mask, (), LOWER_HU)


@pytest.mark.needs_shared
@pytest.mark.parametrize(
    ("test", "met", "ratio"),
    [("3.B", 4, 2.27), ("6.B", 4, 1.04), ("7.B", 0, 0.0914)],
)
def test_the_catalogues_figures_on_pyradiomics_filters_are_measured(
    test: str, met: int, ratio: float
) -> None:
    theirs = np.asarray(filter_phantom(test, pyradiomics.FILTERS), dtype=float)
    assert 18 - len(name_misses(test, theirs)) == met
    assert theirs.std() / filter_phantom(test, ibsi_filters.FILTERS).std() == pytest.approx(ratio, rel=0.005)


def make_impulse(size: int) -> np.ndarray[Any, Any]:
    voxels = np.zeros((size, size, size))
    voxels[size // 2, size // 2, size // 2] = 255
    return voxels


def test_the_log_of_an_impulse_is_the_kernel() -> None:
    """IBSI-2, phase 1, test 2.a: sigma 3 mm on voxels of 2 mm, zero beyond the border, cut at 4 sigma."""
    sigma, size, radius = 3 / 2, 64, 6
    offsets = np.arange(size) - size // 2
    z, y, x = np.meshgrid(offsets, offsets, offsets, indexing="ij")
    squared = (x**2 + y**2 + z**2) / sigma**2
    kernel = (squared - 3) / sigma**2 * np.exp(-squared / 2) / (np.sqrt(2 * np.pi) * sigma) ** 3
    cut = np.max(np.abs([x, y, z]), axis=0) > radius
    found = filter_log(make_impulse(size), (2, 2, 2), 3, boundary=Boundary.ZERO)
    np.testing.assert_allclose(found, 255 * np.where(cut, 0, kernel), atol=1e-12)


def test_the_wavelet_of_an_impulse_is_the_filter_along_each_axis() -> None:
    """IBSI-2, phase 1, test 5.a.1: Daubechies 2, LHL, zero beyond the border."""
    root = np.sqrt(3)
    high = np.array([-(1 + root), 3 + root, -(3 - root), 1 - root]) / (4 * np.sqrt(2))
    low = np.array([1 - root, 3 - root, 3 + root, 1 + root]) / (4 * np.sqrt(2))
    found = dict(filter_wavelets(make_impulse(16), "db2", 1, boundary=Boundary.ZERO))["LHL"]
    # Tap 2 of 4, counted from 0, is the centre.
    expected = np.zeros((16, 16, 16))
    expected[6:10, 6:10, 6:10] = 255 * np.einsum("z,y,x->zyx", low, high, low)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def their_wavelets(voxels: np.ndarray[Any, Any], **arguments: Any) -> dict[str, np.ndarray[Any, Any]]:
    images = pyradiomics.FILTERS["Wavelet"](sitk.GetImageFromArray(voxels), None, **arguments)
    return {name: sitk.GetArrayFromImage(image) for image, name, _ in images}


@pytest.mark.parametrize("wavelet", ["haar", "db2", "db3", "coif1", "bior1.3"])
def test_pyradiomics_first_wavelet_level_is_ours_with_a_periodic_border(wavelet: str) -> None:
    voxels = np.random.default_rng(5).normal(size=(8, 10, 12))
    theirs = their_wavelets(voxels, wavelet=wavelet)
    ours = dict(filter_wavelets(voxels, wavelet, 1, boundary=Boundary.PERIODIC))
    assert {f"wavelet-{band}" for band in ours} == set(theirs)
    for band, response in ours.items():
        np.testing.assert_allclose(response, theirs[f"wavelet-{band}"], atol=1e-12)


def test_pyradiomics_second_wavelet_level_does_not_spread_its_filter() -> None:
    voxels = np.random.default_rng(5).normal(size=(8, 8, 8))
    low = dict(filter_wavelets(voxels, "db3", 1, boundary=Boundary.PERIODIC))["LLL"]
    again = dict(filter_wavelets(low, "db3", 1, boundary=Boundary.PERIODIC))["HHH"]
    spread = dict(filter_wavelets(voxels, "db3", 2, boundary=Boundary.PERIODIC))["HHH"]
    theirs = their_wavelets(voxels, wavelet="db3", level=2)["wavelet2-HHH"]
    np.testing.assert_allclose(theirs, again, atol=1e-12)
    assert not np.allclose(theirs, spread, atol=0.1)
