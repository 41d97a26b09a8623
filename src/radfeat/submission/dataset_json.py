"""Dataset-JSON 1.1 of CDISC: the same data set as one JSON object.

Reference
---------
CDISC Dataset-JSON Specification, version 1.1.0 (5 December 2024).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from radfeat.core.errors import SubmissionError
from radfeat.core.version import VERSION
from radfeat.submission.dataset import Dataset, Variable, VariableType

DATASET_JSON_VERSION = "1.1.0"
_DATA_TYPES = {
    VariableType.TEXT: "string",
    VariableType.FLOAT: "double",
    VariableType.INTEGER: "integer",
}
_TYPES = {name: kind for kind, name in _DATA_TYPES.items()}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a data set comes from: study, digest of the run, file with the metadata."""

    study: str
    run_id: str
    metadata: str


def render_dataset_json(dataset: Dataset, source: Source, created: datetime) -> str:
    """The text of a Dataset-JSON file; numbers have the fewest digits that give the same double again."""
    head: dict[str, Any] = {
        "datasetJSONCreationDateTime": created.isoformat(timespec="seconds"),
        "datasetJSONVersion": DATASET_JSON_VERSION,
        "fileOID": f"radfeat.{source.run_id}.{dataset.name}",
        "sourceSystem": {"name": "radfeat", "version": VERSION},
        "studyOID": source.study,
        "metaDataVersionOID": f"MDV.{source.run_id}",
        "metaDataRef": source.metadata,
        "itemGroupOID": f"IG.{dataset.name}",
        "records": len(dataset.rows),
        "name": dataset.name,
        "label": dataset.label,
        "columns": [_describe(dataset, i) for i in range(len(dataset.variables))],
    }
    text = json.dumps(head, indent=1, ensure_ascii=True)
    rows = ",\n".join(json.dumps(row, allow_nan=False, ensure_ascii=True) for row in dataset.rows)
    return f'{text[:-2]},\n "rows": [\n{rows}\n ]\n}}\n'


def _describe(dataset: Dataset, place: int) -> dict[str, Any]:
    variable = dataset.variables[place]
    column: dict[str, Any] = {
        "itemOID": f"IT.{dataset.name}.{variable.name}",
        "name": variable.name,
        "label": variable.label,
        "dataType": _DATA_TYPES[variable.type],
    }
    if variable.is_text:
        column["length"] = dataset.length(place)
    if variable.key:
        column["keySequence"] = variable.key
    return column


def read_dataset_json(text: str) -> Dataset:
    """The data set of a Dataset-JSON file of version 1.1.

    Raises
    ------
    SubmissionError
        If it is another version, or its number of rows is not the one that it states.
    """
    found: Mapping[str, Any] = json.loads(text)
    if not str(found.get("datasetJSONVersion")).startswith("1.1"):
        raise SubmissionError("this is no Dataset-JSON file of version 1.1")
    if found["records"] != len(found["rows"]):
        raise SubmissionError(
            "the file does not hold as many rows as it says",
            measured=str(len(found["rows"])),
            allowed=str(found["records"]),
        )
    variables = tuple(
        Variable(c["name"], c["label"], _TYPES[c["dataType"]], "", c.get("keySequence", 0))
        for c in found["columns"]
    )
    return Dataset(found["name"], found["label"], variables, tuple(tuple(row) for row in found["rows"]))
