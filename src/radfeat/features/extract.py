"""Measuring a prepared pair: values by feature name, and what cannot be measured said plainly."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from types import MappingProxyType

from radfeat.core.digest import compute_json_digest
from radfeat.core.findings import Finding
from radfeat.core.grey_levels import GreyLevels
from radfeat.core.keys import RoiKey
from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Engine, Recipe, Severity
from radfeat.features.catalogue import order_features, parse_feature
from radfeat.features.engines.measured import Measured
from radfeat.features.planned_images import plan_features
from radfeat.features.settings import FeatureSettings

UNDEFINED = "feature.undefined"
"""Check that speaks where features have no value."""

NAMES_SHOWN = 5

_ENGINES = {
    (Engine.PYRADIOMICS, Recipe.PYRADIOMICS): "pyradiomics",
    (Engine.PYRADIOMICS, Recipe.IBSI): "ibsi",
    (Engine.NATIVE, Recipe.PYRADIOMICS): "native.engine",
}
"""Modules of ``engines`` that measure; PyRadiomics takes a second to load, so only where it is needed."""


@dataclass(frozen=True, eq=False, slots=True)
class FeatureVector:
    """The features of one ROI.

    ``values`` has every feature that the settings ask for, in the order of the tables, each a finite number
    or None; ``findings`` says which are None and why, once per image. ``settings_digest`` is that of the
    feature settings. ``grey_levels`` has one entry per image on which a feature depends on bins.
    """

    roi: RoiKey
    values: Mapping[str, float | None]
    findings: tuple[Finding, ...]
    settings_digest: str
    grey_levels: tuple[GreyLevels, ...] = ()


def extract_features(pair: PreparedPair, settings: FeatureSettings) -> FeatureVector:
    """Measure one prepared ROI.

    Parameters
    ----------
    pair
        Image, morphological mask (for shape) and intensity mask (for all else), on one grid.
    settings
        What to measure.

    Raises
    ------
    EmptyRoiError
        If the intensity mask is empty.
    ExtractionError
        If the engine cannot measure the ROI, or one of the images.
    """
    measured = _load_engine(settings)(pair, settings)
    values = {name: _finite(measured.values.get(name)) for name in _columns(settings)}
    return FeatureVector(
        roi=pair.roi,
        values=MappingProxyType(values),
        findings=_build_findings(values, measured, pair.roi.roi_id),
        settings_digest=compute_json_digest(settings.model_dump(mode="json")),
        grey_levels=measured.grey_levels,
    )


def _load_engine(settings: FeatureSettings) -> Callable[[PreparedPair, FeatureSettings], Measured]:
    module = import_module(f"radfeat.features.engines.{_ENGINES[settings.measured_by, settings.recipe]}")
    measure: Callable[[PreparedPair, FeatureSettings], Measured] = module.measure
    return measure


@lru_cache(maxsize=4)
def _columns(settings: FeatureSettings) -> tuple[str, ...]:
    return tuple(order_features(plan_features(settings)))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _build_findings(values: Mapping[str, float | None], measured: Measured, key: str) -> tuple[Finding, ...]:
    """One finding per note, and one per image (shape apart) on which features lack."""
    notes = [
        Finding(check, Severity.WARNING, key, f"{key}: {note}.") for check, note in measured.notes.items()
    ]
    if None not in values.values():
        return tuple(notes)
    groups: dict[str, list[str]] = {}
    for name in values:
        groups.setdefault(_group_of(name), []).append(name)
    lacking = [
        _build_undefined(group, names, values, measured.gaps.get(group), key)
        for group, names in groups.items()
        if any(values[name] is None for name in names)
    ]
    return (*notes, *lacking)


@cache
def _group_of(name: str) -> str:
    column = parse_feature(name)
    image = column.image.text
    return f"{image}_{column.entry.family.value}" if column.measures_mask else image


def _build_undefined(
    group: str, names: list[str], values: Mapping[str, float | None], gap: str | None, key: str
) -> Finding:
    undefined = [name.removeprefix(f"{group}_") for name in names if values[name] is None]
    shown = ", ".join(undefined[:NAMES_SHOWN]) + (", ..." if len(undefined) > NAMES_SHOWN else "")
    why = gap or f"they are undefined for this ROI ({shown})"
    return Finding(
        UNDEFINED,
        Severity.WARNING,
        key,
        f"{key}: {len(undefined)} of {len(names)} features of {group} have no value: {why}.",
        measured=float(len(undefined)),
        limit=0.0,
        unit="features",
    )
