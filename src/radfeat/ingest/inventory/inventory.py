"""Taking inventory: from a tree of files to its series, the verdict on each, and the drafted image sheet."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from radfeat.core.batches import Item, OnProgress, Result, map_in_batches
from radfeat.core.errors import SettingsError
from radfeat.ingest.identity import names_someone
from radfeat.ingest.inventory.draft import Draft, Owner, draft_rows
from radfeat.ingest.inventory.grouping import SeriesGroup, compare_files, drop_copies, group_series
from radfeat.ingest.inventory.header_reader import read_records
from radfeat.ingest.inventory.pairing import doubt_incomplete, index_images, pair_masks
from radfeat.ingest.inventory.records import InstanceRecord, Kind, Patient, SkippedFile
from radfeat.ingest.inventory.subjects import Subject, SubjectList, Visit, name_subjects, name_visits
from radfeat.ingest.inventory.verdicts import Opinion, Verdict, build_task, form_opinion, judge_series
from radfeat.ingest.inventory.walk import walk_tree
from radfeat.ingest.inventory.words import collect_words
from radfeat.ingest.settings import IngestSettings


class Stage(StrEnum):
    """What an inventory is at, for those who watch."""

    READING = "read headers"
    COMPARING = "compare copies"
    JUDGING = "judge series"


FEW = 400
"""Files up to which starting workers takes longer than the work."""

Watch = Callable[[Stage, int, int], None]
"""Is told the stage, and how many of how many files are done."""


@dataclass(frozen=True, slots=True)
class InventoryOptions:
    """How series are named and judged.

    Parameters
    ----------
    study_id
        Study of all rows.
    site_id
        Site of all rows; None takes the name of the first folder below the root.
    derive
        Gives the subject's name from PatientID.
    listed
        The trial's own numbers of its subjects, in place of ``derive``.
    settings
        How exact geometry must be, and what ROIs are called.
    workers
        Processes to read with.
    """

    study_id: str
    site_id: str | None
    derive: Callable[[str], str] = field(repr=False)
    listed: SubjectList | None = field(repr=False)
    settings: IngestSettings
    workers: int


@dataclass(frozen=True, eq=False, slots=True)
class Inventory:
    """What a tree holds; opinions, owners and words by the key of a group."""

    root: Path
    files: int
    skipped: tuple[SkippedFile, ...]
    groups: tuple[SeriesGroup, ...]
    opinions: Mapping[str, Opinion]
    owners: Mapping[str, Owner]
    words: Mapping[str, frozenset[str]]
    subjects: Mapping[tuple[Patient, str], Subject]
    draft: Draft

    def with_verdict(self, verdict: Verdict) -> int:
        """How many series have a verdict."""
        return sum(opinion.verdict is verdict for opinion in self.opinions.values())


def take_inventory(root: Path, options: InventoryOptions, watch: Watch | None = None) -> Inventory:
    """Read the headers of all files below ``root``, and say what there is and what it is good for.

    Raises
    ------
    SettingsError
        If sites shall be called after folders, and a folder's name names someone.
    """
    root = root.resolve()
    tree = walk_tree(root)
    read = _map(read_records, tree.files, options, watch, Stage.READING)
    records = [record for record in read if isinstance(record, InstanceRecord)]
    skipped = [*tree.skipped, *(entry for entry in read if isinstance(entry, SkippedFile))]
    groups, copies = _group(records, skipped, options, watch)
    opinions = _judge(groups, options, watch)
    subjects, owners = _find_owners(root, groups, options)
    opinions = {key: _add_doubt(opinion, owners[key]) for key, opinion in opinions.items()}
    index = index_images(groups, opinions)
    pairings = pair_masks(groups, index)
    words = collect_words(groups, pairings)
    return Inventory(
        root=root,
        files=len(tree.files) + len(tree.skipped),
        skipped=tuple(sorted([*skipped, *copies], key=lambda entry: os.fsencode(entry.path))),
        groups=groups,
        opinions=doubt_incomplete(groups, index),
        owners=owners,
        words=words,
        subjects=subjects,
        draft=draft_rows(pairings, owners, words, options.settings.rois),
    )


def _map(
    work: Callable[[Sequence[Item]], Sequence[Result]],
    items: Sequence[Item],
    options: InventoryOptions,
    watch: Watch | None,
    stage: Stage,
    weigh: Callable[[Item], int] = lambda _: 1,
) -> list[Result]:
    return map_in_batches(
        work,
        items,
        workers=options.workers,
        preload=__name__,
        weigh=weigh,
        few=FEW,
        on_progress=_tell(watch, stage),
    )


def _tell(watch: Watch | None, stage: Stage) -> OnProgress | None:
    return None if watch is None else lambda done, total: watch(stage, done, total)


def _group(
    records: Sequence[InstanceRecord],
    skipped: Sequence[SkippedFile],
    options: InventoryOptions,
    watch: Watch | None,
) -> tuple[tuple[SeriesGroup, ...], list[SkippedFile]]:
    def compare(pairs: Sequence[tuple[str, str]]) -> Sequence[bool]:
        return _map(compare_files, pairs, options, watch, Stage.COMPARING)

    kept, copies, twins = drop_copies(records, compare)
    return group_series(kept, skipped, twins), copies


def _judge(
    groups: Sequence[SeriesGroup], options: InventoryOptions, watch: Watch | None
) -> dict[str, Opinion]:
    tasks = [task for group in groups if (task := build_task(group, options.settings)) is not None]
    judged = _map(judge_series, tasks, options, watch, Stage.JUDGING, weigh=lambda task: len(task.paths))
    judgements = {task.key: judgement for task, judgement in zip(tasks, judged, strict=True)}
    return {group.key: form_opinion(group, judgements.get(group.key)) for group in groups}


def _find_owners(
    root: Path, groups: Sequence[SeriesGroup], options: InventoryOptions
) -> tuple[dict[tuple[Patient, str], Subject], dict[str, Owner]]:
    sites = {group.key: options.site_id or _find_site(root, group) for group in groups}
    patients = [(head.patient, sites[group.key]) for group in groups for head in group.heads]
    subjects = name_subjects(patients, options.derive, options.listed)
    of_group = {group.key: subjects[group.head.patient, sites[group.key]] for group in groups}
    visits = name_visits(
        (of_group[group.key].subject_id, head)
        for group in groups
        if group.kind is Kind.IMAGE
        for head in group.heads
    )
    unknown = Visit("", None)
    owners = {
        group.key: Owner(
            of_group[group.key],
            visits.get((of_group[group.key].subject_id, group.head.study_uid), unknown),
        )
        for group in groups
    }
    return subjects, owners


def _find_site(root: Path, group: SeriesGroup) -> str:
    """The first folder of a series' files below the root; empty where there is none, or several.

    Raises
    ------
    SettingsError
        If the folder's name repeats a word that names someone.
    """
    parts = [Path(path).relative_to(root).parts for path in group.paths]
    names = {part[0] if len(part) > 1 else "" for part in parts}
    if len(names) > 1:
        return ""
    (name,) = names
    if any(names_someone(name, head.words) for head in group.heads):
        raise SettingsError(
            "a folder's name repeats a subject, a person or a place of its headers, so it cannot be a site's",
            key="--site-from folder",
            remedy="Put each site's files into a folder with the site's code, or use --site or --subjects",
        )
    return name


def _add_doubt(opinion: Opinion, owner: Owner) -> Opinion:
    """A series whose subject or visit is in doubt is doubtful."""
    if opinion.verdict is Verdict.NOT_AN_IMAGE or not owner.problem:
        return opinion
    return opinion.with_doubt(f"In doubt is whose it is: {owner.problem}.")
