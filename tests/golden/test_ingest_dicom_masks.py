"""Real structure sets: the official mask voxel for voxel, and the features of the official NIfTI files."""

from dataclasses import replace

import numpy as np
import pytest

import phantoms
from radfeat.core.vocabulary import Modality, SpacingPrecision
from radfeat.features.extract import extract_features
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.settings import IngestSettings
from radfeat.prepare.recipe import prepare_image, prepare_roi
from radfeat.prepare.settings import PrepareSettings

pytestmark = pytest.mark.needs_shared

INGEST, PREPARE, FEATURES = IngestSettings(), PrepareSettings(), FeatureSettings()
MODALITIES = {"CT": Modality.CT, "MR_T1": Modality.MR, "PET": Modality.PT}
SUBJECTS = ("STS_001", "STS_002", "STS_003", "STS_005", "STS_012", "STS_015", "STS_018", "STS_026")
SARCOMAS = phantoms.SHARED / "sts"
PHANTOM = phantoms.SHARED / "ibsi1" / "ct_phantom"
CASES = (*((subject, kind) for subject in SUBJECTS for kind in MODALITIES), ("ibsi", "CT"))
"""24 structure sets of soft-tissue sarcomas, and that of the IBSI CT phantom."""


def build_rows(subject, kind):
    """Rows of the DICOM series with its structure set, and of the official NIfTI files."""
    if subject == "ibsi":
        folder, nifti = PHANTOM / "dicom", PHANTOM / "nifti"
        image, mask = nifti / "image" / "phantom.nii.gz", nifti / "mask" / "mask.nii.gz"
    else:
        folder, nifti = SARCOMAS / "dicom" / subject / kind, SARCOMAS / "nifti" / subject
        image, mask = nifti / f"{kind}_image.nii.gz", nifti / f"{kind}_mask.nii.gz"
    return (
        phantoms.build_row(folder / "image", folder / "mask", modality=MODALITIES[kind]),
        phantoms.build_row(image, mask, modality=MODALITIES[kind]),
    )


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def pairs(request):
    """The pair as read from DICOM, and as read from NIfTI."""
    rows = build_rows(*request.param)
    return tuple(read_pair(read_image(row, INGEST), row, INGEST) for row in rows)


def measure(pair):
    """All features, in the order of the tables; NaN where a feature has no value."""
    prepared = prepare_roi(prepare_image(pair.image, PREPARE), pair, PREPARE)
    return {k: np.nan if v is None else v for k, v in extract_features(prepared, FEATURES).values.items()}


def lay(pair, grid):
    """The same voxels on another grid."""
    image, mask = pair.image, pair.mask
    return replace(
        pair,
        image=replace(image, voxels_zyx=image.voxels_zyx.copy(), grid=grid),
        mask=replace(mask, voxels_zyx=mask.voxels_zyx.copy(), grid=grid),
    )


@pytest.mark.requirement("R-IN-5")
def test_structure_set_gives_the_official_mask_voxel_for_voxel(pairs):
    dicom, nifti = pairs
    assert np.array_equal(dicom.mask.voxels_zyx, nifti.mask.voxels_zyx)


def test_features_from_dicom_are_those_from_nifti(pairs):
    """On one grid they are equal; NIfTI rounds its own grid to single precision, which moves them by 1e-7."""
    dicom, nifti = pairs
    ours = measure(dicom)
    assert len(ours) == 107
    assert ours == pytest.approx(measure(lay(nifti, dicom.image.grid)), rel=1e-9, abs=0, nan_ok=True)


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def rounded(request):
    """The pair from DICOM with its spacing rounded as NIfTI rounds it, and the pair from NIfTI."""
    drawn, official = build_rows(*request.param)
    settings = IngestSettings(spacing_precision=SpacingPrecision.FLOAT32)
    return read_pair(read_image(drawn, settings), drawn, settings), read_pair(
        read_image(official, INGEST), official, INGEST
    )


def test_features_from_dicom_are_those_of_the_nifti_file_where_spacing_is_rounded_alike(rounded):
    dicom, nifti = rounded
    assert np.array_equal(dicom.mask.voxels_zyx, nifti.mask.voxels_zyx)
    assert measure(dicom) == pytest.approx(measure(nifti), rel=1e-9, abs=0, nan_ok=True)


def test_real_structure_sets_are_sound_but_of_other_copies_of_their_series(pairs):
    """Those of the sarcomas were drawn before the series were cropped and given new UIDs."""
    dicom, _ = pairs
    assert {finding.check for finding in dicom.findings} <= {"dicom.other_series"}


@pytest.mark.parametrize("case", CASES[:3], ids="-".join)
def test_structure_set_on_the_nifti_image_gives_the_official_mask(case):
    drawn, official = build_rows(*case)
    image = read_image(official, INGEST)
    pair = read_pair(image, drawn, INGEST)
    assert np.array_equal(pair.mask.voxels_zyx, read_pair(image, official, INGEST).mask.voxels_zyx)
    assert [finding.check for finding in pair.findings] == ["dicom.frame_unchecked"]
