"""What a run tells the audit trail: inputs that came, went or changed, and exclusions by hand."""

from pathlib import Path

import pytest

from radfeat.config.model import StudySettings
from radfeat.core.audit import AuditAction, AuditEvent, AuditLine, Head, chain_events
from radfeat.core.provenance import compute_file_sha256
from radfeat.pipeline.audit_changes import Change, compare_exclusions, list_exclusions, note_inputs
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.planning import build_plan
from radfeat.tables.parquet import build_table, write_table
from radfeat.tables.schemas import SERIES

SETTINGS = StudySettings()
CASE = {"study_id": "T", "site_id": "S1", "timepoint": "w0", "image_id": "CT"}
SEEN = {**CASE, "modality": "CT", "status": "OK"}


def write_series(folder: ResultsFolder, digests: dict[str, str | None]) -> None:
    rows = [
        {"case_id": f"T/S1/{n}/w0/CT", "subject_id": n, **SEEN, "image_sha256": d} for n, d in digests.items()
    ]
    table = build_table(SERIES, rows)
    write_table(folder.blinded / "series.parquet", table, SERIES, settings_digest="s", run_id="r")


def told(folder: ResultsFolder, base: Path) -> list[Change]:
    return note_inputs(folder, SETTINGS, base)


HEADER = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi"


@pytest.fixture
def folder(tmp_path: Path) -> ResultsFolder:
    """A planned study of three subjects; the image of the third is a header whose voxels are elsewhere."""
    images = {"1": "1.nii", "2": "2.nii", "3": "3.mhd"}
    lines = [f"T,S1,{n},w0,CT,CT,{image},{n}-m.nii,gtv" for n, image in images.items()]
    (tmp_path / "images.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    for name in (*images.values(), "1-m.nii", "2-m.nii"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    results = ResultsFolder(tmp_path / "results")
    build_plan(SETTINGS, tmp_path, results)
    return results


def seen(folder: ResultsFolder) -> dict[str, str]:
    lines = folder.inputs_seen.read_text(encoding="utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def test_first_run_is_one_event_and_the_list_of_all_that_is_there(folder: ResultsFolder) -> None:
    base = folder.root.parent
    assert told(folder, base) == [], "there are no tables yet"
    write_series(folder, {"1": "aa", "2": None, "3": None})
    (first,) = told(folder, base)
    assert (first.action, first.subject) == (AuditAction.INPUT_ADDED, "6 inputs")
    assert first.digest == compute_file_sha256(folder.inputs_seen)
    assert seen(folder) == {
        "file images.csv": compute_file_sha256(base / "images.csv"),
        "image T/S1/1/w0/CT": "aa",
        "image T/S1/2/w0/CT": compute_file_sha256(base / "2.nii"),
        "image T/S1/3/w0/CT": "not measured",
        "mask T/S1/1/w0/CT/gtv": compute_file_sha256(base / "1-m.nii"),
        "mask T/S1/2/w0/CT/gtv": compute_file_sha256(base / "2-m.nii"),
    }
    assert told(folder, base) == []


def test_later_runs_name_what_came_went_or_changed(folder: ResultsFolder) -> None:
    base = folder.root.parent
    write_series(folder, {"1": "aa", "2": "bb", "3": "cc"})
    told(folder, base)
    write_series(folder, {"1": "dd", "2": "bb", "3": None})
    was = compute_file_sha256(base / "2-m.nii")
    (base / "2-m.nii").unlink()
    (base / "3-m.nii").write_text("new", encoding="utf-8")
    assert told(folder, base) == [
        Change(AuditAction.INPUT_REPLACED, "image T/S1/1/w0/CT", "dd", "It was aa."),
        Change(AuditAction.INPUT_REMOVED, "mask T/S1/2/w0/CT/gtv", "", f"It was {was}."),
        Change(AuditAction.INPUT_ADDED, "mask T/S1/3/w0/CT/gtv", compute_file_sha256(base / "3-m.nii"), ""),
    ], "the third image failed this time, and is not taken for another"
    assert seen(folder)["image T/S1/3/w0/CT"] == "cc"
    assert told(folder, base) == []


def chain(*changes: Change) -> list[AuditLine]:
    events = [AuditEvent(c.action, c.subject, c.digest, c.reason, "a", "h", "2026") for c in changes]
    return list(chain_events(events, Head(0, "0" * 64)))


def test_exclusions_are_told_once_and_again_when_they_change_or_end() -> None:
    first = list(compare_exclusions([], {"roi/1": "motion", "roi/2": "metal"}))
    assert first == [
        Change(AuditAction.EXCLUSION, "roi/1", "", "motion"),
        Change(AuditAction.EXCLUSION, "roi/2", "", "metal"),
    ]
    assert list(compare_exclusions(chain(*first), {"roi/1": "motion", "roi/2": "metal"})) == []
    second = list(compare_exclusions(chain(*first), {"roi/2": "metal artefact"}))
    assert second == [
        Change(AuditAction.EXCLUSION_LIFTED, "roi/1", "", "It was excluded because: motion"),
        Change(AuditAction.EXCLUSION, "roi/2", "", "metal artefact"),
    ]
    assert list(compare_exclusions(chain(*first, *second), {"roi/2": "metal artefact"})) == []


def test_exclusions_come_from_the_image_sheet(tmp_path: Path) -> None:
    rows = ["T,S1,1,w0,CT,CT,1.nii,1-m.nii,gtv,patient moved", "T,S1,2,w0,CT,CT,2.nii,2-m.nii,gtv,"]
    (tmp_path / "images.csv").write_text(
        "\n".join([f"{HEADER},exclude_reason", *rows]) + "\n", encoding="utf-8"
    )
    folder = ResultsFolder(tmp_path / "results")
    build_plan(SETTINGS, tmp_path, folder)
    assert list_exclusions(folder, tmp_path) == {"T/S1/1/w0/CT/gtv": "patient moved"}
