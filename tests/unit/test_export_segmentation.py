"""Masks as DICOM segmentations: voxels read back equal, one object for one source, nothing added."""

import copy
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag

from dicom_phantoms import GRID, build_block, build_enhanced, build_series, read_back
from radfeat.core.errors import ExportError, GeometryError
from radfeat.core.grid import Grid
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import Modality
from radfeat.core.volume import Mask
from radfeat.export.files import Written, write_object
from radfeat.export.meanings import REGION, choose_codes
from radfeat.export.segmentation import DrawnBy, Segment, build_segmentation, read_segmentation
from radfeat.export.sources import SourceImages, lay_sources

CASE = CaseKey("study", "A", "trial-0007", "base", "ct")
TURNED = Grid(
    (6, 5, 4), (1.5, 2.0, 3.0), (-10.0, 20.0, 30.0), (0.0, 0.6, 0.8, -1.0, 0.0, 0.0, 0.0, -0.8, 0.6)
)


def segment(
    voxels: npt.NDArray[np.bool_],
    roi: str = "GTV",
    role: str | None = "GTV",
    *,
    lesion: str = "",
    drawn_by: DrawnBy | None = None,
    grid: Grid = GRID,
) -> Segment:
    return Segment(Mask(voxels.copy(), grid, RoiKey(CASE, roi, lesion)), role, drawn_by)


def corner(grid: Grid = GRID) -> npt.NDArray[np.bool_]:
    mask = np.zeros(grid.shape_zyx, dtype=bool)
    mask[0, 0, 1] = mask[-1, -1, 0] = True
    return mask


def write(folder: Path, source: SourceImages, segments: Sequence[Segment]) -> Path:
    path = folder / "case.seg.dcm"
    assert write_object(path, build_segmentation(source, segments), "case") is Written.NEW
    return path


@pytest.mark.requirement("R-EXP-1")
@pytest.mark.parametrize("modality", [Modality.CT, Modality.MR, Modality.PT])
@pytest.mark.parametrize("enhanced", [False, True])
def test_masks_read_back_voxel_for_voxel(tmp_path: Path, modality: Modality, enhanced: bool) -> None:
    series: list[Dataset] = build_series(modality)
    headers = [build_enhanced(series, modality)] if enhanced else series[::-1]
    source = lay_sources(headers, GRID, "case")
    path = write(tmp_path, source, [segment(build_block()), segment(corner(), "node", "node")])
    back = read_segmentation(path, source)
    assert sorted(back) == [1, 2]
    np.testing.assert_array_equal(back[1], build_block())
    np.testing.assert_array_equal(back[2], corner())


def test_frames_of_an_enhanced_object_need_not_be_in_the_order_of_the_slices(tmp_path: Path) -> None:
    shuffled = [build_series()[k] for k in (3, 0, 9, 1, 2, 8, 4, 7, 5, 6)]
    source = lay_sources([build_enhanced(shuffled, Modality.CT)], GRID, "case")
    path = write(tmp_path, source, [segment(corner())])
    np.testing.assert_array_equal(read_segmentation(path, source)[1], corner())
    placed = {
        float(frame.PlanePositionSequence[0].ImagePositionPatient[2])
        for frame in read_back(path).PerFrameFunctionalGroupsSequence
    }
    assert placed == {30.0, 57.0}


def test_oblique_series_gives_a_segmentation_with_its_own_geometry(tmp_path: Path) -> None:
    source = lay_sources(build_series(grid=TURNED), TURNED, "case")
    path = write(tmp_path, source, [segment(corner(TURNED), grid=TURNED)])
    np.testing.assert_array_equal(read_segmentation(path, source)[1], corner(TURNED))
    shared = read_back(path).SharedFunctionalGroupsSequence[0]
    assert [float(c) for c in shared.PlaneOrientationSequence[0].ImageOrientationPatient] == pytest.approx(
        [0.0, -1.0, 0.0, 0.6, 0.0, -0.8]
    )
    assert [float(s) for s in shared.PixelMeasuresSequence[0].PixelSpacing] == [2.0, 1.5]


def test_overlapping_rois_keep_all_their_voxels(tmp_path: Path) -> None:
    source = lay_sources(build_series(), GRID, "case")
    larger = np.ones(GRID.shape_zyx, dtype=bool)
    path = write(tmp_path, source, [segment(build_block()), segment(larger, "body", None)])
    back = read_segmentation(path, source)
    np.testing.assert_array_equal(back[1], build_block())
    np.testing.assert_array_equal(back[2], larger)
    assert read_back(path).SegmentsOverlap == "YES"


def test_segment_says_its_roi_its_codes_and_how_it_was_drawn(tmp_path: Path) -> None:
    segments = [
        segment(build_block(), "Tumour", "GTV", lesion="L1", drawn_by=DrawnBy.MANUAL),
        segment(corner(), "LN", "node", drawn_by=DrawnBy.SEMIAUTOMATIC),
        segment(~build_block() & ~corner(), "region\\1", "whatever"),
    ]
    path = write(tmp_path, lay_sources(build_series(), GRID, "case"), segments)
    first, second, third = read_back(path).SegmentSequence
    assert (first.SegmentLabel, first.TrackingID) == ("Tumour / L1", "Tumour / L1")
    assert first.SegmentedPropertyTypeCodeSequence[0].CodeValue == "108369006"
    assert (first.SegmentAlgorithmType, "SegmentDescription" in first) == ("MANUAL", False)
    assert second.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Lymph Node"
    assert (second.SegmentAlgorithmType, second.SegmentAlgorithmName) == (
        "SEMIAUTOMATIC",
        "not stated in the source",
    )
    assert third.SegmentLabel == "region/1"
    assert third.SegmentedPropertyTypeCodeSequence[0].CodeMeaning == "Selected region"
    assert third.SegmentAlgorithmType == "MANUAL"
    assert "not stated in the source" in third.SegmentDescription
    assert len({s.TrackingUID for s in (first, second, third)}) == 3


@pytest.mark.parametrize(
    ("role", "meaning"),
    [("GTV", "Neoplasm"), ("gtv-n", "Lymph Node"), ("Lymph_node", "Lymph Node"), ("OAR", "Organ")],
)
def test_role_is_understood_however_it_is_written(role: str, meaning: str) -> None:
    assert choose_codes(role).type.meaning == meaning


@pytest.mark.parametrize("role", [None, "", "habitat 3", "gtv of the other side"])
def test_role_that_is_not_listed_claims_nothing(role: str | None) -> None:
    assert choose_codes(role) is REGION


def test_same_source_and_masks_give_the_same_file_and_another_mask_another_uid(tmp_path: Path) -> None:
    source = lay_sources(build_series(), GRID, "case")
    again = lay_sources(build_series()[::-1], GRID, "case")
    path = write(tmp_path, source, [segment(build_block())])
    same = build_segmentation(again, [segment(build_block())])
    assert write_object(path, same, "case") is Written.UNCHANGED
    other = build_segmentation(source, [segment(corner())])
    assert other.SOPInstanceUID != same.SOPInstanceUID
    assert other.SeriesInstanceUID == same.SeriesInstanceUID
    assert other.SegmentSequence[0].TrackingUID == same.SegmentSequence[0].TrackingUID
    before = path.read_bytes()
    with pytest.raises(ExportError, match="not overwritten") as caught:
        write_object(path, other, "case")
    assert caught.value.key == "case"
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_object_repeats_subject_and_study_and_refers_to_every_slice(tmp_path: Path) -> None:
    series = build_series()
    path = write(tmp_path, lay_sources(series, GRID, "case"), [segment(build_block())])
    made = read_back(path)
    for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "FrameOfReferenceUID", "StudyDate"):
        assert made[keyword].value == series[0][keyword].value
    (referenced,) = made.ReferencedSeriesSequence
    assert referenced.SeriesInstanceUID == series[0].SeriesInstanceUID
    assert {r.ReferencedSOPInstanceUID for r in referenced.ReferencedInstanceSequence} == {
        d.SOPInstanceUID for d in series
    }
    assert (made.SeriesDescription, made.Manufacturer) == ("radfeat ROI", "radfeat")
    assert (made.ContentDate, made.ContentTime) == (series[0].StudyDate, series[0].StudyTime)


def test_object_adds_no_identity_no_clock_and_no_name_of_the_trial(tmp_path: Path) -> None:
    series = build_series()
    for dataset in series:
        dataset.InstitutionName = "Saint Elsewhere"
        dataset.OperatorsName = "Operator^Olga"
    path = write(tmp_path, lay_sources(series, GRID, "case"), [segment(build_block())])
    made = read_back(path)
    assert "InstanceCreationDate" not in made
    assert "ContributingEquipmentSequence" not in made
    assert "ContentCreatorName" not in made
    for planted in (b"Elsewhere", b"Olga", b"trial-0007"):
        assert planted not in path.read_bytes()


@pytest.mark.parametrize(
    ("charset", "name"), [("ISO_IR 100", "Müller^Jörg"), ("GB18030", "Wang^XiaoDong=王^小东")]
)
def test_names_in_any_character_set_stay_and_labels_may_be_chinese(
    tmp_path: Path, charset: str, name: str
) -> None:
    series = build_series()
    headers = []
    for number, dataset in enumerate(series):
        dataset.SpecificCharacterSet, dataset.PatientName = charset, name
        dataset.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
        headers.append(pydicom.dcmread(tmp_path / f"{number}.dcm", stop_before_pixels=True))
    path = write(tmp_path, lay_sources(headers, GRID, "case"), [segment(build_block(), "原发灶")])
    made = read_back(path)
    assert str(made.PatientName) == name
    assert made.SegmentSequence[0].SegmentLabel == "原发灶"


def test_malformed_and_absent_values_of_the_subject_are_left_empty_and_not_said_aloud(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, recwarn: pytest.WarningsRecorder
) -> None:
    series = build_series()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pydicom.config.settings, "writing_validation_mode", pydicom.config.IGNORE)
        for dataset in series:
            dataset.PatientSex, dataset.PatientBirthDate = "unknown", "May 1950"
            dataset.PatientName = "Secret Person With Blanks"
            del dataset.StudyID, dataset.ReferringPhysicianName
    recwarn.clear()
    with caplog.at_level(logging.DEBUG):
        path = write(tmp_path, lay_sources(series, GRID, "case"), [segment(build_block())])
    assert "Secret" not in caplog.text
    assert not recwarn.list
    made = read_back(path)
    assert (made.PatientSex, made.PatientBirthDate, made.StudyID) == ("", "", "")
    assert str(made.PatientName) == "Secret Person With Blanks"


def test_sources_are_left_as_they_were() -> None:
    series = build_series()
    before = copy.deepcopy(series)
    build_segmentation(lay_sources(series, GRID, "case"), [segment(build_block())])
    assert series == before


def test_series_without_any_date_is_refused() -> None:
    series = build_series()
    for dataset in series:
        for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
            setattr(dataset, keyword, "")
    with pytest.raises(ExportError, match="states no date"):
        lay_sources(series, GRID, "case")


def test_series_without_a_study_date_lends_that_of_the_series() -> None:
    series = build_series()
    for dataset in series:
        dataset.StudyDate = ""
        dataset.SeriesDate = "20200103"
    source = lay_sources(series, GRID, "case")
    assert (source.date, source.time) == ("20200103", "100000")


def test_series_without_a_frame_of_reference_is_refused() -> None:
    series = build_series()
    del series[3].FrameOfReferenceUID
    with pytest.raises(ExportError, match="no FrameOfReferenceUID"):
        lay_sources(series, GRID, "case")


def _without_a_slice(series: list[Dataset]) -> list[Dataset]:
    return series[:4] + series[5:]


def _with_a_slice_twice(series: list[Dataset]) -> list[Dataset]:
    return [*series[:9], series[8]]


def _with_other_orientation(series: list[Dataset]) -> list[Dataset]:
    series[2].ImageOrientationPatient = [1, 0, 0, 0, -1, 0]
    return series


def _beside_the_grid(series: list[Dataset]) -> list[Dataset]:
    x, y, z = series[2].ImagePositionPatient
    series[2].ImagePositionPatient = [x + 1, y, z]
    return series


def _with_other_size(series: list[Dataset]) -> list[Dataset]:
    series[2].Rows = 13
    return series


def _without_position(series: list[Dataset]) -> list[Dataset]:
    del series[2].ImagePositionPatient
    return series


@pytest.mark.parametrize(
    "spoil",
    [
        _without_a_slice,
        _with_a_slice_twice,
        _with_other_orientation,
        _beside_the_grid,
        _with_other_size,
        _without_position,
    ],
)
def test_headers_that_are_not_the_volume_are_refused(spoil: Callable[[list[Dataset]], list[Dataset]]) -> None:
    with pytest.raises(GeometryError, match="not the slices of the volume"):
        lay_sources(spoil(build_series()), GRID, "case")


def test_enhanced_object_without_positions_is_refused() -> None:
    enhanced = build_enhanced(build_series(), Modality.CT)
    enhanced.PerFrameFunctionalGroupsSequence[2].PlanePositionSequence = Items([])
    with pytest.raises(GeometryError, match="without position"):
        lay_sources([enhanced], GRID, "case")


def test_source_that_the_library_does_not_know_is_refused_without_quoting_it() -> None:
    series = build_series()
    for dataset in series:
        dataset.SOPClassUID = "1.2.3.4.5"
    source = lay_sources(series, GRID, "case")
    with pytest.raises(ExportError, match="not such that an object can be derived") as caught:
        build_segmentation(source, [segment(build_block())])
    assert caught.value.key == CASE.case_id
    assert "1.2.3.4.5" not in caught.value.sentence


@pytest.mark.parametrize("keyword", ["StudyTime", "SeriesNumber", "ImagePositionPatient"])
def test_value_that_cannot_be_decoded_is_a_reason_and_no_crash(keyword: str) -> None:
    headers = build_series()
    tag = Tag(keyword)
    headers[0]._dict[tag] = RawDataElement(tag, "US", 3, b"abc", 0, False, True)
    with pytest.raises((ExportError, GeometryError), match="case"):
        lay_sources(headers, GRID, "case")
