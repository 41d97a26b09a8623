"""What a delivery says: counts and reasons for everyone, paths and identities for the site alone."""

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from radfeat.core.errors import SettingsError
from radfeat.core.files import write_own_text, write_text
from radfeat.core.version import VERSION
from radfeat.ingest.deidentify.earlier import PRIVATE
from radfeat.ingest.deidentify.one_file import Outcome
from radfeat.ingest.deidentify.table import EDITION
from radfeat.tables.csv_text import format_rows

MARK = "deidentification.json"


def require_own_target(target: Path, fingerprint: str | None) -> None:
    """Refuse a target that was not filled under this key; ``fingerprint`` is None for a key yet to be made.

    Raises
    ------
    SettingsError
        If the folder holds other things, or was filled under another key.
    """
    mark = target / MARK
    if mark.is_file():
        if _read_fingerprint(mark) != fingerprint:
            raise SettingsError(
                "the target was filled under another key",
                key="--to",
                remedy="Name the key that was used, or another target",
            )
    elif target.is_dir() and any(target.iterdir()):
        raise SettingsError(
            "the target holds other things", key="--to", remedy="Name a folder that is new or empty"
        )


def mark_target(target: Path, fingerprint: str) -> None:
    """Note in a new target under which key it is filled."""
    if not (target / MARK).is_file():
        text = json.dumps({"key": fingerprint, "radfeat": VERSION, "table": f"PS3.15 {EDITION}"})
        write_text(target / MARK, text + "\n")


def _read_fingerprint(mark: Path) -> object:
    try:
        content = json.loads(mark.read_text(encoding="utf-8"))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise SettingsError(
            f"{MARK} of the target is not as it was written", key="--to", remedy="Name another target"
        )
    return content.get("key")


def write_reports(target: Path, source: Path, outcomes: Sequence[Outcome], taken_back: int) -> int:
    """Write summary and quarantine of a delivery, and for the site alone what they stand for.

    The folder ``private/<n>`` belongs to the n-th delivery.

    Returns
    -------
    int
        The number of the delivery.
    """
    private = target / PRIVATE
    number = 1 + max((int(p.name) for p in private.iterdir() if p.name.isdecimal()), default=0)
    folder = private / str(number)
    folder.mkdir(mode=0o700)
    held = [(outcome, outcome.quarantine) for outcome in outcomes if outcome.quarantine is not None]
    withheld = Counter(text for outcome in outcomes for text in outcome.withheld)
    summary = format_rows(("what", "detail", "count"), summarise(outcomes, taken_back))
    reasons = [(n, reason.value) for n, (_, reason) in enumerate(held, start=1)]
    paths = [(n, show_source(o.path, source), reason.value) for n, (o, reason) in enumerate(held, start=1)]
    texts = [(*text, count) for text, count in sorted(withheld.items())]
    write_text(target / "summary.csv", summary)
    write_text(target / "quarantine.csv", format_rows(("number", "reason"), reasons))
    write_own_text(folder / "summary.csv", summary)
    write_own_text(folder / "quarantine.csv", format_rows(("number", "path", "reason"), paths))
    write_own_text(folder / "withheld.csv", format_rows(("element", "text", "count"), texts))
    return number


def show_source(path: Path, source: Path) -> str:
    """A file of the source, from its folder on; bytes that are no UTF-8 as escapes."""
    return os.fsencode(os.path.relpath(path, source)).decode("utf-8", "backslashreplace")


def summarise(outcomes: Iterable[Outcome], taken_back: int) -> list[tuple[str, str, int]]:
    """Files by what became of them, then elements by action and keyword."""
    files: Counter[tuple[str, str]] = Counter()
    elements: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        files[_describe(outcome)] += 1
        for (action, keyword), count in outcome.actions.items():
            elements[f"element {action.value}", keyword] += count
    if taken_back:
        files["file taken back", "written in an earlier delivery, in doubt now"] = taken_back
    return [(*key, count) for counter in (files, elements) for key, count in sorted(counter.items())]


def _describe(outcome: Outcome) -> tuple[str, str]:
    if outcome.quarantine is not None:
        return "file in quarantine", outcome.quarantine.value
    if outcome.copy:
        return "file left out", "a copy of another file, byte for byte"
    return "file written", "the same stood there already" if outcome.unchanged else "new"
