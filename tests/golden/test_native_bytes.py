"""The native engine gives the same bytes whatever the number of threads that libraries may take."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine_pairs import compute_digest

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("threads", ["1", "2", "4"])
def test_any_number_of_threads_gives_the_same_bytes(threads: str) -> None:
    limits = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
    done = subprocess.run(
        [sys.executable, TESTS / "engine_pairs.py"],
        env={
            **os.environ,
            **dict.fromkeys(limits, threads),
            "PYTHONPATH": os.pathsep.join([*sys.path, str(TESTS)]),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == compute_digest()
