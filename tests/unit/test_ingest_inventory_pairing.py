"""A mask is paired with the image it was drawn in, by what it references; every doubt keeps it out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicom_phantoms import (
    build_block,
    build_segmentation,
    build_series,
    uid_of,
    write_dataset,
    write_series,
)
from inventory_trees import GRID, build_ct, build_rs, images_of, problems_of, take
from radfeat.core.vocabulary import Modality
from radfeat.ingest.inventory.draft import DraftRow
from radfeat.ingest.inventory.inventory import Inventory
from radfeat.ingest.inventory.pairing import PairedBy
from radfeat.ingest.inventory.tables import NO_MASK, list_pairs
from radfeat.ingest.settings import IngestSettings, RoiPattern


def only_row(found: Inventory) -> DraftRow:
    (row,) = found.draft.rows
    return row


def forget_references(structure_set: Dataset) -> Dataset:
    """The structure set without the images it was drawn in; its frame of reference stays."""
    del structure_set.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    for region in structure_set.ROIContourSequence:
        for contour in region.ContourSequence:
            del contour.ContourImageSequence
    return structure_set


def rename_instances(series: Sequence[Dataset]) -> None:
    """As an export does that writes the images anew."""
    for k, dataset in enumerate(series):
        dataset.SOPInstanceUID = uid_of("anew", str(k), str(dataset.SeriesInstanceUID))
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def rename_mask(mask: Dataset, name: str) -> Dataset:
    mask.SOPInstanceUID = mask.file_meta.MediaStorageSOPInstanceUID = uid_of(name)
    return mask


def test_structure_set_is_paired_by_the_images_it_names(tmp_path: Path) -> None:
    series, other = build_ct(series="1"), build_ct(series="2")
    write_series(tmp_path / "one", series)
    write_series(tmp_path / "two", other)
    write_dataset(tmp_path / "rs.dcm", build_rs(series, "GTV", "node"))
    rows = take(tmp_path).draft.rows
    assert [row.roi for row in rows] == ["GTV", "node"]
    assert {row.image.head.series_uid for row in rows} == {series[0].SeriesInstanceUID}
    assert {row.pairing.paired_by for row in rows} == {PairedBy.INSTANCES}
    assert [(row.label, row.role, row.scanner) for row in rows] == [
        ("GTV", "GTV", "Phantom Works Model 1"),
        ("node", "GTV", "Phantom Works Model 1"),
    ]


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
def test_segmentation_is_paired_by_the_images_it_names(tmp_path: Path, kind: str) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    mask = build_block(GRID)
    masks = {"tumour": mask & (np.arange(mask.shape[2]) < 3), "node": mask & (np.arange(mask.shape[2]) > 2)}
    write_dataset(tmp_path / "seg.dcm", build_segmentation(series, masks, kind))
    rows = take(tmp_path).draft.rows
    assert [(row.roi, row.label) for row in rows] == [("node", "node"), ("tumour", "tumour")]
    assert {row.pairing.paired_by for row in rows} == {PairedBy.INSTANCES}


def test_series_that_was_written_anew_is_paired_by_its_own_uid(tmp_path: Path) -> None:
    series = build_ct()
    mask = build_rs(series)
    rename_instances(series)
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", mask)
    assert only_row(take(tmp_path)).pairing.paired_by is PairedBy.SERIES


def test_mask_without_references_takes_the_only_series_of_its_frame(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", forget_references(build_rs(series)))
    assert only_row(take(tmp_path)).pairing.paired_by is PairedBy.FRAME


def test_mask_without_references_is_not_drafted_where_two_series_share_its_frame(tmp_path: Path) -> None:
    series = build_ct(series="1")
    write_series(tmp_path / "ct", series)
    write_series(tmp_path / "pt", build_series(Modality.PT, GRID, series="2"))
    write_dataset(tmp_path / "rs.dcm", forget_references(build_rs(series)))
    found = take(tmp_path)
    assert found.draft.rows == ()
    assert problems_of(found) == ["It can belong to any of 2 series."]


def test_mask_of_a_series_that_is_not_there_is_not_moved_to_another(tmp_path: Path) -> None:
    write_series(tmp_path, build_ct(series="1"))
    write_dataset(tmp_path / "rs.dcm", build_rs(build_ct(series="2")))
    found = take(tmp_path)
    assert found.draft.rows == ()
    (problem,) = problems_of(found)
    assert "a series that is not in the tree (1 other series in its frame" in problem


def test_orphan_mask_and_image_without_mask_are_listed(tmp_path: Path) -> None:
    write_series(tmp_path, build_ct("A"))
    write_dataset(tmp_path / "rs.dcm", forget_references(build_rs(build_ct("B"))))
    found = take(tmp_path)
    orphan, lonely = list_pairs(found)
    assert (orphan["mask_kind"], orphan["series_key"], orphan["drafted"]) == ("RTSTRUCT", "", "no")
    assert "no usable series lies in its frame of reference" in orphan["reason"]
    assert (lonely["series_key"], lonely["reason"]) == (images_of(found)[0].key, NO_MASK)


def test_localiser_that_the_mask_names_too_does_not_hide_the_series(tmp_path: Path) -> None:
    series = build_ct()
    localiser = build_ct()[0]
    localiser.SOPInstanceUID = localiser.file_meta.MediaStorageSOPInstanceUID = uid_of("localiser")
    localiser.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    write_series(tmp_path, [*series, localiser])
    write_dataset(tmp_path / "rs.dcm", build_rs([*series, localiser]))
    assert len(only_row(take(tmp_path)).image.records) == 8


def test_regions_of_one_structure_set_go_to_the_series_that_each_was_drawn_in(tmp_path: Path) -> None:
    ct, pt = build_ct(series="1"), build_series(Modality.PT, GRID, series="2")
    write_series(tmp_path / "ct", ct)
    write_series(tmp_path / "pt", pt)
    mask, other = build_rs(ct, "on CT", "on PT"), build_rs(pt, "x", "on PT")
    referenced = mask.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    more = other.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    referenced.RTReferencedSeriesSequence = Items(
        [*referenced.RTReferencedSeriesSequence, *more.RTReferencedSeriesSequence]
    )
    mask.ROIContourSequence[1] = other.ROIContourSequence[1]
    write_dataset(tmp_path / "rs.dcm", mask)
    assert {row.roi: row.modality.value for row in take(tmp_path).draft.rows} == {
        "on CT": "CT",
        "on PT": "PT",
    }


def spoil_frame(series: Sequence[Dataset], mask: Dataset) -> None:
    for dataset in series:
        dataset.FrameOfReferenceUID = uid_of("elsewhere")


def spoil_subject(series: Sequence[Dataset], mask: Dataset) -> None:
    mask.PatientID = "another"


def spoil_geometry(series: Sequence[Dataset], mask: Dataset) -> None:
    series[3].ImagePositionPatient = [99, 0, 0]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_frame, "different frames of reference"),
        (spoil_subject, "different subjects"),
        (spoil_geometry, "Its image cannot be used: "),
    ],
)
def test_pair_that_contradicts_itself_is_not_drafted(tmp_path: Path, spoil: object, said: str) -> None:
    series = build_ct()
    mask = build_rs(series)
    assert callable(spoil)
    spoil(series, mask)
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", mask)
    found = take(tmp_path)
    assert found.draft.rows == ()
    (problem,) = problems_of(found)
    assert said in problem


def test_one_region_in_two_masks_of_an_image_is_not_drafted(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    write_dataset(tmp_path / "a.dcm", build_rs(series, "GTV", "node"))
    write_dataset(tmp_path / "b.dcm", rename_mask(build_rs(series, "GTV"), "b"))
    found = take(tmp_path)
    assert [row.roi for row in found.draft.rows] == ["node"]
    assert problems_of(found) == ["2 masks hold this region of its image: versions, or several readers."]


def test_copy_of_a_mask_in_another_folder_changes_nothing(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    write_dataset(tmp_path / "a.dcm", build_rs(series))
    write_dataset(tmp_path / "again" / "b.dcm", build_rs(series))
    assert only_row(take(tmp_path)).roi == "GTV"


def test_two_contents_of_one_mask_are_not_drafted(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    write_dataset(tmp_path / "a.dcm", build_rs(series, "GTV"))
    write_dataset(tmp_path / "b.dcm", build_rs(series, "other"))
    found = take(tmp_path)
    assert found.draft.rows == ()
    assert problems_of(found) == ["The mask lies in the tree in several versions that differ."]


def test_mask_without_regions_is_listed(tmp_path: Path) -> None:
    series = build_ct()
    mask = build_rs(series)
    mask.StructureSetROISequence = Items()
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", mask)
    assert problems_of(take(tmp_path)) == ["The mask declares no region."]


@pytest.mark.parametrize("kind", ["EXTERNAL", "SUPPORT", "BOLUS", "MARKER", "ISOCENTER"])
def test_region_that_is_no_lesion_by_its_type_is_listed_as_left_out(tmp_path: Path, kind: str) -> None:
    series = build_ct()
    mask = build_rs(series, "GTV", "body")
    mask.RTROIObservationsSequence[1].RTROIInterpretedType = kind
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", mask)
    found = take(tmp_path)
    assert only_row(found).roi == "GTV"
    assert problems_of(found) == [f"It is no lesion and no organ: its type is {kind}."]


@pytest.mark.parametrize(
    "names", [("GTV", "GTV"), ("12", "+3"), ("a\x07", "\x1bb"), ("Name S001", "GTV_Name")]
)
def test_region_is_called_by_its_number_where_its_name_does_not_serve(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    """Shared, a number, unprintable, or the name of the subject."""
    series = build_ct()
    mask = build_rs(series, "first", "second")
    for item, name in zip(mask.StructureSetROISequence, names, strict=True):
        item.ROIName = name
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", mask)
    rows = take(tmp_path).draft.rows
    assert [(row.roi, row.label) for row in rows] == [("ROI-1", "1"), ("ROI-2", "2")]


def patterns(*entries: tuple[str, str, str | None]) -> IngestSettings:
    return IngestSettings(rois=tuple(RoiPattern(roi=r, pattern=p, role=role) for r, p, role in entries))


def test_patterns_choose_regions_and_give_them_the_study_s_names(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", build_rs(series, "gtv_primary", "Lymph 1", "heart"))
    settings = patterns(("tumour", "gtv.*", "GTV"), ("node", "lymph.*", "node"))
    found = take(tmp_path, settings=settings)
    assert [(row.roi, row.role, row.label) for row in found.draft.rows] == [
        ("node", "node", "Lymph 1"),
        ("tumour", "GTV", "gtv_primary"),
    ]
    assert problems_of(found) == ["No pattern of ingest.rois matches its name."]


def test_pattern_that_matches_several_regions_chooses_none(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", build_rs(series, "gtv 1", "gtv 2"))
    found = take(tmp_path, settings=patterns(("tumour", "gtv.*", None)))
    assert found.draft.rows == ()
    assert problems_of(found) == ["A pattern of ingest.rois matches several regions of the mask."]


def test_image_id_is_the_modality_numbered_where_a_visit_has_several(tmp_path: Path) -> None:
    for series_number, name in ((7, "1"), (3, "2")):
        series = build_ct(series=name)
        for dataset in series:
            dataset.SeriesNumber = series_number
        write_series(tmp_path / name, series)
        write_dataset(tmp_path / name / "rs.dcm", build_rs(series))
    pt = build_series(Modality.PT, GRID, series="3")
    write_series(tmp_path / "pt", pt)
    write_dataset(tmp_path / "pt" / "rs.dcm", build_rs(pt))
    ids = {row.image.head.series_number + row.modality: row.image_id for row in take(tmp_path).draft.rows}
    assert ids == {"3CT": "CT1", "7CT": "CT2", "1PT": "PT"}


def test_each_mask_is_read_for_the_staff_that_it_names_itself(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    for number, (operator, roi) in enumerate((("Adams^Ann", "GTV"), ("Kowalski^Eva", "GTV_Kowalski"))):
        mask = build_rs(series, roi)
        mask.SOPInstanceUID = mask.file_meta.MediaStorageSOPInstanceUID = uid_of("mask", str(number))
        mask.OperatorsName = operator
        write_dataset(tmp_path / f"rs{number}.dcm", mask)
    assert sorted(row.roi for row in take(tmp_path).draft.rows) == ["GTV", "ROI-1"]


def test_staff_who_change_between_slices_are_all_known(tmp_path: Path) -> None:
    series = build_ct()
    series[5].OperatorsName = "Kowalski^Eva"
    write_series(tmp_path, series)
    write_dataset(tmp_path / "rs.dcm", build_rs(series, "GTV_Kowalski"))
    assert [row.roi for row in take(tmp_path).draft.rows] == ["ROI-1"]


def test_one_mask_in_versions_of_two_series_is_one_group(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    for number in range(2):
        mask = build_rs(series)
        mask.SeriesInstanceUID = uid_of("drawn", str(number))
        write_dataset(tmp_path / f"rs{number}.dcm", mask)
    assert problems_of(take(tmp_path)) == ["The mask lies in the tree in several versions that differ."]
