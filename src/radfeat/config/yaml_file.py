"""A YAML file as a settings model: every fault at once, each with file, line, column, value and remedy."""

import difflib
import types
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from radfeat.core.errors import SettingsError

Model = TypeVar("Model", bound=BaseModel)

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


@dataclass(frozen=True, slots=True)
class FileKind(Generic[Model]):
    """A kind of settings file.

    Parameters
    ----------
    model
        What it holds.
    name
        What messages call it: ``configuration file``.
    first_line
        A line that such a file may start with.
    if_absent, if_wrong
        Remedies, where there is no such file and where a value is not allowed.
    """

    model: type[Model]
    name: str
    first_line: str
    if_absent: str
    if_wrong: str


def read_yaml(path: Path, kind: FileKind[Model]) -> tuple[Model, dict[str, Any]]:
    """Read a settings file: what it holds as a model, and as plain values.

    Raises
    ------
    SettingsError
        If the file cannot be read or anything in it is wrong; the message lists every fault.
    """
    tree = _compose(path, kind)
    marks: dict[Location, Mark] = {(): Mark(1, 1)}
    faults: list[SettingsFault] = []
    data = _build(tree, (), marks, faults, path) if tree is not None else {}
    if not isinstance(data, dict):
        raise SettingsError(
            f"the file holds a {type(data).__name__}, not named settings",
            key=str(path),
            remedy=f"Start it with a line like `{kind.first_line}`",
        )
    try:
        model = kind.model.model_validate(data)
    except ValidationError as error:
        faults.extend(_faults(error, kind, marks, path))
    if faults:
        raise SettingsError(_join(faults))
    return model, data


def _join(faults: list[SettingsFault]) -> str:
    ordered = sorted(faults, key=lambda f: (f.mark.line, f.mark.column))
    text = "\n".join(f.sentence for f in ordered)
    return text.removesuffix(".")


def _compose(path: Path, kind: FileKind[Model]) -> yaml.Node | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"there is no such {kind.name}", key=str(path), remedy=kind.if_absent) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"the {kind.name} cannot be read: {error}", key=str(path), remedy="Save it as UTF-8 text"
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


def _faults(
    error: ValidationError, kind: FileKind[Model], marks: dict[Location, Mark], path: Path
) -> Iterator[SettingsFault]:
    for detail in error.errors(include_url=False, include_context=False):
        at = _known(detail["loc"], marks)
        shown = "" if isinstance(detail["input"], dict | list) else f"is {detail['input']!r}: "
        problem, remedy = f"{shown}{_plain(detail['msg'])}", kind.if_wrong
        if detail["type"] == "extra_forbidden":
            problem, remedy = "is not a setting", _suggest(kind.model, detail["loc"])
        elif detail["type"] == "missing":
            at = _known(detail["loc"][:-1], marks)
            problem, remedy = f"lacks `{detail['loc'][-1]}`", f"Add a line `{detail['loc'][-1]}: ...`"
        elif detail["type"] == "string_type" and isinstance(detail["input"], bool | int | float):
            # To YAML yes, no, on and off are flags: what was written is not known any more.
            problem, remedy = (
                f"{shown}text is wanted",
                "Put in quotes what the sheet has, such as '1' or 'yes'",
            )
        yield SettingsFault(path.name, marks[at], _dotted(at), problem, remedy)


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ").removesuffix(".")


def _known(loc: Location, marks: dict[Location, Mark]) -> Location:
    """The longest part of a location that the file holds (a union's tag, for one, is not in it)."""
    while loc and loc not in marks:
        loc = loc[:-1]
    return loc


def _suggest(model: type[BaseModel], loc: Location) -> str:
    fields = _fields_at(model, loc[:-1])
    close = difflib.get_close_matches(str(loc[-1]), fields, n=1, cutoff=0.5)
    if close:
        return f"Write `{close[0]}`, if that is meant"
    return f"Known here: {', '.join(fields)}" if fields else "Remove it"


def _fields_at(model: type[BaseModel], loc: Location) -> list[str]:
    """Names that are known at a place of a model; none where the place is no model."""
    at: Any = model
    for part in loc:
        at = _descend(at, str(part))
    return list(at.model_fields) if _is_model(at) else []


def _descend(at: Any, part: str) -> Any:
    if _is_model(at):
        field = at.model_fields.get(part)
        at = None if field is None else field.annotation
    elif get_origin(at) is dict:
        at = get_args(at)[1]
    else:
        return None
    if get_origin(at) in (Union, types.UnionType):
        given = [option for option in get_args(at) if option is not type(None)]
        at = given[0] if len(given) == 1 else None
    return at


def _is_model(at: Any) -> bool:
    return isinstance(at, type) and issubclass(at, BaseModel)
