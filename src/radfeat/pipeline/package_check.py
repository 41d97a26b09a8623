"""Is a package as it was written? Its files, tables, audit trail, signatures. Needs no network."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from radfeat.core.errors import SubmissionError, TableError
from radfeat.core.provenance import compute_file_sha256
from radfeat.pipeline.audit_link import TRAIL, check_trail
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.package import FORMAT
from radfeat.pipeline.run_pairs import PACKAGED_OUTPUTS, list_tables
from radfeat.submission.bag import SEAL, SIGNATURES, check_bag, compute_seal
from radfeat.submission.comparison import hash_table
from radfeat.submission.levels import Check, Outcome
from radfeat.submission.signature import SUFFIX, Signed, check_signature
from radfeat.submission.table_pairs import compute_digest, load_table
from radfeat.tables.schemas import TABLES


def check_package(package: Path, known: Sequence[str] = ()) -> tuple[Check, ...]:
    """Every check of a package.

    Parameters
    ----------
    package
        The folder that ``radfeat package`` wrote.
    known
        Public keys (hexadecimal) of signers that the reader knows. Where any are given, the package has to be
        signed by one of them.
    """
    return (
        _check_files(package),
        _check_tables(package),
        _check_audit(package),
        _check_signatures(package, known),
    )


def read_facts(package: Path) -> dict[str, Any]:
    """What a package says of itself.

    Raises
    ------
    SubmissionError
        It says nothing that this version understands.
    """
    path = package / "data" / "package.json"
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        written = facts["format"]
    except (OSError, ValueError, KeyError, TypeError):
        raise SubmissionError(
            "this is no package of radfeat, or its package.json is damaged",
            key=str(package),
            remedy="Name the folder that `radfeat package` wrote; `radfeat verify` names damaged files",
        ) from None
    if written != FORMAT:
        raise SubmissionError(
            "the package has another format", key=path.name, measured=str(written), allowed=FORMAT
        )
    return facts


def _check_files(package: Path) -> Check:
    faults = [fault.sentence for fault in check_bag(package)]
    if faults:
        return _fail("files", f"{len(faults)} files are not as they were written", faults)
    return Check("files", Outcome.HOLDS, "every file is as it was written")


def _check_tables(package: Path) -> Check:
    """Whether each table says what it said: its logical digest, computed again."""
    folder = ResultsFolder(package / PACKAGED_OUTPUTS)
    try:
        recorded = json.loads((folder.root / "digests.json").read_text(encoding="utf-8"))
        wanted = {name: (digests["sha256"], digests["logical_digest"]) for name, digests in recorded.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _fail("tables", "the record of their digests cannot be read", ["outputs/digests.json"])
    present = list_tables(folder)
    faults = [f"{name}: missing" for name in wanted if name not in present]
    faults += [f"{name}: not recorded" for name in present if name not in wanted]
    for name in sorted(present.keys() & wanted.keys()):
        fault = _check_table(present[name], wanted[name])
        faults += [f"{name}: {fault}"] if fault else []
    if faults:
        return _fail("tables", f"{len(faults)} of {len(wanted)} tables do not say what they said", faults)
    return Check(
        "tables", Outcome.HOLDS, f"{len(wanted)} tables say what they said, by their logical digests"
    )


def _check_table(path: Path, wanted: tuple[str, str]) -> str:
    schema = TABLES[path.stem]
    if hash_table(path) != wanted[0]:
        return "the file is another"
    try:
        digest = compute_digest(load_table(path, schema), schema)
    except TableError as error:
        return error.sentence
    return "" if digest == wanted[1] else f"logical digest {digest}, recorded {wanted[1]}"


def _check_audit(package: Path) -> Check:
    trail = package / "data" / TRAIL
    try:
        recorded = read_facts(package)["audit"]
    except (SubmissionError, KeyError):
        return _fail("audit trail", "the record of its digest cannot be read", ["package.json"])
    if recorded is None:
        faults = ["audit.jsonl: not recorded"] if trail.exists() else []
        state = Outcome.FAILS if faults else Outcome.NOT_CHECKED
        return Check("audit trail", state, "the package holds none", tuple(faults))
    if not trail.is_file():
        return _fail("audit trail", "it is missing", ["audit.jsonl: missing"])
    faults = list(check_trail(trail))
    if compute_file_sha256(trail) != recorded["sha256"]:
        faults.append(f"audit.jsonl: SHA-256 is not {recorded['sha256']}, as recorded")
    if faults:
        return _fail("audit trail", "it is not as it was written", faults)
    sentence = f"{recorded['lines']} lines, each vouching for the one before"
    return Check("audit trail", Outcome.HOLDS, sentence)


def read_signatures(package: Path, known: Sequence[str]) -> tuple[Signed, ...]:
    """Every signature of a package, judged."""
    seal = compute_seal(package)
    paths = sorted(path for path in (package / SIGNATURES).glob("*") if path.is_file())
    return tuple(
        check_signature(path, SEAL, seal, known)
        if path.name.endswith(SUFFIX)
        else Signed(path.name, None, "", "this is no signature")
        for path in paths
    )


def _check_signatures(package: Path, known: Sequence[str]) -> Check:
    signed = read_signatures(package, known)
    faults = [f"{SIGNATURES}/{s.file}: {s.fault}" for s in signed if s.fault]
    if faults:
        return _fail("signatures", f"{len(faults)} of {len(signed)} do not hold", faults)
    if known and not any(s.known for s in signed):
        sentence = "none is by a key that was given with --key"
        return _fail("signatures", sentence, [f"{SIGNATURES}/: {sentence}"])
    if not signed:
        return Check("signatures", Outcome.NOT_CHECKED, "the package is not signed")
    return Check("signatures", Outcome.HOLDS, "; ".join(map(describe_signed, signed)))


def describe_signed(signed: Signed) -> str:
    """Who signed, when, with what meaning, and whether the key is known."""
    signing = signed.signing
    if signing is None:
        return signed.fault
    owner = "a key that you gave" if signed.known else f"key {signed.key[:16]}..., which you did not give"
    return f"{signing.name}, {signing.when}: {signing.meaning} ({owner})"


def _fail(name: str, sentence: str, faults: Sequence[str]) -> Check:
    return Check(name, Outcome.FAILS, sentence, tuple(faults))
