"""NRRD (``.nrrd``, and ``.nhdr`` with its data file): header fields and voxels.

Reference: https://teem.sourceforge.net/nrrd/format.html
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from radfeat.ingest.source import SAVE_AS_VOLUME, Source
from radfeat.ingest.stored import (
    StoredArray,
    compute_sha256,
    refuse_spacing,
    require_ending,
    require_sizes,
    take_voxels,
    unpack_gzip,
)

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "long long int", "signed long long int", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_CODES = {name: code for code, names in _TYPES.items() for name in names}
_SAVE_AGAIN = "Save it again as one .nrrd file, raw or gzip"


def read_nrrd(source: Source) -> StoredArray:
    """Read an NRRD file, and its data file where the header names one.

    Raises
    ------
    InputError
        If it is not such a file, is damaged or cut short, or is written in a way that is not read.
    """
    data = source.read_bytes()
    header, start = _split(source, data)
    fields, free = _parse_lines(header)
    sizes = _numbers(source, fields, "sizes")
    components = _components(fields, sizes)
    axes = sizes[1:] if components > 1 else sizes
    x, y, z = require_sizes(source, axes)
    _require_spacing(source, fields, components > 1)
    body, parts = _body(source, fields, data, start)
    shape = (z, y, x, components) if components > 1 else (z, y, x)
    voxels = take_voxels(source, body, _dtype(source, fields), shape)
    return StoredArray(voxels, compute_sha256(*parts), components, fields=free)


def list_nrrd_files(header: bytes, path: Path) -> tuple[Path, ...]:
    """The data file that an NRRD header names; none where the voxels stand behind the header."""
    fields, _ = _parse_lines(_decode(header))
    name = fields.get("data file", "")
    return (path.parent / name,) if name and not _is_list(name) else ()


def _split(source: Source, data: bytes) -> tuple[str, int]:
    if not re.match(rb"NRRD000\d\r?\n", data):
        raise source.refuse("is not an NRRD file, whatever its name says")
    end = re.search(rb"\r?\n\r?\n", data)
    stop, start = (end.start(), end.end()) if end else (len(data), len(data))
    return _decode(data[:stop]), start


def _decode(header: bytes) -> str:
    return header.decode("utf-8", errors="replace")


def _parse_lines(header: str) -> tuple[dict[str, str], dict[str, str]]:
    """Fields of the format (``name: value``) and free fields (``key:=value``)."""
    fields: dict[str, str] = {}
    free: dict[str, str] = {}
    for line in header.splitlines()[1:]:
        if line.startswith("#"):
            continue
        key, assigned, value = line.partition(":=")
        if assigned:
            free[key] = value
            continue
        name, colon, value = line.partition(": ")
        if colon:
            fields[_canonical(name)] = value.strip()
    return fields, free


def _canonical(name: str) -> str:
    plain = name.strip().lower()
    return {"datafile": "data file", "lineskip": "line skip", "byteskip": "byte skip"}.get(plain, plain)


def _numbers(source: Source, fields: Mapping[str, str], name: str) -> tuple[int, ...]:
    text = fields.get(name, "")
    try:
        return tuple(int(part) for part in text.split())
    except ValueError:
        raise source.refuse(f"has a damaged NRRD header, field {name}", measured=text) from None


def _components(fields: Mapping[str, str], sizes: tuple[int, ...]) -> int:
    """Numbers per voxel: the first axis of a four-dimensional file unless it is an axis in space or time."""
    kinds = fields.get("kinds", "").lower().split()
    spatial = ("domain", "space", "time")
    if len(sizes) == 4 and len(kinds) == 4 and kinds[0] not in spatial:
        return sizes[0]
    return 1


def _require_spacing(source: Source, fields: Mapping[str, str], skip_first: bool) -> None:
    units = set(re.findall(r'"([^"]*)"', fields.get("space units", "") + fields.get("units", "")))
    odd = sorted(units - {"mm", "", "???"})
    if odd:
        raise refuse_spacing(source, f"the unit {odd[0]}")
    directions = re.findall(r"none|\([^)]*\)", fields.get("space directions", ""))
    spacings = fields.get("spacings", "").split()
    axes = (directions or spacings)[1 if skip_first else 0 :][:3]
    if len(axes) < 3 or any(not _is_length(axis) for axis in axes):
        found = fields.get("space directions") or fields.get("spacings") or "no spacing"
        raise refuse_spacing(source, found)


def _is_length(text: str) -> bool:
    try:
        parts = [float(part) for part in text.strip("()").split(",")]
    except ValueError:
        return False
    return math.isfinite(sum(parts)) and math.hypot(*parts) > 0


def _body(
    source: Source, fields: Mapping[str, str], data: bytes, start: int
) -> tuple[bytes | memoryview, list[bytes]]:
    """The unpacked voxels, and the bytes of the files."""
    skips = [fields.get(name, "0") for name in ("line skip", "byte skip")]
    if skips != ["0", "0"]:
        raise source.refuse("skips lines or bytes before its voxels", remedy=_SAVE_AGAIN)
    name = fields.get("data file", "")
    if _is_list(name):
        raise source.refuse("keeps its voxels in a list of files", remedy=_SAVE_AGAIN)
    if name:
        require_ending(source, ".nhdr")
    parts = [data, *([source.read_bytes(source.path.parent / name)] if name else [])]
    body = memoryview(parts[-1])[0 if name else start :]
    encoding = fields.get("encoding", "").lower()
    if encoding == "raw":
        return body, parts
    if encoding in ("gzip", "gz"):
        return unpack_gzip(source, body), parts
    raise source.refuse(
        "is packed in a way that is not read", measured=encoding, allowed="raw or gzip", remedy=_SAVE_AGAIN
    )


def _is_list(name: str) -> bool:
    return name.upper().startswith("LIST") or "%" in name


def _dtype(source: Source, fields: Mapping[str, str]) -> np.dtype[np.generic]:
    kind = fields.get("type", "").lower()
    if kind not in _CODES:
        raise source.refuse(f"holds an unknown number type ({kind})", remedy=SAVE_AS_VOLUME)
    order = {"little": "<", "big": ">"}.get(fields.get("endian", "").lower(), "")
    if not order and _CODES[kind][1] != "1":
        raise source.refuse("does not say the order of its bytes", remedy=_SAVE_AGAIN)
    return np.dtype(f"{order or '<'}{_CODES[kind]}")
