"""How much memory the job of a chunk needs, told from image headers and settings before it is queued.

The numbers were measured (``benchmarks/memory.py``); what they cannot know, such as the extent of an ROI, is
made up for by the job's further attempts, each with twice the memory.
"""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from radfeat.core.files import write_own_text_if_changed
from radfeat.core.vocabulary import Modality, Recipe
from radfeat.features.settings import FeatureSettings, resolve_features
from radfeat.ingest.image_size import count_voxels
from radfeat.pipeline.manifest import list_stats
from radfeat.prepare.settings import PrepareSettings, resolve_preparation

BASE_MB = 700.0
"""Two processes with their libraries loaded, and small images."""


_READ_BYTES = 12.0
"""Per voxel of an image as stored: the file's bytes, its voxels, a mask."""

_WHOLE_BYTES = 45.0
"""Per voxel, where the whole image is brought to a new grid (recipe ``ibsi``)."""

_FILTER_BYTES = {"Wavelet": 150.0, "LBP3D": 40.0}
"""Per voxel of what is filtered: the filtered images of one filter that are held at once."""

_OTHER_FILTER_BYTES = 25.0

_CROPPED = 0.25
"""Share of an image that is filtered where it is resampled or cropped first: that of a large ROI."""

_LARGEST = 3
"""Images of a chunk of which the header is read: those with the largest files."""

_STEP_MB = 100
"""Requests are rounded up to this, so that a scheduler sees few different ones."""

Count = Callable[[Path], int | None]


def estimate_case_mb(voxels: int, prepare: PrepareSettings, features: FeatureSettings) -> float:
    """Memory (MB) of a worker for an image of so many voxels, beyond the process itself."""
    per_voxel = _READ_BYTES
    if prepare.recipe is Recipe.IBSI:
        per_voxel += _WHOLE_BYTES
    filters = [name for name in features.image_types.enabled if name != "Original"]
    filtered = max((_FILTER_BYTES.get(name, _OTHER_FILTER_BYTES) for name in filters), default=0.0)
    is_cropped = prepare.crop_first or any(prepare.resampled_spacing_xyz_mm or ())
    is_cropped = is_cropped and prepare.recipe is not Recipe.IBSI
    per_voxel += filtered * (_CROPPED if is_cropped else 1.0)
    return voxels * per_voxel / 1e6


def estimate_chunk_mb(
    rows: Sequence[Mapping[str, Any]],
    base: Path,
    settings: tuple[PrepareSettings, FeatureSettings],
    count: Count,
) -> int:
    """Memory (MB) that the job of a chunk asks for at its first attempt, with one worker."""
    prepare, features = settings
    needed = 0.0
    for image, modality in _list_largest(rows):
        voxels = count(base / image)
        if voxels is not None:
            kind = Modality(modality)
            own = resolve_preparation(prepare, kind), resolve_features(features, kind)
            needed = max(needed, estimate_case_mb(voxels, *own))
    return int(-(-(BASE_MB + needed) // _STEP_MB) * _STEP_MB)


def _list_largest(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Images with the largest files, and their modality."""
    sizes: dict[tuple[str, str], int] = {}
    for row in rows:
        sizes[row["image"], row["modality"]] = sum(_size_of(stat) for stat in row["stat"])
    return sorted(sizes, key=lambda image: (-sizes[image], image))[:_LARGEST]


def _size_of(stat: Sequence[Any] | None) -> int:
    """Bytes of a file, or of the files of a series, from its entry in a manifest."""
    if stat is None:
        return 0
    return int(stat[1]) if len(stat) > 2 else int(stat[0])


def estimate_memory(
    dealt: Mapping[str, Sequence[Mapping[str, Any]]],
    base: Path,
    settings: tuple[PrepareSettings, FeatureSettings],
    sizes: Path,
) -> dict[str, int]:
    """Memory (MB) of the job of each chunk at its first attempt.

    Parameters
    ----------
    dealt
        The rows of each chunk, as in its manifest.
    base
        The folder that their paths hang from.
    settings
        How images are prepared and measured.
    sizes
        A file that remembers the voxels of images, so that a header is read once.
    """
    known: dict[str, Any] = json.loads(sizes.read_text(encoding="utf-8")) if sizes.is_file() else {}
    used: dict[str, Any] = {}

    def count(image: Path) -> int | None:
        name, stat = os.path.relpath(image, base), json.loads(json.dumps(list_stats(image)))
        kept = known.get(name)
        used[name] = kept if kept and kept[0] == stat else [stat, count_voxels(image)]
        voxels: int | None = used[name][1]
        return voxels

    found = {bucket: estimate_chunk_mb(rows, base, settings, count) for bucket, rows in dealt.items()}
    write_own_text_if_changed(sizes, json.dumps(used, sort_keys=True) + "\n")
    return found
