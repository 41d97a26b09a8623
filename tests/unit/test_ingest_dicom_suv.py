"""SUV by hand (70 kg, 350 MBq at 9:00, scan at 10:00, half-life 6586.2 s), and every way it must fail."""

import re

import numpy as np
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import Tag
from pydicom.uid import EnhancedPETImageStorage

import dicom_phantoms as dicom
from radfeat.core.errors import InputError
from radfeat.core.vocabulary import Modality, Severity, Suv, Unit
from radfeat.ingest.dicom.body import (
    Person,
    compute_body_surface_cm2,
    compute_lean_mass_james_kg,
    compute_lean_mass_kg,
)
from radfeat.ingest.dicom.headers import read_text
from radfeat.ingest.dicom.instances import Instance
from radfeat.ingest.dicom.series import read_dicom_series
from radfeat.ingest.dicom.suv import read_suv_factor
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

SOURCE = Source(dicom.__file__, "case", noun="series")
LEFT = 2 ** (-3600 / 6586.2)
"""What is left of the dose after an hour: 0.6846."""
START_FACTOR = 70_000 / (3.5e8 * LEFT)
ADMIN_FACTOR = 70_000 / 3.5e8


@pytest.fixture
def series():
    return dicom.build_series(Modality.PT)


def convert(series, kind=Suv.BODY_WEIGHT):
    return read_suv_factor(SOURCE, [Instance(dataset, "0") for dataset in series], kind)


def put(series, **elements):
    for dataset in series:
        for keyword, value in elements.items():
            setattr(dataset, keyword, value)
    return series


def put_drug(series, **elements):
    for dataset in series:
        put([dataset.RadiopharmaceuticalInformationSequence[0]], **elements)
    return series


def put_private(series, group, creator, element, vr, value):
    for dataset in series:
        dataset.private_block(group, creator, create=True).add_new(element, vr, value)
    return series


def checks(result):
    return {finding.check for finding in result.findings}


def refuse(series, words, kind=Suv.BODY_WEIGHT):
    with pytest.raises(InputError, match=re.escape(words)):
        convert(series, kind)


def test_the_numbers_of_this_file_are_right():
    assert abs(LEFT - 0.684633) < 1e-6
    assert abs(START_FACTOR - 2.921273e-4) < 1e-10


def test_activity_corrected_to_the_start_of_the_scan(series):
    result = convert(series)
    assert result.factor == pytest.approx(START_FACTOR, rel=1e-12)
    assert result.unit is Unit.SUVBW
    (finding,) = result.findings
    assert (finding.check, finding.severity) == ("dicom.suv_factor", Severity.INFO)
    assert finding.measured == result.factor


def test_activity_corrected_to_the_injection_needs_no_time(series):
    put(series, DecayCorrection="ADMIN")
    put_drug(series, RadiopharmaceuticalStartTime=None, RadionuclideHalfLife=None)
    assert convert(series).factor == pytest.approx(ADMIN_FACTOR, rel=1e-12)


def test_the_factor_multiplies_slope_and_intercept_before_they_are_rounded(series, tmp_path):
    for dataset in series:
        dataset.RescaleIntercept = "5"
    read = read_dicom_series(
        Source(dicom.write_series(tmp_path, series), "case"), Modality.PT, IngestSettings()
    )
    voxels = read.volume.voxels_zyx
    assert checks(read) == {"dicom.suv_factor", "dicom.pet_intercept"}
    for k, dataset in enumerate(series):
        stored = np.frombuffer(dataset.PixelData, "<i2").reshape(14, 16).astype(np.float32)
        slope = np.float32(float(dataset.RescaleSlope) * START_FACTOR)
        assert np.array_equal(voxels[k], stored * slope + np.float32(5 * START_FACTOR))


def test_values_in_grams_per_millilitre_are_suv_already(series):
    put(series, Units="GML", SUVType="BW")
    for dataset in series:
        del dataset.PatientWeight
        del dataset.RadiopharmaceuticalInformationSequence
    result = convert(series)
    assert (result.factor, result.unit, result.findings) == (1.0, Unit.SUVBW, ())


def test_suv_without_a_type_is_by_body_weight_and_a_finding_says_so(series):
    result = convert(put(series, Units="GML"))
    assert (result.factor, checks(result)) == (1.0, {"dicom.suv_type"})


def test_suv_of_another_type_than_asked_for_is_refused(series):
    put(series, Units="GML", SUVType="LBM")
    refuse(series, "SUV of another kind than ingest.suv asks for (found SUVType LBM, allowed BW)")
    put(series, SUVType="BW")
    refuse(series, "found SUVType BW, allowed LBMJANMA", Suv.LEAN_BODY_MASS)
    put(series, Units="CM2ML", SUVType="BW")
    refuse(series, "Units are not those of its SUVType")
    put(series, Units="CM2ML", SUVType="BSA")
    assert convert(series, Suv.BODY_SURFACE_AREA).unit is Unit.SUVBSA


def test_suv_of_values_that_were_not_corrected_has_a_finding(series):
    put(series, Units="GML", SUVType="BW", CorrectedImage=["DECY"])
    assert checks(convert(series)) == {"dicom.not_corrected"}


# The body


def test_lean_mass_and_surface_by_hand():
    woman, man = Person(70, 1.75, male=False), Person(70, 1.75, male=True)
    # BMI 22.857: 9270 * 70 / (8780 + 244 * 22.857) and 9270 * 70 / (6680 + 216 * 22.857)
    assert compute_lean_mass_kg(woman) == pytest.approx(45.1970, abs=1e-3)
    assert compute_lean_mass_kg(man) == pytest.approx(55.8571, abs=1e-3)
    # (70 / 175)^2 = 0.16: 74.9 - 148 * 0.16 and 77 - 128 * 0.16
    assert compute_lean_mass_james_kg(woman) == pytest.approx(51.22, abs=1e-9)
    assert compute_lean_mass_james_kg(man) == pytest.approx(56.52, abs=1e-9)
    # 0.007184 * 70^0.425 * 175^0.725 = 1.8481 m2
    assert compute_body_surface_cm2(70, 1.75) == pytest.approx(18481, abs=1)


@pytest.mark.parametrize(
    ("kind", "size", "unit"),
    [
        (Suv.LEAN_BODY_MASS, 45197.0, Unit.SUVLBM),
        (Suv.LEAN_BODY_MASS_JAMES, 51220.0, Unit.SUVLBM),
        (Suv.BODY_SURFACE_AREA, 18481.0, Unit.SUVBSA),
    ],
)
def test_other_kinds_of_suv_put_another_size_of_the_body(series, kind, size, unit):
    result = convert(series, kind)
    assert result.factor == pytest.approx(START_FACTOR * size / 70_000, rel=1e-4)
    assert result.unit is unit


def test_lean_mass_needs_sex_and_height(series):
    put(series, PatientSex="O")
    refuse(series, "has a PatientSex that is not understood", Suv.LEAN_BODY_MASS)
    put(series, PatientSex="M", PatientSize=None)
    refuse(series, "has no PatientSize", Suv.LEAN_BODY_MASS)
    assert convert(series).factor == pytest.approx(START_FACTOR)


def test_a_formula_that_gives_no_mass_is_refused(series):
    put(series, PatientWeight="300", PatientSize="1.2")
    refuse(series, "no lean body mass", Suv.LEAN_BODY_MASS_JAMES)


@pytest.mark.parametrize(
    ("weight", "size", "odd"),
    [("70", "0.8", True), ("70", "2.6", False), ("300", "1.75", True), ("7", "1.75", True)],
)
def test_weight_and_height_that_do_not_fit_have_a_finding(series, weight, size, odd):
    put(series, PatientWeight=weight, PatientSize=size)
    assert ("dicom.body" in checks(convert(series))) == odd


# What must be there, and be possible


@pytest.mark.parametrize("keyword", ["Units", "PatientWeight"])
def test_a_missing_element_is_named(series, keyword):
    del series[4][keyword]
    refuse(series, f"has no {keyword}, without which there is no SUV (found 1 of 10 objects without)")


@pytest.mark.parametrize("keyword", ["RadionuclideTotalDose", "RadionuclideHalfLife"])
def test_a_missing_element_of_the_injection_is_named(series, keyword):
    put_drug(series, **{keyword: None})
    refuse(series, f"has no {keyword}, without which there is no SUV (found 10 of 10 objects without)")


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"PatientWeight": "0"}, "an impossible PatientWeight (found 0 kg, allowed 1 to 500 kg)"),
        ({"PatientWeight": "70000"}, "an impossible PatientWeight (found 70000 kg"),
        ({"DecayCorrection": "NONE"}, "not corrected for decay"),
        ({"DecayCorrection": "ZHANG"}, "a DecayCorrection that is not understood (found another"),
        ({"DecayCorrection": None}, "has no DecayCorrected"),
        (
            {"CorrectedImage": ["DECY", "SCAT"]},
            "not corrected as SUV needs (CorrectedImage) (found without ATTN",
        ),
        ({"CorrectedImage": ["ATTN"]}, "found without DECY"),
        ({"CorrectedImage": None}, "found without ATTN, DECY"),
        ({"Units": "PROPCPS"}, "a Units that is not understood"),
        ({"Units": "CNTS"}, "counts (Units CNTS)"),
        ({"SeriesTime": None}, "SeriesDate and SeriesTime are missing"),
        ({"AcquisitionTime": "10"}, "AcquisitionDate and AcquisitionTime are missing or malformed"),
    ],
)
def test_what_cannot_become_suv_says_why(series, elements, words):
    refuse(put(series, **elements), words)


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        (
            {"RadionuclideTotalDose": "350"},
            "an impossible RadionuclideTotalDose (found 350 Bq, allowed 1e+06",
        ),
        ({"RadionuclideHalfLife": "0"}, "an impossible RadionuclideHalfLife"),
        ({"RadiopharmaceuticalStartTime": None}, "RadiopharmaceuticalStartTime are missing"),
        ({"RadiopharmaceuticalStartTime": "09"}, "RadiopharmaceuticalStartTime are missing or malformed"),
        (
            {"RadiopharmaceuticalStartTime": "233000"},
            "by its clock the tracer was injected after the scan began",
        ),
        ({"RadiopharmaceuticalStartDateTime": "20200101090000"}, "the scan does not follow the injection"),
        ({"RadiopharmaceuticalStartDateTime": "20200103090000"}, "the scan does not follow the injection"),
        ({"RadiopharmaceuticalStartDateTime": "20200102093000"}, "not the same time of day"),
    ],
)
def test_an_injection_that_cannot_be_says_why(series, elements, words):
    refuse(put_drug(series, **elements), words)


def test_values_that_differ_from_slice_to_slice_are_refused(series):
    series[4].PatientWeight = "71"
    refuse(series, "slices that differ in PatientWeight (found 2, allowed 1)")


def test_several_injections_are_refused(series):
    for dataset in series:
        dataset.RadiopharmaceuticalInformationSequence = Items([Dataset(), Dataset()])
    refuse(series, "or one of several injections (found 2 injections")


# Times


def test_an_injection_before_midnight_needs_its_date(series):
    put(series, SeriesTime="003000", AcquisitionTime="003000")
    put_drug(series, RadiopharmaceuticalStartTime="233000")
    refuse(series, "no RadiopharmaceuticalStartDateTime says on which day (found 1380.0 min after")
    put_drug(series, RadiopharmaceuticalStartDateTime="20200101233000")
    assert convert(series).factor == pytest.approx(START_FACTOR, rel=1e-12)


def test_a_moment_in_another_time_zone_is_in_doubt(series):
    put_drug(
        series, RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime="20200102090000+0200"
    )
    refuse(series, "in a time zone that the scan's times may not share")
    put(series, TimezoneOffsetFromUTC="+0200")
    assert convert(series).factor == pytest.approx(START_FACTOR)


def test_beds_acquired_later_do_not_move_the_start(series):
    for k, dataset in enumerate(series):
        dataset.AcquisitionTime = f"10{k // 3 * 3:02d}00"
    assert convert(series).factor == pytest.approx(START_FACTOR)


def test_a_series_written_after_its_slices_is_reckoned_from_the_first_of_them(series):
    put(series, SeriesTime="150000")
    result = convert(series)
    assert result.factor == pytest.approx(START_FACTOR)
    assert checks(result) == {"dicom.suv_factor", "dicom.scan_start"}


def test_the_private_start_of_ge_comes_before_the_acquisitions(series):
    put(series, SeriesTime="150000", AcquisitionTime="101500")
    put_private(series, 0x0009, "GEMS_PETD_01", 0x0D, "DT", "20200102100000.00")
    assert convert(series).factor == pytest.approx(START_FACTOR)


def test_a_series_long_before_its_slices_has_a_finding(series):
    put(series, AcquisitionTime="101000")
    result = convert(series)
    (finding,) = (f for f in result.findings if f.check == "dicom.scan_start")
    assert (finding.measured, finding.limit, finding.unit) == (600, 60, "s")


@pytest.mark.parametrize(("time", "minutes"), [("095000", 10), ("053000", 270)])
def test_an_unusual_uptake_time_has_a_finding(series, time, minutes):
    result = convert(put_drug(series, RadiopharmaceuticalStartTime=time))
    (finding,) = (f for f in result.findings if f.check == "dicom.uptake_time")
    assert (finding.measured, finding.unit) == (minutes, "min")


def test_unusual_doses_and_half_lives_have_findings(series):
    put_drug(series, RadionuclideTotalDose="4e9", RadionuclideHalfLife="7000")
    assert {"dicom.injected_dose", "dicom.half_life"} <= checks(convert(series))
    put_drug(series, RadionuclideTotalDose="3.5e8", RadionuclideHalfLife="6588")
    assert checks(convert(series)) == {"dicom.suv_factor"}


# Philips


def test_counts_become_suv_by_the_private_factor_of_philips(series):
    put(series, Units="CNTS")
    put_private(series, 0x7053, "Philips PET Private Group", 0x00, "DS", "0.000551")
    result = convert(series)
    assert (result.factor, result.unit, checks(result)) == (0.000551, Unit.SUVBW, {"dicom.suv_factor"})
    refuse(series, "only (7053,1000), to SUVbw", Suv.LEAN_BODY_MASS)


def test_counts_become_activity_by_the_other_private_factor(series):
    put(series, Units="CNTS")
    put_private(series, 0x7053, "Philips PET Private Group", 0x00, "DS", "0")
    put_private(series, 0x7053, "Philips PET Private Group", 0x09, "DS", "2.5")
    assert convert(series).factor == pytest.approx(2.5 * START_FACTOR)


@pytest.mark.parametrize(("vr", "data"), [("FD", b"\0" * 5), ("US", b"\0"), ("SQ", b"\xfe\xff\0\xe0\xff")])
def test_a_damaged_private_factor_is_refused(series, vr, data):
    put(series, Units="CNTS")
    put_private(series, 0x7053, "Philips PET Private Group", 0x00, "DS", "1")
    for dataset in series:
        dataset._dict[Tag(0x7053, 0x1000)] = RawDataElement(
            Tag(0x7053, 0x1000), vr, len(data), data, 0, False, True
        )
    refuse(series, "an impossible (7053,1000)")


@pytest.mark.parametrize("data", [b"\0" * 5, b"\xff" * 16])
def test_a_damaged_private_start_of_the_scan_is_not_used(series, data):
    put(series, SeriesTime="150000")
    factor = convert(series).factor
    put_private(series, 0x0009, "GEMS_PETD_01", 0x0D, "DT", "20200102095500")
    for dataset in series:
        dataset._dict[Tag(0x0009, 0x100D)] = RawDataElement(
            Tag(0x0009, 0x100D), "FD", len(data), data, 0, False, True
        )
    assert convert(series).factor == factor


def test_private_factors_that_differ_or_cannot_be_are_refused(series):
    put(series, Units="CNTS")
    put_private(series, 0x7053, "Philips PET Private Group", 0x00, "DS", "-1")
    refuse(series, "an impossible (7053,1000)")
    put_private(series, 0x7053, "Philips PET Private Group", 0x00, "DS", "2")
    put_private(series[:1], 0x7053, "Philips PET Private Group", 0x00, "DS", "1")
    refuse(series, "slices that differ in (7053,1000)")


# Enhanced objects, and the whole way


def test_an_enhanced_object_states_its_dose_in_megabecquerel(series):
    enhanced = dicom.build_enhanced(series, Modality.PT)
    assert read_text(enhanced, "SOPClassUID") == EnhancedPETImageStorage
    result = read_suv_factor(SOURCE, [Instance(enhanced, "0")], Suv.BODY_WEIGHT, "BQML")
    assert result.factor == pytest.approx(START_FACTOR, rel=1e-12)
    del enhanced.DecayCorrectionDateTime
    with pytest.raises(InputError, match="has no DecayCorrectionDateTime"):
        read_suv_factor(SOURCE, [Instance(enhanced, "0")], Suv.BODY_WEIGHT, "BQML")


def test_implausible_suv_has_a_finding(series, tmp_path):
    path = dicom.write_series(tmp_path, put_drug(series, RadionuclideTotalDose="9e10"))
    found = read_dicom_series(Source(path, "case"), Modality.PT, IngestSettings()).findings
    assert {"dicom.suv_range", "dicom.injected_dose"} <= {finding.check for finding in found}


def test_nothing_of_the_body_stands_in_a_sentence(series):
    result = convert(put(series, PatientWeight="71.3"))
    refuse(put_drug(series, RadiopharmaceuticalStartTime="233000"), "after the scan began")
    assert not any("71.3" in f.sentence or "20200102" in f.sentence for f in result.findings)


# Starts that frames tell


def put_frames(series, **elements):
    """Three beds of five minutes, the series written five hours later; times of frames as PS3.3 has them."""
    rate = np.log(2) / 6586.2
    average = np.log(rate * 300 / (1 - np.exp(-rate * 300))) / rate
    for k, dataset in enumerate(series):
        bed = k // 4
        dataset.SeriesTime, dataset.AcquisitionTime = "150000", f"10{5 * bed:02d}00"
        dataset.ActualFrameDuration, dataset.FrameReferenceTime = (
            300_000,
            f"{1000 * (300 * bed + average):.3f}",
        )
    return put(series, **elements)


def test_the_start_is_reckoned_from_the_times_of_frames_though_the_first_bed_is_lost(series):
    put_frames(series, NumberOfSlices=10)
    result = convert(series[4:])
    assert result.factor == pytest.approx(START_FACTOR, rel=1e-6)
    (finding,) = (f for f in result.findings if f.check == "dicom.scan_start")
    assert "reckoned from FrameReferenceTime" in finding.sentence


@pytest.mark.parametrize("elements", [{"FrameReferenceTime": "0"}, {"ActualFrameDuration": None}])
def test_frames_without_a_sound_time_leave_the_earliest_acquisition(series, elements):
    result = convert(put_frames(series, **elements))
    assert result.factor == pytest.approx(START_FACTOR, rel=1e-12)
    refuse(put(series, NumberOfSlices=12), "the slices that are missing may be those acquired first")


def test_frames_that_tell_different_starts_tell_none(series):
    put_frames(series, NumberOfSlices=10)
    series[5].FrameReferenceTime = "9000"
    refuse(series[4:], "the slices that are missing may be those acquired first")


@pytest.mark.parametrize(
    "elements",
    [
        {"SeriesTime": "1000"},
        {"AcquisitionTime": "1000"},
        {"SeriesTime": "100000.001"},
    ],
)
def test_seconds_may_be_left_out_and_fractions_disagree(series, elements):
    result = convert(put(series, **elements))
    assert result.factor == pytest.approx(START_FACTOR, rel=1e-6)
    assert checks(result) == {"dicom.suv_factor"}


def test_series_times_may_differ_by_a_second_and_no_more(series):
    for k, dataset in enumerate(series):
        dataset.SeriesTime = f"10000{k % 2}"
    assert convert(series).factor == pytest.approx(START_FACTOR, rel=1e-6)
    series[3].SeriesTime = "100003"
    refuse(series, "SeriesDate and SeriesTime are missing, malformed, or not one for all slices")


@pytest.mark.parametrize("moment", ["202001020900", "20200102080000.00+0000", "202001021030+0230"])
def test_moments_are_moved_to_the_time_zone_of_the_object(series, moment):
    put(series, TimezoneOffsetFromUTC="+0100")
    put_drug(series, RadiopharmaceuticalStartDateTime=moment)
    assert convert(series).factor == pytest.approx(START_FACTOR, rel=1e-12)
    put_drug(series, RadiopharmaceuticalStartTime=None)
    assert convert(series).factor == pytest.approx(START_FACTOR, rel=1e-12)


def test_a_zone_that_only_some_slices_name_is_in_doubt(series):
    put_drug(series, RadiopharmaceuticalStartTime=None, RadiopharmaceuticalStartDateTime="202001020900+0000")
    series[2].TimezoneOffsetFromUTC = "+0000"
    refuse(series, "in a time zone that the scan's times may not share")
