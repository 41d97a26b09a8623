"""Intraclass correlations and within-subject measures equal base R's, and a published table.

The numbers of R are in ``r/repeatability.csv``, made by ``r/repeatability.R``; the session beside it.
"""

import csv
from pathlib import Path

import numpy as np
import pytest

from radfeat.core.vocabulary import IccForm
from radfeat.qc.agreement import Estimate, Floats, compute_mean_squares, estimate_icc
from radfeat.qc.repeatability_settings import CvMethod
from radfeat.qc.within_subject import estimate_cv, estimate_within

CSV = Path(__file__).with_name("r") / "repeatability.csv"
TABLES = ("judges", "pairs", "opposed")


def read_r(data: str) -> tuple[Floats, dict[str, list[float]]]:
    """One table of values, and the estimates that R gave for it."""
    rows = [row for row in csv.reader(CSV.read_text().splitlines()) if row[0] == data]
    values = [[float(v) for v in row[2:]] for row in rows if row[1] == "values"]
    return np.array(values), {row[1]: [float(v) for v in row[2:]] for row in rows if row[1] != "values"}


def as_list(found: Estimate) -> list[float | None]:
    return [found.value, found.lo, found.hi]


@pytest.mark.parametrize("data", TABLES)
def test_mean_squares_and_correlations_equal_r(data: str) -> None:
    values, expected = read_r(data)
    squares = compute_mean_squares(values)
    assert squares is not None
    found = [squares.between, squares.repeats, squares.error]
    assert found == pytest.approx(expected["mean_squares"], rel=1e-12)
    for form in IccForm:
        assert as_list(estimate_icc(form, squares, 0.95)) == pytest.approx(expected[form], rel=1e-9)


@pytest.mark.parametrize("data", TABLES)
def test_deviation_and_cv_within_targets_equal_r(data: str) -> None:
    values, expected = read_r(data)
    within = estimate_within(list(values), 0.95)
    assert within is not None
    assert as_list(within.deviation) == pytest.approx(expected["within_sd"], rel=1e-10)
    assert as_list(within.coefficient) == pytest.approx(expected["repeatability_coefficient"], rel=1e-10)
    for method in CvMethod:
        found = estimate_cv(list(values), method, 0.95)
        assert as_list(found) == pytest.approx(expected[f"cv_{method}"], rel=1e-10)


def test_published_table_of_shrout_and_fleiss() -> None:
    """Shrout and Fleiss 1979, tables 2 and 4: ICC(1,1) .17, ICC(2,1) .29, ICC(3,1) .71."""
    squares = compute_mean_squares(read_r("judges")[0])
    assert squares is not None
    assert [round(squares.between, 2), round(squares.repeats, 2), round(squares.error, 2)] == [
        11.24,
        32.49,
        1.02,
    ]
    values = {form: estimate_icc(form, squares, 0.95).value or 0.0 for form in IccForm}
    assert {form: round(v, 2) for form, v in values.items()} == {
        IccForm.ONE_WAY: 0.17,
        IccForm.AGREEMENT: 0.29,
        IccForm.CONSISTENCY: 0.71,
    }
