"""PyRadiomics' own extractor on the image and mask as read, and the comparison with radfeat's values."""

import logging
import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import radiomics
import SimpleITK as sitk
from radiomics.featureextractor import RadiomicsFeatureExtractor

from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.pair import PreparedPair, SourcePair
from radfeat.core.provenance import Provenance
from radfeat.core.vocabulary import Engine, Modality, Unit
from radfeat.core.volume import Mask, Volume, array_of, grid_of
from radfeat.features.as_pyradiomics import features_to_pyradiomics
from radfeat.features.extract import FeatureVector, extract_features
from radfeat.features.settings import FeatureSettings
from radfeat.prepare.as_pyradiomics import prepare_to_pyradiomics
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import PrepareSettings

ROI = RoiKey(CaseKey("golden", "-", "-", "-", "-"), "GTV")
TOLERANCE = 1e-12
"""Relative; absolute for values below 1e-300, of which there are none but zero."""


def read_scan(image: Path, mask: Path) -> tuple[sitk.Image, sitk.Image]:
    """Image and mask as SimpleITK reads them; the mask's label is 1."""
    return sitk.ReadImage(str(image)), sitk.ReadImage(str(mask))


def build_source(image: sitk.Image, mask: sitk.Image) -> SourcePair:
    """The same as a source pair."""
    volume = Volume(array_of(image), grid_of(image), Modality.OT, Unit.ARBITRARY)
    return SourcePair(volume, Mask(array_of(mask) == 1, grid_of(mask), ROI), Provenance("", "", "", ""))


def prepare(image: sitk.Image, mask: sitk.Image, settings: PrepareSettings) -> PreparedPair:
    """radfeat's preparation of image and mask."""
    source = build_source(image, mask)
    return prepare_roi(prepare_image(source.image, settings), source, settings)


def measure(
    image: sitk.Image, mask: sitk.Image, prepare_settings: PrepareSettings, features: FeatureSettings
) -> FeatureVector:
    """radfeat's features of image and mask by the reference engine."""
    by_reference = features.model_copy(update={"engine": Engine.PYRADIOMICS})
    return extract_features(prepare(image, mask, prepare_settings), by_reference)


def build_parameters(
    prepare_settings: PrepareSettings, features: FeatureSettings
) -> dict[str, dict[str, object]]:
    """The PyRadiomics parameter dictionary of radfeat's settings."""
    parameters = features_to_pyradiomics(features)
    parameters["setting"] |= {**prepare_to_pyradiomics(prepare_settings), "additionalInfo": False}
    return parameters


def execute(image: sitk.Image, mask: sitk.Image, parameters: object) -> dict[str, float]:
    """PyRadiomics' features of image and mask; ``parameters`` is a dictionary or the path of a file."""
    # Sums over a whole image depend on how threads share it; radfeat takes one thread.
    threads = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
    radiomics.setVerbosity(60)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyRadiomics' own, and those of its YAML checker
            values = RadiomicsFeatureExtractor(parameters).execute(image, mask)
    finally:
        radiomics.setVerbosity(logging.WARNING)
        sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(threads)
    return {name: float(value) for name, value in values.items() if not name.startswith("diagnostics")}


def find_differences(
    values: Mapping[str, float | None], wanted: Mapping[str, float], tolerance: float = TOLERANCE
) -> list[str]:
    """Every feature that is missing, too many, or not equal; NaN and infinity are equal to None."""
    differences = [f"{name}: only on one side" for name in set(values) ^ set(wanted)]
    for name in set(values) & set(wanted):
        ours, theirs = values[name], wanted[name]
        if ours is None or not math.isfinite(theirs):
            if ours is not None or math.isfinite(theirs):
                differences.append(f"{name}: {ours} instead of {theirs}")
        elif not math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=1e-300):
            differences.append(f"{name}: {ours!r} instead of {theirs!r}")
    return sorted(differences)
