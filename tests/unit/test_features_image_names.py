"""Names of filtered images, as PyRadiomics writes them, and their codes."""

import pytest

from radfeat.core.errors import TableError
from radfeat.features.image_names import ImageKind, name_log, name_wavelet, parse_image_name


@pytest.mark.parametrize(
    ("name", "kind", "code"),
    [
        ("original", ImageKind.ORIGINAL, "ORIG"),
        ("log-sigma-2-0-mm-3D", ImageKind.LOG, "L1JK"),
        ("log-sigma-2-mm-3D", ImageKind.LOG, "K1JK"),
        ("log-sigma-0-5-mm-3D", ImageKind.LOG, "L0DW"),
        ("log-sigma-46-655-mm-3D", ImageKind.LOG, "LZZZ"),
        ("wavelet-LLL", ImageKind.WAVELET, "W010"),
        ("wavelet-HHH", ImageKind.WAVELET, "W017"),
        ("wavelet2-LLH", ImageKind.WAVELET, "W021"),
        ("wavelet-LH", ImageKind.WAVELET, "W01B"),
        ("square", ImageKind.SQUARE, "SQUA"),
        ("squareroot", ImageKind.SQUARE_ROOT, "SQRT"),
        ("logarithm", ImageKind.LOGARITHM, "NLOG"),
        ("exponential", ImageKind.EXPONENTIAL, "EXPO"),
        ("gradient", ImageKind.GRADIENT, "GRAD"),
        ("lbp-2D", ImageKind.LBP_2D, "P2DI"),
        ("lbp-3D-m1", ImageKind.LBP_3D, "M001"),
        ("lbp-3D-k", ImageKind.LBP_3D, "P3DK"),
    ],
)
def test_a_name_has_its_kind_and_frozen_code(name: str, kind: ImageKind, code: str) -> None:
    image = parse_image_name(name)
    assert (image.text, image.kind, image.code) == (name, kind, code)


@pytest.mark.parametrize(
    "name",
    [
        *("", "Original", "log-sigma-2-0-mm", "log-sigma-02-0-mm-3D", "log-sigma-2-10-mm-3D"),
        *("wavelet1-LLL", "wavelet-LLLL", "wavelet-L", "lbp-3D-m0", "lbp-3D", "gradient-magnitude"),
    ],
)
def test_a_name_that_no_image_type_writes_is_refused(name: str) -> None:
    with pytest.raises(TableError, match="no image type has this name"):
        parse_image_name(name)


@pytest.mark.parametrize("name", ["log-sigma-46-656-mm-3D", "wavelet1296-LLL", "lbp-3D-m46656"])
def test_a_number_beyond_the_codes_is_refused(name: str) -> None:
    with pytest.raises(TableError, match="has no code"):
        parse_image_name(name)


def test_sigma_is_named_as_python_writes_the_number() -> None:
    assert name_log(2) == "log-sigma-2-mm-3D"
    assert name_log(2.0) == "log-sigma-2-0-mm-3D"
    assert name_log(0.125) == "log-sigma-0-125-mm-3D"


def test_the_first_wavelet_level_is_not_written() -> None:
    assert [name_wavelet(level, "HLL") for level in (1, 2)] == ["wavelet-HLL", "wavelet2-HLL"]


def test_images_come_in_the_order_of_their_kinds_and_numbers() -> None:
    names = [
        *("original", "log-sigma-1-0-mm-3D", "log-sigma-10-0-mm-3D", "wavelet-LLH", "wavelet-HHH"),
        *("wavelet2-LLL", "square", "lbp-2D", "lbp-3D-m1", "lbp-3D-m2", "lbp-3D-k"),
    ]
    mixed = [*names[1::2], *names[::2]]
    assert sorted(mixed, key=lambda name: parse_image_name(name).order) == names
