"""Which region is the ROI: the sheet's label, a pattern, or the only one; never the first one found."""

import numpy as np
import pytest
from pydantic import ValidationError

import phantoms
from dicom_phantoms import (
    build_block,
    build_contours,
    build_segmentation,
    build_series,
    build_structure_set,
    write_dataset,
    write_series,
)
from radfeat.core.errors import InputError
from radfeat.core.vocabulary import Reason
from radfeat.ingest.case_reader import read_image, read_pair
from radfeat.ingest.dicom.roi_names import Region, RegionKind, choose_region, list_regions, matches
from radfeat.ingest.identity import WITHHELD
from radfeat.ingest.settings import IngestSettings, RoiPattern
from radfeat.ingest.source import Source

SERIES = build_series()
SOURCE = Source(phantoms.SHARED, "TRIAL/S1/P1/T0/CT/GTV", missing=Reason.ROI_NOT_FOUND)
NAMES = ("BODY", "GTV-1", "gtv_node", "淋巴结")


def build(*names):
    """A structure set with regions of these names; equal names are legal in DICOM."""
    dataset = build_structure_set(SERIES, {f"region {n}": build_contours()[:1] for n in range(len(names))})
    for item, name in zip(dataset.StructureSetROISequence, names, strict=True):
        item.ROIName = name
    return dataset


def build_row(label=None, role=None, roi="GTV"):
    row = phantoms.build_row(phantoms.SHARED, phantoms.SHARED, label=label)
    return type(row)(
        phantoms.build_key(roi=roi), row.modality, row.image, row.mask, label, role, None, None, None, 2
    )


def choose(dataset, label=None, rois=(), **row):
    settings = IngestSettings(rois=tuple(RoiPattern(**entry) for entry in rois))
    return choose_region(SOURCE, dataset, build_row(label, **row), settings, frozenset())


def refuse(*args, says, **more):
    with pytest.raises(InputError, match=says) as caught:
        choose(*args, **more)
    assert caught.value.reason is Reason.ROI_NOT_FOUND
    assert caught.value.remedy
    return caught.value.sentence


# -- what is there -------------------------------------------------------------------------------------------


def test_regions_of_a_structure_set_are_listed_in_its_order():
    dataset = build("GTV-1", " BODY ")
    dataset.RTROIObservationsSequence[1].RTROIInterpretedType = "EXTERNAL"
    assert list_regions(dataset) == (
        Region(1, "GTV-1", "GTV", RegionKind.STRUCTURE),
        Region(2, "BODY", "EXTERNAL", RegionKind.STRUCTURE),
    )


def test_segments_of_a_segmentation_are_listed_with_what_they_are():
    dataset = build_segmentation(SERIES, {"GTV": build_block(), "node": ~build_block()})
    assert [(r.number, r.name, r.kind) for r in list_regions(dataset)] == [
        (1, "GTV", RegionKind.SEGMENT),
        (2, "node", RegionKind.SEGMENT),
    ]
    assert {region.interpreted_type for region in list_regions(dataset)} == {"Neoplasm"}


def test_region_without_number_or_observation_is_no_stumbling_block():
    dataset = build("GTV-1", "BODY")
    del dataset.StructureSetROISequence[0].ROINumber
    del dataset.RTROIObservationsSequence
    assert list_regions(dataset) == (Region(2, "BODY", None, RegionKind.STRUCTURE),)


def test_an_image_has_no_regions():
    assert list_regions(SERIES[0]) == ()


# -- by the sheet's label ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "number"), [("GTV-1", 2), (2, 2), ("淋巴结", 4), (4, 4), (" BODY ", 1)])
def test_label_names_a_region_by_name_or_number(label, number):
    assert choose(build(*NAMES), label).number == number


def test_names_match_whatever_their_unicode_form():
    assert choose(build("Le\u0301sion", "BODY"), "L\u00e9sion").number == 1


@pytest.mark.parametrize("label", ["gtv-1", "GTV", 9, 0])
def test_absent_label_lists_the_regions_present(label):
    sentence = refuse(build(*NAMES), label, says="has no region")
    assert f"'{label}'" in sentence
    assert "found 'BODY' (1), 'GTV-1' (2), 'gtv_node' (3), '淋巴结' (4)" in sentence


def test_label_comes_before_patterns():
    rois = [{"roi": "GTV", "pattern": "gtv-1"}]
    assert choose(build(*NAMES), "BODY", rois).number == 1
    refuse(build(*NAMES), "absent", rois, says="no region named 'absent'")


def test_same_name_twice_is_ambiguous_and_the_number_helps():
    dataset = build("GTV", "BODY", "GTV")
    sentence = refuse(dataset, "GTV", says="has 2 regions named 'GTV'")
    assert "Name it by its number" in sentence
    assert choose(dataset, 3).number == 3


def test_number_that_is_also_another_regions_name_is_ambiguous():
    refuse(build("2", "GTV"), 2, says="has 2 regions with the number or the name '2'")
    assert choose(build("1", "GTV"), 1).number == 1


def test_name_of_digits_is_found_where_no_number_is_like_it():
    assert choose(build("GTV", "7000"), 7000).number == 2


def test_same_number_twice_is_ambiguous():
    dataset = build("GTV", "BODY")
    dataset.StructureSetROISequence[1].ROINumber = 1
    assert "number of its own" in refuse(dataset, 1, says="has 2 regions with the number '1'")
    assert "number of its own" in refuse(dataset, "GTV", says="has 2 regions with the number '1'")


# -- by pattern ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["gtv-?1", "GTV.1", "(gtv|tumou?r)[-_ ]?[0-9]"])
def test_pattern_must_match_the_whole_name_whatever_its_capitals(pattern):
    assert choose(build(*NAMES), rois=[{"roi": "GTV", "pattern": pattern}]).number == 2


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("gtv", "has no region whose name matches 'gtv'"),
        ("gtv.*", "has 2 regions whose name matches 'gtv.*'"),
    ],
)
def test_no_match_and_several_list_the_regions(pattern, says):
    sentence = refuse(build(*NAMES), rois=[{"roi": "GTV", "pattern": pattern}], says=says.replace("*", r"\*"))
    assert "found 'BODY' (1), 'GTV-1' (2), 'gtv_node' (3), '淋巴结' (4)" in sentence


def test_the_roi_of_the_row_picks_the_pattern_and_else_its_role():
    rois = [
        {"roi": "GTV", "pattern": "gtv-1", "role": "tumour"},
        {"roi": "node", "pattern": "gtv_node", "role": "lymph node"},
    ]
    assert choose(build(*NAMES), rois=rois, roi="node", role="tumour").number == 3
    assert choose(build(*NAMES), rois=rois, roi="lesion", role="lymph node").number == 3
    refuse(build(*NAMES), rois=rois, roi="lesion", role="organ", says="has 4 regions and neither")


def test_several_patterns_of_one_role_are_tried_together():
    rois = [{"roi": "a", "pattern": "node", "role": "n"}, {"roi": "b", "pattern": "gtv_node", "role": "n"}]
    assert choose(build(*NAMES), rois=rois, role="n").number == 3
    refuse(build("node", "gtv_node"), rois=rois, role="n", says="has 2 regions .* 'node' or 'gtv_node'")


def test_row_without_role_takes_no_pattern_without_role():
    rois = [{"roi": "other", "pattern": "BODY"}]
    refuse(build(*NAMES), rois=rois, says="neither the sheet's column label nor ingest.rois names one")


def test_pattern_matches_names_as_normalised():
    assert matches(RoiPattern(roi="x", pattern="l\u00e9sion"), " LE\u0301SION ")


# -- the only one --------------------------------------------------------------------------------------------


def test_only_region_needs_no_name():
    assert choose(build("whatever")).number == 1


def test_several_regions_and_none_named_are_listed_even_if_one_is_not_drawn():
    dataset = build("GTV", "marker")
    del dataset.ROIContourSequence[1]
    refuse(dataset, says=r"has 2 regions and neither .* \(found 'GTV' \(1\), 'marker' \(2\)\)")


def test_no_region_at_all():
    refuse(build(), says=r"has no region .*found no region")


def test_long_lists_are_shortened():
    sentence = refuse(build(*(f"R{n}" for n in range(30))), "absent", says="has no region")
    assert "'R19' (20) and 10 more" in sentence


# -- names that name someone ---------------------------------------------------------------------------------


def test_names_that_name_someone_are_withheld():
    dataset = build("GTV Schmidt", "BODY")
    dataset.PatientName = "Schmidt^Anna"
    sentence = refuse(dataset, "GTV-9", says="has no region")
    assert f"found '{WITHHELD}' (1), 'BODY' (2)" in sentence
    assert "Schmidt" not in sentence
    assert choose(dataset, "GTV Schmidt").number == 1


def test_label_of_the_sheet_that_names_someone_is_withheld_too():
    dataset = build("BODY")
    dataset.PatientName = "Schmidt^Anna"
    assert "chmidt" not in refuse(dataset, "GTV Schmidt", says="has no region")


def test_names_do_not_stand_in_the_text_of_a_region():
    assert "Schmidt" not in repr(Region(1, "GTV Schmidt", None, RegionKind.STRUCTURE))


def test_what_cannot_be_printed_is_not():
    dataset = build("GTV\x1b[31m", "BODY")
    assert "\x1b" not in refuse(dataset, "absent", says="has no region")


# -- settings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["gtv(", "*", "[a"])
def test_pattern_that_is_no_regular_expression_is_refused_at_once(pattern):
    with pytest.raises(ValidationError, match="is no regular expression"):
        RoiPattern(roi="GTV", pattern=pattern)


@pytest.mark.parametrize(
    "entry",
    [{"roi": "", "pattern": "x"}, {"roi": "x", "pattern": ""}, {"roi": "x"}, {"roi": "x", "role": ""}],
)
def test_entry_without_name_or_pattern_is_refused(entry):
    with pytest.raises(ValidationError):
        RoiPattern(**entry)


def test_two_patterns_for_one_roi_are_refused():
    rois = (RoiPattern(roi="GTV", pattern="a"), RoiPattern(roi="GTV", pattern="b"))
    with pytest.raises(ValidationError, match=r"several patterns for GTV; join them with \|"):
        IngestSettings(rois=rois)


@pytest.mark.parametrize("threshold", [0, -0.1, 1.1, np.nan])
def test_threshold_is_a_share(threshold):
    with pytest.raises(ValidationError):
        IngestSettings(fractional_threshold=threshold)


def test_names_that_only_the_image_knows_are_withheld(tmp_path):
    series, mask = build_series(), build("GTV Quagmire", "PTV Quagmire")
    for dataset in series:
        dataset.PatientName = "Quagmire^Glenn"
    mask.PatientName, mask.PatientID = "", ""
    folder, file = write_series(tmp_path / "image", series), write_dataset(tmp_path / "mask.dcm", mask)
    row = phantoms.build_row(folder, file)
    with pytest.raises(InputError) as caught:
        read_pair(read_image(row, IngestSettings()), row, IngestSettings())
    assert "uagmire" not in caught.value.sentence
    assert f"found '{WITHHELD}' (1)" in caught.value.sentence
