"""Writes lbp_3d.json: PyRadiomics' own values of its LBP3D filter, which needs older libraries than ours.

    python -m venv old && old/bin/pip install numpy==2.0.2 scipy==1.14.1 trimesh==5.2.0 SimpleITK==2.5.7 \
        PyWavelets pykwalify six scikit-image
    cp -r .venv/lib/python3.11/site-packages/radiomics old/lib/python3.11/site-packages/
    old/bin/python -W ignore tests/golden/make_lbp_3d.py

With SciPy 1.17 or later, or without trimesh, PyRadiomics yields no LBP3D image at all.
"""

import json
from importlib.metadata import version
from pathlib import Path

from phantom_scan import build_phantom
from radiomics.featureextractor import RadiomicsFeatureExtractor

CASES = [
    ("float32", 1, 1.0, 2, 0.5),
    ("int16", 1, 1.0, 2, 0.5),
    ("float64", 0, 1.5, 3, 0.5),
    ("int16", 2, 2.0, 2, 8.0),
]
"""Number type, subdivision, radius, levels, bin width."""
CLASSES: dict[str, list[str]] = {"firstorder": [], "glcm": ["Contrast", "JointEntropy", "MCC"]}


def compute_case(
    dtype: str, subdivision: int, radius: float, levels: int, bin_width: float
) -> dict[str, object]:
    """The filter's settings and PyRadiomics' values."""
    filter_settings = {
        "lbp3DLevels": levels,
        "lbp3DIcosphereRadius": radius,
        "lbp3DIcosphereSubdivision": subdivision,
        "binWidth": bin_width,
    }
    extractor = RadiomicsFeatureExtractor(
        {
            "imageType": {"LBP3D": filter_settings},
            "featureClass": CLASSES,
            "setting": {"additionalInfo": False},
        }
    )
    values = extractor.execute(*build_phantom(dtype))
    return {
        "dtype": dtype,
        "settings": {
            "levels": levels,
            "radius": radius,
            "subdivision": subdivision,
            "bin_width": bin_width,
        },
        "values": {name: float(value) for name, value in values.items()},
    }


if __name__ == "__main__":
    source = {
        "source": "PyRadiomics (pyradiomics-bhklab 3.1.4), filter LBP3D, on tests/golden/phantom_scan.py",
        "script": "tests/golden/make_lbp_3d.py",
        "date": "2026-11-24",
        "libraries": {name: version(name) for name in ("numpy", "scipy", "trimesh", "SimpleITK")},
        "classes": CLASSES,
        "cases": [compute_case(*case) for case in CASES],
    }
    path = Path(__file__).with_name("lbp_3d.json")
    path.write_text(json.dumps(source, indent=1) + "\n", encoding="utf-8")
