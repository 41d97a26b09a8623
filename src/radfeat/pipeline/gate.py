"""The QC gate: who passes it, what a person may override, and which tables passed.

What passes is locked: the models refuse tables that are not those for which the gate opened.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pyarrow as pa

from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import SettingsError, TableError
from radfeat.core.files import write_text
from radfeat.pipeline.failures import count_failures
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import read_plan
from radfeat.qc.settings import GATE_LIMITS, QcSettings
from radfeat.qc.verdict import check_gate
from radfeat.tables.describe import locate_table
from radfeat.tables.parquet import read_columns, read_identity, read_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES, REPEATABILITY, ROIS, SERIES, TableSchema

GATED = (FEATURES, ROIS, SERIES, FEATURE_CATALOGUE, REPEATABILITY)
"""The tables from which the models are made."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate makes of the measured ROIs: whether it opens, in a sentence, and why if overridden.

    ``digest`` is that of the counts and the limits: the verdict that a person can override.
    """

    is_open: bool
    sentence: str
    digest: str
    overridden: str | None = None


def judge_gate(folder: ResultsFolder) -> Verdict:
    """Judge the measured ROIs; where the gate opens, write which tables passed.

    Raises
    ------
    TableError
        There is no plan, or a table is missing.
    """
    verdict = _judge(folder)
    if verdict.is_open:
        digests = {
            schema.name: read_identity(locate_table(folder.blinded, schema)).logical_digest
            for schema in GATED
        }
        kept = {"sentence": verdict.sentence, "overridden": verdict.overridden, "table_digests": digests}
        write_text(folder.gate, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    return verdict


def override_gate(folder: ResultsFolder, reason: str) -> Verdict:
    """Let the gate open for the present verdict, and for no other.

    Raises
    ------
    SettingsError
        If the gate is open without that.
    """
    verdict = _judge(folder)
    if verdict.is_open:
        raise SettingsError("the QC gate is open: there is nothing to override", key=folder.gate.name)
    kept = {"verdict": verdict.digest, "reason": reason}
    write_text(folder.override, json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    return verdict


@dataclass(frozen=True, slots=True)
class Opened:
    """The gate as it opened: the sentence about failed ROIs, and why a person overrode it (None: nobody).

    ``table_digests`` holds the logical digest of each table that passed, by its name.
    """

    sentence: str
    overridden: str | None
    table_digests: Mapping[str, str]


def read_opened(folder: ResultsFolder) -> Opened:
    """What was written when the gate opened.

    Raises
    ------
    TableError
        The gate has not opened.
    """
    if not folder.gate.is_file():
        raise TableError(
            "the QC gate has not opened: the features are not locked",
            key=folder.gate.name,
            remedy="Run `radfeat gate` before anything that reads the arms",
        )
    kept = json.loads(folder.gate.read_text(encoding="utf-8"))
    return Opened(kept["sentence"], kept.get("overridden"), kept.get("table_digests", {}))


def read_gated(folder: ResultsFolder, schema: TableSchema) -> pa.Table:
    """A table of the blinded half, whole, and the one that passed the gate.

    Raises
    ------
    TableError
        The gate has not opened, or the table is another, or was changed.
    """
    path = locate_table(folder.blinded, schema)
    table = read_table(path, schema, verify=True)
    if read_identity(path).logical_digest != read_opened(folder).table_digests.get(schema.name):
        raise TableError(
            "the table is not the one that passed the QC gate",
            key=path.name,
            remedy="Run the study again, or `radfeat gate`",
        )
    return table


def _judge(folder: ResultsFolder) -> Verdict:
    read_plan(folder)
    given = json.loads(folder.extraction_settings.read_text(encoding="utf-8"))["qc"]
    counts = count_failures(read_columns(locate_table(folder.blinded, ROIS), ROIS, ["status", "reason"]))
    finding = check_gate(counts.failed, counts.rois, QcSettings.model_validate(given))
    limits = {name: given[name] for name in sorted(GATE_LIMITS)}
    digest = compute_json_digest([asdict(counts), limits])
    if finding is None:
        return Verdict(True, f"{counts.sentence}.", digest)
    reason = _read_override(folder, digest)
    return Verdict(reason is not None, finding.sentence, digest, reason)


def _read_override(folder: ResultsFolder, digest: str) -> str | None:
    """Why a person overrode this verdict; None where nobody did, or only another one."""
    if not folder.override.is_file():
        return None
    kept = json.loads(folder.override.read_text(encoding="utf-8"))
    return str(kept["reason"]) if kept["verdict"] == digest else None
