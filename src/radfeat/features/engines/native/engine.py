"""The native engine: PyRadiomics' features from one crop, one discretisation, one count of each matrix.

Values are PyRadiomics' to the ninth digit (docs/speed.md lists where its definition leaves none); a test
compares.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from typing import cast

import numpy as np

from radfeat.core.errors import ExtractionError
from radfeat.core.grey_levels import GreyLevels
from radfeat.core.pair import PreparedPair
from radfeat.core.voxels import Voxels
from radfeat.features.as_pyradiomics import ARRAY_AXES
from radfeat.features.engines.limits import (
    FAILURES,
    count_levels,
    explain_many_levels,
    explain_not_finite,
    explain_not_flat,
    explain_small_image,
    note_shape,
)
from radfeat.features.engines.measured import Measured, join
from radfeat.features.engines.native import _moments
from radfeat.features.engines.native.built import require_built
from radfeat.features.engines.native.discretise import (
    Intensities,
    LevelCodes,
    Levels,
    build_edges,
    discretise,
)
from radfeat.features.engines.native.filters import FILTERS, Filter, FilterTask
from radfeat.features.engines.native.first_order import measure_first_order
from radfeat.features.engines.native.frame import Frame, build_frame
from radfeat.features.engines.native.grid import Lattice, LevelGrid, build_lattice, place_levels, rank_levels
from radfeat.features.engines.native.shape import measure_shape, measure_shape_2d
from radfeat.features.engines.native.texture import (
    TextureTask,
    measure_glcm,
    measure_glrlm,
    measure_glszm,
    measure_neighbours,
)
from radfeat.features.image_types import ImageType
from radfeat.features.planned_images import depends_on_bins, name_features, plan_images, resolve_settings
from radfeat.features.register import MATRIX_FAMILIES, SHAPE_FAMILIES, Family
from radfeat.features.settings import FeatureSettings

Names = Mapping[Family, Sequence[str]]
Values = dict[str, float]

PATTERNS = ("LBP2D", "LBP3D")
"""Image types whose filters need libraries that take long to load."""


def measure(pair: PreparedPair, settings: FeatureSettings) -> Measured:
    """Compute every feature that the settings ask for.

    Parameters
    ----------
    pair
        Image with morphological and intensity mask; the latter not empty.
    settings
        Images, families and features to measure.

    Raises
    ------
    EmptyRoiError
        If the intensity mask holds no voxel.
    ExtractionError
        If the ROI as a whole or one of its images cannot be measured.
    SettingsError
        If the compiled modules are not those of these sources.
    """
    require_built()
    frame = build_frame(pair)
    names = name_features(settings)
    with np.errstate(all="ignore"):
        values, gaps = _measure_shapes(frame, settings, names)
        shape = Measured(values, gaps, note_shape(frame.box, frame.outline, settings))
        if not set(names) - SHAPE_FAMILIES:
            return shape
        types = settings.image_types.enabled.items()
        measured = join(shape, (_measure_image_type(frame, name, t, settings) for name, t in types))
    return measured.explain(_explain_absent(frame, settings, measured.values, measured.gaps))


@contextmanager
def explained(frame: Frame, what: str) -> Iterator[None]:
    """Turn a failure of NumPy, SimpleITK or PyWavelets into one of ours."""
    try:
        yield
    except FAILURES as error:
        cause = str(error).strip().splitlines() or [type(error).__name__]
        raise ExtractionError(
            f"the native engine could not measure {what}: {cause[-1].removesuffix('.')}",
            key=frame.key,
            remedy="Look at the image and mask, or leave this image type or family out",
        ) from error


def _measure_shapes(frame: Frame, settings: FeatureSettings, names: Names) -> tuple[Values, dict[str, str]]:
    values: Values = {}
    if Family.SHAPE in names:
        with explained(frame, Family.SHAPE.value):
            values |= _pick(
                "original", Family.SHAPE, names, measure_shape(frame.drawn_zyx, frame.spacing_zyx_mm)
            )
    if Family.SHAPE_2D not in names:
        return values, {}
    axis = ARRAY_AXES[settings.force_2d_axis]
    slices = frame.drawn_zyx.shape[axis]
    if slices > 1:
        gap = explain_not_flat(slices, settings.force_2d_axis.value)
        return values, {f"original_{Family.SHAPE_2D.value}": gap}
    flat = np.ascontiguousarray(frame.drawn_zyx.squeeze(axis))
    spacing = [mm for a, mm in enumerate(frame.spacing_zyx_mm) if a != axis]
    with explained(frame, Family.SHAPE_2D.value):
        values |= _pick("original", Family.SHAPE_2D, names, measure_shape_2d(flat, spacing))
    return values, {}


def _pick(image: str, family: Family, names: Names, measured: Mapping[str, float]) -> Values:
    """The features that are asked for, by their whole names."""
    prefix = f"{image}_{family.value}"
    return {f"{prefix}_{name}": float(measured[name]) for name in names[family]}


@dataclass(frozen=True, eq=False, slots=True)
class _Image:
    """One filtered image: its name, the number type of its voxels, the settings for its type."""

    name: str
    type_name: str
    dtype: np.dtype[np.generic]
    settings: FeatureSettings
    names: Names


def _measure_image_type(
    frame: Frame, type_name: str, image_type: ImageType, settings: FeatureSettings
) -> Measured:
    values: Values = {}
    gaps: dict[str, str] = {}
    levels: list[GreyLevels] = []
    resolved, names = resolve_settings(settings, image_type), name_features(settings)
    counted = depends_on_bins(settings)
    with explained(frame, f"image type {type_name}"):
        lattice = _build_lattice(frame, resolved) if MATRIX_FAMILIES & set(names) else None
        for name, voxels in _find_filter(type_name)(FilterTask(frame, image_type, resolved)):
            image, inside = _Image(name, type_name, voxels.dtype, resolved, names), _gather(voxels, frame)
            refusal = _refuse(image, inside)
            if refusal:
                gaps[name] = refusal
                continue
            if counted:
                ends = _find_ends(inside)
                levels.append(count_levels(ends, type_name, name, resolved.bin_width, resolved.bin_count))
            coded = _discretise(image, inside) if counted else None
            if Family.FIRST_ORDER in names:
                shift, among = resolved.voxel_array_shift, None if coded is None else coded[1]
                measured = measure_first_order(inside, among, shift, frame.spacing_xyz_mm)
                values |= _pick(name, Family.FIRST_ORDER, names, measured)
            del inside  # the matrices need its memory
            if coded is not None and lattice is not None:
                values |= _measure_matrices(place_levels(lattice, *coded), image, frame)
    return Measured(values, gaps, grey_levels=tuple(levels))


def _build_lattice(frame: Frame, settings: FeatureSettings) -> Lattice:
    margin = min(max(settings.distances), max(frame.mask_zyx.shape))
    return build_lattice(frame.mask_zyx, margin)


def _find_filter(type_name: str) -> Filter:
    if type_name not in PATTERNS:
        return FILTERS[type_name]
    found: Filter = import_module("radfeat.features.engines.native.patterns").FILTERS[type_name]
    return found


def _gather(voxels_zyx: Voxels, frame: Frame) -> Intensities:
    """The intensities in the ROI in C order, in a number type that holds them and that is compiled for."""
    inside = voxels_zyx[frame.mask_zyx.view(np.bool_)]
    kept = next((t for t in (np.int16, np.float32) if np.can_cast(inside.dtype, t, "safe")), np.float64)
    return cast("Intensities", inside.astype(kept, copy=False))


def _find_ends(inside: Intensities) -> tuple[float, float]:
    return float(inside.min()), float(inside.max())


def _refuse(image: _Image, inside: Intensities) -> str | None:
    """Why an image must not be measured; None where nothing speaks against it."""
    missing = _moments.count_not_finite(inside)
    if missing:
        return explain_not_finite(missing, len(inside))
    width = image.settings.bin_width
    if not MATRIX_FAMILIES & set(image.names) or image.settings.bin_count is not None or width is None:
        return None
    return explain_many_levels(*_find_ends(inside), width)


def _discretise(image: _Image, inside: Intensities) -> tuple[LevelCodes, Levels]:
    ends = np.array(_find_ends(inside)).astype(image.dtype)
    return discretise(inside, build_edges(ends, image.settings.bin_width, image.settings.bin_count))


def _measure_matrices(grid: LevelGrid, image: _Image, frame: Frame) -> Values:
    """Features of all matrices: first of those that compare levels, then of those that compare ranks."""
    task = TextureTask(grid, image.settings, frame.spacing_zyx_mm)
    measured: dict[Family, Mapping[str, float]] = {}
    if {Family.GLDM, Family.NGTDM} & set(image.names):
        measured[Family.GLDM], measured[Family.NGTDM] = measure_neighbours(task)
    task = replace(task, grid=rank_levels(grid))
    if Family.GLCM in image.names:
        measured[Family.GLCM] = measure_glcm(task, image.names[Family.GLCM])
    if Family.GLRLM in image.names:
        measured[Family.GLRLM] = measure_glrlm(task)
    if Family.GLSZM in image.names:
        measured[Family.GLSZM] = measure_glszm(task)
    picked = [_pick(image.name, f, image.names, measured[f]) for f in measured if f in image.names]
    return {name: value for values in picked for name, value in values.items()}


def _explain_absent(
    frame: Frame, settings: FeatureSettings, values: Mapping[str, float], gaps: Mapping[str, str]
) -> dict[str, str]:
    """Why there is no such image: only the LoG filter declines."""
    family, features = next((f, n) for f, n in name_features(settings).items() if f not in SHAPE_FAMILIES)
    size, spacing = frame.voxels_zyx.shape[::-1], frame.spacing_xyz_mm
    return {
        name: explain_small_image(size, spacing, float(str(image.parameters["sigma_mm"])))
        for name, image in plan_images(settings).items()
        if image.type_name == "LoG"
        and f"{name}_{family.value}_{features[0]}" not in values
        and name not in gaps
    }
