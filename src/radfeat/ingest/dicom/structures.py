"""The voxels of a region of a structure set: its contours on the slices of the image, combined by XOR.

XOR makes a contour within another a hole, and a keyhole what it shows. It also makes two equal contours
nothing, and three contours of thinner slices that fall on one thicker slice a shell. So such are refused.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from radfeat.core.errors import EmptyRoiError, GeometryError
from radfeat.core.findings import Finding
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Severity
from radfeat.ingest.dicom.contours import (
    Patch,
    Points,
    Relation,
    Voxels,
    fill_polygon,
    is_degenerate,
    relate_all,
    to_index,
)
from radfeat.ingest.dicom.image_place import (
    ImagePlace,
    check_instances,
    check_series,
    choose_tolerance_mm,
    require_reference,
)
from radfeat.ingest.dicom.mask_remark import MaskCheck, count, empty, remark
from radfeat.ingest.dicom.rtstruct import Contour, ContourKind
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

_HALF = 0.5 + 1e-6
"""From a voxel's centre to its border, in voxels, and the rounding of voxel indices."""

_DRAW_AGAIN = "Draw the ROI on the slices of this image"


@dataclass(frozen=True, eq=False, slots=True)
class _Placed:
    """A closed contour on the image: corners (n, 2) in voxel indices of its slice.

    ``level_mm`` is how high above the first slice its plane lies, along the normal; ``k`` the nearest slice,
    None where the plane lies outside the image; ``off_mm`` how far from the nearest slice it lies.
    """

    name: str
    corners_xy: Points
    level_mm: float
    k: int | None
    off_mm: float
    instances: tuple[str, ...]


def draw_structure(
    source: Source,
    contours: Sequence[Contour],
    referred: Sequence[Collection[str]],
    image: ImagePlace,
    settings: IngestSettings,
) -> tuple[Voxels, tuple[Finding, ...]]:
    """The voxels (z, y, x) of a region, on the image's grid.

    Parameters
    ----------
    source
        The structure set, for messages.
    contours
        The region's contours.
    referred
        SOPInstanceUIDs of the images that the structure set as a whole refers to, series by series.
    image, settings
        The image, and what is allowed.

    Raises
    ------
    InputError
        If it has contours of which nobody can say what they enclose, or that cancel each other out.
    EmptyRoiError
        If no closed contour encloses a voxel centre.
    GeometryError
        If contours are not parallel to the slices, lie midway between two, in several planes on one, on
        another slice than they say, or all outside the image.
    """
    closed, findings = _select_closed(source, contours)
    placed = [_place(source, name, contour, image.grid, settings) for name, contour in closed]
    for contour in placed:
        require_reference(source, image, contour.instances, contour.k, contour.name)
    voxels = np.zeros(image.grid.shape_zyx, np.bool_)
    relations = []
    for k, group in _group(placed).items():
        _require_one_plane(source, k, group, choose_tolerance_mm(image.grid, settings))
        patches, found = _fill(source, group, image.grid)
        relations.append(found)
        for patch in patches:
            voxels[k][patch.slices_yx] ^= patch.inside_yx
    if not voxels.any():
        raise _refuse_empty(source, placed, image.grid)
    findings += _check_places(source, placed, image.grid, settings)
    whole = frozenset().union(*referred)
    findings += check_series(source, image, [c.instances for c in placed if c.k is not None], whole)
    findings += check_instances(source, image, referred)
    return voxels, (*findings, *_tell_relations(source, relations))


def _select_closed(
    source: Source, contours: Sequence[Contour]
) -> tuple[list[tuple[str, Contour]], list[Finding]]:
    """The contours that enclose something, by name, and findings about the others."""
    named = [(f"contour {n} of {len(contours)}", contour) for n, contour in enumerate(contours, 1)]
    for name, contour in named:
        if contour.kind is ContourKind.OTHER:
            raise source.refuse(
                f"has in the region a contour that is not closed, so nobody can say what it encloses: {name}",
                allowed=f"{ContourKind.CLOSED} or {ContourKind.CLOSED_XOR}, beside {ContourKind.POINT}",
                remedy="Close the contours where the ROI was drawn, and export them again",
            )
    drawn = [(name, contour) for name, contour in named if contour.kind is not ContourKind.POINT]
    closed = [(name, contour) for name, contour in drawn if not is_degenerate(contour.points_mm)]
    if not closed:
        what = "without any contour" if not contours else "of points and lines that enclose nothing"
        raise empty(source, f"has a region {what}")
    found = []
    if len(named) > len(drawn):
        what = f"{count(len(named) - len(drawn), 'marked point')} beside the contours left out"
        found.append(
            remark(MaskCheck.CONTOUR_POINTS, source.key, what, len(named) - len(drawn), 0.0, "points")
        )
    if len(drawn) > len(closed):
        number = len(drawn) - len(closed)
        what = f"{count(number, 'contour')} left out that have fewer than three points or lie on one line"
        found.append(remark(MaskCheck.CONTOUR_DEGENERATE, source.key, what, number, 0.0, "contours"))
    return closed, found


def _place(source: Source, name: str, contour: Contour, grid: Grid, settings: IngestSettings) -> _Placed:
    index = to_index(grid, contour.points_mm)
    step, tolerance = grid.spacing_xyz_mm[2], choose_tolerance_mm(grid, settings)
    heights = index[:, 2] * step
    tilt = float(np.ptp(heights))
    if tilt > tolerance:
        raise GeometryError(
            f"{source.role} has contours that are not parallel to the slices: {name}",
            key=source.key,
            measured=f"points {tilt:.4g} mm apart along the normal",
            allowed=f"{tolerance:g} mm",
            remedy=f"{_DRAW_AGAIN}, or raise ingest.slice_tolerance_mm if this is rounding",
        )
    level = float(heights.mean())
    nearest = min(max(round(level / step), 0), grid.size_xyz[2] - 1)
    off = abs(level - nearest * step)
    if off > tolerance and abs(off - step / 2) < tolerance:
        raise GeometryError(
            f"{source.role} has contours midway between two slices: {name}",
            key=source.key,
            measured=f"{off:.4g} mm from the nearest",
            allowed=f"less than {step / 2 - tolerance:.4g} mm",
            remedy=_DRAW_AGAIN,
        )
    inside = -_HALF < level / step < grid.size_xyz[2] - 1 + _HALF
    return _Placed(name, index[:, :2], level, nearest if inside else None, off, contour.instances)


def _check_places(
    source: Source, placed: Sequence[_Placed], grid: Grid, settings: IngestSettings
) -> Iterator[Finding]:
    """Findings about contours that lie beside the image, beside its slices, or between them."""
    inside = [contour for contour in placed if contour.k is not None]
    beyond = len(placed) - len(inside)
    if beyond:
        what = f"{count(beyond, 'contour')} of {len(placed)} outside the image's slices: the ROI is cut off"
        yield remark(MaskCheck.CONTOUR_BEYOND, source.key, what, beyond, 0.0, "contours")
    outside = sum(_count_outside(contour, grid) for contour in inside)
    if outside:
        what = f"{count(outside, 'point')} of the contours outside the image: the ROI is cut off"
        yield remark(MaskCheck.CONTOUR_OUTSIDE, source.key, what, outside, 0.0, "points")
    off = max((contour.off_mm for contour in inside), default=0.0)
    tolerance = choose_tolerance_mm(grid, settings)
    if off > tolerance:
        what = f"contours lie up to {off:.3g} mm off the slices, and were taken for those of the nearest"
        yield remark(MaskCheck.CONTOUR_OFF_SLICE, source.key, what, off, tolerance, "mm")


def _count_outside(contour: _Placed, grid: Grid) -> int:
    far = np.subtract(grid.size_xyz[:2], 1) + _HALF
    corners = contour.corners_xy
    return int(np.count_nonzero(np.any((corners < -_HALF) | (corners > far), axis=1)))


def _group(placed: Sequence[_Placed]) -> dict[int, list[_Placed]]:
    """The contours on each slice of the image."""
    groups: dict[int, list[_Placed]] = {}
    for contour in placed:
        if contour.k is not None:
            groups.setdefault(contour.k, []).append(contour)
    return groups


def _require_one_plane(source: Source, k: int, contours: Sequence[_Placed], tolerance: float) -> None:
    levels = [contour.level_mm for contour in contours]
    spread = max(levels) - min(levels)
    if spread > tolerance:
        raise GeometryError(
            f"{source.role} has contours in several planes that fall on one slice of the image (slice {k})",
            key=source.key,
            measured=f"{spread:.4g} mm apart",
            allowed=f"{tolerance:g} mm",
            remedy="It was drawn on thinner slices; take that series, or draw the ROI on this one",
        )


def _fill(source: Source, contours: Sequence[_Placed], grid: Grid) -> tuple[list[Patch], set[Relation]]:
    """The voxels in each contour of a slice, and how contours of the slice lie to one another."""
    filled = [fill_polygon(contour.corners_xy, grid.size_xyz[:2]) for contour in contours]
    patches = [patch for patch in filled if patch is not None]
    relations = set(relate_all(patches))
    if Relation.SAME in relations:
        raise source.refuse(
            "draws the same voxels twice on one slice, which cancel each other out",
            measured=f"{contours[0].name} to {contours[-1].name}, slice {contours[0].k}",
            allowed="each contour once",
            remedy="Remove the copy where the ROI was drawn, and export it again",
        )
    return patches, relations


def _tell_relations(source: Source, relations: Sequence[set[Relation]]) -> Iterator[Finding]:
    crossing = sum(Relation.CROSSING in found for found in relations)
    if crossing:
        what = f"contours cross on {count(crossing, 'slice')}; what lies in both was left out"
        yield remark(MaskCheck.CONTOUR_CROSSING, source.key, what, crossing, 0.0, "slices")
    holes = sum(Relation.NESTED in found for found in relations)
    if holes:
        what = f"contours within others were taken for holes on {count(holes, 'slice')}"
        yield remark(MaskCheck.CONTOUR_HOLES, source.key, what, holes, 0.0, "slices", Severity.INFO)


def _refuse_empty(source: Source, placed: Sequence[_Placed], grid: Grid) -> EmptyRoiError | GeometryError:
    """The error for contours without a voxel, by whether they lie in the image at all."""
    inside = [contour for contour in placed if contour.k is not None]
    if all(_count_outside(contour, grid) == len(contour.corners_xy) for contour in inside):
        return GeometryError(
            f"{source.role} has a region that lies wholly outside the image",
            key=source.key,
            remedy="Check that the mask belongs to this image",
        )
    return empty(source, "has a region that encloses no voxel's centre")
