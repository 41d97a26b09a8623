"""From stored values to intensities: slope and intercept of each slice, and the number type that results.

Reference: DICOM PS3.3, C.11.1 (modality LUT), C.7.6.16.2.9 (pixel value transformation). ADR 0005.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from radfeat.core.vocabulary import Modality
from radfeat.core.voxels import Voxels
from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.pixels import Stored
from radfeat.ingest.source import Source

_EXPORT_AGAIN = "Export the series again from the scanner's archive, with its rescale values"
_LARGEST_WHOLE = 2.0**30
"""Whole intercepts up to this keep a series of whole numbers whole without overflow."""


@dataclass(frozen=True, slots=True)
class Rescale:
    """Intensity = slope x stored value + intercept."""

    slope: float = 1.0
    intercept: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether whole numbers stay whole."""
        return self.slope == 1.0 and self.intercept.is_integer() and abs(self.intercept) <= _LARGEST_WHOLE

    def times(self, factor: float) -> "Rescale":
        """The same, then multiplied by a factor, in double precision."""
        return self if factor == 1.0 else Rescale(self.slope * factor, self.intercept * factor)


def list_rescales(source: Source, frames: Sequence[Frame], modality: Modality) -> tuple[Rescale, ...]:
    """Slope and intercept of each frame.

    A CT or PET must give both; an MR may give neither, and is then as stored.

    Raises
    ------
    InputError
        If they are missing, malformed, not above 0 (the slope), given for some slices only, or are a table.
    """
    if any(frame.items("ModalityLUTSequence") for frame in frames):
        raise source.refuse("maps its stored values by a table (ModalityLUTSequence)", remedy=_EXPORT_AGAIN)
    given = sum(frame.has("RescaleSlope") or frame.has("RescaleIntercept") for frame in frames)
    if given == 0 and modality is Modality.MR:
        return (Rescale(),) * len(frames)
    if given < len(frames):
        raise source.refuse(
            "has slices without RescaleSlope and RescaleIntercept",
            measured=f"{len(frames) - given} of {len(frames)} slices without",
            remedy=_EXPORT_AGAIN,
        )
    return tuple(_read_rescale(source, frame) for frame in frames)


def _read_rescale(source: Source, frame: Frame) -> Rescale:
    slope, intercept = frame.number("RescaleSlope"), frame.number("RescaleIntercept")
    if slope is None or intercept is None:
        raise source.refuse(
            f"has a slice without a sound {'RescaleSlope' if slope is None else 'RescaleIntercept'}",
            allowed="one finite number",
            remedy=_EXPORT_AGAIN,
        )
    if slope <= 0:
        raise source.refuse(
            "has a slice with an impossible RescaleSlope", measured=f"{slope:g}", allowed="above 0"
        )
    return Rescale(slope, intercept)


def rescale_plane(stored: Stored, rescale: Rescale, dtype: np.dtype[np.generic]) -> Voxels:
    """Intensities (y, x) of a slice in a whole number type that holds them, or in ``float32``.

    Float intensities are float32(stored) x float32(slope) + float32(intercept), each step rounded to float32.
    """
    if np.issubdtype(dtype, np.integer):
        return np.asarray(stored.astype(dtype) + dtype.type(int(rescale.intercept)))
    slope, intercept = np.float32(rescale.slope), np.float32(rescale.intercept)
    return np.asarray(stored.astype(np.float32) * slope + intercept)


def choose_whole_type(source: Source, low: int, high: int) -> np.dtype[np.generic]:
    """``int16`` where it holds all intensities, else ``int32``.

    Raises
    ------
    InputError
        If they fit neither.
    """
    for name in (np.int16, np.int32):
        if np.iinfo(name).min <= low and high <= np.iinfo(name).max:
            return np.dtype(name)
    raise source.refuse("holds whole numbers beyond 32 bits", measured=f"{low} to {high}")
