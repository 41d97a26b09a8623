"""Real-world value mappings: what stored values mean, where an object says so in a coded unit.

Reference: DICOM PS3.3, C.7.6.16.2.11; units of UCUM.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.headers import read_items, read_number, read_text, read_value
from radfeat.ingest.dicom.rescaling import Rescale
from radfeat.ingest.source import Source

Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class RealWorldMapping:
    """A linear mapping of stored values, and the UCUM code of the unit that results."""

    unit: str
    rescale: Rescale


def choose_mapping(
    source: Source, frames: Sequence[Frame], meanings: Mapping[str, Meaning]
) -> tuple[Meaning, tuple[Rescale, ...]] | None:
    """The one meaning, of those asked for, that all frames map to, and how each does; None where none does.

    Raises
    ------
    InputError
        If some frames have such a mapping and others none, or there are several.
    """
    found = [[m for m in _list_mappings(frame) if m.unit in meanings] for frame in frames]
    if not any(found):
        return None
    units = {meanings[mapping.unit] for mappings in found for mapping in mappings}
    if len(units) > 1 or any(len(mappings) != 1 for mappings in found):
        raise source.refuse(
            "maps its stored values to several quantities, or only some slices to one",
            measured=f"{min(map(len, found))} to {max(map(len, found))} mappings per slice",
            allowed="1 (RealWorldValueMappingSequence)",
        )
    return units.pop(), tuple(mappings[0].rescale for mappings in found)


def _list_mappings(frame: Frame) -> Iterator[RealWorldMapping]:
    at_top = read_items(frame.header, "RealWorldValueMappingSequence")
    for item in (*frame.places, *at_top):
        slope, intercept = (
            read_number(item, "RealWorldValueSlope"),
            read_number(item, "RealWorldValueIntercept"),
        )
        codes = read_items(item, "MeasurementUnitsCodeSequence")
        table = read_value(item, "RealWorldValueLUTData")
        if slope is None or intercept is None or slope <= 0 or len(codes) != 1 or table is not None:
            continue
        unit = read_text(codes[0], "CodeValue")
        if unit is not None and read_text(codes[0], "CodingSchemeDesignator") == "UCUM":
            yield RealWorldMapping(unit, Rescale(slope, intercept))
