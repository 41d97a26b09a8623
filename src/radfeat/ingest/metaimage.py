"""MetaImage (``.mha``, and ``.mhd`` with its data file): header fields and voxels.

Reference: https://itk.org/Wiki/ITK/MetaIO/Documentation
"""

import math
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
    unpack_zlib,
)

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_DATA = b"ElementDataFile"
_SAVE_AGAIN = "Save it again as one .mha file"


_NEEDED = {"NDims", "DimSize", "ElementDataFile"}


def read_metaimage(source: Source) -> StoredArray:
    """Read a MetaImage, and its data file where the header names one.

    Raises
    ------
    InputError
        If it is not such a file, is damaged or cut short, or is written in a way that is not read.
    """
    data = source.read_bytes()
    fields, start = _parse(source, data)
    x, y, z = require_sizes(source, _sizes(source, fields), _components(source, fields))
    _require_spacing(source, fields)
    _require_plain(source, fields)
    kind = fields.get("ElementType", "")
    if kind not in _TYPES:
        raise source.refuse(f"holds an unknown number type ({kind})", remedy=SAVE_AS_VOLUME)
    big = _is_true(fields, "BinaryDataByteOrderMSB") or _is_true(fields, "ElementByteOrderMSB")
    dtype = np.dtype(f"{'>' if big else '<'}{_TYPES[kind]}")
    body, parts = _body(source, fields, data, start)
    return StoredArray(take_voxels(source, body, dtype, (z, y, x)), compute_sha256(*parts))


def list_metaimage_files(header: bytes, path: Path) -> tuple[Path, ...]:
    """The data file that a MetaImage header names; none where the voxels stand behind the header."""
    name = _fields(header).get("ElementDataFile", "LOCAL")
    return () if _is_local(name) or _is_list(name) else (path.parent / name,)


def _parse(source: Source, data: bytes) -> tuple[dict[str, str], int]:
    place = data.find(_DATA)
    end = data.find(b"\n", place)
    if place < 0 or b"\0" in data[:place]:
        raise source.refuse("is not a MetaImage file, or its header is cut short")
    stop = len(data) if end < 0 else end + 1
    fields = _fields(data[:stop])
    if not fields.keys() >= _NEEDED:
        raise source.refuse("is not a MetaImage file, whatever its name says")
    return fields, stop


def _fields(header: bytes) -> dict[str, str]:
    pairs = (line.partition("=") for line in header.decode("utf-8", errors="replace").splitlines())
    return {name.strip(): value.strip() for name, sign, value in pairs if sign}


def _sizes(source: Source, fields: Mapping[str, str]) -> tuple[int, ...]:
    text = fields["DimSize"]
    try:
        return tuple(int(part) for part in text.split())
    except ValueError:
        raise source.refuse("has a damaged MetaImage header, field DimSize", measured=text) from None


def _components(source: Source, fields: Mapping[str, str]) -> int:
    text = fields.get("ElementNumberOfChannels", "1")
    if not text.isdecimal():
        raise source.refuse("has a damaged MetaImage header, field ElementNumberOfChannels", measured=text)
    return int(text)


def _require_spacing(source: Source, fields: Mapping[str, str]) -> None:
    text = fields.get("ElementSpacing") or fields.get("ElementSize") or ""
    try:
        spacing = [float(part) for part in text.split()[:3]]
    except ValueError:
        spacing = []
    if len(spacing) < 3 or not all(math.isfinite(s) and s > 0 for s in spacing):
        raise refuse_spacing(source, text or "no spacing")


def _require_plain(source: Source, fields: Mapping[str, str]) -> None:
    """Refuse what SimpleITK would pass over without a word, or what is not unpacked here."""
    slope = fields.get("ElementToIntensityFunctionSlope", "1")
    shift = fields.get("ElementToIntensityFunctionOffset", "0")
    if (slope, shift) != ("1", "0"):
        raise source.refuse(
            "asks for its intensities to be rescaled, which MetaImage readers do not do",
            measured=f"slope {slope}, offset {shift}",
            remedy="Rescale the voxels and save it without these fields",
        )
    if fields.get("BinaryData", "True").lower() == "false":
        raise source.refuse("keeps its voxels as text", remedy=_SAVE_AGAIN)
    if fields.get("HeaderSize", "0") != "0":
        raise source.refuse("skips bytes before its voxels", remedy=_SAVE_AGAIN)


def _body(
    source: Source, fields: Mapping[str, str], data: bytes, start: int
) -> tuple[bytes | memoryview, list[bytes]]:
    """The unpacked voxels, and the bytes of the files."""
    name = fields["ElementDataFile"]
    if _is_list(name):
        raise source.refuse("keeps its voxels in a list of files", remedy=_SAVE_AGAIN)
    local = _is_local(name)
    if not local:
        require_ending(source, ".mhd")
    parts = [data, *([] if local else [source.read_bytes(source.path.parent / name)])]
    body = memoryview(parts[-1])[start if local else 0 :]
    if _is_true(fields, "CompressedData"):
        return unpack_zlib(source, body), parts
    return body, parts


def _is_true(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name, "False").lower() in ("true", "1")


def _is_local(name: str) -> bool:
    return name.upper() == "LOCAL"


def _is_list(name: str) -> bool:
    return name.upper().startswith("LIST") or "%" in name
