"""Reading a configuration file: every fault at once, each with file, line, column, value and remedy."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from radfeat.config.model import StudySettings
from radfeat.config.parameter_file import read_parameter_file
from radfeat.core.errors import SettingsError

Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands in the file; line and column count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class SettingsFault:
    """One fault of a configuration file."""

    file: str
    mark: Mark
    setting: str
    problem: str
    remedy: str

    @property
    def sentence(self) -> str:
        """File, line, column, setting, problem, remedy, in one sentence."""
        where = f"{self.file}, line {self.mark.line}, column {self.mark.column}"
        name = f"setting `{self.setting}` " if self.setting else ""
        return f"{where}: {name}{self.problem}. {self.remedy}."


def read_settings(path: Path) -> StudySettings:
    """Read, check and complete the settings of a study.

    Raises
    ------
    SettingsError
        If the file cannot be read or any setting is wrong; the message lists every fault.
    """
    tree = _compose(path)
    marks: dict[Location, Mark] = {(): Mark(1, 1)}
    faults: list[SettingsFault] = []
    data = _build(tree, (), marks, faults, path) if tree is not None else {}
    if not isinstance(data, dict):
        raise SettingsError(
            f"the file holds a {type(data).__name__}, not named settings",
            key=str(path),
            remedy="Start it with a line like `images: images.csv`",
        )
    settings = _validate(data, marks, faults, path)
    if faults or settings is None:
        raise SettingsError(_join(faults))
    return _apply_parameter_file(settings, data, path)


def _join(faults: list[SettingsFault]) -> str:
    ordered = sorted(faults, key=lambda f: (f.mark.line, f.mark.column))
    text = "\n".join(f.sentence for f in ordered)
    return text.removesuffix(".")


def _compose(path: Path) -> yaml.Node | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(
            "there is no such configuration file",
            key=str(path),
            remedy="Name one (`radfeat run study/config.yaml`), or write one with `radfeat init FOLDER`",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the configuration file cannot be read: {error}", key=str(path), remedy="Save it as UTF-8 text"
        ) from None
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.SafeLoader)
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.SafeLoader)):
            raise SettingsError(
                "the file repeats a part by an alias (*), which settings do not know",
                key=str(path),
                remedy="Write the part out where it is meant",
            )
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise SettingsError(
            f"this is not YAML: {error.problem}",
            key=f"{path}{where}",
            remedy="Check indents, colons and quotes",
        ) from None
    except yaml.YAMLError as error:
        raise SettingsError(
            f"this is not YAML: {str(error).splitlines()[0]}",
            key=str(path),
            remedy="Save it as plain UTF-8 text, without control characters",
        ) from None
    return node


def _build(
    node: yaml.Node, at: Location, marks: dict[Location, Mark], faults: list[SettingsFault], path: Path
) -> Any:
    """Plain values of a YAML node; notes where each stands, and keys given twice."""
    marks[at] = _mark(node)
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value)
            if key in result:
                faults.append(
                    SettingsFault(
                        path.name, _mark(key_node), _dotted((*at, key)), "is given twice", "Keep one of them"
                    )
                )
            result[key] = _build(value_node, (*at, key), marks, faults, path)
            marks[(*at, key)] = _mark(key_node)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(child, (*at, i), marks, faults, path) for i, child in enumerate(node.value)]
    return _construct(node, at, faults, path)


def _construct(node: yaml.Node, at: Location, faults: list[SettingsFault], path: Path) -> Any:
    """A plain value; YAML takes some texts for dates or tags that do not exist."""
    try:
        return yaml.SafeLoader("").construct_object(node)
    except (yaml.YAMLError, ValueError):
        problem = f"holds {node.value!r}, which YAML cannot take for a plain value"
        faults.append(SettingsFault(path.name, _mark(node), _dotted(at), problem, "Put it in quotes"))
        return node.value


def _mark(node: yaml.Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _dotted(at: Location) -> str:
    return ".".join(str(part) for part in at)


def _validate(
    data: dict[str, Any], marks: dict[Location, Mark], faults: list[SettingsFault], path: Path
) -> StudySettings | None:
    try:
        return StudySettings.model_validate(data)
    except ValidationError as error:
        faults.extend(_faults(error, data, marks, path))
        return None


def _faults(
    error: ValidationError, data: dict[str, Any], marks: dict[Location, Mark], path: Path
) -> Iterator[SettingsFault]:
    for detail in error.errors(include_url=False, include_context=False):
        at = _known(detail["loc"], marks)
        shown = "" if isinstance(detail["input"], dict | list) else f"is {detail['input']!r}: "
        problem, remedy = f"{shown}{_plain(detail['msg'])}", "See `radfeat settings` for what is allowed"
        if detail["type"] == "extra_forbidden":
            problem, remedy = "is not a setting", _suggest(detail["loc"])
        elif detail["type"] == "missing":
            at = _known(detail["loc"][:-1], marks)
            problem, remedy = f"lacks `{detail['loc'][-1]}`", f"Add a line `{detail['loc'][-1]}: ...`"
        yield SettingsFault(path.name, marks[at], _dotted(at), problem, remedy)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removesuffix(".")


def _known(loc: Location, marks: dict[Location, Mark]) -> Location:
    """The longest part of a location that the file holds (a union's tag, for one, is not in it)."""
    while loc and loc not in marks:
        loc = loc[:-1]
    return loc


def _suggest(loc: Location) -> str:
    fields = _fields_at(StudySettings, loc[:-1])
    close = difflib.get_close_matches(str(loc[-1]), fields, n=1, cutoff=0.5)
    if close:
        return f"Write `{close[0]}`, if that is meant"
    return f"Known here: {', '.join(fields)}" if fields else "Remove it"


def _fields_at(model: type[BaseModel], loc: Location) -> list[str]:
    for part in loc:
        field = model.model_fields.get(str(part))
        if field is None or not (
            isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        ):
            return []
        model = field.annotation
    return list(model.model_fields)


def _apply_parameter_file(settings: StudySettings, data: dict[str, Any], path: Path) -> StudySettings:
    if settings.parameter_file is None:
        return settings
    clash = [name for name in ("prepare", "features") if set(data.get(name) or {}) - {"keep"}]
    if clash:
        raise SettingsError(
            f"`parameter_file` is given together with `{'` and `'.join(clash)}`",
            key=path.name,
            remedy="Keep the parameter file or the sections, not both; `prepare.keep` may stay",
        )
    given = read_parameter_file(path.parent / settings.parameter_file)
    update: dict[str, Any] = {
        "prepare": given.prepare.model_copy(update={"keep": settings.prepare.keep}),
        "features": given.features,
    }
    return settings.model_copy(update=update)
