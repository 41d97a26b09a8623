"""Measuring a prepared pair: values, gaps and failures."""

import logging
import math
import warnings

import numpy as np
import numpy.typing as npt
import pytest
import radiomics

from phantoms import build_pair
from radfeat.core.errors import EmptyRoiError, ExtractionError
from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Reason, Severity
from radfeat.core.volume import Mask
from radfeat.features.catalogue import order_features
from radfeat.features.extract import UNDEFINED, FeatureVector, extract_features
from radfeat.features.settings import FeatureSettings

Region = npt.NDArray[np.bool_]


def build_prepared(
    voxels: npt.NDArray[np.generic], inside: Region, kept: Region | None = None
) -> PreparedPair:
    """A pair with spacing 1 mm; ``kept`` is the intensity mask where it differs."""
    source = build_pair(voxels, inside)
    intensity = source.mask if kept is None else Mask(kept.copy(), source.mask.grid, source.mask.roi)
    return PreparedPair(source.image, source.mask, intensity, ())


def build_block(size: int = 6) -> Region:
    inside = np.zeros((size, size, size), np.bool_)
    inside[1:-1, 1:-1, 1:-1] = True
    return inside


def build_ramp(size: int = 6) -> npt.NDArray[np.int16]:
    return (10 * np.indices((size, size, size)).sum(axis=0)).astype(np.int16)


def measure(pair: PreparedPair, **given: object) -> FeatureVector:
    return extract_features(pair, FeatureSettings.model_validate(given))


def test_values_are_those_counted_by_hand() -> None:
    voxels = np.zeros((4, 4, 4), np.int16)
    voxels[1:3, 1:3, 1:3] = np.array([0, 1, 2, 3, 4, 5, 6, 15]).reshape(2, 2, 2)
    inside = np.zeros((4, 4, 4), np.bool_)
    inside[1:3, 1:3, 1:3] = True
    classes = {"firstorder": ["Mean", "Maximum", "Energy", "Range"], "shape": ["VoxelVolume"]}
    vector = measure(build_prepared(voxels, inside), classes=classes)
    assert dict(vector.values) == {
        "original_shape_VoxelVolume": 8.0,
        "original_firstorder_Energy": 316.0,
        "original_firstorder_Maximum": 15.0,
        "original_firstorder_Mean": 4.5,
        "original_firstorder_Range": 15.0,
    }
    assert vector.findings == ()


def test_values_come_in_the_order_of_the_tables_and_cannot_be_altered() -> None:
    vector = measure(build_prepared(build_ramp(), build_block()), image_types={"Square": {}, "Original": {}})
    assert list(vector.values) == order_features(vector.values)
    with pytest.raises(TypeError):
        vector.values["original_firstorder_Mean"] = 1.0  # type: ignore[index]


def test_the_digest_is_that_of_the_feature_settings() -> None:
    pair = build_prepared(build_ramp(), build_block())
    classes = {"firstorder": ["Mean"]}
    first, again = measure(pair, classes=classes), measure(pair, classes=classes)
    other = measure(pair, classes=classes, bin_width=5)
    assert first.settings_digest == again.settings_digest != other.settings_digest
    assert first.roi is pair.roi


def test_shape_takes_the_drawn_mask_and_intensities_the_other() -> None:
    drawn, kept = build_block(), build_block()
    kept[2, 2, 2] = False
    pair = build_prepared(build_ramp(), drawn, kept)
    classes = {"shape": ["VoxelVolume"], "firstorder": ["Energy"]}
    values = measure(pair, classes=classes).values
    assert values["original_shape_VoxelVolume"] == 64
    energy = float((build_ramp()[kept].astype(float) ** 2).sum())
    assert values["original_firstorder_Energy"] == energy


def test_a_smaller_box_after_resegmentation_is_told() -> None:
    drawn, kept = build_block(), build_block()
    kept[1] = False
    (finding,) = measure(build_prepared(build_ramp(), drawn, kept), classes={"shape": []}).findings
    assert finding.check == "feature.shape_cut"
    assert "inside the smaller box" in finding.sentence


def test_undefined_values_are_none_and_told_once_per_image() -> None:
    flat = np.full((6, 6, 6), 7, np.int16)
    types = {"Original": {}, "Gradient": {}}
    vector = measure(
        build_prepared(flat, build_block()), image_types=types, classes={"firstorder": [], "ngtdm": []}
    )
    undefined = [name for name, value in vector.values.items() if value is None]
    assert all(math.isfinite(value) for value in vector.values.values() if value is not None)
    told = [f for f in vector.findings if f.check == UNDEFINED]
    assert len(told) == len({name.split("_")[0] for name in undefined})
    assert sum(f.measured or 0 for f in told) == len(undefined)
    assert all(f.severity is Severity.WARNING for f in told)


def test_an_image_too_small_for_a_filter_leaves_its_columns_empty_and_says_why() -> None:
    types = {"Original": {}, "LoG": {"sigma_mm": [1.0, 9.0]}}
    vector = measure(
        build_prepared(build_ramp(), build_block()), image_types=types, classes={"firstorder": ["Mean"]}
    )
    assert vector.values["log-sigma-1-0-mm-3D_firstorder_Mean"] is not None
    assert vector.values["log-sigma-9-0-mm-3D_firstorder_Mean"] is None
    (finding,) = vector.findings
    assert "6 x 6 x 6 voxels, where this filter needs 10 x 10 x 10" in finding.sentence


def test_2d_shape_of_a_region_on_several_slices_is_empty_and_says_why() -> None:
    vector = measure(
        build_prepared(build_ramp(), build_block()),
        force_2d=True,
        classes={"shape2D": ["Perimeter"], "firstorder": ["Mean"]},
    )
    assert vector.values["original_shape2D_Perimeter"] is None
    assert vector.values["original_firstorder_Mean"] is not None
    (finding,) = vector.findings
    assert "spans 4 along z" in finding.sentence


def test_an_empty_intensity_mask_is_refused() -> None:
    pair = build_prepared(build_ramp(), build_block(), np.zeros((6, 6, 6), np.bool_))
    with pytest.raises(EmptyRoiError) as caught:
        measure(pair)
    assert caught.value.key == pair.roi.roi_id


def test_an_image_with_voxels_that_are_not_finite_is_not_measured() -> None:
    voxels = build_ramp().astype(np.float32)
    voxels[2, 2, 2] = np.nan
    vector = measure(build_prepared(voxels, build_block()), classes={"firstorder": ["Mean"], "glcm": []})
    assert set(vector.values.values()) == {None}
    (finding,) = vector.findings
    assert "1 of its 64 voxels in the ROI are not finite" in finding.sentence


def test_an_image_with_more_bins_than_a_matrix_can_hold_is_not_measured() -> None:
    voxels = build_ramp().astype(np.float64)
    voxels[2, 2, 2] = 1e9
    types = {"Original": {}, "Square": {"bin_count": 8}}
    vector = measure(build_prepared(voxels, build_block()), image_types=types, classes={"glcm": ["Contrast"]})
    assert vector.values["original_glcm_Contrast"] is None
    assert vector.values["square_glcm_Contrast"] is not None
    (finding,) = vector.findings
    assert "span 40000000 bins of width 25, more than 5000" in finding.sentence


def test_grey_levels_are_those_that_the_matrices_are_made_of() -> None:
    voxels = build_ramp()  # 30 to 120 inside the block, in tens
    types = {
        "Original": {"bin_width": 25},
        "Square": {"bin_count": 6},
        "LoG": {"sigma_mm": [1.0], "bin_width": 9},
    }
    measured = measure(build_prepared(voxels, build_block()), image_types=types, classes={"gldm": []})
    assert [(g.image_type, g.image) for g in measured.grey_levels] == [
        ("Original", "original"),
        ("LoG", "log-sigma-1-0-mm-3D"),
        ("Square", "square"),
    ]
    plain, _, square = measured.grey_levels
    assert (plain.levels, plain.bin_width, plain.bin_count) == (4, 25, None)  # 25-49, 50-74, 75-99, 100-124
    assert (square.levels, square.bin_width, square.bin_count) == (6, None, 6)


def test_grey_levels_of_an_even_region_are_one_whatever_the_bin_count() -> None:
    flat = np.full((6, 6, 6), 7, np.int16)
    for given in ({"bin_width": 5}, {"bin_count": 16}):
        (found,) = measure(build_prepared(flat, build_block()), classes={"glcm": []}, **given).grey_levels
        assert found.levels == 1


@pytest.mark.parametrize(
    ("classes", "discretised"),
    [
        ({"shape": []}, False),
        ({"shape": [], "firstorder": ["Mean"]}, False),
        ({"firstorder": ["Entropy"]}, True),
        ({"firstorder": []}, True),
        ({"shape": [], "ngtdm": ["Contrast"]}, True),
    ],
)
def test_grey_levels_are_counted_only_where_a_feature_depends_on_them(
    classes: dict[str, list[str]], discretised: bool
) -> None:
    found = measure(build_prepared(build_ramp(), build_block()), classes=classes).grey_levels
    assert bool(found) is discretised


def test_a_failure_of_pyradiomics_names_image_and_cause() -> None:
    voxels = build_ramp().astype(np.float64)
    voxels[2, 2, 2] = 1e300
    pair = build_prepared(voxels, build_block())
    with pytest.raises(ExtractionError) as caught:
        measure(pair, engine="pyradiomics", classes={"firstorder": ["Mean"]})
    assert caught.value.reason is Reason.COMPUTE_ERROR
    assert caught.value.key == pair.roi.roi_id
    assert "could not measure image type Original: " in caught.value.sentence


def test_pyradiomics_is_quiet_and_left_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    handler = radiomics.handler
    level, verbosity = logging.getLogger("radiomics").level, handler.level
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        measure(build_prepared(np.full((6, 6, 6), 7, np.int16), build_block()), image_types={"LBP2D": {}})
    assert capfd.readouterr() == ("", "")
    assert (logging.getLogger("radiomics").level, handler.level) == (level, verbosity)
    assert verbosity == logging.WARNING
