"""The long and the wide form of the features hold the same."""

from typing import Any

import pyarrow as pa
import pytest

from radfeat.core.errors import TableError
from radfeat.tables.parquet import build_table
from radfeat.tables.reshape import lengthen, widen
from radfeat.tables.schemas import FEATURES, FEATURES_LONG


def wide_row(subject: str, **cells: object) -> dict[str, object]:
    case = f"ST/A/{subject}/base/ct"
    return {
        "roi_id": f"{case}/gtv",
        "case_id": case,
        "study_id": "ST",
        "site_id": "A",
        "subject_id": subject,
        "timepoint": "base",
        "image_id": "ct",
        "roi": "gtv",
        **cells,
    }


WIDE = build_table(
    FEATURES,
    [
        wide_row("S1", status="OK", b=1.5, a=None),
        wide_row("S2", status="FAILED", reason="GEOMETRY", lesion_id="L1"),
        wide_row("S3", status="OK"),
    ],
    ["b", "a"],
)


def edit_long(row: int, **cells: object) -> pa.Table:
    rows: list[dict[str, Any]] = lengthen(WIDE).to_pylist()
    rows[row] |= cells
    return build_table(FEATURES_LONG, rows)


def test_each_value_has_its_row_with_its_own_reason() -> None:
    long = lengthen(WIDE)
    assert long.column_names == list(FEATURES_LONG.column_names)
    columns = ("subject_id", "lesion_id", "feature", "value", "status", "reason")
    assert [tuple(row[c] for c in columns) for row in long.to_pylist()] == [
        ("S1", None, "a", None, "FAILED", "FEATURE_UNDEFINED"),
        ("S1", None, "b", 1.5, "OK", None),
        ("S2", "L1", "a", None, "FAILED", "GEOMETRY"),
        ("S2", "L1", "b", None, "FAILED", "GEOMETRY"),
        ("S3", None, "a", None, "FAILED", "FEATURE_UNDEFINED"),
        ("S3", None, "b", None, "FAILED", "FEATURE_UNDEFINED"),
    ]


def test_widening_brings_the_table_back() -> None:
    assert widen(lengthen(WIDE), ["b", "a"]).equals(WIDE)
    assert widen(lengthen(WIDE)).equals(WIDE.select([*FEATURES.column_names, "a", "b"]))


def test_order_of_the_long_rows_does_not_matter() -> None:
    assert widen(lengthen(WIDE).take([5, 0, 3, 1, 4, 2]), ["b", "a"]).equals(WIDE)


def test_table_without_features_or_rows_is_empty() -> None:
    assert lengthen(build_table(FEATURES, [wide_row("S1", status="OK")])).num_rows == 0
    empty = build_table(FEATURES, [], ["a"])
    assert lengthen(empty).num_rows == 0
    assert widen(lengthen(empty)).equals(build_table(FEATURES, []))


@pytest.mark.parametrize(
    ("long", "words"),
    [
        (lengthen(WIDE).slice(1), "not every ROI has a row for every feature"),
        (lengthen(WIDE).take([0, 1, 2, 4]), "not every ROI has a row for every feature"),
        (edit_long(0, feature="c"), "not every ROI has a row for every feature"),
        (edit_long(0, site_id="B"), "column site_id differs between the rows of one ROI"),
        (edit_long(2, reason="ROI_EMPTY"), "the rows of one ROI have different reasons"),
        (edit_long(0, reason="ROI_EMPTY"), "the rows of one ROI have different reasons"),
        (edit_long(2, reason="FEATURE_UNDEFINED"), "the rows of one ROI have different reasons"),
    ],
)
def test_gaps_and_contradictions_are_refused(long: pa.Table, words: str) -> None:
    with pytest.raises(TableError, match=words):
        widen(long)


def test_other_features_than_the_table_has_are_refused() -> None:
    with pytest.raises(TableError, match="the features asked for"):
        widen(lengthen(WIDE), ["a", "c"])
