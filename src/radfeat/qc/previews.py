"""A picture of each ROI: three planes through it, its outline, and nothing that says whose it is."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from radfeat.core.box import Box, bound_voxels
from radfeat.core.files import write_atomically
from radfeat.core.volume import Mask, Volume
from radfeat.core.voxels import Voxels
from radfeat.qc.orientation import Orientation, find_orientation, turn_spacing, turn_voxels
from radfeat.qc.windows import Window, choose_window

Grey = npt.NDArray[np.float32]
Region = npt.NDArray[np.bool_]

PANEL = 200
"""Width and height of one plane, pixels."""
GAP = 6
"""Between two planes, pixels."""

_CONTEXT = 2.2
_LEAST_VIEW_MM = 60.0
_RIM = 1.06
_OUTSIDE = np.float32(0.11)
_FINE = 4
"""The outline is drawn this many times finer and then averaged, so that it is smooth."""
_LINE = 6
"""Width of the outline on the fine raster: 1.5 pixels."""
_OUTLINE_RGB = (255, 176, 0)
_GREYS = 56
_BLEND_GREYS = 28
_STRENGTHS = 4
_MARGIN = 4
_FONT_SIZE = 14


@dataclass(frozen=True, eq=False, slots=True)
class _Plane:
    """One plane: voxels and mask (row, column), the pixel size of both axes, and the letters at its edges.

    ``centre`` is the middle of the view in (row, column) of voxels; rows run down the picture.
    """

    voxels: Voxels
    inside: Region
    spacing_mm: tuple[float, float]
    centre: tuple[float, float]
    letters: tuple[str, str]


def write_preview(path: Path, image: Volume, mask: Mask) -> None:
    """Write a PNG of axial, coronal and sagittal planes through an ROI, side by side.

    Each plane is the one with the largest drawn area. All three show the same square field of view, in
    millimetres, about the middle of the ROI; the patient's right is on the left of the picture. The outline
    follows the voxels as drawn. ValueError where the mask holds no voxel, which ingest refuses.
    """
    indices = _draw(image, mask)
    picture = Image.fromarray(indices)
    picture.putpalette(_palette())
    write_atomically(path, lambda temporary: picture.save(temporary, "PNG", compress_level=7))


def _draw(image: Volume, mask: Mask) -> npt.NDArray[np.uint8]:
    orientation = find_orientation(image.grid)
    voxels = turn_voxels(image.voxels_zyx, orientation)
    inside: Region = turn_voxels(mask.voxels_zyx, orientation).astype(np.bool_, copy=False)
    box = bound_voxels(inside)
    if box is None:
        raise ValueError("the mask holds no voxel")
    spacing = turn_spacing(image.grid, orientation)
    view_mm = _choose_view(box, inside.shape, spacing)
    planes = _cut(voxels, inside, spacing, box, orientation)
    window = choose_window(image, inside=inside, voxels=voxels, box=box, planes=[p.voxels for p in planes])
    panels = [_draw_panel(plane, view_mm, window) for plane in planes]
    gap = np.zeros((PANEL, GAP), np.uint8)
    return np.hstack([panels[0], gap, panels[1], gap, panels[2]])


def _choose_view(box: Box, shape_zyx: tuple[int, ...], spacing_xyz_mm: tuple[float, float, float]) -> float:
    """Side of the field of view, mm: the ROI with its surroundings, but no more than there is image."""
    roi = max(n * s for n, s in zip(box.size_xyz, spacing_xyz_mm, strict=True))
    whole = max(n * s for n, s in zip(reversed(shape_zyx), spacing_xyz_mm, strict=True))
    return min(max(_LEAST_VIEW_MM, _CONTEXT * roi), _RIM * whole)


def _cut(
    voxels: Voxels,
    inside: Region,
    spacing_xyz_mm: tuple[float, float, float],
    box: Box,
    orientation: Orientation,
) -> tuple[_Plane, _Plane, _Plane]:
    """The axial, coronal and sagittal plane; superior is up, anterior is up or left."""
    x, y, z = _largest_slices(inside, box)
    sx, sy, sz = spacing_xyz_mm
    cx, cy, cz = ((low + high) / 2 for low, high in zip(box.lower_xyz, box.upper_xyz, strict=True))
    top = voxels.shape[0] - 1 - cz
    (_, right), (_, front), (head, _) = orientation.letters
    axial = _Plane(voxels[z], inside[z], (sy, sx), (cy, cx), (front, right))
    coronal = _Plane(voxels[::-1, y], inside[::-1, y], (sz, sx), (top, cx), (head, right))
    sagittal = _Plane(voxels[::-1, :, x], inside[::-1, :, x], (sz, sy), (top, cy), (head, front))
    return axial, coronal, sagittal


def _largest_slices(inside: Region, box: Box) -> tuple[int, int, int]:
    """Along x, y, z the slice with the largest area; the middle one of several."""
    crop = inside[box.slices_zyx]
    places = []
    for axis, start in zip((2, 1, 0), box.lower_xyz, strict=True):
        areas = np.count_nonzero(crop, axis=tuple(a for a in range(3) if a != axis))
        best = np.flatnonzero(areas == areas.max())
        places.append(start + int(best[best.size // 2]))
    return places[0], places[1], places[2]


def _draw_panel(plane: _Plane, view_mm: float, window: Window) -> npt.NDArray[np.uint8]:
    grey = _sample(plane, view_mm, window)
    grey = _letter(grey, plane.letters)
    return _colour(grey, _outline(plane, view_mm))


def _positions(plane: _Plane, axis: int, view_mm: float, count: int) -> Grey:
    """Voxel position of each of ``count`` pixels along a picture's axis."""
    width, size = view_mm / plane.spacing_mm[axis], plane.voxels.shape[axis]
    middle = (size - 1) / 2
    if width < size:
        # The view is shifted where it would leave the image on one side.
        middle = float(np.clip(plane.centre[axis], width / 2 - 0.5, size - 0.5 - width / 2))
    steps = (np.arange(count) + 0.5) / count - 0.5
    positions: Grey = (middle + steps * width).astype(np.float32)
    return positions


def _sample(plane: _Plane, view_mm: float, window: Window) -> Grey:
    """Brightness, 0 to 1, of the panel's pixels, between voxels linearly; dark grey beyond the image."""
    rows, columns = (_positions(plane, axis, view_mm, PANEL) for axis in (0, 1))
    bright = window.apply(plane.voxels)
    down = _blend(bright, rows)
    across = _blend(down.T, columns).T
    seen = np.outer(_within(rows, plane.voxels.shape[0]), _within(columns, plane.voxels.shape[1]))
    return np.asarray(np.where(seen, across, _OUTSIDE), np.float32)


def _blend(lines: Grey, positions: Grey) -> Grey:
    """Rows at fractional positions."""
    last = lines.shape[0] - 1
    held = np.clip(positions, 0, last)
    low = np.floor(held).astype(np.intp)
    share = (held - low.astype(np.float32))[:, np.newaxis]
    blended = lines[low] * (1 - share) + lines[np.minimum(low + 1, last)] * share
    return np.asarray(blended, np.float32)


def _within(positions: Grey, size: int) -> Region:
    return (positions >= -0.5) & (positions <= size - 0.5)


def _outline(plane: _Plane, view_mm: float) -> Grey:
    """How much of each pixel, 0 to 1, the outline covers; it lies just outside the drawn voxels' edge."""
    fine = PANEL * _FINE
    rows, columns = (_positions(plane, axis, view_mm, fine) for axis in (0, 1))
    near = [np.rint(p).astype(np.intp) for p in (rows, columns)]
    sizes = plane.inside.shape
    filled = plane.inside[np.ix_(*(np.clip(p, 0, n - 1) for p, n in zip(near, sizes, strict=True)))]
    filled = filled & np.outer(*(_within(p, n) for p, n in zip((rows, columns), sizes, strict=True)))
    edge = _grow(filled, _LINE) & ~filled
    covered: Grey = edge.reshape(PANEL, _FINE, PANEL, _FINE).mean(axis=(1, 3), dtype=np.float32)
    return covered


def _grow(filled: Region, steps: int) -> Region:
    """The region with a rim of some pixels, corners included."""
    grown = filled.copy()
    for axis in (0, 1):
        base = np.moveaxis(grown.copy(), axis, 0)
        out = np.moveaxis(grown, axis, 0)
        for step in range(1, steps + 1):
            out[step:] |= base[:-step]
            out[:-step] |= base[step:]
    return grown


@lru_cache(maxsize=1)
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(_FONT_SIZE)


def _letter(grey: Grey, letters: tuple[str, str]) -> Grey:
    """The panel with a letter at its upper and its left edge, light on dark ground and dark on light."""
    picture = Image.fromarray((grey * 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    middle = slice(PANEL // 2 - _FONT_SIZE, PANEL // 2 + _FONT_SIZE)
    for text, place, anchor, ground in (
        (letters[0], (PANEL / 2, _MARGIN), "mt", grey[: 2 * _FONT_SIZE, middle]),
        (letters[1], (_MARGIN, PANEL / 2), "lm", grey[middle, : 2 * _FONT_SIZE]),
    ):
        fill, rim = (0, 255) if ground.mean() > 0.5 else (255, 0)
        draw.text(place, text, fill=fill, font=_font(), anchor=anchor, stroke_width=1, stroke_fill=rim)
    return np.asarray(picture, np.float32) / np.float32(255)


def _colour(grey: Grey, cover: Grey) -> npt.NDArray[np.uint8]:
    """Palette indices: plain greys, or greys under an outline of some strength."""
    plain = np.rint(grey * (_GREYS - 1)).astype(np.uint8)
    strength = np.rint(cover * _STRENGTHS).astype(np.uint8)
    under = np.rint(grey * (_BLEND_GREYS - 1)).astype(np.uint8)
    blended = _GREYS + (strength - 1) * np.uint8(_BLEND_GREYS) + under
    return np.where(strength > 0, blended, plain).astype(np.uint8)


@lru_cache(maxsize=1)
def _palette() -> bytes:
    """RGB of each index: the greys, then for each strength of the outline the greys below it."""
    colours = [(round(255 * i / (_GREYS - 1)),) * 3 for i in range(_GREYS)]
    for strength in range(1, _STRENGTHS + 1):
        share = strength / _STRENGTHS
        for i in range(_BLEND_GREYS):
            grey = 255 * i / (_BLEND_GREYS - 1)
            red, green, blue = (round(c * share + grey * (1 - share)) for c in _OUTLINE_RGB)
            colours.append((red, green, blue))
    return bytes(channel for colour in colours for channel in colour)
