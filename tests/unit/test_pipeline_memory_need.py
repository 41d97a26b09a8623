"""What a job asks for: told from headers and settings, remembered, and never from the images themselves."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from radfeat.features.settings import FeatureSettings
from radfeat.pipeline import memory_need
from radfeat.pipeline.manifest import list_stats
from radfeat.pipeline.memory_need import BASE_MB, estimate_case_mb, estimate_memory
from radfeat.prepare.settings import PrepareSettings

PLAIN = (PrepareSettings(), FeatureSettings())
WAVELET = FeatureSettings.model_validate({"image_types": {"Original": {}, "Wavelet": {}}})


def write_image(path: Path, size: int) -> None:
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((size, size, size), dtype=np.int16)), str(path))


def row_of(path: Path, base: Path) -> dict[str, object]:
    return {"image": os.path.relpath(path, base), "modality": "CT", "stat": [*list_stats(path)]}


def test_need_is_of_voxels_and_of_what_is_done_with_them() -> None:
    plain = estimate_case_mb(10**7, *PLAIN)
    assert estimate_case_mb(2 * 10**7, *PLAIN) == pytest.approx(2 * plain)
    assert estimate_case_mb(10**7, PrepareSettings(), WAVELET) > 10 * plain
    cropped = PrepareSettings(resampled_spacing_xyz_mm=(1, 1, 1))
    assert plain < estimate_case_mb(10**7, cropped, WAVELET) < estimate_case_mb(10**7, PLAIN[0], WAVELET)


def test_chunk_asks_for_its_largest_image_though_its_file_is_the_smallest(tmp_path: Path) -> None:
    write_image(tmp_path / "large.nii.gz", 200)
    write_image(tmp_path / "small.nii", 40)
    assert (tmp_path / "large.nii.gz").stat().st_size < (tmp_path / "small.nii").stat().st_size
    rows = [row_of(tmp_path / name, tmp_path) for name in ("large.nii.gz", "small.nii")]
    found = estimate_memory({"0": rows, "1": rows[1:]}, tmp_path, PLAIN, tmp_path / "sizes.json")
    assert found["0"] == BASE_MB + 100, "8 million voxels at 12 bytes, rounded up to 100 MB"
    assert found["1"] == BASE_MB + 100, "64,000 voxels, rounded up"
    wavelets = estimate_memory({"0": rows}, tmp_path, (PLAIN[0], WAVELET), tmp_path / "sizes.json")
    assert wavelets["0"] == pytest.approx(BASE_MB + 8 * 162, abs=100)


def test_headers_are_read_once_and_again_where_a_file_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, sizes, read = tmp_path / "a.nii", tmp_path / "sizes.json", []
    write_image(image, 40)
    count = memory_need.count_voxels
    monkeypatch.setattr(memory_need, "count_voxels", lambda path: read.append(path) or count(path))
    for _ in range(2):
        estimate_memory({"0": [row_of(image, tmp_path)]}, tmp_path, PLAIN, sizes)
    assert len(read) == 1
    write_image(image, 50)
    estimate_memory({"0": [row_of(image, tmp_path)]}, tmp_path, PLAIN, sizes)
    assert len(read) == 2
    assert json.loads(sizes.read_text())["a.nii"][1] == 125_000
    assert sizes.stat().st_mode & 0o077 == 0, "it names files as the sites named them"


def test_images_that_are_missing_or_damaged_ask_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "torn.nii").write_bytes(b"no image")
    rows = [row_of(tmp_path / name, tmp_path) for name in ("torn.nii", "absent.nii")]
    assert estimate_memory({"0": rows}, tmp_path, PLAIN, tmp_path / "s.json")["0"] == BASE_MB


def test_series_counts_all_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "series"
    folder.mkdir()
    for number in range(3):
        sitk.WriteImage(
            sitk.GetImageFromArray(np.zeros((8, 8), dtype=np.int16)), str(folder / f"{number}.dcm")
        )
    assert memory_need.count_voxels(folder) == 3 * 64
