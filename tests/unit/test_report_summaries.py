"""The values behind the page: hand-countable flows, tables of findings, site effects, strata, orders."""

from dataclasses import fields

import numpy as np
import pytest
from report_study import StudyPlan, build_blinded, list_features, list_subjects
from scipy.stats import kruskal

from radfeat.report.context import AnalysisFacts
from radfeat.report.inputs import BlindedTables, UnblindedTables
from radfeat.report.settings import ReportSettings
from radfeat.report.summaries.acquisition import Deviation, ScannerUse, Verdicts, build_acquisition
from radfeat.report.summaries.cautions import caution_arms_and_sites, list_blinded_cautions
from radfeat.report.summaries.checks import WHOLE_STUDY, build_check_table, list_failures
from radfeat.report.summaries.contrasts import build_contrasts
from radfeat.report.summaries.curves import (
    Curve,
    CurvePoint,
    build_panels,
    build_shares,
    combine_strata,
    compute_wilson,
)
from radfeat.report.summaries.exclusions import word_exclusion
from radfeat.report.summaries.flow import build_image_flow, build_subject_flow
from radfeat.report.summaries.headline import describe_contrasts
from radfeat.report.summaries.montage import choose_pictures
from radfeat.report.summaries.notes import build_notes
from radfeat.report.summaries.predictors import build_predictors
from radfeat.report.summaries.site_effects import SiteEffects, build_site_effects, compute_site_effect
from radfeat.report.summaries.sites import group_sites
from radfeat.report.summaries.strata import name_strata
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import FEATURES

FACTS = AnalysisFacts.model_validate(
    {
        "endpoints": [{"name": "os", "time_unit": "days"}, {"name": "response", "kind": "binary"}],
        "arms": ["placebo", "drug"],
        "folds": 5,
        "repeats": 2,
        "permutations": 19,
        "level": 0.95,
        "alpha": 0.05,
    }
)
NOTHING = UnblindedTables(*([()] * len(fields(UnblindedTables))))


def unblinded(**tables: tuple[dict[str, object], ...]) -> UnblindedTables:
    return UnblindedTables(**(dict.fromkeys(UnblindedTables.__slots__, ()) | tables))


def blinded(plan: StudyPlan) -> BlindedTables:
    rows = build_blinded(plan, list_subjects(plan))
    features = build_table(FEATURES, rows["features"], [f[0] for f in list_features()])
    catalogue = tuple(rows["feature_catalogue"])
    return BlindedTables(
        tuple(rows["series"]),
        tuple(rows["rois"]),
        tuple(rows["findings"]),
        catalogue,
        tuple(rows["acquisition"]),
        features,
    )


# Flow


def roi(case: str, number: int, reason: str | None = None) -> dict[str, object]:
    status = "FAILED" if reason else "OK"
    return {"case_id": case, "roi_id": f"{case}/{number}", "status": status, "reason": reason}


def test_the_image_flow_counts_an_unread_image_once_and_all_its_rois() -> None:
    series = tuple(
        {"case_id": c, "study_id": "S", "site_id": site, "subject_id": c, "status": status, "reason": reason}
        for c, site, status, reason in (
            ("a", "1", "OK", None),
            ("b", "1", "OK", None),
            ("c", "2", "FAILED", "UNREADABLE"),
        )
    )
    rois = (roi("a", 1), roi("a", 2, "ROI_EMPTY"), roi("b", 1, "GEOMETRY"))
    rois += (roi("c", 1, "UNREADABLE"), roi("c", 2, "UNREADABLE"))
    steps = build_image_flow(series, rois)
    assert [s.count for s in steps] == ["3 images", "2 images", "5 ROIs", "1 ROI"]
    assert steps[0].label == "in the image sheet, of 3 subjects at 2 sites"
    assert [(x.count, x.reason) for x in steps[0].losses] == [(1, "unreadable file")]
    assert [(x.count, x.reason) for x in steps[2].losses] == [
        (2, "on the 1 image not read"),
        (1, "empty ROI"),
        (1, "image and mask not on one grid"),
    ]


def subject(
    name: str, arm: str, has_image: bool, has_features: bool, excluded: str | None, note: str | None = None
) -> dict[str, object]:
    return {
        "subject_id": name,
        "arm": arm,
        "has_image": has_image,
        "has_features": has_features,
        "excluded": excluded,
        "note": note,
    }


def test_the_subject_flow_loses_each_subject_once_and_says_why() -> None:
    rows = (
        subject("1", "drug", True, True, None),
        subject("2", "drug", True, True, "no outcome in the clinical sheet"),
        subject("3", "drug", True, False, "no features: GEOMETRY, ROI_EMPTY"),
        subject("4", "drug", False, False, "no image in the image sheet"),
        subject("5", "undeclared", True, True, None),
    )
    flow = build_subject_flow(unblinded(subjects=rows), FACTS)
    assert flow.subjects == 5
    assert [arm.arm for arm in flow.arms] == ["placebo", "drug", "undeclared"]
    drug = flow.arms[1]
    assert [s.count for s in drug.steps] == ["4 subjects", "3 subjects", "2 subjects"]
    assert [[(x.count, x.reason) for x in s.losses] for s in drug.steps] == [
        [(1, "no image in the image sheet")],
        [(1, "no features: image and mask not on one grid, empty ROI")],
        [(1, "no outcome in the clinical sheet")],
    ]


PASSED = "S/7/GTV/2 has no features (ROI_EMPTY) and may be larger; S/7/GTV/1 stands for the subject"
EARLY = "not in os: event at 30 days, not after the landmark, day 42"


def test_notes_of_subjects_that_enter_are_counted_by_kind_and_arm() -> None:
    rows = (
        subject("1", "drug", True, True, None),
        subject("2", "drug", True, True, None, PASSED),
        subject("3", "placebo", True, True, None, f"{PASSED}; {EARLY}"),
        subject("4", "placebo", True, True, None, "left out, at one visit only: GTV/2 (T0)"),
        subject("5", "placebo", True, True, None, "something of a later version"),
        subject("6", "placebo", True, True, "no outcome in the clinical sheet", PASSED),
    )
    notes = build_notes(unblinded(subjects=rows), FACTS, limit=3)
    assert notes.arms == ("placebo", "drug")
    assert [(c.what.split(",")[0], c.by_arm) for c in notes.counts] == [
        ("with a lesion passed over", (1, 1)),
        ("with a lesion left out", (1, 0)),
        ("not in os", (1, 0)),
        ("with another note", (1, 0)),
    ]
    assert (notes.noted, notes.entering, notes.passed_over) == (4, 5, 3)
    assert [note.subject for note in notes.listed] == ["2", "3", "4"]
    assert build_notes(NOTHING, FACTS, limit=3).counts == ()


def test_an_ending_counts_who_enters_a_model_but_not_this_one() -> None:
    verdict = {"endpoint": "os", "arm": "drug", "n": 1, "events": 1, "competing": None, "feasible": False}
    rows = (
        subject("1", "drug", True, True, None),
        subject("2", "drug", True, True, None),
        subject("3", "drug", True, True, None, EARLY),
        subject("4", "placebo", True, True, None, EARLY),
    )
    tables = unblinded(subjects=rows, feasibility=({**verdict, "sentence": "Too few."},))
    (ending,) = build_subject_flow(tables, FACTS).arms[1].endings
    assert (ending.without, ending.left_to_landmark) == (2, 1)
    assert ending.missing == "left out: 1 without the outcome, 1 by the landmark"


@pytest.mark.parametrize(
    ("excluded", "words"),
    [
        (None, "no reason given"),
        ("no image in the image sheet", "no image in the image sheet"),
        (
            "no features at T1: GEOMETRY, ROI_EMPTY",
            "no features at T1: image and mask not on one grid, empty ROI",
        ),
        ("os: event at 30 days, not after the landmark, day 42", "event not after the landmark (os)"),
        (
            "os: event at 30 days, not after the landmark, day 42; "
            "pfs: event at 3 weeks, not after the landmark, day 42",
            "event not after the landmark (os, pfs)",
        ),
        (
            "os: the image of T1 (day 50) is later than the landmark, day 42",
            "image of T1 later than the landmark (os)",
        ),
        (
            "the image of T1 (day 3) is not later than that of T0 (day 5)",
            "image of T1 not later than that of T0",
        ),
        ("no lesion has features at both visits: GTV/1 (T0)", "no lesion has features at both visits"),
        ("lesions at one visit only: GTV/1 (T0), GTV/2 (T1)", "lesions at one visit only"),
    ],
)
def test_exclusions_are_worded_without_what_is_each_subject_s_own(excluded: str | None, words: str) -> None:
    assert word_exclusion(excluded) == words


# Findings


def finding(key: str, site: str, check: str, severity: str) -> dict[str, object]:
    return {
        "key": key,
        "site_id": site,
        "check": check,
        "severity": severity,
        "ordinal": 1,
        "sentence": f"{key}: spoke.",
    }


def test_findings_are_counted_by_site_the_serious_ones_first() -> None:
    findings = (
        finding("a", "1", "mask.small", "INFO"),
        finding("b", "2", "mask.small", "INFO"),
        finding("c", "2", "failed.geometry", "ERROR"),
        finding("d", "", "cohort.spacing", "WARNING"),
    )
    table = build_check_table(findings, group_sites(["1"] * 10 + ["2"] * 2, 5))
    assert table.columns == ("1", "2", WHOLE_STUDY)
    assert table.rois == (10, 2, None)
    assert [(r.check, [c.count for c in r.cells], r.total) for r in table.rows] == [
        ("failed.geometry", [0, 1, 0], 1),
        ("cohort.spacing", [0, 0, 1], 1),
        ("mask.small", [1, 1, 0], 2),
    ]
    assert table.by_severity == {"ERROR": 1, "WARNING": 1, "INFO": 2}


def test_the_shade_grows_with_findings_per_roi_of_the_site() -> None:
    sites = group_sites(["a"] * 100 + ["b"] * 100 + ["c"] * 100 + ["d"] * 100, 9)
    counts = {"a": 5, "b": 6, "c": 50, "d": 51}
    findings = tuple(finding(f"{s}{i}", s, "mask.small", "INFO") for s, n in counts.items() for i in range(n))
    (row,) = build_check_table(findings, sites).rows
    assert [cell.shade for cell in row.cells] == [1, 2, 3, 4]


def test_failures_are_listed_up_to_the_limit_without_their_key_in_the_sentence() -> None:
    rows = tuple(
        {
            "roi_id": f"S/{i}/GTV",
            "case_id": f"S/{i}",
            "site_id": "1",
            "status": "FAILED",
            "reason": "GEOMETRY",
            "sentence": f"S/{i}/GTV: the grid differs.",
        }
        for i in (3, 1, 2)
    )
    listing = list_failures(rows, 2)
    assert listing.total == 3
    assert [f.key for f in listing.shown] == ["S/1/GTV", "S/2/GTV"]
    assert listing.shown[0].sentence == "The grid differs."


def test_small_sites_beyond_the_limit_are_put_together() -> None:
    sites = group_sites(["b"] * 5 + ["a"] * 9 + ["c"] + ["d"] * 2, 3)
    assert sites.labels == ("a", "b", "2 other sites")
    assert dict(sites.rois) == {"a": 9, "b": 5, "2 other sites": 3}
    assert sites.count == 4
    assert group_sites(["b", "a", "c"], 3).labels == ("a", "b", "c")


# Acquisition


def acquired(
    case: str, parameter: str, value: float | str | None, verdict: str = "not_specified", **columns: object
) -> dict[str, object]:
    number = value if isinstance(value, float) else None
    row = {"case_id": case, "site_id": case.split("/")[1], "modality": "CT", "scanner": None}
    row |= {"parameter": parameter, "number": number, "text": value if isinstance(value, str) else None}
    row |= {"unit": "mm" if parameter.endswith("spacing") else None, "required": False, "allowed": None}
    return row | {"verdict": verdict} | columns


SITES = group_sites(["A"] * 3 + ["B"], 5)


def test_acquisition_is_left_out_where_only_the_grid_is_known() -> None:
    rows = tuple(acquired(f"S/A/{i}", "slice_spacing", 3.0) for i in range(3))
    assert build_acquisition(rows, SITES, 9) is None
    assert build_acquisition((), SITES, 9) is None
    told = build_acquisition((*rows, acquired("S/A/0", "kernel", "B30F")), SITES, 9)
    assert told is not None
    assert not told.has_protocol


def test_acquisition_is_counted_by_parameter_by_site_and_by_image() -> None:
    thin = {"allowed": "at most 3 mm"}
    rows = (
        acquired("S/A/1", "slice_spacing", 3.0, "conform", **thin),
        acquired("S/A/1", "kernel", "B30F", "conform", allowed="B30F"),
        acquired("S/A/2", "slice_spacing", 5.00004, "deviate", **thin),
        acquired("S/A/2", "kernel", None, "unknown", allowed="B30F"),
        acquired("S/B/3", "slice_spacing", 1.0, "conform", **thin),
        acquired("S/B/3", "kernel", None, "unknown", allowed="B30F"),
        acquired("S/B/3", "model", "ONE"),
    )
    found = build_acquisition(rows, SITES, 1)
    assert found is not None
    assert found.images == Verdicts(1, 1, 1)
    assert found.sentence == (
        "Of 3 images held against the imaging protocol, 1 conforms throughout, 1 deviates in at least one "
        "parameter and 1 is unknown in at least one."
    )
    ((modality, parameters),) = found.modalities
    assert modality == "CT"
    assert [(p.name, p.allowed, p.verdicts, p.found) for p in parameters] == [
        ("model", None, None, "ONE (1)"),
        ("slice spacing", "at most 3 mm", Verdicts(2, 1, 0), "1 to 5 mm, median 3"),
        ("kernel", "B30F", Verdicts(1, 0, 2), "B30F (1)"),
    ]
    (by_site,) = found.by_site
    assert by_site.parameters == ("slice spacing", "kernel")
    assert by_site.sites == (
        ("A", (Verdicts(1, 1, 0), Verdicts(1, 0, 1))),
        ("B", (Verdicts(1, 0, 0), Verdicts(0, 0, 1))),
    )
    assert found.deviations == (Deviation("A", "S/A/2", "slice spacing", "5.00004 mm", "at most 3 mm"),)
    assert found.deviation_count == 1


def test_scanners_are_listed_with_their_software() -> None:
    rows = tuple(
        acquired(f"S/A/{i}", "software", version, scanner="MAKER ONE") for i, version in enumerate("1121")
    )
    rows += (acquired("S/B/9", "model", "TWO", scanner="MAKER TWO"),)
    found = build_acquisition(rows, SITES, 9)
    assert found is not None
    assert found.scanners == (
        ScannerUse("A", "CT", "MAKER ONE", "1 (3), 2 (1)", 4),
        ScannerUse("B", "CT", "MAKER TWO", "", 1),
    )
    shortened = build_acquisition(rows, SITES, 1)
    assert shortened is not None
    assert (len(shortened.scanners), shortened.scanner_count) == (1, 2)


def test_codes_are_shown_with_commas_and_counted_apart() -> None:
    rows = tuple(
        acquired(f"S/A/{i}", "corrections", text, "deviate", allowed="all of ATTN")
        for i, text in enumerate(("DECY\\RAN", "DECY\\RAN", "RAN"))
    )
    found = build_acquisition(rows, SITES, 1)
    assert found is not None
    assert found.modalities[0][1][0].found == "DECY, RAN (2); RAN (1)"
    assert found.deviations[0].found == "DECY, RAN"


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((3.0,), "3 mm"),
        ((3.26999999999998, 3.27), "3.27 mm"),
        ((12000.0, 850.25), "850.2 to 12,000 mm, median 6425"),
    ],
)
def test_the_range_found_has_no_needless_digits(numbers: tuple[float, ...], said: str) -> None:
    rows = (acquired("S/A/1", "kernel", "B30F"),)
    rows += tuple(acquired(f"S/A/{i}", "slice_spacing", number) for i, number in enumerate(numbers))
    found = build_acquisition(rows, SITES, 9)
    assert found is not None
    assert found.modalities[0][1][0].found == said


def test_rules_of_one_parameter_that_differ_have_rows_of_their_own() -> None:
    rows = (
        acquired("S/A/1", "slice_spacing", 3.0, "conform", allowed="at most 3 mm"),
        acquired("S/A/2", "slice_spacing", 3.0, "deviate", allowed="at most 2 mm"),
    )
    found = build_acquisition(rows, SITES, 9)
    assert found is not None
    assert [p.allowed for p in found.modalities[0][1]] == ["at most 2 mm", "at most 3 mm"]


# Pictures


def test_pictures_of_failed_and_warned_rois_come_first_and_sites_take_turns() -> None:
    def row(site: str, name: str, status: str = "OK") -> dict[str, object]:
        case = f"S/{site}/{name}"
        return {
            "roi_id": f"{case}/GTV",
            "case_id": case,
            "site_id": site,
            "subject_id": name,
            "timepoint": "t1",
            "image_id": "CT",
            "roi": "GTV",
            "lesion_id": None,
            "status": status,
            "reason": "ROI_EMPTY" if status == "FAILED" else None,
            "volume_mm3": 2000.0,
            "preview": f"{name}.png",
        }

    rois = (
        row("1", "a"),
        row("1", "b"),
        row("1", "c"),
        row("2", "d"),
        row("2", "e"),
        row("2", "f", "FAILED"),
    )
    rois += ({**row("2", "g"), "preview": None},)
    findings = (finding("S/2/e", "2", "image.constant", "WARNING"), finding("S/1/a", "1", "x", "INFO"))
    pictures = choose_pictures(rois, findings)
    assert [p.file for p in pictures] == ["f.png", "e.png", "a.png", "d.png", "b.png", "c.png"]
    assert [p.rank for p in pictures] == [0, 1, 2, 2, 2, 2]
    assert pictures[0].remark == "failed: empty ROI"
    assert pictures[1].remark == "warning: image.constant"
    assert pictures[2].title == "a · t1 · CT · GTV"
    assert pictures[2].volume_ml == 2.0


# Features by site


def test_the_site_effect_is_eta_squared_of_kruskal_and_wallis_with_ties() -> None:
    rng = np.random.default_rng(3)
    sites = np.array(["a"] * 12 + ["b"] * 20 + ["c"] * 9, dtype=object)
    values = np.round(rng.normal(size=41) + (sites == "c"), 1)
    h = kruskal(*(values[sites == s] for s in "abc")).statistic
    assert compute_site_effect(values, sites) == pytest.approx((h - 3 + 1) / (41 - 3), rel=1e-12)


def test_sites_that_do_not_overlap_have_a_large_effect_and_equal_sites_none() -> None:
    sites = np.array(["a"] * 20 + ["b"] * 20, dtype=object)
    # Of 40 ranks in two separate halves the site explains 0.75; adjusted for one degree of freedom 0.744.
    assert compute_site_effect(np.arange(40.0), sites) == pytest.approx(0.7439, abs=1e-4)
    assert compute_site_effect(np.tile(np.arange(20.0), 2), sites) == 0.0


def test_missing_values_and_sites_with_too_few_rois_do_not_enter() -> None:
    sites = np.array(["a"] * 6 + ["b"] * 6 + ["c"] * 2, dtype=object)
    values = np.array([1.0, 2, 3, 4, np.nan, 5, 6, 7, 8, 9, 10, np.nan, 99, 98])
    kept = ~np.isnan(values) & (sites != "c")
    assert compute_site_effect(values, sites) == compute_site_effect(values[kept], sites[kept])


@pytest.mark.parametrize(
    ("values", "sites"),
    [([1.0, 2, 3, 4], "aaaa"), ([1.0, 2, 3, 4, 5], "aaabb"), ([2.0] * 6, "aaabbb"), ([], "")],
)
def test_there_is_no_site_effect_without_two_sites_and_two_values(values: list[float], sites: str) -> None:
    assert compute_site_effect(np.array(values), np.array(list(sites), dtype=object)) is None


def test_the_feature_drawn_is_the_one_of_its_family_that_site_explains_most() -> None:
    tables, settings = blinded(StudyPlan()), ReportSettings(features_per_family=2)
    sites = group_sites((str(r["site_id"]) for r in tables.rois), 12)
    effects = build_site_effects(tables, sites, settings)
    by_family: dict[str, list[float]] = {}
    for d in effects.distributions:
        assert d.feature.startswith("original_")
        by_family.setdefault(d.family, []).append(d.effect or 0.0)
    assert list(by_family) == ["shape", "firstorder", "glcm", "glrlm", "glszm", "ngtdm"]
    assert all(values == sorted(values, reverse=True) for values in by_family.values())
    measured = tables.features.filter(np.array(tables.features["status"].to_pylist()) == "OK")
    labels = np.array(measured["site_id"].to_pylist(), dtype=object)
    names = [n for n in measured.column_names if n.startswith("original_firstorder")]
    assert effects.drawn == "CT, GTV"
    largest = max(compute_site_effect(measured[n].to_numpy(), labels) or 0.0 for n in names)
    assert by_family["firstorder"][0] == largest
    assert effects.measured == 55
    assert effects.tested == effects.features == 26


def tables_of(*rois: tuple[str, str, str, float]) -> BlindedTables:
    """Measured ROIs, each of a site, a modality, a name and a value of the one feature."""
    feature = "original_firstorder_Mean"
    series, rows, features = [], [], []
    for number, (site, modality, name, value) in enumerate(rois):
        case = {"study_id": "S", "site_id": site, "subject_id": f"{number:02d}", "timepoint": "t"}
        case |= {"image_id": "I", "case_id": f"S/{number:02d}"}
        own = {**case, "roi_id": f"S/{number:02d}/{name}", "roi": name, "lesion_id": None}
        ended = {"status": "OK", "reason": None}
        series.append({**case, **ended, "modality": modality})
        rows.append({**own, **ended, "role": None, "reader_id": None})
        features.append({**own, **ended, feature: value})
    entry = {"feature": feature, "image_type": "original", "family": "firstorder", "unit": "HU"}
    entry |= {"description": "Mean.", "ibsi_deviation": None, "ibsi_code": "Q4LE"}
    table = build_table(FEATURES, features, [feature])
    return BlindedTables(tuple(series), tuple(rows), (), (entry,), (), table)


def compare(*rois: tuple[str, str, str, float]) -> SiteEffects:
    sites = group_sites((site for site, _, _, _ in rois), 12)
    return build_site_effects(tables_of(*rois), sites, ReportSettings())


def test_sites_that_differ_in_their_mix_of_modalities_alone_have_no_effect() -> None:
    # PET lies far above CT, and b sent more of it; within each modality the sites have the same values.
    few, many = (2.0, 5.0, 8.0), (1.0, 2, 3, 4, 5, 6, 7, 8, 9)
    a = [("a", "CT", "GTV", v) for v in many] + [("a", "PT", "GTV", 90 + v) for v in few]
    b = [("b", "CT", "GTV", v) for v in few] + [("b", "PT", "GTV", 90 + v) for v in many]
    effects = compare(*a, *b)
    assert [(s.label, s.rois, s.sites, s.above) for s in effects.strata] == [
        ("CT, GTV", 12, 2, 0),
        ("PT, GTV", 12, 2, 0),
    ]
    assert (effects.tested, effects.above) == (1, 0)
    together = np.array([v for _, _, _, v in (*a, *b)])
    assert (compute_site_effect(together, np.array(["a"] * 12 + ["b"] * 12, dtype=object)) or 0) > 0.14


def test_the_effect_is_the_mean_over_modalities_and_names_by_their_size() -> None:
    ct = [(s, "CT", "GTV", float(v)) for s, v in zip("aaaabbbb", (1, 2, 3, 5, 4, 6, 7, 8), strict=True)]
    heart = [(s, "CT", "heart", float(v)) for s, v in zip("aaabbb", (1, 4, 5, 2, 3, 6), strict=True)]
    effects = compare(*ct, *heart)

    def excess(rois: list[tuple[str, str, str, float]]) -> float:
        groups = [[v for s, _, _, v in rois if s == site] for site in "ab"]
        return float(kruskal(*groups).statistic) - 1

    expected = (excess(ct) + excess(heart)) / (6 + 4)
    assert effects.table[0][0] is not None
    assert effects.table[0][0].median == pytest.approx(expected, rel=1e-12)


def test_rois_that_one_site_alone_sent_are_listed_and_not_compared() -> None:
    ct = [(s, "CT", "GTV", float(v)) for v, s in enumerate("aaaabbbb")]
    mr = [("a", "MR", "GTV", float(v)) for v in range(9)]
    effects = compare(*ct, *mr)
    assert [(s.label, s.is_compared, s.large_sites, s.tested) for s in effects.strata] == [
        ("MR, GTV", False, ("a",), 0),
        ("CT, GTV", True, ("a", "b"), 1),
    ]
    assert (effects.measured, effects.compared, effects.compared_sites) == (17, 8, 2)
    assert effects.drawn == "CT, GTV"
    assert sum(s.n for s in effects.distributions[0].sites) == 8
    (caution,) = [
        c for c in list_blinded_cautions(tables_of(*ct, *mr), effects) if "no comparison" in c.title
    ]
    assert caution.text.startswith("9 of 17 measured ROIs have a modality and name of which")


def test_cautions_about_one_of_many_are_in_the_singular() -> None:
    ct = [(s, "CT", "GTV", float(v)) for v, s in enumerate("aaaabbbb")]
    alone = ("a", "PT", "GTV", 7.0)
    tables, effects = tables_of(*ct, alone), compare(*ct, alone)
    texts = " ".join(caution.text for caution in list_blinded_cautions(tables, effects))
    assert "1 of 1 feature depends on site" in texts
    assert "1 of 9 measured ROIs has a modality and name" in texts


@pytest.mark.parametrize(
    ("subjects", "said"),
    [
        ([("1", "a", "X"), ("2", "b", "Y")], ["No site of 2 has subjects of two arms."]),
        ([("1", "a", "X"), ("2", "b", "Y"), ("3", "b", "X")], []),
        ([("1", "a", "X"), ("2", "a", "Y")], []),
        ([("1", "a", "X"), ("2", "b", None)], []),
    ],
)
def test_arms_that_no_site_shares_are_a_caution(
    subjects: list[tuple[str, str, str | None]], said: list[str]
) -> None:
    rows = tuple({"subject_id": s, "arm": arm, "site_id": site} for s, arm, site in subjects)
    found = [caution.text for caution in caution_arms_and_sites(unblinded(subjects=rows))]
    assert [text.partition(" A difference")[0] for text in found] == said


def test_the_role_stands_for_the_name_where_there_is_one() -> None:
    rois = ({"case_id": "c", "roi_id": "1", "roi": "GTV-1", "role": "GTV"},)
    rois += ({"case_id": "c", "roi_id": "2", "roi": "heart", "role": None},)
    tables = BlindedTables(
        ({"case_id": "c", "modality": "PT"},), rois, (), (), (), build_table(FEATURES, [], [])
    )
    assert name_strata(tables) == {"1": "PT, GTV", "2": "PT, heart"}


# Outcome by stratum


def prediction(subject_id: str, repeat: int, stratum: str | None, event: bool = True) -> dict[str, object]:
    return {
        "endpoint": "response",
        "model_arm": "drug",
        "arm": "drug",
        "subject_id": subject_id,
        "repeat": repeat,
        "stratum": stratum,
        "event": event,
    }


def test_a_subject_is_in_the_stratum_of_most_repeats_a_draw_goes_to_the_first() -> None:
    rows = [prediction("a", r, s) for r, s in ((1, "low"), (2, "high"), (3, "high"))]
    rows += [prediction("b", r, s) for r, s in ((3, "high"), (2, "low"), (1, None))]
    rows += [prediction("c", 1, None)]
    found = {key[2]: stratum for key, (stratum, _) in combine_strata(rows).items()}
    assert found == {"a": "high", "b": "low"}


def test_shares_of_a_binary_endpoint_count_subjects_not_repeats() -> None:
    rows = tuple(
        prediction(f"{s}{i}", r, s, event=i < 2) for s in ("high", "low") for i in range(4) for r in (1, 2)
    )
    (group,) = build_shares(unblinded(predictions=rows), "response", FACTS)
    assert group.is_own
    assert [(s.stratum, s.positive, s.n, s.share) for s in group.shares] == [
        ("high", 2, 4, 0.5),
        ("low", 2, 4, 0.5),
    ]


def test_wilson_limits_are_those_published() -> None:
    # Newcombe, Stat Med 1998; 17:857, table I, method 3: 81/263, 15/148, 0/20, 1/29.
    for positive, n, lo, hi in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert compute_wilson(positive, n, 0.95) == pytest.approx((lo, hi), abs=5e-5)
    assert compute_wilson(1, 29, 0.95) == pytest.approx((0.0061, 0.1718), abs=5e-5)


def curve_row(
    model: str, arm: str, stratum: str, time: float, at_risk: int, survival: float
) -> dict[str, object]:
    return {
        "endpoint": "os",
        "model_arm": model,
        "arm": arm,
        "stratum": stratum,
        "time": time,
        "at_risk": at_risk,
        "events": 1,
        "censored": 0,
        "survival": survival,
        "lo": None,
        "hi": None,
    }


def test_each_model_is_shown_in_its_own_arm_first_and_all_panels_share_one_axis() -> None:
    rows = tuple(
        curve_row(model, arm, stratum, 10.0 * (arm == "drug") + 5, 3, 0.5)
        for model in ("placebo", "drug")
        for arm in ("drug", "placebo")
        for stratum in ("all", "high", "low")
    )
    groups = build_panels(unblinded(survival_curves=rows), "os", FACTS)
    assert [[p.arm for p in group] for group in groups] == [["placebo", "drug"], ["drug", "placebo"]]
    panels = [p for group in groups for p in group]
    assert {p.latest for p in panels} == {15.0}
    assert all([c.stratum for c in p.curves] == ["high", "low"] for p in panels)
    assert all(p.time_unit == "days" for p in panels)


def test_an_arm_without_a_model_is_shown_as_a_whole() -> None:
    rows = (curve_row("drug", "drug", "all", 1.0, 3, 2 / 3), curve_row("drug", "drug", "all", 4.0, 2, 1 / 3))
    ((panel,),) = build_panels(unblinded(survival_curves=rows), "os", FACTS)
    (curve,) = panel.curves
    assert not panel.stratified
    assert (curve.stratum, curve.n, curve.events, curve.median) == ("all", 3, 2, 4.0)
    assert [curve.at_risk(t) for t in (0.0, 1.0, 1.1, 4.0, 4.1)] == [3, 3, 2, 2, 0]


@pytest.mark.parametrize(
    ("events", "median"),
    [
        ((1, 1, 1, 1), 2.5),
        ((1, 1, 0, 0), 2.0),
        ((1, 1, 0, 1), 3.0),
        ((1, 1, 1, 1, 1), 3.0),
        ((1, 0, 0, 0), None),
        ((1, 1, 1, 0, 0, 1), 4.5),
        ((1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 1, 0), 8.0),
    ],
)
def test_medians_are_those_of_r(events: tuple[int, ...], median: float | None) -> None:
    # survfit(Surv(1:n, events) ~ 1) of R 4.2.2 with survival 3.5-3.
    survival, points = 1.0, []
    for place, event in enumerate(events):
        at_risk = len(events) - place
        survival *= (at_risk - event) / at_risk
        points.append(CurvePoint(float(place + 1), at_risk, 1 - event, survival, None, None))
    assert Curve("all", tuple(points), sum(events)).median == median


# Contrasts and predictors


def contrast_row(kind: str, biomarker: str, p: float | None) -> dict[str, object]:
    numbers = dict.fromkeys(
        f"{name}{end}" for name in ("hr_experimental", "hr_reference", "ratio") for end in ("", "_lo", "_hi")
    )
    return {
        **numbers,
        "endpoint": "os",
        "experimental_arm": "drug",
        "reference_arm": "placebo",
        "kind": kind,
        "biomarker": biomarker,
        "n": 9,
        "events": 8,
        "level": None,
        "p": p,
        "permutation_p": None,
        "permutations": None,
        "p_adjusted": p,
        "adjustment": "holm, family of 3",
        "claim": False,
        "sentence": "No claim.",
    }


def test_candidates_and_scores_are_always_shown_and_screened_features_by_least_p() -> None:
    rows = (
        contrast_row("candidate", "f9", 0.9),
        contrast_row("score", "score:drug", 0.8),
        contrast_row("score", "score:placebo", 0.7),
        *(contrast_row("screen", f"s{i}", p) for i, p in enumerate((0.5, None, 0.1, 0.3))),
    )
    (found,) = build_contrasts(unblinded(interactions=rows), FACTS, ReportSettings(screened_shown=2))
    assert [c.biomarker for c in found.shown] == [
        "f9",
        "Score of the model of placebo",
        "Score of the model of drug",
        "s2",
        "s3",
    ]
    assert (found.total, found.hidden, found.prespecified) == (7, 2, 1)


def test_a_sentence_of_several_contrasts_stands_once_and_names_them() -> None:
    why = {"sentence": "Not tested for score:placebo: its arm has no model."}
    rows = (
        {**contrast_row("score", "score:placebo", None), **why},
        {**contrast_row("score", "score:placebo", None), **why, "experimental_arm": "other drug"},
        {**contrast_row("candidate", "f9", 0.9), "sentence": "f9: ratio 1.2."},
        {**contrast_row("screen", "f8", 0.9), "sentence": "Screened."},
    )
    (found,) = build_contrasts(unblinded(interactions=rows), FACTS, ReportSettings())
    assert found.told == (
        "f9: ratio 1.2.",
        "Not tested for score:placebo: its arm has no model (drug and other drug against placebo).",
    )


@pytest.mark.parametrize(("permutations", "claimable"), [(None, False), (19, False), (38, False), (39, True)])
def test_score_can_be_claimed_where_its_permutations_suffice(
    permutations: int | None, claimable: bool
) -> None:
    """Two scores: the least p, doubled, must be within 0.05."""
    permuted = {"permutations": permutations, "permutation_p": 0.4 if permutations else None, "ratio": 2.0}
    rows = tuple(contrast_row("score", f"score:{arm}", 1e-6) | permuted for arm in ("drug", "placebo"))
    (found,) = build_contrasts(unblinded(interactions=rows), FACTS, ReportSettings())
    assert [c.can_be_claimed for c in found.shown] == [claimable, claimable]
    assert [c.p for c in found.shown] == [permuted["permutation_p"]] * 2, "never that of the regression"
    words = describe_contrasts((found,))
    if claimable:
        assert words == "Of 2 prespecified interactions with treatment, none meets the rule for a claim."
    else:
        assert words.endswith("for scores the arms were permuted too few times.")


def test_predictors_come_by_coefficient_then_by_how_often_they_were_selected() -> None:
    key = {"endpoint": "os", "arm": "drug"}
    coefficients = tuple(
        {**key, "feature": f, "coefficient": c} for f, c in (("a", 0.1), ("b", -0.5), ("z", 0.0))
    )
    selection = tuple(
        {**key, "feature": f, "fits": 10, "selected": n, "frequency": n / 10, "mean_coefficient": 0.0}
        for f, n in (("a", 9), ("b", 2), ("c", 8), ("d", 3), ("e", 0))
    )
    tables = unblinded(coefficients=coefficients, selection=selection)
    found = build_predictors(tables, "os", "drug", 3)
    assert [p.feature for p in found.shown] == ["b", "a", "c"]
    assert [p.coefficient for p in found.shown] == [-0.5, 0.1, None]
    assert (found.used, found.selected, found.offered, found.fits, found.stable) == (2, 4, 5, 10, 2)
    assert build_predictors(NOTHING, "os", "drug", 3).shown == ()
