"""What a run says: counts and reasons for everyone, paths and identities for the site alone."""

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from radfeat.core.errors import SettingsError
from radfeat.core.files import write_text
from radfeat.core.version import VERSION
from radfeat.ingest.deidentify.journal import Profile
from radfeat.ingest.deidentify.one_file import Outcome
from radfeat.ingest.deidentify.table import EDITION

PRIVATE = "private"
"""Folder of the target for the site alone: it says who is who."""

MARK = "deidentification.json"


def require_own_target(target: Path, profile: Profile) -> None:
    """Refuse a target that is no target of this key; make and mark a new one.

    Raises
    ------
    SettingsError
        If the folder holds other things, or was filled under another key.
    """
    mark = target / MARK
    if mark.is_file():
        if json.loads(mark.read_text(encoding="utf-8")).get("key") != profile.secret.fingerprint:
            raise SettingsError(
                "the target was filled under another key",
                key="--to",
                remedy="Name the key that was used, or another target",
            )
        return
    if target.is_dir() and any(target.iterdir()):
        raise SettingsError(
            "the target holds other things", key="--to", remedy="Name a folder that is new or empty"
        )
    text = json.dumps({"key": profile.secret.fingerprint, "radfeat": VERSION, "table": f"PS3.15 {EDITION}"})
    write_text(mark, text + "\n")


def write_reports(target: Path, outcomes: Sequence[Outcome], source: Path) -> None:
    """Write summary, quarantine and, readable by their owner only, the private lists."""
    private = target / PRIVATE
    private.mkdir(parents=True, exist_ok=True)
    private.chmod(0o700)
    held = [outcome for outcome in outcomes if outcome.quarantine is not None]
    _write(target / "summary.csv", ("what", "detail", "count"), summarise(outcomes))
    reasons = [(n, outcome.quarantine) for n, outcome in enumerate(held, start=1)]
    _write(target / "quarantine.csv", ("number", "reason"), reasons)
    paths = [
        (n, os.path.relpath(outcome.path, source), outcome.quarantine)
        for n, outcome in enumerate(held, start=1)
    ]
    _write(private / "quarantine.csv", ("number", "path", "reason"), paths)
    written = [(os.path.relpath(o.path, source), o.output) for o in outcomes if o.output is not None]
    _write(private / "files.csv", ("path", "output"), written)
    subjects = sorted({(o.patient_id, o.subject_id) for o in outcomes if o.output is not None})
    _write(private / "subjects.csv", ("patient_id", "subject_id"), subjects)
    withheld = Counter(text for outcome in outcomes for text in outcome.withheld)
    _write(
        private / "withheld.csv",
        ("element", "text", "count"),
        [(*text, count) for text, count in sorted(withheld.items())],
    )


def summarise(outcomes: Iterable[Outcome]) -> list[tuple[str, str, int]]:
    """Files by what became of them, then elements by action and keyword."""
    files: Counter[tuple[str, str]] = Counter()
    elements: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        files[_describe(outcome)] += 1
        for (action, keyword), count in outcome.actions.items():
            elements[f"element {action.value}", keyword] += count
    return [(*key, count) for counter in (files, elements) for key, count in sorted(counter.items())]


def _describe(outcome: Outcome) -> tuple[str, str]:
    if outcome.quarantine is not None:
        return "file in quarantine", outcome.quarantine.value
    if outcome.copy:
        return "file left out", "a copy of another file, byte for byte"
    return "file written", "the same stood there already" if outcome.unchanged else "new"


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_text(path, buffer.getvalue())
