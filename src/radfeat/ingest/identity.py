"""Whose a header is: the words in it that name someone, and whether a text repeats one of them.

Used wherever free text of a header (names of ROIs, labels of segments, descriptions) would reach a table, a
message or a de-identified file. What cannot be told from a word of the language, a name of two letters such
as *Li*, is not looked for by itself, only together with the name's other parts: docs/deidentify.md. Letters
are compared as ``fold`` writes them, and once more as ``_respell`` does: *Mueller* is *Müller*. A UID counts
whatever the words are, for it finds the study in any archive.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import BaseTag

from radfeat.ingest.dicom.headers import READ_FAULTS, quiet, read_text

WITHHELD = "(withheld)"
"""Stands for a text that names someone."""

SHORTEST = 3
SHORTEST_NUMBER = 4
SHORTEST_WITHIN = 5
"""Letters or digits: of a word; of a word of digits alone; of one that is looked for within other words."""

_NO_BLANKS = "\u0e00"
"""From here on lie the scripts that set no blanks between words (Thai, Hangul, kana, ideographs)."""

PERSONS = ("ClinicalTrialSubjectID", "ClinicalTrialSubjectReadingID")
"""Beside all elements of the value representation PN."""
NUMBERS = (
    "PatientID", "OtherPatientIDs", "IssuerOfPatientID", "AccessionNumber", "StudyID", "AdmissionID",
    "MedicalRecordLocator", "PlacerOrderNumberImagingServiceRequest",
    "FillerOrderNumberImagingServiceRequest", "PlacerOrderNumberProcedure",
    "FillerOrderNumberProcedure", "RequestedProcedureID",
    "ScheduledProcedureStepID", "PerformedProcedureStepID", "ServiceEpisodeID", "DeviceSerialNumber",
    "DetectorID", "GantryID", "PlateID", "CassetteID", "StationName", "PerformedStationName",
    "ScheduledStationName", "StationAETitle", "RetrieveAETitle", "ScheduledStationAETitle",
    "PerformedStationAETitle", "PatientTelephoneNumbers", "ReferringPhysicianTelephoneNumbers",
    "PersonTelephoneNumbers", "OrderCallbackPhoneNumber", "PersonIdentificationCodeSequence",
    "BarcodeValue", "SpecimenAccessionNumber",
)  # fmt: skip
PLACES = (
    "InstitutionName", "InstitutionAddress", "InstitutionalDepartmentName", "InstitutionCodeSequence",
    "PatientAddress", "RegionOfResidence", "CurrentPatientLocation", "PatientInstitutionResidence",
    "ReferringPhysicianAddress", "PersonAddress", "RequestingService",
)  # fmt: skip
DATES = ("PatientBirthDate", "PatientBirthDateInAlternativeCalendar")

COMMON = frozenset(
    (
        *("abdomen", "adult", "and", "arm", "bone", "body", "brain", "breast", "cancer", "center", "centre"),
        *("chest", "clinic", "clinical", "contrast", "ctv", "der", "department", "des", "die", "dose", "for"),
        *("fur", "gtv", "head", "heart", "hospital", "image", "imaging", "institute", "kidney", "klinik"),
        *("left", "leg", "lesion", "liver", "lung", "medical", "medicine", "mri", "neck", "node", "nuclear"),
        *("oncology", "pelvis", "pet", "phantom", "prostate", "ptv", "radiology", "radiotherapy", "research"),
        *("right", "roi", "scan", "skin", "spine", "target", "the", "therapy", "thorax", "tumor", "tumour"),
        *("und", "universitat", "university", "volume", "von"),
    )
)
"""Words of the trade and of many hospitals' names, folded: in an identifier or a place they name nobody."""


def identity_words(header: Dataset) -> frozenset[str]:
    """Words, folded as ``fold`` does, that name the subject, the staff or the place, at any depth.

    Every element of the value representation PN counts, and those listed above. A word has at least three
    letters or digits (two in scripts without blanks, four if it is all digits). Names count by their parts
    and joined, identifiers by their parts and as a whole, a date of birth in the three usual orders, with and
    without the century.
    """
    words: set[str] = set()
    with quiet():
        for tag, vr, text in _walk(header):
            if tag in _TAGS["dates"]:
                words |= _date_words(text)
            elif vr == "PN" or tag in _TAGS["persons"]:
                words |= _name_words(text)
            else:
                words |= _number_words(text) - COMMON
    return frozenset(words)


def identity_texts(header: Dataset) -> frozenset[str]:
    """What ``identity_words`` are made from, as it stands in the header: whole values, groups and parts."""
    texts: set[str] = set()
    with quiet():
        for _, _, text in _walk(header):
            groups = [text, *text.split("=")]
            texts |= {part.strip(" \0") for group in groups for part in (group, *_PARTS.findall(group))}
    return frozenset(text for text in texts if text and fold(text) not in COMMON)


def words_of(text: str) -> frozenset[str]:
    """The words of an identifier, folded, and the whole."""
    return frozenset(_number_words(text))


def list_identity_tags() -> frozenset[BaseTag]:
    """The elements that ``identity_words`` looks at, but for sequences and private ones."""
    persons = {BaseTag(tag) for tag, (vr, *_) in DicomDictionary.items() if vr == "PN"}
    return frozenset(tag for tag in persons | _ALL_TAGS if dictionary_VR(tag) != "SQ")


def names_someone(text: str, words: Iterable[str]) -> bool:
    """Whether a text repeats one of the words of ``identity_words``, or holds a UID.

    Short words count where they stand alone or as two neighbours (*LI WU*); words of five letters and more,
    and words of scripts without blanks, anywhere, punctuation and blanks set aside. Dates count however they
    are written.
    """
    if _UID.search(text):
        return True
    pieces = _pieces(text)
    joined = "".join(filter(str.isalnum, fold(text)))
    if any(_is_among(word, pieces, joined) for word in words):
        return True
    respelled, joined = {_respell(piece) for piece in pieces}, _respell(joined)
    spellings = map(_respell, words)
    return any(_long_enough(word) and _is_among(word, respelled, joined) for word in spellings)


def name_words(header: Dataset) -> frozenset[str]:
    """The words of the subject's own name, folded; without those that the PatientID holds too."""
    name, number = (read_text(header, keyword) or "" for keyword in ("PatientName", "PatientID"))
    return frozenset(_name_words(name) - _number_words(number))


def withhold(text: str, words: Iterable[str]) -> str:
    """The text, or ``(withheld)`` in its place where it names someone."""
    return WITHHELD if names_someone(text, words) else text


def pseudonym(key: bytes, issuer: str, patient_id: str) -> str:
    """The subject's name under a secret key: ``S-`` and twelve hexadecimal digits, the same in every process.

    Issuer and identifier without blanks around them; an empty identifier has a pseudonym too, one for all.
    """
    text = "\x1f".join(("subject", issuer.strip(), patient_id.strip()))
    return "S-" + hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:12]


def fold(text: str) -> str:
    """Lower case, full width made half, accents dropped, letters with strokes and ligatures made plain."""
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(c for c in parts if not unicodedata.combining(c)).translate(_PLAIN)
    return unicodedata.normalize("NFC", plain)


_PARTS = re.compile(r"[^\W_]+")
_RUNS = tuple(map(re.compile, (r"[^\W\d_]+", r"\d+", r"[A-Z]?[^\W\dA-Z_]+", r"[^\W\dA-Z_]+", r"[A-Z]+")))
"""Letters, digits, a capital with what follows it, small letters, capitals: how people join words."""
_PLAIN = str.maketrans({"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"})
"""Letters that Unicode does not take apart; casefolding writes the sharp s as ss."""
_DIGRAPH = re.compile(r"(?P<kept>[aou])e|a(?=a)|(?P<d>d)j")
"""What stands for a letter with a mark: ae, oe, ue, aa; dj for the Serbian d with a stroke."""
_UID = re.compile(r"\d+(\.\d+){4,}")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_GAP = r"[\s._/,-]+"
_YEAR, _TWO = r"(?P<year>\d{4}|\d{2})", r"\d{1,2}"
_DATES = tuple(
    re.compile(rf"(?<!\d){form}(?!\d)")
    for form in (
        rf"{_YEAR}{_GAP}(?P<month>{_TWO}){_GAP}(?P<day>{_TWO})",
        rf"(?P<day>{_TWO}){_GAP}(?P<month>{_TWO}){_GAP}{_YEAR}",
        rf"(?P<day>{_TWO})[\s._/,-]*(?P<name>{'|'.join(_MONTHS)})[a-z]*[\s._/,-]*{_YEAR}",
    )
)
"""Dates as people write them; the American order needs no form of its own, as all orders are words."""
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "æ": "ae", "å": "aa"})
_TAGS = {
    group: frozenset(BaseTag(tag) for tag in map(tag_for_keyword, keywords) if tag is not None)
    for group, keywords in (("persons", PERSONS), ("others", NUMBERS + PLACES), ("dates", DATES))
}
_ALL_TAGS = _TAGS["persons"] | _TAGS["others"] | _TAGS["dates"]


def _walk(header: Dataset, inside: bool = False) -> Iterator[tuple[BaseTag, str, str]]:
    """Tag, value representation and text of every element that names someone, at any depth.

    ``inside`` a sequence that names someone (a code for a person or a place) all its texts count.
    """
    for tag in list(header.keys()):
        vr = _vr_of(header, tag)
        if vr == "SQ":
            for item in _items(header, tag):
                yield from _walk(item, inside or tag in _ALL_TAGS)
        elif vr == "PN" or tag in _ALL_TAGS or (inside and vr in ("LO", "SH", "UC", "PN")):
            for text in _texts(header, tag):
                yield tag, vr, text


def _vr_of(header: Dataset, tag: BaseTag) -> str:
    vr = header.get_item(tag, keep_deferred=True).VR
    if vr is not None:
        return str(vr)
    try:
        return dictionary_VR(tag)
    except KeyError:
        return "UN"


def _items(header: Dataset, tag: BaseTag) -> list[Dataset]:
    try:
        return [item for item in header[tag].value or () if isinstance(item, Dataset)]
    except READ_FAULTS:
        return []


def _texts(header: Dataset, tag: BaseTag) -> list[str]:
    """The texts of an element; where it cannot be decoded, its bytes as Latin-1."""
    raw = header.get_item(tag, keep_deferred=True).value
    try:
        value = header[tag].value
    except READ_FAULTS:
        value = raw
    values = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    return [v.decode("latin-1") if isinstance(v, bytes) else str(v) for v in values if v is not None]


def _split(text: str) -> list[str]:
    """Words of letters and digits, folded; kept together are letters and digits that touch."""
    return _PARTS.findall(fold(text))


def _pieces(text: str) -> set[str]:
    """What may be a word in a text: words, runs of them, two short neighbours in one, dates as digits."""
    parts = _split(text)
    pieces = set(parts) | {fold(piece) for run in _RUNS for piece in run.findall(text)}
    pieces |= {a + b for a, b in pairwise(parts) if a.isalpha() and b.isalpha()}
    return pieces | {
        digits for form in _DATES for match in form.finditer(fold(text)) for digits in _say(match)
    }


def _say(match: re.Match[str]) -> tuple[str, str]:
    """A date that was found as digits, year first and year last."""
    found = match.groupdict()
    month = f"{_MONTHS.index(found['name']) + 1:02d}" if "name" in found else found["month"].zfill(2)
    day = found["day"].zfill(2)
    return found["year"] + month + day, day + month + found["year"]


def _is_among(word: str, pieces: set[str], joined: str) -> bool:
    return word in pieces or (_found_within(word) and word in joined)


@lru_cache(maxsize=4096)
def _respell(word: str) -> str:
    """A folded word with one spelling for letters that are written in two ways (mueller, muller)."""
    return _DIGRAPH.sub(lambda match: match["kept"] or match["d"] or "", word)


def _long_enough(word: str) -> bool:
    if word.isdigit():
        return len(word) >= SHORTEST_NUMBER
    return len(word) >= SHORTEST or (len(word) > 1 and max(word) >= _NO_BLANKS)


def _found_within(word: str) -> bool:
    return len(word) >= SHORTEST_WITHIN or max(word) >= _NO_BLANKS


def _name_words(text: str) -> set[str]:
    """Of each component group: the parts, and each two that follow each other joined both ways."""
    words: set[str] = set()
    plain = unicodedata.normalize("NFC", text).casefold()
    for group in (*plain.split("="), *plain.translate(_UMLAUTS).split("=")):
        parts = _split(group)
        words |= {*parts, "".join(parts)}
        words |= {joined for a, b in pairwise(parts) for joined in (a + b, b + a)}
    return {word for word in words if _long_enough(word)}


def _number_words(text: str) -> set[str]:
    parts = _split(text)
    return {word for word in (*parts, "".join(parts)) if _long_enough(word)}


def _date_words(text: str) -> set[str]:
    digits = "".join(filter(str.isdigit, text))[:8]
    if len(digits) < 8:
        return set()
    month, day = digits[4:6], digits[6:]
    years = (digits[:4], digits[2:4])
    return {word for year in years for word in (year + month + day, day + month + year, month + day + year)}
