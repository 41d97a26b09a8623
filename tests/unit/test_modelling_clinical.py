"""The clinical sheet: what is read, and each way to be wrong."""

import math
from pathlib import Path

import pytest

from radfeat.core.errors import SettingsError, TableError
from radfeat.modelling.clinical import SubjectOutcome, read_clinical_sheet
from radfeat.modelling.endpoint_settings import EndpointSettings
from radfeat.modelling.settings import CovariateSettings, ModellingSettings
from studies import AGE, OS, make_settings, write_clinical

HEADER = "subject_id,arm,days,died,response,age,sex"
SEX = CovariateSettings(column="sex", kind="categorical")
SETTINGS = make_settings(covariates=(AGE, SEX))


def faults_of(folder: Path, text: str, settings: ModellingSettings = SETTINGS) -> list[str]:
    with pytest.raises(TableError) as caught:
        read_clinical_sheet(write_clinical(folder, text), settings)
    return str(caught.value).splitlines()


def test_rows_are_read_and_sorted_by_subject(tmp_path: Path) -> None:
    text = f"{HEADER}\nS2,experimental,10.5,0,0,,F\nS1,control,7,1,1,61,M\n"
    first, second = read_clinical_sheet(write_clinical(tmp_path, text), SETTINGS).rows
    assert (first.subject_id, first.arm) == ("S1", "control")
    assert first.outcomes["os"] == SubjectOutcome(7.0, True)
    assert first.outcomes["response"].event is True
    assert math.isnan(first.outcomes["response"].time)
    assert first.covariates == {"age": 61.0, "sex": "M"}
    assert second.outcomes["os"] == SubjectOutcome(10.5, False)
    assert second.covariates == {"age": None, "sex": "F"}


def test_empty_outcome_is_missing_not_wrong(tmp_path: Path) -> None:
    (row,) = read_clinical_sheet(write_clinical(tmp_path, f"{HEADER}\nS1,control,,,,61,M\n"), SETTINGS).rows
    assert row.outcomes == {"os": None, "response": None}


def test_one_written_with_a_decimal_point_is_still_one(tmp_path: Path) -> None:
    text = f"{HEADER}\nS1,control,7.0,1.0,0.0,61,M\n"
    (row,) = read_clinical_sheet(write_clinical(tmp_path, text), SETTINGS).rows
    assert row.outcomes["os"] == SubjectOutcome(7.0, True)
    assert row.outcomes["response"].event is False


def test_declared_words_stand_for_the_classes(tmp_path: Path) -> None:
    endpoint = EndpointSettings(
        name="orr",
        kind="binary",
        column="best",
        positive_values=("CR", "PR"),
        negative_values=("SD", "PD"),
    )
    settings = make_settings(endpoints=(endpoint,))
    path = write_clinical(tmp_path, "subject_id,arm,best\nS1,control,PR\nS2,control,PD\n")
    rows = read_clinical_sheet(path, settings).rows
    assert [r.outcomes["orr"].event for r in rows] == [True, False]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("S1,placebo,7,1,1,61,M", "the arm is not declared (found 'placebo')"),
        ("S1,control,-1,1,1,61,M", "the time is negative (found '-1')"),
        ("S1,control,soon,1,1,61,M", "column days: not a number (found 'soon')"),
        ("S1,control,7,2,1,61,M", "neither 1 nor 0, as endpoint os has it (found '2')"),
        ("S1,control,7,yes,1,61,M", "column died: neither 1 nor 0"),
        ("S1,control,7,1,CR,61,M", "column response: neither 1 nor 0"),
        ("S1,control,7,,1,61,M", "column died: endpoint os has only one of time and event"),
        ("S1,control,,1,1,61,M", "column days: endpoint os has only one of time and event"),
        ("S1,control,7,1,1,old,M", "if the column is text, declare it as categorical"),
        ("S1,,7,1,1,61,M", "column arm"),
        (",control,7,1,1,61,M", "column subject_id"),
        ("S1,control,nan,1,1,61,M", "Leave the cell empty"),
    ],
)
def test_each_wrong_cell_is_named_with_line_and_remedy(tmp_path: Path, row: str, words: str) -> None:
    (fault,) = faults_of(tmp_path, f"{HEADER}\n{row}\n")
    assert words in fault
    assert fault.startswith("clinical.csv, line 2, column ")


def test_all_faults_come_at_once_in_order_of_lines(tmp_path: Path) -> None:
    text = f"{HEADER}\nS1,control,7,1,1,61,M\nS2,placebo,x,1,1,61,M\nS1,control,7,3,1,61,M\n"
    faults = faults_of(tmp_path, text)
    assert [f.split(", ")[1] for f in faults] == ["line 3", "line 3", "line 4", "line 4"]
    assert any("the row repeats the key of line 2" in f for f in faults)


def test_a_missing_column_is_one_fault_and_not_one_of_each_row(tmp_path: Path) -> None:
    settings = make_settings(covariates=(AGE,), stratification=("region",))
    rows = "\nS1,control,1,1,61\nS2,control,1,1,62\n"
    told = faults_of(tmp_path, f"subject_id,arm,died,response,age{rows}", settings)
    assert [line.split(":")[0] for line in told] == [
        "clinical.csv, line 1, column region",
        "clinical.csv, line 1, column days",
    ]


def test_covariate_that_nobody_has_is_a_fault_and_one_that_somebody_has_is_not(tmp_path: Path) -> None:
    """Dropped in silence, it would leave models unadjusted that are said to be adjusted."""
    rows = "S1,control,7,1,1,,M\nS2,control,8,1,1,"
    (told,) = faults_of(tmp_path, f"{HEADER}\n{rows},F\n")
    assert told.startswith(
        "clinical.csv, line 1, column age: the covariate is empty for every one of 2 subjects."
    )
    path = write_clinical(tmp_path, f"{HEADER}\n{rows}51,F\n")
    assert len(read_clinical_sheet(path, SETTINGS).rows) == 2


def test_missing_columns_are_named_with_what_wants_them(tmp_path: Path) -> None:
    faults = faults_of(tmp_path, "subject_id,arm,days\nS1,control,7\n")
    missing = [f for f in faults if "the column is missing" in f]
    assert {f.split("column ")[1].split(":")[0] for f in missing} == {"died", "response", "age", "sex"}
    assert any("endpoint os names" in f for f in missing)
    assert any("modelling.covariates names" in f for f in missing)


def test_unreadable_sheet_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"absent\.csv"):
        read_clinical_sheet(tmp_path / "absent.csv", SETTINGS)


def test_nothing_declared_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    path = write_clinical(tmp_path, f"{HEADER}\nS1,control,7,1,1,61,M\n")
    with pytest.raises(SettingsError, match=r"Declare modelling\.arms and modelling\.endpoints"):
        read_clinical_sheet(path, ModellingSettings())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"endpoints": [{"name": "os", "time": "days"}]}, "needs `time` and `event`"),
        ({"endpoints": [{"name": "r", "kind": "binary", "column": "r", "time": "days"}]}, "binary needs"),
        ({"endpoints": [OS, OS]}, "endpoints: names must be unique"),
        ({"arms": ["a", "a"]}, "arms: names must be unique"),
        ({"arms": ["a", " "]}, "not blank"),
        ({"candidates": ["f", "f"]}, "candidates: names must be unique"),
        (
            {"endpoints": [{"name": "os", "time": "t", "event": "e", "censored_values": ["1"]}]},
            "one cell value means two things",
        ),
        ({"l1_ratio": 0.0}, "l1_ratio"),
        ({"typo": 1}, "typo"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make_settings(**changes)
