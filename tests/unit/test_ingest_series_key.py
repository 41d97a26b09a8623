"""The key of a series: one for a stack, another for a localiser among it, and no UID in the clear."""

import re

import pytest
from pydicom.dataset import Dataset

from dicom_phantoms import GRID, build_enhanced, build_series
from radfeat.core.vocabulary import Modality
from radfeat.ingest.dicom.headers import HeaderError
from radfeat.ingest.dicom.series_key import instance_key, read_geometry_group, series_key


def test_slices_of_one_stack_have_one_key_of_twelve_digits() -> None:
    keys = {series_key(header) for header in build_series()}
    assert len(keys) == 1
    assert re.fullmatch("[0-9a-f]{12}", keys.pop())


def test_series_of_equal_geometry_have_different_keys() -> None:
    assert series_key(build_series(series="1")[0]) != series_key(build_series(series="2")[0])


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("Rows", 13),
        ("Columns", 15),
        ("ImageOrientationPatient", [1, 0, 0, 0, 0, -1]),
        ("PixelSpacing", [2.0, 1.6]),
    ],
)
def test_other_geometry_in_a_series_is_another_stack(keyword: str, value: object) -> None:
    axial, other = build_series()[:2]
    setattr(other, keyword, value)
    assert not read_geometry_group(axial).matches(read_geometry_group(other))
    assert series_key(axial) != series_key(other)


def test_last_digits_of_orientation_and_spacing_do_not_tell_stacks_apart() -> None:
    one, other = build_series()[:2]
    other.ImageOrientationPatient = [0.99999, 0.00001, 0, -0.00001, 1, 0]
    other.PixelSpacing = [2.00001, 1.50001]
    assert read_geometry_group(one).matches(read_geometry_group(other))
    assert series_key(one) == series_key(other)


def test_groups_that_do_not_match_never_share_a_key() -> None:
    one, other = build_series()[:2]
    one.PixelSpacing, other.PixelSpacing = [0.96, 0.96], [0.98, 0.98]
    assert series_key(one) != series_key(other)


def test_geometry_of_an_enhanced_object_is_read_from_its_functional_groups() -> None:
    group = read_geometry_group(build_enhanced(build_series(), Modality.CT))
    assert group.orientation == (1, 0, 0, 0, 1, 0)
    assert group.spacing_mm == (GRID.spacing_xyz_mm[1], GRID.spacing_xyz_mm[0])


def test_header_without_identity_of_series_or_instance_has_no_key() -> None:
    with pytest.raises(HeaderError):
        series_key(Dataset())
    with pytest.raises(HeaderError):
        instance_key(Dataset())


def test_instances_of_one_series_have_keys_of_their_own() -> None:
    headers = build_series()
    assert len({instance_key(header) for header in headers}) == len(headers)
