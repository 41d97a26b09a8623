"""One dataset made anew from another: only what is known to be harmless is carried over, at any depth."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydicom.datadict import dictionary_VR, keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from radfeat.ingest.deidentify.codes import SCHEMES, is_public_code
from radfeat.ingest.deidentify.compressed import blank_comments
from radfeat.ingest.deidentify.dates import keep_time, shift_date, shift_date_time
from radfeat.ingest.deidentify.journal import Journal, Person, Profile
from radfeat.ingest.deidentify.numbers import (
    LINKS,
    MEASURES,
    names_by_number,
    read_decimals,
    require_expendable,
)
from radfeat.ingest.deidentify.table import (
    BYTES,
    CHARACTERISTICS,
    CODES,
    DESCRIPTORS,
    EMPTIED,
    KEPT_TEXT,
    REMOVED,
    SAFE_PRIVATE,
    SUBJECT,
    TABLE,
    Action,
    is_removed_group,
)
from radfeat.ingest.deidentify.vocabulary import is_technical
from radfeat.ingest.dicom.headers import READ_FAULTS, read_number
from radfeat.ingest.identity import names_someone

OLDEST_YEARS = 89
"""Ages above are written as 90 years: PS3.15 E.3.6 and US law count them as identifying."""

_PATIENT_AGE = BaseTag(0x00101010)
_KINDS = {
    **dict.fromkeys(("LO", "SH", "ST", "LT", "UT", "UC"), "text"),
    **dict.fromkeys(("DS", "IS", "FL", "FD", "US", "SS", "UL", "SL", "UV", "SV"), "number"),
    **dict.fromkeys(("OB", "OW", "OF", "OD", "OL", "OV", "UN"), "bytes"),
    **{vr: vr for vr in ("PN", "UI", "DA", "DT", "TM", "SQ", "CS", "AS", "AT", "AE", "UR")},
}
_CODE_STRING = re.compile(r"[A-Za-z0-9 _+./-]{0,32}")
_KEPT_TEXT = re.compile(r"[^\x00-\x1f\x7f]{0,64}")
_LIKE_DATE_OR_UID = re.compile(r"\d{6}|\.[^.]*\.")
_AGE = re.compile(r"(\d{3})([DWMY])")
_DECIMALS = ("DS", "IS")


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What the cleaning of one file goes by, and where it is noted."""

    profile: Profile
    person: Person
    journal: Journal


def clean_dataset(source: Dataset, cleaning: Cleaning) -> Dataset:
    """A new dataset of what may leave, items of sequences included; voxels are carried over untouched.

    Raises
    ------
    HeaderError
        If an element would have to go that values depend on, or compressed pixels cannot be followed.
    """
    result = Dataset()
    for tag in sorted(source.keys()):
        if tag.is_private:
            continue
        element = None if is_removed_group(tag) else _read_element(source, tag)
        cleaned = None if element is None else clean_element(element, source, cleaning)
        if cleaned is None:
            require_expendable(source, tag)
            cleaning.journal.note(Action.REMOVE, keyword_for_tag(tag) or "(unknown)")
        else:
            result.add(cleaned)
    _keep_safe_private(source, result, cleaning)
    return result


def clean_element(element: DataElement, item: Dataset, cleaning: Cleaning) -> DataElement | None:
    """What becomes of one standard element of ``item``; None where it is removed."""
    tag = element.tag
    action, value = _judge(element, item, cleaning)
    if action is Action.REMOVE:
        return None
    cleaning.journal.note(action, keyword_for_tag(tag))
    if tag in BYTES:
        return _without_comments(element) if element.is_undefined_length else element
    if element.VR == "SQ":
        return DataElement(tag, "SQ", value)
    return DataElement(tag, element.VR, value, already_converted=False)


def _without_comments(element: DataElement) -> DataElement:
    """Compressed pixels without what programs and people wrote beside them."""
    kept = DataElement(element.tag, element.VR, blank_comments(element.value))
    kept.is_undefined_length = True
    return kept


def _judge(element: DataElement, item: Dataset, cleaning: Cleaning) -> tuple[Action, object]:
    """The rules in their order; the first that speaks decides."""
    tag, vr = element.tag, str(element.VR)
    if tag in SUBJECT:
        return Action.DUMMY, cleaning.person.subject_id
    if tag in EMPTIED:
        return Action.EMPTY, ""
    if tag in REMOVED:
        return _REMOVED
    if tag == _PATIENT_AGE:
        return _cap_age(element, cleaning)
    if tag in CHARACTERISTICS:
        return _keep_characteristic(element, cleaning)
    if tag in DESCRIPTORS:
        return _clean_descriptor(element, item, cleaning)
    if tag in KEPT_TEXT or tag in CODES:
        return _keep_text(element, item, cleaning)
    if vr in _MOVED:
        return _MOVED[vr](element, cleaning)
    if tag in TABLE:
        return _follow_table(element, cleaning)
    return _keep_harmless(element, cleaning)


_REMOVED: tuple[Action, object] = (Action.REMOVE, None)


def _read_element(source: Dataset, tag: BaseTag) -> DataElement | None:
    """An element whose tag is known, whose value can be decoded and whose representation suits its tag."""
    try:
        element = source[tag]
        expected = dictionary_VR(tag).split(" or ")
    except READ_FAULTS:
        return None
    vr = str(element.VR)
    suits = vr in expected or _KINDS.get(vr, vr) in {_KINDS.get(e, e) for e in expected}
    return element if suits else None


def _texts(element: DataElement) -> list[str]:
    value = element.value
    values = list(value) if isinstance(value, MultiValue | list | tuple) else [value]
    return ["" if v is None else str(v).strip(" \0") for v in values]


def _joined(texts: list[str]) -> object:
    return texts if len(texts) > 1 else texts[0] if texts else ""


def _names(texts: list[str], cleaning: Cleaning) -> bool:
    return any(names_someone(text, cleaning.person.words) for text in texts)


def _cap_age(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    texts = _texts(element)
    parts = _AGE.fullmatch(texts[0]) if len(texts) == 1 else None
    if parts is None:
        return _REMOVED
    cleaning.journal.kept_characteristics = True
    if parts[2] == "Y" and int(parts[1]) > OLDEST_YEARS:
        return Action.CLEAN, f"{OLDEST_YEARS + 1:03d}Y"
    return Action.KEEP, parts[0]


def _keep_characteristic(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    action, value = _keep_number(element, cleaning) if element.VR == "DS" else _keep_code(element, cleaning)
    if action is Action.KEEP:
        cleaning.journal.kept_characteristics = True
    return action, value


def _clean_descriptor(element: DataElement, item: Dataset, cleaning: Cleaning) -> tuple[Action, object]:
    texts = _texts(element)
    keyword, extra = keyword_for_tag(element.tag), cleaning.profile.extra_words
    if not any(texts):
        return Action.EMPTY, ""
    if all(is_technical(text, extra) for text in texts) and not _names(texts, cleaning):
        return Action.CLEAN, _joined(texts)
    cleaning.journal.withheld.extend((keyword, text) for text in texts)
    dummy = DESCRIPTORS[element.tag]
    if not dummy:
        return _REMOVED
    number = read_number(item, _NUMBERED_BY[keyword]) if keyword in _NUMBERED_BY else None
    return Action.CLEAN, dummy if number is None else f"{dummy} {number:.0f}"


_NUMBERED_BY = {"ROIName": "ROINumber", "SegmentLabel": "SegmentNumber"}


def _keep_text(element: DataElement, item: Dataset, cleaning: Cleaning) -> tuple[Action, object]:
    texts = _texts(element)
    if not all(_KEPT_TEXT.fullmatch(text) for text in texts) or _names(texts, cleaning):
        return _REMOVED
    keyword = keyword_for_tag(element.tag)
    if keyword == "CodingSchemeDesignator" and texts[0] not in SCHEMES:
        return Action.CLEAN, "99WITHHELD"
    if keyword == "CodeValue" and not is_public_code(texts[0], str(item.get("CodingSchemeDesignator", ""))):
        return Action.CLEAN, "withheld"
    return Action.KEEP, _joined(texts)


def _derive_uids(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    new = [cleaning.profile.secret.derive_uid(text) for text in _texts(element)]
    cleaning.journal.uids.update(
        (old, derived) for old, derived in zip(_texts(element), new, strict=True) if old != derived
    )
    return Action.UID, _joined(list(new))


def _shift(move: Callable[[str, int], str]) -> Callable[[DataElement, Cleaning], tuple[Action, object]]:
    def apply(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
        moved = [move(text, cleaning.person.shift_days) for text in _texts(element)]
        return Action.CLEAN if any(moved) else Action.EMPTY, _joined(moved)

    return apply


def _keep_times(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    kept = [keep_time(text) for text in _texts(element)]
    return Action.KEEP if any(kept) else Action.EMPTY, _joined(kept)


def _drop_person(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    """Names of persons other than the subject: emptied where the table keeps the element, else removed."""
    return _REMOVED if TABLE.get(element.tag, Action.REMOVE) is Action.REMOVE else (Action.EMPTY, "")


_MOVED: Mapping[str, Callable[[DataElement, Cleaning], tuple[Action, object]]] = {
    "UI": _derive_uids,
    "DA": _shift(shift_date),
    "DT": _shift(shift_date_time),
    "TM": _keep_times,
    "PN": _drop_person,
}
"""Representations that are treated alike whatever the tag."""


def _follow_table(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    action, vr = TABLE[element.tag], str(element.VR)
    if vr == "SQ" and action is Action.UID:
        return _clean_items(element, cleaning)
    if vr == "SQ":
        return (Action.EMPTY, Sequence()) if action is Action.EMPTY else _REMOVED
    if element.tag == _TIME_ZONE:
        return _keep_time_zone(element)
    if action is Action.EMPTY:
        return Action.EMPTY, None if _KINDS.get(vr) in ("number", "bytes") else ""
    if action is Action.DUMMY:
        return Action.DUMMY, _DUMMIES.get(_KINDS.get(vr, vr), "REMOVED")
    return _REMOVED


_TIME_ZONE = BaseTag(0x00080201)
_DUMMIES: Mapping[str, object] = {
    "number": 0,
    "bytes": b"\0\0",
    "AS": "000Y",
    "UR": "http://removed.invalid",
    "AT": 0,
}


def _keep_time_zone(element: DataElement) -> tuple[Action, object]:
    text = _texts(element)[0]
    return (Action.KEEP, text) if re.fullmatch(r"[+-]\d{4}", text) else _REMOVED


def _clean_items(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    return Action.CLEAN, Sequence([clean_dataset(item, cleaning) for item in element.value or ()])


def _keep_harmless(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    """What the table does not list: numbers, code strings, tags, and the pixels; texts are removed."""
    vr = str(element.VR)
    if vr == "SQ":
        return _clean_items(element, cleaning)
    if element.tag in BYTES or vr == "AT":
        return Action.KEEP, element.value
    if _KINDS.get(vr) == "number":
        return _keep_number(element, cleaning)
    return _keep_code(element, cleaning) if vr == "CS" else _REMOVED


def _keep_code(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    """Code strings; dates, long numbers and UIDs are no codes."""
    texts = _texts(element)
    codes = all(_CODE_STRING.fullmatch(text) and not _LIKE_DATE_OR_UID.search(text) for text in texts)
    return (Action.KEEP, _joined(texts)) if codes and not _names(texts, cleaning) else _REMOVED


def _keep_number(element: DataElement, cleaning: Cleaning) -> tuple[Action, object]:
    """Numbers, texts of numbers written anew where they are too long; none that is someone's identifier."""
    vr, texts = str(element.VR), _texts(element)
    kept = read_decimals(texts) if vr in _DECIMALS else texts
    if kept is None:
        return _REMOVED
    if element.tag not in MEASURES and names_by_number(vr, texts, cleaning.person.words):
        return _REMOVED if element.tag in LINKS else (Action.EMPTY, None)
    return Action.KEEP, _joined(kept) if kept != texts else element.value


def _keep_safe_private(source: Dataset, result: Dataset, cleaning: Cleaning) -> None:
    """Carry over the private elements that SUV needs, rewritten from what they mean; count the others."""
    for tag in list(source.keys()):
        if tag.is_private:
            cleaning.journal.note(Action.REMOVE, "(private)")
    for (group, creator, offset), vr in SAFE_PRIVATE.items():
        text = _read_private(source, group, creator, offset)
        value = shift_date_time(text, cleaning.person.shift_days) if vr == "DT" else _as_number(text)
        if value:
            result.private_block(group, creator, create=True).add_new(offset, vr, value)
            cleaning.journal.note(Action.CLEAN if vr == "DT" else Action.KEEP, f"({creator})")
            cleaning.journal.kept_private = True


def _read_private(source: Dataset, group: int, creator: str, offset: int) -> str:
    try:
        value = source.private_block(group, creator)[offset].value
    except READ_FAULTS:
        return ""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
    return text.strip(" \0")


def _as_number(text: str) -> str:
    kept = read_decimals([text])
    return kept[0] if kept else ""
