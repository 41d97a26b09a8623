"""What a file holds: voxels checked to be all there, before SimpleITK says where they lie.

SimpleITK reads a NIfTI file that was cut short as zeros, turns NaN into zero, and takes damaged MetaImage
data as they are, all without an error. So the bytes are counted and unpacked here, with their checksums.
"""

import gzip
import hashlib
import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from radfeat.core.vocabulary import Reason
from radfeat.core.voxels import Voxels
from radfeat.ingest.source import COPY_AGAIN, SAVE_AS_VOLUME, Source

Affine = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class StoredArray:
    """The voxels of a file and what its header says besides.

    Parameters
    ----------
    voxels
        Axes (z, y, x), or (z, y, x, component) where ``components`` is more than 1; native byte order.
    sha256
        SHA-256 of the file; of header and data file one after the other where there are two.
    components
        Numbers per voxel.
    rescaled
        The header asks for ``slope * x + intercept``; ``voxels`` are still without it.
    fields
        Free fields of the header (segments of 3D Slicer).
    transforms
        By name, the 4 x 4 matrices from voxel index to LPS, mm, that the header declares.
    """

    voxels: Voxels
    sha256: str
    components: int = 1
    rescaled: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    transforms: Mapping[str, Affine] = field(default_factory=dict)


def compute_sha256(*parts: bytes) -> str:
    """SHA-256 (hexadecimal) of some parts, one after the other."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def unpack_gzip(source: Source, data: bytes | memoryview) -> bytes:
    """Unpack gzip data whole, with its check sum."""
    try:
        return gzip.decompress(data)
    except EOFError:
        raise source.refuse("is cut short: its compressed data end too early") from None
    except (gzip.BadGzipFile, zlib.error):
        raise source.refuse("is damaged: its compressed data do not unpack") from None


def unpack_zlib(source: Source, data: bytes | memoryview) -> bytes:
    """Unpack zlib or gzip data whole, with their check sum."""
    stream = zlib.decompressobj(wbits=47)
    try:
        content = stream.decompress(data) + stream.flush()
    except zlib.error:
        raise source.refuse("is damaged: its compressed data do not unpack") from None
    if not stream.eof:
        raise source.refuse("is cut short: its compressed data end too early")
    return content


def require_sizes(source: Source, sizes: Sequence[int], components: int = 1) -> tuple[int, int, int]:
    """The size (x, y, z) of a volume: three axes, or more of which each further one holds one frame.

    Raises
    ------
    InputError
        If there are fewer axes, several frames, several numbers per voxel, or an axis without voxels.
    """
    if components > 1:
        raise source.refuse(
            "holds several numbers per voxel (colours or a vector)",
            measured=str(components),
            allowed="1",
            remedy=SAVE_AS_VOLUME,
        )
    if any(n < 1 for n in sizes):
        raise source.refuse("has an axis without voxels", measured=_by(sizes), remedy=COPY_AGAIN)
    if len(sizes) < 3:
        raise source.refuse("is two-dimensional", measured=_by(sizes), remedy=SAVE_AS_VOLUME)
    frames = math.prod(sizes[3:])
    if frames > 1:
        raise source.refuse(
            "is four-dimensional", measured=f"{frames} frames", allowed="1", remedy=SAVE_AS_VOLUME
        )
    return (sizes[0], sizes[1], sizes[2])


def take_voxels(
    source: Source, data: bytes | memoryview, dtype: np.dtype[np.generic], shape: tuple[int, ...]
) -> Voxels:
    """The voxels that stand at the beginning of ``data``, aligned and in native byte order.

    Raises
    ------
    InputError
        If there are fewer bytes than voxels.
    """
    count = math.prod(shape)
    needed = count * dtype.itemsize
    if len(data) < needed:
        raise source.refuse(
            "is cut short: voxels are missing", measured=f"{len(data)} bytes", allowed=f"{needed} bytes"
        )
    voxels = np.frombuffer(data, dtype, count).reshape(shape)
    return np.require(voxels, dtype.newbyteorder("="), "A")


def refuse_spacing(source: Source, found: str) -> Exception:
    """The error for a header that does not say how far voxels lie apart; SimpleITK would take 1 mm."""
    return source.refuse(
        "does not say how far its voxels lie apart",
        reason=Reason.GEOMETRY,
        measured=found,
        allowed="three spacings in mm, each above 0",
        remedy="Write the spacing into the header, from the original scan",
    )


def require_ending(source: Source, ending: str) -> None:
    """Refuse a header that names a data file under the name of a file that should hold everything.

    By its name alone it must be known which files make up a volume: a run looks for changed files that way.
    """
    if source.path.suffix.lower() != ending:
        raise source.refuse(
            "keeps its voxels in another file",
            measured=f"the ending {source.path.suffix}",
            allowed=ending,
            remedy=f"Save it as one file, or let its name end in {ending}",
        )


def _by(sizes: Sequence[int]) -> str:
    return " x ".join(str(n) for n in sizes)
