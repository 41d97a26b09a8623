"""What the recipes `pyradiomics` and `ibsi` give on the same scans, as the tables of docs/ibsi.md.

.venv/bin/python benchmarks/recipes.py --ibsi DIR [--scans DIR]

DIR of ``--ibsi`` holds IBSI's CT phantom, as for `radfeat ibsi`; that of ``--scans`` PyRadiomics' five scans
(``make demo`` fetches them to .cache/pyradiomics-3.1.4/data).
"""

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from radfeat.config.model import StudySettings
from radfeat.config.recipes import take_recipe
from radfeat.core.vocabulary import Agreement, Modality, PhantomSource, Recipe
from radfeat.features.aggregation import Aggregation
from radfeat.features.catalogue import parse_feature
from radfeat.features.settings import FeatureSettings
from radfeat.ibsi.comparison import compare
from radfeat.ibsi.reference import Expectation, list_expectations
from radfeat.pipeline.case_settings import CaseSettings
from radfeat.pipeline.ct_phantom import find_ct_phantom
from radfeat.pipeline.ibsi import SETUPS, Setup
from radfeat.pipeline.pair import measure_pair
from radfeat.prepare.settings import PrepareSettings, ResegmentMode

SCANS = {"lung1": Modality.CT, "lung2": Modality.CT, "breast1": Modality.MR, "brain1": Modality.MR}
CUBES: Mapping[str, Any] = {"resampled_spacing_xyz_mm": [1, 1, 1], "interpolator": "linear"}
CASES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "as acquired, 25 wide": ({}, {"bin_width": 25}),
    "as acquired, 32 bins": ({}, {"bin_count": 32}),
    "1 mm, 25 wide": (CUBES, {"bin_width": 25}),
    "1 mm, 32 bins": (CUBES, {"bin_count": 32}),
}


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ibsi", type=Path, required=True)
    parser.add_argument("--scans", type=Path)
    given = parser.parse_args()
    files = find_ct_phantom(given.ibsi)[PhantomSource.NIFTI]
    for line in _count_agreeing(files.image, files.mask):
        print(line)
    pairs = {"IBSI's CT phantom": (files.image, files.mask, Modality.CT)}
    if given.scans:
        for name, modality in SCANS.items():
            pairs[name] = (given.scans / f"{name}_image.nrrd", given.scans / f"{name}_label.nrrd", modality)
    for name, pair in pairs.items():
        for line in _compare_recipes(name, *pair):
            print(line)


def _count_agreeing(image: Path, mask: Path) -> Iterator[str]:
    """How many reference values the recipe `pyradiomics` meets with the settings nearest to each."""
    for setup in SETUPS[1:]:
        expected = [e for e in list_expectations(setup.configuration) if _is_pyradiomics(e)]
        measured: dict[tuple[str, str], float | None] = {}
        for aggregation in setup.aggregations:
            settings = CaseSettings(prepare=_prepare(setup), features=_features(setup, aggregation))
            values = measure_pair(image, mask, modality=Modality.CT, settings=settings).features
            measured |= {
                (e.aggregation, e.feature): values.get(e.feature)
                for e in expected
                if _fits(e.aggregation, aggregation)
            }
        result = compare(setup.configuration, PhantomSource.NIFTI, measured, expected)
        without = sum(c.agreement is Agreement.NO_VALUE for c in result.comparisons)
        total = len(list_expectations(setup.configuration))
        lacking = total - len(expected) + without
        yield f"| {setup.configuration.value} | {result.agreeing} of {total} | {lacking} |"


def _is_pyradiomics(expected: Expectation) -> bool:
    return parse_feature(expected.feature).entry.status.value in {"standard", "by_name"}


def _prepare(setup: Setup) -> PrepareSettings:
    plain = take_recipe(setup.prepare, Recipe.PYRADIOMICS).model_dump()
    if setup.prepare.outlier_resegment_sd is not None and setup.prepare.resegment_range is None:
        plain |= {"resegment_range": (-3.0, 3.0), "resegment_mode": ResegmentMode.SIGMA}
    return PrepareSettings.model_validate({**plain, "interpolator": setup.prepare.interpolator})


def _features(setup: Setup, aggregation: Aggregation) -> FeatureSettings:
    classes: dict[str, list[str]] = {}
    for e in list_expectations(setup.configuration):
        if _is_pyradiomics(e):
            entry = parse_feature(e.feature).entry
            classes.setdefault(entry.family.value, []).append(entry.name)
    merged = aggregation in {Aggregation.STACK_MERGED, Aggregation.SPACE_MERGED}
    flat = aggregation in {Aggregation.STACK_AVERAGED, Aggregation.STACK_MERGED}
    return FeatureSettings.model_validate(
        {
            "classes": classes,
            "weighting": "no_weighting" if merged else "none",
            "force_2d": flat,
            **setup.bins,
        }
    )


def _fits(wanted: str, aggregation: Aggregation) -> bool:
    """Whether PyRadiomics has the aggregation of a reference value: it has none slice by slice."""
    if aggregation in {Aggregation.SLICES_AVERAGED, Aggregation.SLICES_MERGED}:
        return wanted == "none"
    return wanted in {"none", aggregation.value, aggregation.value.partition("_")[0]}


def _compare_recipes(name: str, image: Path, mask: Path, modality: Modality) -> Iterator[str]:
    for words, (prepare, features) in CASES.items():
        found = [
            _measure(image, mask, modality, {"recipe": recipe, **prepare}, dict(features))
            for recipe in ("pyradiomics", "ibsi")
        ]
        shared = [k for k, v in found[0].items() if v is not None and found[1].get(k) is not None]
        a, b = (np.array([values[k] for k in shared], dtype=float) for values in found)
        gap = np.abs(a - b) / np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-300)
        counts = " | ".join(str(int((gap > limit).sum())) for limit in (1e-9, 0.01, 0.1))
        yield f"| {name} | {words} | {len(shared)} | {counts} | {100 * float(np.median(gap)):.2g} % |"


def _measure(
    image: Path, mask: Path, modality: Modality, prepare: dict[str, Any], features: dict[str, Any]
) -> dict[str, float | None]:
    study = StudySettings.model_validate({"prepare": prepare, "features": features})
    settings = CaseSettings(prepare=study.prepare, features=study.features)
    return measure_pair(image, mask, modality=modality, label=1, settings=settings).features


if __name__ == "__main__":
    main()
