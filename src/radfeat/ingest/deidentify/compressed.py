"""Comments within compressed frames: blanked in place, since programs and people write into them.

JPEG and JPEG-LS have comments (COM) and application segments (APPn) between their tables, JPEG 2000 has
comments (COM) in the headers of the image and of its tiles. Their lengths stay, so no offset table changes
and no voxel does. What follows the end of a frame, but for zeros, is not pixels and is refused.

Reference: ITU-T T.81 Annex B, T.87 Annex C, T.800 Annex A; DICOM PS3.5 Annexes A.4 and G.
"""

import re
from collections.abc import Iterator

from radfeat.ingest.dicom.headers import HeaderError

Span = tuple[int, int]

_ITEM, _DELIMITER = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_JPEG, _JPEG_2000 = b"\xff\xd8", b"\xff\x4f"
_RUN_LENGTH = re.compile(rb"[\x01-\x0f]\x00\x00\x00\x40\x00\x00\x00")
"""The head of an RLE frame: how many segments, and that the first begins right after the head."""
_MARKER = re.compile(rb"\xff+[\xc0-\xcf\xd8-\xfe]")
"""A marker after coded data, where what follows FF is below C0 or a restart (D0 to D7)."""
_EOI, _SOS, _NOTES = 0xD9, 0xDA, (0xFE, *range(0xE0, 0xF0))
_SOT, _SOD, _EOC, _NOTE_2000 = 0x90, 0x93, 0xD9, 0x64
_JFIF = (b"JFIF\0", 14)
"""Begin and length of the one application segment that is kept: a version and numbers."""


def blank_comments(value: bytes) -> bytes:
    """Encapsulated pixel data with the contents of comments and application segments made zeros.

    Raises
    ------
    HeaderError
        If a frame is none of JPEG, JPEG-LS, JPEG 2000 and RLE, or its segments cannot be followed to its end:
        what cannot be followed cannot be known to be free of text.
    """
    data = bytearray(value)
    for spans in _list_frames(value):
        frame = bytearray().join(value[start:stop] for start, stop in spans)
        for start, stop in _find_comments(bytes(frame)):
            frame[start:stop] = bytes(stop - start)
        place = 0
        for start, stop in spans:
            data[start:stop] = frame[place : place + stop - start]
            place += stop - start
    return bytes(data)


def _list_frames(value: bytes) -> list[list[Span]]:
    """The fragments of each frame; the first item of all is the table of offsets."""
    frames: list[list[Span]] = []
    for start, stop in list(_list_items(value))[1:]:
        if value.startswith((_JPEG, _JPEG_2000), start) or _RUN_LENGTH.match(value, start):
            frames.append([])
        if not frames:
            raise HeaderError("compression is not known")
        frames[-1].append((start, stop))
    return frames


def _list_items(value: bytes) -> Iterator[Span]:
    place = 0
    while value.startswith(_ITEM, place):
        start = place + 8
        place = start + int.from_bytes(value[place + 4 : start], "little")
        yield start, place
    if place > len(value) or value[place:].removeprefix(_DELIMITER).strip(b"\0"):
        raise HeaderError("fragments cannot be followed")


def _find_comments(frame: bytes) -> list[Span]:
    if frame.startswith(_JPEG):
        return list(_walk_jpeg(frame))
    return list(_walk_jpeg_2000(frame)) if frame.startswith(_JPEG_2000) else []


def _walk_jpeg(frame: bytes) -> Iterator[Span]:
    place, marker = _read_marker(frame, len(_JPEG))
    while marker != _EOI:
        start, stop = _read_segment(frame, place)
        content = frame[start:stop]
        if marker in _NOTES and not (content.startswith(_JFIF[0]) and len(content) == _JFIF[1]):
            yield start, stop
        if marker == _SOS:
            found = _MARKER.search(frame, stop)
            stop = found.start() if found else len(frame)
        place, marker = _read_marker(frame, stop)
    _require_end(frame, place)


def _walk_jpeg_2000(frame: bytes) -> Iterator[Span]:
    place, marker = _read_marker(frame, len(_JPEG_2000))
    tile_stop = 0
    while marker != _EOC:
        if marker == _SOD:
            place, marker = _read_marker(frame, tile_stop)
            continue
        start, stop = _read_segment(frame, place)
        if marker == _NOTE_2000:
            yield start + 2, stop  # two bytes say in which letters
        if marker == _SOT:
            length = int.from_bytes(frame[start + 2 : start + 6], "big")
            tile_stop = place - 2 + length if length else frame.rfind(bytes((0xFF, _EOC)))
        place, marker = _read_marker(frame, stop)
    _require_end(frame, place)


def _read_marker(frame: bytes, place: int) -> tuple[int, int]:
    """Where the segment of a marker begins, and the marker; bytes FF before it only fill."""
    start = place
    while frame[place + 1 : place + 2] == b"\xff":
        place += 1
    if place < len(_JPEG) or frame[place : place + 1] != b"\xff" or place + 1 >= len(frame):
        raise HeaderError(f"no marker at {start}")
    return place + 2, frame[place + 1]


def _read_segment(frame: bytes, place: int) -> Span:
    """Begin and end of what a segment holds, behind its length."""
    length = int.from_bytes(frame[place : place + 2], "big")
    if length < 2 or place + length > len(frame):
        raise HeaderError(f"no segment at {place}")
    return place + 2, place + length


def _require_end(frame: bytes, place: int) -> None:
    if frame[place:].strip(b"\0"):
        raise HeaderError("something follows the end of a frame")
