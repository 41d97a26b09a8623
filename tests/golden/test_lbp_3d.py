"""LBP3D equals PyRadiomics' own filter, computed with the older libraries that it needs (make_lbp_3d.py)."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from phantom_scan import build_phantom
from reference import find_differences, measure

from radfeat.features.engines.lbp_3d import build_icosphere, compute_harmonic
from radfeat.features.settings import FeatureSettings
from radfeat.prepare.settings import PrepareSettings

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("lbp_3d.json").read_text(encoding="utf-8"))
TOLERANCE = 1e-10
"""SciPy's own splines and moments may differ in the last digits between its versions; 2e-14 was seen."""


@pytest.mark.parametrize(
    "case", GOLDEN["cases"], ids=lambda c: f"{c['dtype']}-{c['settings']['subdivision']}"
)
def test_lbp_3d_has_pyradiomics_values(case: dict[str, Any]) -> None:
    settings = FeatureSettings.model_validate(
        {"image_types": {"LBP3D": case["settings"]}, "classes": GOLDEN["classes"]}
    )
    values = measure(*build_phantom(case["dtype"]), PrepareSettings(), settings).values
    assert len(case["values"]) == (case["settings"]["levels"] + 1) * 21
    assert find_differences(values, case["values"], TOLERANCE) == []


@pytest.mark.parametrize(("subdivisions", "points"), [(0, 12), (1, 42), (2, 162)])
def test_the_icosphere_lies_on_its_sphere_and_is_balanced(subdivisions: int, points: int) -> None:
    sphere = build_icosphere(subdivisions, 1.5)
    assert sphere.shape == (points, 3)
    assert np.linalg.norm(sphere, axis=1) == pytest.approx(1.5, abs=1e-14)
    assert sphere.mean(axis=0) == pytest.approx(0, abs=1e-14)
    assert len(np.unique(sphere.round(9), axis=0)) == points


def test_harmonics_are_those_of_the_textbook() -> None:
    azimuth, polar = np.array([0.3, 2.0]), np.array([1.1, 2.5])
    first = np.sqrt(3 / (8 * np.pi)) * np.sin(polar) * np.exp(1j * azimuth)
    assert compute_harmonic(1, 1, azimuth, polar) == pytest.approx(-first)
    assert compute_harmonic(-1, 1, azimuth, polar) == pytest.approx(np.conj(first))
    assert compute_harmonic(0, 2, azimuth, polar) == pytest.approx(
        np.sqrt(5 / (16 * np.pi)) * (3 * np.cos(polar) ** 2 - 1)
    )
