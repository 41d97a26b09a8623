"""Texture by IBSI: PyRadiomics' matrices of grey levels counted here, slice by slice or as a whole."""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from radiomics import cMatrices
from radiomics.glrlm import RadiomicsGLRLM
from scipy.ndimage import binary_dilation

from radfeat.features.as_pyradiomics import ARRAY_AXES
from radfeat.features.engines.algebra import Extent, derive, list_needs
from radfeat.features.engines.discretise import GreyLevelImage, Levels, Reals
from radfeat.features.engines.pyradiomics import CLASSES
from radfeat.features.engines.regions import LABEL, to_float
from radfeat.features.register import Family
from radfeat.features.settings import FeatureSettings

Arguments = Mapping[str, Any]
Inside = npt.NDArray[np.bool_]

FAMILIES_OF_NEIGHBOURS = frozenset({Family.GLCM, Family.NGTDM})
"""Families that have no value where no voxel has a neighbour."""


def measure_texture(
    family: Family,
    names: Sequence[str],
    grey: GreyLevelImage,
    settings: FeatureSettings,
    arguments: Arguments,
) -> dict[str, float]:
    """The named features of one texture family.

    Parameters
    ----------
    family, names
        Which features.
    grey
        Grey levels inside the ROI's box.
    settings
        Those of the image type; slice by slice, a feature is the mean over the slices that have a value.
    arguments
        The same settings in PyRadiomics' words.
    """
    measured = _build_class(family, arguments)
    for name in list_needs(family, names):
        measured.enableFeatureByName(name)
    parts = [
        _measure_part(measured, family, names, levels, inside, grey.count)
        for levels, inside in _cut_parts(grey, settings)
    ]
    return {name: _average([part[name] for part in parts]) for name in names}


def _build_class(family: Family, arguments: Arguments) -> Any:
    """A feature class of PyRadiomics on one voxel; `_fill` replaces what it discretised itself."""
    voxel = sitk.Image([1, 1, 1], sitk.sitkUInt8) + LABEL
    return CLASSES[family](voxel, voxel, **{**arguments, "binCount": 1, "label": LABEL})


def _fill(measured: Any, levels_zyx: Levels, inside_zyx: Inside, count: int) -> None:
    """Give a feature class the grey levels that its matrix is filled from.

    Between its construction, which discretises, and `execute`, which fills the matrix, PyRadiomics keeps
    the discretised image, the mask, the levels that are there, and the number of levels.
    """
    measured.imageArray, measured.maskArray = levels_zyx, inside_zyx
    measured.coefficients = {"grayLevels": np.unique(levels_zyx[inside_zyx]), "Ng": count}
    if isinstance(measured, RadiomicsGLRLM):
        measured._calculateMatrix = partial(_count_runs, measured)


def _count_runs(measured: Any, _: None = None) -> Reals:
    """The run length matrix (1, levels, lengths, directions) in the place of PyRadiomics' own.

    PyRadiomics empties a direction along which no two voxels of the ROI lie in line, as those across a
    single slice, and leaves it out; by IBSI each voxel is a run of length 1 there.
    """
    levels, inside = measured.imageArray, measured.maskArray
    count, dimension = measured.coefficients["Ng"], measured.settings["force2Ddimension"]
    longest = max(levels.shape)
    flat = measured.settings["force2D"], dimension
    matrix: Reals = cMatrices.calculate_glrlm(levels, inside, count, longest, *flat)[0]
    empty = matrix.sum((0, 1, 2)) == 0
    matrix[0, :, 0, empty] = np.bincount(levels[inside], minlength=count + 1)[1:]
    matrix = matrix[:, measured.coefficients["grayLevels"] - 1]
    if measured.weightingNorm is not None:
        matrix = matrix.sum(3, keepdims=True)
    measured.coefficients["Nr"] = matrix.sum((1, 2))
    return matrix


def _cut_parts(grey: GreyLevelImage, settings: FeatureSettings) -> Iterator[tuple[Levels, Inside]]:
    """The whole region, or each slice that holds a part of it.

    One voxel of margin: PyRadiomics leaves directions out along which its image is one voxel wide.
    """
    levels, inside = np.pad(grey.levels_zyx, 1), np.pad(grey.inside_zyx, 1)
    if settings.aggregation is None or not settings.aggregation.by_slice:
        yield levels, inside
        return
    axis = ARRAY_AXES[settings.force_2d_axis]
    for number in range(levels.shape[axis]):
        flat = np.take(inside, [number], axis)
        if flat.any():
            yield np.take(levels, [number], axis), flat


def _measure_part(
    measured: Any, family: Family, names: Sequence[str], levels_zyx: Levels, inside_zyx: Inside, count: int
) -> dict[str, float]:
    """The features of one slice or region, whose ``count`` of grey levels is that of the whole ROI."""
    if family in FAMILIES_OF_NEIGHBOURS:
        accompanied = inside_zyx & _find_accompanied(inside_zyx, measured.settings)
        if not accompanied.any():
            return dict.fromkeys(names, math.nan)
        inside_zyx = accompanied if family is Family.NGTDM else inside_zyx
    _fill(measured, levels_zyx, inside_zyx, count)
    values = {name: to_float(value) for name, value in measured.execute().items()}
    return derive(family, names, values, Extent(int(inside_zyx.sum())))


def _find_accompanied(inside_zyx: Inside, words: Arguments) -> Inside:
    """Where a neighbour lies in the ROI: IBSI leaves the other voxels out of tone differences.

    PyRadiomics counts them as voxels without a difference, and has a value for some features of pairs where
    there is no pair.
    """
    reach = max(words["distances"])
    steps = [np.abs(np.arange(-reach, reach + 1))] * 3
    if words["force2D"]:
        steps[words["force2Ddimension"]] = np.zeros(1, np.int64)
    distance = np.maximum.reduce(np.meshgrid(*steps, indexing="ij"))
    return np.asarray(binary_dilation(inside_zyx, np.isin(distance, words["distances"])), np.bool_)


def _average(values: Sequence[float]) -> float:
    """The mean of what is defined: a slice of one voxel has no pairs, and no share in a feature of pairs."""
    defined = [value for value in values if not math.isnan(value)]
    return math.fsum(defined) / len(defined) if defined else math.nan
