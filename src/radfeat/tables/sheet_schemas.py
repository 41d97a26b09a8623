"""The two sheets that a study is described by, and their JSON schemas."""

import json
from typing import Any

from radfeat.core.vocabulary import Modality
from radfeat.tables.sheets import NUMBER_PATTERN, CellKind, ForeignColumns, SheetColumn, SheetSchema

SCHEMA_FOLDER = "workflow/schemas"
"""Where the generated schemas are committed, from the root of the repository."""

_MODALITIES = tuple(modality.value for modality in Modality)

_OUTCOMES = ForeignColumns(
    r"arms?|trt|treat(ment|ments|ed)|therapy|groups?|randomi[sz](ed|ation)|dose|drug|placebo"
    r"|outcomes?|endpoints?|events?|status|death|dead|died|deceased|alive|surviv(al|ed|or)|os|pfs|dfs|efs|rfs|ttp"
    r"|orr|pcr|respon(se|der|ded)|recist|progress(ion|ed)|recurrence|relapsed?|time|months|followup|censor(ed|ing)?",
    "Move it to clinical.csv: arms and outcomes never stand here, so that the features stay blind to them",
)
_IDENTITIES = ForeignColumns(
    r"surname|forename|(first|last|full|patient|subject)name|birth(day|date)?|dob|mrn|ssn|address|phone",
    "Remove it: a sheet holds keys, never names, dates of birth or hospital numbers",
)

IMAGE_SHEET = SheetSchema(
    "images",
    "One row per image and drawn region (ROI). The rows of one image repeat its path, scanner and day.",
    (
        SheetColumn("study_id", "Study.", required=True),
        SheetColumn("site_id", "Site that acquired the image.", required=True),
        SheetColumn("subject_id", "Subject, as in clinical.csv; a key, never a name.", required=True),
        SheetColumn("timepoint", "Visit or timepoint, such as baseline.", required=True),
        SheetColumn("image_id", "Image of that subject and timepoint, such as CT or T1c.", required=True),
        SheetColumn(
            "modality",
            f"DICOM modality of the image: {', '.join(_MODALITIES)}.",
            required=True,
            values=_MODALITIES,
            remedy=f"Write one of {', '.join(_MODALITIES)}, in capitals (PET is PT, MRI is MR, others OT)",
        ),
        SheetColumn(
            "image",
            "Path of the image, from the folder of the sheet: a file, or a DICOM folder or series list.",
            required=True,
            kind=CellKind.PATH,
        ),
        SheetColumn(
            "mask",
            "Path of the mask, from the folder of the sheet: a file, DICOM structure sets included.",
            required=True,
            kind=CellKind.PATH,
        ),
        SheetColumn("roi", "Name of the drawn region.", required=True),
        SheetColumn("lesion_id", "Lesion, where a region is drawn for several lesions."),
        SheetColumn("role", "Role of the ROI, such as GTV or node."),
        SheetColumn("label", "Number or name of the ROI's label in the mask file."),
        SheetColumn("scanner", "Scanner that acquired the image."),
        SheetColumn("reader_id", "Who drew the ROI; a code, never a name."),
        SheetColumn("day", "Study day of the image, in days; may be negative.", kind=CellKind.NUMBER),
        SheetColumn(
            "exclude_reason",
            "Why a person excludes the ROI; it becomes a row without features, and the audit trail says so.",
        ),
    ),
    ("study_id", "site_id", "subject_id", "timepoint", "image_id", "roi", "lesion_id"),
    foreign=(_OUTCOMES, _IDENTITIES),
    duplicate_remedy="Remove one of the two rows, or tell the two drawings apart by roi or lesion_id",
)

CLINICAL_SHEET = SheetSchema(
    "clinical",
    "One row per subject: arm, endpoints and covariates. Further columns are named by the settings.",
    (
        SheetColumn("subject_id", "Subject, as in images.csv; a key, never a name.", required=True),
        SheetColumn("arm", "Arm that the subject was allocated to.", required=True),
    ),
    ("subject_id",),
    extra_columns=True,
    duplicate_remedy="Keep one row per subject",
)

SHEETS = {sheet.name: sheet for sheet in (IMAGE_SHEET, CLINICAL_SHEET)}


def render_json_schema(sheet: SheetSchema) -> str:
    """The text of ``<sheet>.schema.json`` in ``SCHEMA_FOLDER``."""
    return json.dumps(json_schema(sheet), indent=2, ensure_ascii=False) + "\n"


def json_schema(sheet: SheetSchema) -> dict[str, Any]:
    """JSON schema (draft 2020-12) of one row of a sheet, every cell as the text that the file holds."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"radfeat {sheet.name}.csv, one row",
        "description": sheet.description,
        "$comment": f"Rows are unique by {', '.join(sheet.key)}.",
        "type": "object",
        "properties": {column.name: _cell_schema(column) for column in sheet.columns},
        "required": [column.name for column in sheet.columns if column.required],
        "additionalProperties": {"type": "string"} if sheet.extra_columns else False,
    }


def _cell_schema(column: SheetColumn) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "description": column.description}
    if column.values:
        schema["enum"] = [*column.values] if column.required else ["", *column.values]
    elif column.kind is CellKind.NUMBER:
        schema["pattern"] = f"^({NUMBER_PATTERN})$" if column.required else f"^({NUMBER_PATTERN})?$"
    elif column.required:
        schema["pattern"] = r"\S"
    return schema
