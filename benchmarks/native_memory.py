"""Peak memory of the native engine on an ROI of 20 million voxels, against what it may take.

.venv/bin/python benchmarks/native_memory.py [--size 340]

A sphere in a cubic image of noise, int16: its bytes are those of a decoded scan. Allowed are 1.5 times the
image and 300 MB, for the whole process with image, mask and libraries. Prints one line of JSON; the exit code
is 1 where more was taken.
"""

import argparse
import json
import sys
import time

import numpy as np
from peers import read_peak_mb

from radfeat.core.grid import Grid
from radfeat.core.keys import CaseKey, RoiKey
from radfeat.core.pair import PreparedPair
from radfeat.core.vocabulary import Modality, Unit
from radfeat.core.volume import Mask, Volume
from radfeat.features.extract import extract_features
from radfeat.features.settings import FeatureSettings

ALLOWED_IMAGES = 1.5
ALLOWED_MB = 300.0
MEBI = 1.048576


def build_sphere(size: int) -> PreparedPair:
    """A sphere that touches the faces of a cubic image, made slice by slice to hold nothing else."""
    squares = (np.arange(size) - (size - 1) / 2) ** 2
    inside = np.empty((size, size, size), np.bool_)
    for z in range(size):
        inside[z] = squares[z] + squares[:, None] + squares <= (size / 2 - 1.5) ** 2
    voxels = np.random.default_rng(1).integers(-300, 300, inside.shape, dtype=np.int16)
    grid = Grid((size, size, size), (1.0, 1.0, 1.0))
    mask = Mask(inside, grid, RoiKey(CaseKey("benchmark", "-", "-", "-", "-"), "sphere"))
    return PreparedPair(Volume(voxels, grid, Modality.OT, Unit.ARBITRARY), mask, mask, ())


def main() -> int:
    """Measure all 107 features once, and say what that took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=340)
    pair = build_sphere(parser.parse_args().size)
    before, start = read_peak_mb() * MEBI, time.process_time()
    vector = extract_features(pair, FeatureSettings.model_validate({"engine": "native"}))
    image_mb = pair.image.voxels_zyx.nbytes / 1e6
    found = {
        "voxels": int(np.count_nonzero(pair.intensity_mask.voxels_zyx)),
        "features": sum(value is not None for value in vector.values.values()),
        "seconds": round(time.process_time() - start, 1),
        "image_mb": round(image_mb, 1),
        "before_mb": round(before, 1),
        "peak_mb": round(read_peak_mb() * MEBI, 1),
        "allowed_mb": round(ALLOWED_IMAGES * image_mb + ALLOWED_MB, 1),
    }
    print(json.dumps(found))
    return int(found["peak_mb"] > found["allowed_mb"])


if __name__ == "__main__":
    sys.exit(main())
