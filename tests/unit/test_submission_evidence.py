"""Checklists: derived where a file shows it, declared where the study says it, never met by silence."""

from dataclasses import replace

import pytest

from radfeat.core.errors import SettingsError
from radfeat.submission.checklist import (
    ChecklistName,
    Judged,
    build_json,
    count_statuses,
    draft_study,
    judge_items,
    list_items,
    list_topics,
)
from radfeat.submission.checklist_page import PageHead, render_checklists
from radfeat.submission.evidence import Answer, RunEvidence, Status
from radfeat.submission.evidence_rules import list_rules

SILENT = RunEvidence(
    version="0.1.0",
    settings={},
    images={},
    known={},
    sites=0,
    scanners=0,
    features=0,
    rows={},
    metrics={},
    limits=False,
    feasible=(),
    crowded=(),
    mixed=0,
    conformance=None,
)
FULL = replace(
    SILENT,
    settings={
        "prepare": {"recipe": "ibsi", "resampled_spacing_xyz_mm": [2.0, 2.0, 2.0], "round_hu": True},
        "features": {
            "recipe": "ibsi",
            "engine": "pyradiomics",
            "bin_width": 25.0,
            "classes": {"glcm": [], "shape": None},
            "by_modality": {"PT": {"bin_width": 0.5}},
        },
        "qc": {"protocol": {"CT": {}}},
        "modelling": {"repeatability": {"minimum": 0.8}, "batch_effects": "combat"},
    },
    images={"CT": 2, "PT": 1},
    known={("CT", "kvp"): 2, ("CT", "kernel"): 1, ("CT", "slice_thickness"): 2, ("PT", "uptake_time"): 1},
    sites=3,
    features=100,
    rows={"repeatability": 10, "calibration": 5},
    metrics={name: frozenset({"auc"}) for name in ("radiomics", "clinical", "clinical_radiomics", "volume")},
    limits=True,
    feasible=("os/control",),
    conformance=(402, 402),
)


def judge_one(run: RunEvidence, name: ChecklistName, number: str, **answers: Answer) -> Judged:
    judged = judge_items(run, answers)
    return next(one for one in judged if one.item.checklist is name and one.item.number == number)


@pytest.mark.parametrize(("name", "count"), [("metrics", 30), ("clear", 58), ("ibsi", 104)])
def test_every_list_is_whole_and_in_order(name: str, count: int) -> None:
    items = list_items(ChecklistName(name))
    assert len(items) == count
    assert len({item.number for item in items}) == count
    numbers = [int("".join(c for c in item.number if c.isdigit())) for item in items]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, {"metrics": 30, "clear": 58, "ibsi": 76}[name] + 1))


def test_every_rule_answers_a_topic_of_some_list() -> None:
    assert list_rules() <= set(list_topics())


FIXED = {
    *("grid_position", "grid_dimensions", "extrapolation", "mask_interpolation", "partial_voxels"),
    *("first_bin", "deep_learning", "gldzm_distance", "gldzm_norm", "glszm_distance"),
}
"""True of the program, whatever the run."""


@pytest.mark.requirement("R-SUB-2")
def test_no_topic_without_a_file_or_a_declaration_is_met() -> None:
    unruled = set(list_topics()) - list_rules()
    assert len(unruled) > 50
    for one in judge_items(FULL, {}):
        if one.item.topic in unruled and not one.sentence.startswith("Does not apply"):
            assert one.status is Status.UNANSWERED, one


@pytest.mark.requirement("R-SUB-2")
def test_a_run_that_says_nothing_about_models_meets_nothing_about_models() -> None:
    topics = {
        *("calibration", "clinical_comparison", "internal_testing", "data_partition", "performance_metrics"),
        *("uncertainty", "dimensionality", "simple_comparison", "combined_comparison", "algorithm"),
        *("standardised_software", "imaging_protocol", "confounders", "tube_voltage"),
    }
    for one in judge_items(replace(SILENT, images={"CT": 1}), {}):
        if one.item.topic in topics:
            assert one.status is Status.UNANSWERED, one


@pytest.mark.requirement("R-SUB-2")
@pytest.mark.parametrize(
    ("number", "change", "said"),
    [
        ("4", {"sites": 1}, "one site only"),
        ("12", {"conformance": (401, 402)}, "401 of 402"),
        ("14", {"rows": {"calibration": 1}}, "No feature was left out"),
        ("16", {"crowded": ("os/control 107 for 29 subjects (0 allowed)",)}, "107 for 29 subjects"),
        ("18", {"mixed": 2}, "2 subjects are in two folds"),
        ("21", {"limits": False}, "No metric has confidence limits"),
        ("22", {"rows": {"repeatability": 1}}, "No calibration"),
        ("24", {"metrics": {"radiomics": frozenset({"auc"})}}, "Not compared with: clinical"),
    ],
)
def test_what_a_file_shows_decides_an_item_either_way(
    number: str, change: dict[str, object], said: str
) -> None:
    assert judge_one(FULL, ChecklistName.METRICS, number).status is Status.DERIVED
    changed = judge_one(replace(FULL, **change), ChecklistName.METRICS, number)  # type: ignore[arg-type]
    assert changed.status is Status.NOT_MET
    assert said in changed.sentence
    assert changed.link


def test_derived_items_link_to_a_file() -> None:
    for one in judge_items(FULL, {}):
        assert one.status is not Status.DERIVED or one.link


def test_a_parameter_that_one_image_lacks_is_a_remark_and_stays_to_be_declared() -> None:
    assert judge_one(FULL, ChecklistName.IBSI, "14").status is Status.DERIVED
    kernel = judge_one(FULL, ChecklistName.IBSI, "31a")
    assert (kernel.status, kernel.remark) == (Status.UNANSWERED, "The headers give kernel of 1 of 2 images.")
    thickness = judge_one(FULL, ChecklistName.IBSI, "29")  # the PET lacks it
    assert (thickness.status, thickness.remark) == (
        Status.UNANSWERED,
        "The headers give slice_thickness of 2 of 3 images.",
    )


def test_items_of_a_modality_that_the_study_lacks_do_not_apply() -> None:
    one = judge_one(FULL, ChecklistName.IBSI, "27")
    assert (one.status, one.sentence) == (
        Status.DERIVED,
        "Does not apply: there is no image of the modality MR.",
    )


def test_settings_are_quoted_with_what_differs_between_modalities() -> None:
    one = judge_one(FULL, ChecklistName.IBSI, "56b")
    assert one.sentence == "features.bin_width: 25.0 (PT: 0.5); features.bin_count: none."


@pytest.mark.requirement("R-SUB-2")
def test_declarations_answer_what_the_run_does_not_show() -> None:
    yes = Answer(met=True, text="Adults with measurable disease.", where="Protocol 4.1")
    no = Answer(met=False, text="No second cohort.")
    eligible = judge_one(FULL, ChecklistName.CLEAR, "11", eligibility=yes)
    assert (eligible.status, eligible.sentence, eligible.link) == (
        Status.DECLARED,
        "Adults with measurable disease.",
        "Protocol 4.1",
    )
    assert judge_one(FULL, ChecklistName.METRICS, "2", eligibility=yes).status is Status.DECLARED
    assert judge_one(FULL, ChecklistName.METRICS, "27", external_testing=no).status is Status.NOT_MET


@pytest.mark.requirement("R-SUB-2")
def test_a_declaration_does_not_outweigh_a_file() -> None:
    run = replace(FULL, rows={"repeatability": 1})
    one = judge_one(run, ChecklistName.METRICS, "22", calibration=Answer(met=True, text="It was done."))
    assert (one.status, one.remark) == (Status.NOT_MET, "The study declares otherwise: It was done.")


def test_an_answer_to_no_topic_is_refused() -> None:
    with pytest.raises(SettingsError, match="no checklist has this topic"):
        judge_items(FULL, {"eligibilty": Answer(met=True, text="x")})


def test_draft_asks_what_is_unanswered_and_nothing_else() -> None:
    draft = draft_study(FULL)
    assert "  # eligibility: {met: true" in draft
    assert "# calibration:" not in draft
    assert "METRICS 2, CLEAR 11" in draft


def test_counts_of_page_and_json_are_those_of_the_items() -> None:
    judged = judge_items(FULL, {})
    found = build_json(judged)
    for name in ChecklistName:
        counts = count_statuses(judged, name)
        assert sum(counts.values()) == len(list_items(name))
        assert found[name.value]["counts"] == {s.value: n for s, n in counts.items()}  # type: ignore[index]
    page = render_checklists(judged, PageHead("<b>Trial</b>", "0.1.0", "run", "", "../"))
    assert "<b>Trial</b>" not in page
    assert 'href="../unblinded/calibration.parquet"' in page
    assert "http" not in page.replace("http-equiv", "")
