"""Which region of a structure set or segmentation is the ROI: by the sheet, by a pattern, or the only one."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from pydicom.dataset import Dataset

from radfeat.core.vocabulary import Reason
from radfeat.ingest.dicom.headers import read_items, read_number, read_text
from radfeat.ingest.identity import identity_words, withhold
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.settings import IngestSettings, RoiPattern
from radfeat.ingest.source import Source

_MOST_SHOWN = 20


class RegionKind(StrEnum):
    """What kind of object a region stands in."""

    STRUCTURE = "RTSTRUCT"
    SEGMENT = "SEG"


@dataclass(frozen=True, slots=True)
class Region:
    """A region that an object declares, drawn or not.

    ``name`` is as in the header, in Unicode's normal form C: it may name someone, so it reaches a table or a
    message through ``withhold`` only. ``interpreted_type`` is that of a structure set (GTV, ORGAN), for a
    segment the meaning of its property type.
    """

    number: int
    name: str = field(repr=False)
    interpreted_type: str | None
    kind: RegionKind


def list_regions(header: Dataset) -> tuple[Region, ...]:
    """The regions that a structure set or a segmentation declares, in its order; none for another object.

    An entry without a whole number is left out, for nothing can refer to it.
    """
    if read_items(header, "StructureSetROISequence"):
        return _list_structures(header)
    return _list_segments(header)


def choose_region(
    source: Source, header: Dataset, row: ImageRow, settings: IngestSettings, identity: frozenset[str]
) -> Region:
    """The region of a row.

    The row's ``label`` decides: a number, or a name letter by letter. Without one the pattern of the row's
    ``roi`` in ``ingest.rois`` decides, or those of its ``role``; without a pattern there must be one region.
    ``identity`` are the words of the image's headers that name someone: the mask's own may lack them.

    Raises
    ------
    InputError
        If no region or several are meant (``ROI_NOT_FOUND``); the message lists those present, but for names
        that repeat a word of the header's identity or of the image's.
    """
    regions = list_regions(header)
    patterns = pick_patterns(row, settings)
    if row.label is not None:
        choice = _by_label(regions, row.label)
    else:
        choice = _by_pattern(regions, patterns) if patterns else _only(regions)
    choice = _require_number(regions, choice)
    if len(choice.found) == 1:
        return choice.found[0]
    words = identity_words(header) | identity
    head = f"has {len(choice.found)} regions" if choice.found else "has no region"
    label = f" '{_show(choice.label, words)}'" if choice.label else ""
    raise source.refuse(
        f"{head} {choice.what}{label}",
        reason=Reason.ROI_NOT_FOUND,
        measured=_list(regions, words),
        remedy=choice.remedy,
    )


def pick_patterns(row: ImageRow, settings: IngestSettings) -> tuple[RoiPattern, ...]:
    """The patterns of ``ingest.rois`` for a row: that of its ``roi``, else those of its ``role``."""
    by_roi = tuple(entry for entry in settings.rois if entry.roi == row.key.roi)
    by_role = tuple(entry for entry in settings.rois if entry.role is not None and entry.role == row.role)
    return by_roi or by_role


def matches(entry: RoiPattern, name: str) -> bool:
    """Whether a pattern matches a region's whole name, whatever its capitals."""
    return re.fullmatch(entry.pattern, normalise(name), re.IGNORECASE) is not None


def normalise(name: str) -> str:
    """A name without blanks around it, in Unicode's normal form C, as the sheet's cells are."""
    return unicodedata.normalize("NFC", name.strip())


def _list_structures(header: Dataset) -> tuple[Region, ...]:
    kinds = {
        read_number(item, "ReferencedROINumber"): read_text(item, "RTROIInterpretedType")
        for item in read_items(header, "RTROIObservationsSequence")
    }
    regions = []
    for item in read_items(header, "StructureSetROISequence"):
        number = read_number(item, "ROINumber")
        if number is not None and number.is_integer():
            name = normalise(read_text(item, "ROIName") or "")
            regions.append(Region(int(number), name, kinds.get(number), RegionKind.STRUCTURE))
    return tuple(regions)


def _list_segments(header: Dataset) -> tuple[Region, ...]:
    """Segments but number 0, which a label map may describe: the background is no region."""
    regions = []
    for item in read_items(header, "SegmentSequence"):
        number = read_number(item, "SegmentNumber")
        meant = [
            read_text(code, "CodeMeaning") for code in read_items(item, "SegmentedPropertyTypeCodeSequence")
        ]
        if number and number.is_integer():
            name = normalise(read_text(item, "SegmentLabel") or "")
            regions.append(Region(int(number), name, meant[0] if meant else None, RegionKind.SEGMENT))
    return tuple(regions)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The regions that are meant, and what to say where they are not exactly one.

    ``label`` ends the sentence; it comes from the sheet, but may be a header's text all the same.
    """

    found: Sequence[Region]
    what: str
    remedy: str
    label: str = field(default="", repr=False)


def _by_label(regions: Sequence[Region], label: int | str) -> _Choice:
    named = [region for region in regions if region.name == normalise(str(label))]
    if isinstance(label, str):
        return _Choice(named, "named", "Write one of these, letter by letter", label)
    found = [region for region in regions if region.number == label]
    others = [region for region in named if region not in found]
    what = "with the number or the name" if others else "with the number"
    return _Choice(found + others, what, "Write one of these into the column label", str(label))


def _by_pattern(regions: Sequence[Region], patterns: Sequence[RoiPattern]) -> _Choice:
    found = [region for region in regions if any(matches(entry, region.name) for entry in patterns)]
    shown = " or ".join(f"'{entry.pattern}'" for entry in patterns)
    remedy = "Mend ingest.rois, or name one of these in the column label"
    return _Choice(found, f"whose name matches {shown}", remedy)


def _only(regions: Sequence[Region]) -> _Choice:
    what = "and neither the sheet's column label nor ingest.rois names one"
    return _Choice(regions, what, "Name one of these in the column label, or write a pattern")


def _require_number(regions: Sequence[Region], choice: _Choice) -> _Choice:
    """The choice, widened by regions that share their number: contours and frames go by it."""
    numbers = {region.number for region in choice.found}
    if len({region.name for region in choice.found}) == 1 < len(numbers):
        return replace(choice, remedy="Name it by its number in the column label")
    sharing = [region for region in regions if region.number in numbers]
    if len(sharing) == len(numbers):
        return choice
    remedy = "Export it again with a number of its own for each region"
    return _Choice(sharing, "with the number", remedy, " and ".join(str(n) for n in sorted(numbers)))


def _list(regions: Sequence[Region], words: frozenset[str]) -> str:
    names = [f"'{_show(region.name, words)}' ({region.number})" for region in regions[:_MOST_SHOWN]]
    more = f" and {len(regions) - _MOST_SHOWN} more" if len(regions) > _MOST_SHOWN else ""
    return ", ".join(names) + more if names else "no region"


def _show(text: str, words: frozenset[str]) -> str:
    return withhold("".join(c if c.isprintable() else "?" for c in text), words)
