"""Two runs compared: every table and model, level by level."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import TableError
from radfeat.submission.bag import hash_file
from radfeat.submission.flips import mark_flips
from radfeat.submission.levels import Difference, Kind, Level, LevelVerdict, Outcome
from radfeat.submission.table_pairs import TablePair, align, compute_digest, load_table, name_key
from radfeat.submission.tolerance import Tolerances
from radfeat.submission.values import DECIDING, EXACT_DIGESTS, Near, compare_values, is_same_tree, list_near
from radfeat.tables.conform import list_features
from radfeat.tables.parts import SELF, list_parts
from radfeat.tables.schemas import TableSchema


@dataclass(frozen=True, slots=True)
class FilePair:
    """A JSON file (a model, the verdict of the gate) in two runs; None: it is not there."""

    name: str
    first: Path | None
    second: Path | None
    decides: bool = False


@dataclass(slots=True)
class Found:
    """The differences found so far, by level."""

    inputs: list[Difference] = field(default_factory=list)
    headers: list[Difference] = field(default_factory=list)
    bytes: list[Difference] = field(default_factory=list)
    logical: list[Difference] = field(default_factory=list)
    values: list[Difference] = field(default_factory=list)
    near: list[Near] = field(default_factory=list)

    def add_whole(self, difference: Difference) -> None:
        """Add what fails every level of the tables at once."""
        for level in (self.bytes, self.logical, self.values):
            level.append(difference)


def compare_runs(
    tables: Sequence[TablePair], files: Sequence[FilePair], tolerances: Tolerances
) -> tuple[LevelVerdict, ...]:
    """Compare two runs and judge each level.

    Parameters
    ----------
    tables
        The tables of both runs, those of one alone included.
    files
        Models and the verdict of the gate.
    tolerances
        How far numbers may lie apart.
    """
    found = Found()
    for pair in tables:
        _compare_table(pair, tolerances, found)
    for file in files:
        _compare_file(file, tolerances, found)
    return _judge(found, len(tables), len(files))


def hash_table(path: Path) -> str:
    """SHA-256 of a table's file; of a divided table that of the names and hashes of its files."""
    if not path.is_dir():
        return hash_file(path, "sha256")
    own = [path / SELF] if (path / SELF).is_file() else []
    parts = [[p.relative_to(path).as_posix(), hash_file(p, "sha256")] for p in [*own, *list_parts(path)]]
    return compute_json_digest(parts)


def _compare_table(pair: TablePair, tolerances: Tolerances, found: Found) -> None:
    if pair.first is None or pair.second is None:
        found.add_whole(_lone(Kind.TABLE, pair.name, pair.first, decides=pair.schema.name in DECIDING))
        return
    hashes = hash_table(pair.first), hash_table(pair.second)
    if hashes[0] == hashes[1]:
        return
    found.bytes.append(Difference(Kind.FILE, pair.name, column="SHA-256", first=hashes[0], second=hashes[1]))
    try:
        first, second = load_table(pair.first, pair.schema), load_table(pair.second, pair.schema)
    except TableError as error:
        broken = Difference(Kind.TABLE, pair.name, note=error.sentence.removesuffix("."), decides=True)
        found.logical.append(broken)
        found.values.append(broken)
        return
    digests = compute_digest(first, pair.schema), compute_digest(second, pair.schema)
    if digests[0] == digests[1]:
        return
    found.logical.append(
        Difference(Kind.TABLE, pair.name, column="logical digest", first=digests[0], second=digests[1])
    )
    _compare_content(pair, first, second, tolerances, found)


def _compare_content(
    pair: TablePair, first: pa.Table, second: pa.Table, tolerances: Tolerances, found: Found
) -> None:
    name, schema = pair.name, pair.schema
    rows = align(first, second, schema)
    decides = schema.name in DECIDING
    differences = [
        *(_lone_row(name, key, 1, decides) for key in rows.only_first),
        *(_lone_row(name, key, 2, decides) for key in rows.only_second),
        *_compare_columns(name, first, second),
        *compare_values(name, rows, schema, tolerances),
    ]
    if schema.feature_columns:
        differences = mark_flips(differences, list_features(first, schema))
    found.values.extend(differences)
    found.near.extend(list_near(name, rows, schema, tolerances))
    for difference, is_header in _compare_inputs(name, rows.first, rows.second, schema):
        (found.headers if is_header else found.inputs).append(difference)


def _compare_columns(name: str, first: pa.Table, second: pa.Table) -> Iterator[Difference]:
    for column in sorted(set(first.column_names) ^ set(second.column_names)):
        side = ("there", "absent") if column in first.column_names else ("absent", "there")
        yield Difference(Kind.COLUMN, name, column=column, first=side[0], second=side[1])


def _compare_inputs(
    name: str, first: pa.Table, second: pa.Table, schema: TableSchema
) -> Iterator[tuple[Difference, bool]]:
    """What was read: voxels that differ; and files that differ though their voxels do not."""
    for file, voxels in (("image_sha256", "voxel_digest"), ("mask_sha256", "mask_voxel_digest")):
        if file not in schema.column_names:
            continue
        columns = [side[column].to_pylist() for column in (voxels, file) for side in (first, second)]
        for row, (v1, v2, f1, f2) in enumerate(zip(*columns, strict=True)):
            if v1 == v2 and f1 == f2:
                continue
            key = name_key(schema.key, [first[k][row].as_py() for k in schema.key])
            is_header = v1 == v2 and v1 is not None
            column, pair = (file, (f1, f2)) if is_header or v1 == v2 else (voxels, (v1, v2))
            note = "the file differs, voxels and geometry do not" if is_header else ""
            yield (
                Difference(Kind.VALUE, name, key, column, str(pair[0]), str(pair[1]), note=note),
                is_header,
            )


def _compare_file(pair: FilePair, tolerances: Tolerances, found: Found) -> None:
    if pair.first is None or pair.second is None:
        found.add_whole(_lone(Kind.FILE, pair.name, pair.first, decides=pair.decides))
        return
    texts = pair.first.read_bytes(), pair.second.read_bytes()
    if texts[0] == texts[1]:
        return
    hashes = [hashlib.sha256(text).hexdigest() for text in texts]
    found.bytes.append(Difference(Kind.FILE, pair.name, column="SHA-256", first=hashes[0], second=hashes[1]))
    try:
        trees = json.loads(texts[0]), json.loads(texts[1])
    except ValueError:
        broken = Difference(Kind.FILE, pair.name, note="the file is no JSON", decides=pair.decides)
        found.logical.append(broken)
        found.values.append(broken)
        return
    if trees[0] != trees[1]:
        found.logical.append(Difference(Kind.FILE, pair.name, note="the content differs"))
    if not is_same_tree(*trees, tolerances):
        found.values.extend(_list_leaves(pair, *trees, tolerances))


def _list_leaves(
    pair: FilePair, first: object, second: object, tolerances: Tolerances, place: str = ""
) -> Iterator[Difference]:
    """The places of a JSON value that differ."""
    if isinstance(first, dict) and isinstance(second, dict) and first.keys() == second.keys():
        for name in sorted(first.keys() - EXACT_DIGESTS):
            yield from _list_leaves(pair, first[name], second[name], tolerances, f"{place}.{name}".strip("."))
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, (a, b) in enumerate(zip(first, second, strict=True)):
            yield from _list_leaves(pair, a, b, tolerances, f"{place}[{number}]")
    elif not is_same_tree(first, second, tolerances, place.rpartition(".")[2]):
        texts = [_shorten(json.dumps(value, ensure_ascii=False)) for value in (first, second)]
        yield Difference(Kind.VALUE, pair.name, "", place, texts[0], texts[1], decides=pair.decides)


def _shorten(text: str, longest: int = 200) -> str:
    return text if len(text) <= longest else f"{text[:longest]}..."


def _lone(kind: Kind, name: str, first: Path | None, *, decides: bool) -> Difference:
    sides = ("there", "absent") if first is not None else ("absent", "there")
    return Difference(kind, name, first=sides[0], second=sides[1], decides=decides)


def _lone_row(name: str, key: str, side: int, decides: bool) -> Difference:
    sides = ("there", "absent") if side == 1 else ("absent", "there")
    return Difference(Kind.ROW, name, key, first=sides[0], second=sides[1], decides=decides)


def _judge(found: Found, tables: int, files: int) -> tuple[LevelVerdict, ...]:
    read = [d for d in found.values if d.kind in (Kind.ROW, Kind.TABLE) and _holds_inputs(d.table)]
    inputs = [*found.inputs, *read]
    decided = [d for d in found.values if d.decides]
    flips = sum(bool(d.note) and d.kind is Kind.VALUE for d in found.values)
    jumped = f", {flips} of them by a discretisation flip" if flips else ""
    count = f"{tables} tables and {files} files of models and decisions"
    return (
        _level(
            Level.INPUT,
            inputs,
            "voxels and geometry of every image and mask are equal",
            remarks=found.headers,
            noted=f"{len(found.headers)} files differ in their headers alone",
        ),
        _level(Level.BYTE, found.bytes, f"{count} are equal byte by byte"),
        _level(Level.LOGICAL, found.logical, f"{count} say exactly the same"),
        _level(
            Level.TOLERANCE,
            found.values,
            "every value is equal within its tolerance",
            remarks=[near.largest for near in found.near],
            noted=_describe_near(found.near),
            more=jumped,
        ),
        _level(Level.CONCLUSION, decided, "selected features, strata and decisions are equal"),
    )


def _holds_inputs(table: str) -> bool:
    return table.rpartition("/")[2] in ("series", "rois")


def _describe_near(near: Sequence[Near]) -> str:
    """How many numbers are not equal and yet within their tolerance, and by how much."""
    count = sum(n.count for n in near)
    columns = "one column" if len(near) == 1 else f"{len(near)} columns"
    most = max((n.relative for n in near), default=0.0)
    if count == 1:
        return f"1 value differs within it, by {most:.1e} of its size"
    return f"{count} values in {columns} differ within it, by {most:.1e} of their size at most"


def _level(
    level: Level,
    differences: Sequence[Difference],
    holds: str,
    *,
    remarks: Sequence[Difference] = (),
    noted: str = "",
    more: str = "",
) -> LevelVerdict:
    noted = f"; {noted}" if remarks else ""
    if not differences:
        return LevelVerdict(level, Outcome.HOLDS, holds + noted, (), tuple(remarks))
    places = len({d.table for d in differences})
    sentence = f"{len(differences)} differences in {places} tables or files{more}{noted}"
    return LevelVerdict(level, Outcome.FAILS, sentence, tuple(differences), tuple(remarks))
