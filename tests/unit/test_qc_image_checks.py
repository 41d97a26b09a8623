import numpy as np
import pytest

import phantoms
from radfeat.core.grid import Grid
from radfeat.core.vocabulary import Modality, Severity, Unit
from radfeat.core.volume import Volume
from radfeat.qc.check_names import Check
from radfeat.qc.image_checks import check_image, count_intensities
from radfeat.qc.settings import QcSettings

SETTINGS = QcSettings()
NOISE = np.random.default_rng(3).normal(0, 300, (6, 7, 8)).clip(-1000, 2000)


def volume(voxels, modality=Modality.MR, spacing=(1.0, 1.0, 1.0)):
    z, y, x = voxels.shape
    unit = Unit.HU if modality is Modality.CT else Unit.ARBITRARY
    return Volume(np.array(voxels), Grid((x, y, z), spacing), modality, unit)


def spoken(image, settings=SETTINGS):
    findings = check_image(image, "S/1", settings)
    assert all(f.key == "S/1" and f.sentence.startswith("S/1: ") for f in findings)
    assert all(f.sentence.endswith((".", "?")) and not f.sentence.endswith("?.") for f in findings)
    return {f.check: f for f in findings}


@pytest.mark.parametrize("modality", list(Modality))
def test_ordinary_images_pass_in_silence(modality):
    voxels = np.abs(NOISE) if modality is Modality.PT else NOISE
    assert not spoken(volume(voxels, modality))


def test_constant_image_is_remarked_on_once():
    found = spoken(volume(np.full((4, 4, 4), 7, np.int16)))
    assert list(found) == [Check.IMAGE_CONSTANT]
    assert found[Check.IMAGE_CONSTANT].measured == 7.0


def test_few_intensities_are_counted_and_compared():
    finding = spoken(volume(np.where(NOISE > 0, 1000.0, -3.0)))[Check.IMAGE_FEW_INTENSITIES]
    assert (finding.measured, finding.limit, finding.unit) == (2.0, 32.0, "intensities")
    assert not spoken(volume(np.where(NOISE > 0, 1000.0, -3.0)), QcSettings(few_intensities=2))


def test_rare_intensities_are_counted_even_where_a_sample_misses_them():
    voxels = np.zeros(3_000_000, np.int16)
    voxels[1:80:2] = np.arange(1, 41)
    assert count_intensities(voxels, 32) == 41


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_whole_numbers_up_to_255_look_like_a_picture(dtype):
    picture = phantoms.build_voxels(dtype="u1").astype(dtype)
    assert Check.IMAGE_EIGHT_BIT in spoken(volume(picture))
    assert Check.IMAGE_EIGHT_BIT not in spoken(volume(picture, Modality.PT))
    assert Check.IMAGE_EIGHT_BIT not in spoken(volume(picture.astype(np.float32) + 0.5))
    assert Check.IMAGE_EIGHT_BIT not in spoken(volume(picture.astype(np.float32) * 3))


def test_long_voxels_are_remarked_on_beyond_the_limit():
    assert not spoken(volume(NOISE, spacing=(1.0, 1.0, 5.0)))
    finding = spoken(volume(NOISE, spacing=(0.5, 0.5, 3.0)))[Check.IMAGE_ANISOTROPIC]
    assert (finding.measured, finding.limit) == (6.0, 5.0)


def test_ct_without_air_is_not_in_hu():
    finding = spoken(volume(NOISE + 1024, Modality.CT))[Check.IMAGE_CT_NOT_HU]
    assert finding.severity is Severity.WARNING
    assert finding.measured == pytest.approx(NOISE.min() + 1024)
    assert Check.IMAGE_CT_NOT_HU not in spoken(volume(NOISE + 1024, Modality.MR))


def test_padding_of_ct_is_information():
    padded = NOISE.copy()
    padded[0] = -3024
    finding = spoken(volume(padded, Modality.CT))[Check.IMAGE_CT_PADDING]
    assert (finding.severity, finding.measured, finding.limit) == (Severity.INFO, -3024.0, -1024.0)
    assert "16.7%" in finding.sentence


def test_negative_uptake_is_remarked_on():
    assert list(spoken(volume(NOISE, Modality.PT))) == [Check.IMAGE_NEGATIVE_PET]
