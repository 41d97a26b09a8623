"""The lock: which analysis was decided on before the arms were read, and whether this is still that one.

The lock is written from the settings alone, before any job opens the clinical sheet. A job that has read
the sheet leaves the statement of its analysis in ``plan/readings``: the first one is the locked analysis from
then on. Every output of the unblinded half carries the digest of the locked analysis, so that a lock that was
deleted is found again in what was made under it. What this cannot prevent is in
``docs/decisions/0031-the-lock.md``.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from radfeat.config.lock import compute_lock_parts
from radfeat.config.model import StudySettings, section
from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import TableError
from radfeat.core.files import write_text
from radfeat.core.vocabulary import Standing
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.lock_evidence import find_locks

PART_NAMES = {
    "columns": "columns of the clinical sheet",
    "extraction": "ingest, prepare or features",
    "qc": "qc",
    "radfeat": "the version of radfeat",
    "repeats": "repeatability or perturb",
}
"""What each part of a statement but ``modelling`` is called in a sentence."""


Record = TypeVar("Record")


@dataclass(frozen=True, slots=True)
class Statement:
    """One analysis: digest of all its parts, digest of each, and its section ``modelling``, if known."""

    digest: str
    parts: dict[str, str] | None
    modelling: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Lock:
    """The locked analysis beside the present one; ``readings`` counts analyses with which arms were read.

    ``readings`` counts the present one as well. ``locked`` is None where no record says which it is.
    """

    standing: Standing
    sentence: str
    locked: Statement | None
    current: Statement
    readings: int

    @property
    def marks(self) -> dict[str, str]:
        """What every output of the unblinded half carries."""
        locked = self.locked.digest if self.locked else "unknown"
        return {
            "standing": self.standing.value,
            "lock_digest": locked,
            "analysis_digest": self.current.digest,
        }


def build_statement(settings: StudySettings) -> Statement:
    """The analysis that the settings declare."""
    parts = compute_lock_parts(settings)
    return Statement(compute_json_digest(parts), parts, section(settings, "modelling"))


def write_lock(folder: ResultsFolder) -> Lock:
    """Write the lock of the run's settings; the clinical sheet is not read.

    Raises
    ------
    TableError
        There is no plan, or a record of an earlier reading is damaged.
    """
    lock = judge_lock(folder, build_statement(_read_settings(folder)))
    write_text(folder.lock, json.dumps(asdict(lock), indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    return lock


def judge_lock(folder: ResultsFolder, current: Statement) -> Lock:
    """Compare an analysis with the one under which the arms were first read, if they were."""
    first = _read_first(folder)
    known = find_locks(folder)
    digests = {d for d in known if d is not None} | ({first.digest} if first else set())
    readings = len({p.stem for p in folder.readings.glob("*.json")} - {"first"} | {current.digest})
    if not known and first is None:
        sentence = "The arms have not been read: this analysis is locked with the first job that reads them."
        return Lock(Standing.CONFIRMATORY, sentence, current, current, 1)
    if len(digests) != 1:
        what = "contradict each other" if digests else "do not say under which analysis they were made"
        sentence = f"The arms have been read, and the outputs {what}: nothing here can be confirmatory."
        return Lock(Standing.EXPLORATORY, sentence, None, current, readings)
    locked = first or Statement(next(iter(digests)), None, None)
    if locked.digest == current.digest:
        sentence = "This is the analysis that was locked before the arms were read."
        return Lock(Standing.CONFIRMATORY, sentence, current, current, readings)
    sentence = (
        "This is not the analysis that was locked before the arms were read"
        f"; different: {_name_differences(locked, current)}."
    )
    return Lock(Standing.EXPLORATORY, sentence, locked, current, readings)


def read_lock(folder: ResultsFolder) -> Lock:
    """The lock of the present settings, as the stage ``lock`` wrote it.

    Raises
    ------
    TableError
        There is no lock, it is that of other settings, or it is not what the earlier readings say.
    """
    if not folder.lock.is_file():
        raise TableError(
            "the analysis is not locked",
            key=folder.lock.name,
            remedy="Run `radfeat lock` before anything that reads the arms",
        )
    current = build_statement(_read_settings(folder))
    lock = _parse(Lock, folder.lock.read_text(encoding="utf-8"), folder.lock.name)
    first = _read_first(folder)
    locked = lock.locked.digest if lock.locked else None
    is_promise_broken = lock.standing is Standing.CONFIRMATORY and locked != current.digest
    # By digest: of a first reading that was found again in the outputs nothing else is known.
    is_other = first is not None and locked is not None and locked != first.digest
    if lock.current.digest != current.digest or is_promise_broken or is_other:
        raise TableError(
            "the lock is not that of the present settings and of the earlier readings of the arms",
            key=folder.lock.name,
            remedy="Run `radfeat lock`, or the study, again",
        )
    return lock


def record_reading(folder: ResultsFolder, lock: Lock) -> None:
    """Note that the arms have been read with the present analysis; which was the first is never rewritten.

    Jobs of one run may do this at the same time: they write the same.
    """
    first = folder.readings / "first.json"
    if lock.locked is not None and not first.is_file():
        write_text(
            first, json.dumps(asdict(lock.locked), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        )
    own = folder.readings / f"{lock.current.digest}.json"
    if not own.is_file():
        write_text(own, json.dumps(asdict(lock.current), indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def _read_first(folder: ResultsFolder) -> Statement | None:
    """The analysis with which the arms were first read; None where there is no record of it."""
    path = folder.readings / "first.json"
    if not path.is_file():
        return None
    first = _parse(Statement, path.read_text(encoding="utf-8"), path.name)
    if first.parts is not None and first.digest != compute_json_digest(first.parts):
        raise TableError(
            "the record of the first reading of the arms was changed", key=path.name, remedy=_RESTORE
        )
    return first


_RESTORE = "Restore it from a copy; an analysis without its record can only be exploratory"


def _parse(kind: type[Record], text: str, name: str) -> Record:
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError:
        raise TableError("the record of the locked analysis is damaged", key=name, remedy=_RESTORE) from None


def _name_differences(locked: Statement, current: Statement) -> str:
    """Names of the settings and parts that differ."""
    if locked.parts is None or current.parts is None:
        return "unknown, its record is lost"
    was, now = locked.modelling or {}, current.modelling or {}
    fields = [f"modelling.{name}" for name in now if was.get(name) != now[name]]
    fields += [f"modelling.{name}" for name in was if name not in now]
    parts = [words for name, words in PART_NAMES.items() if locked.parts.get(name) != current.parts.get(name)]
    return ", ".join([*fields, *parts]) or "modelling"


def _read_settings(folder: ResultsFolder) -> StudySettings:
    if not folder.run_config.is_file():
        raise TableError(
            "there is no plan here",
            key=str(folder.run_config),
            remedy="Run `radfeat run` or `radfeat plan` first",
        )
    return StudySettings.model_validate(yaml.safe_load(folder.run_config.read_text(encoding="utf-8")))
