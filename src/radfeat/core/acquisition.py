"""How an image was acquired: the technical parameters of a series, without anything about its subject."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from radfeat.core.grid import Grid


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

_SQUARE = 1e-3
"""Pixels whose sides differ by less than this share are square."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """The parameters of one series that its headers give.

    A parameter that the headers do not give, or give differently from slice to slice where it must be one,
    is absent. Numbers are in the unit of ``UNITS``; texts are as in the header, brought to capitals, without
    anything that could name a person. Several values of one text are joined by a backslash. Of the parameters
    that are absent, ``contradicted`` has those that the headers give, but not alike.
    """

    values: Mapping[Parameter, float | str] = field(default_factory=dict)
    contradicted: frozenset[Parameter] = frozenset()

    @property
    def scanner(self) -> str | None:
        """Maker and model, None where the headers do not give both."""
        maker, model = self.values.get(Parameter.MANUFACTURER), self.values.get(Parameter.MODEL)
        return None if maker is None or model is None else f"{maker} {model}"


def show_text(text: str) -> str:
    """A text for the eye: the values that a backslash joins in the tables, parted by commas."""
    return text.replace("\\", ", ")


def describe_grid(grid: Grid) -> dict[Parameter, float]:
    """What the grid of a volume tells of its acquisition, whatever the file: its spacings.

    Slices lie along z. Pixels that are not square have no one pixel spacing.
    """
    x, y, z = grid.spacing_xyz_mm
    spacings = {Parameter.SLICE_SPACING: z}
    if math.isclose(x, y, rel_tol=_SQUARE):
        spacings[Parameter.PIXEL_SPACING] = x
    return spacings
