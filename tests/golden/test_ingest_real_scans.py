"""Real scans: what is read equals SimpleITK's reading, and pictures are quick and small."""

import numpy as np
import pytest
import SimpleITK as sitk

import phantoms
from radfeat.core.vocabulary import Modality
from radfeat.core.volume import array_of, grid_of
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.settings import IngestSettings
from radfeat.qc.check_names import Check
from radfeat.qc.image_checks import check_image
from radfeat.qc.mask_checks import check_mask, measure_mask
from radfeat.qc.previews import write_preview
from radfeat.qc.settings import QcSettings

pytestmark = pytest.mark.needs_shared
MODALITIES = {"CT": Modality.CT, "MR_T1": Modality.MR, "PET": Modality.PT}
SUBJECTS = ("STS_001", "STS_002", "STS_026")


@pytest.fixture(params=[(s, m) for s in SUBJECTS for m in MODALITIES], ids="-".join)
def row(request):
    subject, kind = request.param
    folder = phantoms.SHARED / "sts" / "nifti" / subject
    return phantoms.build_row(
        folder / f"{kind}_image.nii.gz", folder / f"{kind}_mask.nii.gz", modality=MODALITIES[kind]
    )


def test_real_scans_are_read_as_simpleitk_reads_them(row, tmp_path):
    pair = read_pair(read_image(row, IngestSettings()), row, IngestSettings())
    image, mask = sitk.ReadImage(str(row.image)), sitk.ReadImage(str(row.mask))
    assert np.array_equal(pair.image.voxels_zyx, array_of(image))
    assert pair.image.grid == grid_of(image)
    assert np.array_equal(pair.mask.voxels_zyx, array_of(mask) == 1)
    assert pair.mask.grid == grid_of(mask)
    assert measure_mask(pair.mask).components == 1
    write_preview(tmp_path / "p.png", pair.image, pair.mask)
    assert (tmp_path / "p.png").stat().st_size < 80_000


def test_real_scans_are_sound_but_for_the_roi_that_was_cut_off(row):
    pair = read_pair(read_image(row, IngestSettings()), row, IngestSettings())
    assert not check_image(pair.image, "case", QcSettings())
    spoke = {finding.check for finding in check_mask(pair, QcSettings())}
    assert spoke == ({Check.MASK_TOUCHES_BORDER} if "STS_026" in str(row.image) else set())
