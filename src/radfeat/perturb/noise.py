"""How noisy an image is."""

import numpy as np
import pywt
from scipy.stats import norm

from radfeat.core.voxels import Voxels

_WAVELET = "coif1"
_MAD_OF_NORMAL = float(norm.ppf(0.75))
"""Median of the absolute value of a standard normal."""


def estimate_noise_sd(voxels_zyx: Voxels) -> float:
    """Standard deviation of white noise, from the finest diagonal wavelet coefficients of each slice.

    Their median absolute value is that of the noise, since structure has few of them. Noise that is
    correlated between pixels, as that of most reconstructions, is underestimated.

    Parameters
    ----------
    voxels_zyx
        Intensities; slices are along the first axis.

    Returns
    -------
    float
        In the image's unit; 0 for an image that is flat, or less than two voxels wide.

    References
    ----------
    Donoho and Johnstone, Biometrika 1994; 81:425.
    """
    if min(voxels_zyx.shape[1:]) < 2:
        return 0.0
    _, (_, _, diagonal) = pywt.dwt2(voxels_zyx.astype(np.float64), _WAVELET, axes=(1, 2))
    return float(np.median(np.abs(diagonal))) / _MAD_OF_NORMAL
