"""Functions that are named, and loaded where they are called."""

import pickle
import subprocess
import sys
from pkgutil import resolve_name

import pytest

from radfeat.core.late_call import LateCall
from radfeat.pipeline import chunk, perturb


def test_a_named_function_gets_the_arguments_of_both() -> None:
    call = LateCall("fractions", "Fraction").given(denominator=4)
    assert str(call(3)) == "3/4"
    assert str(pickle.loads(pickle.dumps(call))(1)) == "1/4"


def test_its_module_is_loaded_by_the_call_and_not_before() -> None:
    said = (
        "import sys; from radfeat.core.late_call import LateCall; call = LateCall('wave', 'Error');"
        "print('wave' in sys.modules); call(); print('wave' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("call", [chunk._MEASURE, chunk._BURY, perturb._MEASURE, perturb._BURY])
def test_what_workers_are_asked_for_is_there(call: LateCall) -> None:
    assert callable(resolve_name(f"{call.module}:{call.function}"))
