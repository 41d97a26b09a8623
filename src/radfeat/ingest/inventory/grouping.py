"""From files to series: copies dropped, the stacks of one series told apart by their geometry."""

import filecmp
import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from radfeat.core.errors import InputError
from radfeat.ingest.dicom.series_key import GeometryGroup, build_series_key
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
    """Group instances by series, kind and geometry, sorted by key.

    Raises
    ------
    InputError
        If two groups have one key: hashes can meet by chance, though hardly ever do.
    """
    damaged = {str(PurePath(entry.path).parent) for entry in skipped if _may_be_slice(entry)}
    by_series: dict[tuple[str, str], list[InstanceRecord]] = defaultdict(list)
    for record in records:
        if record.cut_short:  # perhaps within the very UID that says where it belongs
            damaged.add(_folder(record))
        by_series[_series_of(record)].append(record)
    groups = []
    for members in by_series.values():
        cut = any(record.cut_short for record in members)
        for key, stack in _split(members):
            near = damaged if not cut else damaged | {_folder(stack[0])}
            groups.append(_build_group(key, stack, near, twins))
    _require_own_keys(groups)
    return tuple(sorted(groups, key=lambda group: group.key))


def _series_of(record: InstanceRecord) -> tuple[str, str]:
    """What belongs together: images of a series, its other objects by kind, versions of one mask."""
    if record.head.kind in MASKS:
        return "mask", record.key
    return record.head.series_uid, record.head.kind.value


def _require_own_keys(groups: Sequence[SeriesGroup]) -> None:
    for key, number in Counter(group.key for group in groups).items():
        if number > 1:
            raise InputError(
                f"{number} series have this key by chance",
                key=key,
                remedy="Take the inventory of a part of the tree at a time",
            )


def _split(members: list[InstanceRecord]) -> list[tuple[str, list[InstanceRecord]]]:
    """The stacks of one series, each under its key."""
    if members[0].head.kind in MASKS:
        return [(members[0].key, members)]
    # By instance, not by path: the key of a stack does not change where its files are moved.
    ordered = sorted(members, key=lambda record: record.instance_uid)
    if members[0].head.kind is Kind.OTHER:
        return [(_key_of(ordered[0]), ordered)]
    stacks: list[list[InstanceRecord]] = []
    known: dict[GeometryGroup, list[InstanceRecord]] = {}
    for record in ordered:
        fitting = known.get(record.group) or _find_stack(stacks, record)
        if fitting is None:
            fitting = []
            stacks.append(fitting)
        fitting.append(record)
        known[record.group] = fitting
    return [(_key_of(stack[0]), stack) for stack in stacks]


def _find_stack(
    stacks: Sequence[list[InstanceRecord]], record: InstanceRecord
) -> list[InstanceRecord] | None:
    return next((stack for stack in stacks if stack[0].group.matches(record.group)), None)


def _key_of(record: InstanceRecord) -> str:
    """The key of a stack; that of a dose or a report beside images of the same series is another one."""
    head = record.head
    series = head.series_uid if head.kind is Kind.IMAGE else f"{head.series_uid} {head.kind.value}"
    return build_series_key(series, record.group)


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
