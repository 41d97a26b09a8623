"""From IBSI's phantoms to table and page: where they lie, how they are measured, what the command says."""

import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import pytest

import phantoms
from radfeat.cli.main import run_command_line
from radfeat.core.errors import InputError, SettingsError
from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Configuration, PhantomSource, Recipe
from radfeat.features.aggregation import Aggregation
from radfeat.features.settings import FeatureSettings
from radfeat.ibsi.comparison import ConfigurationResult, compare
from radfeat.ibsi.reference import list_expectations
from radfeat.pipeline import ibsi as measuring
from radfeat.pipeline.conformance import write_conformance
from radfeat.pipeline.ct_phantom import find_ct_phantom, require_ct_phantom
from radfeat.pipeline.ibsi import SETUPS, measure_setup
from radfeat.pipeline.ibsi_phantoms import read_ct_phantom, read_digital_phantom
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import CONFORMANCE

SETUP = {setup.configuration: setup for setup in SETUPS}


def lay_out(folder: Path) -> Path:
    """The phantom's folders with small images in them that are not the phantom."""
    for name in ("nifti/image", "nifti/mask", "dicom/image", "dicom/mask"):
        (folder / name).mkdir(parents=True)
    image, mask = phantoms.write_pair(folder)
    shutil.move(image, folder / "nifti" / "image" / "phantom.nii.gz")
    shutil.move(mask, folder / "nifti" / "mask" / "mask.nii.gz")
    (folder / "dicom" / "mask" / "RS.dcm").write_bytes(b"not yet")
    return folder


def stand_in(value: float | None = None, *, ct: bool = False) -> list[ConfigurationResult]:
    """What would be measured if every value were the reference itself, or ``value``."""
    found = []
    for c in list(Configuration) if ct else [Configuration.DIGITAL]:
        expected = list_expectations(c)
        measured = {(e.aggregation, e.feature): e.value if value is None else value for e in expected}
        sources = (
            [PhantomSource.NIFTI, PhantomSource.DICOM]
            if ct and c is not Configuration.DIGITAL
            else [PhantomSource.CODE]
        )
        found += [compare(c, source, measured, expected) for source in sources]
    return found


@pytest.mark.parametrize("place", [".", "ct_phantom", "ibsi_1_ct_radiomics_phantom"])
def test_phantom_is_found_in_its_own_folder_and_in_those_that_hold_it(tmp_path: Path, place: str) -> None:
    home = lay_out(tmp_path / place)
    found = find_ct_phantom(tmp_path)
    assert found[PhantomSource.NIFTI].image == home / "nifti" / "image" / "phantom.nii.gz"
    assert found[PhantomSource.NIFTI].mask == home / "nifti" / "mask" / "mask.nii.gz"
    assert found[PhantomSource.DICOM].image == home / "dicom" / "image"
    assert found[PhantomSource.DICOM].mask == home / "dicom" / "mask" / "RS.dcm"


def test_either_source_may_be_missing(tmp_path: Path) -> None:
    shutil.rmtree(lay_out(tmp_path) / "dicom")
    assert list(find_ct_phantom(tmp_path)) == [PhantomSource.NIFTI]
    assert find_ct_phantom(tmp_path / "elsewhere") == {}


def test_phantom_without_its_mask_is_refused(tmp_path: Path) -> None:
    (lay_out(tmp_path) / "nifti" / "mask" / "mask.nii.gz").unlink()
    with pytest.raises(InputError, match="0 of") as caught:
        find_ct_phantom(tmp_path)
    assert "Copy the phantom again" in caught.value.sentence


def test_setting_that_names_no_phantom_is_refused(tmp_path: Path) -> None:
    require_ct_phantom(None, tmp_path)
    with pytest.raises(SettingsError, match=r"ibsi_phantom.*theibsi/data_sets"):
        require_ct_phantom("nowhere", tmp_path)
    lay_out(tmp_path / "here")
    require_ct_phantom("here", tmp_path)


def test_another_image_is_not_taken_for_the_phantom(tmp_path: Path) -> None:
    found = find_ct_phantom(lay_out(tmp_path))
    with pytest.raises(InputError, match="not the CT phantom of IBSI") as caught:
        read_ct_phantom(found[PhantomSource.NIFTI])
    assert "(8, 7, 6)" in caught.value.measured


def test_every_configuration_is_of_the_recipe_ibsi_and_in_ibsis_order() -> None:
    assert [setup.configuration for setup in SETUPS] == list(Configuration)
    assert {setup.prepare.recipe for setup in SETUPS} == {Recipe.IBSI}


def test_phantom_is_prepared_once_and_each_value_measured_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a measurement that knows the answers: each reference value is asked for with its aggregation."""
    answers = {(e.aggregation, e.feature): e.value for e in list_expectations(Configuration.DIGITAL)}
    calls: Counter[str] = Counter()
    asked: Counter[str] = Counter()

    def prepare(*given: object) -> object:
        calls["prepare"] += 1
        return real(*given)  # type: ignore[arg-type]

    def measure(_: PreparedPair, settings: FeatureSettings) -> SimpleNamespace:
        assert settings.aggregation is not None
        names = {settings.aggregation.value, settings.aggregation.value.split("_")[0], "none"}
        columns = [f"original_{f.value}_{n}" for f, ns in settings.classes.named.items() for n in ns]
        asked.update(columns)
        return SimpleNamespace(values={c: answers[a, c] for c in columns for a in names if (a, c) in answers})

    real = measuring.prepare_roi
    monkeypatch.setattr(measuring, "prepare_roi", prepare)
    monkeypatch.setattr(measuring, "extract_features", measure)
    roi = read_digital_phantom(tmp_path)
    result = measure_setup(roi, PhantomSource.CODE, SETUP[Configuration.DIGITAL])
    assert calls == {"prepare": 1}
    assert result.failing == ()
    assert asked["original_shape_MeshVolume"] == 1
    assert asked["original_glszm_ZoneEntropy"] == 3
    assert asked["original_glcm_JointEntropy"] == 6
    assert sum(asked.values()) == 402


def test_bins_are_those_of_the_configuration() -> None:
    expected = list_expectations(Configuration.B)
    settings = measuring.build_feature_settings(SETUP[Configuration.B], Aggregation.SLICES_MERGED, expected)
    assert (settings.bin_count, settings.bin_width) == (32, None)
    assert settings.aggregation is Aggregation.SLICES_MERGED
    settings = measuring.build_feature_settings(SETUP[Configuration.C], Aggregation.SPACE_MERGED, expected)
    assert (settings.bin_count, settings.bin_width) == (None, 25.0)


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_conformance(tmp_path / name, stand_in(ct=True))
    files = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert files == ["codebook.csv", "conformance.html", "conformance.parquet", "datapackage.json"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[ConfigurationResult]:
    """Results that the command will find; filled by the test."""
    results: list[ConfigurationResult] = []
    monkeypatch.setattr(measuring, "measure_phantoms", lambda _: iter(results))
    return results


def test_all_values_agreeing_is_exit_code_0(
    tmp_path: Path, measured: list[ConfigurationResult], capsys: pytest.CaptureFixture[str]
) -> None:
    measured += stand_in(ct=True)
    assert run_command_line(["ibsi", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "All 2,532 values agree with the reference values of IBSI-1." in said
    assert "Not run" not in said
    assert "Out of tolerance" not in said


def test_value_out_of_tolerance_is_shown_in_full_and_is_exit_code_4(
    tmp_path: Path, measured: list[ConfigurationResult], capsys: pytest.CaptureFixture[str]
) -> None:
    measured += stand_in(-7.25)
    assert run_command_line(["ibsi", "--out", str(tmp_path / "out")]) == 4
    out, err = capsys.readouterr()
    assert "0 of 402" in out
    row = next(line for line in out.splitlines() if "firstorder_Median " in line)
    assert row.split()[-3:] == ["−7.25", "1", "0"]
    assert "found 402 values out of tolerance (digital), allowed none" in err
    table = read_table(tmp_path / "out" / "conformance.parquet", CONFORMANCE)
    assert set(table["agreement"].to_pylist()) == {"out_of_tolerance"}


def test_without_the_gate_the_workflow_goes_on(tmp_path: Path, measured: list[ConfigurationResult]) -> None:
    measured += stand_in(-7.25)
    assert run_command_line(["ibsi", "--no-gate", "--out", str(tmp_path / "out")]) == 0


def test_without_the_phantom_it_says_where_to_get_it_and_goes_on(
    tmp_path: Path, measured: list[ConfigurationResult], capsys: pytest.CaptureFixture[str]
) -> None:
    measured += stand_in()
    assert run_command_line(["ibsi", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "for want of the CT phantom (no --data was given): configurations A, B, C, D and E." in said
    assert "https://github.com/theibsi/data_sets (licence CC BY-NC 3.0)" in said


def test_a_folder_that_is_named_and_does_not_hold_the_phantom_is_exit_code_2(
    tmp_path: Path, measured: list[ConfigurationResult], capsys: pytest.CaptureFixture[str]
) -> None:
    measured += stand_in()
    assert run_command_line(["ibsi", "--data", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert f"{tmp_path}: the CT phantom of IBSI is not in this folder." in said.err
    assert "theibsi/data_sets" in said.err


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for out in ("file", "file/below"):
        assert run_command_line(["ibsi", "--out", str(tmp_path / out)]) == 2
        assert f"{tmp_path / 'file'}: this is a file, not a folder." in capsys.readouterr().err
    monkeypatch.setattr("os.access", lambda *_: False)
    assert run_command_line(["ibsi", "--out", str(tmp_path / "new" / "out")]) == 2
    said = capsys.readouterr()
    assert f"{tmp_path}: nothing can be written in this folder." in said.err
    assert said.out == ""


def test_phantom_that_cannot_be_read_is_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lay_out(tmp_path / "data")
    (folder / "nifti" / "image" / "phantom.nii.gz").write_bytes(b"damaged")
    assert run_command_line(["ibsi", "--data", str(folder), "--out", str(tmp_path / "out")]) == 3
    (said,) = capsys.readouterr().err.splitlines()
    assert str(folder / "nifti" / "image" / "phantom.nii.gz") in said
    assert not (tmp_path / "out").exists()
