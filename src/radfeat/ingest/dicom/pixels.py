"""Stored values of a frame, decoded whole or refused: native, deflated, RLE, JPEG, JPEG-LS, JPEG 2000.

Native pixels are counted to the byte here; pydicom pads and warns. Compressed ones go through one package
alone (RLE pydicom, all else pylibjpeg), so that a file gives the same numbers whatever else is installed.
"""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID, RLELossless

from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.headers import READ_FAULTS, quiet, read_number, read_text, read_value
from radfeat.ingest.source import COPY_AGAIN, SAVE_AS_VOLUME, Source

Stored = npt.NDArray[np.signedinteger] | npt.NDArray[np.unsignedinteger]

_PACKAGE = "pylibjpeg"
_RLE_PACKAGE = "pydicom"
"""pylibjpeg's own decoder of RLE aborts on damaged data, with a panic that is no Exception."""
_GREY = frozenset({"MONOCHROME1", "MONOCHROME2"})
_DECODE_FAULTS = (*READ_FAULTS, RuntimeError, Warning)
"""What pydicom and pylibjpeg raise for damaged pixels; only their own calls stand under them."""

MOST_ROWS = 65535
"""Rows and Columns are numbers of 16 bits."""
_MOST_PIXELS = 2**26
"""In a slice: eight times as many rows and columns as any scanner makes would still be fewer."""
_MOST_LEFT_OVER = 15
"""Zero bytes after the pixels that some writers leave; fewer than a damaged Rows or Columns would leave."""
_OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
_OVERLAY_BIT_POSITION = 0x0102


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """How the pixels of an instance are stored; ``bits`` are those allocated, ``used`` those stored."""

    rows: int
    columns: int
    frames: int
    bits: int
    used: int
    signed: bool
    syntax: UID

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Number type of the stored values, in the byte order of the file."""
        order = "<" if self.syntax.is_little_endian else ">"
        return np.dtype(f"{order}{'i' if self.signed else 'u'}{self.bits // 8}")


def describe_format(source: Source, header: Dataset) -> PixelFormat:
    """How an instance stores its pixels, by its header alone: they themselves may not be read yet.

    Raises
    ------
    InputError
        If it is in colour, or does not say plainly how its numbers are stored.
    """
    samples = read_number(header, "SamplesPerPixel")
    if samples != 1 or read_text(header, "PhotometricInterpretation") not in _GREY:
        raise source.refuse(
            "does not hold one grey value per pixel (SamplesPerPixel, PhotometricInterpretation)",
            measured="no number" if samples is None else f"{samples:g} per pixel",
            allowed="1, MONOCHROME2",
            remedy=SAVE_AS_VOLUME,
        )
    rows, columns = _whole(source, header, "Rows"), _whole(source, header, "Columns")
    if not (1 <= rows <= MOST_ROWS and 1 <= columns <= MOST_ROWS and rows * columns <= _MOST_PIXELS):
        raise source.refuse(
            "has an impossible number of pixels (Rows, Columns)",
            measured=f"{columns:.6g} x {rows:.6g}",
            allowed=f"1 or more each, {_MOST_PIXELS} in all",
        )
    bits, used, high = (_whole(source, header, k) for k in ("BitsAllocated", "BitsStored", "HighBit"))
    if bits not in (8, 16, 32) or not 1 <= used <= bits or high != used - 1:
        raise source.refuse(
            "stores its numbers in an odd way",
            measured=f"{bits} bits allocated, {used} stored, high bit {high}",
            allowed="8, 16 or 32 bits allocated, no more stored, from the lowest bit on",
        )
    sign = _whole(source, header, "PixelRepresentation")
    if sign not in (0, 1):
        raise source.refuse(
            "does not say whether its numbers have a sign", measured=f"{sign}", allowed="0, 1"
        )
    frames = read_number(header, "NumberOfFrames")
    return PixelFormat(rows, columns, int(frames or 1), bits, used, sign == 1, _syntax(source, header))


def decode_frame(source: Source, frame: Frame, layout: PixelFormat) -> Stored:
    """The stored values (y, x) of a frame, in native byte order, with their sign.

    Raises
    ------
    InputError
        If pixels are missing or left over, cannot be decoded, or have more bits than they are said to have.
    """
    if layout.syntax.is_encapsulated:
        plane = _decompress(source, frame, layout)
    else:
        plane = _take_native(source, frame, layout)
    if layout.used < layout.bits:
        plane = _take_bits(source, plane, layout, _list_overlay_bits(frame.header, layout))
    return plane


def _whole(source: Source, header: Dataset, keyword: str) -> int:
    number = read_number(header, keyword)
    if number is None or number != int(number) or number < 0:
        raise source.refuse(f"has an image without a sound {keyword}", allowed="a whole number")
    return int(number)


def _syntax(source: Source, header: Dataset) -> UID:
    found = UID(read_text(header.file_meta, "TransferSyntaxUID") or "")
    if found.name == found or not found.is_transfer_syntax:
        raise source.refuse(
            "does not say how its pixels are packed: no known TransferSyntaxUID", remedy=COPY_AGAIN
        )
    return found


def _take_native(source: Source, frame: Frame, layout: PixelFormat) -> Stored:
    data = read_value(frame.header, "PixelData")
    size = layout.rows * layout.columns * layout.bits // 8
    needed = size * layout.frames
    found = len(data) if isinstance(data, bytes) else 0
    padding = count_left_over(frame, layout)
    if not isinstance(data, bytes) or not (found in (needed, needed + needed % 2) or padding):
        what = (
            "is cut short: pixels are missing" if found < needed else "has more pixels than its header says"
        )
        raise source.refuse(what, measured=f"{found} bytes in an image", allowed=f"{needed} bytes")
    plane = np.frombuffer(data, layout.dtype, layout.rows * layout.columns, offset=frame.index * size)
    return np.asarray(plane.reshape(layout.rows, layout.columns), layout.dtype.newbyteorder("="))


def count_left_over(frame: Frame, layout: PixelFormat) -> int:
    """Bytes after native pixels beyond the one that makes their number even, if few and all 0; else 0."""
    data = read_value(frame.header, "PixelData")
    if layout.syntax.is_encapsulated or not isinstance(data, bytes):
        return 0
    needed = layout.rows * layout.columns * layout.bits // 8 * layout.frames
    rest = data[needed:]
    few = needed % 2 < len(rest) <= _MOST_LEFT_OVER
    return len(rest) if few and not any(rest) else 0


def _decompress(source: Source, frame: Frame, layout: PixelFormat) -> Stored:
    name = layout.syntax.name
    package = _RLE_PACKAGE if layout.syntax == RLELossless else _PACKAGE
    with quiet(), warnings.catch_warnings():
        # A warning of pydicom says that pixels were left over, or read otherwise than the header has it.
        warnings.simplefilter("error")
        try:
            decoder = get_decoder(layout.syntax)
            plane, _ = decoder.as_array(frame.header, index=frame.index, raw=True, decoding_plugin=package)
        except _DECODE_FAULTS:
            raise source.refuse(
                f"has pixels that cannot be decoded: transfer syntax {name}, package {package}",
                remedy="Copy the file again, or export it without compression",
            ) from None
    if plane.shape != (layout.rows, layout.columns) or plane.dtype.itemsize != layout.bits // 8:
        raise source.refuse(
            f"has compressed pixels ({name}) that do not fit its header",
            measured=f"{plane.shape[-1]} x {plane.shape[0]} pixels, {8 * plane.dtype.itemsize} bits",
            allowed=f"{layout.columns} x {layout.rows} pixels, {layout.bits} bits",
        )
    return np.asarray(plane)


def _list_overlay_bits(header: Dataset, layout: PixelFormat) -> int:
    """The bits above the stored ones in which overlays are embedded, as the header declares them: a mask.

    Reference: DICOM PS3.3 (2004), C.9.2; retired, and still met in archives.
    """
    mask = 0
    for group in _OVERLAY_GROUPS:
        with quiet():
            try:
                position = int(header[group, _OVERLAY_BIT_POSITION].value)
            except READ_FAULTS:
                continue
        if layout.used <= position < layout.bits:
            mask |= 1 << position
    return mask


def _take_bits(source: Source, plane: Stored, layout: PixelFormat, overlays: int) -> Stored:
    """The lowest bits of each number, with their sign; bits above them may only repeat it, or be 0.

    Bits of declared overlays (the mask ``overlays``) are set aside.
    """
    bits = plane.view(f"u{layout.bits // 8}")
    low = bits & bits.dtype.type(2**layout.used - 1)
    value = low
    if layout.signed:
        shift = layout.bits - layout.used
        value = (low << shift).view(plane.dtype) >> shift
    aside = bits.dtype.type(overlays)
    seen = bits | aside
    if not np.all((seen == low | aside) | (seen == value.view(bits.dtype) | aside)):
        raise source.refuse(
            "holds numbers with more bits than BitsStored says", allowed=f"{layout.used} bits"
        )
    return np.asarray(value)
