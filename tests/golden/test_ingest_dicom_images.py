"""Real series: voxels equal the official NIfTI bit for bit, the grid to single precision, and SimpleITK's."""

import numpy as np
import pytest
import SimpleITK as sitk

import phantoms
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.volume import array_of, grid_of
from radfeat.ingest.dicom.series import read_dicom_series
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

pytestmark = pytest.mark.needs_shared

MODALITIES = {"CT": Modality.CT, "MR_T1": Modality.MR, "PET": Modality.PT}
UNITS = {Modality.CT: Unit.HU, Modality.MR: Unit.ARBITRARY, Modality.PT: Unit.SUVBW}
SUBJECTS = ("STS_001", "STS_002", "STS_003", "STS_005", "STS_012", "STS_015", "STS_018", "STS_026")
SARCOMAS = phantoms.SHARED / "sts"
PHANTOM = phantoms.SHARED / "ibsi1" / "ct_phantom"
CASES = [
    *(
        pytest.param(
            SARCOMAS / "dicom" / subject / kind / "image",
            SARCOMAS / "nifti" / subject / f"{kind}_image.nii.gz",
            modality,
            id=f"{subject}-{kind}",
        )
        for subject in SUBJECTS
        for kind, modality in MODALITIES.items()
    ),
    pytest.param(
        PHANTOM / "dicom" / "image",
        PHANTOM / "nifti" / "image" / "phantom.nii.gz",
        Modality.CT,
        id="ibsi-phantom",
    ),
]


@pytest.mark.requirement("R-IN-4")
@pytest.mark.parametrize(("folder", "nifti", "modality"), CASES)
def test_real_series_equal_their_nifti_and_simpleitks_reading(folder, nifti, modality):
    series = read_dicom_series(Source(folder, "case"), modality, IngestSettings())
    official = sitk.ReadImage(str(nifti))
    assert np.array_equal(series.volume.voxels_zyx, array_of(official))
    assert series.volume.grid.size_xyz == official.GetSize()
    _require_equal(series.volume.grid, grid_of(official), 2e-7)

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    _require_equal(series.volume.grid, grid_of(reader.Execute()), 1e-13)

    assert series.volume.unit is UNITS[modality]
    assert {finding.check for finding in series.findings} <= {"dicom.derived"}
    assert series.volume.voxels_zyx.dtype == (np.float32 if modality is Modality.PT else np.int16)


def _require_equal(ours, theirs, relative):
    for name in ("spacing_xyz_mm", "origin_xyz_mm", "direction"):
        assert getattr(ours, name) == pytest.approx(getattr(theirs, name), rel=relative, abs=1e-12)
