"""IBSI's reference values as they ship, and how a measured value is held against them."""

import re
from collections import Counter

import pytest

from radfeat.core.vocabulary import Agreement, Configuration, PhantomSource
from radfeat.features.register import FeatureStatus, read_register
from radfeat.ibsi.comparison import ConfigurationResult, Measured, build_rows, compare, judge
from radfeat.ibsi.page import PageContext, render_page
from radfeat.ibsi.phantom import GRID, build_intensities, build_mask
from radfeat.ibsi.reference import Expectation, count_references, list_expectations
from radfeat.ibsi.wording import name_configurations, summarise
from radfeat.tables.parquet import build_table
from radfeat.tables.schemas import CONFORMANCE

COMPARED = {"digital": 402, "A": 284, "B": 284, "C": 165, "D": 166, "E": 166}
CONTEXT = PageContext(
    installation=(("radfeat", "0.1.0"), ("NumPy", "<2>")),
    setups=((Configuration.DIGITAL, "As it is"), (Configuration.A, "No interpolation; -500 to 400 HU")),
    where_to_get_it="It is somewhere",
    style="body { color: black }",
)


def expect(name: str = "Mean", value: float = 2.15, tolerance: float = 0.0) -> Expectation:
    return Expectation(
        *(Configuration.DIGITAL, "statistics", "none", "", name, "Q4LE"),
        *(f"original_firstorder_{name}", value, tolerance, "strong"),
    )


def result_of(expected: list[Expectation], measured: Measured) -> ConfigurationResult:
    return compare(Configuration.DIGITAL, PhantomSource.CODE, measured, expected)


@pytest.mark.parametrize("configuration", Configuration)
def test_as_many_values_are_compared_as_have_a_feature(configuration: Configuration) -> None:
    assert len(list_expectations(configuration)) == COMPARED[configuration.value]


def test_values_without_a_feature_of_ours_are_counted() -> None:
    counts = {c.value: count_references(c) for c in Configuration}
    assert counts == {"digital": 482, "A": 346, "B": 346, "C": 209, "D": 210, "E": 210}


def test_every_value_is_compared_with_the_feature_that_the_register_has_for_its_code() -> None:
    register = {
        e.ibsi_code: f"original_{e.family.value}_{e.name}"
        for e in read_register().values()
        if e.ibsi_code and not e.ibsi_deviation and e.status is not FeatureStatus.RETIRED
    }
    for configuration in Configuration:
        for e in list_expectations(configuration):
            assert register[e.ibsi_code] == e.feature
    assert {e.ibsi_code for c in Configuration for e in list_expectations(c)} == register.keys()


def test_each_value_stands_once() -> None:
    keys = Counter(
        (e.configuration, e.feature, e.aggregation) for c in Configuration for e in list_expectations(c)
    )
    assert set(keys.values()) == {1}


@pytest.mark.parametrize(
    ("value", "reference", "tolerance", "agreement"),
    [
        (2.15, 2.15, 0.0, Agreement.AGREES),
        (2.1486, 2.15, 0.0, Agreement.AGREES),  # 2.15 in the three digits of the reference
        (2.1449, 2.15, 0.0, Agreement.OUT_OF_TOLERANCE),
        (2.17, 2.15, 0.02, Agreement.AGREES),
        (2.176, 2.15, 0.02, Agreement.OUT_OF_TOLERANCE),
        (-0.355, -0.355, 0.0, Agreement.AGREES),
        (0.355, -0.355, 0.0, Agreement.OUT_OF_TOLERANCE),
        (8.009e-5, 6.98e-5, 1.03e-5, Agreement.AGREES),  # within the tolerance, though not once it is rounded
        (0.1 + 0.2, 0.3, 0.0, Agreement.AGREES),
        (0.0, 0.0, 0.0, Agreement.AGREES),
        (0.001, 0.0, 0.0, Agreement.OUT_OF_TOLERANCE),
        (None, 2.15, 99.0, Agreement.NO_VALUE),
    ],
)
def test_value_agrees_within_the_tolerance_or_once_rounded(
    value: float | None, reference: float, tolerance: float, agreement: Agreement
) -> None:
    assert judge(value, reference, tolerance) is agreement


def test_what_was_not_measured_has_no_value_and_fails() -> None:
    result = result_of([expect(), expect("Median", 1.0)], {("none", "original_firstorder_Mean"): 2.15})
    assert [c.agreement for c in result.comparisons] == [Agreement.AGREES, Agreement.NO_VALUE]
    assert result.agreeing == 1
    assert [c.expected.ibsi_name for c in result.failing] == ["Median"]
    assert summarise([result]) == "1 of 2 values agree with the reference values of IBSI-1; 1 does not."


def test_rows_keep_the_schema_of_the_table() -> None:
    every = [
        compare(c, source, {}, list_expectations(c))
        for c in Configuration
        for source in (PhantomSource.NIFTI, PhantomSource.DICOM)
    ]
    assert build_table(CONFORMANCE, build_rows(every)).num_rows == 2 * sum(COMPARED.values())


def test_digital_phantom_is_as_ibsi_describes_it() -> None:
    grey, inside = build_intensities(), build_mask().astype(bool)
    assert grey.shape == inside.shape == GRID.shape_zyx == (4, 4, 5)
    assert Counter(grey[inside].tolist()) == {1: 50, 4: 16, 6: 7, 3: 1}
    assert grey[~inside].max() == 9
    assert GRID.spacing_xyz_mm == (2.0, 2.0, 2.0)


def test_page_has_the_failing_rows_first_and_escapes_what_it_is_told() -> None:
    measured = {("none", "original_firstorder_Mean"): 2.15, ("none", "original_firstorder_Median"): 7.0}
    html = render_page([result_of([expect(), expect("Median", 1.0)], measured)], CONTEXT)
    rows = re.findall(r'<tr><th scope="row">(\w+)', html)
    assert rows == ["Median", "Mean"]
    assert "The first 1 of 2 rows do not agree." in html
    assert html.count("out of tolerance") == 1
    assert "&lt;2&gt;" in html
    assert "Not run, as the CT phantom was not there: configuration A. It is somewhere." in html
    assert re.findall(r'(?:src|href)="(?!#)', html) == []


def test_page_has_one_column_per_source() -> None:
    results = [
        compare(Configuration.A, s, {("none", "original_firstorder_Mean"): v}, [expect()])
        for s, v in ((PhantomSource.NIFTI, 2.15), (PhantomSource.DICOM, 3.0))
    ]
    html = render_page(results, CONTEXT)
    assert "From NIfTI" in html
    assert "From DICOM" in html
    assert '<td class="number">2.15</td>\n      <td class="number deviating">3</td>' in html
    assert "−500 to 400 HU" in html


def test_configurations_are_named_together() -> None:
    assert name_configurations((Configuration.B,)) == "configuration B"
    assert name_configurations(tuple(Configuration)[1:]) == "configurations A, B, C, D and E"
