"""How a series was acquired, from its headers: technical parameters, and nothing about the subject.

A value counts only where every slice (or frame) gives it and all give the same; tube current and exposure,
which scanners modulate along the body, are the median over the slices. A text that repeats a word of the
header's identity (``radfeat.ingest.identity``) is left out.
"""

from collections.abc import Mapping, Sequence

from pydicom.dataset import Dataset

from radfeat.core.acquisition import Acquisition, Parameter, describe_grid
from radfeat.core.grid import Grid
from radfeat.ingest.dicom.functional_groups import read_macro
from radfeat.ingest.dicom.headers import read_items, read_text
from radfeat.ingest.dicom.radiopharmaceutical import read_tracer, read_tracer_numbers
from radfeat.ingest.dicom.series_values import (
    Place,
    Told,
    middle_number,
    normalise,
    read_numbers_of,
    read_texts_of,
    tell_number,
    tell_text,
)
from radfeat.ingest.identity import names_someone

_TIMING = "MRTimingAndRelatedParametersSequence"

_ONE_NUMBER: Mapping[Parameter, tuple[Place, ...]] = {
    Parameter.SLICE_THICKNESS: (Place("SliceThickness"), Place("SliceThickness", "PixelMeasuresSequence")),
    Parameter.KVP: (Place("KVP"), Place("KVP", "CTXRayDetailsSequence")),
    Parameter.FIELD_STRENGTH: (Place("MagneticFieldStrength"),),
    Parameter.REPETITION_TIME: (Place("RepetitionTime"), Place("RepetitionTime", _TIMING)),
    Parameter.ECHO_TIME: (Place("EchoTime"), Place("EffectiveEchoTime", "MREchoSequence")),
    Parameter.INVERSION_TIME: (Place("InversionTime"), Place("InversionTimes", "MRModifierSequence")),
    Parameter.FLIP_ANGLE: (Place("FlipAngle"), Place("FlipAngle", _TIMING)),
}
_MIDDLE_NUMBER: Mapping[Parameter, tuple[Place, ...]] = {
    Parameter.TUBE_CURRENT: (
        Place("XRayTubeCurrent"),
        Place("XRayTubeCurrentInuA", scale=1e-3),
        Place("XRayTubeCurrentInmA", "CTExposureSequence"),
    ),
    Parameter.EXPOSURE: (
        Place("Exposure"),
        Place("ExposureInuAs", scale=1e-3),
        Place("ExposureInmAs", "CTExposureSequence"),
    ),
}
_TEXT: Mapping[Parameter, tuple[Place, ...]] = {
    Parameter.MANUFACTURER: (Place("Manufacturer"),),
    Parameter.MODEL: (Place("ManufacturerModelName"),),
    Parameter.SOFTWARE: (Place("SoftwareVersions"),),
    Parameter.KERNEL: (Place("ConvolutionKernel"), Place("ConvolutionKernel", "CTReconstructionSequence")),
    Parameter.RECONSTRUCTION: (
        Place("ReconstructionMethod"),
        Place("ReconstructionAlgorithm", "CTReconstructionSequence"),
        Place("ReconstructionAlgorithm", "PETReconstructionSequence"),
    ),
    Parameter.PHASE: (
        Place("ContrastBolusAgentPhase"),
        Place("ContrastBolusAgentPhase", "ContrastBolusUsageSequence"),
    ),
}

_MAKERS = frozenset(
    {"canon", "electric", "fujifilm", "general", "gems", "healthcare", "healthineers", "hitachi"}
    | {"imaging", "medical", "mediso", "neusoft", "philips", "shimadzu", "siemens", "systems"}
    | {"toshiba", "united"}
)
"""Words of makers' names: a station or a place called after one (PHILIPS-4711) does not hide the maker."""

PRESENT, ABSENT = "PRESENT", "ABSENT"
_NO_AGENT = frozenset({"NONE", "NO", "NO CONTRAST", "WITHOUT CONTRAST"})
_NO_ANSWER = frozenset({"UNKNOWN", "N/A", "NA", "?", "-", "."})
"""What sites write for the contrast agent where none was given, and where they do not know."""

_ECHO_PULSES = {"SPIN": ("SE",), "GRADIENT": ("GR",), "BOTH": ("GR", "SE")}
_CORRECTIONS = {
    "DecayCorrected": "DECY",
    "AttenuationCorrected": "ATTN",
    "ScatterCorrected": "SCAT",
    "DeadTimeCorrected": "DTIM",
    "RandomsCorrected": "RAN",
    "NonUniformRadialSamplingCorrected": "RADL",
    "SensitivityCalibrated": "DCAL",
    "DetectorNormalizationCorrection": "NORM",
}
"""Enhanced objects say YES or NO to each correction; classic ones list the codes of those made."""


def read_acquisition(headers: Sequence[Dataset], grid: Grid, identity: frozenset[str]) -> Acquisition:
    """The acquisition of one series.

    Parameters
    ----------
    headers
        One per slice of a classic series, at least one; or the one of an enhanced multi-frame object.
    grid
        Grid of the volume, which gives the spacings: that of the slices comes from their positions.
    identity
        Words that name someone: a text that holds one is left out.

    Returns
    -------
    Acquisition
        What the headers give without doubt; all else is absent, and named where they contradict each other.
    """
    told = {p: Told(value) for p, value in describe_grid(grid).items()}
    told |= {p: tell_number(read_numbers_of(headers, places)) for p, places in _ONE_NUMBER.items()}
    told |= {p: Told(middle_number(read_numbers_of(headers, places))) for p, places in _MIDDLE_NUMBER.items()}
    told |= read_tracer_numbers(headers)
    told |= _read_texts(headers, identity - _MAKERS)
    return Acquisition(
        {p: one.value for p, one in told.items() if one.value is not None},
        frozenset(p for p, one in told.items() if one.value is None and one.contradicts),
    )


def _read_texts(headers: Sequence[Dataset], words: frozenset[str]) -> dict[Parameter, Told]:
    texts = {p: tell_text(read_texts_of(headers, places)) for p, places in _TEXT.items()}
    texts[Parameter.CONTRAST_AGENT] = tell_text([_read_agent(header) for header in headers])
    texts[Parameter.SCANNING_SEQUENCE] = tell_text([_read_sequence(header) for header in headers])
    texts[Parameter.CORRECTIONS] = tell_text([_read_corrections(header) for header in headers])
    texts[Parameter.TRACER] = tell_text([read_tracer(header) for header in headers])
    return {p: one for p, one in texts.items() if not names_someone(str(one.value or ""), words)}


def _read_agent(header: Dataset) -> str | None:
    """PRESENT or ABSENT as far as a header says so; an absent or empty element says nothing."""
    usage = read_macro(header, "ContrastBolusUsageSequence")
    if usage:
        said = {None if item is None else read_text(item, "ContrastBolusAgentAdministered") for item in usage}
        return {"YES": PRESENT, "NO": ABSENT}.get(said.pop() or "") if len(said) == 1 else None
    agent = normalise(read_text(header, "ContrastBolusAgent"))
    if agent is not None and agent not in _NO_ANSWER:
        return ABSENT if agent in _NO_AGENT else PRESENT
    return PRESENT if read_items(header, "ContrastBolusAgentSequence") else None


def _read_sequence(header: Dataset) -> str | None:
    """Codes of the pulse sequence (SE, GR, IR, EP), those of enhanced objects put in the classic words."""
    classic = read_text(header, "ScanningSequence")
    if classic is not None:
        return _join_codes(classic.split("\\"))
    codes = list(_ECHO_PULSES.get(read_text(header, "EchoPulseSequence") or "", ()))
    if not codes:
        return None
    if read_text(header, "EchoPlanarPulseSequence") == "YES":
        codes.append("EP")
    if read_texts_of([header], (Place("InversionRecovery", "MRModifierSequence"),))[0] == "YES":
        codes.append("IR")
    return _join_codes(codes)


def _read_corrections(header: Dataset) -> str | None:
    classic = read_text(header, "CorrectedImage")
    if classic is not None:
        return _join_codes(classic.split("\\"))
    return _join_codes(
        [code for keyword, code in _CORRECTIONS.items() if read_text(header, keyword) == "YES"]
    )


def _join_codes(codes: Sequence[str]) -> str | None:
    """Codes whose order says nothing, sorted: two series with the same codes have the same text."""
    return normalise("\\".join(sorted({code.strip() for code in codes if code.strip()})))
