"""Data sets for a submission: refused where a format cannot hold them, and the same when read back."""

import json
import math
import shutil
import struct
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radfeat.core.errors import SubmissionError
from radfeat.submission.dataset import (
    LARGEST,
    SMALLEST,
    Dataset,
    Value,
    Variable,
    VariableType,
    list_differences,
    require_sound,
)
from radfeat.submission.dataset_json import Source, read_dataset_json, render_dataset_json
from radfeat.submission.ibm_float import decode_numbers, encode_numbers
from radfeat.submission.xpt import read_xpt, render_xpt

CREATED = datetime(2026, 11, 27, 3, 4, 5)
KEY = Variable("SUBJ", "Subject", VariableType.TEXT, "", 1)
NUMBER = Variable("AVAL", "Analysis Value", VariableType.FLOAT, "")
WHOLE = Variable("N", "Count", VariableType.INTEGER, "")
CODED = Variable("AVALC", "Stratum", VariableType.TEXT, "", codes=("LOW", "HIGH"))
ROWS: tuple[tuple[Value, ...], ...] = (
    ("S1", 118.625, 1, "LOW"),
    ("S2", None, None, None),
    ("S30", -math.pi, 2**53, "HIGH"),
    ("S4", 0.0, -7, "LOW"),
    ("S5", SMALLEST, 0, "LOW"),
    ("S6", LARGEST, 3, "HIGH"),
    ("S7", 0.1 + 0.2, 4, "HIGH"),
)


def make(rows: tuple[tuple[Value, ...], ...] = ROWS, **changes: object) -> Dataset:
    variables = tuple(changes.pop("variables", (KEY, NUMBER, WHOLE, CODED)))  # type: ignore[call-overload]
    name, label = str(changes.pop("name", "ADRAD")), str(changes.pop("label", "Radiomics"))
    return Dataset(name, label, variables, rows)


def with_row(*values: Value) -> Dataset:
    return make((ROWS[0], tuple(values)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, "4110000000000000"),
        (-118.625, "C276A00000000000"),
        (0.0, "0000000000000000"),
        (-0.0, "0000000000000000"),
        (math.nan, "2E00000000000000"),
        (16.0**-65, "0010000000000000"),
        (LARGEST, "7FFFFFFFFFFFFFF8"),
    ],
)
def test_numbers_have_the_bytes_of_ibm_floating_point(value: float, expected: str) -> None:
    raw = encode_numbers(np.array([value]))
    assert raw.tobytes().hex().upper() == expected


@settings(deadline=None)
@given(st.floats(min_value=SMALLEST, max_value=LARGEST) | st.floats(min_value=-1e75, max_value=-1e-78))
def test_every_double_in_range_survives_ibm_floating_point(value: float) -> None:
    assert decode_numbers(encode_numbers(np.array([value])))[0] == value


@pytest.mark.requirement("R-SUB-1")
@pytest.mark.parametrize(
    ("dataset", "said"),
    [
        (make(name="adrad"), "data set name 'adrad'"),
        (make(name="ADRADIOMS"), "data set name 'ADRADIOMS'"),
        (make(label="x" * 41), "is not 1 to 40 printable ASCII"),
        (
            make(variables=(KEY, NUMBER, WHOLE, Variable("TOOLONGNM", "x", VariableType.TEXT, ""))),
            "TOOLONGNM",
        ),
        (make(variables=(KEY, NUMBER, WHOLE, KEY)), "variable SUBJ occurs twice"),
        (with_row("Größe", 1.0, 1, "LOW"), "row 2, SUBJ: 'Größe' holds 'ö' (U+00F6), which is not ASCII"),
        (with_row("x" * 201, 1.0, 1, "LOW"), "row 2, SUBJ: text of 201 bytes, allowed 200"),
        (with_row("S2 ", 1.0, 1, "LOW"), "ends in a blank"),
        (with_row("", 1.0, 1, "LOW"), "is empty"),
        (with_row("S\t2", 1.0, 1, "LOW"), "control character"),
        (with_row("S2", 1e76, 1, "LOW"), "row 2, AVAL: 1e+76 is greater than XPT holds"),
        (with_row("S2", -1e-79, 1, "LOW"), "row 2, AVAL: -1e-79 is nearer to zero than XPT holds"),
        (with_row("S2", math.inf, 1, "LOW"), "row 2, AVAL: inf is not finite"),
        (with_row("S2", math.nan, 1, "LOW"), "row 2, AVAL: nan is not finite"),
        (with_row("S2", "1", 1, "LOW"), "row 2, AVAL: '1' is not a number"),
        (with_row("S2", 1.0, 1.5, "LOW"), "row 2, N: 1.5 is not a whole number"),
        (with_row("S2", 1.0, 2**53 + 1, "LOW"), "more than 53 bits"),
        (with_row("S2", 1.0, 1, "MIDDLE"), "row 2, AVALC: 'MIDDLE' is not one of LOW, HIGH"),
        (with_row("S1", 1.0, 1, "LOW"), "row 2 has the key of row 1"),
        (with_row(None, 1.0, 1, "LOW"), "row 2 has no value in its key (SUBJ)"),
        (with_row("S2", 1.0), "row 2 has 2 values for 4 variables"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_its_place(dataset: Dataset, said: str) -> None:
    with pytest.raises(SubmissionError) as caught:
        require_sound(dataset)
    assert said in caught.value.sentence


@pytest.mark.requirement("R-SUB-1")
def test_transport_file_is_made_of_records_of_80_bytes_and_read_back_equal() -> None:
    dataset = make()
    require_sound(dataset)
    data = render_xpt(dataset, CREATED)
    assert len(data) % 80 == 0
    assert data == render_xpt(dataset, CREATED)
    assert list_differences(dataset, read_xpt(data)) == []
    assert b"27NOV26:03:04:05" in data
    assert struct.unpack(">h", data[8 * 80 + 4 : 8 * 80 + 6]) == (3,)  # the longest subject has three bytes


def test_transport_file_without_rows_is_read_back_equal() -> None:
    assert list_differences(make(()), read_xpt(render_xpt(make(()), CREATED))) == []


def test_one_other_value_is_named_with_row_variable_and_both_values() -> None:
    other = make((*ROWS[:-1], ("S7", 0.3, 4, "HIGH")))
    found = read_xpt(render_xpt(other, CREATED))
    assert list_differences(make(), found) == ["row 7, AVAL: 0.3 instead of 0.30000000000000004"]


@pytest.mark.parametrize("data", [b"", b"x" * 800, render_xpt(make(), CREATED)[:-1]])
def test_what_is_no_transport_file_is_refused(data: bytes) -> None:
    with pytest.raises(SubmissionError, match="no SAS transport file"):
        read_xpt(data)


def test_dataset_json_has_what_version_1_1_demands_and_is_read_back_equal() -> None:
    text = render_dataset_json(make(), Source("TRIAL", "run1", "define.csv"), CREATED)
    found = json.loads(text)
    required = {"datasetJSONCreationDateTime", "datasetJSONVersion", "itemGroupOID", "records"}
    assert required | {"name", "label", "columns", "rows"} <= set(found)
    assert found["datasetJSONCreationDateTime"] == "2026-11-27T03:04:05"
    assert found["columns"][0] == {
        "itemOID": "IT.ADRAD.SUBJ",
        "name": "SUBJ",
        "label": "Subject",
        "dataType": "string",
        "length": 3,
        "keySequence": 1,
    }
    assert [c["dataType"] for c in found["columns"]] == ["string", "double", "integer", "string"]
    assert found["rows"][1] == ["S2", None, None, None]
    assert list_differences(make(), read_dataset_json(text)) == []


def test_dataset_json_that_lost_a_row_is_refused() -> None:
    found = json.loads(render_dataset_json(make(), Source("TRIAL", "run1", "define.csv"), CREATED))
    found["rows"].pop()
    with pytest.raises(SubmissionError, match="as many rows"):
        read_dataset_json(json.dumps(found))


@pytest.mark.requirement("R-SUB-1")
def test_pyreadstat_reads_the_same(tmp_path: Path) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    path = tmp_path / "adrad.xpt"
    path.write_bytes(render_xpt(make(), CREATED))
    frame, meta = pyreadstat.read_xport(str(path))
    assert (meta.table_name, meta.file_label) == ("ADRAD", "Radiomics")
    assert meta.column_names_to_labels == {v.name: v.label for v in make().variables}
    for i, variable in enumerate(make().variables):
        found = frame[variable.name].tolist()
        for wanted, value in zip(make().column(i), found, strict=True):
            if wanted is None:
                assert value == "" if variable.is_text else math.isnan(value)
            else:
                assert value == wanted


@pytest.mark.requirement("R-SUB-1")
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not on this machine")
def test_r_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "adrad.xpt"
    path.write_bytes(render_xpt(make(), CREATED))
    # %a is the number bit for bit; R writes a missing one as NA.
    code = (
        f'd <- foreign::read.xport("{path}"); stopifnot(ncol(d) == 4);'
        'cat(paste(trimws(as.character(d$SUBJ)), sprintf("%a", d$AVAL), sprintf("%.0f", d$N), '
        'trimws(as.character(d$AVALC)), sep = "|"), sep = "\\n")'
    )
    done = subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split("|") for line in done.stdout.splitlines()]
    assert len(lines) == len(ROWS)
    for (subject, number, whole, code_), (a, b, c, d) in zip(ROWS, lines, strict=True):
        assert (a, d) == (subject, code_ or "")
        assert (b == "NA") if number is None else float.fromhex(b) == number
        assert (c == "NA") if whole is None else int(c) == whole
