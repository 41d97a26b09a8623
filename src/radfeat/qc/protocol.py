"""The imaging protocol: what it allows of each acquisition parameter, by modality and by image."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from radfeat.core.acquisition import Parameter
from radfeat.core.vocabulary import Modality
from radfeat.qc.protocol_rules import NumberRule, Rule, TextRule, Written, say_misfit

_CT, _MR, _PT = Modality.CT, Modality.MR, Modality.PT

_ONLY_OF: Mapping[Parameter, frozenset[Modality]] = {
    **dict.fromkeys((Parameter.KVP, Parameter.TUBE_CURRENT, Parameter.EXPOSURE), frozenset({_CT})),
    **dict.fromkeys((Parameter.KERNEL, Parameter.RECONSTRUCTION), frozenset({_CT, _PT})),
    **dict.fromkeys((Parameter.CONTRAST_AGENT, Parameter.PHASE), frozenset({_CT, _MR})),
    **dict.fromkeys(
        (
            Parameter.FIELD_STRENGTH,
            Parameter.SCANNING_SEQUENCE,
            Parameter.REPETITION_TIME,
            Parameter.ECHO_TIME,
            Parameter.INVERSION_TIME,
            Parameter.FLIP_ANGLE,
        ),
        frozenset({_MR}),
    ),
    **dict.fromkeys(
        (
            Parameter.TRACER,
            Parameter.INJECTED_DOSE,
            Parameter.DOSE_PER_WEIGHT,
            Parameter.UPTAKE_TIME,
            Parameter.CORRECTIONS,
        ),
        frozenset({_PT}),
    ),
}
"""Modalities whose headers can give a parameter, where these are not all: a rule elsewhere never applies."""


def _number(description: str) -> Any:
    return Field(default=None, description=description)


_text = _number


class ParameterRules(Written):
    """What is allowed of each parameter; one that is not named may have any value."""

    manufacturer: TextRule | None = _text("Maker of the scanner.")
    model: TextRule | None = _text("Model of the scanner.")
    software: TextRule | None = _text("Software versions of the scanner.")
    slice_spacing: NumberRule | None = _number("Distance between slices (z), mm, from their positions.")
    slice_thickness: NumberRule | None = _number("Slice thickness, mm, as the header states it.")
    pixel_spacing: NumberRule | None = _number("Distance between pixels in the slice, mm; of square pixels.")
    kvp: NumberRule | None = _number("CT: tube voltage, kV.")
    tube_current: NumberRule | None = _number("CT: tube current, mA, median over the slices.")
    exposure: NumberRule | None = _number("CT: exposure, mAs, median over the slices.")
    kernel: TextRule | None = _text("CT, PT: convolution kernel.")
    contrast_agent: TextRule | None = _text("CT, MR: PRESENT or ABSENT, where the header says so.")
    phase: TextRule | None = _text("CT, MR: phase of the contrast agent (ARTERIAL, PORTAL_VENOUS, ...).")
    field_strength: NumberRule | None = _number("MR: field strength, T.")
    scanning_sequence: TextRule | None = _text("MR: codes SE, GR, IR, EP, sorted, joined by a backslash.")
    repetition_time: NumberRule | None = _number("MR: repetition time, ms.")
    echo_time: NumberRule | None = _number("MR: echo time, ms.")
    inversion_time: NumberRule | None = _number("MR: inversion time, ms.")
    flip_angle: NumberRule | None = _number("MR: flip angle, degrees.")
    tracer: TextRule | None = _text("PT: radiopharmaceutical.")
    injected_dose: NumberRule | None = _number("PT: injected activity, MBq.")
    dose_per_weight: NumberRule | None = _number("PT: injected activity by body weight, MBq/kg.")
    uptake_time: NumberRule | None = _number("PT: from injection to the start of the scan, min.")
    reconstruction: TextRule | None = _text("CT, PT: reconstruction method.")
    corrections: TextRule | None = _text("PT: codes of the corrections made (ATTN, SCAT, ...), sorted.")

    @field_validator("*", mode="before")
    @classmethod
    def _fits_the_parameter(cls, rule: Any, info: Any) -> Any:
        if not isinstance(rule, BaseModel):
            misfit = say_misfit(Parameter(info.field_name), rule)
            if misfit:
                raise ValueError(misfit)
        return rule

    def given(self) -> dict[Parameter, Rule]:
        """The rules that there are, by parameter."""
        rules = {parameter: getattr(self, parameter.value) for parameter in Parameter}
        return {parameter: rule for parameter, rule in rules.items() if rule is not None}


class Protocol(BaseModel):
    """Rules per modality, and rules per image of the sheet, which go before those of its modality.

    A protocol only speaks, by findings and a table; a rule with ``required: true`` excludes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    modalities: dict[Modality, ParameterRules] = Field(
        default_factory=dict, description="By modality (CT, MR, PT, US, OT): the rules for all its images."
    )
    images: dict[str, ParameterRules] = Field(
        default_factory=dict,
        description=(
            "By image_id of the image sheet, such as T1c: rules for these images alone. Each takes the place "
            "of the modality's rule for the same parameter."
        ),
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        faults = list(_find_faults(self))
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def rules_for(self, modality: Modality, image_id: str) -> dict[Parameter, Rule]:
        """The rules for one image."""
        rules: dict[Parameter, Rule] = {}
        for chosen in (self.modalities.get(modality), self.images.get(image_id)):
            rules |= {} if chosen is None else chosen.given()
        return rules


def _find_faults(protocol: Protocol) -> Iterator[str]:
    parts = [*protocol.modalities.values(), *protocol.images.values()]
    if not any(part.given() for part in parts):
        yield "the protocol has no rule: name a modality and a parameter, or leave the protocol out"
    for modality, rules in protocol.modalities.items():
        for parameter in rules.given():
            known = _ONLY_OF.get(parameter)
            if known is not None and modality not in known:
                listed = " and ".join(sorted(known))
                yield f"{parameter.value} is a parameter of {listed}, not of {modality.value}"
