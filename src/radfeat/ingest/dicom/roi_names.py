"""Which region of a structure set or segmentation is the ROI: by the sheet, by a pattern, or the only one."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pydicom.dataset import Dataset

from radfeat.core.errors import InputError
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


def choose_region(source: Source, header: Dataset, row: ImageRow, settings: IngestSettings) -> Region:
    """The region of a row.

    The row's ``label`` decides: a number, or a name letter by letter. Without one the pattern of the row's
    ``roi`` in ``ingest.rois`` decides, or those of its ``role``; without a pattern there must be one region.

    Raises
    ------
    InputError
        If no region or several are meant (``ROI_NOT_FOUND``); the message lists those present, but for names
        that repeat a word of the header's identity.
    """
    regions = list_regions(header)
    patterns = pick_patterns(row, settings)
    names = _Names(source, regions, identity_words(header))
    if row.label is not None:
        return names.by_label(row.label)
    if patterns:
        return names.by_pattern(patterns)
    return names.only()


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
    regions = []
    for item in read_items(header, "SegmentSequence"):
        number = read_number(item, "SegmentNumber")
        meant = [
            read_text(code, "CodeMeaning") for code in read_items(item, "SegmentedPropertyTypeCodeSequence")
        ]
        if number is not None and number.is_integer():
            name = normalise(read_text(item, "SegmentLabel") or "")
            regions.append(Region(int(number), name, meant[0] if meant else None, RegionKind.SEGMENT))
    return tuple(regions)


@dataclass(frozen=True, slots=True)
class _Names:
    """The regions of a file, and how messages speak of them."""

    source: Source
    regions: Sequence[Region]
    words: frozenset[str] = field(repr=False)

    def by_label(self, label: int | str) -> Region:
        shown = f"'{self.show(str(label))}'"
        if isinstance(label, str):
            return self.one(self.named(label), f"named {shown}", "Write one of these, letter by letter")
        found = [region for region in self.regions if region.number == label]
        others = [region for region in self.named(str(label)) if region not in found]
        what = f"with the number or the name {shown}" if others else f"with the number {shown}"
        return self.one(found + others, what, "Write one of these into the column label")

    def by_pattern(self, patterns: Sequence[RoiPattern]) -> Region:
        found = [r for r in self.regions if any(matches(entry, r.name) for entry in patterns)]
        shown = " or ".join(f"'{entry.pattern}'" for entry in patterns)
        return self.one(
            found, f"whose name matches {shown}", "Mend ingest.rois, or name one of these in the column label"
        )

    def only(self) -> Region:
        what = "and neither the sheet's column label nor ingest.rois names one"
        return self.one(list(self.regions), what, "Name one of these in the column label, or write a pattern")

    def named(self, name: str) -> list[Region]:
        return [region for region in self.regions if region.name == normalise(name)]

    def one(self, found: Sequence[Region], what: str, remedy: str) -> Region:
        if len(found) == 1:
            return found[0]
        if len(found) > 1 and len({region.name for region in found}) == 1:
            remedy = "Name it by its number in the column label, or give each region its own name"
        if len({region.number for region in found}) < len(found):
            remedy = "Export it again with a number of its own for each region"
        head = f"has {len(found)} regions" if found else "has no region"
        raise self.refuse(f"{head} {what}", remedy)

    def refuse(self, what: str, remedy: str) -> InputError:
        names = [f"'{self.show(region.name)}' ({region.number})" for region in self.regions]
        more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
        present = ", ".join(names[:_MOST_SHOWN]) + more if names else "no region"
        return self.source.refuse(what, reason=Reason.ROI_NOT_FOUND, measured=present, remedy=remedy)

    def show(self, name: str) -> str:
        plain = "".join(c if c.isprintable() else "?" for c in name)
        return withhold(plain, self.words)
