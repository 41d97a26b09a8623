"""The recipe ``ibsi`` has IBSI's reference values: digital phantom, all aggregations, and configuration A.

Reference: Zwanenburg et al., Radiology 2020; 295:328-338; `../shared/data/ibsi1/reference_values.csv`.
"""

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import pytest
import SimpleITK as sitk

from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.volume import Mask, Volume, array_of, grid_of
from radfeat.features.aggregation import Aggregation
from radfeat.features.catalogue import parse_feature
from radfeat.features.extract import extract_features
from radfeat.features.register import MATRIX_FAMILIES
from radfeat.features.settings import FeatureSettings

IBSI = Path(__file__).resolve().parents[3] / "shared" / "data" / "ibsi1"
ROI = RoiKey(CaseKey("golden", "-", "-", "-", "-"), "GTV")
RANGE_A = (-500.0, 400.0)
"""Re-segmentation of configuration A, in HU."""

AGGREGATIONS = {
    Aggregation.SLICES_AVERAGED: ("2D, averaged", "2D"),
    Aggregation.SLICES_MERGED: ("2D, slice-merged",),
    Aggregation.STACK_AVERAGED: ("2.5D, direction-merged", "2.5D"),
    Aggregation.STACK_MERGED: ("2.5D, merged",),
    Aggregation.SPACE_AVERAGED: ("3D, averaged", "3D"),
    Aggregation.SPACE_MERGED: ("3D, merged",),
}
"""The reference's words; matrices without directions are compared once per 2-D, 2.5-D and 3-D."""

pytestmark = pytest.mark.needs_shared


def read_references(config: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Value and tolerance by aggregation and IBSI code, where there is a value."""
    with (IBSI / "reference_values.csv").open(encoding="utf-8", newline="") as stream:
        return {
            (row["aggregation"], row["ibsi_code"]): (float(row["value"]), float(row["tolerance"]))
            for row in csv.DictReader(stream)
            if row["config"] == config and row["value"]
        }


def agrees(value: float | None, wanted: float, tolerance: float) -> bool:
    """Within the tolerance of the reference, or equal to the three digits that it gives."""
    if value is None:
        return False
    rounding = 0.5 * 10 ** (math.floor(math.log10(abs(wanted))) - 2) if wanted else 5e-4
    return abs(value - wanted) <= max(tolerance, rounding) * (1 + 1e-9)


def read_pair(phantom: str, kept: tuple[float, float] | None = None) -> PreparedPair:
    """A phantom as it is, re-segmented to a range of intensities."""
    folder = IBSI / phantom / "nifti"
    image, mask = (sitk.ReadImage(str(next((folder / kind).glob("*.nii*")))) for kind in ("image", "mask"))
    volume = Volume(array_of(image), grid_of(image), Modality.CT, Unit.HU)
    drawn = array_of(mask) == 1
    outline = Mask(drawn, volume.grid, ROI)
    if kept is None:
        return PreparedPair(volume, outline, outline, ())
    inside = drawn & (volume.voxels_zyx >= kept[0]) & (volume.voxels_zyx <= kept[1])
    return PreparedPair(volume, outline, Mask(inside, volume.grid, ROI), (), kept[0])


def compare(
    values: Mapping[str, float | None],
    references: Mapping[tuple[str, str], tuple[float, float]],
    words: tuple[str, ...],
    once: bool,
) -> dict[str, bool]:
    """Whether each comparable feature agrees; ``once`` adds those without an aggregation."""
    verdicts: dict[str, bool] = {}
    for name, value in values.items():
        entry = parse_feature(name).entry
        wanted = words if entry.family in MATRIX_FAMILIES else ("",) if once else ()
        for word in wanted:
            if (word, entry.ibsi_code) in references:
                verdicts[f"{name} {word}"] = agrees(value, *references[word, entry.ibsi_code or ""])
    return verdicts


def run(pair: PreparedPair, config: str, aggregations: list[Aggregation], **given: object) -> dict[str, bool]:
    references = read_references(config)
    verdicts: dict[str, bool] = {}
    for aggregation in aggregations:
        settings = FeatureSettings.model_validate({"recipe": "ibsi", "aggregation": aggregation, **given})
        vector = extract_features(pair, settings)
        assert vector.findings == ()
        once = aggregation is aggregations[0]
        verdicts |= compare(vector.values, references, AGGREGATIONS[aggregation], once)
    return verdicts


def test_the_digital_phantom_has_every_comparable_reference_value() -> None:
    verdicts = run(read_pair("digital_phantom"), "digital", list(Aggregation), bin_width=1)
    assert len(verdicts) == 402
    assert [name for name, verdict in verdicts.items() if not verdict] == []


def test_configuration_a_has_every_comparable_reference_value() -> None:
    flat = [aggregation for aggregation in Aggregation if aggregation.within_slices]
    verdicts = run(read_pair("ct_phantom", RANGE_A), "A", flat, bin_width=25)
    assert len(verdicts) == 284
    assert [name for name, verdict in verdicts.items() if not verdict] == []


def test_a_bin_off_is_noticed() -> None:
    """The comparison can fail: bins that start one HU lower put many values off."""
    pair = read_pair("ct_phantom", RANGE_A)
    shifted = PreparedPair(pair.image, pair.morphological_mask, pair.intensity_mask, (), RANGE_A[0] - 1)
    verdicts = run(shifted, "A", [Aggregation.SLICES_AVERAGED], bin_width=25)
    assert len([name for name, verdict in verdicts.items() if not verdict]) > 5
