"""The site's own list of subjects: which PatientID is which subject of the trial."""

import re
from collections.abc import Mapping
from pathlib import Path

from radfeat.core.errors import TableError
from radfeat.ingest.inventory.subjects import read_subject_list

_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|^=]{1,64}")
"""What can name a folder on every system, and a person in DICOM."""


def read_subjects(path: Path) -> Mapping[tuple[str, str], str]:
    """Subject ids by PatientID and issuer, which may be empty.

    Raises
    ------
    TableError
        If the list has faults, or a subject id cannot name a folder; no message holds a cell of the list.
    """
    entries = read_subject_list(path).entries
    names = {number: subject for number, (subject, _) in entries.items()}
    bad = sum(not _NAME.fullmatch(name) or name.startswith(".") for name in names.values())
    if bad:
        raise TableError(
            f"{bad} subject ids cannot name a folder",
            key=path.name,
            remedy="Use letters, digits, hyphens and underscores, 64 at most",
        )
    return names
