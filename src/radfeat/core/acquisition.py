"""How an image was acquired: the technical parameters of a series, without anything about its subject."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Parameter(StrEnum):
    """What a protocol can prescribe. Lengths in mm, times in ms, the uptake in minutes; see ``UNITS``."""

    MANUFACTURER = "manufacturer"
    MODEL = "model"
    SOFTWARE = "software"
    SLICE_SPACING = "slice_spacing"
    SLICE_THICKNESS = "slice_thickness"
    PIXEL_SPACING = "pixel_spacing"
    KVP = "kvp"
    TUBE_CURRENT = "tube_current"
    EXPOSURE = "exposure"
    KERNEL = "kernel"
    CONTRAST_AGENT = "contrast_agent"
    PHASE = "phase"
    FIELD_STRENGTH = "field_strength"
    SCANNING_SEQUENCE = "scanning_sequence"
    REPETITION_TIME = "repetition_time"
    ECHO_TIME = "echo_time"
    INVERSION_TIME = "inversion_time"
    FLIP_ANGLE = "flip_angle"
    TRACER = "tracer"
    INJECTED_DOSE = "injected_dose"
    DOSE_PER_WEIGHT = "dose_per_weight"
    UPTAKE_TIME = "uptake_time"
    RECONSTRUCTION = "reconstruction"
    CORRECTIONS = "corrections"


UNITS: Mapping[Parameter, str] = {
    Parameter.SLICE_SPACING: "mm",
    Parameter.SLICE_THICKNESS: "mm",
    Parameter.PIXEL_SPACING: "mm",
    Parameter.KVP: "kV",
    Parameter.TUBE_CURRENT: "mA",
    Parameter.EXPOSURE: "mAs",
    Parameter.FIELD_STRENGTH: "T",
    Parameter.REPETITION_TIME: "ms",
    Parameter.ECHO_TIME: "ms",
    Parameter.INVERSION_TIME: "ms",
    Parameter.FLIP_ANGLE: "degrees",
    Parameter.INJECTED_DOSE: "MBq",
    Parameter.DOSE_PER_WEIGHT: "MBq/kg",
    Parameter.UPTAKE_TIME: "min",
}
"""Unit of each parameter that is a number; the others are text."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """The parameters of one series that its headers give.

    A parameter that the headers do not give, or give differently from slice to slice where it must be one,
    is absent. Numbers are in the unit of ``UNITS``; texts are as in the header, brought to capitals, without
    anything that could name a person.
    """

    values: Mapping[Parameter, float | str] = field(default_factory=dict)
