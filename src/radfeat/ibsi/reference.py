"""The reference values of IBSI-1, as they ship with the package.

Source: the consensus values and tolerances of the IBSI reference manual (arXiv:1612.07003, chapter 5) for
the digital phantom and for configurations A to E of the CT phantom; taken in November 2026. The manual is
licensed under CC BY 4.0. ``tools/ibsi_reference.py`` writes the file and puts our name of the feature beside
each value.

Reference
---------
Zwanenburg A, Vallieres M, et al. Radiology 2020; 295: 328-338, doi:10.1148/radiol.2020191145.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from radfeat.core.vocabulary import Configuration

SOURCE = (
    "Consensus values and tolerances of the Image Biomarker Standardisation Initiative: IBSI reference "
    "manual, arXiv:1612.07003, chapter 5 (licence CC BY 4.0); Zwanenburg, Vallières et al., Radiology 2020; "
    "295: 328–338, doi:10.1148/radiol.2020191145."
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """A value on which IBSI agreed, and the feature of ours that should have it.

    ``aggregation`` is ``none`` where there is nothing to aggregate, and its code is empty then.
    """

    configuration: Configuration
    family: str
    aggregation: str
    aggregation_code: str
    ibsi_name: str
    ibsi_code: str
    feature: str
    value: float
    tolerance: float
    consensus: str


def list_expectations(configuration: Configuration) -> tuple[Expectation, ...]:
    """The reference values of a configuration for which there is a feature of ours, in IBSI's order."""
    return tuple(
        _build_expectation(row)
        for row in _read_rows()
        if row["configuration"] == configuration.value and row["feature"] and row["value"]
    )


def count_references(configuration: Configuration) -> int:
    """How many values IBSI agreed on in a configuration, whether we have the feature or not."""
    return sum(row["configuration"] == configuration.value and row["value"] != "" for row in _read_rows())


@cache
def _read_rows() -> tuple[Mapping[str, str], ...]:
    text = files("radfeat.ibsi").joinpath("reference_values.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def _build_expectation(row: Mapping[str, str]) -> Expectation:
    return Expectation(
        configuration=Configuration(row["configuration"]),
        family=row["family"],
        aggregation=row["aggregation"],
        aggregation_code=row["aggregation_code"],
        ibsi_name=row["ibsi_name"],
        ibsi_code=row["ibsi_code"],
        feature=row["feature"],
        value=float(row["value"]),
        tolerance=float(row["tolerance"]),
        consensus=row["consensus"],
    )
