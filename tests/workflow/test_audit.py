"""The audit trail of real runs: what is on record, what stops a run, what a person may decide."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from trial_runs import change_setting, jobs_of, read_rows, run_radfeat, run_snakemake

from radfeat.core.audit import AuditAction, AuditEvent, read_trail
from radfeat.core.audit_notes import list_notes
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import ROIS

pytestmark = pytest.mark.workflow


def events_of(study: Path) -> list[AuditEvent]:
    return [line.event for line in read_trail(study / "results" / "audit.jsonl")]


def counts_of(events: list[AuditEvent]) -> dict[str, int]:
    return dict(Counter(event.action.value for event in events))


def write_rows(sheet: Path, rows: list[dict[str, str]]) -> None:
    with sheet.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(name for row in rows for name in row)), restval="")
        writer.writeheader()
        writer.writerows(rows)


def test_first_run_leaves_who_did_what_when_in_order(finished_trial: Path) -> None:
    events = events_of(finished_trial)
    models = len(list((finished_trial / "results" / "unblinded").rglob("model.json")))
    endpoints = len(list((finished_trial / "results" / "unblinded" / "models").iterdir()))
    assert counts_of(events) == {
        "run_started": 1,
        "qc_decision": 1,
        "settings_locked": 1,
        "arms_read": 1 + models + endpoints,
        "input_added": 1,
        "run_ended": 1,
    }
    names = [event.action.value for event in events]
    assert (names[0], names[-1]) == ("run_started", "run_ended")
    assert names.index("qc_decision") < names.index("settings_locked") < names.index("arms_read")
    assert events[-1].reason == "radfeat run: exit code 0; digest of report.html."
    assert all(event.actor and event.host and event.when.endswith("Z") for event in events)
    assert list_notes(finished_trial / "results" / "audit.d") == ()
    said = run_radfeat("audit", "verify", str(finished_trial / "results")).stdout
    assert said.startswith(f"{len(events)} lines, all as they were written.")


def test_verify_names_the_line_that_was_edited_and_show_does_not_judge(trial: Path) -> None:
    trail = trial / "results" / "audit.jsonl"
    lines = trail.read_text(encoding="utf-8").split("\n")
    lines[2] = lines[2].replace('"reason":"', '"reason":"not ')
    trail.write_text("\n".join(lines), encoding="utf-8")
    done = run_radfeat("audit", "verify", str(trial / "results"), expect=3)
    assert "audit.jsonl, line 3: edited." in done.stderr
    assert len(run_radfeat("audit", "show", str(trial / "results")).stdout.splitlines()) == len(lines) - 2
    shown = run_radfeat("audit", "show", str(trial / "results"), "--json", "--action", "run_ended").stdout
    assert [line["event"]["action"] for line in json.loads(shown)] == ["run_ended"]


def test_replaced_image_and_exclusion_by_hand_are_on_record_by_key(trial: Path) -> None:
    rois = read_table(trial / "results" / "blinded" / "rois.parquet", ROIS).to_pylist()
    good = {row["subject_id"] for row in rois if row["status"] == "OK"}
    rows = read_rows(trial / "images.csv")
    first, second, third = [row for row in rows if row["subject_id"] in good][:3]
    before = len(events_of(trial))
    shutil.copyfile(trial / second["image"], trial / first["image"])
    third["exclude_reason"] = "Metal artefact in all slices"
    write_rows(trial / "images.csv", rows)
    run_radfeat("run", str(trial), "--cores", "2")
    events = events_of(trial)[before:]
    sheet, image = [e.subject for e in events if e.action is AuditAction.INPUT_REPLACED]
    assert sheet == "file images.csv"
    assert image.startswith("image ")
    assert f"/{first['subject_id']}/" in image
    (excluded,) = [e for e in events if e.action is AuditAction.EXCLUSION]
    assert f"/{third['subject_id']}/" in excluded.subject
    assert excluded.reason == "Metal artefact in all slices"
    table = read_table(trial / "results" / "blinded" / "rois.parquet", ROIS).to_pylist()
    (lost,) = [r for r in table if r["subject_id"] == third["subject_id"]]
    assert (lost["reason"], "Metal artefact" in lost["sentence"]) == ("QC_EXCLUDED", True)


@pytest.mark.requirement("R-LOCK-3")
def test_locked_input_that_changed_stops_the_run_until_the_lock_is_lifted(trial: Path) -> None:
    run_radfeat("freeze", str(trial), "--reason", "Data cut-off")
    run_radfeat("run", str(trial), "--cores", "2")
    assert jobs_of(trial) == {}
    sheet = trial / "clinical.csv"
    sheet.write_bytes(sheet.read_bytes() + b"\n")
    said = run_radfeat("run", str(trial), "--cores", "2", expect=3).stderr
    assert "the inputs are locked, and not as they were: file clinical.csv (changed)" in said
    run_radfeat("freeze", str(trial), "--lift", "--reason", "Query 12 answered")
    run_radfeat("run", str(trial), "--cores", "2")
    decided = [e.reason for e in events_of(trial) if e.action.value.startswith("inputs_")]
    assert decided == ["Data cut-off", "Query 12 answered"]


@pytest.mark.requirement("R-LOCK-2")
def test_gate_stops_the_run_until_a_person_overrides_it_and_both_are_on_record(trial: Path) -> None:
    change_setting(trial, "qc", "max_failed_rois", 4)
    before = len(events_of(trial))
    run_radfeat("run", str(trial), "--cores", "2", expect=4)
    run_radfeat("override", str(trial), "--reason", " ", expect=2)
    run_radfeat("override", str(trial), "--reason", "The five were broken on purpose")
    run_radfeat("run", str(trial), "--cores", "2")
    said = [
        e.reason for e in events_of(trial)[before:] if e.action.value in ("qc_decision", "gate_overridden")
    ]
    assert [reason.partition(":")[0] for reason in said] == [
        "stopped",
        "The five were broken on purpose. Overridden",
        "overridden",
    ]
    assert events_of(trial)[-1].reason.startswith("radfeat run: exit code 0")
    said = (trial / "results" / "report.html").read_text(encoding="utf-8").partition("<main>")[0]
    assert ">QC gate overridden<" in said
    assert "Reason given: The five were broken on purpose." in said


@pytest.mark.requirement("R-LOCK-2")
def test_models_refuse_tables_that_did_not_pass_the_gate(trial: Path) -> None:
    results = trial / "results"
    gate = json.loads((results / "plan" / "gate.json").read_text(encoding="utf-8"))
    gate["table_digests"]["features"] = "0" * 64
    (results / "plan" / "gate.json").write_text(json.dumps(gate), encoding="utf-8")
    done = run_radfeat("subjects", "--results", str(results), expect=3)
    assert "features.parquet: the table is not the one that passed the QC gate" in done.stderr
    (results / "plan" / "gate.json").unlink()
    done = run_radfeat("subjects", "--results", str(results), expect=3)
    assert "the features are not locked" in done.stderr


def test_plain_snakemake_keeps_the_trail_too(trial: Path) -> None:
    change_setting(trial, "modelling", "seed", 99)
    before = len(events_of(trial))
    run_snakemake(trial / "config.yaml")
    events = events_of(trial)[before:]
    assert (events[0].action.value, events[-1].action.value) == ("run_started", "run_ended")
    assert events[-1].reason.startswith("snakemake: exit code 0")
    assert "arms_read" in counts_of(events)
    run_radfeat("audit", "verify", str(trial / "results"))
