"""Where voxels came from: file hashes for identity, voxel digests for content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from radfeat.core.grid import Grid
from radfeat.core.voxels import Voxels


@dataclass(frozen=True, slots=True)
class Provenance:
    """SHA-256 of the image and mask files, and of their voxels with geometry."""

    image_sha256: str
    mask_sha256: str
    image_voxel_digest: str
    mask_voxel_digest: str


def compute_file_sha256(path: Path) -> str:
    """SHA-256 (hexadecimal) of a file's bytes, read in blocks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def compute_voxel_digest(voxels_zyx: Voxels, grid: Grid) -> str:
    """SHA-256 (hexadecimal) of voxels and geometry, whatever the container.

    Voxels enter in C order, little-endian, with the name of their number type; the grid enters as
    the shortest decimal text of each float, so that equal numbers give equal digests everywhere.
    """
    digest = hashlib.sha256()
    digest.update(repr((grid.size_xyz, grid.spacing_xyz_mm, grid.origin_xyz_mm, grid.direction)).encode())
    little = np.ascontiguousarray(voxels_zyx.astype(voxels_zyx.dtype.newbyteorder("<"), copy=False))
    digest.update(little.dtype.str.encode())
    digest.update(little.data)
    return digest.hexdigest()
