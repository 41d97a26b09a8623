"""Scores, strata and features as rows of one data set, its codebook, and the guide."""

import csv

from radfeat.submission.bds import (
    VARIABLES,
    Category,
    Missing,
    Parameter,
    Record,
    Subject,
    build_bds,
    count_missing,
)
from radfeat.submission.dataset import require_sound
from radfeat.submission.define import render_define, render_parameters
from radfeat.submission.reviewers_guide import RunFacts, render_guide

ANNA = Subject("SIM", "S01", "S01-1", "control", "T0", -5.0, "SIM/S01/S01-1/T0/CT/GTV")
BORIS = Subject("SIM", "S01", "S01-2", "experimental")
SCORE = Parameter("SCORE01", "Signature score", Category.SCORE, "predictions", "d", "1", "os", "control")
STRATUM = Parameter("STRAT01", "Stratum", Category.STRATUM, "predictions", "d", "1", "os", "control")
FEATURE = Parameter(
    "ORIGFP10",
    "original_firstorder_10Percentile (intensity)",
    Category.FEATURE,
    "f",
    "d",
    "intensity",
    None,
    None,
    "QG58",
    None,
    ("os/control",),
)
RECORDS = (
    Record(BORIS, FEATURE, None, missing=Missing.UNDEFINED),
    Record(ANNA, FEATURE, 12.5),
    Record(ANNA, SCORE, -0.25, repeat=2, fold=1, own=True),
    Record(ANNA, SCORE, 0.5, repeat=1, fold=3, own=True),
    Record(BORIS, SCORE, None, missing=Missing.NO_MODEL, repeat=1, fold=2, own=False),
    Record(ANNA, STRATUM, 1.0, "HIGH", own=True),
)
FACTS = RunFacts("A trial", "0.1.0", "run1", "ibsi", "confirmatory", "l" * 64, "Locked.", {"series": "d1"})


def rows_of(dataset: object) -> list[dict[str, object]]:
    names = [v.name for v in VARIABLES]
    return [dict(zip(names, row, strict=True)) for row in dataset.rows]  # type: ignore[attr-defined]


def test_rows_are_sorted_numbered_within_the_subject_and_sound() -> None:
    dataset = build_bds(RECORDS)
    require_sound(dataset)
    rows = rows_of(dataset)
    keys = [(r["USUBJID"], r["PARAMCD"], r["ASEQ"], r["CVREP"]) for r in rows]
    assert keys == [
        ("SIM-S01-1", "SCORE01", 1, 1),
        ("SIM-S01-1", "SCORE01", 2, 2),
        ("SIM-S01-1", "STRAT01", 3, None),
        ("SIM-S01-1", "ORIGFP10", 4, None),
        ("SIM-S01-2", "SCORE01", 1, 1),
        ("SIM-S01-2", "ORIGFP10", 2, None),
    ]
    assert build_bds(reversed(RECORDS)) == dataset


def test_a_value_stands_with_its_text_flag_and_reason() -> None:
    rows = rows_of(build_bds(RECORDS))
    assert (rows[2]["AVAL"], rows[2]["AVALC"], rows[2]["ANL01FL"]) == (1.0, "HIGH", "Y")
    assert (rows[4]["AVAL"], rows[4]["MISSREAS"], rows[4]["ANL01FL"]) == (None, "NO MODEL", "N")
    assert (rows[5]["AVAL"], rows[5]["MISSREAS"], rows[5]["ANL01FL"]) == (None, "UNDEFINED", None)
    assert (rows[3]["AVISIT"], rows[3]["ADY"], rows[3]["TRTP"]) == ("T0", -5.0, "control")


def test_codebook_describes_every_variable_and_parameter() -> None:
    dataset = build_bds(RECORDS)
    define = list(csv.DictReader(render_define(dataset).splitlines()))
    assert [line["variable"] for line in define] == [v.name for v in VARIABLES]
    assert {line["variable"]: line["length_bytes"] for line in define}["USUBJID"] == "9"
    assert next(line for line in define if line["variable"] == "AVAL")["missing"] == "2"
    parameters = (SCORE, STRATUM, FEATURE)
    lines = list(csv.DictReader(render_parameters(parameters, RECORDS).splitlines()))
    assert [(line["paramcd"], line["records"], line["missing"]) for line in lines] == [
        ("SCORE01", "3", "1"),
        ("STRAT01", "1", "0"),
        ("ORIGFP10", "2", "1"),
    ]
    assert (lines[2]["ibsi_code"], lines[2]["used_in"]) == ("QG58", "os/control")


def test_guide_says_what_is_missing_and_why_and_whether_it_may_confirm() -> None:
    dataset, parameters = build_bds(RECORDS), (SCORE, STRATUM, FEATURE)
    text = render_guide(FACTS, dataset, parameters, count_missing(RECORDS))
    assert "6 rows of 2 subjects" in text
    assert "| SCORE | NO MODEL | 1 |" in text
    assert "| FEATURE | UNDEFINED | 1 |" in text
    assert "Exploratory" not in text
    assert "confirmatory. It is the one that was locked before the arms were first read." in text
    exploratory = RunFacts("A", "0", "r", "ibsi", "exploratory", "l", "Changed.", {})
    assert "exploratory. Changed." in render_guide(exploratory, dataset, parameters, {})
    assert "**Exploratory.**" in render_guide(exploratory, dataset, parameters, {})
