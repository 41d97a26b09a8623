"""The voxels of a stack of frames: decoded, rescaled, put together, and looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Severity
from radfeat.core.voxels import Voxels
from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.headers import read_number
from radfeat.ingest.dicom.pixels import PixelFormat, Stored, count_left_over, decode_frame, describe_format
from radfeat.ingest.dicom.rescaling import Rescale, choose_whole_type, rescale_plane
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.source import Source

_QUIET_SHARE = 0.05
"""Where a slice's mean, and a neighbour's, stay below this share of the usual, there is air and noise."""
_MOST_BITS = 16
"""Stored numbers of so many bits, with any intercept that keeps them whole, fit 32 bits."""
_SUV_RANGE = (0.5, 1000.0)


@dataclass(frozen=True, eq=False, slots=True)
class Decoded:
    """Voxels (z, y, x), and what was remarked about them."""

    voxels: Voxels
    findings: tuple[Finding, ...]


def decode_voxels(source: Source, frames: Sequence[Frame], rescales: Sequence[Rescale]) -> Decoded:
    """Decode and rescale frames, in the order of slices.

    Whole numbers stay whole where all slopes are 1 and all intercepts whole, in ``int16`` or else ``int32``;
    all else becomes ``float32``.

    Raises
    ------
    InputError
        If pixels cannot be decoded, or become no finite number.
    """
    formats = {id(frame.header): describe_format(source, frame.header) for frame in _one_per_object(frames)}
    layouts = [formats[id(frame.header)] for frame in frames]
    whole = all(rescale.is_whole for rescale in rescales)
    room = _choose_room(layouts, whole)
    voxels: Voxels | None = None
    padded = 0
    for k, (frame, layout, rescale) in enumerate(zip(frames, layouts, rescales, strict=True)):
        stored = decode_frame(source, frame, layout)
        padded += _count_padding(frame, stored)
        with np.errstate(over="ignore", invalid="ignore"):
            plane = rescale_plane(stored, rescale, room)
        if not whole and not np.all(np.isfinite(plane)):
            raise source.refuse("has rescale values that make NaN or infinity of its stored values")
        kind = choose_whole_type(source, int(plane.min()), int(plane.max())) if whole else room
        voxels = _make_room(voxels, (len(frames), *plane.shape), kind)
        voxels[k] = plane
    if voxels is None:
        raise source.refuse("holds no slice")
    findings = (
        *_remark_padding(source, padded, voxels.size),
        *_remark_display(source, frames),
        *_remark_left_over(source, _one_per_object(frames), formats),
    )
    return Decoded(voxels, findings)


def _choose_room(layouts: Sequence[PixelFormat], whole: bool) -> np.dtype[np.generic]:
    """The number type in which a slice is rescaled."""
    if not whole:
        return np.dtype(np.float32)
    return np.dtype(np.int64 if any(layout.bits > _MOST_BITS for layout in layouts) else np.int32)


def _make_room(voxels: Voxels | None, shape: tuple[int, ...], kind: np.dtype[np.generic]) -> Voxels:
    """The array (z, y, x) for slices of a type: made for the first of them, widened where one needs it.

    The first slice is decoded before: its pixels prove that the header's sizes are no damage.
    """
    if voxels is None:
        return np.empty(shape, kind)
    return voxels.astype(np.promote_types(voxels.dtype, kind), copy=False)


def check_slices(source: Source, voxels: Voxels, factor: float) -> tuple[Finding, ...]:
    """A slice whose mean intensity leaves those of both its neighbours by a factor: a damaged slope, perhaps.

    Means are taken above the usual least intensity of a slice (air in CT). The end slices, which often fade,
    have one neighbour only and are not judged.
    """
    if len(voxels) < 3:
        return ()
    floor = float(np.median(voxels.min(axis=(1, 2))))
    means = np.array([np.maximum(plane - floor, 0, dtype=np.float64).mean() for plane in voxels])
    jumps = measure_jumps(means)
    worst = int(np.argmax(jumps))
    if jumps[worst] <= factor:
        return ()
    what = (
        f"the mean intensity of slice {worst + 2} of {len(voxels)} lies by this factor above or below those "
        f"of both its neighbours; there are {int(np.count_nonzero(jumps > factor))} such slices"
    )
    return (remark(SeriesCheck.SLICE_JUMP, source.key, what, jumps[worst], factor),)


def measure_jumps(means: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """By which factor each mean but the first and last lies above, or below, both its neighbours.

    1 where it lies between them, and where it and a neighbour are next to nothing.
    """
    usual = float(np.median(means))
    least = max(usual * 1e-6, 1e-300)
    left, centre, right = (np.maximum(part, least) for part in (means[:-2], means[1:-1], means[2:]))
    low, high = np.minimum(left, right), np.maximum(left, right)
    jumps = np.maximum(np.maximum(centre / high, low / centre), 1.0)
    jumps[np.maximum(centre, low) <= _QUIET_SHARE * usual] = 1.0
    return np.asarray(jumps)


def check_suv_range(source: Source, voxels: Voxels) -> tuple[Finding, ...]:
    """A PET whose greatest SUV is no uptake: dose, weight or unit are likely wrong."""
    greatest = float(voxels.max())
    low, high = _SUV_RANGE
    if low <= greatest <= high:
        return ()
    what = "the greatest SUV of the image is implausible; are weight, dose and units as they should be"
    return (remark(SeriesCheck.SUV_RANGE, source.key, what, greatest, low if greatest < low else high),)


def _count_padding(frame: Frame, stored: Stored) -> int:
    low = read_number(frame.header, "PixelPaddingValue")
    if low is None:
        return 0
    limit = read_number(frame.header, "PixelPaddingRangeLimit")
    low, high = sorted((low, low if limit is None else limit))
    return int(np.count_nonzero((stored >= low) & (stored <= high)))


def _remark_padding(source: Source, padded: int, size: int) -> tuple[Finding, ...]:
    if not padded:
        return ()
    what = f"{padded} of {size} voxels are padding (PixelPaddingValue) outside the field of view"
    return (remark(SeriesCheck.PADDING, source.key, what, padded / size, 0, "share", severity=Severity.INFO),)


def _one_per_object(frames: Sequence[Frame]) -> list[Frame]:
    """One frame of each file: those of an enhanced object share a header."""
    return list({id(frame.header): frame for frame in frames}.values())


def _remark_left_over(
    source: Source, frames: Sequence[Frame], formats: Mapping[int, PixelFormat]
) -> tuple[Finding, ...]:
    files = sum(count_left_over(frame, formats[id(frame.header)]) > 0 for frame in frames)
    if not files:
        return ()
    what = "a few zero bytes follow the pixels of files; they were left out"
    return (remark(SeriesCheck.LEFT_OVER, source.key, what, files, 0, "files"),)


def _remark_display(source: Source, frames: Sequence[Frame]) -> tuple[Finding, ...]:
    inverted = sum(frame.text("PhotometricInterpretation") == "MONOCHROME1" for frame in frames)
    if not inverted:
        return ()
    what = (
        "low numbers are to be shown bright (MONOCHROME1), which is odd; the numbers were taken as they are"
    )
    return (remark(SeriesCheck.INVERTED_DISPLAY, source.key, what, inverted, 0, "slices"),)
