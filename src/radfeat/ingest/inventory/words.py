"""The words that name someone, for every series: those of its own headers and of all that belong with it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from radfeat.ingest.inventory.grouping import SeriesGroup
from radfeat.ingest.inventory.pairing import Pairing


def collect_words(groups: Sequence[SeriesGroup], pairings: Iterable[Pairing]) -> dict[str, frozenset[str]]:
    """Words that name someone, by the key of a group.

    A header may lack the name that another of the same subject, the same study or the same pair has, and a
    region be called by it.
    """
    shared: dict[tuple[str, str], set[str]] = defaultdict(set)
    for group in groups:
        for tie in _ties(group):
            for head in group.heads:
                shared[tie] |= head.words
    words = {group.key: frozenset().union(*(shared[tie] for tie in _ties(group))) for group in groups}
    for pairing in pairings:
        if pairing.image is not None:
            words[pairing.mask.key] |= words[pairing.image.key]
    return words


def _ties(group: SeriesGroup) -> set[tuple[str, str]]:
    """What a group shares with others: its subjects and studies, and itself."""
    subjects = {("subject", head.patient.patient_id) for head in group.heads if head.patient.patient_id}
    studies = {("study", head.study_uid) for head in group.heads if head.study_uid}
    return {("group", group.key)} | subjects | studies
