"""Write the package's reference values of IBSI-1 from the published list, with our names of the features.

Run as `python tools/ibsi_reference.py LIST.csv`, where the list has the columns config, family, aggregation,
feature, ibsi_code, value, tolerance, consensus. A feature of ours stands beside a reference value where the
register has its IBSI code, notes no deviation from it, and has not retired it.
"""

import csv
import io
import sys
from pathlib import Path

from radfeat.core.files import write_text
from radfeat.features.register import FeatureStatus, read_register

TARGET = Path(__file__).resolve().parents[1] / "src" / "radfeat" / "ibsi" / "reference_values.csv"
COLUMNS = (
    *("configuration", "family", "aggregation", "aggregation_code", "ibsi_name", "ibsi_code"),
    *("feature", "value", "tolerance", "consensus"),
)
AGGREGATIONS = {
    "": ("none", ""),
    "2D": ("2d", "8QNN"),
    "2.5D": ("2.5d", "62GR"),
    "3D": ("3d", "KOBO"),
    "2D, averaged": ("2d_averaged", "BTW3"),
    "2D, slice-merged": ("2d_slice_merged", "SUJT"),
    "2.5D, direction-merged": ("2.5d_direction_merged", "JJUI"),
    "2.5D, merged": ("2.5d_merged", "ZW7Z"),
    "3D, averaged": ("3d_averaged", "ITBB"),
    "3D, merged": ("3d_merged", "IAZD"),
}
"""Aggregation as the list has it: our name, and IBSI's code."""


def name_features() -> dict[str, str]:
    """Our feature column by IBSI code."""
    named: dict[str, str] = {}
    for entry in read_register().values():
        if entry.ibsi_code and not entry.ibsi_deviation and entry.status is not FeatureStatus.RETIRED:
            if entry.ibsi_code in named:
                raise ValueError(f"two features have the IBSI code {entry.ibsi_code}")
            named[entry.ibsi_code] = f"original_{entry.family.value}_{entry.name}"
    return named


def render(rows: list[dict[str, str]]) -> str:
    """The text of the package's list."""
    features = name_features()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        aggregation, code = AGGREGATIONS[row["aggregation"]]
        numbers = [f"{float(row[n]):.10g}" if row[n] else "" for n in ("value", "tolerance")]
        feature = features.get(row["ibsi_code"], "")
        writer.writerow(
            [
                *(row["config"], row["family"], aggregation, code, row["feature"], row["ibsi_code"]),
                *(feature, *numbers, row["consensus"]),
            ]
        )
    return text.getvalue()


def main(arguments: list[str]) -> int:
    """Write the list; return the exit code."""
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    with Path(arguments[0]).open(encoding="utf-8", newline="") as stream:
        write_text(TARGET, render(list(csv.DictReader(stream))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
