"""Looking for what must not be left in a file that was written: words, by their bytes and in decoded texts.

Words of six bytes and more are searched in the whole file, pixels included, in every encoding that DICOM
files are written in. Shorter words, and numbers, occur in pixels and coordinates by chance: they are looked
for in decoded texts and in values of bytes other than pixels.
"""

import re
from collections.abc import Iterable, Iterator

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from radfeat.ingest.deidentify.markers import CONSTANTS
from radfeat.ingest.deidentify.table import BYTES, SUBJECT
from radfeat.ingest.dicom.headers import parse_dataset
from radfeat.ingest.identity import names_someone

SHORTEST_BYTES = 6
ENCODINGS = (
    "utf-8", "latin-1", "iso8859-2", "iso8859-5", "iso8859-7", "cp1252", "gb18030", "big5", "shift_jis",
    "euc_jp", "euc_kr", "iso2022_jp", "iso2022_kr",
)  # fmt: skip
_RUN = re.compile(rb"[0-9.]{10,}")
_ESCAPES = re.compile(rb"\x1b\$?[()][\x20-\x7e]|\x1b\$[\x20-\x7e]|[\x0e\x0f]")
_NO_TEXT = ("UI", "DS", "IS", "DA", "TM", "DT", "AS", "AT", "SQ")
_MARKERS = ("DeidentificationMethod", "DeidentificationMethodCodeSequence")


def build_needles(texts: Iterable[str], uids: Iterable[str]) -> frozenset[bytes]:
    """Byte strings, ASCII letters small, that stand for words and UIDs; bare numbers are left out."""
    needles: set[bytes] = {uid.encode("ascii", "replace") for uid in uids}
    for text in texts:
        if not text.isdigit():
            forms = (text, text.lower(), text.upper(), text.title(), text.casefold())
            needles |= {needle for form in forms for needle in _encode(form)}
    return frozenset(needle.lower() for needle in needles if len(needle) >= SHORTEST_BYTES)


def _encode(text: str) -> Iterator[bytes]:
    for encoding in ENCODINGS:
        try:
            yield _ESCAPES.sub(b"", text.encode(encoding))
        except UnicodeEncodeError:
            continue


def has_trace(data: bytes, needles: Iterable[bytes], words: frozenset[str]) -> bool:
    """Whether the bytes of a file hold one of the needles, or a text in it one of the words.

    Raises
    ------
    HeaderError
        If the file cannot be read back.
    """
    plain = data.lower()
    for constant in CONSTANTS:
        plain = plain.replace(constant.lower().encode(), b"")
    if _holds_any(plain, needles):
        return True
    return any(names_someone(text, words) for text in _texts(parse_dataset(data)))


def _holds_any(data: bytes, needles: Iterable[bytes]) -> bool:
    """Whether bytes hold one of the needles; long runs of digits and points, UIDs, are looked up, not sought.

    Of an object of a thousand frames there are as many UIDs, and searching for each in turn takes minutes.
    """
    wanted = frozenset(needles)
    uids = frozenset(needle for needle in wanted if _RUN.fullmatch(needle))
    found = {run.group().strip(b".") for run in _RUN.finditer(data)} if uids else set()
    if not uids.isdisjoint(found):
        return True
    words = sorted(wanted - uids)
    return bool(words) and re.search(b"|".join(map(re.escape, words)), data) is not None


def _texts(dataset: Dataset) -> Iterator[str]:
    """Every decoded text of a file, and its bytes as text, but for pixels, numbers, dates and our marks."""
    for element in dataset:
        if keyword_for_tag(element.tag) in _MARKERS or element.tag in SUBJECT:
            continue
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        elif element.VR not in _NO_TEXT and element.tag not in BYTES:
            values = element.value if isinstance(element.value, MultiValue) else [element.value]
            for value in values:
                yield value.decode("latin-1") if isinstance(value, bytes) else str(value)
