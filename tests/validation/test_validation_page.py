"""The page that the command writes."""

import math

import pytest

from validation.leaks import LeakRecord
from validation.measures import Bound, Check, Measured
from validation.page import BEGIN, END, Run, count_trials, replace_table, write_bound, write_table

RUN = Run("make validate-statistics", "2026-11-27", "0.1.0", "abc", {"null": {"binary": 500}})


def test_table_has_a_row_for_each_check_with_bound_and_verdict() -> None:
    checks = [
        Check("null", "binary", "a", Measured(0.0612, 0.0107, 500), Bound(0.03, 0.07)),
        Check("null", "binary", "b", Measured(0.2, None, 500), Bound(hi=0.07)),
        Check("null", "binary", "c", Measured(math.nan, None, 0), None),
    ]
    text = write_table(checks, RUN)
    assert "**1 of 2 bounds kept, 1 FAILED**" in text
    assert "Seeds: binary 1 to 500." in text
    assert "| binary | a | 500 | 0.061 | 0.011 | 0.030 to 0.070 | passed |" in text
    assert "| binary | b | 500 | 0.200 |  | at most 0.070 | FAILED |" in text
    assert "| binary | c | 0 | none |  |  | not asserted |" in text


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (Bound(0.0, 0.0), "0.000"),
        (Bound(lo=0.5), "at least 0.500"),
        (Bound(0.4, 0.6), "0.400 to 0.600"),
    ],
)
def test_bound_is_told_in_words(bound: Bound, words: str) -> None:
    assert write_bound(bound) == words


def test_table_is_replaced_between_its_marks_and_nowhere_else() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    assert replace_table(page, "new") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(ValueError, match="lacks the marks"):
        replace_table("no marks", "new")


def test_trials_are_counted_by_scenario_and_kind() -> None:
    records = [LeakRecord("leak_cut", kind, 1) for kind in ("binary", "binary", "continuous")]
    assert count_trials(records) == {"leak_cut": {"binary": 2, "continuous": 1}}
