import numpy as np
import pytest

from radfeat.qc.check_names import Check
from radfeat.qc.cohort_checks import check_cohort, find_outliers
from radfeat.qc.settings import QcSettings
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import ACQUISITION, ROIS, SERIES

SETTINGS = QcSettings()


def image(subject, site="S1", timepoint="T0", image_id="CT", **values):
    case = f"TRIAL/{site}/{subject}/{timepoint}/{image_id}"
    return {
        "case_id": case,
        "study_id": "TRIAL",
        "site_id": site,
        "subject_id": subject,
        "timepoint": timepoint,
        "image_id": image_id,
        "modality": "CT",
        "status": "OK",
        "spacing_x_mm": 1.0,
        "spacing_y_mm": 1.0,
        "spacing_z_mm": 3.0,
        "image_sha256": f"file {case}",
        "voxel_digest": f"voxels {case}",
        **values,
    }


def roi(case, name="GTV", **values):
    key = f"{case['case_id']}/{name}"
    columns = ("case_id", "study_id", "site_id", "subject_id", "timepoint", "image_id")
    return {
        **{column: case[column] for column in columns},
        "roi_id": key,
        "roi": name,
        "status": "OK",
        "volume_mm3": 1000.0,
        "mask_voxel_digest": f"mask {key}",
        **values,
    }


def failed(row):
    return {**row, "status": "FAILED", "reason": "NO_IMAGE", "volume_mm3": None, "mask_voxel_digest": None}


def spoken(images, rois=(), settings=SETTINGS, told=()):
    series = build_table(SERIES, list(images))
    acquisition = build_table(ACQUISITION, list(told))
    findings = check_cohort(series, build_table(ROIS, list(rois)), acquisition, settings)
    return [(f.check, f.key) for f in findings], [f.sentence for f in findings]


def test_different_images_and_masks_pass_in_silence():
    images = [image(f"P{i}") for i in range(12)]
    assert spoken(images, [roi(i) for i in images]) == ([], [])


def test_empty_and_wholly_failed_tables_pass():
    dead = image("P1", status="FAILED", reason="NO_IMAGE", image_sha256=None, voxel_digest=None)
    dead |= {f"spacing_{axis}_mm": None for axis in "xyz"}
    assert spoken([dead], [failed(roi(dead))]) == ([], [])
    assert spoken([]) == ([], [])


# -- copies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("other", [{"subject": "P2"}, {"subject": "P1", "timepoint": "T1"}])
def test_one_file_under_two_visits_names_both(other):
    same = {"image_sha256": "f", "voxel_digest": "v"}
    images = [image("P1", **same), image(**other, **same)]
    checks, sentences = spoken(images)
    assert checks == [(Check.COHORT_SAME_IMAGE, i["case_id"]) for i in images]
    assert sentences[0].endswith(f"the very file of {images[1]['case_id']}.")


def test_same_voxels_in_another_file_are_found():
    checks, _ = spoken([image("P1", voxel_digest="v"), image("P2", voxel_digest="v")])
    assert [check for check, _ in checks] == [Check.COHORT_SAME_VOXELS] * 2


def test_one_file_twice_in_one_visit_is_legal():
    same = {"image_sha256": "f", "voxel_digest": "v"}
    assert spoken([image("P1", **same), image("P1", image_id="CT2", **same)])[0] == []


def test_one_mask_on_several_images_of_a_visit_is_legal():
    images = [image("P1"), image("P1", image_id="PT")]
    assert spoken(images, [roi(i, mask_voxel_digest="m") for i in images])[0] == []


def test_one_mask_under_two_subjects_or_twice_on_one_image_is_a_copy():
    images = [image("P1"), image("P2")]
    checks, _ = spoken(images, [roi(i, mask_voxel_digest="m") for i in images])
    assert [check for check, _ in checks] == [Check.COHORT_SAME_MASK] * 2
    twice = [roi(images[0], name, mask_voxel_digest="m") for name in ("reader 1", "reader 2")]
    checks, sentences = spoken(images, twice)
    assert [check for check, _ in checks] == [Check.COHORT_SAME_MASK] * 2
    assert sentences[0].endswith("that of TRIAL/S1/P1/T0/CT/reader 2.")


def test_long_lists_of_copies_are_shortened():
    _, sentences = spoken([image(f"P{i}", voxel_digest="v") for i in range(9)])
    assert sentences[0].endswith("/T0/CT and 3 more.")


# -- sites ---------------------------------------------------------------------------------------------------


def trial_of(failures, per_site=20):
    """ROIs of sites with so many failures each."""
    rois = []
    for site, bad in failures.items():
        rows = [roi(image(f"{site}-{i}", site)) for i in range(per_site)]
        rois += [failed(row) if i < bad else row for i, row in enumerate(rows)]
    return rois


def test_site_with_far_more_failures_is_named_by_its_key():
    checks, sentences = spoken([], trial_of({"A": 1, "B": 9, "C": 0}))
    assert checks == [(Check.COHORT_SITE_FAILURES, "B")]
    assert sentences == ["B: 9 of 20 ROIs of the site failed (45%), elsewhere 1 of 40 (2%)."]


@pytest.mark.parametrize(
    "failures", [{"A": 3, "B": 2, "C": 1}, {"A": 20, "B": 20}, {"A": 9}, {"A": 0, "B": 0}]
)
def test_sites_alike_are_not_named(failures):
    assert spoken([], trial_of(failures))[0] == []


def test_scanners_of_a_site_are_counted():
    images = [image(f"P{i}", scanner=name) for i, name in enumerate(["A", "B", "A", None])]
    assert spoken(images) == (
        [(Check.COHORT_SITE_SCANNERS, "S1")],
        ["S1: the site used 2 scanners (images each): A (2), B (1)."],
    )


def test_subject_whose_scanner_changes_is_named_at_the_later_visit():
    images = [
        image("P1", timepoint="late", day=60.0, scanner="B"),
        image("P1", timepoint="pre", day=0.0, scanner="A"),
        image("P2", timepoint="pre", day=0.0, scanner="B"),
        image("P2", timepoint="late", day=60.0, scanner="B"),
    ]
    checks, _ = spoken(images)
    assert (Check.COHORT_SCANNER_CHANGE, "TRIAL/S1/P1/late/CT") in checks
    assert [check for check, _ in checks].count(Check.COHORT_SCANNER_CHANGE) == 1


def told(case, maker="MAKER", model="ONE", software="1.0"):
    """The rows of ``acquisition`` of an image whose headers tell maker, model and software."""
    values = {"manufacturer": maker, "model": model, "software": software}
    columns = ("case_id", "study_id", "site_id", "subject_id", "timepoint", "image_id", "modality")
    fixed = {column: case[column] for column in columns}
    return [
        {**fixed, "parameter": name, "text": text, "required": False, "verdict": "not_specified"}
        for name, text in values.items()
    ]


def followed(**later):
    """A subject's two images, of which the second's headers tell other things."""
    images = [image("P1", timepoint="pre", day=0.0), image("P1", timepoint="late", day=60.0)]
    return spoken(images, told=[*told(images[0]), *told(images[1], **later)])


def test_a_change_of_model_in_the_headers_is_a_change_of_scanner():
    checks, sentences = followed(model="TWO", software="7")
    assert checks == [
        (Check.COHORT_SITE_SCANNERS, "S1"),
        (Check.COHORT_SCANNER_CHANGE, "TRIAL/S1/P1/late/CT"),
    ]
    assert "changed from scanner MAKER ONE (pre) to MAKER TWO" in sentences[1]


def test_a_change_of_software_alone_is_said_as_such():
    checks, sentences = followed(software="1.1")
    assert checks == [
        (Check.COHORT_SITE_SOFTWARE, "S1"),
        (Check.COHORT_SOFTWARE_CHANGE, "TRIAL/S1/P1/late/CT"),
    ]
    assert sentences[0] == (
        "S1: CT on MAKER ONE was acquired with 2 software versions (images each): 1.0 (1), 1.1 (1)."
    )
    assert "software changed from 1.0 (pre) to 1.1" in sentences[1]


def test_the_same_scanner_and_software_pass_in_silence():
    assert followed() == ([], [])


def test_scanners_told_by_headers_are_counted_by_modality():
    images = [image("P1"), image("P2"), image("P3", modality="MR")]
    models = ("ONE", "TWO", "THREE")
    rows = [row for case, model in zip(images, models, strict=True) for row in told(case, model=model)]
    assert spoken(images, told=rows) == (
        [(Check.COHORT_SITE_SCANNERS, "S1")],
        ["S1: the site acquired CT on 2 scanners (images each): MAKER ONE (1), MAKER TWO (1)."],
    )


def test_software_that_is_not_told_is_no_change():
    assert followed(software=None) == ([], [])


def test_a_name_of_the_sheet_is_not_compared_with_one_of_the_headers():
    images = [
        image("P1", timepoint="pre", day=0.0, scanner="CT-1"),
        image("P1", timepoint="late", day=60.0, scanner="MAKER ONE"),  # as filled in from the headers
    ]
    assert spoken(images, told=[*told(images[0]), *told(images[1])]) == ([], [])


def test_one_name_of_the_sheet_for_two_models_is_remarked_on():
    images = [image(f"P{i}", scanner="CT-1") for i in range(3)]
    rows = [row for i, case in enumerate(images) for row in told(case, model="TWO" if i == 2 else "ONE")]
    checks, sentences = spoken(images, told=rows)
    assert checks == [(Check.COHORT_SCANNER_NAME, "S1")]
    assert sentences == [
        "S1: the sheet's scanner CT-1 stands for 2 CT models in the headers (images each): "
        "MAKER ONE (2), MAKER TWO (1)."
    ]


# -- outliers ------------------------------------------------------------------------------------------------


def test_outliers_are_those_far_on_a_log_scale_both_ways():
    values = [90.0, 95.0, 100.0, 105.0, 110.0, 100.0, 98.0, 103.0, 5000.0, 2.0]
    median, places = find_outliers(values, SETTINGS)
    assert median == pytest.approx(np.exp(np.median(np.log(values))))
    assert places == (8, 9)


def test_equal_values_make_only_a_clear_factor_an_outlier():
    assert find_outliers([3.0] * 9 + [3.1], SETTINGS)[1] == ()
    assert find_outliers([3.0] * 9 + [5.0], SETTINGS)[1] == (9,)


def test_spacing_unlike_that_of_its_kind_is_named_by_axis():
    images = [image(f"P{i}") for i in range(9)] + [image("P9", spacing_z_mm=10.0)]
    checks, sentences = spoken(images)
    assert checks == [(Check.COHORT_SPACING_OUTLIER, "TRIAL/S1/P9/T0/CT")]
    assert sentences[0].endswith("along z is 10 mm; the median of 10 CT images is 3 mm.")
    assert spoken(images, settings=QcSettings(min_group=11))[0] == []


def test_volume_unlike_that_of_its_kind_is_named():
    images = [image(f"P{i}") for i in range(10)]
    volumes = [900.0, 1100.0, 1000.0, 1300.0, 800.0, 950.0, 1050.0, 1200.0, 1000.0, 400_000.0]
    rois = [roi(i, volume_mm3=v) for i, v in zip(images, volumes, strict=True)]
    checks, sentences = spoken(images, rois)
    assert checks == [(Check.COHORT_VOLUME_OUTLIER, "TRIAL/S1/P9/T0/CT/GTV")]
    assert "the volume is 400 cm3; the median of 10 ROIs 'GTV' on CT is 1.02 cm3" in sentences[0]


def test_findings_do_not_depend_on_the_order_of_the_rows():
    images = [image(f"P{i}", voxel_digest="v", scanner=f"X{i % 2}") for i in range(9)]
    rois = trial_of({"A": 1, "B": 9, "C": 0})
    assert sorted(spoken(images, rois)[1]) == sorted(spoken(images[::-1], rois[::-1])[1])
