"""Locked inputs: any that changes, comes or goes stops the run and is named by its key."""

import os
from pathlib import Path

import pytest

from radfeat.config.model import StudySettings
from radfeat.core.errors import TableError
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.inputs_lock import lift_lock, lock_inputs, require_locked_sheet
from radfeat.pipeline.planning import build_plan

HEADER = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi"
SETTINGS = StudySettings.model_validate(
    {
        "clinical": "clinical.csv",
        "modelling": {"endpoints": [{"name": "os", "time": "t", "event": "e"}], "arms": ["a"]},
    }
)


def write_sheet(study: Path, subjects: range) -> None:
    lines = [f"T,S1,{n},w0,CT,CT,scans/jones-{n}.nii,scans/jones-{n}-m.nii,gtv" for n in subjects]
    (study / "images.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    (tmp_path / "scans").mkdir()
    for number in range(4):
        for name in (f"jones-{number}.nii", f"jones-{number}-m.nii"):
            (tmp_path / "scans" / name).write_bytes(f"voxels of {name}".encode())
    (tmp_path / "clinical.csv").write_text("subject_id,arm,t,e\n0,a,1,1\n", encoding="utf-8")
    write_sheet(tmp_path, range(3))
    lock_inputs(ResultsFolder(tmp_path / "results"), SETTINGS, tmp_path)
    return tmp_path


def plan(study: Path) -> None:
    build_plan(SETTINGS, study, ResultsFolder(study / "results"))


def test_unchanged_inputs_pass_and_so_does_one_that_was_only_touched(study: Path) -> None:
    plan(study)
    os.utime(study / "scans" / "jones-0.nii", (1, 1))
    plan(study)


@pytest.mark.requirement("R-LOCK-3")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scans/jones-1.nii", "image T/S1/1/w0/CT (changed)"),
        ("scans/jones-1-m.nii", "mask T/S1/1/w0/CT/gtv (changed)"),
        ("clinical.csv", "file clinical.csv (changed)"),
    ],
)
def test_changed_input_stops_the_plan_and_is_named_by_its_key(study: Path, name: str, said: str) -> None:
    path = study / name
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(TableError) as caught:
        plan(study)
    assert f"not as they were: {said}." in caught.value.sentence
    assert "jones" not in caught.value.sentence, "files may be named after someone"


@pytest.mark.requirement("R-LOCK-3")
def test_input_that_vanished_is_named(study: Path) -> None:
    (study / "scans" / "jones-2.nii").unlink()
    with pytest.raises(TableError, match=r"image T/S1/2/w0/CT \(changed\)"):
        plan(study)


@pytest.mark.requirement("R-LOCK-3")
def test_new_and_removed_rows_are_named_beside_the_sheet(study: Path) -> None:
    write_sheet(study, range(1, 4))
    with pytest.raises(TableError) as caught:
        plan(study)
    for said in (
        "file images.csv (changed)",
        "image T/S1/0/w0/CT (gone)",
        "image T/S1/3/w0/CT (new)",
    ):
        assert said in caught.value.sentence


def test_lifted_lock_stops_nothing(study: Path) -> None:
    folder = ResultsFolder(study / "results")
    write_sheet(study, range(1, 4))
    with pytest.raises(TableError, match="locked already"):
        lock_inputs(folder, SETTINGS, study)
    lift_lock(folder)
    plan(study)
    with pytest.raises(TableError, match="are not locked"):
        lift_lock(folder)


def test_clinical_sheet_that_changed_after_the_plan_is_not_read(study: Path) -> None:
    folder = ResultsFolder(study / "results")
    plan(study)
    require_locked_sheet(folder, "clinical.csv", study)
    (study / "clinical.csv").write_text("subject_id,arm,t,e\n0,a,2,1\n", encoding="utf-8")
    with pytest.raises(TableError, match=r"clinical\.csv: the sheet is locked, and not as it was"):
        require_locked_sheet(folder, "clinical.csv", study)
