"""A whole delivery: planned, then file by file, side by side; and what became of each, on record."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from radfeat.core.batches import Each, join_batches, map_in_batches
from radfeat.core.files import hold_file, remove_temporaries
from radfeat.ingest.deidentify.earlier import PRIVATE, Earlier, KnownFile, read_earlier, write_earlier
from radfeat.ingest.deidentify.journal import Profile
from radfeat.ingest.deidentify.one_file import Outcome, deidentify_file
from radfeat.ingest.deidentify.plan import Plan, Progress, Task, plan_delivery
from radfeat.ingest.deidentify.reports import show_source, write_reports

CHUNK = 8
"""Files handed to a worker at a time."""

DATA = "dicom"
"""Folder of the target that holds the objects: all that may be handed on."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of each file, sorted by path; what was taken back; and the number of the delivery."""

    outcomes: tuple[Outcome, ...]
    taken_back: tuple[KnownFile, ...]
    number: int


def deidentify_tree(
    source: Path, target: Path, profile: Profile, *, workers: int, progress: Progress
) -> Delivery:
    """De-identify all files below ``source`` into the folder ``dicom`` of ``target``, and report.

    What stands there from an earlier delivery and is in doubt now is taken back. Where the work is stopped,
    what was done until then is reported.

    Raises
    ------
    SettingsError
        If two PatientIDs would share a pseudonym, or another delivery is at work in the target.
    InputError
        If there are no files.
    TableError
        If the record of earlier deliveries is damaged.
    WorkerError
        If a worker process was killed.
    """
    private = target / PRIVATE
    private.mkdir(parents=True, exist_ok=True)
    private.chmod(0o700)
    with hold_file(private / "lock", "delivery"):
        _sweep(target / DATA)
        earlier = read_earlier(target)
        plan = plan_delivery(source, profile, earlier, workers=workers, progress=progress)
        done: dict[int, Sequence[Outcome]] = {}
        try:
            map_in_batches(
                Each(partial(_carry_out, target=target / DATA, profile=profile)),
                plan.tasks,
                workers=workers,
                preload=__name__,
                limit=CHUNK,
                on_progress=partial(progress, "write"),
                kept=done,
            )
        finally:
            delivery = _report(source, target, earlier, plan, join_batches(done))
    return delivery


def _carry_out(task: Task, target: Path, profile: Profile) -> Outcome:
    return deidentify_file(task.path, target, profile, task.known)


def _sweep(data: Path) -> None:
    """Remove what a killed run left half written."""
    for folder, _, _ in os.walk(data):
        remove_temporaries(Path(folder))


def _report(source: Path, target: Path, earlier: Earlier, plan: Plan, done: Sequence[Outcome]) -> Delivery:
    outcomes = sorted([*done, *plan.settled], key=lambda outcome: os.fsencode(outcome.path))
    taken_back = _take_back(target / DATA, earlier, plan, outcomes)
    files = {name: file for name, file in earlier.files.items() if file not in taken_back}
    for outcome in outcomes:
        if outcome.output is not None:
            file = KnownFile(outcome.output, show_source(outcome.path, source), outcome.source_sha256)
            files[file.instance] = file
    write_earlier(target, Earlier(plan.subjects, files))
    number = write_reports(target, source, outcomes, len(taken_back))
    return Delivery(tuple(outcomes), tuple(taken_back), number)


def _take_back(data: Path, earlier: Earlier, plan: Plan, outcomes: Sequence[Outcome]) -> list[KnownFile]:
    """Remove the objects of earlier deliveries whose file, or whose subject, went to quarantine now."""
    held = {plan.instances.get(o.path) for o in outcomes if o.quarantine is not None}
    doubted = [f for n, f in earlier.files.items() if n in held or f.subject_id in plan.doubtful]
    for file in doubted:
        (data / file.output).unlink(missing_ok=True)
    return doubted
