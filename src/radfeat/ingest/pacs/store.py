"""Where fetched instances lie: no UID and nothing of a header is in a name; a file is whole or not there.

``FOLDER/<series>/<instance>.dcm``, both names hashes of UIDs; ``FOLDER/pull.csv``; ``FOLDER/private``
(mode 0700) says which UIDs they stand for.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian

from radfeat.core.files import hold_file, remove_temporaries, write_atomically
from radfeat.ingest.dicom.headers import HeaderError, read_dataset, read_text
from radfeat.ingest.pacs.answers import PacsError, Write

SERIES_DIGITS, INSTANCE_DIGITS = 12, 16
OWNER_ONLY = 0o700
_SERIES = re.compile(rf"[0-9a-f]{{{SERIES_DIGITS}}}")
"""What the folder of a series is called: no other folder is ours to clear."""
_UNDEFINED_LENGTH = 0xFFFFFFFF
_DELIMITERS = (b"\xfe\xff\xdd\xe0\0\0\0\0", b"\xff\xfe\xe0\xdd\0\0\0\0")
"""The sequence delimitation item, little endian and big endian: PS3.5, section 7.5."""


def hash_series(series_uid: str) -> str:
    """The name of a series in tables, messages and folders: 12 hexadecimal digits."""
    return hashlib.sha256(f"series {series_uid}".encode()).hexdigest()[:SERIES_DIGITS]


def hash_instance(sop_uid: str) -> str:
    """The name of an instance's file, without its suffix: 16 hexadecimal digits."""
    return hashlib.sha256(f"instance {sop_uid}".encode()).hexdigest()[:INSTANCE_DIGITS]


@dataclass(frozen=True, slots=True)
class PullFolder:
    """A folder that series are fetched into."""

    root: Path

    @property
    def ledger(self) -> Path:
        """What came of each series that was asked for."""
        return self.root / "pull.csv"

    @property
    def private(self) -> Path:
        """What tells identities: for the owner only."""
        return self.root / "private"

    @property
    def known_series(self) -> Path:
        """The UIDs, patient and accession number of each series that was ever asked for."""
        return self.private / "series.csv"

    @property
    def known_instances(self) -> Path:
        """Every instance that the PACS ever listed."""
        return self.private / "instances.csv"

    def series(self, series_uid: str) -> Path:
        """The folder of a series."""
        return self.root / hash_series(series_uid)

    def instance(self, series_uid: str, sop_uid: str) -> Path:
        """The file of an instance."""
        return self.series(series_uid) / f"{hash_instance(sop_uid)}.dcm"


@contextmanager
def hold_folder(folder: PullFolder) -> Iterator[None]:
    """Make the folder, hold it against a second pull, and sweep what a killed one left half written.

    Raises
    ------
    SettingsError
        If another pull is at work in it.
    """
    folder.root.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
    folder.private.mkdir(mode=OWNER_ONLY, exist_ok=True)
    folder.private.chmod(OWNER_ONLY)
    with hold_file(folder.private / "lock", "pull"):
        series = (path for path in folder.root.iterdir() if _SERIES.fullmatch(path.name) and path.is_dir())
        for place in (folder.root, folder.private, *series):
            remove_temporaries(place)
        yield


def keep_instance(folder: PullFolder, series_uid: str, sop_uid: str, write: Write) -> None:
    """Write an instance under a temporary name, look whether it is the one that is meant, and rename it.

    Raises
    ------
    PacsError
        If what was written is cut short, is not DICOM, or is another instance, or if it cannot be written;
        nothing is left of it.
    """

    def write_and_check(path: Path) -> None:
        write(path)
        if read_identity(path) != (series_uid, sop_uid):
            raise PacsError("an instance came damaged, or another one came in its place", passes=True)

    path = folder.instance(series_uid, sop_uid)
    try:
        path.parent.mkdir(mode=OWNER_ONLY, exist_ok=True)
        write_atomically(path, write_and_check)
    except OSError as error:
        raise PacsError(
            f"an instance cannot be written: {error.strerror}", remedy="Look to the disk of --to", ends=True
        ) from None


def list_here(folder: PullFolder, series_uid: str) -> frozenset[str]:
    """SOPInstanceUIDs of a series whose files are here, whole, and under the name that is theirs."""
    found = set()
    for path in folder.series(series_uid).glob("*.dcm"):
        identity = read_identity(path)
        if identity is None:
            continue
        series, instance = identity
        if series == series_uid and path == folder.instance(series_uid, instance):
            found.add(instance)
    return frozenset(found)


def read_identity(path: Path) -> tuple[str, str] | None:
    """SeriesInstanceUID and SOPInstanceUID of a DICOM file that is whole; None for any other file."""
    try:
        dataset = read_dataset(path)
    except HeaderError:
        return None
    series, instance = read_text(dataset, "SeriesInstanceUID"), read_text(dataset, "SOPInstanceUID")
    if series is None or instance is None or lacks_bytes(dataset) or _lacks_end(dataset, path):
        return None
    return series, instance


def lacks_bytes(dataset: Dataset) -> bool:
    """Whether the last element has fewer bytes than it says: pydicom reads such a dataset without a word."""
    if not dataset:
        return True
    last = dataset.get_item(max(dataset.keys()))
    if not isinstance(last, RawDataElement) or last.length == _UNDEFINED_LENGTH:
        return False
    return len(last.value or b"") != last.length


def _lacks_end(dataset: Dataset, path: Path) -> bool:
    """Whether the last element has no length (compressed pixels), and the file lacks the delimiter after it.

    In a file that is deflated as a whole a cut does not go unnoticed.
    """
    last = dataset.get_item(max(dataset.keys()))
    if isinstance(last, RawDataElement):
        open_ended = last.length == _UNDEFINED_LENGTH
    else:
        open_ended = last.is_undefined_length
    return open_ended and not _is_deflated(dataset) and _read_end(path) not in _DELIMITERS


def _read_end(path: Path) -> bytes:
    with path.open("rb") as stream:
        stream.seek(-len(_DELIMITERS[0]), os.SEEK_END)
        return stream.read()


def _is_deflated(dataset: Dataset) -> bool:
    meta = getattr(dataset, "file_meta", None)
    return meta is not None and read_text(meta, "TransferSyntaxUID") == DeflatedExplicitVRLittleEndian
