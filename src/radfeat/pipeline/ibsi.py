"""IBSI's configurations as settings of ours, and measuring them by the functions of the workflow."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Configuration, PhantomSource, Recipe
from radfeat.features.aggregation import Aggregation
from radfeat.features.catalogue import parse_feature
from radfeat.features.extract import extract_features
from radfeat.features.settings import FeatureSettings
from radfeat.ibsi.comparison import ConfigurationResult, compare
from radfeat.ibsi.reference import Expectation, list_expectations
from radfeat.pipeline.ct_phantom import PhantomFiles
from radfeat.pipeline.ibsi_phantoms import read_ct_phantom, read_digital_phantom
from radfeat.pipeline.pair import ReadRoi
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import Interpolator, PrepareSettings

_IN_SLICES = (
    Aggregation.SLICES_AVERAGED,
    Aggregation.SLICES_MERGED,
    Aggregation.STACK_AVERAGED,
    Aggregation.STACK_MERGED,
)
_IN_SPACE = (Aggregation.SPACE_AVERAGED, Aggregation.SPACE_MERGED)
_MATRICES_OF = MappingProxyType(
    {
        "2d": Aggregation.SLICES_AVERAGED,
        "2.5d": Aggregation.STACK_AVERAGED,
        "3d": Aggregation.SPACE_AVERAGED,
    }
)
"""Families with one matrix per slice or region do not depend on how directions are combined."""


@dataclass(frozen=True, slots=True)
class Setup:
    """One configuration: how the phantom is prepared, its grey levels, and the aggregations asked for.

    ``words`` says so in one phrase.
    """

    configuration: Configuration
    words: str
    prepare: PrepareSettings
    bins: Mapping[str, float | None]
    aggregations: tuple[Aggregation, ...]


def _prepare(**given: Any) -> PrepareSettings:
    return PrepareSettings(recipe=Recipe.IBSI, **given)


_BINS_OF_25: Mapping[str, float | None] = MappingProxyType({"bin_width": 25.0})
_BINS_32: Mapping[str, float | None] = MappingProxyType({"bin_width": None, "bin_count": 32})

SETUPS = (
    Setup(
        Configuration.DIGITAL,
        "As it is; bin width 1; 2-D, 2.5-D and 3-D",
        _prepare(),
        MappingProxyType({"bin_width": 1.0}),
        _IN_SLICES + _IN_SPACE,
    ),
    Setup(
        Configuration.A,
        "No interpolation; -500 to 400 HU; bin width 25; 2-D and 2.5-D",
        _prepare(resegment_range=(-500.0, 400.0)),
        _BINS_OF_25,
        _IN_SLICES,
    ),
    Setup(
        Configuration.B,
        "2 mm in-plane, linear; -500 to 400 HU; 32 bins; 2-D and 2.5-D",
        _prepare(
            resampled_spacing_xyz_mm=(2.0, 2.0, 0.0),
            interpolator=Interpolator.LINEAR,
            resegment_range=(-500.0, 400.0),
        ),
        _BINS_32,
        _IN_SLICES,
    ),
    Setup(
        Configuration.C,
        "2 mm, linear; -1000 to 400 HU; bin width 25; 3-D",
        _prepare(
            resampled_spacing_xyz_mm=(2.0, 2.0, 2.0),
            interpolator=Interpolator.LINEAR,
            resegment_range=(-1000.0, 400.0),
        ),
        _BINS_OF_25,
        _IN_SPACE,
    ),
    Setup(
        Configuration.D,
        "2 mm, linear; mean +- 3 SD; 32 bins; 3-D",
        _prepare(
            resampled_spacing_xyz_mm=(2.0, 2.0, 2.0),
            interpolator=Interpolator.LINEAR,
            outlier_resegment_sd=3.0,
        ),
        _BINS_32,
        _IN_SPACE,
    ),
    Setup(
        Configuration.E,
        "2 mm, cubic; -1000 to 400 HU, mean +- 3 SD; 32 bins; 3-D",
        _prepare(
            resampled_spacing_xyz_mm=(2.0, 2.0, 2.0),
            interpolator=Interpolator.BSPLINE,
            resegment_range=(-1000.0, 400.0),
            outlier_resegment_sd=3.0,
        ),
        _BINS_32,
        _IN_SPACE,
    ),
)
"""IBSI reference manual, table 5.1. Intensities are rounded to 1 HU wherever something was interpolated."""


def measure_phantoms(ct: Mapping[PhantomSource, PhantomFiles]) -> Iterator[ConfigurationResult]:
    """Measure the digital phantom, and the CT phantom from each source given, one configuration at a time.

    Raises
    ------
    CaseError
        If a file of the CT phantom cannot be read, or is not the phantom's.
    """
    with tempfile.TemporaryDirectory() as folder:
        digital = read_digital_phantom(Path(folder))
    yield measure_setup(digital, PhantomSource.CODE, SETUPS[0])
    rois = {source: read_ct_phantom(files) for source, files in ct.items()}
    for setup in SETUPS[1:]:
        for source, roi in rois.items():
            yield measure_setup(roi, source, setup)


def measure_setup(roi: ReadRoi, source: PhantomSource, setup: Setup) -> ConfigurationResult:
    """Prepare a phantom once, measure it with each aggregation, and compare."""
    expected = list_expectations(setup.configuration)
    image = prepare_image(roi.image.volume, setup.prepare)
    prepared = prepare_roi(image, roi.pair, setup.prepare)
    measured: dict[tuple[str, str], float | None] = {}
    for aggregation in setup.aggregations:
        measured |= _measure(prepared, setup, aggregation, _select(expected, setup, aggregation))
    return compare(setup.configuration, source, measured, expected)


def _select(expected: Sequence[Expectation], setup: Setup, aggregation: Aggregation) -> list[Expectation]:
    return [e for e in expected if _aggregate_by(e.aggregation, setup) is aggregation]


def _aggregate_by(name: str, setup: Setup) -> Aggregation:
    """The aggregation with which a reference value is measured; what has none is measured with the first."""
    if name == "none":
        return setup.aggregations[0]
    return _MATRICES_OF.get(name) or Aggregation(name)


def _measure(
    prepared: PreparedPair, setup: Setup, aggregation: Aggregation, expected: Sequence[Expectation]
) -> dict[tuple[str, str], float | None]:
    values = extract_features(prepared, build_feature_settings(setup, aggregation, expected)).values
    return {(e.aggregation, e.feature): values.get(e.feature) for e in expected}


def build_feature_settings(
    setup: Setup, aggregation: Aggregation, expected: Sequence[Expectation]
) -> FeatureSettings:
    """Settings that measure the expected features and no others."""
    classes: dict[str, list[str]] = {}
    for e in expected:
        entry = parse_feature(e.feature).entry
        classes.setdefault(entry.family.value, []).append(entry.name)
    return FeatureSettings.model_validate(
        {"recipe": Recipe.IBSI, "aggregation": aggregation, "classes": classes, **setup.bins}
    )
