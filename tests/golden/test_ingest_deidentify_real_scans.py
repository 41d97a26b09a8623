"""Real scans: de-identified PET, CT and MR of a subject give the same voxels, units and masks."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from phantoms import SHARED
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.pair import SourcePair
from radfeat.core.vocabulary import Modality
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.deidentify.journal import Profile
from radfeat.ingest.deidentify.run import deidentify_tree
from radfeat.ingest.deidentify.secret import Secret
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.settings import IngestSettings

pytestmark = pytest.mark.needs_shared
SUBJECT = "STS_003"
ROIS = {Modality.CT: "GTV_Mass_CT", Modality.PT: "GTV_Mass_PET", Modality.MR: "GTV_Mass_MR_T1"}
FOLDERS = {Modality.CT: "CT", Modality.PT: "PET", Modality.MR: "MR_T1"}


def _read(image: Path, mask: Path, modality: Modality) -> SourcePair:
    key = RoiKey(CaseKey("ST", "A", "S1", "T0", modality.value), "GTV")
    row = ImageRow(key, modality, image, mask, ROIS[modality], None, None, None, None, 0)
    settings = IngestSettings()
    return read_pair(read_image(row, settings), row, settings)


@pytest.mark.requirement("R-PRIV-2")
def test_voxels_and_masks_of_real_scans_survive(tmp_path: Path) -> None:
    source = SHARED / "sts" / "dicom" / SUBJECT
    profile = Profile(Secret(bytes(range(32))))
    outcomes = deidentify_tree(source, tmp_path, profile, workers=1, progress=lambda *_: None).outcomes
    assert all(outcome.output is not None for outcome in outcomes)
    made: dict[str, Path] = {}
    for path in (tmp_path / "dicom").rglob("*.dcm"):
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["Modality", "SOPInstanceUID"])
        if header.Modality == "RTSTRUCT":
            roi = pydicom.dcmread(path).StructureSetROISequence[0].ROIName
            made[roi] = path
        else:
            made[header.Modality] = path.parent
    for modality, roi in ROIS.items():
        (image,) = {path.parent for path in (source / FOLDERS[modality] / "image").rglob("*.dcm")}
        (mask,) = (source / FOLDERS[modality] / "mask").rglob("*.dcm")
        before, after = _read(image, mask, modality), _read(made[modality.value], made[roi], modality)
        np.testing.assert_array_equal(after.image.voxels_zyx, before.image.voxels_zyx)
        np.testing.assert_array_equal(after.mask.voxels_zyx, before.mask.voxels_zyx)
        assert after.image.unit is before.image.unit
        assert after.image.grid == before.image.grid
