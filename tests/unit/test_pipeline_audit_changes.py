"""What a run tells the audit trail: inputs that came, went or changed, and exclusions by hand."""

from pathlib import Path

from radfeat.config.model import StudySettings
from radfeat.core.audit import AuditAction, AuditEvent, AuditLine, Head, chain_events
from radfeat.core.provenance import compute_file_sha256
from radfeat.pipeline.audit_changes import Change, compare_exclusions, list_exclusions, note_inputs
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import build_plan
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


def test_first_run_is_one_event_and_later_ones_name_what_changed(tmp_path: Path) -> None:
    folder = ResultsFolder(tmp_path / "results")
    (tmp_path / "images.csv").write_text("sheet", encoding="utf-8")
    write_series(folder, {"1": "aa", "2": "bb", "3": None})
    (first,) = told(folder, tmp_path)
    assert (first.action, first.subject) == (AuditAction.INPUT_ADDED, "4 inputs")
    assert first.digest == compute_file_sha256(folder.inputs_seen)
    sheet = compute_file_sha256(tmp_path / "images.csv")
    assert folder.inputs_seen.read_text(encoding="utf-8").splitlines() == [
        f"{sheet}  file images.csv",
        "aa  image T/S1/1/w0/CT",
        "bb  image T/S1/2/w0/CT",
        "unreadable  image T/S1/3/w0/CT",
    ]
    assert told(folder, tmp_path) == []
    write_series(folder, {"2": "cc", "3": "dd", "4": "ee"})
    assert told(folder, tmp_path) == [
        Change(AuditAction.INPUT_REMOVED, "image T/S1/1/w0/CT", "", "It was aa."),
        Change(AuditAction.INPUT_REPLACED, "image T/S1/2/w0/CT", "cc", "It was bb."),
        Change(AuditAction.INPUT_REPLACED, "image T/S1/3/w0/CT", "dd", "It was unreadable."),
        Change(AuditAction.INPUT_ADDED, "image T/S1/4/w0/CT", "ee", ""),
    ]
    assert told(folder, tmp_path) == []


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
    header = "study_id,site_id,subject_id,timepoint,image_id,modality,image,mask,roi,exclude_reason"
    rows = ["T,S1,1,w0,CT,CT,1.nii,1-m.nii,gtv,patient moved", "T,S1,2,w0,CT,CT,2.nii,2-m.nii,gtv,"]
    (tmp_path / "images.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    folder = ResultsFolder(tmp_path / "results")
    build_plan(SETTINGS, tmp_path, folder)
    assert list_exclusions(folder, tmp_path) == {"T/S1/1/w0/CT/gtv": "patient moved"}
