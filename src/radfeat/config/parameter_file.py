"""A PyRadiomics parameter file (YAML), taken as it is: each setting is honoured, or refused with the reason.

Honoured means that the values are those of PyRadiomics' ``execute`` with the same file. In particular a bin
count goes before a bin width, ``shape2D`` without ``force2D`` is left out, ``interpolator`` without a value
switches resampling off, and without ``featureClass`` all classes are measured.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from radfeat.config.parameter_names import (
    CLASS_NAMES,
    FILTER_OWNERS,
    INGEST_RULES,
    KNOWN_SETTINGS,
    PREPARE_NAMES,
    SECTIONS,
    translate_value,
)
from radfeat.core.errors import SettingsError
from radfeat.features.image_types import ImageTypes
from radfeat.features.register import PYRADIOMICS_FAMILIES, Family
from radfeat.features.settings import DEFAULT_BIN_WIDTH, FeatureSettings
from radfeat.prepare.settings import PrepareSettings

Model = TypeVar("Model", bound=BaseModel)
Place = tuple[str, ...]
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ParameterFile:
    """What a parameter file says, as settings of the rooms."""

    prepare: PrepareSettings
    features: FeatureSettings


@dataclass(slots=True)
class _Reading:
    """A file in the course of reading: where each key stands, what was found wrong, whence values came."""

    file: str
    marks: dict[Place, yaml.Mark]
    faults: list[tuple[int, str]] = field(default_factory=list)
    origins: dict[Place, Place] = field(default_factory=dict)

    def complain(self, place: Place, problem: str) -> None:
        """Note a fault of the setting at a place in the file."""
        known = place
        while known and known not in self.marks:
            known = known[:-1]
        mark = self.marks.get(known)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        name = f"`{'.'.join(place)}` " if place else "it "
        self.faults.append((line, f"{self.file}, line {line}, column {column}: {name}{problem}."))


def read_parameter_file(path: Path) -> ParameterFile:
    """Read a PyRadiomics parameter file.

    Raises
    ------
    SettingsError
        If the file cannot be read, or any of its settings is wrong, unknown, or not possible here; the
        message has one sentence per fault.
    """
    reading, data = _load(path)
    sections = _take_sections(data, reading)
    prepare, shared, filters = _take_settings(sections["setting"], reading)
    features = {
        **_choose_bins(shared, {}),
        "image_types": _take_image_types(sections["imageType"], shared, filters, reading),
        "classes": _take_classes(sections["featureClass"], bool(shared.get("force_2d")), reading),
    }
    prepared = _validate(PrepareSettings, prepare, ("prepare",), reading)
    measured = _validate(FeatureSettings, features, ("features",), reading)
    if reading.faults or prepared is None or measured is None:
        sentences = dict.fromkeys(sentence for _, sentence in sorted(reading.faults))
        raise SettingsError("\n".join(sentences).removesuffix("."))
    return ParameterFile(prepared, measured)


def _load(path: Path) -> tuple[_Reading, Values]:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the parameter file cannot be read: {getattr(error, 'strerror', None) or error}",
            key=str(path),
            remedy="Give its path from the folder of the configuration file",
        ) from None
    except yaml.YAMLError as error:
        raise SettingsError(
            f"this is not YAML: {' '.join(str(error).split())}",
            key=str(path),
            remedy="Check indents, colons and quotes",
        ) from None
    reading = _Reading(path.name, {})
    if node is None:
        return reading, {}
    if not isinstance(node, yaml.MappingNode):
        raise SettingsError("the file holds no named settings", key=str(path), allowed=", ".join(SECTIONS))
    _mark_keys(node, (), reading)
    return reading, _construct(node)


def _construct(node: yaml.MappingNode) -> Values:
    loader = yaml.SafeLoader("")
    try:
        values: Values = loader.construct_document(node)
    finally:
        loader.dispose()
    return values


def _mark_keys(node: yaml.Node, at: Place, reading: _Reading) -> None:
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        place = (*at, str(key.value))
        if place in reading.marks:
            reading.marks[place] = key.start_mark
            reading.complain(place, "is given twice: keep one of them")
        reading.marks[place] = key.start_mark
        _mark_keys(value, place, reading)


def _take_sections(data: Values, reading: _Reading) -> dict[str, Values]:
    for name in data:
        if name not in SECTIONS:
            reading.complain((str(name),), f"is no section of a parameter file: {_near(name, SECTIONS)}")
    if data.get("voxelSetting"):
        reading.complain(
            ("voxelSetting",),
            "asks for maps of a value per voxel, and radfeat measures regions: leave it out",
        )
    return {name: _as_mapping(data.get(name), (name,), reading) for name in SECTIONS}


def _as_mapping(value: Any, place: Place, reading: _Reading) -> Values:
    if value is None:
        return {}
    if not isinstance(value, dict):
        reading.complain(place, "holds no named settings: write `name: value` below it")
        return {}
    return {str(name): item for name, item in value.items()}


def _take_settings(given: Values, reading: _Reading) -> tuple[Values, Values, Values]:
    """The file's section ``setting``: our settings of prepare, of features, and PyRadiomics' of filters."""
    prepare, shared, filters = Values(), Values(), Values()
    for name, raw in given.items():
        place = ("setting", name)
        if name in INGEST_RULES:
            if refusal := INGEST_RULES[name](raw):
                reading.complain(place, f"is {raw!r}, and {refusal}")
            continue
        if name not in KNOWN_SETTINGS:
            reading.complain(place, f"is no setting of PyRadiomics: {_near(name, KNOWN_SETTINGS)}")
            continue
        value, complaint = translate_value(name, raw)
        if complaint:
            reading.complain(place, complaint)
        elif name in PREPARE_NAMES:
            prepare[PREPARE_NAMES[name]] = value
            reading.origins["prepare", PREPARE_NAMES[name]] = place
        elif name in CLASS_NAMES:
            shared[CLASS_NAMES[name]] = value
            reading.origins["features", CLASS_NAMES[name]] = place
        else:
            filters[name] = value
    if prepare.get("interpolator", "") is None:
        prepare["resampled_spacing_xyz_mm"] = None
        del prepare["interpolator"]
    return prepare, shared, filters


def _choose_bins(shared: Values, own: Values) -> Values:
    """Settings in which one of bin count and bin width is left: PyRadiomics lets a count go first."""
    both = {"bin_width": DEFAULT_BIN_WIDTH, "bin_count": None, **_bins(shared), **_bins(own)}
    rest = {name: value for name, value in (own or shared).items() if name not in both}
    if own and not _bins(own):
        return rest
    name = "bin_width" if both["bin_count"] is None else "bin_count"
    return {**rest, name: both[name]}


def _bins(values: Values) -> Values:
    return {name: values[name] for name in ("bin_width", "bin_count") if name in values}


def _take_image_types(given: Values, shared: Values, filters: Values, reading: _Reading) -> Values:
    known = tuple(ImageTypes.model_fields)
    types: Values = {}
    for type_name, raw in (given or {"Original": {}}).items():
        place = ("imageType", type_name)
        if type_name not in known:
            reading.complain(place, f"is no image type of PyRadiomics: {_near(type_name, known)}")
            continue
        inherited = _inherit(type_name, filters, reading)
        own = _take_overrides(type_name, _as_mapping(raw, place, reading), reading)
        if type_name == "LoG" and not {**inherited, **own}.get("sigma_mm"):
            reading.complain(place, "lacks `sigma`, and PyRadiomics would measure nothing: name widths in mm")
            continue
        types[type_name] = {**inherited, **(_choose_bins(shared, own) if own else {})}
    return types or {"Original": {}}  # where every type was refused, that is fault enough


def _inherit(type_name: str, filters: Values, reading: _Reading) -> Values:
    """The settings of an image type's filter that the section ``setting`` gives."""
    inherited: Values = {}
    for name, value in filters.items():
        owner, ours = FILTER_OWNERS[name]
        if owner == type_name:
            inherited[ours] = value
            reading.origins["features", "image_types", type_name, ours] = ("setting", name)
    return inherited


def _owner(name: str) -> str:
    return FILTER_OWNERS[name][0]


def _take_overrides(type_name: str, given: Values, reading: _Reading) -> Values:
    own: Values = {}
    filters = [name for name in FILTER_OWNERS if _owner(name) == type_name]
    for name, raw in given.items():
        place = ("imageType", type_name, name)
        if name in PREPARE_NAMES or name in INGEST_RULES:
            reading.complain(place, "has no effect on a single image type: move it to `setting`")
            continue
        if name in FILTER_OWNERS and name not in filters:
            reading.complain(place, f"has no effect here: it belongs to image type {_owner(name)}")
            continue
        if name not in CLASS_NAMES and name not in filters:
            reading.complain(place, f"is no setting of PyRadiomics: {_near(name, (*CLASS_NAMES, *filters))}")
            continue
        value, complaint = translate_value(name, raw)
        if complaint:
            reading.complain(place, complaint)
            continue
        ours = CLASS_NAMES.get(name) or FILTER_OWNERS[name][1]
        own[ours] = value
        reading.origins["features", "image_types", type_name, ours] = place
    return own


def _take_classes(given: Values, flat: bool, reading: _Reading) -> Values:
    known = tuple(family.value for family in PYRADIOMICS_FAMILIES)
    classes: Values = {}
    for name, raw in (given or dict.fromkeys(known)).items():
        if name not in known:
            reading.complain(
                ("featureClass", name), f"is no feature class of PyRadiomics: {_near(name, known)}"
            )
        elif raw is not None and not isinstance(raw, list):
            reading.complain(("featureClass", name), "holds no list of features: write `- Name` below it")
        elif name != Family.SHAPE_2D.value or flat:
            classes[name] = raw or ()
    if set(given) == {Family.SHAPE_2D.value} and not flat:
        reading.complain(
            ("featureClass",), "names shape2D only, which PyRadiomics measures with `force2D: true`"
        )
    return classes or {Family.FIRST_ORDER.value: ()}  # where every class was refused, that is fault enough


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    lowered = {n.lower(): n for n in names}
    close = difflib.get_close_matches(str(name).lower(), list(lowered), n=1, cutoff=0.5)
    return f"write `{lowered[close[0]]}`, if that is meant" if close else f"known are {', '.join(names)}"


def _validate(model: type[Model], values: Mapping[str, Any], room: Place, reading: _Reading) -> Model | None:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_context=False):
            place = _find_origin((*room, *(str(part) for part in detail["loc"])), reading)
            message = detail["msg"].removeprefix("Value error, ").removesuffix(".")
            shown = "" if isinstance(detail["input"], dict | list | tuple) else f"is {detail['input']!r}: "
            reading.complain(place, f"{shown}{message}" if shown else f"is not possible: {message}")
        return None


def _find_origin(place: Place, reading: _Reading) -> Place:
    """Where in the file a setting of ours comes from."""
    while place and place not in reading.origins:
        if place == ("features", "classes"):
            return ("featureClass",)
        if place == ("features", "image_types"):
            return ("imageType",)
        place = place[:-1]
    return reading.origins.get(place, ())
