"""Selection stability: clusters, not features, are ranked; bars are as long as the shares they stand for."""

from dataclasses import fields
from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from radfeat.report.figures.stability import LEFT, RIGHT, draw_stability
from radfeat.report.inputs import UnblindedTables
from radfeat.report.summaries.stability import ClusterShare, SelectionStability, build_stability

KEY = {"endpoint": "os", "arm": "drug"}


def selection_row(
    feature: str, selected: int, cluster: int | None, any_member: float | None
) -> dict[str, object]:
    numbers = {"fits": 10, "selected": selected, "frequency": selected / 10, "mean_coefficient": 0.0}
    return {**KEY, "feature": feature, **numbers, "cluster": cluster, "cluster_frequency": any_member}


def jaccard_row(unit: str, value: float | None) -> dict[str, object]:
    return {**KEY, "model": "radiomics", "metric": f"jaccard_{unit}", "estimate": value}


SELECTION = (
    selection_row("a", 3, 1, 0.7),
    selection_row("b", 4, 1, 0.7),
    selection_row("c", 6, 2, 0.6),
    selection_row("d", 0, 3, 0.0),
    selection_row("near-constant", 1, None, None),
    {**selection_row("elsewhere", 10, 1, 1.0), "arm": "control"},
)


def tables_of(**tables: tuple[dict[str, object], ...]) -> UnblindedTables:
    return UnblindedTables(**(dict.fromkeys((f.name for f in fields(UnblindedTables)), ()) | tables))


def parse(svg: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(svg))


def test_clusters_are_ranked_by_any_member_and_named_by_the_commonest() -> None:
    jaccards = (jaccard_row("clusters", 0.41), jaccard_row("features", 0.3))
    found = build_stability(tables_of(selection=SELECTION, performance=jaccards), "os", "drug", 10)
    assert found.shown == (
        ClusterShare("b", others=1, own=0.4, any_member=0.7),
        ClusterShare("c", others=0, own=0.6, any_member=0.6),
        ClusterShare("near-constant", others=0, own=0.1, any_member=0.1),
    )
    assert (found.selected, found.clusters, found.fits) == (3, 4, 10)
    assert (found.jaccard_clusters, found.jaccard_features) == (0.41, 0.3)


def test_what_is_beyond_the_limit_is_counted_and_nothing_is_nothing() -> None:
    found = build_stability(tables_of(selection=SELECTION), "os", "drug", 1)
    assert ([s.feature for s in found.shown], found.selected) == (["b"], 3)
    assert found.jaccard_clusters is None
    assert build_stability(tables_of(), "os", "drug", 10).shown == ()


def test_bars_are_as_long_as_the_shares() -> None:
    shares = (ClusterShare("b", 1, 0.4, 0.7), ClusterShare("c", 0, 0.6, 0.6), ClusterShare("e", 2, 0.0, 1.0))
    drawn = parse(draw_stability(SelectionStability("os", "drug", shares, 3, 5, 10, 0.4, 0.3)))
    bars = [r for r in drawn.iter("rect") if float(r.attrib["x"]) == LEFT and float(r.attrib["y"]) > 30]
    full = RIGHT - LEFT
    assert [(r.attrib["class"], float(r.attrib["width"]) / full) for r in bars] == [
        ("bar-any", pytest.approx(0.7)),
        ("bar", pytest.approx(0.4)),
        ("bar-any", pytest.approx(0.6)),
        ("bar", pytest.approx(0.6)),
        ("bar-any", pytest.approx(1.0)),
    ]
    words = [text.text for text in drawn.iter("text")]
    assert {"b", "+1", "c", "+2", "any member of the cluster"} <= set(words)
    assert "b or 1 alike in 70" in drawn.attrib["aria-label"]


def test_long_names_stay_within_the_label() -> None:
    share = ClusterShare("delta_log_ratio:wavelet-HHL_glszm_" + "x" * 80, 0, 0.5, 0.5)
    drawn = parse(draw_stability(SelectionStability("os", "drug", (share,), 1, 1, 10, None, None)))
    names = [t.text or "" for t in drawn.iter("text") if (t.text or "").startswith("delta")]
    assert names[0].endswith("…")
