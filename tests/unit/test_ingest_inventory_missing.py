"""What only a mask can tell: slices that are not in the tree, and regions of which nothing is drawn."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from dicom_phantoms import (
    build_block,
    build_contours,
    build_segmentation,
    build_series,
    build_structure_set,
    uid_of,
    write_dataset,
    write_series,
)
from inventory_trees import GRID, build_ct, build_rs, images_of, problems_of, take
from radfeat.core.vocabulary import Modality
from radfeat.ingest.inventory.inventory import Inventory
from radfeat.ingest.inventory.tables import list_pairs, list_series
from radfeat.ingest.inventory.verdicts import Verdict

LOST = "A mask names 8 images of its series, of which 1 is not in the tree: slices may be lost."


def image_row(found: Inventory) -> tuple[str, str, str]:
    (row,) = [row for row in list_series(found, "study") if row["modality"] == "CT"]
    return row["verdict"], row["reasons"], row["drafted_rois"]


@pytest.mark.parametrize("kind", ["RTSTRUCT", "SEG"])
def test_lost_end_slice_that_a_mask_names_makes_the_series_doubtful(tmp_path: Path, kind: str) -> None:
    series = build_ct()
    mask = build_rs(series) if kind == "RTSTRUCT" else build_segmentation(series, {"GTV": build_block(GRID)})
    write_series(tmp_path, series[:-1])
    write_dataset(tmp_path / "mask.dcm", mask)
    assert image_row(take(tmp_path)) == ("DOUBTFUL", LOST, "1")


def test_whole_series_and_series_written_anew_are_not_in_doubt(tmp_path: Path) -> None:
    series = build_ct()
    mask = build_rs(series)
    write_series(tmp_path / "whole", series)
    write_dataset(tmp_path / "whole" / "rs.dcm", mask)
    assert image_row(take(tmp_path)) == ("USABLE", "", "1")
    for reference in listed_of(mask):
        reference.ReferencedSOPInstanceUID = uid_of("anew", reference.ReferencedSOPInstanceUID)
    for contour in mask.ROIContourSequence[0].ContourSequence:
        del contour.ContourImageSequence
    write_dataset(tmp_path / "whole" / "rs.dcm", mask)
    assert image_row(take(tmp_path)) == ("USABLE", "", "1")


def listed_of(structure_set: Dataset) -> Items:
    (study,) = structure_set.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    listed: Items = study.RTReferencedSeriesSequence[0].ContourImageSequence
    return listed


def test_series_of_another_modality_that_the_mask_lists_is_judged_by_itself(tmp_path: Path) -> None:
    series, other = build_ct(series="1"), build_series(Modality.PT, GRID, subject="S001", series="2")
    mask = build_rs(series)
    (study,) = mask.ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence
    study.RTReferencedSeriesSequence += (
        build_rs(other).ReferencedFrameOfReferenceSequence[0].RTReferencedStudySequence[0]
    ).RTReferencedSeriesSequence
    write_series(tmp_path / "ct", series)
    write_series(tmp_path / "pt", other[1:])
    write_dataset(tmp_path / "rs.dcm", mask)
    found = take(tmp_path)
    assert {g.head.modality: LOST in found.opinions[g.key].reasons for g in images_of(found)} == {
        "CT": False,
        "PT": True,
    }


def test_mask_adds_its_doubt_to_what_makes_a_series_unusable(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, [*series[:3], *series[4:]])
    write_dataset(tmp_path / "rs.dcm", build_rs(series))
    found = take(tmp_path)
    (opinion,) = [found.opinions[group.key] for group in images_of(found)]
    assert opinion.verdict is Verdict.UNUSABLE
    assert opinion.reasons[-1] == LOST


@pytest.mark.parametrize("points", [False, True])
def test_region_without_contours_is_not_drafted(tmp_path: Path, points: bool) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    mask = build_structure_set(series, {"GTV": build_contours(GRID), "node": [], "mark": []})
    if points:
        contour = mask.ROIContourSequence[0].ContourSequence[0]
        mask.ROIContourSequence[2].ContourSequence = Items([point_at(contour)])
    else:
        del mask.ROIContourSequence[1].ContourSequence
    write_dataset(tmp_path / "rs.dcm", mask)
    found = take(tmp_path)
    assert [row.roi for row in found.draft.rows] == ["GTV"]
    reason = "Nothing is drawn of it: it has no contour, or marked points alone."
    assert {row["roi"]: (row["drafted"], row["reason"]) for row in list_pairs(found)} == {
        "GTV": ("yes", ""),
        "node": ("no", reason),
        "mark": ("no", reason),
    }


def point_at(contour: Dataset) -> Dataset:
    point = Dataset()
    point.ContourGeometricType, point.NumberOfContourPoints = "POINT", 1
    point.ContourData = contour.ContourData[:3]
    return point


def test_segment_without_frames_is_not_drafted(tmp_path: Path) -> None:
    series = build_ct()
    write_series(tmp_path, series)
    mask = build_segmentation(series, {"GTV": build_block(GRID), "node": ~build_block(GRID)})
    kept = [
        frame
        for frame in mask.PerFrameFunctionalGroupsSequence
        if frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber == 1
    ]
    mask.PerFrameFunctionalGroupsSequence = Items(kept)
    write_dataset(tmp_path / "seg.dcm", mask)
    found = take(tmp_path)
    assert [row.roi for row in found.draft.rows] == ["GTV"]
    assert problems_of(found) == ["Nothing is drawn of it: no frame shows the segment."]
