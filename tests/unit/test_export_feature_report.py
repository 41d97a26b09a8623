"""Features as structured reports: IBSI codes, exact doubles, UCUM units, references to segments."""

import math
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from dicom_phantoms import GRID, build_block, build_enhanced, build_series, read_back
from radfeat.core.errors import ExportError
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.volume import Mask
from radfeat.export.coded_features import build_values, choose_coded_features, describe_measuring
from radfeat.export.feature_report import (
    CodedValue,
    MeasuredSegment,
    build_feature_report,
    read_feature_report,
)
from radfeat.export.files import Written, write_object
from radfeat.export.ibsi import INTENSITY_NAMES, describe_code
from radfeat.export.segmentation import Segment, build_segmentation
from radfeat.export.sources import SourceImages, lay_sources
from radfeat.export.units import choose_ucum
from radfeat.features.register import read_register

CASE = CaseKey("study", "A", "trial-0007", "base", "ct")
AWKWARD = {
    "RNU0": 1 / 3 * 1e7,
    "TDIC": 0.1 + 0.2,
    "ECT3": math.pi * 1e300,
    "KE2A": -5e-324,
    "BJ5W": 0.0,
    "NQ30": -1234567890.1234567,
}


def segments() -> list[Segment]:
    block = build_block()
    return [
        Segment(Mask(block, GRID, RoiKey(CASE, "GTV", "L1")), "GTV"),
        Segment(Mask(~block, GRID, RoiKey(CASE, "rest")), None),
    ]


def coded(values: dict[str, float], deviation: str | None = None) -> list[CodedValue]:
    return [
        CodedValue(describe_code(code, "?"), value, codes.UCUM.NoUnits, deviation)
        for code, value in values.items()
    ]


def build(source: SourceImages, values: dict[str, float] = AWKWARD, deviation: str | None = None) -> Dataset:
    drawn = segments()
    measured = [
        MeasuredSegment(1, drawn[0], coded(values, deviation), ("bin_width = 25.0",)),
        MeasuredSegment(2, drawn[1], coded({"RNU0": 7.0})),
    ]
    return build_feature_report(source, build_segmentation(source, drawn), measured)


def write(folder: Path, report: Dataset) -> Path:
    path = folder / "case.sr.dcm"
    assert write_object(path, report, "case") is Written.NEW
    return path


@pytest.mark.requirement("R-EXP-1")
@pytest.mark.parametrize("enhanced", [False, True])
def test_values_read_back_as_the_very_doubles(tmp_path: Path, enhanced: bool) -> None:
    series = build_series()
    headers: list[Dataset] = [build_enhanced(series, Modality.CT)] if enhanced else series
    path = write(tmp_path, build(lay_sources(headers, GRID, "case")))
    assert read_feature_report(path) == {
        **{(1, code): value for code, value in AWKWARD.items()},
        (2, "RNU0"): 7.0,
    }


def test_decimal_text_beside_the_double_is_its_value_to_sixteen_characters(tmp_path: Path) -> None:
    path = write(tmp_path, build(lay_sources(build_series(), GRID, "case")))
    decimal = {
        num.ConceptNameCodeSequence[0].CodeValue: num.MeasuredValueSequence[0].NumericValue
        for num in numbers_of(read_back(path))[: len(AWKWARD)]
    }
    for code, value in AWKWARD.items():
        assert len(str(decimal[code])) <= 16
        assert float(decimal[code]) == pytest.approx(value, rel=1e-8, abs=1e-300)


def groups_of(report: Dataset) -> list[Dataset]:
    containers = [item for item in report.ContentSequence if item.ValueType == "CONTAINER"]
    (measurements,) = (c for c in containers if c.ConceptNameCodeSequence[0].CodeValue == "126010")
    return list(measurements.ContentSequence)


def numbers_of(report: Dataset) -> list[Dataset]:
    return [item for group in groups_of(report) for item in group.ContentSequence if item.ValueType == "NUM"]


def test_each_group_refers_to_its_segment_and_the_series(tmp_path: Path) -> None:
    series = build_series()
    source = lay_sources(series, GRID, "case")
    segmentation = build_segmentation(source, segments())
    report = read_back(write(tmp_path, build(source)))
    for number, group in enumerate(groups_of(report), start=1):
        (reference,) = (
            item.ReferencedSOPSequence[0] for item in group.ContentSequence if item.ValueType == "IMAGE"
        )
        assert reference.ReferencedSOPInstanceUID == segmentation.SOPInstanceUID
        assert reference.ReferencedSegmentNumber == number
        uids = [item.UID for item in group.ContentSequence if item.ValueType == "UIDREF"]
        assert uids == [segmentation.SegmentSequence[number - 1].TrackingUID, series[0].SeriesInstanceUID]
    evidence = {
        instance.ReferencedSOPInstanceUID
        for item in report.CurrentRequestedProcedureEvidenceSequence
        for listed in item.ReferencedSeriesSequence
        for instance in listed.ReferencedSOPSequence
    }
    assert evidence == {d.SOPInstanceUID for d in series} | {segmentation.SOPInstanceUID}


def texts_of(item: Dataset) -> list[str]:
    return [child.TextValue for child in item.get("ContentSequence", []) if child.ValueType == "TEXT"]


def test_parameters_and_deviations_are_said_beside_the_values(tmp_path: Path) -> None:
    source = lay_sources(build_series(), GRID, "case")
    report = read_back(write(tmp_path, build(source, deviation="Divided by n.")))
    first, second = groups_of(report)
    assert "bin_width = 25.0" in texts_of(first)
    assert "bin_width = 25.0" not in texts_of(second)
    *deviating, plain = numbers_of(report)
    assert all("deviation from IBSI: Divided by n." in texts_of(num) for num in deviating)
    assert texts_of(plain) == []


def test_coding_scheme_is_declared_and_the_time_is_the_studys(tmp_path: Path) -> None:
    series = build_series()
    report = read_back(write(tmp_path, build(lay_sources(series, GRID, "case"))))
    (scheme,) = report.CodingSchemeIdentificationSequence
    assert (scheme.CodingSchemeDesignator, scheme.CodingSchemeUID) == ("IBSI", "1.2.840.10008.2.16.13")
    assert (report.ContentDate, report.ContentTime) == (series[0].StudyDate, series[0].StudyTime)
    assert "InstanceCreationDate" not in report
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"


def test_same_values_give_the_same_file_and_another_value_another_uid(tmp_path: Path) -> None:
    source = lay_sources(build_series(), GRID, "case")
    path = write(tmp_path, build(source))
    assert write_object(path, build(source), "case") is Written.UNCHANGED
    other = build(source, {**AWKWARD, "TDIC": 0.3})
    assert other.SOPInstanceUID != read_back(path).SOPInstanceUID
    with pytest.raises(ExportError, match="not overwritten"):
        write_object(path, other, "case")


def test_report_does_not_name_the_subject_of_the_trial(tmp_path: Path) -> None:
    path = write(tmp_path, build(lay_sources(build_series(), GRID, "case")))
    assert b"trial-0007" not in path.read_bytes()


def test_every_ibsi_code_of_the_register_has_a_meaning() -> None:
    known = {entry.ibsi_code for entry in read_register().values() if entry.ibsi_code}
    assert {describe_code(code, "?").meaning for code in known} & {"?", ""} == set()
    assert set(INTENSITY_NAMES) <= known
    assert describe_code("Q4LE", "?").meaning == "Mean intensity"
    assert describe_code("QCFX", "?").meaning == "Sphericity"


def test_every_unit_of_a_coded_feature_has_a_ucum_code_in_every_unit_of_intensities() -> None:
    units = {entry.unit for entry in read_register().values() if entry.ibsi_code}
    for intensity in Unit:
        for unit in units:
            assert choose_ucum(unit, intensity).scheme_designator == "UCUM"
    assert choose_ucum("intensity.mm3", Unit.HU).value == "[hnsf'U].mm3"
    assert choose_ucum("intensity", Unit.HU).value == "[hnsf'U]"
    assert choose_ucum("intensity2", Unit.SUVBW).value == "g2/ml2{SUVbw}"
    assert choose_ucum("1/mm", Unit.HU).value == "/mm"


def test_unknown_unit_is_refused() -> None:
    with pytest.raises(ExportError, match=r"found furlong"):
        choose_ucum("furlong", Unit.HU)


def catalogue_row(**changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "feature": "original_firstorder_Kurtosis",
        "image_type": "original",
        "image_parameters": '{"voxel_array_shift": 0}',
        "family": "firstorder",
        "name": "Kurtosis",
        "ibsi_code": "IPH6",
        "unit": "1",
        "ibsi_deviation": None,
    }
    return row | changes


def test_only_features_of_the_original_image_with_the_codes_own_quantity_are_chosen() -> None:
    rows = [
        catalogue_row(),
        catalogue_row(ibsi_deviation="The value is not reduced by 3."),
        catalogue_row(ibsi_code="KE2A", ibsi_deviation="Computed otherwise."),
        catalogue_row(ibsi_code=None),
        catalogue_row(image_type="wavelet"),
    ]
    chosen = choose_coded_features(rows)
    assert [(f.code.value, f.deviation) for f in chosen] == [("IPH6", None), ("KE2A", "Computed otherwise.")]


def test_undefined_value_is_left_out() -> None:
    features = choose_coded_features([catalogue_row(), catalogue_row(ibsi_code="KE2A", feature="skewness")])
    values = build_values(features, {"original_firstorder_Kurtosis": None, "skewness": 1.5}, Unit.HU)
    assert [(v.code.value, v.value, v.unit.value) for v in values] == [("KE2A", 1.5, "1")]


def test_measuring_is_described_by_digest_steps_and_parameters_of_each_family() -> None:
    rows = [catalogue_row(), catalogue_row(family="glcm", image_parameters='{"bin_width": 25.0}')]
    assert describe_measuring(rows, "[]", "abc") == (
        "settings digest = abc",
        "preparation = []",
        "firstorder.voxel_array_shift = 0",
        "glcm.bin_width = 25.0",
    )
