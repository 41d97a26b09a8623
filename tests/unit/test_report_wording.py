"""Numbers and words read as a statistician writes them, and never round to what they are not."""

import pytest

from radfeat.core.vocabulary import Reason
from radfeat.report.wording import (
    REASON_WORDS,
    count_of,
    explain_reason,
    format_coefficient,
    format_fixed,
    format_interval,
    format_level,
    format_number,
    format_p,
    format_percent,
    join_words,
    name_site,
)

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (0.5, "0.500"),
        (1.2345, "1.23"),
        (12.345, "12.3"),
        (123.45, "123"),
        (999.6, "1,000"),
        (9.996, "10.0"),
        (12345.6, "12,346"),
        (-0.0817, "\N{MINUS SIGN}0.0817"),
        (0.000123456, "1.23 × 10⁻⁴"),
        (2.5e9, "2.50 × 10⁹"),
        (-2.5e9, "\N{MINUS SIGN}2.50 × 10⁹"),
    ],
)
def test_numbers_have_three_significant_digits(value: float | None, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize(
    ("p", "text"),
    [
        (None, "–"),
        (0.0, "< 0.001"),
        (0.00099, "< 0.001"),
        (0.001, "0.001"),
        (0.0123, "0.012"),
        (1.0, "1.000"),
    ],
)
def test_p_values_have_three_decimals_or_a_bound(p: float | None, text: str) -> None:
    assert format_p(p) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.714, "0.71"),
        (1.0, "1.00"),
        (9.996, "10.0"),
        (123.4, "123"),
        (0.0951, "0.095"),
        (0.0051, "0.0051"),
        (0.0, "0.00"),
    ],
)
def test_ratios_have_two_decimals_unless_they_are_far_out(value: float | None, text: str) -> None:
    assert format_fixed(value) == text


def test_an_interval_is_written_only_with_both_limits() -> None:
    assert format_interval(0.6, 0.861) == "0.60 to 0.86"
    assert format_interval(0.6, None) == ""
    assert format_interval(None, None) == ""


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, "–"),
        (0.0, f"0{NBSP}%"),
        (0.004, f"< 1{NBSP}%"),
        (0.42, f"42{NBSP}%"),
        (0.996, f"> 99{NBSP}%"),
        (1.0, f"100{NBSP}%"),
    ],
)
def test_a_share_reads_as_none_or_all_only_if_it_is(share: float | None, text: str) -> None:
    assert format_percent(share) == text


def test_levels_and_coefficients() -> None:
    assert format_level(0.95) == f"95{NBSP}%"
    assert format_level(0.975) == f"97.5{NBSP}%"
    assert format_coefficient(-0.3333) == "\N{MINUS SIGN}0.333"
    assert format_coefficient(-0.0004) == "0.000"
    assert format_coefficient(None) == "–"


def test_plurals_and_lists() -> None:
    assert count_of(1, "site") == "1 site"
    assert count_of(12000, "site") == "12,000 sites"
    assert count_of(2, "ROI has", "ROIs have") == "2 ROIs have"
    assert join_words([]) == ""
    assert join_words(["a"]) == "a"
    assert join_words(["a", "b"]) == "a and b"
    assert join_words(["a", "b", "c"]) == "a, b and c"


@pytest.mark.parametrize(
    ("label", "heading"),
    [("S01", "Site S01"), ("site-a", "site-a"), ("Site 3", "Site 3"), ("4 other sites", "4 other sites")],
)
def test_a_site_is_called_site_once(label: str, heading: str) -> None:
    assert name_site(label) == heading


def test_every_reason_has_words_of_its_own() -> None:
    assert set(REASON_WORDS) == set(Reason)
    assert len(set(REASON_WORDS.values())) == len(Reason)


def test_an_unknown_reason_stands_for_itself() -> None:
    assert explain_reason("GEOMETRY") == "image and mask not on one grid"
    assert explain_reason("FROM_LATER") == "FROM_LATER"
    assert explain_reason(None) == "no reason given"
