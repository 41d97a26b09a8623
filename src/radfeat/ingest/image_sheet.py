"""The image sheet: which image and mask belong to which ROI, read whole or refused with all its faults."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from radfeat.core.errors import TableError
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.vocabulary import Modality
from radfeat.ingest.dicom.files import SERIES_LIST_SUFFIX
from radfeat.ingest.formats import describe_path, list_files
from radfeat.tables.sheet_schemas import IMAGE_SHEET
from radfeat.tables.sheets import Sheet, SheetFault, SheetRow, parse_number, read_sheet

_CASE_COLUMNS = ("study_id", "site_id", "subject_id", "timepoint", "image_id")
_SHARED_COLUMNS = ("modality", "image", "scanner", "day")
"""What belongs to the image: the rows of one image must say the same."""

_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]+")
_INVENTORY = "images.csv"


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One row of the image sheet: an image and one ROI drawn in it.

    ``label`` is the number or the name of the ROI's label in the mask, None where the mask holds one label
    only; ``day`` is in days; ``line`` is the line in the sheet, 0 where the row does not come from a sheet;
    ``exclude_reason`` is why a person excluded the ROI, None where nobody did.
    """

    key: RoiKey
    modality: Modality
    image: Path
    mask: Path
    label: int | str | None
    role: str | None
    scanner: str | None
    reader_id: str | None
    day: float | None
    line: int
    exclude_reason: str | None = None


def read_image_sheet(path: Path) -> tuple[ImageRow, ...]:
    """Read the image sheet; relative paths in it hang from its own folder. Opens no image.

    Raises
    ------
    TableError
        If the sheet has faults; the message holds every one, one to a line.
    """
    sheet = read_sheet(path, IMAGE_SHEET)
    faults = _find_faults(sheet)
    if faults:
        raise TableError("\n".join(fault.sentence for fault in faults).removesuffix("."))
    return tuple(_build_row(row, path.parent) for row in sheet.rows)


def check_image_sheet(path: Path) -> Sequence[SheetFault]:
    """Everything that is wrong with the image sheet itself, in the order of its lines."""
    return _find_faults(read_sheet(path, IMAGE_SHEET))


def check_image_files(rows: Sequence[ImageRow], sheet: str = _INVENTORY) -> Sequence[SheetFault]:
    """The files that the rows name and that are not there, or are of no format that is read.

    Parameters
    ----------
    rows
        Rows of the image sheet.
    sheet
        The sheet's name, for messages.
    """
    faults: dict[tuple[str, Path], SheetFault] = {}
    for row in rows:
        for column, path in (("image", row.image), ("mask", row.mask)):
            if (column, path) not in faults:
                problem = _judge(path)
                if problem is not None:
                    faults[column, path] = SheetFault(sheet, row.line, column, path.name, *problem)
    return tuple(faults.values())


def _find_faults(sheet: Sheet) -> list[SheetFault]:
    complete = all(name in sheet.columns for name in (*_CASE_COLUMNS, "modality", "image"))
    labelled = (row for row in sheet.rows if "0" in row.cells["label"])
    faults = [*sheet.faults, *(fault for row in labelled for fault in _check_label(row))]
    if complete:
        faults += _check_images(sheet.rows)
    return sorted(dict.fromkeys(faults), key=lambda fault: fault.line)


def _check_label(row: SheetRow) -> Iterator[SheetFault]:
    text = row.cells["label"]
    if _WHOLE_NUMBER.fullmatch(text) and int(text) == 0:
        remedy = "Write the ROI's number or name, or leave the cell empty if the mask holds one label only"
        yield SheetFault(row.file, row.line, "label", text, "0 is the background of a mask", remedy)


def _check_images(rows: Sequence[SheetRow]) -> Iterator[SheetFault]:
    """Rows of one image that contradict its first row."""
    first: dict[tuple[str, ...], SheetRow] = {}
    for row in rows:
        case = tuple([row.cells[name] for name in _CASE_COLUMNS])
        if not all(case):
            continue
        earlier = first.setdefault(case, row)
        if earlier is row:
            continue
        for column in _SHARED_COLUMNS:
            if _value(row, column) != _value(earlier, column):
                said = f"'{earlier.cells[column]}'" if earlier.cells[column] else "nothing"
                problem = f"line {earlier.line} says {said} of the same image ({' / '.join(case)})"
                remedy = "Let both rows say the same, or tell the two images apart by image_id"
                yield SheetFault(row.file, row.line, column, row.cells[column], problem, remedy)


def _value(row: SheetRow, column: str) -> object:
    """What a cell says: 7 and 7.0 are one day."""
    number = parse_number(row, column) if column == "day" else None
    return number if isinstance(number, float) else row.cells[column]


def _build_row(row: SheetRow, folder: Path) -> ImageRow:
    cells = row.cells
    day = parse_number(row, "day")
    return ImageRow(
        key=RoiKey(CaseKey(*(cells[name] for name in _CASE_COLUMNS)), cells["roi"], cells["lesion_id"]),
        modality=Modality(cells["modality"]),
        image=folder / cells["image"],
        mask=folder / cells["mask"],
        label=_parse_label(cells["label"]),
        role=cells["role"] or None,
        scanner=cells["scanner"] or None,
        reader_id=cells["reader_id"] or None,
        day=day if isinstance(day, float) else None,
        line=row.line,
        exclude_reason=cells["exclude_reason"] or None,
    )


def _parse_label(text: str) -> int | str | None:
    """A whole number is a label's number; any other text is a segment's name."""
    if _WHOLE_NUMBER.fullmatch(text):
        return int(text)
    return text or None


def _judge(path: Path) -> tuple[str, str] | None:
    """Problem and remedy of a path; None where all is well."""
    try:
        if not path.exists():
            return "there is no such file", "Check the path; paths hang from the folder of the sheet"
        unread = describe_path(path)
        if unread is not None:
            return unread, "Convert it to NIfTI, NRRD, MetaImage or DICOM"
        parts = list_files(path)
        missing = [part.name for part in parts if not part.exists()]
    except OSError as error:
        return f"the file cannot be looked up: {error.strerror}", "Check the rights of its folder"
    if not parts:
        return "the folder holds no file", "Name the folder of the series, or its series list"
    if path.name.lower().endswith(SERIES_LIST_SUFFIX) and missing:
        what = f"{len(missing)} of the files that the series list names are not there"
        return what, "Copy them to where the list says"
    if missing:
        return f"its data file {missing[0]} is not there", "Put the two files side by side"
    return None
