"""Which image a region was drawn in: by what it references, else by its frame of reference, else unknown."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from radfeat.ingest.dicom.roi_names import Region
from radfeat.ingest.inventory.grouping import MASKS, SeriesGroup
from radfeat.ingest.inventory.records import InstanceRecord, Kind, MaskContents
from radfeat.ingest.inventory.verdicts import Opinion, Verdict

_NOTHING_DRAWN = {
    Kind.STRUCTURE_SET: "Nothing is drawn of it: it has no contour, or marked points alone.",
    Kind.SEGMENTATION: "Nothing is drawn of it: no frame shows the segment.",
}


class PairedBy(StrEnum):
    """What told which image a mask belongs to."""

    INSTANCES = "instances"
    """The mask names images of the series."""
    SERIES = "series"
    """The mask names the series; the images it names are not in the tree (they were written anew)."""
    FRAME = "frame of reference"
    """The mask names no image, and the series is the only one in its frame of reference."""


@dataclass(frozen=True, eq=False, slots=True)
class Pairing:
    """One region of one mask and the image it was drawn in; ``problem`` says why the two are not drafted.

    ``image`` is None where it is unknown, ``region`` where the mask declares none.
    """

    mask: SeriesGroup
    region: Region | None = field(repr=False)
    image: SeriesGroup | None
    paired_by: PairedBy | None
    problem: str = ""


@dataclass(frozen=True, eq=False, slots=True)
class ImageIndex:
    """The images of a tree by what masks can say of them, and the opinion on each."""

    by_instance: Mapping[str, Sequence[SeriesGroup]]
    by_series: Mapping[str, Sequence[SeriesGroup]]
    by_frame: Mapping[str, Sequence[SeriesGroup]]
    opinions: Mapping[str, Opinion]

    def is_usable(self, group: SeriesGroup) -> bool:
        """Whether reading a group is not refused."""
        return self.opinions[group.key].verdict in (Verdict.USABLE, Verdict.DOUBTFUL)


def index_images(groups: Iterable[SeriesGroup], opinions: Mapping[str, Opinion]) -> ImageIndex:
    """Index the groups that are images."""
    by_instance: dict[str, list[SeriesGroup]] = defaultdict(list)
    by_series: dict[str, list[SeriesGroup]] = defaultdict(list)
    by_frame: dict[str, list[SeriesGroup]] = defaultdict(list)
    for group in groups:
        if group.kind is not Kind.IMAGE:
            continue
        by_series[group.head.series_uid].append(group)
        if group.head.frame_of_reference:
            by_frame[group.head.frame_of_reference].append(group)
        for uid in dict.fromkeys(record.instance_uid for record in group.records):
            by_instance[uid].append(group)
    return ImageIndex(by_instance, by_series, by_frame, opinions)


def pair_masks(groups: Iterable[SeriesGroup], index: ImageIndex) -> list[Pairing]:
    """Pair every region of every mask; a mask without regions is paired once, as a whole."""
    pairings: list[Pairing] = []
    for group in groups:
        if group.kind in MASKS:
            pairings += _pair_mask(group, index)
    return pairings


def doubt_incomplete(groups: Iterable[SeriesGroup], index: ImageIndex) -> dict[str, Opinion]:
    """The opinions, with a doubt on each image of whose series a mask names instances that are not there.

    A slice lost at an end of a series leaves no gap; a mask that was drawn before may still know of it. A
    series of which no instance is there was written anew, or is another: that says nothing.
    """
    lost: dict[str, tuple[int, int]] = {}
    for group in groups:
        contents = [_contents_of(record) for record in group.records] if group.kind in MASKS else []
        for listed in (uids for content in contents for uids in content.listed):
            absent = len(listed - index.by_instance.keys())
            for image in _collect(index.by_instance, listed) if absent else ():
                lost[image.key] = max(lost.get(image.key, (0, 0)), (absent, len(listed)))
    return {
        key: opinion if key not in lost else opinion.with_doubt(_tell_lost(*lost[key]))
        for key, opinion in index.opinions.items()
    }


def _tell_lost(absent: int, listed: int) -> str:
    return (
        f"A mask names {listed} images of its series, of which {absent} "
        f"{'is' if absent == 1 else 'are'} not in the tree: slices may be lost."
    )


def _pair_mask(mask: SeriesGroup, index: ImageIndex) -> list[Pairing]:
    contents = _contents_of(mask.records[0])
    if mask.twins:
        return [Pairing(mask, None, None, None, "The mask lies in the tree in several versions that differ.")]
    if not contents.regions:
        return [Pairing(mask, None, None, None, "The mask declares no region.")]
    return [
        _check(_pair_region(mask, contents, region, index), contents, index) for region in contents.regions
    ]


def _contents_of(record: InstanceRecord) -> MaskContents:
    return record.mask or MaskContents((), (), frozenset(), ())


def _pair_region(mask: SeriesGroup, contents: MaskContents, region: Region, index: ImageIndex) -> Pairing:
    uids = contents.instance_uids_by_region.get(region.number) or contents.instance_uids
    named = _collect(index.by_instance, uids)
    if named:
        return _choose(mask, region, named, PairedBy.INSTANCES, index)
    listed = _collect(index.by_series, contents.series_uids)
    if listed:
        return _choose(mask, region, listed, PairedBy.SERIES, index)
    neighbours = [group for group in _collect(index.by_frame, contents.frames) if index.is_usable(group)]
    if uids or contents.series_uids:
        others = f"{len(neighbours)} other series in its frame of reference" if neighbours else "none like it"
        return Pairing(
            mask, region, None, None, f"It was drawn in a series that is not in the tree ({others})."
        )
    if not neighbours:
        what = "It names no image, and no usable series lies in its frame of reference."
        return Pairing(mask, region, None, None, what)
    return _choose(mask, region, neighbours, PairedBy.FRAME, index)


def _collect(index: Mapping[str, Sequence[SeriesGroup]], uids: Iterable[str]) -> list[SeriesGroup]:
    """The groups under any of the names, each once, by key."""
    found = {group.key: group for uid in uids for group in index.get(uid, ())}
    return [found[key] for key in sorted(found)]


def _choose(
    mask: SeriesGroup,
    region: Region,
    candidates: Sequence[SeriesGroup],
    paired_by: PairedBy,
    index: ImageIndex,
) -> Pairing:
    """The one candidate, or the one that can be used: a localiser beside its series is none."""
    usable = [group for group in candidates if index.is_usable(group)]
    chosen = candidates if len(candidates) == 1 else usable
    if len(chosen) == 1:
        return Pairing(mask, region, chosen[0], paired_by)
    what = f"It can belong to any of {len(usable)} series." if usable else "None of its series can be used."
    return Pairing(mask, region, None, paired_by, what)


def _check(pairing: Pairing, contents: MaskContents, index: ImageIndex) -> Pairing:
    """Add the reason why a pair is not drafted, if there is one."""
    image = pairing.image
    if image is None:
        return pairing
    opinion = index.opinions[image.key]
    frame = image.head.frame_of_reference
    problem = ""
    if image.head.patient.patient_id != pairing.mask.head.patient.patient_id:
        problem = "Mask and image name different subjects."
    elif opinion.verdict is Verdict.UNUSABLE:
        problem = f"Its image cannot be used: {' '.join(opinion.reasons)}"
    elif frame and contents.frames and frame not in contents.frames:
        problem = "Mask and image lie in different frames of reference."
    elif pairing.region is not None and pairing.region.number in contents.undrawn:
        problem = _NOTHING_DRAWN[pairing.mask.kind]
    return replace(pairing, problem=problem)
