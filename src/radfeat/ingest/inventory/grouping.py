"""From files to series: copies dropped, the stacks of one series told apart by their geometry."""

import filecmp
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from radfeat.ingest.dicom.series_key import build_series_key
from radfeat.ingest.inventory.records import (
    DAMAGES,
    InstanceRecord,
    Kind,
    SeriesHead,
    SkippedFile,
    SkipReason,
)

MASKS = (Kind.STRUCTURE_SET, Kind.SEGMENTATION)
_SLICE_ENDINGS = (".dcm", ".ima")

FilePair = tuple[str, str]
Compare = Callable[[Sequence[FilePair]], Sequence[bool]]


@dataclass(frozen=True, eq=False, slots=True)
class SeriesGroup:
    """Instances of one series that have one geometry; of masks each instance is a group of its own.

    Parameters
    ----------
    key
        Name of the group in tables and files.
    records
        One record per instance, by path.
    heads
        What the instances say of the series: one value, or several where they disagree.
    twins
        Instances of which the tree holds files that differ.
    near_damage
        Whether a damaged file, which may be a lost slice, lies in a folder of the series or names it.
    """

    key: str
    records: tuple[InstanceRecord, ...] = field(repr=False)
    heads: tuple[SeriesHead, ...] = field(repr=False)
    twins: int = 0
    near_damage: bool = False

    @property
    def head(self) -> SeriesHead:
        """What the first instance says of the series."""
        return self.heads[0]

    @property
    def kind(self) -> Kind:
        """What the instances are."""
        return self.head.kind

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, as the site named them."""
        return tuple(record.file.path for record in self.records)


def compare_files(pairs: Sequence[FilePair]) -> list[bool]:
    """Whether the files of each pair are equal, byte for byte; files that cannot be read are not."""
    return [_are_equal(*pair) for pair in pairs]


def drop_copies(
    records: Sequence[InstanceRecord], compare: Compare = compare_files
) -> tuple[list[InstanceRecord], list[SkippedFile], frozenset[str]]:
    """Keep one file of each instance where its other files are equal to it, byte for byte.

    Returns
    -------
    tuple
        The records that stay; the copies; the keys of the instances whose files differ, of which all stay.
    """
    first: dict[str, InstanceRecord] = {}
    again = [record for record in records if first.setdefault(record.key, record) is not record]
    same = [first[record.key].file.size == record.file.size for record in again]
    candidates = [(first[r.key].file.path, r.file.path) for r, s in zip(again, same, strict=True) if s]
    equal = {pair[1] for pair, is_equal in zip(candidates, compare(candidates), strict=True) if is_equal}
    twins = frozenset(record.key for record in again if record.file.path not in equal)
    copies = {r.file.path for r in again if r.file.path in equal and r.key not in twins}
    kept = [record for record in records if record.file.path not in copies]
    return kept, [SkippedFile(path, SkipReason.COPY) for path in sorted(copies)], twins


def group_series(
    records: Iterable[InstanceRecord], skipped: Iterable[SkippedFile], twins: frozenset[str]
) -> tuple[SeriesGroup, ...]:
    """Group instances by series and geometry, sorted by key."""
    damaged = {str(PurePath(entry.path).parent) for entry in skipped if _may_be_slice(entry)}
    by_series: dict[tuple[str, Kind], list[InstanceRecord]] = defaultdict(list)
    for record in records:
        if record.cut_short:  # perhaps within the very UID that says where it belongs
            damaged.add(_folder(record))
        by_series[record.head.series_uid, record.head.kind].append(record)
    groups = []
    for members in by_series.values():
        cut = any(record.cut_short for record in members)
        for key, stack in _split(members):
            near = damaged if not cut else damaged | {_folder(stack[0])}
            groups.append(_build_group(key, stack, near, twins))
    return tuple(sorted(groups, key=lambda group: group.key))


def _split(members: list[InstanceRecord]) -> list[tuple[str, list[InstanceRecord]]]:
    """The stacks of one series, each under its key."""
    if members[0].head.kind in MASKS:
        by_key: dict[str, list[InstanceRecord]] = defaultdict(list)
        for record in members:
            by_key[record.key].append(record)
        return list(by_key.items())
    # By instance, not by path: the key of a stack does not change where its files are moved.
    ordered = sorted(members, key=lambda record: record.instance_uid)
    if members[0].head.kind is Kind.OTHER:
        return [(_key_of(ordered[0]), ordered)]
    stacks: list[list[InstanceRecord]] = []
    for record in ordered:
        fitting = next((stack for stack in stacks if stack[0].group.matches(record.group)), None)
        if fitting is None:
            stacks.append([record])
        else:
            fitting.append(record)
    return [(_key_of(stack[0]), stack) for stack in stacks]


def _key_of(record: InstanceRecord) -> str:
    return build_series_key(record.head.series_uid, record.group)


def _build_group(
    key: str, members: list[InstanceRecord], damaged: set[str], twins: frozenset[str]
) -> SeriesGroup:
    ordered = sorted(members, key=lambda record: os.fsencode(record.file.path))
    folders = {_folder(record) for record in ordered}
    return SeriesGroup(
        key=key,
        records=tuple(ordered),
        heads=tuple(dict.fromkeys(record.head for record in ordered)),
        twins=len({record.key for record in ordered} & twins),
        near_damage=not folders.isdisjoint(damaged),
    )


def _folder(record: InstanceRecord) -> str:
    return str(PurePath(record.file.path).parent)


def _may_be_slice(entry: SkippedFile) -> bool:
    if entry.reason is SkipReason.NOT_DICOM:
        return PurePath(entry.path).suffix.lower() in _SLICE_ENDINGS
    return entry.reason in DAMAGES


def _are_equal(one: str, other: str) -> bool:
    try:
        return filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False
