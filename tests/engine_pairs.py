"""Both engines on one prepared pair, for the tests of parity."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

import phantoms
from radfeat.core.errors import ExtractionError
from radfeat.core.grid import Grid
from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Engine
from radfeat.features.extract import FeatureVector, extract_features
from radfeat.features.parity import compare_engines
from radfeat.features.settings import FeatureSettings
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import PrepareSettings

sys.path.insert(0, str(Path(__file__).parent / "golden"))
from phantom_scan import build_phantom
from reference import build_source, prepare

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
    return _compare(reference, measure_by(Engine.NATIVE, pair, features))


def find_unequal_in_runs(
    image: sitk.Image, mask: sitk.Image, settings: PrepareSettings, features: Settings
) -> list[str]:
    """The same for whole runs, in which each engine has its own way to resample."""
    source = build_source(image, mask)
    ready = prepare_image(source.image, settings)
    whole, near = (prepare_roi(ready, source, settings, near=near) for near in (False, True))
    reference = measure_by(Engine.PYRADIOMICS, whole, features)
    return _compare(reference, measure_by(Engine.NATIVE, near, features))


def _compare(reference: FeatureVector, native: FeatureVector) -> list[str]:
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


def compute_digest() -> str:
    """SHA-256 of the features of a phantom by the native engine, with most of what it offers."""
    image, mask = build_phantom("int16")
    pair = prepare(image, mask, PrepareSettings(resampled_spacing_xyz_mm=(1.0, 1.0, 1.0)))
    images = {"Original": {}, "LoG": {"sigma_mm": [1, 2]}, "Wavelet": {"bin_width": 5}, "Gradient": {}}
    digest = hashlib.sha256()
    for more in ({}, {"weighting": "euclidean", "distances": [1, 2], "gldm_alpha": 1}, {"force_2d": True}):
        values = measure_by(Engine.NATIVE, pair, {"image_types": images, **more}).values
        for name, value in values.items():
            digest.update(f"{name} {None if value is None else value.hex()}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    print(compute_digest())
