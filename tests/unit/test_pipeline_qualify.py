"""Checks of a qualification: each passes here, and each fails where something is wrong."""

import base64
import hashlib
import json
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from radfeat.core.audit import append_event
from radfeat.pipeline import qualify_operation
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.qualify import build_qualification, carry_out
from radfeat.pipeline.qualify_installation import check_files, check_locked, check_needed, check_own_files
from radfeat.pipeline.qualify_operation import (
    check_concordance,
    check_digest,
    check_flipped_byte,
    check_ibsi,
    check_refusal,
    check_transport,
)
from radfeat.pipeline.qualify_performance import check_audit, check_broken, check_same
from radfeat.submission.lock_file import Locked
from radfeat.submission.qualification import Stage
from radfeat.submission.requirements import Result
from radfeat.tables.parquet import write_table
from radfeat.tables.schemas import ROIS
from studies import make_tables, roi_row

PASSED, FAILED, NOT_RUN = Result.PASSED, Result.FAILED, Result.NOT_RUN


def make_package(folder: Path) -> Distribution:
    """An installed package of one file, as pip leaves it: RECORD has the file's hash."""
    info = folder / "thing-1.2.dist-info"
    info.mkdir(parents=True)
    data = b"x = 1\n"
    (folder / "thing.py").write_bytes(data)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: thing\nVersion: 1.2\n", encoding="utf-8")
    value = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    record = f"thing.py,sha256={value},{len(data)}\n{info.name}/METADATA,,\n"
    (info / "RECORD").write_text(record, encoding="utf-8")
    return Distribution.at(info)


def test_a_file_that_was_changed_after_installation_is_found(tmp_path: Path) -> None:
    package = make_package(tmp_path)
    assert check_files({"thing": package}).result is PASSED
    (tmp_path / "thing.py").write_text("x = 2\n", encoding="utf-8")
    found = check_files({"thing": package})
    assert (found.result, found.found) == (FAILED, "1 of 1 files differ: thing.py.")
    (tmp_path / "thing.py").unlink()
    assert check_files({"thing": package}).result is FAILED


def test_no_recorded_file_is_not_a_pass() -> None:
    assert check_files({}).result is NOT_RUN


def test_another_version_than_the_locked_one_is_named(tmp_path: Path) -> None:
    needed = {"thing": make_package(tmp_path)}
    assert check_locked(needed, {"thing": Locked("1.2", ())}).result is PASSED
    other = check_locked(needed, {"thing": Locked("1.3", ())})
    assert (other.result, other.found) == (FAILED, "thing 1.2 (locked 1.3).")
    assert "thing 1.2 is not in the lock" in check_locked(needed, {}).found


def test_an_absent_package_is_named() -> None:
    found = check_needed({"nowhere": None})
    assert (found.result, found.found) == (FAILED, "nowhere is absent.")


def test_this_installation_is_whole() -> None:
    assert check_own_files().result is PASSED


def test_known_numbers_are_computed_here(tmp_path: Path) -> None:
    checks = (check_digest(), check_flipped_byte(tmp_path), check_concordance(), check_transport())
    assert [c.result for c in (*checks, check_refusal())] == [PASSED] * 5


def test_another_number_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qualify_operation, "EXAMPLE_ROWS", qualify_operation.EXAMPLE_ROWS[:2])
    monkeypatch.setattr(qualify_operation, "estimate_concordance", lambda *_: 0.75)
    monkeypatch.setattr(qualify_operation, "require_sound", lambda _: None)
    assert check_digest().result is FAILED
    assert check_concordance().result is FAILED
    assert check_refusal().found == "0 of 3 refused."


def test_the_ct_phantom_that_is_not_there_was_not_run() -> None:
    digital, ct = check_ibsi({})
    assert (digital.result, digital.found) == (PASSED, "402 of 402 values.")
    assert ct.result is NOT_RUN


@pytest.mark.requirement("R-SUB-3")
def test_stages_that_were_not_asked_for_were_not_run() -> None:
    checks = list(carry_out([], {}, None))
    assert [(check.id, check.stage, check.result) for check in checks] == [
        ("IQ", Stage.INSTALLATION, NOT_RUN),
        ("OQ", Stage.OPERATION, NOT_RUN),
        ("PQ", Stage.PERFORMANCE, NOT_RUN),
    ]
    assert build_qualification(checks, None).result is NOT_RUN


@pytest.mark.parametrize(
    ("reason", "expected"), [("GEOMETRY", PASSED), ("ROI_EMPTY", FAILED), (None, FAILED)]
)
def test_a_broken_input_must_have_the_reason_that_was_planted(
    tmp_path: Path, reason: str | None, expected: Result
) -> None:
    rows = [roi_row("1", features={"f": 1.0}), roi_row("2", reason=reason, features={"f": 1.0})]
    _, rois = make_tables(rows, ["f"])
    results = ResultsFolder(tmp_path / "results")
    write_table(results.blinded / "rois.parquet", rois, ROIS, settings_digest="s", run_id="r")
    truth = {"broken": [{"roi_ids": [rois["roi_id"][1].as_py()], "expected_reason": "GEOMETRY"}]}
    (tmp_path / "truth.json").write_text(json.dumps(truth), encoding="utf-8")
    assert check_broken(tmp_path / "truth.json", results).result is expected


def test_tables_of_two_runs_are_compared_by_name_and_digest(tmp_path: Path) -> None:
    folders = [ResultsFolder(tmp_path / name) for name in ("a", "b", "c", "d")]
    for folder, subject in zip(folders[:3], ("1", "1", "2"), strict=True):
        _, rois = make_tables([roi_row(subject, features={"f": 1.0})], ["f"])
        write_table(folder.blinded / "rois.parquet", rois, ROIS, settings_digest="s", run_id=subject)
    a, b, c, d = folders
    assert check_same(a, b).result is PASSED
    assert check_same(a, c).found == "Different: rois."
    assert check_same(a, d).result is FAILED
    assert check_same(d, d).result is FAILED  # no table at all


def test_an_audit_trail_has_to_be_whole_from_the_beginning_of_a_run_to_its_end(tmp_path: Path) -> None:
    results = ResultsFolder(tmp_path)
    assert check_audit(results).result is FAILED  # no trail at all
    known = {"subject": "run 1", "actor": "anna", "host": "node", "when": "2026-11-27T03:00:00Z"}
    append_event(results.audit, action="run_started", **known)
    assert check_audit(results).found == "Beginning or end is missing."
    append_event(results.audit, action="run_ended", **known)
    assert (check_audit(results).result, check_audit(results).found) == (PASSED, "2 lines.")
    results.audit.write_text(results.audit.read_text(encoding="utf-8").replace("anna", "otto", 1))
    assert (check_audit(results).result, check_audit(results).found) == (FAILED, "Line 1: edited.")
