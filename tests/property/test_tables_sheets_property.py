"""No file makes the sheet reader fail, and what a CSV writer writes is read back."""

import csv
import io
import unicodedata
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from radfeat.tables.sheet_schemas import CLINICAL_SHEET, IMAGE_SHEET
from radfeat.tables.sheets import read_sheet

QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CELLS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs"]), min_size=1).filter(
    lambda text: bool(text.strip()) and text == text.strip()
)
PIECES = st.lists(
    st.sampled_from(
        [
            "subject_id",
            "arm",
            ",",
            ";",
            "\t",
            "\n",
            "\r\n",
            '"',
            '""',
            "S1",
            "é",
            " ",
            "\x00",
            "sep=",
            "\ufeff",
        ]
    ),
    max_size=30,
)


@QUIET
@given(st.one_of(st.binary(max_size=80), PIECES.map(lambda pieces: "".join(pieces).encode())))
def test_any_file_gives_rows_or_faults(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(data)
    for schema in (CLINICAL_SHEET, IMAGE_SHEET):
        sheet = read_sheet(path, schema)
        assert sheet.faults or sheet.rows
        for fault in sheet.faults:
            assert 0 <= fault.line <= data.count(b"\n") + data.count(b"\r") + 1
            assert fault.problem
            assert fault.remedy
            assert fault.sentence.isprintable()


@QUIET
@given(
    st.dictionaries(CELLS.map(lambda t: unicodedata.normalize("NFC", t)), CELLS, min_size=1, max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_written_sheet_is_read_back(
    tmp_path: Path, arms: dict[str, str], delimiter: str, line_end: str, mark: bool
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(["subject_id", "arm"])
    writer.writerows(arms.items())
    path = tmp_path / "clinical.csv"
    path.write_bytes(text.getvalue().encode("utf-8-sig" if mark else "utf-8"))
    sheet = read_sheet(path, CLINICAL_SHEET)
    assert sheet.faults == ()
    assert {row.cells["subject_id"]: row.cells["arm"] for row in sheet.rows} == {
        subject: unicodedata.normalize("NFC", arm) for subject, arm in arms.items()
    }
    assert [row.line for row in sheet.rows] == list(range(2, len(arms) + 2))
