"""One pair in memory: five lines in a notebook give what the workflow gives."""

from pathlib import Path

import pytest

import dicom_phantoms
import phantoms
from radfeat.core.errors import CaseError, InputError
from radfeat.core.vocabulary import Modality, Reason, Unit
from radfeat.features.settings import FeatureSettings
from radfeat.pipeline.case_settings import CaseSettings
from radfeat.pipeline.pair import measure_pair
from radfeat.qc.check_names import Check
from radfeat.qc.settings import QcSettings
from radfeat.simulate.settings import SimulationSettings
from radfeat.simulate.trial import write_trial


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair") / "trial"
    write_trial(folder, SimulationSettings(subjects=1, lesions=2, sites=1))
    return next((folder / "images").iterdir()), next((folder / "masks").iterdir())


def test_pair_is_measured_with_pyradiomics_defaults(scan: tuple[Path, Path]) -> None:
    result = measure_pair(*scan, modality="CT", label=1)
    assert len(result.features) == 107
    assert result.features["original_shape_MeshVolume"] == pytest.approx(4189, rel=0.5)
    assert [row["feature"] for row in result.catalogue()] == list(result.features)
    assert result.prepared.image.grid == result.source.image.grid


def test_settings_are_taken(scan: tuple[Path, Path]) -> None:
    features = FeatureSettings.model_validate({"classes": {"firstorder": ["Mean"]}})
    result = measure_pair(*scan, modality="CT", label=2, settings=CaseSettings(features=features))
    assert list(result.features) == ["original_firstorder_Mean"]


def test_label_that_is_not_said_where_there_are_several_is_an_error(scan: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="label"):
        measure_pair(*scan, modality="CT")


def test_missing_file_is_one_sentence(scan: tuple[Path, Path]) -> None:
    with pytest.raises(InputError, match="the image file is not there") as caught:
        measure_pair(scan[0].with_name("none.nii.gz"), scan[1])
    assert "none" not in caught.value.sentence


def test_roi_that_a_check_excludes_is_an_error_as_in_the_workflow(tmp_path: Path) -> None:
    labels = phantoms.build_labels() > 0
    image = phantoms.write(tmp_path / "i.nii.gz", phantoms.build_voxels())
    mask = phantoms.write(tmp_path / "m.nii.gz", labels.astype("u1"))
    settings = CaseSettings(qc=QcSettings.model_validate({"exclude": [Check.MASK_COMPONENTS.value]}))
    with pytest.raises(CaseError, match=r"excluded by qc\.exclude") as caught:
        measure_pair(image, mask, settings=settings)
    assert caught.value.reason is Reason.QC_EXCLUDED


def test_pair_is_held_against_the_protocol_as_in_the_workflow(scan: tuple[Path, Path]) -> None:
    features = FeatureSettings.model_validate({"classes": {"firstorder": ["Mean"]}})
    for required in (False, True):
        rule = {"slice_spacing": {"max": 0.01, "required": required}}
        qc = QcSettings.model_validate({"protocol": {"modalities": {"CT": rule}}})
        settings = CaseSettings(features=features, qc=qc)
        if required:
            with pytest.raises(CaseError, match="the protocol requires") as caught:
                measure_pair(*scan, modality="CT", label=1, settings=settings)
            assert caught.value.reason is Reason.QC_EXCLUDED
        else:
            found = measure_pair(*scan, modality="CT", label=1, settings=settings).findings
            assert Check.PROTOCOL_DEVIATION in {finding.check for finding in found}


def test_bins_too_wide_for_the_roi_are_a_finding_and_alter_no_value(scan: tuple[Path, Path]) -> None:
    features = FeatureSettings.model_validate({"bin_width": 5000, "classes": {"glcm": ["Contrast"]}})
    strict = CaseSettings(features=features)
    quiet = CaseSettings(features=features, qc=QcSettings(few_grey_levels=1))
    found, unsaid = (measure_pair(*scan, modality="CT", label=1, settings=s) for s in (strict, quiet))
    (finding,) = [f for f in found.findings if f.check == Check.FEATURE_FEW_BINS]
    assert "at a bin width of 5000 HU" in finding.sentence
    assert Check.FEATURE_FEW_BINS not in {f.check for f in unsaid.findings}
    assert found.features == unsaid.features


def test_modality_of_a_dicom_image_is_taken_from_its_headers(tmp_path):
    series = dicom_phantoms.build_series(Modality.PT)
    folder = dicom_phantoms.write_series(tmp_path / "pet", series)
    drawn = dicom_phantoms.build_structure_set(series, {"GTV": dicom_phantoms.build_contours()})
    result = measure_pair(folder, dicom_phantoms.write_dataset(tmp_path / "rs.dcm", drawn))
    assert (result.source.image.modality, result.source.image.unit) == (Modality.PT, Unit.SUVBW)


def test_modality_of_a_folder_without_images_is_left_to_the_reading(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CaseError, match="holds no file"):
        measure_pair(tmp_path / "empty", tmp_path / "rs.dcm")
