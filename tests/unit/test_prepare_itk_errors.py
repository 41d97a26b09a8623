"""What SimpleITK raises is a sentence with a reason; too large a grid is refused before it is made."""

from typing import NoReturn

import numpy as np
import pytest

import phantoms
from radfeat.core.errors import ExtractionError
from radfeat.core.vocabulary import Reason
from radfeat.prepare.grid_limit import MAX_VOXELS
from radfeat.prepare.itk_errors import explain_itk
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import PrepareSettings

HEAD = "Exception thrown in SimpleITK ResampleImageFilter_Execute: /tmp/Code/sitkMember.cxx:89:\n"


@pytest.mark.parametrize(
    ("raised", "reason", "what"),
    [
        (
            RuntimeError(f"{HEAD}ITK ERROR: Container(0x55f0): Failed to allocate memory for image."),
            Reason.OUT_OF_MEMORY,
            "memory ran out during resampling",
        ),
        (RuntimeError("std::bad_alloc"), Reason.OUT_OF_MEMORY, "memory ran out during resampling"),
        (
            RuntimeError(f"{HEAD}ITK ERROR: BSpline(0x55f0): The number of pixels must be larger than 3."),
            Reason.COMPUTE_ERROR,
            "resampling failed in SimpleITK: The number of pixels must be larger than 3",
        ),
        (
            RuntimeError(f"{HEAD}ITK ERROR: Writer(0x55f0): cannot write /home/Mueller/x.nii"),
            Reason.COMPUTE_ERROR,
            "resampling failed in SimpleITK",
        ),
        (OverflowError("value too large"), Reason.COMPUTE_ERROR, "resampling failed in SimpleITK"),
    ],
)
def test_simpleitk_errors_are_one_sentence(raised: Exception, reason: Reason, what: str) -> None:
    with pytest.raises(ExtractionError) as caught, explain_itk("resampling", "K"):
        raise raised
    assert (caught.value.reason, caught.value.what, caught.value.key) == (reason, what, "K")
    assert "\n" not in caught.value.sentence
    assert "/" not in caught.value.sentence


@pytest.mark.parametrize("spacing", [0.001, 1e-300, 5e-324])
def test_grid_with_too_many_voxels_is_refused_before_it_is_made(spacing: float) -> None:
    inside = np.zeros((10, 10, 10), np.bool_)
    inside[3:7, 3:7, 3:7] = True
    pair = phantoms.build_pair(np.zeros((10, 10, 10), np.int16), inside)
    settings = PrepareSettings(resampled_spacing_xyz_mm=(spacing, spacing, spacing))
    with pytest.raises(ExtractionError, match="too many voxels") as caught:
        prepare_roi(prepare_image(pair.image, settings), pair, settings)
    assert (caught.value.reason, caught.value.key) == (Reason.OUT_OF_MEMORY, pair.roi.roi_id)
    assert f"{MAX_VOXELS:,}" in caught.value.allowed


def refuse(*args: object) -> NoReturn:
    raise RuntimeError("Failed to allocate memory for image.")


@pytest.mark.parametrize(
    ("filter_name", "given"),
    [
        ("ResampleImageFilter", {"resampled_spacing_xyz_mm": (2.0, 2.0, 2.0)}),
        ("NormalizeImageFilter", {"normalise": True}),
    ],
)
def test_memory_that_a_filter_cannot_have_is_said(
    monkeypatch: pytest.MonkeyPatch, filter_name: str, given: dict[str, object]
) -> None:
    inside = np.ones((10, 10, 10), np.bool_)
    pair = phantoms.build_pair(np.zeros((10, 10, 10), np.int16), inside)
    monkeypatch.setattr(f"SimpleITK.{filter_name}.Execute", refuse)
    settings = PrepareSettings.model_validate(given)
    with pytest.raises(ExtractionError) as caught:
        prepare_roi(prepare_image(pair.image, settings), pair, settings)
    assert caught.value.reason is Reason.OUT_OF_MEMORY
