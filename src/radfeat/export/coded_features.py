"""From the tables of a run to coded values: which features have an IBSI code, and how they were measured."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydicom.sr.coding import Code

from radfeat.core.vocabulary import Unit
from radfeat.export.feature_report import CodedValue
from radfeat.export.ibsi import OTHER_QUANTITIES, describe_code
from radfeat.export.units import choose_ucum

Row = Mapping[str, object]

ORIGINAL = "original"
"""The image type whose features are exported: IBSI's codes name no filter."""


@dataclass(frozen=True, slots=True)
class CodedFeature:
    """A feature column that has an IBSI code; ``unit`` is the catalogue's word."""

    column: str
    code: Code
    unit: str
    deviation: str | None


def choose_coded_features(catalogue: Sequence[Row]) -> tuple[CodedFeature, ...]:
    """The features of a run that a report can hold, in the catalogue's order.

    Parameters
    ----------
    catalogue
        Rows of the table ``feature_catalogue``.

    Returns
    -------
    tuple of CodedFeature
        Features of the original image with an IBSI code. Those whose value is another quantity than the
        code's are left out (``ibsi.OTHER_QUANTITIES``).
    """
    return tuple(_build(row) for row in catalogue if _is_coded(row))


def _is_coded(row: Row) -> bool:
    code = row["ibsi_code"]
    if code is None or row["image_type"] != ORIGINAL:
        return False
    return not (code in OTHER_QUANTITIES and row["ibsi_deviation"] is not None)


def _build(row: Row) -> CodedFeature:
    deviation = row["ibsi_deviation"]
    return CodedFeature(
        str(row["feature"]),
        describe_code(str(row["ibsi_code"]), f"{row['family']} {row['name']}"),
        str(row["unit"]),
        None if deviation is None else str(deviation),
    )


def build_values(
    features: Sequence[CodedFeature], values: Mapping[str, float | None], unit: Unit
) -> list[CodedValue]:
    """The values of one ROI, in the order of ``features``; what has no value is left out.

    Parameters
    ----------
    features
        The coded features of the run.
    values
        The ROI's value of each feature column; None where it is undefined.
    unit
        Unit of the intensities that were measured.
    """
    return [
        CodedValue(feature.code, value, choose_ucum(feature.unit, unit), feature.deviation)
        for feature in features
        if (value := values[feature.column]) is not None
    ]


def choose_measured_unit(unit: Unit, steps: str) -> Unit:
    """The unit of the intensities that features were measured in: the image's, unless it was normalised.

    ``steps`` are the preparation steps of the table ``rois``, as JSON.
    """
    return Unit.ARBITRARY if any(step["name"] == "normalise" for step in json.loads(steps)) else unit


def describe_measuring(catalogue: Sequence[Row], steps: str, settings_digest: str) -> tuple[str, ...]:
    """How the coded features of an ROI were measured, as sentences for the report.

    The digest of the run's settings, the preparation as it was carried out, and by family the parameters
    of discretisation and matrices: ``glcm.bin_width = 25.0``.
    """
    parameters: dict[str, object] = {}
    for row in filter(_is_coded, catalogue):
        own = json.loads(str(row["image_parameters"]))
        parameters |= {f"{row['family']}.{name}": value for name, value in own.items()}
    listed = [f"{name} = {json.dumps(value)}" for name, value in sorted(parameters.items())]
    return (f"settings digest = {settings_digest}", f"preparation = {steps}", *listed)
