"""Slices to a grid: sorted along the normal of their plane, evenly spaced, without gap, copy, tilt or mix.

The spacing of slices comes from their positions alone; SliceThickness and SpacingBetweenSlices are not
distances between neighbours in every scanner's hands (``lost_slices.py`` asks them, for a remark). All
arithmetic is in double precision, and the grid depends on the slices alone, not on the names of their files.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.core.findings import Finding, remark
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Reason, Severity, SpacingPrecision
from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.instances import USE_INVENTORY
from radfeat.ingest.dicom.lost_slices import check_lost_slices
from radfeat.ingest.dicom.one_series import list_differences
from radfeat.ingest.dicom.pixels import MOST_ROWS
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.geometry import FARTHEST_MM
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

Doubles = npt.NDArray[np.float64]

_COSINE_TOLERANCE = 1e-4
"""Direction cosines of one volume differ, and leave unit length and right angles, by less: rounding."""
_SPACING_TOLERANCE = 1e-4
"""Share by which the pixel spacings of slices may differ: rounding."""
_SAME_SPACING = 1e-6
"""Pixel spacings that differ by less need no word."""
_SPACING_MM = (1e-3, 100.0)
"""No scanner's pixels or slices are smaller or larger."""
_UNEVEN_SHARE = 0.01
"""Share of the slices' distance by which they may lie off their even place along the stack."""
_SHEAR_SHARE = 0.05
"""Share of the whole shift by which sheared slices may lie off the slanted row."""
ONE_PLACE_MM = 0.01
"""Slices that lie closer to each other lie at one place."""
_NOTHING_MM = 1e-9
"""Noise of the arithmetic, where positions lie as far off as the tolerance allows."""
_ROUNDING_MM = 1e-3
"""Positions that are off by less need no word."""


@dataclass(frozen=True, eq=False, slots=True)
class Stack:
    """Frames in the order of slices, and the grid that they fill."""

    frames: tuple[Frame, ...]
    grid: Grid
    findings: tuple[Finding, ...]


def stack_frames(source: Source, frames: Sequence[Frame], settings: IngestSettings) -> Stack:
    """Sort frames along the normal of their plane and say which grid they fill.

    Raises
    ------
    InputError
        If there is one slice only, or slices are missing, there twice, unevenly spaced, sheared (a tilted
        gantry), differently oriented or of different pixel spacing, or lie or measure what cannot be.
    """
    _require_one_plane(source, frames)
    ordered = _sort_frames(frames)
    # Orientations may differ by rounding: those of the first slice, whatever its file is called.
    axes = _read_axes(ordered[0])
    positions = np.array([frame.position_mm for frame in ordered])
    depths = positions @ axes[2]
    _require_distinct(source, ordered, depths)
    spacing = float(depths[-1] - depths[0]) / (len(ordered) - 1)
    _require_possible(source, "slices of an impossible distance (ImagePositionPatient)", spacing)
    sideways = _require_straight(source, positions, axes[2], settings.stack_tolerance_mm)
    tolerance = max(settings.stack_tolerance_mm, _UNEVEN_SHARE * spacing)
    along = _require_even(source, depths, spacing, tolerance)
    grid = _build_grid(source, ordered, axes, spacing, settings.spacing_precision)
    findings = (
        *_tell_uneven(source, max((along, tolerance), (sideways, settings.stack_tolerance_mm))),
        *_tell_spacings(source, ordered),
        *check_lost_slices(source, ordered, spacing),
    )
    return Stack(ordered, grid, findings)


def _sort_frames(frames: Sequence[Frame]) -> tuple[Frame, ...]:
    """Frames in the order of slices; those of one place, which are refused later, by their instance."""
    normal = _read_axes(frames[0])[2]
    keyed = [(float(np.dot(normal, f.position_mm)), f.instance, f.index, f) for f in frames]
    return tuple(entry[3] for entry in sorted(keyed, key=lambda entry: entry[:3]))


def _read_axes(frame: Frame) -> Doubles:
    """Unit vectors (3, 3) along rows and columns, as the header has them, and along their normal."""
    cosines = np.reshape(frame.orientation, (2, 3))
    normal = np.cross(cosines[0], cosines[1])
    return np.vstack([cosines, normal / np.linalg.norm(normal)])


def _build_grid(
    source: Source, frames: Sequence[Frame], axes: Doubles, spacing: float, precision: SpacingPrecision
) -> Grid:
    first = frames[0]
    rows, columns = first.number("Rows"), first.number("Columns")
    if rows is None or columns is None or not (1 <= rows <= MOST_ROWS and 1 <= columns <= MOST_ROWS):
        raise source.refuse("does not say how many rows and columns it has", reason=Reason.GEOMETRY)
    along_y, along_x = first.pixel_spacing_mm
    x, y, z = first.position_mm
    return Grid(
        (int(columns), int(rows), len(frames)),
        (_keep(along_x, precision), _keep(along_y, precision), _keep(spacing, precision)),
        # Adding zero turns -0.0 into 0.0: equal grids shall have equal digests.
        (x + 0.0, y + 0.0, z + 0.0),
        tuple(float(cosine) + 0.0 for cosine in axes.T.ravel()),
    )


def _keep(spacing_mm: float, precision: SpacingPrecision) -> float:
    return float(np.float32(spacing_mm)) if precision is SpacingPrecision.FLOAT32 else spacing_mm


def _require_one_plane(source: Source, frames: Sequence[Frame]) -> None:
    if len(frames) == 1:
        raise source.refuse(
            "has one slice only, which has no distance to a neighbour",
            reason=Reason.GEOMETRY,
            measured="1 slice",
            allowed="2 or more",
            remedy="Take the whole series",
        )
    _require_cosines(source, frames)
    _require_near(source, frames)
    first = np.array(frames[0].orientation)
    turned = [f for f in frames if np.abs(np.array(f.orientation) - first).max() > _COSINE_TOLERANCE]
    if turned:
        raise source.refuse(
            "mixes slices of different orientation, as a localiser among axial slices does",
            reason=Reason.GEOMETRY,
            measured=f"{min(len(turned), len(frames) - len(turned))} of {len(frames)} are turned",
            remedy=USE_INVENTORY,
        )
    _require_one_spacing(source, np.array([frame.pixel_spacing_mm for frame in frames]))


def _require_one_spacing(source: Source, spacings: Doubles) -> None:
    """Refuse pixel spacings (n, 2: rows, columns) that no scanner has, or that differ."""
    for number in (float(spacings.min()), float(spacings.max())):
        _require_possible(source, "pixels of an impossible size (PixelSpacing)", number)
    for axis, name in enumerate(("rows", "columns")):
        low, high = float(spacings[:, axis].min()), float(spacings[:, axis].max())
        if high - low > _SPACING_TOLERANCE * low:
            raise source.refuse(
                f"has slices of different PixelSpacing: distances of {name} differ",
                reason=Reason.GEOMETRY,
                measured=f"{low:.6g} to {high:.6g} mm",
                allowed=f"a share of {_SPACING_TOLERANCE:g}",
                remedy=USE_INVENTORY,
            )


def _require_possible(source: Source, what: str, spacing_mm: float) -> None:
    low, high = _SPACING_MM
    if not low <= spacing_mm <= high:
        raise source.refuse(
            f"has {what}",
            reason=Reason.GEOMETRY,
            measured=f"{spacing_mm:.6g} mm",
            allowed=f"{low:g} to {high:g} mm",
            remedy="Export the series again from the scanner's archive",
        )


def _require_near(source: Source, frames: Sequence[Frame]) -> None:
    farthest = max(abs(coordinate) for frame in frames for coordinate in frame.position_mm)
    if farthest > FARTHEST_MM:
        raise source.refuse(
            "has slices at an impossible place (ImagePositionPatient)",
            reason=Reason.GEOMETRY,
            measured=f"{farthest:.6g} mm",
            allowed=f"up to {FARTHEST_MM:g} mm",
            remedy="Export the series again from the scanner's archive",
        )


def _require_cosines(source: Source, frames: Sequence[Frame]) -> None:
    cosines = np.array([frame.orientation for frame in frames]).reshape(-1, 2, 3)
    error = np.abs(np.einsum("nia,nja->nij", cosines, cosines) - np.eye(2)).max()
    if not error <= _COSINE_TOLERANCE:
        raise source.refuse(
            "has rows and columns that are not at right angles (ImageOrientationPatient)",
            reason=Reason.GEOMETRY,
            measured=f"{error:.2g}",
            allowed=f"{_COSINE_TOLERANCE:g}",
        )


def _require_distinct(source: Source, frames: Sequence[Frame], depths: Doubles) -> None:
    """Refuse several frames at one depth: copies, or a volume of four dimensions."""
    copies = len(frames) - len({(frame.instance, frame.index) for frame in frames})
    if copies:
        raise source.refuse(
            "holds images twice: two files with one SOPInstanceUID",
            measured=f"{copies} copies",
            allowed="0",
            remedy="Remove the copies",
        )
    starts = np.flatnonzero(np.append(True, np.diff(depths) > ONE_PLACE_MM))
    counts = np.diff(np.append(starts, len(frames)))
    if counts.max() == 1:
        return
    place = int(np.argmax(counts))
    together = frames[starts[place] : starts[place] + counts[place]]
    differing = list_differences(together)
    by = (
        f": images differ in {', '.join(differing)}" if differing else ": no element says in what they differ"
    )
    whole = counts.min() == counts.max()
    what = "is four-dimensional" if whole else "has places with several images"
    several = int(np.count_nonzero(counts > 1))
    raise source.refuse(
        f"{what}{by}",
        reason=Reason.UNREADABLE if whole else Reason.GEOMETRY,
        measured=f"up to {counts.max()} images at {several} of {len(counts)} places",
        allowed="1",
        remedy="Take one volume of it: write a series list of its files",
    )


def _require_straight(source: Source, positions: Doubles, normal: Doubles, tolerance: float) -> float:
    """Refuse slices that are shifted against one another within their plane; how far (mm) the worst is."""
    steps = positions - positions[0]
    sideways = steps - np.outer(steps @ normal, normal)
    shift = float(np.linalg.norm(sideways, axis=1).max())
    if shift <= tolerance + _NOTHING_MM:
        return shift
    angle = math.degrees(math.atan2(float(np.linalg.norm(sideways[-1])), float(steps[-1] @ normal)))
    along = np.outer(np.linspace(0, 1, len(steps)), sideways[-1])
    even = float(np.linalg.norm(sideways - along, axis=1).max()) <= max(tolerance, _SHEAR_SHARE * shift)
    what = (
        f"is sheared, as by a gantry tilted by {angle:.3g} degrees: slices do not lie straight in a row"
        if even
        else "has slices that are shifted sideways, unevenly"
    )
    raise source.refuse(
        what,
        reason=Reason.GEOMETRY,
        measured=f"{shift:.4g} mm sideways",
        allowed=f"{tolerance:g} mm",
        remedy="Resample it to a rectangular grid, with its masks",
    )


def _require_even(source: Source, depths: Doubles, spacing: float, tolerance: float) -> float:
    """Refuse gaps and uneven spacing; how far (mm) the worst slice lies from its even place."""
    places = depths[0] + spacing * np.arange(len(depths))
    error = float(np.abs(depths - places).max())
    if error <= tolerance + _NOTHING_MM:
        return error
    gaps = np.diff(depths)
    usual = float(np.median(gaps))
    steps = np.round(gaps / usual)
    missing = int(np.sum(steps - 1))
    if np.abs(gaps - steps * usual).max() <= max(tolerance, _UNEVEN_SHARE * usual) and missing > 0:
        where = int(np.argmax(gaps))
        raise source.refuse(
            f"misses slices: after slice {where + 1} of {len(depths)} comes a gap of {gaps[where]:.4g} mm",
            reason=Reason.GEOMETRY,
            measured=f"{missing} missing",
            allowed=f"{usual:.4g} mm from slice to slice",
            remedy="Copy the whole series again",
        )
    raise source.refuse(
        "has slices that are unevenly spaced",
        reason=Reason.GEOMETRY,
        measured=f"{gaps.min():.4g} to {gaps.max():.4g} mm, up to {error:.3g} mm from the even place",
        allowed=f"{tolerance:g} mm",
        remedy="Take a series of even spacing, or raise ingest.stack_tolerance_mm if this is rounding",
    )


def _tell_uneven(source: Source, worst: tuple[float, float]) -> tuple[Finding, ...]:
    """The greater of two errors (mm), along the stack and sideways, with its own limit."""
    error, tolerance = worst
    if error <= _ROUNDING_MM:
        return ()
    what = "slices lie up to this far from even spacing or a straight row; they were taken as even"
    return (
        remark(
            SeriesCheck.UNEVEN_SLICES,
            source.key,
            what,
            error,
            tolerance,
            "mm",
            Severity.INFO,
        ),
    )


def _tell_spacings(source: Source, frames: Sequence[Frame]) -> tuple[Finding, ...]:
    spacings = np.array([frame.pixel_spacing_mm for frame in frames])
    share = float((np.ptp(spacings, axis=0) / spacings.min(axis=0)).max())
    if share <= _SAME_SPACING:
        return ()
    what = (
        "pixel spacings of slices differ by this share, as rounding does; that of the first slice was taken"
    )
    return (
        remark(
            SeriesCheck.PIXEL_SPACING, source.key, what, share, _SPACING_TOLERANCE, severity=Severity.INFO
        ),
    )
