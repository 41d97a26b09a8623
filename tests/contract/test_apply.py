"""``radfeat apply`` on the command line: help, refusals in one sentence, exit codes."""

from pathlib import Path

import pytest

from applied_runs import MARKS, draw_rows, fit, write_run
from radfeat.cli.main import run_command_line

DONE, SETTINGS, DATA = 0, 2, 3
ROWS = draw_rows(40, 1)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return fit(tmp_path, ROWS).path


def say(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    code = run_command_line(["apply", *(str(a) for a in arguments)])
    return code, *capsys.readouterr()


def test_scores_are_written_and_counted(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = say(capsys, model, write_run(tmp_path, ROWS), "--out", tmp_path / "scores.parquet")
    assert (code, err) == (DONE, "")
    assert out.splitlines()[0].startswith("40 of 40 subjects scored, ")
    assert out.splitlines()[-1] == f"written to {tmp_path / 'scores.parquet'}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"catalogue": {"bin_width": 20.0}},
            "os, control: the features of these names are measured otherwise than those of the model (found ",
        ),
        (
            {"marks": MARKS | {"recipe": "ibsi"}},
            "os, control: the images were prepared by another recipe (found ibsi, allowed pyradiomics). ",
        ),
        (
            {"marks": MARKS | {"measurement": "0" * 64}},
            "os, control: the features were prepared or measured with other settings (found digest 0000",
        ),
        (
            {"series": {"unit": "SUVbw"}},
            "os, control: the images are not of the kind that the model was made of (found CT in SUVbw, ",
        ),
    ],
)
def test_other_features_are_refused_with_exit_code_3(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str], change: dict, said: str
) -> None:
    code, out, err = say(capsys, model, write_run(tmp_path, ROWS, **change), "--out", tmp_path / "s.parquet")
    assert (code, out) == (DATA, "")
    assert err.startswith(f"radfeat: error: {said}")
    assert len(err.splitlines()) == 1
    assert not (tmp_path / "s.parquet").exists()


def test_absent_model_and_absent_features_have_exit_code_3(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, err = say(capsys, tmp_path / "none.json", write_run(tmp_path, ROWS))
    assert (code, "the model cannot be read" in err) == (DATA, True)
    code, _, err = say(capsys, model, tmp_path / "none.parquet")
    assert (code, "there is no such table" in err) == (DATA, True)


def test_model_of_another_format_has_exit_code_3_and_says_which(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model.write_text(model.read_text().replace("radfeat-arm-model/2", "radfeat-arm-model/9"))
    code, _, err = say(capsys, model, write_run(tmp_path, ROWS))
    assert code == DATA
    assert "(found radfeat-arm-model/9, allowed radfeat-arm-model/2)" in err


def test_output_over_another_file_has_exit_code_2(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    features = write_run(tmp_path, ROWS)
    code, _, err = say(capsys, model, features, "--out", features)
    assert (code, "take the place of something else" in err) == (SETTINGS, True)
