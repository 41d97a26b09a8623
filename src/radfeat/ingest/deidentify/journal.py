"""What de-identification of one file needs to know, and what it notes while at work."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from radfeat.ingest.deidentify.secret import Secret
from radfeat.ingest.deidentify.table import Action


@dataclass(frozen=True, slots=True)
class Profile:
    """What holds for all files of a run.

    ``subjects`` gives subject ids by PatientID and issuer (an empty issuer stands for every one) where the
    site names them itself; None means pseudonyms under the key. ``extra_words`` are a study's own words of
    the trade, folded.
    """

    secret: Secret
    subjects: Mapping[tuple[str, str], str] | None = None
    extra_words: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Person:
    """Whose file it is: the subject's id in the trial, the shift of dates, the words not to be repeated."""

    subject_id: str
    shift_days: int
    words: frozenset[str]


@dataclass(slots=True)
class Journal:
    """Notes on one file: elements by action and keyword, UIDs by what they became, texts withheld."""

    actions: Counter[tuple[Action, str]] = field(default_factory=Counter)
    uids: dict[str, str] = field(default_factory=dict)
    withheld: list[tuple[str, str]] = field(default_factory=list)
    kept_private: bool = False
    kept_characteristics: bool = False

    def note(self, action: Action, keyword: str) -> None:
        """Count one element."""
        self.actions[action, keyword] += 1
