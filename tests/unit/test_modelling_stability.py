"""How alike selections are, counted by hand."""

import numpy as np
import pytest

from radfeat.modelling.comparators import count_selected, draw_columns
from radfeat.modelling.cross_validation import OutOfFold, RepeatScores, Rows
from radfeat.modelling.stability import compute_mean_jaccard, measure_stability
from studies import binary


def test_mean_jaccard_is_over_pairs_of_models_that_selected() -> None:
    selected = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]], dtype=bool)
    assert compute_mean_jaccard(selected) == pytest.approx((1 / 2 + 1 / 3 + 0) / 3)
    assert compute_mean_jaccard(selected[2:]) is None


def test_members_of_one_cluster_are_one_choice() -> None:
    coefficients = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, -2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])
    stability = measure_stability(coefficients, np.array([1, 1, 2, 0]))
    assert stability.cluster_frequency.tolist()[:3] == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    assert np.isnan(stability.cluster_frequency[3])
    assert stability.jaccard == pytest.approx(1 / 3)
    assert stability.jaccard_features == 0.0


def test_without_models_there_is_no_number() -> None:
    stability = measure_stability(np.empty((0, 3)), np.array([1, 2, 3]))
    assert np.isnan(stability.cluster_frequency).all()
    assert stability.jaccard is None


def test_random_features_are_as_many_as_models_select_and_the_same_for_a_seed() -> None:
    rows = Rows(("S1",), ("a",), np.zeros((1, 4)), binary([1]))
    coefficients = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    zero, scores = np.zeros(1, dtype=int), np.zeros(1)
    repeat = RepeatScores(scores, zero, zero, coefficients, 0, 1, 0, scores, (None,))
    assert count_selected(OutOfFold(rows, 1, (repeat,))) == 2
    drawn = draw_columns(50, 6, 3)
    assert len(set(drawn)) == 6
    assert drawn == draw_columns(50, 6, 3) != draw_columns(50, 6, 4)
    assert draw_columns(2, 6, 3) == [0, 1]
