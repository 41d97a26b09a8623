"""What a checklist's item is answered from: what a run shows, and what the study declares."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Status(StrEnum):
    """How an item of a checklist is answered. Silence is never a yes."""

    DERIVED = "derived"
    """The run's own files show it; a link says which."""
    DECLARED = "declared"
    """The study says so in study.yaml; radfeat cannot check it."""
    NOT_MET = "not met"
    """The run's files show that it is not so, or the study says so."""
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Found:
    """What a run shows on a topic; without a status it is a remark, and the item stays to be declared."""

    status: Status | None
    sentence: str
    link: str = ""


class Answer(BaseModel):
    """What the study declares on one topic."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    met: bool = Field(description="Whether the item is met; if not, `text` says why.")
    text: str = Field(min_length=1, description="The answer in a sentence or two.")
    where: str = Field(default="", description="Where it is documented: document and section.")


class StudyDeclarations(BaseModel):
    """The file study.yaml: by topic, what no file of the run can show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answers: dict[str, Answer] = Field(
        default_factory=dict, description="Topic to answer; `radfeat checklist --draft` lists the topics."
    )


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """What the files of a run show, as plain numbers and names.

    ``images`` counts images by modality, ``known`` images by modality and acquisition parameter that have a
    value. ``metrics`` are those of each model in ``performance``; ``limits`` says whether any has limits.
    ``rows`` counts the rows of each table that is there. ``crowded`` names models with more predictors than
    Riley's criteria allow, ``mixed`` subjects in two folds of one repeat. ``conformance`` is how many values
    of IBSI agree, of how many.
    """

    version: str
    settings: Mapping[str, Any]
    images: Mapping[str, int]
    known: Mapping[tuple[str, str], int]
    sites: int
    scanners: int
    features: int
    rows: Mapping[str, int]
    metrics: Mapping[str, frozenset[str]]
    limits: bool
    feasible: tuple[str, ...]
    crowded: tuple[str, ...]
    mixed: int
    conformance: tuple[int, int] | None

    @property
    def models(self) -> bool:
        """Whether at least one model was fitted."""
        return bool(self.feasible)
