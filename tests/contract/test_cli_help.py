"""Every command explains itself; what is wrong is said in one sentence, with the documented exit code."""

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from radfeat.cli.audit import AUDIT_COMMANDS
from radfeat.cli.export import EXPORT_COMMANDS
from radfeat.cli.ingest import INGEST_COMMANDS
from radfeat.cli.main import STAGE_COMMANDS, STUDY_COMMANDS, cli, run_command_line

GROUPS = {"ingest": INGEST_COMMANDS, "export": EXPORT_COMMANDS, "audit": AUDIT_COMMANDS}
NESTED = [f"{group} {name}" for group, commands in GROUPS.items() for name in commands]
COMMANDS = [*STUDY_COMMANDS, *STAGE_COMMANDS, *NESTED]
SETTINGS, DATA = 2, 3
STAGES_WITHOUT_PLAN = {
    "check-files": [],
    "extract": ["--bucket", "0"],
    "perturb": ["--bucket", "0"],
    "repeatability": [],
    "collect": [],
    "gate": [],
    "lock": [],
    "subjects": [],
    "stratify": ["--endpoint", "os", "--arm", "control"],
    "contrast": ["--endpoint", "os"],
    "assemble": [],
    "report": [],
}


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> "Say":
    return Say(capsys)


class Say:
    """Runs a command line in this process and gives its exit code and what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        code = run_command_line([str(a) for a in arguments])
        out, err = self.capsys.readouterr()
        assert "Traceback" not in out + err
        return code, out, err


def find_command(name: str) -> click.Command:
    """The command of this name; ``ingest pull`` is one in a group."""
    command: click.Command | None = cli
    for word in name.split():
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(cli), word)
    assert command is not None
    return command


def find_called(command: click.Command, words: list[str]) -> click.Command:
    """The command that an example calls: that of the next word where ``command`` is a group."""
    if not isinstance(command, click.Group):
        return command
    called = command.get_command(click.Context(command), words[0])
    assert called is not None
    return called


def write_study(folder: Path, settings: str = "images: images.csv\n", sheet: str | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(settings, encoding="utf-8")
    if sheet is not None:
        (folder / "images.csv").write_text(sheet, encoding="utf-8")
    return folder


@pytest.mark.requirement("R-RUN-2")
@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_the_command_does_and_shows_an_example(say: Say, name: str) -> None:
    code, out, err = say(*name.split(), "--help")
    assert (code, err) == (0, "")
    command = find_command(name)
    assert command.help is not None
    assert command.help.split("\n")[0].split()[0] in out
    example = re.search(rf"Examples?:\n +radfeat {name}\b", out)
    assert example, f"no example that begins with `radfeat {name}`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_and_argument_of_an_example_exists(name: str) -> None:
    command = find_command(name)
    lines = [line for line in str(command.epilog).splitlines() if line.strip().startswith(f"radfeat {name} ")]
    assert lines
    for line in lines:
        called = find_called(command, line.split()[1 + len(name.split()) :])
        known = {option for parameter in called.params for option in parameter.opts} | {"--help", "--"}
        own = line.split("&&")[0].split("#")[0].split(" -- ")[0]
        assert set(re.findall(r" (--[a-z-]+)", own)) <= known, line


def test_every_option_has_a_help_text_or_a_closed_choice() -> None:
    for name in COMMANDS:
        command = find_command(name)
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help or isinstance(option.type, click.Choice), f"{name} {option.opts}"


def test_help_of_the_whole_lists_every_command_and_the_exit_codes(say: Say) -> None:
    code, out, _ = say("--help")
    assert code == 0
    for name in (*STUDY_COMMANDS, *STAGE_COMMANDS):
        assert re.search(rf"^  {name} ", out, flags=re.MULTILINE), name
    assert "Exit codes: 0 done, 1 a bug, 2 settings or usage, 3 data, 4 a QC gate." in out


def test_overview_gives_each_command_one_line_of_a_terminal(say: Say) -> None:
    _, out, _ = say("--help")
    assert max(len(line) for line in out.splitlines()) <= 80
    for text in (text for _, text in [*STUDY_COMMANDS.values(), *STAGE_COMMANDS.values()]):
        assert text in out


@pytest.mark.parametrize("group", GROUPS)
def test_overview_of_a_group_gives_each_command_one_line_of_a_terminal(say: Say, group: str) -> None:
    code, out, _ = say(group, "--help")
    assert code == 0
    assert max(len(line) for line in out.splitlines()) <= 80
    for name, (_, text) in GROUPS[group].items():
        assert re.search(rf"^  {name} +{re.escape(text)}$", out, flags=re.MULTILINE), name


def test_no_command_shows_the_help_and_is_wrong_usage(say: Say) -> None:
    code, out, _ = say()
    assert code == SETTINGS
    assert "radfeat init" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["validate", "--nonsense"], "No such option '--nonsense'"),
        (["simulate", "x", "--subjects", "none"], "'none' is not a valid integer"),
        (["features", "a.nii", "b.nii", "--modality", "PET"], "'PET' is not one of 'CT'"),
        (["init"], "Missing argument 'FOLDER'"),
        (["collect"], "Missing option '--results'"),
    ],
)
def test_wrong_usage_is_said_in_one_sentence_with_exit_code_2(
    say: Say, arguments: list[str], said: str
) -> None:
    code, _, err = say(*arguments)
    assert code == SETTINGS
    assert said in err.splitlines()[-1]


@pytest.mark.parametrize("name", ["validate", "run", "plan", "settings"])
def test_absent_configuration_file_is_said_with_exit_code_2(say: Say, tmp_path: Path, name: str) -> None:
    code, _, err = say(name, tmp_path / "none.yaml")
    assert code == SETTINGS
    assert err.startswith("radfeat: error: ")
    assert "there is no such configuration file" in err
    assert len(err.splitlines()) == 1


@pytest.mark.requirement("R-IN-1")
@pytest.mark.parametrize("name", ["validate", "run", "plan", "settings"])
def test_wrong_setting_is_said_with_its_place_and_exit_code_2(say: Say, tmp_path: Path, name: str) -> None:
    study = write_study(tmp_path, "study: x\nfeatures:\n  bin_widht: 25\n")
    code, _, err = say(name, study)
    assert code == SETTINGS
    assert err.startswith("radfeat: error: config.yaml, line 3, column 3: setting `features.bin_widht`")
    assert "Write `bin_width`, if that is meant." in err
    assert len(err.splitlines()) == 1


@pytest.mark.requirement("R-IN-2")
@pytest.mark.parametrize("name", ["validate", "run", "plan"])
def test_wrong_sheet_is_said_with_its_place_and_exit_code_3(say: Say, tmp_path: Path, name: str) -> None:
    head = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi"
    study = write_study(tmp_path, sheet=f"{head}\nA,S1,1,base,ct,XX,a.nii,b.nii,gtv\n")
    code, _, err = say(name, study)
    assert code == DATA
    assert "images.csv, line 2, column" in err
    assert "XX" in err


@pytest.mark.requirement("R-RUN-2")
@pytest.mark.parametrize("name", ["validate", "run", "plan"])
def test_absent_sheet_is_said_with_exit_code_3(say: Say, tmp_path: Path, name: str) -> None:
    code, _, err = say(name, write_study(tmp_path))
    assert code == DATA
    assert "images.csv" in err


def test_absent_image_is_said_with_exit_code_3(say: Say, tmp_path: Path) -> None:
    code, _, err = say("features", tmp_path / "none.nii.gz", tmp_path / "mask.nii.gz")
    assert code == DATA
    assert err.startswith("radfeat: error: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(("name", "more"), STAGES_WITHOUT_PLAN.items())
def test_stage_without_a_plan_is_said_with_exit_code_3(
    say: Say, tmp_path: Path, name: str, more: list[str]
) -> None:
    code, _, err = say(name, "--results", tmp_path, *more)
    assert code == DATA
    assert "there is no plan here" in err
    assert len(err.splitlines()) == 1


def test_stage_without_a_results_folder_is_said_with_exit_code_2(say: Say, tmp_path: Path) -> None:
    code, _, err = say("collect", "--results", tmp_path / "none")
    assert code == SETTINGS
    assert "does not exist" in err


def test_catalogue_of_a_folder_without_tables_is_said_with_exit_code_3(say: Say, tmp_path: Path) -> None:
    code, _, err = say("catalogue", tmp_path)
    assert code == DATA
    assert "feature_catalogue.parquet" in err


@pytest.mark.parametrize("command", [["init"], ["simulate"], ["demo", "--folder"]])
def test_file_where_a_folder_is_meant_is_said_with_exit_code_2(
    say: Say, tmp_path: Path, command: list[str]
) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    code, _, err = say(*command, tmp_path / "file")
    assert code == SETTINGS
    assert "this is a file, not a folder" in err
    code, _, err = say(*command, tmp_path / "file" / "below")
    assert code == SETTINGS
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("command", [["simulate"], ["demo", "--folder"]])
def test_folder_that_holds_other_files_is_left_alone(say: Say, tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    code, _, err = say(*command, tmp_path)
    assert code == SETTINGS
    assert str(tmp_path) in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_wrong_option_of_the_simulation_is_named_as_it_was_typed(say: Say, tmp_path: Path) -> None:
    code, _, err = say("simulate", tmp_path / "x", "--subjects", "2", "--broken", "3")
    assert code == SETTINGS
    assert "2 subjects" in err
    code, _, err = say("simulate", tmp_path / "x", "--scanner-differences", "9")
    assert code == SETTINGS
    assert err.startswith("radfeat: error: --scanner-differences: ")
    assert not (tmp_path / "x").exists()


def test_absent_study_of_real_scans_is_said_before_anything_is_simulated(say: Say, tmp_path: Path) -> None:
    code, _, err = say("demo", "--folder", tmp_path / "demo", "--scans", tmp_path / "none.yaml")
    assert code == SETTINGS
    assert "none.yaml" in err
    assert not (tmp_path / "demo").exists()


@pytest.mark.requirement("R-RUN-2")
def test_a_bug_keeps_its_traceback_and_exit_code_1() -> None:
    program = (
        "import radfeat.cli.settings as module, radfeat.cli.main as front, sys\n"
        "module.settings.callback = lambda **_: 1 / 0\n"
        "sys.argv = ['radfeat', 'settings']\n"
        "front.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_module_can_be_run_and_gives_the_exit_code_to_the_shell(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "radfeat", "validate", str(tmp_path / "none.yaml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == SETTINGS
    assert done.stderr.startswith("radfeat: error: ")
