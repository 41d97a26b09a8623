"""The file of the imaging protocol: its place in settings and digests, its faults with their lines."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from radfeat.cli.main import run_command_line
from radfeat.config.model import StudySettings, compute_case_digest, compute_extraction_digest
from radfeat.config.reader import read_settings
from radfeat.core.acquisition import Parameter
from radfeat.core.errors import SettingsError
from radfeat.core.vocabulary import Modality
from radfeat.qc.protocol_rules import NumberRule

RULES = "modalities:\n  CT:\n    slice_spacing: {max: 3}\n"


def write(folder: Path, protocol: str, config: str = "protocol_file: protocol.yaml\n") -> Path:
    (folder / "protocol.yaml").write_text(protocol, encoding="utf-8")
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    return folder / "config.yaml"


def refusal(folder: Path, protocol: str) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(write(folder, protocol))
    return caught.value.sentence


def test_the_rules_of_the_file_become_settings(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, RULES))
    assert settings.qc.protocol is not None
    assert settings.qc.protocol.modalities[Modality.CT].slice_spacing == NumberRule(max=3)
    written = settings.model_dump(mode="json")
    assert written["qc"]["protocol"]["modalities"] == {
        "CT": {"slice_spacing": {"max": 3.0, "required": False}}
    }
    assert StudySettings.model_validate(yaml.safe_load(yaml.safe_dump(written))) == settings


def test_the_file_and_the_section_mean_the_same(tmp_path: Path) -> None:
    by_file = read_settings(write(tmp_path, RULES))
    inline = read_settings(
        write(tmp_path, RULES, "qc: {protocol: {modalities: {CT: {slice_spacing: {max: 3}}}}}\n")
    )
    assert by_file.qc == inline.qc
    assert compute_case_digest(by_file) == compute_case_digest(inline)


def test_a_change_in_the_file_changes_what_cases_depend_on_but_no_value(tmp_path: Path) -> None:
    before = read_settings(write(tmp_path, RULES))
    after = read_settings(write(tmp_path, RULES.replace("3", "5")))
    assert compute_case_digest(before) != compute_case_digest(after)
    assert compute_extraction_digest(before) == compute_extraction_digest(after)


def test_file_and_section_exclude_each_other(tmp_path: Path) -> None:
    both = "protocol_file: protocol.yaml\nqc: {protocol: {modalities: {CT: {kvp: {max: 140}}}}}\n"
    with pytest.raises(SettingsError, match=r"given together with `qc\.protocol`"):
        read_settings(write(tmp_path, RULES, both))


def test_faults_are_said_with_line_and_column_of_the_protocol_file(tmp_path: Path) -> None:
    text = (
        "modalities:\n"
        "  CT:\n"
        "    slice_thicknes: {max: 3}\n"
        "    kvp: {equals: 120 kV}\n"
        "    kernel: {min: 3}\n"
        "    pixel_spacing: {max: 1, tolernace: 2}\n"
    )
    lines = refusal(tmp_path, text).splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"protocol.yaml, line {n}, column 5" for n in (3, 4, 5, 6)
    ]
    assert "`modalities.CT.slice_thicknes` is not a setting. Write `slice_thickness`" in lines[0]
    assert "kvp is a number in kV, and `equals` is '120 kV': write the number alone" in lines[1]
    assert "kernel is a text, for which there is no `min`" in lines[2]
    assert "pixel_spacing is a number in mm, for which there is no `tolernace`" in lines[3]


def test_an_unknown_name_inside_the_configuration_is_suggested_too(tmp_path: Path) -> None:
    text = "qc: {protocol: {modalities: {CT: {kvpp: {max: 3}}}}}\n"
    with pytest.raises(SettingsError, match="Write `kvp`, if that is meant"):
        read_settings(write(tmp_path, RULES, text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "the protocol has no rule"),
        ("- CT\n", "the file holds a list, not named settings. Start it with a line like `modalities"),
        ("modalities: {XX: {kvp: {max: 1}}}\n", "XX"),
        ("modalities: {CT: {kvp: {max: 1}}\n", "not YAML"),
        ("modality: {CT: {kvp: {max: 1}}}\n", "Write `modalities`, if that is meant"),
    ],
)
def test_a_file_that_is_no_protocol_is_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(tmp_path, text)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    config = write(tmp_path, RULES)
    (tmp_path / "protocol.yaml").unlink()
    with pytest.raises(SettingsError, match="there is no such protocol file"):
        read_settings(config)


def test_the_example_of_a_new_study_is_a_sound_protocol(tmp_path: Path) -> None:
    text = files("radfeat.cli").joinpath("skeleton", "protocol.yaml").read_text(encoding="utf-8")
    protocol = read_settings(write(tmp_path, text)).qc.protocol
    assert protocol is not None
    assert set(protocol.modalities) == {Modality.CT, Modality.MR, Modality.PT}
    assert max(len(line) for line in text.splitlines()) <= 120


@pytest.mark.parametrize(("image_id", "code"), [("ct", 3), ("t1c", 2)])
def test_validate_refuses_rules_for_images_that_the_sheet_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], image_id: str, code: int
) -> None:
    assert run_command_line(["init", str(tmp_path / "study")]) == 0
    study = tmp_path / "study"
    write(study, f"images: {{{image_id}: {{kvp: {{max: 140}}}}}}\n", "protocol_file: protocol.yaml\n")
    capsys.readouterr()
    assert run_command_line(["validate", str(study)]) == code
    said = capsys.readouterr().err
    assert ("the protocol has rules for images that the image sheet does not have" in said) is (code == 2)


def test_the_page_on_protocols_shows_a_sound_one_and_names_every_parameter(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", page, flags=re.DOTALL)
    assert read_settings(write(tmp_path, example)).qc.protocol is not None
    table = "".join(line for line in page.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([a-z_]+)`", table)) == {parameter.value for parameter in Parameter}
