"""What a PACS answers, and what is asked of whatever speaks to one, DICOMweb or DIMSE."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from radfeat.ingest.pacs.request import UID_PATTERN, Request

_COUNT_PATTERN = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class StudyAnswer:
    """A study; None where the PACS does not say."""

    study_uid: str
    patient_id: str | None
    accession: str | None


@dataclass(frozen=True, slots=True)
class SeriesAnswer:
    """A series; ``stated`` is its NumberOfSeriesRelatedInstances, None where the PACS does not say."""

    study_uid: str
    series_uid: str
    modality: str
    stated: int | None


@dataclass(frozen=True, slots=True)
class InstanceAnswer:
    """An instance; ``sop_class`` is empty where the PACS does not say."""

    sop_uid: str
    sop_class: str


@dataclass(frozen=True, slots=True)
class Missing:
    """What of a series is not here.

    ``instances`` are listed by the PACS; ``unlisted`` says that it states more than it lists, ``none_here``
    that no instance of the series is here.
    """

    instances: tuple[InstanceAnswer, ...]
    unlisted: bool
    none_here: bool


Write = Callable[[Path], object]
"""Writes an instance to a path."""

Keep = Callable[[str, Write], None]
"""Takes an instance of the series that is being fetched: its SOPInstanceUID, and what writes it.

Raises PacsError where what was written is not that instance, whole.
"""


class PacsError(Exception):
    """Something that the PACS did or did not do.

    Parameters
    ----------
    sentence
        What happened, without a full stop and without what a header or a URL says.
    remedy
        What to do, as a sentence without a full stop.
    passes
        Whether to try again after a while.
    ends
        Whether nothing else can be fetched either.
    """

    def __init__(self, sentence: str, *, remedy: str = "", passes: bool = False, ends: bool = False) -> None:
        self.sentence = sentence
        self.remedy = remedy
        self.passes = passes
        self.ends = ends
        super().__init__(sentence)

    @property
    def text(self) -> str:
        """The sentence, and the remedy where there is one."""
        return f"{self.sentence}. {self.remedy}." if self.remedy else f"{self.sentence}."


class Pacs(Protocol):
    """What can be asked of a PACS. Every call raises PacsError where no answer can be had."""

    def find_studies(self, request: Request) -> Sequence[StudyAnswer]:
        """Studies that match patient, accession number and study UID, as far as the request names them."""
        ...

    def find_series(self, study_uid: str, series_uid: str) -> Sequence[SeriesAnswer]:
        """Series of a study (any study, where it is empty), only the one of that UID where it is given."""
        ...

    def list_instances(self, series: SeriesAnswer) -> Sequence[InstanceAnswer]:
        """The instances of a series."""
        ...

    def fetch(self, series: SeriesAnswer, missing: Missing, keep: Keep) -> Sequence[PacsError]:
        """Fetch what is missing; return a fault for whatever did not come, raise it where nothing can."""
        ...


def require_uids(uids: Iterable[str | None]) -> tuple[str, ...]:
    """UIDs of an answer, each once, in order.

    Raises
    ------
    PacsError
        If one is absent or is not made of digits and points.
    """
    checked = []
    for uid in uids:
        if uid is None or not UID_PATTERN.fullmatch(uid):
            raise PacsError("the PACS answers with an entry that has no valid UID")
        checked.append(uid)
    return tuple(dict.fromkeys(checked))


def parse_count(text: object) -> int | None:
    """A count as an answer may hold it; None where it is absent or no count."""
    word = str(text).strip()
    return int(word) if _COUNT_PATTERN.fullmatch(word) else None
