"""Splits by subject: stratified on event, repeated, and the same whatever the order of the rows."""

import hashlib
from collections.abc import Sequence

import numpy as np

from radfeat.core.digest import derive_seed
from radfeat.modelling.outcomes import Indices


def assign_folds(subjects: Sequence[str], classes: Sequence[int], folds: int, seed: int) -> Indices:
    """Fold (0 .. folds - 1) of each row; all rows of a subject are in one fold.

    Within each class (event, then non-event, say) the subjects are ordered by a hash of seed and identifier
    and dealt out in turn, a class going on where the one before stopped: fold sizes differ by at most one,
    and so does each class in them. A subject with several rows counts by the greatest of their classes.
    """
    class_of: dict[str, int] = {}
    for subject, number in zip(subjects, classes, strict=True):
        class_of[subject] = max(class_of.get(subject, int(number)), int(number))
    ordered = sorted(class_of, key=lambda s: (-class_of[s], _rank(s, seed), s))
    fold_of = {subject: number % folds for number, subject in enumerate(ordered)}
    return np.array([fold_of[s] for s in subjects], dtype=np.intp)


def repeat_seed(seed: int, endpoint: str, repeat: int) -> int:
    """Seed of one repeat's splits; the same for every arm, so that arms are split alike."""
    return derive_seed(seed, "splits", endpoint, str(repeat))


def _rank(subject: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/{subject}".encode()).digest()
