"""The voxels of a region of a structure set: its contours on the slices of the image, combined by XOR.

XOR makes a contour within another a hole, and a keyhole what it shows. It also makes two equal contours
nothing, and three contours of thinner slices that fall on one thicker slice a shell. So such are refused.
What refers to one slice throughout, wherever it lies, says nothing by its references: coordinates decide.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from radfeat.core.errors import EmptyRoiError, GeometryError
from radfeat.core.findings import Finding, remark
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
    ALL_SLICES,
    NEAR,
    ImagePlace,
    check_instances,
    check_series,
    choose_tolerance_mm,
    require_reference,
)
from radfeat.ingest.dicom.mask_checks import MaskCheck, count, empty
from radfeat.ingest.dicom.rtstruct import Contour, ContourKind
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

_HALF = 0.5 + 1e-6
"""From a voxel's centre to its border, in voxels, and the rounding of voxel indices."""


_FEWEST = 3
"""Slices on which contours must lie, to tell a reference that was filled in for all from a wrong one."""

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
    instances: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, eq=False, slots=True)
class _Slice:
    """The contours on slice ``k``; how high they lie; those that hold voxels, their voxels, and how they lie.

    ``related`` names two of the latter by their places in the list; what is not named is apart.
    """

    k: int
    levels_mm: tuple[float, ...]
    contours: tuple[_Placed, ...]
    patches: tuple[Patch, ...]
    related: tuple[tuple[int, int, Relation], ...]

    @property
    def spread_mm(self) -> float:
        """How far the planes of the contours lie apart."""
        return max(self.levels_mm) - min(self.levels_mm)

    @property
    def relations(self) -> set[Relation]:
        """How contours of the slice lie to one another."""
        return {relation for _, _, relation in self.related}


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
    tolerance = choose_tolerance_mm(image.grid, settings)
    findings += _check_references(source, placed, image, tolerance)
    slices = [_fill(k, group, image.grid) for k, group in _group(placed).items()]
    for drawn in slices:
        _require_one_plane(source, drawn, image.grid, tolerance)
        _require_once(source, drawn)
    voxels = _combine(slices, image.grid)
    if not voxels.any():
        raise _refuse_empty(source, placed, image.grid)
    findings += _check_places(source, placed, image.grid, tolerance)
    findings += _check_planes(source, slices, tolerance)
    whole = frozenset().union(*referred)
    findings += check_series(source, image, [c.instances for c in placed if c.k is not None], whole)
    findings += check_instances(source, image, referred)
    return voxels, (*findings, *_tell_relations(source, slices))


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
    level, last = float(heights.mean()), grid.size_xyz[2] - 1
    nearest = min(max(round(level / step), 0), last)
    off = abs(level - nearest * step)
    if 0 <= level <= last * step and off > tolerance and abs(off - step / 2) < tolerance:
        raise GeometryError(
            f"{source.role} has contours midway between two slices: {name}",
            key=source.key,
            measured=f"{off:.4g} mm from the nearest",
            allowed=f"less than {step / 2 - tolerance:.4g} mm",
            remedy=_DRAW_AGAIN,
        )
    inside = max(-level, level - last * step) < step / 2 - tolerance
    return _Placed(name, index[:, :2], level, nearest if inside else None, off, contour.instances)


def _check_references(
    source: Source, placed: Sequence[_Placed], image: ImagePlace, tolerance: float
) -> Iterator[Finding]:
    """Refuse a contour that refers to another slice than its own; a finding where all name one slice."""
    if _name_one_slice(placed, image, tolerance):
        what = "all contours refer to one slice of the image, and were placed by their coordinates"
        yield remark(MaskCheck.ONE_REFERENCE, source.key, what, len(placed), 0.0, "contours")
        return
    for contour in placed:
        require_reference(source, image, contour.instances, contour.k, contour.name)


def _name_one_slice(placed: Sequence[_Placed], image: ImagePlace, tolerance: float) -> bool:
    """Whether contours name one slice of the image alike, and lie on others, each exactly on its own."""
    named = {frozenset(image.slices_of(contour.instances)) - {ALL_SLICES} for contour in placed}
    exact = all(contour.k is not None and contour.off_mm <= tolerance for contour in placed)
    return exact and len({c.k for c in placed}) >= _FEWEST and len(named) == 1 and len(named.pop()) == 1


def _check_places(
    source: Source, placed: Sequence[_Placed], grid: Grid, tolerance: float
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


def _fill(k: int, contours: Sequence[_Placed], grid: Grid) -> _Slice:
    """The voxels in each contour of a slice, and how the contours lie to one another."""
    filled = [(contour, fill_polygon(contour.corners_xy, grid.size_xyz[:2])) for contour in contours]
    held = [(contour, patch) for contour, patch in filled if patch is not None]
    patches = tuple(patch for _, patch in held)
    levels = tuple(contour.level_mm for contour in contours)
    return _Slice(k, levels, tuple(contour for contour, _ in held), patches, tuple(relate_all(patches)))


def _combine(slices: Sequence[_Slice], grid: Grid) -> Voxels:
    voxels = np.zeros(grid.shape_zyx, np.bool_)
    for drawn in slices:
        for patch in drawn.patches:
            voxels[drawn.k][patch.slices_yx] ^= patch.inside_yx
    return voxels


def _require_one_plane(source: Source, drawn: _Slice, grid: Grid, tolerance: float) -> None:
    """Refuse contours of several planes on one slice, but for islands that are apart, and nearly in one."""
    nearly = NEAR * grid.spacing_xyz_mm[2]
    gaps = (
        abs(drawn.contours[one].level_mm - drawn.contours[other].level_mm)
        for one, other, relation in drawn.related
        if relation is not Relation.APART
    )
    overlap = max(gaps, default=0.0)
    if overlap > tolerance or drawn.spread_mm > nearly:
        raise GeometryError(
            f"{source.role} has contours in several planes that fall on one slice of the image ({drawn.k})",
            key=source.key,
            measured=f"{drawn.spread_mm:.4g} mm apart",
            allowed=f"{tolerance:g} mm; {nearly:g} mm where they do not overlap",
            remedy="It was drawn on thinner slices; take that series, or draw the ROI on this one",
        )


def _require_once(source: Source, drawn: _Slice) -> None:
    for one, other, relation in drawn.related:
        if relation is Relation.SAME:
            raise source.refuse(
                "draws the same voxels twice on one slice, which cancel each other out",
                measured=f"{drawn.contours[one].name} and {drawn.contours[other].name}, slice {drawn.k}",
                allowed="each contour once",
                remedy="Remove the copy where the ROI was drawn, and export it again",
            )


def _check_planes(source: Source, slices: Sequence[_Slice], tolerance: float) -> Iterator[Finding]:
    spread = max((drawn.spread_mm for drawn in slices), default=0.0)
    if spread > tolerance:
        what = f"contours of one slice lie in planes up to {spread:.3g} mm apart, and do not overlap"
        yield remark(MaskCheck.CONTOUR_PLANES, source.key, what, spread, tolerance, "mm")


def _tell_relations(source: Source, slices: Sequence[_Slice]) -> Iterator[Finding]:
    relations = [drawn.relations for drawn in slices]
    crossing = sum(Relation.CROSSING in found for found in relations)
    if crossing:
        what = f"contours cross on {count(crossing, 'slice')}; what lies in both was left out"
        yield remark(MaskCheck.CONTOUR_CROSSING, source.key, what, crossing, 0.0, "slices")
    rings = sum(Relation.RING in found for found in relations)
    if rings:
        what = f"contours within others leave rings on {count(rings, 'slice')} that hold no voxel's centre"
        yield remark(MaskCheck.CONTOUR_RING, source.key, what, rings, 0.0, "slices")
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
