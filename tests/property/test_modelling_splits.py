"""Splits: no subject on both sides, balanced folds, no influence of the order of rows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radfeat.modelling.splits import assign_folds, repeat_seed

SUBJECTS = st.lists(st.tuples(st.text(min_size=1, max_size=4), st.booleans()), min_size=1, max_size=60)
FOLDS = st.integers(2, 7)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.requirement("R-STAT-2")
@given(SUBJECTS, FOLDS, SEEDS)
def test_all_rows_of_a_subject_are_in_one_fold(rows: list[tuple[str, bool]], folds: int, seed: int) -> None:
    subjects, events = zip(*rows, strict=True)
    dealt = assign_folds(subjects, events, folds, seed)
    assert all(len({f for f, s in zip(dealt, subjects, strict=True) if s == one}) == 1 for one in subjects)
    assert set(dealt) <= set(range(folds))


@given(st.dictionaries(st.text(min_size=1, max_size=4), st.booleans(), min_size=1, max_size=60), FOLDS, SEEDS)
def test_folds_differ_by_one_subject_and_one_event_at_most(
    rows: dict[str, bool], folds: int, seed: int
) -> None:
    events = np.array(list(rows.values()))
    dealt = assign_folds(list(rows), list(rows.values()), folds, seed)
    assert np.ptp(np.bincount(dealt, minlength=folds)) <= 1
    assert np.ptp(np.bincount(dealt[events], minlength=folds)) <= 1
    # Non-events go on where the events stopped, so that theirs differ by one as well.
    assert np.ptp(np.bincount(dealt[~events], minlength=folds)) <= 1


@given(SUBJECTS, FOLDS, SEEDS, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows, folds, seed, random) -> None:
    shuffled = random.sample(rows, len(rows))
    first = dict(zip((s for s, _ in rows), assign_folds(*zip(*rows, strict=True), folds, seed), strict=True))
    second = dict(
        zip((s for s, _ in shuffled), assign_folds(*zip(*shuffled, strict=True), folds, seed), strict=True)
    )
    assert first == second


@settings(max_examples=20)
@given(SEEDS)
def test_repeats_and_endpoints_are_split_differently(seed: int) -> None:
    seeds = {repeat_seed(seed, endpoint, r) for endpoint in ("os", "pfs") for r in range(5)}
    assert len(seeds) == 10
