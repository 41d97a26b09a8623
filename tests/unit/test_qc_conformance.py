"""The imaging protocol: its rules, a verdict per parameter, findings and exclusion."""

from typing import Any

import pytest
from pydantic import ValidationError

from radfeat.core.acquisition import UNITS, Acquisition, Parameter
from radfeat.core.errors import CaseError
from radfeat.core.vocabulary import Modality, Reason, Severity, Verdict
from radfeat.qc.conformance import Judged, check_conformance, judge_acquisition, require_conformance
from radfeat.qc.protocol import ParameterRules, Protocol
from radfeat.qc.protocol_rules import NumberRule, TextRule

CT = Acquisition({Parameter.SLICE_SPACING: 5.0, Parameter.KVP: 120.0, Parameter.KERNEL: "B30F"})


def protocol(images: dict[str, Any] | None = None, **modalities: Any) -> Protocol:
    return Protocol.model_validate({"modalities": modalities, "images": images or {}})


def judge(
    rules: dict[str, Any], acquisition: Acquisition = CT, modality: Modality = Modality.CT
) -> dict[Parameter, Judged]:
    judged = judge_acquisition(acquisition, modality, "ct", protocol(**{modality.value: rules}))
    return {one.parameter: one for one in judged}


def refusal(data: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        Protocol.model_validate(data)
    return "\n".join(error["msg"] for error in caught.value.errors())


# -- rules ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ({"min": 2, "max": 3}, [2, 2.5, 3, 3.0000001, 1.9999999], [1.99, 3.01]),
        ({"max": 3}, [-5, 0, 3], [3.1]),
        ({"min": 50}, [50, 1e9], [49.9]),
        ({"equals": 1.5, "tolerance": 0.05}, [1.45, 1.494, 1.55], [1.44, 3]),
        ({"equals": 120}, [120, 120.001], [119, 121]),
        ({"min": 0}, [0, 1], [-0.0001]),
    ],
)
def test_numbers_are_held_against_limits_to_rounding(
    rule: dict[str, float], kept: list[float], broken: list[float]
) -> None:
    made = NumberRule.model_validate(rule)
    assert [value for value in (*kept, *broken) if made.allows(float(value))] == kept


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        ({"one_of": ["b30f", " B31F "]}, ["B30F", "B31F"], ["B30", "B30F\\3"]),
        ({"pattern": "^br4[0-9]"}, ["BR40D", "BR44\\3"], ["BR38", "XBR40"]),
        ({"includes": ["attn", "SCAT"]}, ["ATTN\\DECY\\SCAT"], ["ATTN\\DECY", "ATTNSCAT"]),
    ],
)
def test_texts_are_compared_without_capitals(
    rule: dict[str, Any], kept: list[str], broken: list[str]
) -> None:
    made = TextRule.model_validate(rule)
    assert [value for value in (*kept, *broken) if made.allows(value)] == kept


def test_a_rule_never_takes_the_other_kind_of_value() -> None:
    assert not NumberRule(min=0).allows("5")
    assert not TextRule(pattern=".").allows(5.0)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"min": 2, "max": 3}, "2 to 3 mm"),
        ({"max": 3}, "at most 3 mm"),
        ({"min": 0.5}, "at least 0.5 mm"),
        ({"equals": 3, "tolerance": 0.1}, "3 within 0.1 mm"),
        ({"equals": 3}, "3 mm"),
    ],
)
def test_a_number_rule_in_words(rule: dict[str, float], said: str) -> None:
    assert NumberRule.model_validate(rule).describe("mm") == said


def test_a_text_rule_in_words() -> None:
    assert TextRule(one_of=("A",)).describe("") == "A"
    assert TextRule(one_of=("A", "B", "C")).describe("") == "A, B or C"
    assert TextRule(pattern="^B3").describe("") == "matching ^B3"
    assert TextRule(includes=("A", "B")).describe("") == "with A, B"


def test_every_parameter_has_rules_of_its_kind() -> None:
    kinds = {name: field.annotation for name, field in ParameterRules.model_fields.items()}
    assert list(kinds) == [parameter.value for parameter in Parameter]
    for parameter in Parameter:
        assert kinds[parameter.value] == (NumberRule | None if parameter in UNITS else TextRule | None)


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"kvp": 120}, ["kvp is a number in kV: write {min"]),
        ({"kvp": {"one_of": [120]}}, ["kvp is a number in kV, for which there is no `one_of`"]),
        ({"slice_spacing": {"max": "3 mm"}}, ["slice_spacing is a number in mm, and `max` is '3 mm'"]),
        ({"slice_spacing": {"max": True}}, ["`max` is True"]),
        ({"kernel": "B30f"}, ["kernel is a text: write {one_of"]),
        ({"kernel": {"min": 1}}, ["kernel is a text, for which there is no `min`"]),
        ({"kernel": {"one_of": ["B30f"], "pattern": "B"}}, ["write one of one_of, pattern, includes"]),
        ({"kernel": {"required": True}}, ["write one of one_of, pattern, includes"]),
        ({"kernel": {"one_of": [" "]}}, ["one of the texts is empty"]),
        ({"kernel": {"pattern": "B["}}, ["this is no regular expression"]),
        ({"kvp": {"min": 140, "max": 120}}, ["min (140) is greater than max (120)"]),
        ({"kvp": {"min": 1, "equals": 120}}, ["or else equals"]),
        ({"kvp": {"max": 140, "tolerance": 5}}, ["tolerance belongs to equals"]),
        ({"kvp": {}}, ["write min, max or both"]),
        ({"field_strength": {"equals": 3}}, ["field_strength is a parameter of MR, not of CT"]),
    ],
)
def test_a_wrong_rule_is_refused_in_a_sentence(rules: dict[str, Any], words: list[str]) -> None:
    said = refusal({"modalities": {"CT": rules}})
    assert all(word in said for word in words)


def test_a_protocol_without_a_rule_is_refused() -> None:
    assert "the protocol has no rule" in refusal({"modalities": {"CT": {}}})
    assert "the protocol has no rule" in refusal({})


def test_rules_are_written_without_what_is_not_given() -> None:
    made = protocol(CT={"slice_spacing": {"max": 3}}, images={"ct": {"kernel": {"one_of": ["A"]}}})
    written = made.model_dump(mode="json")
    assert written == {
        "modalities": {"CT": {"slice_spacing": {"max": 3.0, "required": False}}},
        "images": {"ct": {"kernel": {"one_of": ["A"], "required": False}}},
    }
    assert Protocol.model_validate(written) == made


def test_rules_of_an_image_go_before_those_of_its_modality() -> None:
    made = protocol(
        MR={"echo_time": {"max": 20}, "field_strength": {"min": 1}},
        images={"T2": {"echo_time": {"min": 60}}},
    )
    assert {p: r.describe("") for p, r in made.rules_for(Modality.MR, "T2").items()} == {
        Parameter.ECHO_TIME: "at least 60 ",
        Parameter.FIELD_STRENGTH: "at least 1 ",
    }
    assert made.rules_for(Modality.MR, "T1")[Parameter.ECHO_TIME] == NumberRule(max=20)
    assert made.rules_for(Modality.CT, "T1") == {}


# -- verdicts ------------------------------------------------------------------------------------------------


@pytest.mark.requirement("R-QC-3")
def test_each_parameter_gets_its_verdict() -> None:
    judged = judge({"slice_spacing": {"max": 3}, "kvp": {"equals": 120}, "exposure": {"min": 20}})
    assert {p: (one.value, one.allowed, one.verdict) for p, one in judged.items()} == {
        Parameter.SLICE_SPACING: (5.0, "at most 3 mm", Verdict.DEVIATE),
        Parameter.KVP: (120.0, "120 kV", Verdict.CONFORM),
        Parameter.EXPOSURE: (None, "at least 20 mAs", Verdict.UNKNOWN),
        Parameter.KERNEL: ("B30F", None, Verdict.NOT_SPECIFIED),
    }


@pytest.mark.requirement("R-QC-3")
def test_nothing_known_is_never_conform() -> None:
    judged = judge({"slice_spacing": {"min": 0}, "kernel": {"pattern": "."}}, Acquisition())
    assert {one.verdict for one in judged.values()} == {Verdict.UNKNOWN}


def test_without_a_protocol_all_that_is_known_is_kept() -> None:
    judged = judge_acquisition(CT, Modality.CT, "ct", None)
    assert [one.parameter for one in judged] == [Parameter.SLICE_SPACING, Parameter.KVP, Parameter.KERNEL]
    assert {one.verdict for one in judged} == {Verdict.NOT_SPECIFIED}
    assert list(check_conformance(judged, "c")) == []


def test_a_finding_lists_what_deviates_and_another_what_is_unknown() -> None:
    rules = {"slice_spacing": {"max": 3}, "kernel": {"one_of": ["B70f"]}, "exposure": {"min": 20}}
    deviation, unknown = check_conformance(tuple(judge(rules).values()), "S/1/ct")
    assert (deviation.check, deviation.severity, deviation.measured) == (
        "protocol.deviation",
        Severity.WARNING,
        2.0,
    )
    assert deviation.sentence == (
        "S/1/ct: 2 of 3 parameters deviate from the protocol: slice_spacing 5 mm (allowed: at most 3 mm), "
        "kernel B30F (allowed: B70f)."
    )
    assert (unknown.check, unknown.severity) == ("protocol.unknown", Severity.INFO)
    assert unknown.sentence == (
        "S/1/ct: the headers do not tell 1 of 3 parameters of the protocol: "
        "exposure (allowed: at least 20 mAs)."
    )


def test_headers_that_contradict_each_other_are_not_said_to_be_silent() -> None:
    rules = {"slice_spacing": {"max": 9}, "exposure": {"min": 20}, "tube_current": {"min": 1}}
    known = Acquisition({Parameter.SLICE_SPACING: 5.0}, frozenset({Parameter.EXPOSURE}))
    judged = tuple(judge(rules, known).values())
    (finding,) = check_conformance(judged, "S/1/ct")
    assert (finding.check, finding.severity, finding.measured) == ("protocol.unknown", Severity.INFO, 2.0)
    assert finding.sentence == (
        "S/1/ct: the headers do not tell 1 of 3 parameters of the protocol: tube_current (allowed: at least "
        "1 mA); the headers contradict each other about 1 of 3 parameters of the protocol: exposure "
        "(allowed: at least 20 mAs)."
    )
    only = [one for one in judged if one.parameter is not Parameter.TUBE_CURRENT]
    assert "do not tell" not in next(check_conformance(only, "c")).sentence


def test_codes_are_shown_with_commas() -> None:
    known = Acquisition({Parameter.CORRECTIONS: "DECY\\RAN"})
    protocol = Protocol.model_validate({"modalities": {"PT": {"corrections": {"includes": ["ATTN"]}}}})
    (finding,) = check_conformance(judge_acquisition(known, Modality.PT, "pt", protocol), "c")
    assert "corrections DECY, RAN (allowed:" in finding.sentence


def test_only_a_required_rule_excludes() -> None:
    require_conformance("roi", tuple(judge({"slice_spacing": {"max": 3}}).values()))
    require_conformance("roi", tuple(judge({"slice_spacing": {"max": 5, "required": True}}).values()))
    for rules in (
        {"slice_spacing": {"max": 3, "required": True}},
        {"exposure": {"min": 1, "required": True}},
    ):
        with pytest.raises(CaseError, match=next(iter(rules))) as caught:
            require_conformance("roi", tuple(judge(rules).values()))
        assert caught.value.reason is Reason.QC_EXCLUDED
