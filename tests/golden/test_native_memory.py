"""What the native engine takes of memory: a whole process, on the largest ROI that is promised."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "native_memory.py"


def test_roi_of_20_million_voxels_stays_within_half_an_image_more_and_300_mb() -> None:
    done = subprocess.run([sys.executable, str(BENCHMARK)], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    found = json.loads(done.stdout)
    assert found["voxels"] > 20_000_000
    assert found["features"] == 107
    assert found["peak_mb"] <= found["allowed_mb"]
    assert done.returncode == 0
