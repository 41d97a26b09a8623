"""The Laplacian of a Gaussian where it is asked for, by the recursion and with the values of ITK.

ITK filters the whole image nine times. Each of these passes is needed on the lines that the next ones look
at only, and what lies behind the box is cut off as soon as nothing depends on it.

Reference: R. Deriche, Recursively implementing the Gaussian and its derivatives, INRIA 1893, 1993; the
parameters of G. Farnebaeck and C.-F. Westin, Improving Deriche-style recursive Gaussian filters, 2006.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from radfeat.core.voxels import Voxels
from radfeat.features.engines.native import _recursion
from radfeat.features.engines.native.discretise import Intensities

Reals = npt.NDArray[np.float64]
LEAST_VOXELS = 4
"""Fewest voxels along an axis that the recursion takes."""

FIRST_WAVE, SECOND_WAVE = (0.6681, -1.3932), (2.0787, -1.3732)
"""Frequency and decay, per sigma, of the two damped waves whose sum is nearly a Gaussian."""
GAUSSIAN = ((1.3530, 1.8151), (-0.3531, 0.0902))
CURVATURE = ((-1.3563, 5.2318), (0.3446, -2.2355))
"""Cosine and sine of each wave, of the Gaussian and of its second derivative."""

Amplitudes = tuple[tuple[float, float], tuple[float, float]]
Four = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Moments:
    """Sums of coefficients: plain, times their place, times its square."""

    plain: float
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class _Waves:
    """What both waves are after one voxel."""

    cos: tuple[float, float]
    sin: tuple[float, float]
    decay: tuple[float, float]


def filter_laplacian(
    voxels_zyx: Voxels, inner_zyx: Sequence[slice], spacing_zyx_mm: Sequence[float], sigma_mm: float
) -> npt.NDArray[np.float32]:
    """Laplacian of Gaussian, normalised across scales, in a part of the voxels.

    Parameters
    ----------
    voxels_zyx
        At least `LEAST_VOXELS` along every axis.
    inner_zyx
        The part that is wanted.
    spacing_zyx_mm, sigma_mm
        Size of a voxel, and width of the Gaussian.
    """
    source = _take_type(voxels_zyx)
    smooth = [_plan_gaussian(sigma_mm / mm) for mm in spacing_zyx_mm]
    total = np.zeros([s.stop - s.start for s in inner_zyx], np.float32)
    for axis in (2, 1, 0):
        filtered = _filter_axis(source, axis, _plan_curvature(sigma_mm, spacing_zyx_mm[axis]), inner_zyx)
        for other in (2, 1, 0):
            if other != axis:
                filtered = _filter_axis(filtered, other, smooth[other], inner_zyx)
        scale = 1.0 / (spacing_zyx_mm[axis] * spacing_zyx_mm[axis])
        total = (total + filtered * np.float64(scale)).astype(np.float32)
    return total


def _take_type(voxels: Voxels) -> Intensities:
    """Voxels in a number type that is compiled for; ITK computes in float64 whatever it is given."""
    kept = {np.dtype(np.int16): np.int16, np.dtype(np.float32): np.float32}.get(voxels.dtype, np.float64)
    taken: Intensities = voxels.astype(kept, copy=False)
    return taken


def _filter_axis(
    voxels: Intensities, axis: int, weights: Reals, inner_zyx: Sequence[slice]
) -> npt.NDArray[np.float32]:
    """Filter along an axis, and keep along it what is wanted."""
    part = inner_zyx[axis]
    match axis:
        case 2:
            turned = _recursion.filter_lines(voxels.transpose(0, 2, 1), weights, part.start, part.stop)
            return turned.transpose(0, 2, 1)
        case 1:
            return _recursion.filter_lines(voxels, weights, part.start, part.stop)
        case _:
            turned = _recursion.filter_lines(voxels.transpose(1, 0, 2), weights, part.start, part.stop)
            return turned.transpose(1, 0, 2)


def _plan_gaussian(sigma: float) -> Reals:
    """Weights of a Gaussian of a width in voxels, as `_recursion.filter_lines` takes them."""
    waves, backward = _plan_waves(sigma)
    forward = _plan_forward(waves, GAUSSIAN)
    scale = 1.0 / (2 * _sum(forward).plain / _sum_backward(backward).plain - forward[0])
    n0, n1, n2, n3 = forward
    return _complete((n0 * scale, n1 * scale, n2 * scale, n3 * scale), backward)


def _plan_curvature(sigma_mm: float, spacing_mm: float) -> Reals:
    """Weights of the second derivative of a Gaussian, times the square of its width in mm."""
    waves, backward = _plan_waves(sigma_mm / spacing_mm)
    plain, curved = _plan_forward(waves, GAUSSIAN), _plan_forward(waves, CURVATURE)
    d, s0, s2 = _sum_backward(backward), _sum(plain), _sum(curved)
    beta = -(2 * s2.plain - d.plain * curved[0]) / (2 * s0.plain - d.plain * plain[0])
    n0, n1, n2, n3 = (c + beta * p for c, p in zip(curved, plain, strict=True))
    sn, dn, en = s2.plain + beta * s0.plain, s2.first + beta * s0.first, s2.second + beta * s0.second
    alpha = (
        en * d.plain * d.plain
        - d.second * sn * d.plain
        - 2 * dn * d.first * d.plain
        + 2 * d.first * d.first * sn
    )
    alpha /= d.plain * d.plain * d.plain
    scale = sigma_mm * sigma_mm / alpha
    return _complete((n0 * scale, n1 * scale, n2 * scale, n3 * scale), backward)


def _plan_waves(sigma: float) -> tuple[_Waves, Four]:
    """The waves, and the weights of the values that were filtered before."""
    (w1, l1), (w2, l2) = FIRST_WAVE, SECOND_WAVE
    c1, c2 = math.cos(w1 / sigma), math.cos(w2 / sigma)
    e1, e2 = math.exp(l1 / sigma), math.exp(l2 / sigma)
    d4 = e1 * e1 * e2 * e2
    d3 = -2 * c1 * e1 * e2 * e2 + -2 * c2 * e2 * e1 * e1
    d2 = 4 * c2 * c1 * e1 * e2 + (e1 * e1 + e2 * e2)
    d1 = -2 * (e2 * c2 + e1 * c1)
    sines = math.sin(w1 / sigma), math.sin(w2 / sigma)
    return _Waves((c1, c2), sines, (e1, e2)), (d1, d2, d3, d4)


def _plan_forward(waves: _Waves, amplitudes: Amplitudes) -> Four:
    """Weights of a voxel and of the three before it."""
    (a1, b1), (a2, b2) = amplitudes
    (c1, c2), (s1, s2), (e1, e2) = waves.cos, waves.sin, waves.decay
    n1 = e2 * (b2 * s2 - (a2 + 2 * a1) * c2) + e1 * (b1 * s1 - (a1 + 2 * a2) * c1)
    n2 = ((a1 + a2) * c2 * c1 - (b1 * c2 * s1 + b2 * c1 * s2)) * (2 * e1 * e2)
    n2 += a2 * e1 * e1 + a1 * e2 * e2
    n3 = e2 * e1 * e1 * (b2 * s2 - a2 * c2) + e1 * e2 * e2 * (b1 * s1 - a1 * c1)
    return a1 + a2, n1, n2, n3


def _sum(n: Four) -> _Moments:
    return _Moments(n[0] + n[1] + n[2] + n[3], n[1] + 2 * n[2] + 3 * n[3], n[1] + 4 * n[2] + 9 * n[3])


def _sum_backward(d: Four) -> _Moments:
    d1, d2, d3, d4 = d
    return _Moments(1.0 + d1 + d2 + d3 + d4, d1 + 2 * d2 + 3 * d3 + 4 * d4, d1 + 4 * d2 + 9 * d3 + 16 * d4)


def _complete(forward: Four, d: Four) -> Reals:
    """Add the weights of the voxels behind, and of the outermost voxels beyond the ends."""
    n0, n1, n2, n3 = forward
    d1, d2, d3, d4 = d
    behind = (n1 - d1 * n0, n2 - d2 * n0, n3 - d3 * n0, -d4 * n0)
    sum_d = 1.0 + d1 + d2 + d3 + d4
    sum_n, sum_m = n0 + n1 + n2 + n3, behind[0] + behind[1] + behind[2] + behind[3]
    ends = [[each * total / sum_d for each in d] for total in (sum_n, sum_m)]
    return np.array([forward, behind, d, *ends])
