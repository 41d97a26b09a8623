"""IBSI's CT phantom as phase 2 of IBSI-2 prepares it, its filtered images and the statistics of the ROI."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk
from scipy import ndimage, stats

HERE = Path(__file__).resolve().parent
PHANTOM = HERE.parents[2] / "shared" / "data" / "ibsi1" / "ct_phantom" / "nifti"
LOWER_HU, UPPER_HU = -1000, 400
Array = npt.NDArray[Any]

FILTERS: Mapping[str, tuple[str, str, dict[str, Any]]] = {
    "3": ("LoG", "log-sigma-1-5-mm-3D", {"sigma": [1.5]}),
    "6": ("Wavelet", "wavelet-LLH", {"wavelet": "db3", "rotation_invariant": True}),
    "7": ("Wavelet", "wavelet2-HHH", {"wavelet": "db3", "rotation_invariant": True, "level": 2}),
}
"""Image type, image (slice by slice a letter less) and arguments of each test."""


@dataclass(frozen=True)
class Reference:
    """One consensus value."""

    test: str
    statistic: str
    value: float
    tolerance: float


def read_references() -> Iterator[Reference]:
    """All of ``ibsi2_values.csv``."""
    with (HERE / "ibsi2_values.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield Reference(row["test"], row["statistic"], float(row["reference"]), float(row["tolerance"]))


@cache
def read_phantom(dimension: str) -> tuple[sitk.Image, Array]:
    """The image, and the voxels of the ROI: A as acquired, B on voxels of 1 mm."""
    image = sitk.ReadImage(PHANTOM / "image" / "phantom.nii.gz", sitk.sitkFloat64)
    mask = sitk.ReadImage(PHANTOM / "mask" / "mask.nii.gz", sitk.sitkFloat64)
    if dimension == "B":
        image, mask = _resample(image, 3), _resample(mask, 1)
        image = sitk.Round(image)
    voxels, inside = sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(mask) >= 0.5 - 1e-6
    return image, inside & (voxels >= LOWER_HU) & (voxels <= UPPER_HU)


def _resample(image: sitk.Image, order: int) -> sitk.Image:
    """On voxels of 1 mm about the image's centre."""
    voxels, edges = sitk.GetArrayFromImage(image), np.array(image.GetSpacing()[::-1])
    sizes = np.ceil(voxels.shape * edges).astype(int)
    centres = [
        (n - 1) / 2 + (np.arange(size) - (size - 1) / 2) / edge
        for n, size, edge in zip(voxels.shape, sizes, edges, strict=True)
    ]
    places = np.meshgrid(*centres, indexing="ij")
    return sitk.GetImageFromArray(ndimage.map_coordinates(voxels, places, order=order, mode="nearest"))


def name_image(test: str) -> str:
    """The name of a test's filtered image."""
    number, dimension = test.split(".")
    name = FILTERS[number][1]
    return name.replace("LLH", "LH").replace("HHH", "HH") if dimension == "A" else name


def filter_phantom(test: str, filters: Mapping[str, Any], **more: Any) -> Array:
    """The ROI's intensities in the image of a test (``3.A``), filtered by one of ``filters``."""
    number, dimension = test.split(".")
    image, roi = read_phantom(dimension)
    if number == "1":
        return sitk.GetArrayFromImage(image)[roi]
    type_name, _, arguments = FILTERS[number]
    flat, wanted = dimension == "A", name_image(test)
    for filtered, found, _ in filters[type_name](
        image, None, force2D=flat, force2Ddimension=0, **{**arguments, **more}
    ):
        if found == wanted:
            return sitk.GetArrayFromImage(filtered)[roi]
    raise AssertionError(f"no image {wanted}")


def summarise(values: Array) -> dict[str, float]:
    """The 18 intensity statistics of IBSI, by the names in ``ibsi2_values.csv``."""
    p10, p25, median, p75, p90 = np.percentile(values, [10, 25, 50, 75, 90])
    robust = values[(values >= p10) & (values <= p90)]
    return {
        "mean": values.mean(),
        "var": values.var(),
        "skew": stats.skew(values),
        "kurt": stats.kurtosis(values),
        "median": median,
        "min": values.min(),
        "p10": p10,
        "p90": p90,
        "max": values.max(),
        "iqr": p75 - p25,
        "range": np.ptp(values),
        "mad": np.abs(values - values.mean()).mean(),
        "rmad": np.abs(robust - robust.mean()).mean(),
        "medad": np.abs(values - median).mean(),
        "cov": values.std() / values.mean(),
        "qcod": (p75 - p25) / (p75 + p25),
        "energy": np.square(values).sum(),
        "rms": np.sqrt(np.square(values).mean()),
    }
