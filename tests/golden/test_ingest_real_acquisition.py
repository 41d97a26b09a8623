"""Acquisition of real series (soft-tissue sarcoma): what their headers tell, and what they contradict."""

import pytest

import phantoms
from radfeat.core.acquisition import Acquisition, Parameter
from radfeat.core.grid import Grid
from radfeat.ingest.dicom.acquisition import read_acquisition
from radfeat.ingest.dicom.headers import read_header
from radfeat.ingest.identity import identity_words

pytestmark = pytest.mark.needs_shared

GRID = Grid((4, 4, 4), (0.977, 0.977, 3.27))


def read(subject: str, kind: str) -> Acquisition:
    folder = phantoms.SHARED / "sts" / "dicom" / subject / kind / "image"
    headers = [read_header(path) for path in sorted(folder.iterdir())]
    return read_acquisition(headers, GRID, frozenset().union(*map(identity_words, headers)))


def test_a_real_ct() -> None:
    values = dict(read("STS_003", "CT").values)
    assert values.pop(Parameter.SLICE_THICKNESS) == pytest.approx(3.27)
    assert values == {
        Parameter.MANUFACTURER: "GE MEDICAL SYSTEMS",
        Parameter.MODEL: "DISCOVERY ST",
        Parameter.SOFTWARE: "DM09_HL2SP1.23",
        Parameter.SLICE_SPACING: 3.27,
        Parameter.PIXEL_SPACING: 0.977,
        Parameter.KVP: 120,
        Parameter.TUBE_CURRENT: 60,
        Parameter.EXPOSURE: 10,
        Parameter.KERNEL: "STANDARD",
    }


def test_a_real_mr_tells_little() -> None:
    values = read("STS_001", "MR_T1").values
    assert values[Parameter.MODEL] == "AVANTO"
    assert values[Parameter.SCANNING_SEQUENCE] == "SE"
    assert not {Parameter.FIELD_STRENGTH, Parameter.REPETITION_TIME, Parameter.ECHO_TIME} & values.keys()


def test_a_real_pet_with_and_without_the_date_of_injection() -> None:
    for subject, dose, weight, minutes in (
        ("STS_001", 388.777472, 71, 45 + 11 / 60),  # a time alone
        ("STS_003", 359.88496, 80, 60.8),  # a time and a date
    ):
        values = read(subject, "PET").values
        assert values[Parameter.TRACER] == "FDG -- FLUORODEOXYGLUCOSE"
        assert values[Parameter.INJECTED_DOSE] == pytest.approx(dose)
        assert values[Parameter.DOSE_PER_WEIGHT] == pytest.approx(dose / weight)
        assert values[Parameter.UPTAKE_TIME] == pytest.approx(minutes)
        assert {"ATTN", "SCAT", "DECY"} <= set(str(values[Parameter.CORRECTIONS]).split("\\"))


def test_an_injection_dated_a_day_after_the_scan_gives_no_uptake_time() -> None:
    values = read("STS_002", "PET").values
    assert Parameter.UPTAKE_TIME not in values
    assert Parameter.INJECTED_DOSE in values
