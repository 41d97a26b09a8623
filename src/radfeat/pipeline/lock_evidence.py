"""Traces of the locked analysis in what was made under it: a deleted record is found again there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from radfeat.core.errors import TableError
from radfeat.pipeline.folders import ResultsFolder
from radfeat.tables.parquet import read_identity

REPORT_MARK = re.compile(r'<meta name="radfeat-lock" content="([0-9a-z]+)">')
"""How the report of a run carries the digest of the locked analysis, in its head."""

HEAD_CHARACTERS = 4096

UNKNOWN = "unknown"
"""Stands in an output for the digest of a lock that was lost."""


def find_locks(folder: ResultsFolder) -> set[str | None]:
    """Digests of the locked analysis in all outputs that read the arms; None for one that does not say.

    Looked at are the tables and models of the unblinded half, the report, and the timings of the jobs that
    fitted models, which Snakemake writes only where such a job has ended.
    """
    found: set[str | None] = set()
    for path in sorted(folder.unblinded.rglob("*.parquet")):
        found.add(_read_table_mark(path))
    for path in sorted(folder.unblinded.rglob("model.json")):
        found.add(_read_model_mark(path))
    found.update(_read_report_mark(folder.report))
    if not found and any((folder.root / "benchmarks" / "unblinded").rglob("*.tsv")):
        found.add(None)
    return {None if digest == UNKNOWN else digest for digest in found}


def _read_table_mark(path: Path) -> str | None:
    try:
        return read_identity(path).marks.get("lock_digest")
    except TableError:
        return None


def _read_model_mark(path: Path) -> str | None:
    try:
        mark = json.loads(path.read_text(encoding="utf-8"))["lock_digest"]
    except (ValueError, KeyError, TypeError):
        return None
    return mark if isinstance(mark, str) else None


def _read_report_mark(path: Path) -> Iterator[str]:
    if path.is_file():
        with path.open(encoding="utf-8") as stream:
            mark = REPORT_MARK.search(stream.read(HEAD_CHARACTERS))
        if mark:
            yield mark.group(1)
