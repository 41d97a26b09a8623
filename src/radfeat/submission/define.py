"""The codebook of a submission's data set: its variables and its parameters, as two CSV files."""

import csv
import io
from collections.abc import Sequence

from radfeat.submission.bds import Parameter, Record
from radfeat.submission.dataset import Dataset

DEFINE_FILE = "define.csv"
PARAMETERS_FILE = "parameters.csv"
DEFINE_COLUMNS = (
    *("dataset", "variable", "label", "type", "length_bytes", "key", "allowed_values", "missing", "origin"),
)
PARAMETER_COLUMNS = (
    *("paramcd", "param", "parcat1", "unit", "source", "endpoint", "model_arm", "ibsi_code"),
    *("ibsi_deviation", "used_in", "records", "missing", "derivation"),
)


def render_define(dataset: Dataset) -> str:
    """One line per variable: label, type, length in bytes, key, allowed texts, missing values, origin."""
    lines = [
        (
            *(dataset.name, v.name, v.label, v.type.value, dataset.length(i), v.key or ""),
            *("|".join(v.codes), sum(value is None for value in dataset.column(i)), v.origin),
        )
        for i, v in enumerate(dataset.variables)
    ]
    return _render(DEFINE_COLUMNS, lines)


def render_parameters(parameters: Sequence[Parameter], records: Sequence[Record]) -> str:
    """One line per parameter: what it is, unit, IBSI code, the models that use it, how it came about."""
    counts = {p.code: [0, 0] for p in parameters}
    for record in records:
        counts[record.parameter.code][0] += 1
        counts[record.parameter.code][1] += record.missing is not None
    lines = [
        (
            *(p.code, p.text, p.category.value, p.unit, p.source, p.endpoint or "", p.model_arm or ""),
            *(p.ibsi_code or "", p.ibsi_deviation or "", "|".join(p.used_in), *counts[p.code], p.derivation),
        )
        for p in parameters
    ]
    return _render(PARAMETER_COLUMNS, lines)


def _render(header: Sequence[str], lines: Sequence[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()
