"""Reading config.yaml: every fault at once, each with its place; what is right is completed and digested."""

from pathlib import Path

import pytest

from radfeat.config.model import (
    StudySettings,
    compute_case_digest,
    compute_extraction_digest,
    compute_modelling_digest,
)
from radfeat.config.reader import read_settings
from radfeat.core.errors import SettingsError


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(write(folder, text))
    return caught.value.sentence


def test_an_empty_file_stands_for_the_defaults(tmp_path: Path) -> None:
    assert read_settings(write(tmp_path, "")) == StudySettings()
    assert read_settings(write(tmp_path, "# only a comment\n")) == StudySettings()


@pytest.mark.requirement("R-IN-1")
def test_all_faults_are_said_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = (
        "study: x\nimagess: a.csv\nfeatures:\n  bin_width: -1\n  gldm_alpha: two\nprepare:\n  keep: maybe\n"
    )
    lines = refusal(tmp_path, text).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "config.yaml, line 2, column 1",
        "config.yaml, line 4, column 3",
        "config.yaml, line 5, column 3",
        "config.yaml, line 7, column 3",
    ]
    assert "Write `images`" in lines[0]
    assert "`features.bin_width` is -1" in lines[1]


def test_a_setting_given_twice_is_a_fault(tmp_path: Path) -> None:
    said = refusal(tmp_path, "study: a\nstudy: b\n")
    assert "line 2, column 1: setting `study` is given twice" in said


def test_text_that_is_not_yaml_is_said_with_its_place(tmp_path: Path) -> None:
    said = refusal(tmp_path, "study: [a\nimages: b\n")
    assert "config.yaml, line 2" in said
    assert "not YAML" in said


@pytest.mark.parametrize("value", ["2026-02-31", "!!python/name:os.system x", "!secret y"])
def test_values_that_yaml_cannot_take_are_faults_not_crashes(tmp_path: Path, value: str) -> None:
    said = refusal(tmp_path, f"images: images.csv\nstudy: {value}\n")
    assert "line 2" in said
    assert "Put it in quotes" in said


@pytest.mark.parametrize("arms", ["[1, 2]", "[yes, no]", "[1.5, 2.5]"])
def test_numbers_and_flags_where_text_is_wanted_belong_in_quotes(tmp_path: Path, arms: str) -> None:
    """Arms coded 1 and 2, or events coded yes and no, are common; YAML takes them for something else."""
    lines = refusal(tmp_path, f"modelling:\n  arms: {arms}\n").splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("config.yaml, line 2, column 10: setting `modelling.arms.0` is ")
    assert all("text is wanted. Put in quotes what the sheet has" in line for line in lines)


def test_control_characters_are_refused_in_a_sentence(tmp_path: Path) -> None:
    assert "not YAML" in refusal(tmp_path, "study: a\x07b\n")


@pytest.mark.parametrize("text", ["study: &a [*a]\n", "study: &a x\nimages: *a\n"])
def test_aliases_are_refused_in_a_sentence(tmp_path: Path, text: str) -> None:
    assert "by an alias" in refusal(tmp_path, text)


def test_a_list_at_the_top_is_refused(tmp_path: Path) -> None:
    assert "holds a list, not named settings" in refusal(tmp_path, "- a\n- b\n")


def test_a_missing_file_is_said_with_the_way_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="radfeat init"):
        read_settings(tmp_path / "none.yaml")


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes("\ufeffstudy: 试验\r\nimages: 图像.csv\r\n".encode())
    settings = read_settings(path)
    assert (settings.study, settings.images) == ("试验", "图像.csv")


def test_endpoints_without_a_clinical_sheet_are_refused(tmp_path: Path) -> None:
    text = "modelling:\n  arms: [a, b]\n  endpoints:\n    - {name: os, time: t, event: e}\n"
    assert "clinical" in refusal(tmp_path, text)


def test_parameter_file_and_sections_exclude_each_other(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("imageType: {Original: {}}\n", encoding="utf-8")
    said = refusal(tmp_path, "parameter_file: params.yaml\nfeatures: {bin_width: 5}\n")
    assert "`parameter_file` is given together with `features`" in said


def test_parameter_file_replaces_sections_and_leaves_keep(tmp_path: Path) -> None:
    text = "imageType: {Original: {}}\nfeatureClass: {firstorder: [Mean]}\nsetting: {binWidth: 5}\n"
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    settings = read_settings(write(tmp_path, "parameter_file: params.yaml\nprepare: {keep: true}\n"))
    assert settings.features.bin_width == 5
    assert settings.prepare.keep


def test_digests_follow_what_they_stand_for_and_nothing_else() -> None:
    plain = StudySettings()
    titled = StudySettings(study="another title", results="elsewhere")
    binned = StudySettings.model_validate({"features": {"bin_width": 20}})
    kept = StudySettings.model_validate({"prepare": {"keep": True}})
    gated = StudySettings.model_validate({"qc": {"max_failed_rois": 3, "max_failed_share": 0.1}})
    checked = StudySettings.model_validate({"qc": {"exclude": ["mask.small"]}})
    seeded = StudySettings.model_validate({"modelling": {"seed": 3}})
    for digest in (compute_extraction_digest, compute_case_digest, compute_modelling_digest):
        assert digest(plain) == digest(titled)
    assert compute_extraction_digest(binned) != compute_extraction_digest(plain)
    assert compute_extraction_digest(kept) == compute_extraction_digest(plain)
    assert compute_case_digest(kept) != compute_case_digest(plain)
    assert compute_case_digest(gated) == compute_case_digest(plain)
    assert compute_case_digest(checked) != compute_case_digest(plain)
    assert compute_case_digest(seeded) == compute_case_digest(plain)
    assert compute_modelling_digest(seeded) != compute_modelling_digest(plain)
    assert compute_modelling_digest(binned) == compute_modelling_digest(plain)


def test_every_odd_name_of_a_list_is_said(tmp_path: Path) -> None:
    excluded = "qc:\n  exclude: [mask.tiny, image.constant, mask.small]\n"
    text = f"{excluded}modelling:\n  arms: [a, a]\n  candidates: [f, f]\n"
    said = refusal(tmp_path, text)
    assert "mask.tiny, image.constant cannot exclude an ROI; write some of mask." in said
    assert "arms, candidates: names must be unique" in said


def test_candidate_that_is_not_measured_is_refused_before_any_scan_is_read(tmp_path: Path) -> None:
    features = "features:\n  classes: {glcm: [Contrast]}\n"
    said = refusal(tmp_path, f"{features}modelling:\n  candidates: [original_glcm_Contrats]\n")
    assert "original_glcm_Contrats is none of the 1 features" in said
    assert "did you mean original_glcm_Contrast?" in said


def test_candidate_on_a_filtered_image_or_of_a_change_is_known() -> None:
    names = ["square_glcm_Contrast", "delta_log_ratio:original_glcm_Contrast"]
    features = {"image_types": {"Original": {}, "Square": {}}}
    found = StudySettings.model_validate({"features": features, "modelling": {"candidates": names}})
    assert list(found.modelling.candidates) == names
