"""The register of features is frozen, complete, and right about IBSI.

`register_codes.csv` is the copy that guards the codes: a line of it is never altered and never removed;
`make_register_codes.py` appends the new ones.
"""

import csv
import math
import re
from pathlib import Path

import pytest
from radiomics import getFeatureClasses
from reference import measure, read_scan

from radfeat.features.catalogue import build_catalogue
from radfeat.features.register import Family, FeatureStatus, read_register
from radfeat.features.settings import FeatureSettings
from radfeat.prepare.settings import PrepareSettings

HERE = Path(__file__).resolve().parent
IBSI = HERE.parents[2] / "shared" / "data" / "ibsi1"
IBSI_FAMILIES = {
    Family.SHAPE: {"morphology"},
    Family.FIRST_ORDER: {"intensity_statistics", "intensity_histogram", "morphology"},
    Family.HISTOGRAM: {"intensity_histogram"},
    Family.GLCM: {"glcm"},
    Family.GLRLM: {"glrlm"},
    Family.GLSZM: {"glszm"},
    Family.GLDM: {"ngldm"},
    Family.NGTDM: {"ngtdm"},
}
OFF = ("firstorder_Kurtosis", "shape_MinorAxisLength", "shape_LeastAxisLength")
"""Features off IBSI's value for the digital phantom; the major axis length is off by less."""
ENTRIES = list(read_register().values())


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.requirement("R-FEAT-4")
def test_no_code_was_changed_reused_or_left_unguarded() -> None:
    frozen = [(row["family"], row["name"], row["code"]) for row in read_rows(HERE / "register_codes.csv")]
    assert {(e.family.value, e.name, e.code) for e in ENTRIES} == set(frozen)
    assert len({code for _, _, code in frozen}) == len(frozen) == len(ENTRIES)
    assert len(frozen) >= 127


def test_codes_are_four_capitals_or_digits() -> None:
    assert [e.code for e in ENTRIES if not re.fullmatch(r"[A-Z][A-Z0-9]{3}", e.code)] == []


def test_the_register_has_all_of_pyradiomics_and_what_ibsi_adds() -> None:
    theirs = {
        (Family(family), name): deprecated
        for family, cls in getFeatureClasses().items()
        for name, deprecated in cls.getFeatureNames().items()
    }
    ours = {(e.family, e.name): e.status for e in ENTRIES}
    assert {key: ours[key] is not FeatureStatus.STANDARD for key in theirs} == theirs
    added = {key for key in ours if key not in theirs}
    assert {ours[key] for key in added} == {FeatureStatus.IBSI_ONLY}
    assert len(added) == 21
    retired_there = {name for (_, name), status in ours.items() if status is FeatureStatus.IBSI_ONLY} - {
        name for _, name in added
    }
    assert retired_there == {"Dissimilarity", "SumVariance", "GrayLevelNonUniformityNormalized"}


def test_what_ibsi_adds_has_a_code_and_no_deviation() -> None:
    added = [e for e in ENTRIES if e.status is FeatureStatus.IBSI_ONLY]
    assert [e.name for e in added if e.ibsi_code is None or e.ibsi_deviation is not None] == []


def test_every_entry_is_described_by_one_unit_and_a_sentence() -> None:
    units = {"1", "mm", "mm2", "mm3", "1/mm"}
    units |= {"intensity", "intensity2", "intensity.mm3", "intensity2.mm3"}
    assert {e.unit for e in ENTRIES} == units
    assert [e.name for e in ENTRIES if not e.description.endswith(".")] == []
    assert {e.depends for e in ENTRIES} == {"", "bins", "shift"}
    texture = {Family.GLCM, Family.GLRLM, Family.GLSZM, Family.GLDM, Family.NGTDM}
    assert [e.name for e in ENTRIES if (e.family in texture) and e.depends != "bins"] == []


@pytest.mark.needs_shared
def test_ibsi_codes_are_those_of_the_reference_and_of_the_right_family() -> None:
    reference: dict[str, set[str]] = {}
    for row in read_rows(IBSI / "reference_values.csv"):
        reference.setdefault(row["ibsi_code"], set()).add(row["family"])
    coded = [e for e in ENTRIES if e.ibsi_code is not None]
    assert len(coded) > 100
    assert [e for e in coded if not reference.get(e.ibsi_code or "", set()) <= IBSI_FAMILIES[e.family]] == []
    assert [e for e in coded if e.ibsi_code not in reference] == []


def agrees(value: float | None, row: dict[str, str]) -> bool:
    """Within the tolerance of the reference, or equal to the digits that it gives."""
    if value is None:
        return False
    wanted, tolerance = float(row["value"]), float(row["tolerance"])
    rounding = 0.5 * 10 ** (math.floor(math.log10(abs(wanted))) - 2) if wanted else 5e-4
    return abs(value - wanted) <= max(tolerance, rounding) * (1 + 1e-9)


@pytest.mark.requirement("R-FEAT-4")
@pytest.mark.needs_shared
@pytest.mark.parametrize(("weighting", "aggregation"), [("none", "averaged"), ("no_weighting", "merged")])
def test_features_without_a_stated_deviation_have_the_values_of_ibsi_on_its_digital_phantom(
    weighting: str, aggregation: str
) -> None:
    image, mask = (
        next((IBSI / "digital_phantom" / "nifti" / kind).glob("*.nii*")) for kind in ("image", "mask")
    )
    # Grey levels of the phantom are 1 to 6: with bins of width 1 every definition of bins is the same.
    by_name = [e for e in ENTRIES if e.status is FeatureStatus.BY_NAME and e.family is Family.SHAPE]
    standard = [e for e in ENTRIES if e.status is FeatureStatus.STANDARD and e.family is not Family.SHAPE_2D]
    classes: dict[str, list[str]] = {}
    for entry in (*standard, *by_name):
        classes.setdefault(entry.family.value, []).append(entry.name)
    settings = FeatureSettings.model_validate({"bin_width": 1, "weighting": weighting, "classes": classes})
    values = measure(*read_scan(image, mask), PrepareSettings(), settings).values
    stated = {str(row["feature"]) for row in build_catalogue(list(values), settings) if row["ibsi_deviation"]}
    wanted = {"", "3D", f"3D, {aggregation}"}
    rows = {
        row["ibsi_code"]: row
        for row in read_rows(IBSI / "reference_values.csv")
        if row["config"] == "digital" and row["aggregation"] in wanted
    }
    compared = [e for e in (*standard, *by_name) if e.ibsi_code in rows]
    assert len(compared) == 105
    columns = {e.ibsi_code: f"original_{e.family.value}_{e.name}" for e in compared}
    off = {name for code, name in columns.items() if not agrees(values[name], rows[code or ""])}
    assert off == {f"original_{name}" for name in OFF}
    assert off <= stated
