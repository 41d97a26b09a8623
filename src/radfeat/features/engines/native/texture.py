"""Texture features from grey level matrices, with PyRadiomics' conventions and special cases."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.features.as_pyradiomics import ARRAY_AXES
from radfeat.features.engines.native import _algebra, _matrices
from radfeat.features.engines.native.correlation import (
    average_mcc,
    measure_by_its_sums,
    stack_as_pyradiomics,
)
from radfeat.features.engines.native.grid import LevelGrid, Offsets, list_offsets
from radfeat.features.image_types import Weighting
from radfeat.features.settings import FeatureSettings

Reals = npt.NDArray[np.float64]
MEDIUM_SIZE = 1024
"""Zones up to this size are counted in a table, larger ones listed."""
SMALL = 1e-5
"""Bits of information and entropy, and spread, below which a quotient by them hangs on the order of sums."""

RUN_NAMES = (
    *("ShortRunEmphasis", "LongRunEmphasis", "GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized"),
    *("RunLengthNonUniformity", "RunLengthNonUniformityNormalized", "RunPercentage", "GrayLevelVariance"),
    *("RunVariance", "RunEntropy", "LowGrayLevelRunEmphasis", "HighGrayLevelRunEmphasis"),
    *("ShortRunLowGrayLevelEmphasis", "ShortRunHighGrayLevelEmphasis"),
    *("LongRunLowGrayLevelEmphasis", "LongRunHighGrayLevelEmphasis"),
)
ZONE_NAMES = (
    *("SmallAreaEmphasis", "LargeAreaEmphasis", "GrayLevelNonUniformity", "GrayLevelNonUniformityNormalized"),
    *("SizeZoneNonUniformity", "SizeZoneNonUniformityNormalized", "ZonePercentage", "GrayLevelVariance"),
    *("ZoneVariance", "ZoneEntropy", "LowGrayLevelZoneEmphasis", "HighGrayLevelZoneEmphasis"),
    *("SmallAreaLowGrayLevelEmphasis", "SmallAreaHighGrayLevelEmphasis"),
    *("LargeAreaLowGrayLevelEmphasis", "LargeAreaHighGrayLevelEmphasis"),
)
DEPENDENCE_NAMES = (
    *("SmallDependenceEmphasis", "LargeDependenceEmphasis", "GrayLevelNonUniformity", ""),
    *("DependenceNonUniformity", "DependenceNonUniformityNormalized", "", "GrayLevelVariance"),
    *("DependenceVariance", "DependenceEntropy", "LowGrayLevelEmphasis", "HighGrayLevelEmphasis"),
    *("SmallDependenceLowGrayLevelEmphasis", "SmallDependenceHighGrayLevelEmphasis"),
    *("LargeDependenceLowGrayLevelEmphasis", "LargeDependenceHighGrayLevelEmphasis"),
)
"""PyRadiomics' names of ``_algebra.SIZE_FEATURES``; empty where it has none."""


@dataclass(frozen=True, eq=False, slots=True)
class TextureTask:
    """Levels or ranks to measure texture on: settings resolved for the image type, size of a voxel."""

    grid: LevelGrid
    settings: FeatureSettings
    spacing_zyx_mm: tuple[float, ...]

    @property
    def flat_axis(self) -> int | None:
        """The axis across slices where texture is measured within slices."""
        return ARRAY_AXES[self.settings.force_2d_axis] if self.settings.force_2d else None

    def list_offsets(self, distances: Sequence[int]) -> Offsets:
        """Steps to half of the neighbours at some distances.

        Raises
        ------
        ValueError
            If the ROI's box has no room for any, where PyRadiomics fails as well.
        """
        offsets = list_offsets(self.grid.size_zyx, tuple(distances), self.flat_axis)
        if len(offsets) == 0:
            apart = " or ".join(map(str, distances))
            raise ValueError(f"the ROI is too small for neighbours at a distance of {apart} voxels")
        return offsets


def measure_glcm(task: TextureTask, names: Sequence[str]) -> dict[str, float]:
    """Features of the co-occurrence matrices of ranks, each averaged over the directions that have pairs."""
    offsets = task.list_offsets(task.settings.distances)
    every = [_count_pairs(task, offset) for offset in offsets]
    weighted = task.settings.weighting is not Weighting.NONE
    weights = np.exp(-_square_lengths(task, offsets)) if weighted else None
    pairs = _combine(every, weights)
    levels, top = task.grid.levels.present, float(task.grid.levels.top)
    margins = np.empty((2, len(levels)))
    rows = np.empty((len(pairs), len(_algebra.PAIR_FEATURES) + 3))
    for matrix, row in zip(pairs, rows, strict=True):
        _algebra.measure_pairs(matrix, levels, top, margins, row)
    values = dict(zip(_algebra.PAIR_FEATURES, average(rows), strict=False))
    if np.any(np.abs(rows[:, len(_algebra.PAIR_FEATURES) :]) < SMALL):
        values |= measure_by_its_sums(stack_as_pyradiomics(every, weights), levels)
    if "MCC" in names:
        values["MCC"] = average_mcc(pairs, len(levels), lambda: stack_as_pyradiomics(every, weights))
    return values


def _combine(every: Sequence[Reals], weights: Reals | None) -> Sequence[Reals]:
    """The matrices of directions that hold something, or the weighted sum of all; one alone stays anyhow."""
    if weights is not None:
        return [np.asarray(np.sum(np.stack(every, axis=-1) * weights, axis=-1))]
    return every if len(every) == 1 else [matrix for matrix in every if matrix.any()]


def _count_pairs(task: TextureTask, offset: npt.NDArray[np.int32]) -> Reals:
    n = task.grid.n_levels
    counts = np.zeros((n + 1, n + 1), np.uint32)
    _matrices.count_pairs(task.grid.codes_zyx, task.grid.lattice.spans, offset, counts)
    pairs = counts[1:, 1:].astype(np.float64)
    return pairs + pairs.T if task.settings.symmetric_glcm else pairs


def _square_lengths(task: TextureTask, offsets: Offsets) -> Reals:
    """The squared length of each step in mm2, in the norm of the settings; 0 where they name none."""
    steps = np.abs(offsets) * np.array(task.spacing_zyx_mm)
    match task.settings.weighting:
        case Weighting.INFINITY:
            return np.asarray(steps.max(axis=1) ** 2)
        case Weighting.EUCLIDEAN:
            return np.asarray((steps**2).sum(axis=1))
        case Weighting.MANHATTAN:
            return np.asarray(steps.sum(axis=1) ** 2)
        case _:
            return np.zeros(len(steps))


def measure_glrlm(task: TextureTask) -> dict[str, float]:
    """Features of the run length matrices of ranks, averaged over directions with lines of two voxels."""
    offsets = task.list_offsets((1,))
    weights = None
    if task.settings.weighting is not Weighting.NONE:
        lengths = np.sqrt(_square_lengths(task, offsets))
        weights = lengths if task.settings.weighting.is_norm else np.ones(len(offsets))
    lengths_zyx = np.empty((2, *task.grid.lattice.padded_zyx[1:]), np.uint16)
    wanted = _combine([_count_runs(task, offset, lengths_zyx) for offset in offsets], weights)
    rows = np.array([_measure_runs(task, matrix) for matrix in wanted]).reshape(-1, len(RUN_NAMES))
    return dict(zip(RUN_NAMES, average(rows), strict=True))


def _count_runs(
    task: TextureTask, offset: npt.NDArray[np.int32], lengths_zyx: npt.NDArray[np.uint16]
) -> Reals:
    """Runs of each level and length along one direction; none where no line holds two voxels of the ROI.

    ``lengths_zyx`` is room to work in: two slices of the grid.
    """
    grid = task.grid
    counts = np.zeros((grid.n_levels + 1, max(grid.size_zyx) + 1), np.uint32)
    _matrices.count_runs(grid.codes_zyx, grid.lattice.spans, offset, lengths_zyx, counts)
    alone = not counts[1:, 2:].any()
    if alone and not _matrices.any_line_has_two(grid.codes_zyx, grid.lattice.margin, offset):
        counts[:] = 0
    return counts[1:, 1:].astype(np.float64)


def _measure_runs(task: TextureTask, matrix: Reals) -> Reals:
    if matrix.any():
        return measure_dense(matrix, task.grid.levels.present, np.arange(1.0, matrix.shape[1] + 1))
    empty = np.full(len(RUN_NAMES), np.nan)
    # Sums over no run lengths at all, which PyRadiomics does not divide by the number of runs.
    empty[[RUN_NAMES.index("RunVariance"), RUN_NAMES.index("RunEntropy")]] = 0.0
    return empty


def measure_dense(matrix: Reals, levels: Reals, sizes: Reals) -> Reals:
    """``_algebra.SIZE_FEATURES`` of a matrix (levels, sizes)."""
    out = np.empty(len(_algebra.SIZE_FEATURES))
    _algebra.measure_dense_sizes(matrix, levels, sizes, out)
    return out


def measure_glszm(task: TextureTask) -> dict[str, float]:
    """Features of the size zone matrix of ranks."""
    grid = task.grid
    table = np.zeros((grid.n_levels + 1, MEDIUM_SIZE + 1), np.uint32)
    offsets = -task.list_offsets((1,))
    levels, sizes = _matrices.measure_zones(
        grid.codes_zyx, grid.lattice.spans, offsets, grid.lattice.n_voxels, table
    )
    rows, columns = np.nonzero(table)
    counts = np.concatenate([table[rows, columns], np.ones(len(sizes))])
    rows = np.concatenate([rows, levels]) - 1
    each, columns = np.unique(np.concatenate([columns, sizes]), return_inverse=True)
    merged, rows, columns = _merge_cells(counts, rows, columns, len(each))
    out = np.empty(len(_algebra.SIZE_FEATURES))
    _algebra.measure_sizes(
        rows.astype(np.int32),
        columns.astype(np.int32),
        merged,
        grid.levels.present,
        each.astype(np.float64),
        out,
    )
    return dict(zip(ZONE_NAMES, out.tolist(), strict=True))


def _merge_cells(
    counts: Reals, rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], width: int
) -> tuple[Reals, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """One entry per cell: entropy needs to know that two large zones share one."""
    cells, entry = np.unique(rows * width + columns, return_inverse=True)
    merged = np.bincount(entry, weights=counts).astype(np.float64, copy=False)
    return merged, cells // width, cells % width


def measure_neighbours(task: TextureTask) -> tuple[dict[str, float], dict[str, float]]:
    """Features of the dependence and of the tone difference matrix of levels, counted in one pass."""
    grid, levels = task.grid, task.grid.levels
    half = task.list_offsets(task.settings.distances)
    offsets = np.concatenate([half, -half])
    dependence = np.zeros((levels.top + 1, len(offsets) + 1), np.uint32)
    differences = np.zeros(levels.top + 1)
    _matrices.count_neighbours(
        grid.codes_zyx, grid.lattice.spans, offsets, task.settings.gldm_alpha, dependence, differences
    )
    present = levels.present.astype(np.int64)
    sizes = np.arange(1.0, len(offsets) + 2)
    alike = measure_dense(dependence[present].astype(np.float64), levels.present, sizes)
    tones = np.empty(len(_algebra.TONE_FEATURES))
    _algebra.measure_tones(levels.counts.astype(np.float64), differences[present], levels.present, tones)
    named = {name: value for name, value in zip(DEPENDENCE_NAMES, alike.tolist(), strict=True) if name}
    return named, dict(zip(_algebra.TONE_FEATURES, tones.tolist(), strict=True))


def average(rows: Reals) -> list[float]:
    """Mean of each column over the rows that have a number; NaN where none has."""
    known = ~np.isnan(rows)
    n = known.sum(axis=0)
    total = np.where(known, rows, 0.0).sum(axis=0)
    return [float(t / c) if c else float("nan") for t, c in zip(total, n, strict=True)]
