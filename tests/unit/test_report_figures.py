"""Figures: round ticks, places that match the numbers, text that cannot break out of the SVG."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from radfeat.report.figures import intervals
from radfeat.report.figures.axes import Scale, choose_log_ticks, choose_ticks, format_tick
from radfeat.report.figures.curves import draw_curves
from radfeat.report.figures.strips import draw_strips
from radfeat.report.figures.svg import clip_text, compose, draw_text, format_coordinate
from radfeat.report.figures.verdicts import describe_verdicts, draw_verdicts
from radfeat.report.summaries.acquisition import SiteVerdicts, Verdicts
from radfeat.report.summaries.curves import Curve, CurvePanel, CurvePoint
from radfeat.report.summaries.site_effects import Distribution, SiteValues


def parse(svg: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(svg))


@pytest.mark.parametrize(
    ("lo", "hi", "most", "ticks"),
    [
        (0.0, 1400.0, 6, (0, 250, 500, 750, 1000, 1250)),
        (0.0, 1.0, 5, (0, 0.25, 0.5, 0.75, 1)),
        (0.3, 1.0, 5, (0.4, 0.6, 0.8, 1.0)),
        (-3.0, 3.0, 4, (-2, 0, 2)),
        (5.0, 5.0, 4, (5.0,)),
    ],
)
def test_ticks_are_round_and_inside(lo: float, hi: float, most: int, ticks: tuple[float, ...]) -> None:
    found = choose_ticks(lo, hi, most)
    assert found == pytest.approx(ticks)
    assert len(found) <= most


@pytest.mark.parametrize(
    ("lo", "hi", "ticks"),
    [
        (0.2, 5.0, (0.2, 0.5, 1, 2, 5)),
        (0.02, 50.0, (0.1, 1, 10)),
        (1e-6, 1e6, (1e-6, 1e-3, 1, 1e3, 1e6)),
    ],
)
def test_logarithmic_ticks_are_few_and_round(lo: float, hi: float, ticks: tuple[float, ...]) -> None:
    found = choose_log_ticks(lo, hi, 5)
    assert found == pytest.approx(ticks)


def test_ticks_of_a_narrow_logarithmic_range_are_still_two_or_more() -> None:
    assert len(choose_log_ticks(3.1, 4.4, 4)) >= 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.25, "0.25"), (1000.0, "1,000"), (-2.0, "\N{MINUS SIGN}2"), (1e-6, "1 × 10⁻⁶"), (2.5e8, "2.5 × 10⁸")],
)
def test_ticks_carry_no_needless_zeros(value: float, text: str) -> None:
    assert format_tick(value) == text


def test_a_scale_places_its_ends_and_stops_there() -> None:
    linear = Scale(0.0, 10.0, 100.0, 200.0)
    assert [linear.place(v) for v in (0.0, 5.0, 10.0, -3.0, 99.0)] == [100, 150, 200, 100, 200]
    logarithmic = Scale(0.1, 10.0, 0.0, 100.0, logarithmic=True)
    assert logarithmic.place(1.0) == pytest.approx(50.0)
    assert not logarithmic.holds(20.0)


def test_coordinates_have_one_text() -> None:
    assert [format_coordinate(v) for v in (1.0, 1.256, -0.001, 10.5)] == ["1", "1.26", "0", "10.5"]


def test_hostile_text_stays_text() -> None:
    hostile = '</text></svg><script>alert("x")</script>'
    svg = compose((10, 10), hostile, [draw_text((0, 0), hostile, "tick")])
    root = parse(svg)
    assert [element.tag for element in root.iter()] == ["svg", "text"]
    assert root[0].text == hostile
    assert root.get("aria-label") == hostile


def test_long_labels_are_cut_and_wide_letters_count_double() -> None:
    assert clip_text("short", 74) == "short"
    assert clip_text("a very long name of a site", 74).endswith("…")
    assert len(clip_text("一" * 30, 74)) < len(clip_text("a" * 30, 74))


def point(time: float, at_risk: int, survival: float, censored: int = 0) -> CurvePoint:
    lo, hi = (survival / 2, (1 + survival) / 2) if survival else (None, None)
    return CurvePoint(time, at_risk, censored, survival, lo, hi)


def panel(*curves: Curve) -> CurvePanel:
    return CurvePanel("os", "drug", "drug", True, curves, 100.0, "days", 0.01)


def texts(root: ElementTree.Element) -> list[str]:
    return [e.text or "" for e in root.iter("text")]


def test_a_curve_steps_at_its_times_and_ends_at_zero() -> None:
    curve = Curve("high", (point(50.0, 2, 0.5), point(100.0, 1, 0.0)), 2)
    root = parse(draw_curves(panel(curve)))
    line = next(e for e in root.iter("polyline") if e.get("class") == "curve stratum-high")
    places = [tuple(map(float, p.split(","))) for p in (line.get("points") or "").split()]
    left, middle, right = 58.0, 252.0, 446.0
    assert [x for x, _ in places] == [left, middle, middle, right, right]
    assert [y for _, y in places] == [24.0, 24.0, 134.0, 134.0, 244.0]


def test_the_key_and_the_numbers_at_risk_are_those_of_the_table() -> None:
    high = Curve("high", (point(30.0, 7, 0.4, censored=1), point(100.0, 3, 0.2)), 5)
    low = Curve("low", (point(60.0, 9, 0.8),), 1)
    root = parse(draw_curves(panel(high, low)))
    found = texts(root)
    assert "High score: 7 subjects, 5 events, median 30.0 days" in found
    assert "Low score: 9 subjects, 1 event, median not reached" in found
    place = found.index("At risk")
    assert found[place + 1 : place + 8] == ["High", "7", "7", "3", "3", "3", "3"]
    assert found[place + 8 :] == ["Low", "9", "9", "9", "9", "0", "0"]
    assert len([e for e in root.iter("line") if "censored" in (e.get("class") or "")]) == 1


def test_a_panel_whose_only_time_is_zero_is_drawn() -> None:
    empty = CurvePanel("os", "a", "a", False, (Curve("all", (point(0.0, 2, 1.0, 2),), 0),), 0.0, "", None)
    assert "median not reached" in (parse(draw_curves(empty)).get("aria-label") or "")


def distribution(*sites: SiteValues, logarithmic: bool = False) -> Distribution:
    return Distribution("original_glcm_Contrast", "glcm", "1", "Contrast.", 0.2, sites, logarithmic)


def test_each_roi_is_a_point_and_each_site_a_box() -> None:
    sites = [
        SiteValues("A", 3, (1.0, 2.0, 3.0), (1.1, 1.5, 2.0, 2.5, 2.9)),
        SiteValues("B", 900, (), (2.0, 3.0, 4.0, 5.0, 6.0)),
    ]
    root = parse(draw_strips(distribution(*sites)))
    assert len(list(root.iter("circle"))) == 3
    assert len([e for e in root.iter("rect") if e.get("class") == "box"]) == 2
    assert "Site B: 900 ROIs, median 4.00" in (root.get("aria-label") or "")


def test_one_value_throughout_still_has_an_axis() -> None:
    site = SiteValues("A", 2, (5.0, 5.0), (5.0,) * 5)
    assert parse(draw_strips(distribution(site))).find("text") is not None


def test_an_interval_beyond_the_scale_ends_in_an_arrow() -> None:
    scale = intervals.scale_ratios([(1.0, 0.5, 2.0), (3.0, 0.0001, 1e6)])
    inside = parse(intervals.draw_interval((1.0, 0.5, 2.0), scale))
    beyond = parse(intervals.draw_interval((3.0, 0.0001, 1e6), scale))
    assert len(list(inside.iter("polygon"))) == 0
    assert len(list(beyond.iter("polygon"))) == 2
    square = inside.find("rect")
    assert square is not None
    assert float(square.get("x") or 0) + 4.5 == pytest.approx(intervals.WIDTH / 2)


def test_an_estimate_without_limits_is_a_square_and_none_is_nothing() -> None:
    scale = intervals.scale_concordance([(0.7, None, None)])
    assert len(list(parse(intervals.draw_interval((0.7, None, None), scale)).iter("line"))) == 0
    assert intervals.draw_interval((None, None, None), scale) == ""


# Verdicts on acquisition


def verdicts_of(sites: int, parameters: int) -> SiteVerdicts:
    row = tuple(None if k == 1 else Verdicts(97, 1, 2) for k in range(parameters))
    names = tuple(f"repetition time {k}" for k in range(parameters))
    return SiteVerdicts("MR", names, tuple((f"S{i:02d}", row) for i in range(sites)))


def bars(svg: Markup, look: str) -> list[ElementTree.Element]:
    return [e for e in parse(svg).iter("rect") if e.get("class") == f"verdict {look}"]


@pytest.mark.parametrize(("sites", "parameters"), [(1, 1), (30, 13)])
def test_verdicts_are_stacked_within_their_cells(sites: int, parameters: int) -> None:
    svg = draw_verdicts(verdicts_of(sites, parameters))
    drawn = [bars(svg, look)[:-1] for look in ("conform", "deviate", "unknown")]  # the last is the key's
    cells = sites * (parameters - (parameters > 1))
    assert [len(d) for d in drawn] == [cells] * 3
    for parts in zip(*drawn, strict=True):
        places = [(float(e.get("x", "")), float(e.get("width", ""))) for e in parts]
        for (x, width), (following, _) in pairwise(places):
            assert x + width == pytest.approx(following, abs=0.02)
        assert all(width > 0.9 for _, width in places)
        assert sum(places[-1]) <= 980
    assert [e.text for e in parse(svg).iter("text") if e.get("class") == "tick deviating"] == ["1"] * cells


def test_headings_of_many_parameters_keep_to_their_columns() -> None:
    words = [e.text for e in parse(draw_verdicts(verdicts_of(2, 13))).iter("text")]
    assert words.count("repetition") == 13


def test_verdicts_are_told_in_words_by_site() -> None:
    assert describe_verdicts(verdicts_of(2, 3)) == (
        "MR, verdicts on repetition time 0, repetition time 1, repetition time 2. "
        "Site S00: 194 conform, 2 deviate, 4 unknown; Site S01: 194 conform, 2 deviate, 4 unknown."
    )
