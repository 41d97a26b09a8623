"""Splits by subject: stratified on event, repeated, and the same whatever the order of the rows."""

import hashlib
from collections.abc import Sequence

import numpy as np

from radfeat.core.digest import derive_seed
from radfeat.modelling.outcomes import Indices


def assign_folds(subjects: Sequence[str], events: Sequence[bool], folds: int, seed: int) -> Indices:
    """Fold (0 .. folds - 1) of each row; all rows of a subject are in one fold.

    Within events and within non-events the subjects are ordered by a hash of seed and identifier and dealt
    out in turn, non-events going on where the events stopped: fold sizes differ by at most one, and so do
    their events. A subject with several rows counts as an event if any of them is one.
    """
    has_event: dict[str, bool] = {}
    for subject, event in zip(subjects, events, strict=True):
        has_event[subject] = has_event.get(subject, False) or bool(event)
    ordered = sorted(has_event, key=lambda s: (not has_event[s], _rank(s, seed), s))
    fold_of = {subject: number % folds for number, subject in enumerate(ordered)}
    return np.array([fold_of[s] for s in subjects], dtype=np.intp)


def repeat_seed(seed: int, endpoint: str, repeat: int) -> int:
    """Seed of one repeat's splits; the same for every arm, so that arms are split alike."""
    return derive_seed(seed, "splits", endpoint, str(repeat))


def _rank(subject: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/{subject}".encode()).digest()
