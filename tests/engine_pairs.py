"""Both engines on one prepared pair, for the tests of parity."""

from typing import Any

import numpy as np
import numpy.typing as npt

import phantoms
from radfeat.core.errors import ExtractionError
from radfeat.core.grid import Grid
from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Engine
from radfeat.features.extract import FeatureVector, extract_features
from radfeat.features.parity import compare_engines
from radfeat.features.settings import FeatureSettings

Settings = dict[str, Any]


def measure_by(engine: Engine, pair: PreparedPair, features: Settings) -> FeatureVector:
    """The features of a pair by an engine."""
    return extract_features(pair, FeatureSettings.model_validate({**features, "engine": engine}))


def find_unequal(pair: PreparedPair, features: Settings) -> list[str]:
    """What the engines do not agree on: features, findings, grey levels, or whether they measure at all."""
    try:
        reference = measure_by(Engine.PYRADIOMICS, pair, features)
    except ExtractionError:
        try:
            measure_by(Engine.NATIVE, pair, features)
        except ExtractionError:
            return []
        return ["only the native engine measures this ROI"]
    native = measure_by(Engine.NATIVE, pair, features)
    unequal = [str(c) for c in compare_engines(reference.values, native.values) if not c.is_equal]
    for name in ("findings", "grey_levels"):
        if getattr(reference, name) != getattr(native, name):
            unequal.append(f"{name}: {getattr(reference, name)} or {getattr(native, name)}")
    return unequal


def build_prepared(voxels_zyx: npt.NDArray[Any], mask_zyx: npt.NDArray[np.bool_]) -> PreparedPair:
    """A prepared pair of these voxels and this mask, on a grid whose spacings differ."""
    z, y, x = voxels_zyx.shape
    pair = phantoms.build_pair(voxels_zyx, mask_zyx, grid=Grid((x, y, z), (0.8, 1.1, 3.0)))
    return PreparedPair(pair.image, pair.mask, pair.mask, ())
