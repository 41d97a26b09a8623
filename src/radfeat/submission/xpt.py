"""SAS transport files, version 5 (XPT): writing one data set, and reading it back.

Reference
---------
SAS technical support, TS-140: The record layout of a data set in SAS transport format.
"""

import struct
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from radfeat.core.errors import SubmissionError
from radfeat.submission.dataset import Dataset, Value, Variable, VariableType
from radfeat.submission.ibm_float import Bytes, decode_numbers, encode_numbers

RECORD = 80
_NAMESTR = struct.Struct(">hhhh8s40s8shhh2s8shhl52s")
_TEXT, _NUMBER = 2, 1
_LIBRARY = "HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!000000000000000000000000000000  "
_MEMBER = "HEADER RECORD*******MEMBER  HEADER RECORD!!!!!!!000000000000000001600000000140  "
_DESCRIPTOR = "HEADER RECORD*******DSCRPTR HEADER RECORD!!!!!!!000000000000000000000000000000  "
_NAMES = "HEADER RECORD*******NAMESTR HEADER RECORD!!!!!!!000000{:04d}00000000000000000000  "
_OBSERVATIONS = "HEADER RECORD*******OBS     HEADER RECORD!!!!!!!000000000000000000000000000000  "
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_RELEASE, _SYSTEM = "9.4", "radfeat"


def render_xpt(dataset: Dataset, created: datetime) -> bytes:
    """The bytes of a transport file with one sound data set; the same arguments give the same bytes."""
    stamp = _write_stamp(created)
    lengths = [dataset.length(i) for i in range(len(dataset.variables))]
    head = [
        _LIBRARY,
        f"{'SAS':8}{'SAS':8}{'SASLIB':8}{_RELEASE:8}{_SYSTEM:8}{'':24}{stamp}",
        f"{stamp:80}",
        _MEMBER,
        _DESCRIPTOR,
        f"{'SAS':8}{dataset.name:8}{'SASDATA':8}{_RELEASE:8}{_SYSTEM:8}{'':24}{stamp}",
        f"{stamp:32}{dataset.label:40}{'':8}",
        _NAMES.format(len(dataset.variables)),
    ]
    names = b"".join(_write_names(dataset.variables, lengths))
    rows = _pad(_write_rows(dataset))
    return b"".join(("".join(head).encode("ascii"), _pad(names), _OBSERVATIONS.encode("ascii"), rows))


def _write_stamp(moment: datetime) -> str:
    return f"{moment.day:02d}{_MONTHS[moment.month - 1]}{moment.year % 100:02d}:{moment:%H:%M:%S}"


def _write_names(variables: Sequence[Variable], lengths: Sequence[int]) -> list[bytes]:
    starts = np.cumsum([0, *lengths]).tolist()
    blank = b" " * 8
    return [
        _NAMESTR.pack(
            *(_TEXT if v.is_text else _NUMBER, 0, lengths[i], i + 1),
            *(v.name.encode().ljust(8), v.label.encode().ljust(40)),
            *(blank, 0, 0, 0, b"\0\0", blank, 0, 0, starts[i], b"\0" * 52),
        )
        for i, v in enumerate(variables)
    ]


def _write_rows(dataset: Dataset) -> bytes:
    """Observations one after the other, each of the sum of the variables' lengths."""
    if not dataset.rows:
        return b""
    columns = [_encode_column(dataset, i) for i in range(len(dataset.variables))]
    return np.concatenate(columns, axis=1).tobytes()


def _encode_column(dataset: Dataset, place: int) -> Bytes:
    values = dataset.column(place)
    if not dataset.variables[place].is_text:
        return encode_numbers(np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64))
    length = dataset.length(place)
    joined = b"".join(("" if v is None else str(v)).encode("ascii").ljust(length) for v in values)
    return np.frombuffer(joined, dtype=np.uint8).reshape(len(values), length)


def _pad(data: bytes) -> bytes:
    return data + b" " * (-len(data) % RECORD)


def read_xpt(data: bytes) -> Dataset:
    """The data set of a transport file; every number is a double, and a blank text is missing.

    Origins, keys and codes are not in such a file.

    Raises
    ------
    SubmissionError
        If the bytes are no transport file of version 5 with one data set.
    """
    if not data.startswith(_LIBRARY[:40].encode()) or len(data) % RECORD or len(data) < 8 * RECORD:
        raise SubmissionError("this is no SAS transport file of version 5")
    name, label = data[5 * RECORD + 8 : 5 * RECORD + 16], data[6 * RECORD + 32 : 6 * RECORD + 72]
    count = int(data[7 * RECORD + 54 : 7 * RECORD + 58])
    start = 8 * RECORD
    fields = [_NAMESTR.unpack_from(data, start + i * _NAMESTR.size) for i in range(count)]
    start += count * _NAMESTR.size
    start += -start % RECORD
    if data[start : start + RECORD] != _OBSERVATIONS.encode():
        raise SubmissionError("the transport file has no observations where they should begin")
    variables = tuple(
        Variable(_text(f[4]), _text(f[5]), VariableType.TEXT if f[0] == _TEXT else VariableType.FLOAT, "")
        for f in fields
    )
    lengths = [f[2] for f in fields]
    rows = _read_rows(data[start + RECORD :], variables, lengths)
    return Dataset(_text(name), _text(label), variables, rows)


def _read_rows(
    body: bytes, variables: Sequence[Variable], lengths: Sequence[int]
) -> tuple[tuple[Value, ...], ...]:
    width = sum(lengths)
    count = len(body) // width if width else 0
    while count and not body[(count - 1) * width : count * width].strip(b" "):
        count -= 1  # the blanks that fill the last record
    table = np.frombuffer(body[: count * width], dtype=np.uint8).reshape(count, width)
    starts = np.cumsum([0, *lengths])
    columns = [
        _decode_column(table[:, starts[i] : starts[i + 1]], v.is_text) for i, v in enumerate(variables)
    ]
    return tuple(zip(*columns, strict=True))


def _decode_column(raw: Bytes, is_text: bool) -> list[Value]:
    if not is_text:
        return [None if np.isnan(v) else float(v) for v in decode_numbers(raw)]
    return [_text(row.tobytes()) or None for row in raw]


def _text(raw: bytes) -> str:
    return raw.decode("ascii").rstrip(" ")
