"""Checklists of radiomics research, item by item: METRICS, CLEAR, IBSI's reporting guidelines.

Numbers and subjects of the items are those of the lists; the words are our own. A checklist is answered from
what a run shows and what the study declares; nothing counts as met because nobody said otherwise.

Reference
---------
METRICS: Kocak et al., Insights Imaging 2024; 15: 8. CLEAR: Kocak et al., Insights Imaging 2023; 14: 75. IBSI:
reference manual, arXiv:1612.07003, chapter on radiomics reporting guidelines.
"""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from radfeat.core.errors import SettingsError
from radfeat.submission.evidence import Answer, Found, RunEvidence, Status
from radfeat.submission.evidence_rules import find


class ChecklistName(StrEnum):
    """A checklist, by the name of its file."""

    METRICS = "metrics"
    CLEAR = "clear"
    IBSI = "ibsi"


TITLES = {
    ChecklistName.METRICS: "METRICS",
    ChecklistName.CLEAR: "CLEAR",
    ChecklistName.IBSI: "IBSI reporting guidelines",
}
SOURCES = {
    ChecklistName.METRICS: "Kocak et al., Insights Imaging 2024; 15: 8, doi:10.1186/s13244-023-01572-w.",
    ChecklistName.CLEAR: "Kocak et al., Insights Imaging 2023; 14: 75, doi:10.1186/s13244-023-01415-8.",
    ChecklistName.IBSI: "IBSI reference manual, arXiv:1612.07003, radiomics reporting guidelines.",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One item; ``topic`` is the key in study.yaml, ``modality`` the only one that it is about, or empty."""

    checklist: ChecklistName
    number: str
    section: str
    name: str
    topic: str
    modality: str


@dataclass(frozen=True, slots=True)
class Judged:
    """One item and how it is answered; ``remark`` is what the run shows beside, without deciding it.

    ``link`` is a file from the results folder, if ``is_file``, else a place that the study names.
    """

    item: Item
    status: Status
    sentence: str
    link: str = ""
    remark: str = ""
    is_file: bool = True


@cache
def list_items(name: ChecklistName) -> tuple[Item, ...]:
    """The items of a checklist in its order."""
    text = files("radfeat.submission").joinpath("checklists", f"{name.value}.csv").read_text(encoding="utf-8")
    return tuple(
        Item(name, row["item"], row["section"], row["name"], row["topic"], row["modality"])
        for row in csv.DictReader(text.splitlines())
    )


def list_topics() -> tuple[str, ...]:
    """Every topic of every checklist, in the order in which they first occur."""
    return tuple(dict.fromkeys(item.topic for name in ChecklistName for item in list_items(name)))


def judge_items(run: RunEvidence, answers: Mapping[str, Answer]) -> tuple[Judged, ...]:
    """Every item of every checklist.

    Raises
    ------
    SettingsError
        An answer is about a topic that no checklist has.
    """
    unknown = sorted(set(answers) - set(list_topics()))
    if unknown:
        raise SettingsError(
            "no checklist has this topic",
            key="study.yaml",
            measured=", ".join(unknown),
            remedy="`radfeat checklist --draft` lists the topics",
        )
    return tuple(
        judge(item, run, answers.get(item.topic)) for name in ChecklistName for item in list_items(name)
    )


def judge(item: Item, run: RunEvidence, answer: Answer | None) -> Judged:
    """One item: what the run shows comes first, then what the study declares, else it is unanswered."""
    if item.modality and run.images and item.modality not in run.images:
        sentence = f"Does not apply: there is no image of the modality {item.modality}."
        return Judged(item, Status.DERIVED, sentence, "blinded/series.parquet")
    found = find(item.topic, run, item.modality)
    if found is not None and found.status is not None:
        return Judged(item, found.status, found.sentence, found.link, _contradict(found, answer))
    remark = found.sentence if found else ""
    if answer is not None:
        status = Status.DECLARED if answer.met else Status.NOT_MET
        return Judged(item, status, answer.text, answer.where, remark, is_file=False)
    return Judged(item, Status.UNANSWERED, "", found.link if found else "", remark)


def _contradict(found: Found, answer: Answer | None) -> str:
    """What the study declares beside what the run shows."""
    if answer is None:
        return ""
    contrary = answer.met != (found.status is Status.DERIVED)
    return f"{'The study declares otherwise' if contrary else 'The study adds'}: {answer.text}"


def count_statuses(judged: Sequence[Judged], name: ChecklistName) -> dict[Status, int]:
    """How many items of a checklist have each status."""
    counts = Counter(one.status for one in judged if one.item.checklist is name)
    return {status: counts[status] for status in Status}


def build_json(judged: Sequence[Judged]) -> dict[str, object]:
    """The same for programs: per checklist counts and items."""
    return {
        name.value: {
            "title": TITLES[name],
            "source": SOURCES[name],
            "counts": {status.value: n for status, n in count_statuses(judged, name).items()},
            "items": [_item_json(one) for one in judged if one.item.checklist is name],
        }
        for name in ChecklistName
    }


def _item_json(judged: Judged) -> dict[str, str]:
    item = judged.item
    return {
        "item": item.number,
        "section": item.section,
        "name": item.name,
        "topic": item.topic,
        "status": judged.status.value,
        "evidence": judged.sentence,
        "link": judged.link,
        "remark": judged.remark,
    }


def draft_study(run: RunEvidence) -> str:
    """Text of a study.yaml to fill in: every topic that the run does not answer."""
    lines = [
        "# What no file of the run can show. Take the # away and answer; what is left out stays unanswered.",
        "answers:",
    ]
    asked = [one for one in judge_items(run, {}) if one.status is Status.UNANSWERED]
    for topic in dict.fromkeys(one.item.topic for one in asked):
        own = [one.item for one in asked if one.item.topic == topic]
        lines.append(f"  # {own[0].name} ({', '.join(f'{TITLES[i.checklist]} {i.number}' for i in own)})")
        lines.append(f"  # {topic}: {{met: true, text: ..., where: ...}}")
    return "\n".join(lines) + "\n"
