"""What a run writes into the audit trail: that it began, what its jobs noted, what changed, how it ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from radfeat.cli.witness import witness
from radfeat.config.model import StudySettings
from radfeat.core.audit import AuditAction, append_events, read_trail
from radfeat.core.audit_notes import merge_notes
from radfeat.core.provenance import compute_file_sha256
from radfeat.core.version import VERSION
from radfeat.core.vocabulary import ExitCode
from radfeat.pipeline.audit_changes import compare_exclusions, list_exclusions, note_inputs
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import read_plan


@dataclass(slots=True)
class Outcome:
    """How a run ended; until it says otherwise, by an exception."""

    code: int = ExitCode.BUG


@contextmanager
def recorded(folder: ResultsFolder, settings: StudySettings, base: Path, what: str) -> Iterator[Outcome]:
    """Record a run, from its beginning to its end, with the exit code that it leaves in the outcome."""
    begin_run(folder, what)
    outcome = Outcome()
    try:
        yield outcome
    finally:
        end_run(folder, settings, base, what, outcome.code)


def begin_run(folder: ResultsFolder, what: str) -> None:
    """Record that a run begins, after what the jobs of one that was killed had noted."""
    merge_notes(folder.audit, folder.audit_notes)
    plan = read_plan(folder)
    said = f"{what}: radfeat {VERSION}, {plan.cases} cases with {plan.rois} ROIs; digest of run_config.yaml."
    digest = compute_file_sha256(folder.run_config)
    append_events(
        folder.audit, [witness(AuditAction.RUN_STARTED, f"run {plan.run_id}", digest=digest, reason=said)]
    )


def end_run(folder: ResultsFolder, settings: StudySettings, base: Path, what: str, code: int) -> None:
    """Record what the jobs noted, what changed since the last run, and how this one ended."""
    merge_notes(folder.audit, folder.audit_notes)
    changes = [
        *compare_exclusions(read_trail(folder.audit), list_exclusions(folder, base)),
        *note_inputs(folder, settings, base),
    ]
    events = [witness(c.action, c.subject, digest=c.digest, reason=c.reason) for c in changes]
    digest = compute_file_sha256(folder.report) if folder.report.is_file() else ""
    said = f"{what}: exit code {code}{'; digest of report.html' if digest else ''}."
    run = f"run {read_plan(folder).run_id}"
    append_events(folder.audit, [*events, witness(AuditAction.RUN_ENDED, run, digest=digest, reason=said)])
