"""Normalisation of a whole image by its mean and standard deviation."""

from typing import Any, cast

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from radfeat.core.pair import StepRecord
from radfeat.core.vocabulary import Unit
from radfeat.core.volume import Volume, array_of, volume_to_sitk
from radfeat.prepare.itk_errors import explain_itk
from radfeat.prepare.settings import PrepareSettings


def normalise_volume(volume: Volume, settings: PrepareSettings) -> tuple[Volume, StepRecord]:
    """The image with mean 0 and standard deviation ``normalise_scale``, outliers clipped if asked.

    Mean and standard deviation (n - 1) are those of the whole image, not of the ROI. Clipping comes before
    scaling. The result is floating point, in arbitrary units.

    Raises
    ------
    ExtractionError
        If SimpleITK cannot compute it, or memory runs out.
    """
    voxels = _standardise(volume)
    if settings.outlier_sd is not None:
        np.clip(voxels, -settings.outlier_sd, settings.outlier_sd, out=voxels)
    voxels *= settings.normalise_scale
    record = StepRecord(
        "normalise", (("scale", settings.normalise_scale), ("outlier_sd", settings.outlier_sd))
    )
    return Volume(voxels, volume.grid, volume.modality, Unit.ARBITRARY), record


def _standardise(volume: Volume) -> npt.NDArray[np.floating[Any]]:
    normalise = sitk.NormalizeImageFilter()
    # The sums behind mean and deviation depend on how threads share the image: one thread, one result.
    normalise.SetNumberOfThreads(1)
    with explain_itk("normalisation"):
        standardised = array_of(normalise.Execute(volume_to_sitk(volume)))
    return cast("npt.NDArray[np.floating[Any]]", standardised)
