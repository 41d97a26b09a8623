"""The draft of the image sheet: a row for each region whose image, subject and visit are beyond doubt."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from radfeat.core.vocabulary import Modality
from radfeat.ingest.dicom.roi_names import Region, matches
from radfeat.ingest.identity import names_someone
from radfeat.ingest.inventory.grouping import SeriesGroup
from radfeat.ingest.inventory.pairing import Pairing
from radfeat.ingest.inventory.sop_classes import VOLUMES
from radfeat.ingest.inventory.subjects import Subject, Visit
from radfeat.ingest.settings import RoiPattern

LEFT_OUT_TYPES = frozenset(
    (
        *("EXTERNAL", "SUPPORT", "BOLUS", "MARKER", "ISOCENTER", "REGISTRATION", "CONTRAST_AGENT", "CAVITY"),
        *("FIXATION", "DOSE_REGION", "CONTROL", "DOSE_MEASUREMENT", "BRACHY_CHANNEL", "BRACHY_ACCESSORY"),
        *("BRACHY_SRC_APP", "BRACHY_CHNL_SHLD", "TREATED_VOLUME", "IRRAD_VOLUME"),
    )
)
"""RT ROI interpreted types of what is no lesion and no organ. Reference: DICOM PS3.3, C.8.8.8.1."""

ROLE_TYPES = frozenset({"GTV", "CTV", "PTV", "ORGAN", "AVOIDANCE"})
"""Interpreted types that are taken as the role of the ROI where no pattern gives one."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Subject and visit of a series."""

    subject: Subject
    visit: Visit

    @property
    def problem(self) -> str:
        """Why subject or visit is in doubt; empty where neither is."""
        return self.subject.problem or self.visit.problem


@dataclass(frozen=True, eq=False, slots=True)
class DraftRow:
    """One row of the image sheet."""

    pairing: Pairing
    image: SeriesGroup
    owner: Owner
    modality: Modality
    image_id: str
    roi: str
    label: str
    role: str
    scanner: str


@dataclass(frozen=True, eq=False, slots=True)
class Draft:
    """The rows that are drafted, and every pairing, each with the reason why it has no row."""

    rows: tuple[DraftRow, ...]
    pairings: tuple[Pairing, ...]
    names: Mapping[tuple[str, int], str] = field(repr=False)
    """What tables call a region, by the key of its mask and its number."""


@dataclass(frozen=True, slots=True)
class _Name:
    roi: str
    label: str
    role: str
    problem: str = ""


def draft_rows(
    pairings: Iterable[Pairing],
    owners: Mapping[str, Owner],
    words: Mapping[str, frozenset[str]],
    patterns: Sequence[RoiPattern],
) -> Draft:
    """Draft the rows of the image sheet.

    Parameters
    ----------
    pairings
        Regions and their images.
    owners
        Subject and visit of each image, by the key of its group.
    words
        The words that name someone, by the key of a group.
    patterns
        The study's patterns for names of ROIs; without any, every region that may be a lesion is drafted.
    """
    by_mask: dict[str, list[Pairing]] = defaultdict(list)
    for pairing in pairings:
        by_mask[pairing.mask.key].append(pairing)
    named = [
        (pairing, name)
        for key, entries in sorted(by_mask.items())
        for pairing, name in zip(entries, _name_regions(entries, words[key], patterns), strict=True)
    ]
    named = _doubt_owners(_doubt_repeats(named), owners)
    image_ids = _number_images(named, owners)
    rows = [
        _build_row(pairing, name, pairing.image, owners[pairing.image.key], image_ids, words)
        for pairing, name in named
        if pairing.image is not None and not pairing.problem
    ]
    names = {(p.mask.key, p.region.number): name.roi for p, name in named if p.region is not None}
    return Draft(
        rows=tuple(sorted(rows, key=_order)), pairings=tuple(pairing for pairing, _ in named), names=names
    )


def _order(row: DraftRow) -> tuple[str, ...]:
    subject = row.owner.subject
    timepoint = row.owner.visit.timepoint
    return subject.site_id, subject.subject_id, timepoint[:1], timepoint[1:].zfill(4), row.image_id, row.roi


def _name_regions(
    pairings: Sequence[Pairing], words: frozenset[str], patterns: Sequence[RoiPattern]
) -> list[_Name]:
    """Names of the regions of one mask."""
    counts = Counter(p.region.name for p in pairings if p.region is not None)
    names = [
        _Name("", "", "") if p.region is None else _name_region(p.region, counts[p.region.name], words)
        for p in pairings
    ]
    if not patterns:
        return names
    regions = [p.region for p in pairings]
    return [_by_pattern(name, region, regions, patterns) for name, region in zip(names, regions, strict=True)]


def _name_region(region: Region, same: int, words: frozenset[str]) -> _Name:
    """The region's own name; its number where the name names someone, is shared or says nothing."""
    plain = region.name.isprintable() and region.name and not region.name.lstrip("+-").isdigit()
    typed = (region.interpreted_type or "").upper()
    role = typed if typed in ROLE_TYPES else ""
    problem = "" if typed not in LEFT_OUT_TYPES else f"It is no lesion and no organ: its type is {typed}."
    if not plain or same > 1 or names_someone(region.name, words):
        return _Name(f"ROI-{region.number}", str(region.number), role, problem)
    return _Name(region.name, region.name, role, problem)


def _by_pattern(
    name: _Name, region: Region | None, regions: Sequence[Region | None], patterns: Sequence[RoiPattern]
) -> _Name:
    """The name that the study gives to a region."""
    if region is None:
        return name
    fitting = [entry for entry in patterns if matches(entry, region.name)]
    if not fitting:
        return replace(name, problem="No pattern of ingest.rois matches its name.")
    if len(fitting) > 1:
        return replace(name, problem="Several patterns of ingest.rois match its name.")
    (entry,) = fitting
    rivals = sum(other is not None and matches(entry, other.name) for other in regions)
    problem = "" if rivals == 1 else "A pattern of ingest.rois matches several regions of the mask."
    return _Name(entry.roi, name.label, entry.role or "", problem)


def _doubt_repeats(named: Sequence[tuple[Pairing, _Name]]) -> list[tuple[Pairing, _Name]]:
    """Doubt regions that stand in several masks of one image: versions, or the work of several readers."""
    masks: dict[tuple[str, str], set[str]] = defaultdict(set)
    for pairing, name in named:
        if pairing.image is not None and not pairing.problem and not name.problem:
            masks[pairing.image.key, name.roi].add(pairing.mask.key)
    result = []
    for pairing, name in named:
        problem = pairing.problem or name.problem
        count = 0 if pairing.image is None else len(masks[pairing.image.key, name.roi])
        if not problem and count > 1:
            problem = f"{count} masks hold this region of its image: versions, or several readers."
        result.append((replace(pairing, problem=problem), name))
    return result


def _doubt_owners(
    named: Sequence[tuple[Pairing, _Name]], owners: Mapping[str, Owner]
) -> list[tuple[Pairing, _Name]]:
    result = []
    for pairing, name in named:
        doubt = "" if pairing.image is None else owners[pairing.image.key].problem
        problem = pairing.problem or (f"Whose its image is remains in doubt: {doubt}." if doubt else "")
        result.append((replace(pairing, problem=problem), name))
    return result


def _number_images(named: Sequence[tuple[Pairing, _Name]], owners: Mapping[str, Owner]) -> dict[str, str]:
    """``image_id`` of each drafted image: the modality, numbered where a visit has several of one."""
    images = {p.image.key: p.image for p, _ in named if p.image is not None and not p.problem}
    by_visit: dict[tuple[str, str, str, Modality], list[SeriesGroup]] = defaultdict(list)
    for key, image in images.items():
        owner = owners[key]
        subject = owner.subject
        place = (subject.site_id, subject.subject_id, owner.visit.timepoint, VOLUMES[image.head.sop_class])
        by_visit[place].append(image)
    ids = {}
    for (*_, modality), members in by_visit.items():
        ordered = sorted(members, key=lambda image: (_series_number(image), image.key))
        for number, image in enumerate(ordered, start=1):
            ids[image.key] = modality.value if len(ordered) == 1 else f"{modality.value}{number}"
    return ids


def _series_number(image: SeriesGroup) -> int:
    text = image.head.series_number
    return int(text) if text.isdecimal() else 0


def _build_row(
    pairing: Pairing,
    name: _Name,
    image: SeriesGroup,
    owner: Owner,
    image_ids: Mapping[str, str],
    words: Mapping[str, frozenset[str]],
) -> DraftRow:
    return DraftRow(
        pairing=pairing,
        image=image,
        owner=owner,
        modality=VOLUMES[image.head.sop_class],
        image_id=image_ids[image.key],
        roi=name.roi,
        label=name.label,
        role=name.role,
        scanner=name_scanner(image, words[image.key]),
    )


def name_scanner(group: SeriesGroup, words: frozenset[str]) -> str:
    """Manufacturer and model, without what names someone or cannot be printed."""
    texts = [" ".join(text.split()) for text in (group.head.manufacturer, group.head.model)]
    return " ".join(text for text in texts if text.isprintable() and not names_someone(text, words)).strip()
