"""Two different feature columns never share a code, and every code is a legal SAS name."""

import re

from hypothesis import given
from hypothesis import strategies as st

from radfeat.features.catalogue import order_features, parse_feature
from radfeat.features.image_names import BANDS_2D, BANDS_3D, name_log, name_wavelet
from radfeat.features.register import FeatureStatus, read_register

SIGMAS = st.integers(1, 46_655).map(lambda n: n / 1000) | st.integers(1, 46)
IMAGES = (
    SIGMAS.map(name_log)
    | st.builds(name_wavelet, st.integers(1, 1295), st.sampled_from((*BANDS_2D, *BANDS_3D)))
    | st.integers(1, 46_655).map("lbp-3D-m{}".format)
    | st.sampled_from(["original", "square", "squareroot", "logarithm", "exponential", "gradient", "lbp-2D"])
    | st.just("lbp-3D-k")
)
ENTRIES = st.sampled_from([e for e in read_register().values() if e.status is not FeatureStatus.RETIRED])
COLUMNS = st.builds(lambda image, e: f"{image}_{e.family.value}_{e.name}", IMAGES, ENTRIES)


@given(st.lists(COLUMNS, min_size=2, unique=True))
def test_different_columns_have_different_codes(names: list[str]) -> None:
    codes = [parse_feature(name).code for name in names]
    assert len(set(codes)) == len(names)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]{7}", code) for code in codes)


@given(st.lists(COLUMNS, unique=True))
def test_order_does_not_depend_on_the_order_given(names: list[str]) -> None:
    ordered = order_features(names)
    assert ordered == order_features(reversed(names))
    assert sorted(ordered) == sorted(names)
