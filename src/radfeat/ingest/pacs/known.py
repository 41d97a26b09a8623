"""What a PACS once told about a folder's series: kept in ``private/``, for the next pull and for questions.

An instance that the PACS listed yesterday and does not list today is missing, consistent as it may be.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from radfeat.core.files import write_own_text
from radfeat.ingest.pacs.store import PullFolder, hash_instance, hash_series
from radfeat.tables.csv_text import format_records, read_records

_REMEDY = "Remove it, and what the PACS listed before is forgotten; or pull into another folder"


@dataclass(frozen=True, slots=True)
class KnownSeries:
    """A series that the PACS once listed, and by what it can be asked for; empty where that is not known."""

    study_uid: str
    series_uid: str
    modality: str
    patient_id: str
    accession: str


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier pulls into the folder were told: series, and SOPInstanceUIDs by SeriesInstanceUID."""

    series: Mapping[str, KnownSeries]
    instances: Mapping[str, frozenset[str]]


def read_known(folder: PullFolder) -> Known:
    """What earlier pulls were told; nothing where there were none."""
    names = [field.name for field in fields(KnownSeries)]
    series = {
        record["series_uid"]: KnownSeries(*(record[name] for name in names))
        for record in read_records(
            folder.known_series, [*names, "series"], key="private/series.csv", remedy=_REMEDY
        )
    }
    instances: dict[str, set[str]] = {}
    for record in read_records(
        folder.known_instances,
        ["series_uid", "sop_uid", "file"],
        key="private/instances.csv",
        remedy=_REMEDY,
    ):
        instances.setdefault(record["series_uid"], set()).add(record["sop_uid"])
    return Known(series, {uid: frozenset(found) for uid, found in instances.items()})


def write_known(folder: PullFolder, known: Known) -> None:
    """Write what the PACS told, for the next pull and for whoever must ask the site; for the owner only."""
    names = [field.name for field in fields(KnownSeries)]
    series = [
        {"series": hash_series(uid), **{name: getattr(one, name) for name in names}}
        for uid, one in sorted(known.series.items())
    ]
    instances = [
        {"series_uid": uid, "sop_uid": sop, "file": f"{hash_series(uid)}/{hash_instance(sop)}.dcm"}
        for uid, found in sorted(known.instances.items())
        for sop in sorted(found)
    ]
    write_own_text(folder.known_series, format_records(["series", *names], series))
    write_own_text(folder.known_instances, format_records(["series_uid", "sop_uid", "file"], instances))
