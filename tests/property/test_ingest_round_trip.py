"""What SimpleITK writes, radfeat reads as SimpleITK reads it: voxels, number type and geometry."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import phantoms
from radfeat.core.errors import InputError
from radfeat.core.grid import Grid
from radfeat.core.volume import array_of, grid_of
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source
from radfeat.ingest.volume_files import read_volume_file

SETTINGS = IngestSettings()
SIZES = st.tuples(*[st.integers(1, 5)] * 3)
SPACINGS = st.tuples(*[st.floats(0.1, 10.0)] * 3)
ORIGINS = st.tuples(*[st.floats(-500.0, 500.0)] * 3)
ANGLES = st.tuples(*[st.floats(-180.0, 180.0)] * 3)


@st.composite
def grids(draw):
    matrix = Rotation.from_euler("xyz", draw(ANGLES), degrees=True).as_matrix()
    if draw(st.booleans()):
        matrix = matrix * [1.0, 1.0, -1.0]
    return Grid(draw(SIZES), draw(SPACINGS), draw(ORIGINS), tuple(float(c) for c in matrix.ravel()))


@pytest.mark.requirement("R-IN-3")
@settings(max_examples=80, deadline=None)
@given(grids(), st.sampled_from(phantoms.NUMBER_TYPES), st.sampled_from(phantoms.FORMATS))
def test_reading_equals_simpleitk_for_any_grid_type_and_format(grid, dtype, ending):
    with tempfile.TemporaryDirectory() as folder:
        path = phantoms.write(Path(folder) / f"a.{ending}", phantoms.build_voxels(grid, dtype), grid)
        ours, theirs = read_volume_file(Source(path, "K"), SETTINGS), sitk.ReadImage(str(path))
    assert np.array_equal(ours.voxels, array_of(theirs))
    assert ours.voxels.dtype == array_of(theirs).dtype
    assert ours.grid == grid_of(theirs)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(phantoms.FORMATS), st.floats(0.0, 0.999), st.sampled_from(("u1", "i2", "f4")))
def test_a_file_cut_anywhere_is_refused_in_one_sentence(ending, keep, dtype):
    with tempfile.TemporaryDirectory() as folder:
        path = phantoms.write(Path(folder) / f"a.{ending}", phantoms.build_voxels(dtype=dtype))
        phantoms.break_truncated(path, keep)
        with pytest.raises(InputError, match=r"^K: the image file "):
            read_volume_file(Source(path, "K"), SETTINGS)


@pytest.mark.requirement("R-IN-6")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(("nii", "nrrd", "mha", "nii.gz", "z.mha")), st.data())
def test_damaged_bytes_end_in_an_error_of_ours_or_in_a_volume(ending, data):
    with tempfile.TemporaryDirectory() as folder:
        path = phantoms.write(Path(folder) / f"a.{ending}", phantoms.build_voxels(dtype="i2"))
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            place = data.draw(st.integers(0, min(len(content), 420) - 1))
            content[place] = data.draw(st.integers(0, 255))
        path.write_bytes(content)
        outcome = outcome_of(path)
    assert "\n" not in outcome


def outcome_of(path):
    """The sentence that refuses a file, or the size of the volume that it holds; anything else is raised."""
    try:
        file = read_volume_file(Source(path, "K"), SETTINGS)
    except InputError as error:
        return error.sentence
    return str(file.voxels.reshape(file.grid.shape_zyx).shape)
