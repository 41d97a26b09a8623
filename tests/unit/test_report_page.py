"""The page: self-contained, well-formed, true to its tables, the same every time, readable in every state."""

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pydantic import ValidationError
from report_study import StudyPlan, write_study

from radfeat.core.errors import TableError
from radfeat.report.context import OverriddenGate, ReportContext
from radfeat.report.render import render_report
from radfeat.report.settings import ReportSettings
from radfeat.report.wording import format_fixed, format_p
from radfeat.tables.parquet import read_table
from radfeat.tables.schemas import INTERACTIONS, PERFORMANCE, PREDICTIONS, ROIS

SETTINGS = ReportSettings()
BOTH_ARMS = ("control", "drug A")
EVERYTHING_INFEASIBLE = frozenset((e, a) for e in ("os", "response") for a in BOTH_ARMS)
HOSTILE = "\"><script>alert(1)</script><img src=x onerror=alert(2)>&amp;'{{ 7*7 }}"

STATES = {
    "full": StudyPlan(),
    "no failure, no finding": StudyPlan(failed=0, warned=0, previews=False, acquisition="spacings"),
    "everything failed": StudyPlan(
        subjects=5, failed=5, warned=0, sites=("S01",), infeasible=EVERYTHING_INFEASIBLE
    ),
    "nothing at all": StudyPlan(subjects=0, failed=0, warned=0, infeasible=EVERYTHING_INFEASIBLE),
    "one arm": StudyPlan(arms=("only",), endpoints=("os",)),
    "one arm, infeasible": StudyPlan(
        arms=("only",),
        endpoints=("os", "response"),
        infeasible=frozenset({("os", "only"), ("response", "only")}),
    ),
    "one site": StudyPlan(sites=("S01",), acquisition="headers", conformance={}),
    "one infeasible arm": StudyPlan(infeasible=frozenset({("os", "control")})),
    "no claim": StudyPlan(claimed=False, conformance={"digital": 0, "A": 2}),
    "binary only": StudyPlan(endpoints=("response",)),
    "no features": StudyPlan(features=False),
    "many of all": StudyPlan(
        subjects=120,
        sites=tuple(f"S{i:02d}" for i in range(16)),
        arms=("placebo", "10 mg", "20 mg", "40 mg"),
        failed=11,
        warned=30,
        screened=40,
        lesions=2,
        previews=False,
    ),
    "other scripts": StudyPlan(
        subjects=12,
        sites=("一号医院", "Spitäler & Söhne", "موقع"),
        subject_prefix="対象",
        title="試験 <β> & más",
    ),
    "a modality per site": StudyPlan(modalities=("CT", "MR", "PT")),
    "two modalities": StudyPlan(
        sites=("site-1", "site-2", "site-3", "site-4", "site-5"), modalities=("CT", "PT")
    ),
    "one repeat, no permutation": StudyPlan(repeats=1, permutations=0),
    "perturbed": StudyPlan(sources=("perturbation",), unrepeatable=7),
    "two readers": StudyPlan(sources=("perturbation", "readers")),
    "scans repeated": StudyPlan(sources=("test_retest",)),
}

INLINE = {"wbr", "a", "b", "span", "strong", "code"}
VOID = {"wbr", "meta", "img", "br", "link", "input", "hr", "line", "rect", "circle", "polyline", "polygon"}


class Outline(HTMLParser):
    """Checks that elements nest, and keeps what the tests ask about."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None], tuple[str, ...]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), tuple(self.open)))
        if tag not in INLINE:
            self.text.append(" ")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs), tuple(self.open)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def count(self, tag: str) -> int:
        return sum(found == tag for found, _, _ in self.elements)

    @property
    def words(self) -> str:
        """The text of the page, blanks collapsed."""
        return re.sub(r"[ \n]+", " ", "".join(self.text))


def outline(html: str) -> Outline:
    parser = Outline()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    return parser


def render(
    folder: Path, plan: StudyPlan, settings: ReportSettings = SETTINGS, *, analysed: bool = True
) -> str:
    context = write_study(folder, plan, analysed=analysed)
    return render_report(folder / "blinded", folder / "unblinded" if analysed else None, settings, context)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The page of every state."""
    return {name: render(tmp_path_factory.mktemp("study"), plan) for name, plan in STATES.items()}


@pytest.fixture(params=STATES)
def state(request: pytest.FixtureRequest, pages: dict[str, str]) -> tuple[StudyPlan, str]:
    return STATES[request.param], pages[request.param]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReportContext]:
    folder = tmp_path_factory.mktemp("study")
    return folder, write_study(folder, STATES["full"])


@pytest.fixture(scope="module")
def full(study: tuple[Path, ReportContext]) -> str:
    folder, context = study
    return render_report(folder / "blinded", folder / "unblinded", SETTINGS, context)


# Every state


@pytest.mark.requirement("R-REP-1")
def test_every_state_is_well_formed_and_reaches_for_nothing_outside(state: tuple[StudyPlan, str]) -> None:
    page = outline(state[1])
    ids = [a["id"] for _, a, _ in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    for tag, attributes, _ in page.elements:
        assert tag not in {"script", "link", "iframe", "object", "embed", "base"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            target = attributes.get(name) or ""
            assert not target or target.startswith(("data:image/png;base64,", "./")) or target[1:] in ids
    assert "url(" not in state[1]
    assert "@import" not in state[1]


def test_every_state_reads_well(state: tuple[StudyPlan, str]) -> None:
    words = outline(state[1]).words
    assert not re.search(
        r"\b(None|nan|NaN|inf|Undefined|True|False)\b", words.split("Settings of the run")[0]
    )
    assert not re.search(r" [,;.]|\(\)|\.\.|: \.", words.split("Settings and tables")[0].replace("· ·", ""))
    assert "What the numbers do not show" in words


def test_no_state_has_an_empty_figure_or_table(state: tuple[StudyPlan, str]) -> None:
    html = state[1]
    figures = re.findall(r"<figure.*?</figure>", html, flags=re.DOTALL)
    assert len(figures) == html.count("<figcaption>")
    assert all("<svg" in f or "<img" in f or 'class="box"' in f for f in figures)
    for body in re.findall(r"<tbody>(.*?)</tbody>", html, flags=re.DOTALL):
        assert "<tr" in body
    assert "<ul></ul>" not in re.sub(r"\s", "", html)
    for ul in re.findall(r"<ul[^>]*>(.*?)</ul>", html, flags=re.DOTALL):
        assert "<li" in ul


def test_no_state_says_one_thing_twice_in_a_list(state: tuple[StudyPlan, str]) -> None:
    for body in re.findall(r"<ul(?: class=\"sentences\")?>(.*?)</ul>", state[1], flags=re.DOTALL):
        told = re.findall(r"<li>(.*?)</li>", body, flags=re.DOTALL)
        assert len(told) == len(set(told))


def test_figures_and_tables_are_numbered_in_order(state: tuple[StudyPlan, str]) -> None:
    for kind in ("Figure", "Table"):
        numbers = [int(n) for n in re.findall(rf"<b>{kind} (\d+)\.</b>", state[1])]
        assert numbers == list(range(1, len(numbers) + 1))


def test_predictive_is_said_only_where_treatments_are_compared(state: tuple[StudyPlan, str]) -> None:
    plan, html = state
    if len(plan.arms) == 1:
        assert "predictive" not in html.lower()
        assert "Treatment and score" not in html


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    first = render(tmp_path / "a", STATES["full"])
    second = render(tmp_path / "somewhere else", STATES["full"])
    assert first == second
    assert str(tmp_path) not in first
    assert not re.search(r"\b20[2-9]\d-\d\d-\d\d|\b\d\d:\d\d:\d\d\b", first)


def test_a_page_of_sixty_pictures_stays_under_six_megabytes(full: str) -> None:
    assert full.count("data:image/png") == 56
    assert len(full.encode()) < 6e6


def test_pictures_and_figures_speak_to_those_who_cannot_see_them(full: str) -> None:
    for tag, attributes, _ in outline(full).elements:
        if tag == "img":
            assert len(attributes["alt"] or "") > 20
        if tag == "svg":
            assert attributes.get("aria-hidden") == "true" or len(attributes["aria-label"] or "") > 20
        if tag == "th":
            assert attributes.get("scope") in {"col", "row", "rowgroup"}


# The blinded page


def test_the_blinded_page_holds_no_arm_and_no_outcome(tmp_path: Path) -> None:
    plan = replace(STATES["full"], arms=("xqzplacebo", "xqzdrug"), endpoints=("xqzsurvival",))
    html = render(tmp_path, plan, analysed=False)
    assert "xqz" not in re.sub(r"base64,[^\"]*", "", html)
    assert "Blinded" in html
    assert "predictive" not in html
    assert "Scores within each arm" not in html
    assert not (tmp_path / "unblinded").exists()
    assert "unblinded" not in html


def test_the_blinded_half_of_the_page_does_not_depend_on_the_arms(tmp_path: Path) -> None:
    one = render(tmp_path / "a", STATES["full"], analysed=False)
    two = render(tmp_path / "b", replace(STATES["full"], arms=("other", "names", "here")), analysed=False)
    assert one == two


# True to the tables


@pytest.mark.requirement("R-REP-1")
def test_the_numbers_shown_are_those_of_the_tables(study: tuple[Path, ReportContext], full: str) -> None:
    words = outline(full).words
    rows = read_table(study[0] / "unblinded" / "performance.parquet", PERFORMANCE).to_pylist()
    shown = [r for r in rows if r["metric"] in ("harrell_c", "auc", "hazard_ratio_high_low")]
    assert len(shown) == 18
    for row in shown:
        interval = f"{format_fixed(row['lo'])} to {format_fixed(row['hi'])}"
        assert f"{format_fixed(row['estimate'])} ({interval})" in words
    for row in read_table(study[0] / "unblinded" / "interactions.parquet", INTERACTIONS).to_pylist():
        interval = f"({format_fixed(row['ratio_lo'])} to {format_fixed(row['ratio_hi'])})"
        p = row["permutation_p"] if row["kind"] == "score" else row["p"]
        assert f"ratio of the two {format_fixed(row['ratio'])} {interval} {format_p(p)}" in words
        assert row["sentence"] in words


def test_the_head_counts_what_the_table_of_rois_counts(study: tuple[Path, ReportContext], full: str) -> None:
    rois = read_table(study[0] / "blinded" / "rois.parquet", ROIS).to_pylist()
    failed = [r for r in rois if r["status"] == "FAILED"]
    assert (len(rois), len(failed)) == (60, 5)
    words = outline(full).words
    assert (
        "60 ROIs on 60 images of 60 subjects at 3 sites: 55 measured, with 26 features each; 5 failed"
        in words
    )
    for row in failed:
        sentence = row["sentence"].split(": ", 1)[1]
        assert sentence[0].upper() + sentence[1:] in words
        assert row["reason"] in words


def test_strata_of_a_binary_endpoint_are_those_of_the_predictions(
    study: tuple[Path, ReportContext], full: str
) -> None:
    rows = read_table(study[0] / "unblinded" / "predictions.parquet", PREDICTIONS).to_pylist()
    own = [r for r in rows if r["endpoint"] == "response" and r["repeat"] == 1 and r["model_arm"] == "drug A"]
    high = [r for r in own if r["arm"] == "drug A" and r["stratum"] == "high"]
    expected = f"High score {sum(r['event'] for r in high)} / {len(high)}"
    assert f"drug A, by its own model {expected}" in outline(full).words


@pytest.mark.requirement("R-LOCK-2")
def test_an_overridden_gate_is_told_in_the_head_with_its_reason(
    study: tuple[Path, ReportContext], full: str
) -> None:
    folder, context = study
    gate = OverriddenGate("5 of 60 ROIs have no features; qc.max_failed_rois allows 4.", "Query 7 is closed")
    html = render_report(folder / "blinded", folder / "unblinded", SETTINGS, replace(context, gate=gate))
    head = outline(html.partition("<main>")[0] + "</body></html>").words
    assert "QC gate overridden" in head
    assert (
        "A person opened the QC gate, which had stopped the run. 5 of 60 ROIs have no features; "
        "qc.max_failed_rois allows 4. Reason given: Query 7 is closed." in head
    )
    assert "QC gate" not in full.partition("<main>")[0]


def test_a_claim_is_told_in_the_head_and_no_claim_too(pages: dict[str, str], full: str) -> None:
    assert (
        "Of 2 prespecified interactions with treatment, 1 is claimed: original_glcm_Contrast (os, drug A"
        in full
    )
    html = pages["no claim"]
    assert "Of 2 prespecified interactions with treatment, none meets the rule for a claim." in html


# Cautions


@pytest.mark.parametrize(
    ("name", "expected", "absent"),
    [
        (
            "full",
            ["Few events", "Internal validation only", "Coarse permutation p", "ROIs without features"],
            [],
        ),
        ("no failure, no finding", ["Sites are not adjusted for"], ["ROIs without features"]),
        ("one repeat, no permutation", ["One repeat", "No permutations"], ["Coarse permutation p"]),
        ("one infeasible arm", ["Arms without a model", "Internal validation only"], []),
        (
            "one arm, infeasible",
            ["Arms without a model"],
            ["Few events", "Internal validation only", "Association, not cause"],
        ),
        (
            "a modality per site",
            ["Sites cannot be compared"],
            ["Sites are not adjusted for", "ROIs in no comparison of sites"],
        ),
        ("two modalities", ["Sites are not adjusted for"], ["ROIs in no comparison of sites"]),
        ("one site", ["Sites cannot be compared"], ["Sites are not adjusted for"]),
        ("full", ["Repeatability is unknown"], []),
        ("perturbed", ["Repeatability by perturbation only"], ["Repeatability is unknown"]),
        ("two readers", ["No scan was repeated"], ["Repeatability by perturbation only"]),
        (
            "scans repeated",
            [],
            ["Repeatability is unknown", "No scan was repeated", "Repeatability by perturbation only"],
        ),
    ],
)
def test_cautions_follow_from_what_is_there(
    pages: dict[str, str], name: str, expected: list[str], absent: list[str]
) -> None:
    titles = re.findall(r"<dt>(.*?)</dt><dd>", pages[name].split('class="cautions"')[1])
    assert set(expected) <= set(titles)
    assert not set(absent) & set(titles)


# Repeatability


def test_repeatability_has_a_section_where_something_was_repeated(pages: dict[str, str], full: str) -> None:
    assert 'id="repeatability"' not in full
    words = outline(pages["two readers"]).words
    assert "Several readers: GTV on CT" in words
    # 26 features: each tenth has no estimate (2), of the others limits of 0.95, 0.8 and 0.5 in turn.
    assert "16 of 26 features have a lower limit of ICC(2,1) of 0.75 or more, 8 of 0.9 or more" in words
    assert "2 features without an estimate" in words
    assert (
        "20 lesions or ROIs with 2 repeats, 19 of them complete, of 18 subjects; 1 measurement has no"
        in words
    )
    assert "have a lower limit of ICC(1,1)" in outline(pages["perturbed"]).words


def test_the_filter_by_repeatability_is_told_beside_the_models(pages: dict[str, str], full: str) -> None:
    for sentence in ("drug A: ", "control: "):
        assert f"<p>{sentence}" in pages["perturbed"]
        assert f"<p>{sentence}" not in full


# Sites


def test_a_site_effect_that_may_be_the_modality_is_withheld(pages: dict[str, str]) -> None:
    words = outline(pages["a modality per site"]).words
    assert "Sites were not compared: there are not two with enough ROIs of one modality and name." in words
    assert "no modality and name of ROIs has two sites with three or more measured ROIs" in words
    assert words.count("not compared: too few sites") == 3
    assert ", for PT, GTV alone, chosen without any outcome" in words


def test_sites_are_compared_within_modality_and_name(pages: dict[str, str]) -> None:
    words = outline(pages["two modalities"]).words
    assert "Among ROIs of one modality and name, site explains more than 14" in words
    rows = re.findall(r"((?:CT|PT), GTV) (\d+) (\d) (\d) \d+ of 26 \(", words)
    assert rows == [("CT, GTV", "33", "3", "3"), ("PT, GTV", "22", "2", "2")]
    assert "55 measured ROIs at 5 sites" in words


def test_one_modality_and_name_is_not_spoken_of(full: str) -> None:
    words = outline(full).words
    assert "modality and name" not in words
    assert "GTV alone" not in words


def test_sites_named_site_are_not_called_so_twice(pages: dict[str, str]) -> None:
    assert "<h3>site-1</h3>" in pages["two modalities"]
    assert "<h3>Site S01</h3>" in pages["full"]
    assert not re.search(r"site:? site", pages["two modalities"], flags=re.IGNORECASE)


def test_one_roi_and_one_warning_are_not_called_all(tmp_path: Path) -> None:
    words = outline(render(tmp_path, StudyPlan(subjects=1, failed=0, warned=1), analysed=False)).words
    assert "All 1" not in words
    assert "The 1 ROI with a picture" in words


# Limits


@pytest.mark.requirement("R-REP-1")
def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    plan = replace(STATES["full"], screened=5)
    settings = ReportSettings(
        montage_limit=4, failures_listed=2, screened_shown=1, predictors_shown=3, features_per_family=0
    )
    words = outline(html := render(tmp_path, plan, settings)).words
    assert html.count("data:image/png") == 4
    assert "4 of 56 ROIs with a picture" in words
    assert "the first 2 of 5" in words
    assert "The first 2 of 7 warnings" in words
    assert "4 further screened features are not shown" in words
    assert "(the first 3)" in words
    assert "chosen without any outcome" not in words


def test_failed_rois_are_pictured_before_the_limit_is_reached(tmp_path: Path) -> None:
    html = render(tmp_path, STATES["full"], ReportSettings(montage_limit=1))
    assert "failed: ROI too small" in html


def test_the_pictures_stop_at_their_share_of_megabytes(tmp_path: Path) -> None:
    html = render(tmp_path, STATES["full"], ReportSettings(montage_megabytes=0.2))
    sizes = [len(s) for s in re.findall(r"data:image/png[^\"]*", html)]
    assert 0 < len(sizes) < 56
    assert sum(sizes) <= 0.2e6


def test_pictures_that_are_not_there_or_are_no_pictures_are_counted(tmp_path: Path) -> None:
    context = write_study(tmp_path, STATES["full"])
    first, second, *rest = sorted((tmp_path / "blinded" / "previews").iterdir())
    first.unlink()
    second.write_bytes(b"<svg onload=alert(1)>")
    html = render_report(tmp_path / "blinded", tmp_path / "unblinded", SETTINGS, context)
    assert html.count("data:image/png") == len(rest)
    assert "2 pictures were not found" in html
    shutil.rmtree(tmp_path / "blinded" / "previews")
    html = render_report(tmp_path / "blinded", tmp_path / "unblinded", SETTINGS, context)
    assert "none is shown here" in outline(html).words


# Hostile text


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Outline:
    folder = tmp_path_factory.mktemp("study")
    plan = StudyPlan(
        subjects=24,
        failed=2,
        sites=(HOSTILE, "S02"),
        arms=("control", f"arm {HOSTILE}"),
        endpoints=(f"os {HOSTILE}",),
        subject_prefix=HOSTILE,
        title=HOSTILE,
        overrides={
            "run_id": HOSTILE,
            "settings_digest": HOSTILE,
            "gate": OverriddenGate("2 of 24 ROIs have no features.", HOSTILE),
        },
    )
    return outline(render(folder, plan))


def test_hostile_names_are_shown_and_never_run(hostile: Outline) -> None:
    assert hostile.count("script") == 0
    assert not [a for _, a, _ in hostile.elements if "onerror" in a]
    assert all((a["src"] or "").startswith("data:") for tag, a, _ in hostile.elements if tag == "img")
    assert HOSTILE in "".join(hostile.text)
    assert "49" not in "".join(hostile.text).split("What was found")[0]


def test_table_links_are_relative_whatever_they_are_called(study: tuple[Path, ReportContext]) -> None:
    folder, context = study
    odd = ("javascript:alert(1)/x.parquet", "http://example.org/y.parquet", 'blinded/a b".parquet')
    html = render_report(folder / "blinded", None, SETTINGS, replace(context, tables=odd))
    found = [
        a["href"] for tag, a, _ in outline(html).elements if tag == "a" and "code" in (a.get("class") or "")
    ]
    assert found == [
        "./javascript%3Aalert%281%29/x.parquet",
        "./http%3A//example.org/y.parquet",
        "./blinded/a%20b%22.parquet",
    ]


# Refusals


def test_a_missing_table_is_refused(tmp_path: Path) -> None:
    context = write_study(tmp_path, STATES["full"])
    (tmp_path / "unblinded" / "selection.parquet").unlink()
    with pytest.raises(TableError, match="there is no such table"):
        render_report(tmp_path / "blinded", tmp_path / "unblinded", SETTINGS, context)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("montage_limit", -1),
        ("sites_shown", 1),
        ("site_effect_limit", 1.0),
        ("montage_megabytes", 0),
        ("x", 1),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValidationError):
        ReportSettings.model_validate({name: value})


def test_every_setting_says_what_it_is_and_why_its_default() -> None:
    for field in json.loads(json.dumps(ReportSettings.model_json_schema()))["properties"].values():
        assert "Default" in field["description"]
        assert re.search(r"\d+ to|above 0 to", field["description"])


# Acquisition


def test_the_section_on_acquisition_stands_only_where_there_is_something_to_say(
    pages: dict[str, str], tmp_path: Path
) -> None:
    assert "Acquisition and protocol" not in pages["no failure, no finding"]
    headers = outline(pages["one site"]).words
    assert "No imaging protocol was given" in headers
    assert "held against the imaging protocol" not in headers
    for html in (pages["full"], render(tmp_path, STATES["full"], analysed=False)):
        words = outline(html).words
        sentence = re.findall(r"Of 60 images held against the imaging protocol, [^.]*\.", words)
        assert len(sentence) == 2
        assert len(set(sentence)) == 1
        assert "at most 3 mm required" in words


def test_deviations_beyond_the_limit_are_counted(tmp_path: Path) -> None:
    html = render(tmp_path, STATES["full"], ReportSettings(failures_listed=3))
    section = html[html.index('<section id="acquisition">') :].split("</section>")[0] + "</section>"
    assert section.count("at most 3 mm</td></tr>") == 3
    assert "the first 3 of 10 deviations; the table acquisition holds all." in outline(section).words


# Recipe and conformance


def test_the_page_says_the_recipe_and_what_the_other_would_have(full: str) -> None:
    words = outline(full).words
    assert "This run measured by the recipe pyradiomics" in words
    assert "What the recipe ibsi would have instead" in words
    assert "prepare.interpolator bspline linear" in words
    assert "New grid shares the corner shares the centre" in words


def test_the_page_says_how_far_the_installation_conforms(pages: dict[str, str]) -> None:
    full = outline(pages["full"]).words
    assert "IBSI-1 values met 10 of 10" in full
    assert "by the recipe ibsi, all agree with the reference values of IBSI-1. Not measured, for want" in full
    assert "This says that the installation is sound" in full
    failing = outline(pages["no claim"]).words
    assert "Of 20 values that this installation measures on IBSI's phantoms" in failing
    assert "18 agree with the reference values of IBSI-1 and 2 do not." in failing
    assert "This says that the installation is sound" not in failing
    assert "Configuration A NIfTI 10 8" in failing
    assert "Installation off the standard" in failing
    assert "Installation off the standard" not in full


def test_an_installation_that_was_not_measured_is_said(pages: dict[str, str]) -> None:
    words = outline(pages["one site"]).words
    assert "How far this installation conforms to IBSI-1 was not measured" in words
    assert "IBSI-1 values met" not in words


def test_the_page_links_to_every_value(full: str, tmp_path: Path) -> None:
    assert 'href="./blinded/conformance/conformance.html"' in full
    assert 'href="./conformance/conformance.html"' in render(tmp_path, StudyPlan(), analysed=False)
