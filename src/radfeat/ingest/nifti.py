"""NIfTI-1 in one file (``.nii``, ``.nii.gz``): header and voxels.

Reference: https://nifti.nimh.nih.gov/pub/dist/src/niftilib/nifti1.h
"""

import math
import struct
from dataclasses import dataclass

import numpy as np

from radfeat.ingest.source import SAVE_AS_VOLUME, Source
from radfeat.ingest.stored import (
    Affine,
    StoredArray,
    compute_sha256,
    refuse_spacing,
    require_sizes,
    take_voxels,
    unpack_gzip,
)

_HEADER_BYTES = 348
_GZIP = b"\x1f\x8b"
_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
_ODD_TYPES = {
    1: "single bits",
    32: "complex numbers",
    128: "colours (RGB)",
    1536: "128-bit numbers",
    1792: "complex numbers",
    2048: "complex numbers",
    2304: "colours (RGBA)",
}
_MM_PER_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
_LPS_FROM_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, slots=True)
class NiftiHeader:
    """The fields of a NIfTI-1 header that say what the voxels are and where they lie."""

    sizes: tuple[int, ...]
    datatype: int
    byte_order: str
    pixdim: tuple[float, ...]
    offset: int
    slope: float
    intercept: float
    units: int
    qform_code: int
    sform_code: int
    quaternion: tuple[float, ...]
    srow: tuple[float, ...]

    @property
    def rescaled(self) -> bool:
        """Whether SimpleITK would multiply or add: a slope of 0, or no number, counts as 1."""
        slope = self.slope if math.isfinite(self.slope) and self.slope != 0 else 1.0
        intercept = self.intercept if math.isfinite(self.intercept) else 0.0
        return slope != 1.0 or intercept != 0.0


def read_nifti(source: Source) -> StoredArray:
    """Read a NIfTI-1 file whole.

    Raises
    ------
    InputError
        If it is not such a file, is damaged or cut short, or does not hold one number per voxel of a volume.
    """
    data = source.read_bytes()
    content = unpack_gzip(source, data) if _is_packed(source, data) else data
    header = parse_header(source, content)
    # The fifth axis of NIfTI counts the components of a vector.
    components = max(header.sizes[4:5], default=1)
    x, y, z = require_sizes(source, header.sizes, components)
    if header.datatype not in _TYPES:
        kind = _ODD_TYPES.get(header.datatype, f"an unknown number type ({header.datatype})")
        raise source.refuse(f"holds {kind}", remedy=SAVE_AS_VOLUME)
    spacing = header.pixdim[1:4]
    if not all(math.isfinite(s) and s > 0 for s in spacing):
        raise refuse_spacing(source, " x ".join(f"{s:g}" for s in spacing))
    dtype = np.dtype(f"{header.byte_order}{_TYPES[header.datatype]}")
    voxels = take_voxels(source, memoryview(content)[header.offset :], dtype, (z, y, x))
    return StoredArray(
        voxels, compute_sha256(data), rescaled=header.rescaled, transforms=list_transforms(header)
    )


def _is_packed(source: Source, data: bytes) -> bool:
    return source.path.name.lower().endswith(".gz") and data.startswith(_GZIP)


def parse_header(source: Source, content: bytes) -> NiftiHeader:
    """Parse the first 348 bytes of a NIfTI-1 file.

    Raises
    ------
    InputError
        If they are not the header of a NIfTI-1 file whose voxels stand in the same file.
    """
    order = _byte_order(source, content)
    dim = struct.unpack_from(f"{order}8h", content, 40)
    offset, slope, intercept = struct.unpack_from(f"{order}3f", content, 108)
    qform, sform = struct.unpack_from(f"{order}2h", content, 252)
    if not 1 <= dim[0] <= 7 or not math.isfinite(offset) or offset < _HEADER_BYTES:
        raise source.refuse("has a damaged NIfTI header")
    return NiftiHeader(
        sizes=tuple(dim[1 : dim[0] + 1]),
        datatype=struct.unpack_from(f"{order}h", content, 70)[0],
        byte_order=order,
        pixdim=struct.unpack_from(f"{order}8f", content, 76),
        offset=int(offset),
        slope=slope,
        intercept=intercept,
        units=content[123] & 0x07,
        qform_code=qform,
        sform_code=sform,
        quaternion=struct.unpack_from(f"{order}6f", content, 256),
        srow=struct.unpack_from(f"{order}12f", content, 280),
    )


def _byte_order(source: Source, content: bytes) -> str:
    lead = content[:4]
    if len(content) >= _HEADER_BYTES and content[344:347] in (b"n+1", b"ni1"):
        if content[344:347] == b"ni1":
            raise source.refuse(
                "is the header of a NIfTI pair (.hdr, .img)", remedy="Save header and voxels in one .nii file"
            )
        for order in "<>":
            if struct.unpack(f"{order}i", lead)[0] == _HEADER_BYTES:
                return order
    if lead in (struct.pack("<i", 540), struct.pack(">i", 540)):
        raise source.refuse("is a NIfTI-2 file", remedy="Save it as NIfTI-1, NRRD or MetaImage")
    raise source.refuse("is not a NIfTI file, whatever its name says")


def list_transforms(header: NiftiHeader) -> dict[str, Affine]:
    """By name, the matrices from voxel index to LPS (mm) that a header declares valid."""
    scale = np.diag([_MM_PER_UNIT.get(header.units, 1.0)] * 3 + [1.0])
    transforms = {}
    if header.qform_code > 0:
        transforms["qform"] = _LPS_FROM_RAS @ scale @ _qform(header)
    if header.sform_code > 0:
        sform = np.vstack([np.reshape(header.srow, (3, 4)), [0.0, 0.0, 0.0, 1.0]])
        transforms["sform"] = _LPS_FROM_RAS @ scale @ sform
    return transforms


def _qform(header: NiftiHeader) -> Affine:
    b, c, d = header.quaternion[:3]
    a_squared = 1.0 - (b * b + c * c + d * d)
    if a_squared < 1e-7:
        length = math.sqrt(b * b + c * c + d * d)
        a, b, c, d = 0.0, b / length, c / length, d / length
    else:
        a = math.sqrt(a_squared)
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    x, y, z = header.pixdim[1:4]
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * [x, y, -z if header.pixdim[0] < 0 else z]
    matrix[:3, 3] = header.quaternion[3:]
    return matrix
