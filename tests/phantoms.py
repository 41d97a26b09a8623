"""Writers of every input that radfeat reads, and of every way in which such an input can be wrong.

All phantoms are small. A sound pair is ``write_pair``; each ``break_`` function puts one fault into a file
that is already written, or writes a faulty file in its place.
"""

import gzip
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from radfeat.core.grid import Grid
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.pair import SourcePair
from radfeat.core.provenance import Provenance
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.volume import Mask, Volume, to_sitk
from radfeat.core.voxels import Voxels
from radfeat.ingest.image_sheet import ImageRow

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Real scans, where they are there; tests that need them are marked ``needs_shared``."""

GRID = Grid((8, 7, 6), (1.5, 2.0, 3.0), (-10.0, 20.0, 30.0))
FORMATS = ("nii", "nii.gz", "nrrd", "gz.nrrd", "nhdr", "mha", "z.mha", "mhd")
"""Endings of files; ``gz.nrrd`` and ``z.mha`` are written compressed."""
NUMBER_TYPES = ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")
SHEET_HEADER = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi,lesion_id,label"

OBLIQUE = tuple(float(c) for c in (np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])).ravel())
"""Turned about the z axis by 37 degrees."""
FLIPPED = (-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0)
"""Axes that run against the world's."""
SAGITTAL = (0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0)
"""Slices from left to right, as sagittal MR."""


def build_voxels(grid: Grid = GRID, dtype: str = "i2", seed: int = 1) -> Voxels:
    """Voxels (z, y, x) with every intensity from 0 to 120, reproducibly."""
    return np.random.default_rng(seed).integers(0, 121, grid.shape_zyx).astype(dtype)


def build_labels(grid: Grid = GRID) -> npt.NDArray[np.uint8]:
    """A box of 3 x 3 x 2 voxels with label 1 and one of 2 x 2 x 2 voxels with label 2."""
    labels = np.zeros(grid.shape_zyx, np.uint8)
    labels[1:3, 1:4, 1:4] = 1
    labels[3:5, 4:6, 5:7] = 2
    return labels


def write(path: Path, voxels: Voxels, grid: Grid = GRID) -> Path:
    """Write voxels in the format that the path's ending names."""
    return write_image(path, to_sitk(voxels, grid))


def write_image(path: Path, image: sitk.Image) -> Path:
    """Write a SimpleITK image in the format that the path's ending names."""
    packed = path.name.endswith((".gz", ".gz.nrrd", ".z.mha"))
    sitk.WriteImage(image, str(path), packed)
    return path


def write_pair(folder: Path, ending: str = "nii.gz", grid: Grid = GRID) -> tuple[Path, Path]:
    """A sound image and its mask with the single label 1."""
    image = write(folder / f"image.{ending}", build_voxels(grid), grid)
    mask = write(folder / f"mask.{ending}", np.uint8(1) * (build_labels(grid) == 1), grid)
    return image, mask


def build_key(subject: str = "P1", roi: str = "GTV") -> RoiKey:
    """A key, different by subject and ROI."""
    return RoiKey(CaseKey("TRIAL", "S1", subject, "T0", "CT"), roi)


def build_row(
    image: Path, mask: Path, *, label: int | str | None = None, modality: Modality = Modality.CT
) -> ImageRow:
    """A row of the image sheet."""
    return ImageRow(build_key(), modality, image, mask, label, None, None, None, None, 2)


def build_pair(
    voxels: Voxels, mask: npt.NDArray[np.bool_], *, modality: Modality = Modality.CT, grid: Grid | None = None
) -> SourcePair:
    """An image with a mask in memory; spacing 1 mm unless a grid is given."""
    z, y, x = voxels.shape
    where = grid or Grid((x, y, z), (1.0, 1.0, 1.0))
    unit = Unit.HU if modality is Modality.CT else Unit.ARBITRARY
    volume = Volume(voxels.copy(), where, modality, unit)
    return SourcePair(volume, Mask(mask.copy(), where, build_key()), Provenance("a", "b", "c", "d"))


# -- segmentations of 3D Slicer ------------------------------------------------------------------------------


def write_segmentation(
    path: Path, layers: Sequence[Voxels], segments: Sequence[tuple[str, int, int]], grid: Grid = GRID
) -> Path:
    """A ``.seg.nrrd`` as 3D Slicer 5 writes it: layers, and per segment name, number and layer."""
    images = [to_sitk(layer, grid) for layer in layers]
    image = images[0] if len(images) == 1 else sitk.Image(sitk.Compose(images))
    sitk.WriteImage(image, str(path), True)
    free = []
    for i, (name, number, layer) in enumerate(segments):
        free += [f"Segment{i}_ID:=Segment_{i}", f"Segment{i}_Name:={name}"]
        free += [f"Segment{i}_LabelValue:={number}", f"Segment{i}_Layer:={layer}"]
    header, blank, body = path.read_bytes().partition(b"\n\n")
    text = "\n".join(free).encode()
    path.write_bytes(header.replace(b"kinds: vector", b"kinds: list") + b"\n" + text + blank + body)
    return path


# -- files that are no files, or not whole -------------------------------------------------------------------


def data_file(path: Path) -> Path:
    """Where the voxels stand: the file itself, or the data file of its header."""
    for name in (".raw", ".zraw", ".raw.gz"):
        beside = path.with_name(path.name.rsplit(".", 1)[0] + name)
        if path.suffix in (".mhd", ".nhdr") and beside.exists():
            return beside
    return path


def break_missing(path: Path) -> None:
    """Take the file away."""
    path.unlink()


def break_empty(path: Path) -> None:
    """Leave no byte of it."""
    data_file(path).write_bytes(b"")


def break_magic(path: Path) -> None:
    """Leave the name, and put text into the file."""
    path.write_bytes(b"This is not a scan. " * 64)


def break_truncated(path: Path, keep: float = 0.6) -> None:
    """Keep the beginning of the file only."""
    target = data_file(path)
    data = target.read_bytes()
    target.write_bytes(data[: int(len(data) * keep)])


def break_last_byte(path: Path) -> None:
    """Lose the last byte."""
    target = data_file(path)
    target.write_bytes(target.read_bytes()[:-1])


def break_bit(path: Path) -> None:
    """Flip bits in the middle of the compressed voxels."""
    target = data_file(path)
    data = bytearray(target.read_bytes())
    data[len(data) * 3 // 4] ^= 0x55
    target.write_bytes(data)


# -- files that hold something else than one volume of numbers -----------------------------------------------


def break_frames(path: Path) -> None:
    """Two frames: four-dimensional."""
    frame = to_sitk(build_voxels(), GRID)
    write_image(path, sitk.Image(sitk.JoinSeries([frame, frame])))


def break_colours(path: Path) -> None:
    """Three numbers per voxel."""
    grey = to_sitk(build_voxels(dtype="u1"), GRID)
    write_image(path, sitk.Image(sitk.Compose([grey, grey, grey])))


def break_flat(path: Path) -> None:
    """A picture with two dimensions."""
    write_image(path, sitk.GetImageFromArray(build_voxels()[0]))


def break_complex(path: Path) -> None:
    """Complex numbers."""
    parts = to_sitk(build_voxels(dtype="f4"), GRID)
    write_image(path, sitk.RealAndImaginaryToComplex(parts, parts))


def break_nan(path: Path) -> None:
    """One NaN and one infinite voxel, the first at x 3, y 2, z 1."""
    voxels = build_voxels(dtype="f4")
    voxels[1, 2, 3], voxels[4, 0, 0] = np.nan, -np.inf
    write(path, voxels)


def write_single_frame(path: Path) -> Path:
    """Four-dimensional by its header, one frame by its content: a volume like any other."""
    return write_image(path, sitk.Image(sitk.JoinSeries([to_sitk(build_voxels(), GRID)])))


# -- headers of NIfTI that say something odd -----------------------------------------------------------------


def patch_nifti(path: Path, offset: int, layout: str, *values: float) -> None:
    """Overwrite fields of a NIfTI header, in place, packed or not."""
    data = bytearray(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
    struct.pack_into(f"<{layout}", data, offset, *values)
    path.write_bytes(gzip.compress(bytes(data)) if path.suffix == ".gz" else bytes(data))


def break_spacing_zero(path: Path) -> None:
    """A spacing of 0 mm along x."""
    patch_nifti(path, 80, "f", 0.0)


def break_transforms(path: Path) -> None:
    """An sform that puts the image 50 mm beside its qform."""
    patch_nifti(path, 292, "f", -60.0)


def break_sform_scale(path: Path) -> None:
    """No qform, and an sform whose voxels are twice as large as the spacing fields say."""
    patch_nifti(path, 252, "h", 0)
    rows = np.array([[-3.0, 0, 0, 10], [0, -4.0, 0, -20], [0, 0, 6.0, 30]])
    patch_nifti(path, 280, "12f", *rows.ravel())


def break_shear(path: Path) -> None:
    """No qform, and an sform that is sheared as a tilted gantry shears."""
    patch_nifti(path, 252, "h", 0)
    rows = np.array([[-1.5, 0, 0, 10], [0, -2.0, 0.8, -20], [0, 0, 3.0, 30]])
    patch_nifti(path, 280, "12f", *rows.ravel())


def swap_nifti(path: Path) -> None:
    """The same NIfTI file with its bytes in big-endian order; for int16 voxels."""
    data = path.read_bytes()
    swapped = bytearray(data)
    for offset, layout in (
        (0, "i"),
        (40, "8h"),
        (68, "3h"),
        (76, "8f"),
        (108, "3f"),
        (252, "2h"),
        (256, "18f"),
    ):
        struct.pack_into(f">{layout}", swapped, offset, *struct.unpack_from(f"<{layout}", data, offset))
    voxels = np.frombuffer(data, "<i2", offset=352)
    path.write_bytes(bytes(swapped[:352]) + voxels.astype(">i2").tobytes())


def edit_header(path: Path, old: str, new: str) -> None:
    """Replace text in the header of an NRRD or MetaImage file."""
    data = path.read_bytes()
    if old.encode() not in data:
        raise ValueError(f"{path.name} does not hold {old!r}")
    path.write_bytes(data.replace(old.encode(), new.encode(), 1))


# -- grids ---------------------------------------------------------------------------------------------------


def move(grid: Grid, x_mm: float) -> Grid:
    """The grid, moved along x."""
    x, y, z = grid.origin_xyz_mm
    return replace(grid, origin_xyz_mm=(x + x_mm, y, z))


def stretch(grid: Grid, x_mm: float) -> Grid:
    """The grid with another spacing along x."""
    _, y, z = grid.spacing_xyz_mm
    return replace(grid, spacing_xyz_mm=(x_mm, y, z))


def turn(grid: Grid, direction: tuple[float, ...]) -> Grid:
    """The grid with other axes."""
    return replace(grid, direction=direction)


# -- sheets --------------------------------------------------------------------------------------------------


def write_sheet(
    path: Path,
    rows: Sequence[str],
    *,
    header: str = SHEET_HEADER,
    encode: Callable[[str], bytes] = str.encode,
    delimiter: str = ",",
    line_end: str = "\n",
) -> Path:
    """An image sheet from lines with commas, in the dialect asked for."""
    lines = [line.replace(",", delimiter) for line in (header, *rows)]
    path.write_bytes(encode(line_end.join(lines) + line_end))
    return path


def with_bom(text: str) -> bytes:
    """UTF-8 with a byte order mark, as spreadsheets write it."""
    return text.encode("utf-8-sig")


FILE_FAULTS: Mapping[str, Callable[[Path], None]] = {
    "missing": break_missing,
    "empty": break_empty,
    "magic": break_magic,
    "truncated": break_truncated,
    "last_byte": break_last_byte,
    "frames": break_frames,
    "colours": break_colours,
    "flat": break_flat,
    "nan": break_nan,
}
"""Faults that every format can have; ``complex`` and damaged bits depend on the format."""
