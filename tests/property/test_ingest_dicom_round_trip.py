"""Any right-angled grid: a series on it gives it back, with its voxels, whatever the order of files."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import dicom_phantoms as dicom
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality
from radfeat.ingest.dicom.series import read_dicom_series
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

lengths = st.floats(0.1, 10.0)
places = st.floats(-1000.0, 1000.0)
parts = st.floats(-1.0, 1.0)


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    size = (draw(st.integers(2, 6)), draw(st.integers(2, 6)), draw(st.integers(2, 5)))
    quaternion = draw(st.tuples(parts, parts, parts, parts).filter(lambda q: np.linalg.norm(q) > 0.1))
    matrix = Rotation.from_quat(quaternion).as_matrix()
    spacing, origin = draw(st.tuples(lengths, lengths, lengths)), draw(st.tuples(places, places, places))
    return Grid(size, spacing, origin, tuple(float(cosine) for cosine in matrix.ravel()))


@settings(max_examples=25, deadline=None)
@given(grids(), st.sampled_from([Modality.CT, Modality.MR]), st.booleans())
def test_a_series_gives_back_its_grid_and_voxels(grid, modality, enhanced):
    pixels = np.random.default_rng(1).integers(0, 200, grid.shape_zyx).astype(np.int16)
    datasets = dicom.build_series(modality, grid, pixels)
    with tempfile.TemporaryDirectory() as folder:
        if enhanced:
            path = dicom.write_dataset(Path(folder) / "e.dcm", dicom.build_enhanced(datasets, modality))
        else:
            path = dicom.write_series(Path(folder) / "s", datasets)
        volume = read_dicom_series(Source(path, "case"), modality, IngestSettings()).volume
    assert np.array_equal(volume.voxels_zyx, pixels + 200 * (modality is Modality.MR))
    assert volume.grid.size_xyz == grid.size_xyz
    # Numbers are written in 16 characters, and the spacing of slices is a difference of positions.
    assert np.allclose(volume.grid.spacing_xyz_mm, grid.spacing_xyz_mm, rtol=0, atol=2e-6)
    assert np.allclose(volume.grid.origin_xyz_mm, grid.origin_xyz_mm, rtol=0, atol=1e-6)
    assert np.allclose(volume.grid.direction, grid.direction, rtol=0, atol=1e-9)
