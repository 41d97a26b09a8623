"""Prepared crops, kept as small files to look at."""

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from phantoms import build_pair
from radfeat.prepare.crops import MARGIN_VOXELS, write_crops
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import PrepareSettings


def keep(folder: Path, settings: PrepareSettings) -> tuple[str, list[str]]:
    """Write the crops of a small region in a large image; return the ROI's stem and the files' names."""
    voxels = np.arange(20 * 30 * 40, dtype=np.int16).reshape(20, 30, 40)
    inside = np.zeros(voxels.shape, np.bool_)
    inside[8:11, 10:14, 20:25] = True
    source = build_pair(voxels, inside)
    write_crops(folder, prepare_roi(prepare_image(source.image, settings), source, settings))
    return source.roi.stem, sorted(path.name for path in folder.iterdir())


def test_image_and_mask_are_cropped_to_the_region_and_a_margin(tmp_path: Path) -> None:
    stem, names = keep(tmp_path, PrepareSettings())
    assert names == [f"{stem}_image.nii.gz", f"{stem}_mask.nii.gz"]
    image, mask = (sitk.ReadImage(str(tmp_path / name)) for name in names)
    assert image.GetSize() == mask.GetSize() == tuple(n + 2 * MARGIN_VOXELS for n in (5, 4, 3))
    assert image.GetOrigin() == (15.0, 5.0, 3.0)
    assert int(sitk.GetArrayFromImage(mask).sum()) == 60
    assert sitk.GetArrayFromImage(image)[0, 0, 0] == 3 * 1200 + 5 * 40 + 15


def test_a_resegmented_mask_is_kept_beside_the_drawn_one(tmp_path: Path) -> None:
    stem, names = keep(tmp_path, PrepareSettings(resegment_range=(11_000.0,)))
    assert names == [f"{stem}_{kind}.nii.gz" for kind in ("image", "intensity_mask", "mask")]
    kept, drawn = (sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / name))) for name in names[1:])
    assert 0 < kept.sum() < drawn.sum() == 60


def test_file_names_hold_no_identity(tmp_path: Path) -> None:
    _, names = keep(tmp_path, PrepareSettings())
    assert not [name for name in names if "P1" in name or "GTV" in name or "TRIAL" in name]
