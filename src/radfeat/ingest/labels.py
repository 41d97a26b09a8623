"""Which voxels of a mask file belong to an ROI: by number, by name, or the only one."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.core.errors import EmptyRoiError, InputError
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Reason
from radfeat.core.voxels import Voxels
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source
from radfeat.ingest.volume_files import read_volume_file

Region = npt.NDArray[np.bool_]

_SEGMENT = re.compile(r"Segment(\d+)_(Name|LabelValue|Layer)")
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Segment:
    """A named label of a mask file: the voxels of a layer that hold ``number``."""

    name: str
    number: int
    layer: int

    def __str__(self) -> str:
        return f"'{self.name}' ({self.number})"


@dataclass(frozen=True, eq=False, slots=True)
class LabelFile:
    """A mask file: label maps (z, y, x), one per layer, and the names that the file gives to labels."""

    layers: tuple[Voxels, ...]
    grid: Grid
    sha256: str
    segments: tuple[Segment, ...]


def read_label_file(source: Source, settings: IngestSettings) -> LabelFile:
    """Read a mask file.

    Raises
    ------
    InputError
        If it cannot be read as one volume of whole numbers; several layers are allowed where the header
        says which segment lies in which.
    """
    file = read_volume_file(source, settings)
    segments = parse_segments(source, file.fields, file.layers)
    if file.layers > 1 and not segments:
        raise source.refuse(
            "holds several numbers per voxel and names no segments",
            measured=str(file.layers),
            allowed="1",
            remedy="Save it as a label map, or as a segmentation of 3D Slicer (.seg.nrrd)",
        )
    layers = tuple(np.moveaxis(file.voxels, -1, 0)) if file.layers > 1 else (file.voxels,)
    for layer in layers:
        _require_whole_numbers(source, layer)
    return LabelFile(layers, file.grid, file.sha256, segments)


def parse_segments(source: Source, fields: Mapping[str, str], layers: int) -> tuple[Segment, ...]:
    """The segments that a header of 3D Slicer declares (``Segment0_Name`` and so on), in its order."""
    found: dict[int, dict[str, str]] = {}
    for key, value in fields.items():
        match = _SEGMENT.fullmatch(key)
        if match:
            found.setdefault(int(match[1]), {})[match[2]] = value.strip()
    segments = []
    for number in sorted(found):
        entry = found[number]
        if {"Name", "LabelValue", "Layer"} - set(entry) or not _are_numbers(entry, layers):
            raise source.refuse(
                f"declares a segment {number} without a valid name, number or layer",
                remedy="Save the segmentation again with 3D Slicer 5",
            )
        name = unicodedata.normalize("NFC", entry["Name"])
        segments.append(Segment(name, int(entry["LabelValue"]), int(entry["Layer"])))
    return tuple(segments)


def _are_numbers(entry: Mapping[str, str], layers: int) -> bool:
    texts = (entry["LabelValue"], entry["Layer"])
    return all(t.isascii() and t.isdecimal() for t in texts) and int(entry["Layer"]) < layers


def _require_whole_numbers(source: Source, voxels: Voxels) -> None:
    if np.issubdtype(voxels.dtype, np.integer):
        return
    whole = np.isfinite(voxels) & (voxels == np.rint(voxels))
    bad = voxels.size - int(np.count_nonzero(whole))
    if bad:
        first = voxels[~whole].flat[0]
        raise source.refuse(
            f"holds labels that are not whole numbers (voxels: {bad})",
            measured=f"{first:g} in the first",
            allowed="whole numbers",
            remedy="Save the drawn labels, not probabilities or an interpolated mask",
        )


def select_region(source: Source, file: LabelFile, label: int | str | None) -> Region:
    """The voxels (z, y, x) of the ROI.

    Parameters
    ----------
    source
        The mask file, for messages.
    file
        What it holds.
    label
        Number or name of the label; None where the file holds one label only.

    Raises
    ------
    InputError
        If the label is not in the file, or none is named and there are several (``ROI_NOT_FOUND``); the
        message lists what there is.
    EmptyRoiError
        If the file holds no label at all, or a named segment has no voxel.
    """
    if isinstance(label, str):
        return _by_name(source, file, label)
    if not any(np.any(layer) for layer in file.layers):
        raise _empty(source, "holds no label: every voxel is 0")
    return _only(source, file) if label is None else _by_number(source, file, label)


def _by_name(source: Source, file: LabelFile, name: str) -> Region:
    if not file.segments:
        raise _not_found(
            source,
            f"gives no names to its labels, so '{name}' cannot be looked up",
            file,
            "Write the label's number into the column label",
        )
    wanted = unicodedata.normalize("NFC", name)
    matches = [segment for segment in file.segments if segment.name == wanted]
    if len(matches) != 1:
        what = f"has {len(matches)} segments" if matches else "has no segment"
        raise _not_found(source, f"{what} named '{name}'", file, "Write one of these, letter by letter")
    segment = matches[0]
    region: Region = file.layers[segment.layer] == segment.number
    if not region.any():
        raise _empty(source, f"has no voxel in its segment {segment}")
    return region


def _by_number(source: Source, file: LabelFile, number: int) -> Region:
    if number == 0:
        raise _not_found(source, "uses 0 for the background, not for an ROI", file, "Name another label")
    regions: list[Region] = [layer == number for layer in file.layers]
    regions = [region for region in regions if region.any()]
    if not regions:
        raise _not_found(source, f"does not hold the label {number}", file, "Write one of these")
    if len(regions) > 1:
        what = f"holds the label {number} in {len(regions)} layers"
        raise _not_found(source, what, file, "Write the segment's name instead of its number")
    return regions[0]


def _only(source: Source, file: LabelFile) -> Region:
    if len(file.segments) > 1 or len(file.layers) > 1:
        what = f"holds {max(len(file.segments), len(file.layers))} segments, and the sheet names none"
        raise _not_found(source, what, file, "Name one of these in the column label")
    voxels = file.layers[0]
    region: Region = voxels != 0
    first = voxels[region][0]
    if np.any(voxels[region] != first):
        what = "holds several labels, and the sheet names none"
        raise _not_found(source, what, file, "Name one of these in the column label")
    return region


def list_labels(file: LabelFile) -> str:
    """What a mask file holds, for messages: segments by name and number, else label numbers."""
    if file.segments:
        return _shorten([str(segment) for segment in file.segments])
    numbers = {int(n) for layer in file.layers for n in np.unique(layer[layer != 0])}
    return _shorten([str(n) for n in sorted(numbers)])


def _shorten(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return f"{', '.join(names[:_MOST_SHOWN])}{more}" if names else "no label"


def _not_found(source: Source, what: str, file: LabelFile, remedy: str) -> InputError:
    return source.refuse(what, reason=Reason.ROI_NOT_FOUND, measured=list_labels(file), remedy=remedy)


def _empty(source: Source, what: str) -> EmptyRoiError:
    return EmptyRoiError(
        f"{source.role} {what}", key=source.key, remedy="Draw the ROI, or take its row out of the sheet"
    )
