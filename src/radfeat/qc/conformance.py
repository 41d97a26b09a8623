"""Whether a series was acquired as the protocol says: a verdict per parameter, findings, exclusion."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from radfeat.core.acquisition import UNITS, Acquisition, Parameter, show_text
from radfeat.core.errors import CaseError
from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Modality, Reason, Severity, Verdict
from radfeat.qc.check_names import Check
from radfeat.qc.protocol import Protocol
from radfeat.qc.protocol_rules import Rule


@dataclass(frozen=True, slots=True)
class Judged:
    """One parameter of one series.

    ``value`` is None where the headers do not tell, or contradict each other (``contradicted``); ``allowed``
    is the rule in words, None where the protocol has none.
    """

    parameter: Parameter
    value: float | str | None
    allowed: str | None
    required: bool
    verdict: Verdict
    contradicted: bool = False

    @property
    def unit(self) -> str | None:
        """Unit of the value; None for texts."""
        return UNITS.get(self.parameter)

    @property
    def sentence(self) -> str:
        """``slice_spacing 5 mm (allowed: at most 3 mm)``."""
        return f"{self.parameter.value} {_show(self.value, self.unit)}(allowed: {self.allowed})"


def judge_acquisition(
    acquisition: Acquisition, modality: Modality, image_id: str, protocol: Protocol | None
) -> tuple[Judged, ...]:
    """Judge every parameter that a series gives or that the protocol names, in the order of ``Parameter``.

    Parameters
    ----------
    acquisition
        What is known of the series; nothing of one that could not be read.
    modality, image_id
        As in the image sheet: which rules hold.
    protocol
        The rules; None: nothing is specified.
    """
    rules = {} if protocol is None else protocol.rules_for(modality, image_id)
    values = acquisition.values
    return tuple(
        _judge(parameter, acquisition, rules.get(parameter))
        for parameter in Parameter
        if parameter in values or parameter in rules
    )


def _judge(parameter: Parameter, acquisition: Acquisition, rule: Rule | None) -> Judged:
    value = acquisition.values.get(parameter)
    if rule is None:
        return Judged(parameter, value, None, False, Verdict.NOT_SPECIFIED)
    verdict = Verdict.UNKNOWN
    if value is not None:
        verdict = Verdict.CONFORM if rule.allows(value) else Verdict.DEVIATE
    allowed, contradicted = rule.describe(UNITS.get(parameter, "")), parameter in acquisition.contradicted
    return Judged(parameter, value, allowed, rule.required, verdict, contradicted)


def check_conformance(judged: Sequence[Judged], case_id: str) -> Iterator[Finding]:
    """One finding for the parameters that deviate, one for those that are unknown."""
    ruled = sum(j.verdict is not Verdict.NOT_SPECIFIED for j in judged)
    deviating = [j for j in judged if j.verdict is Verdict.DEVIATE]
    if deviating:
        verb = "deviates" if len(deviating) == 1 else "deviate"
        what = f"{len(deviating)} of {ruled} parameters {verb} from the protocol: {_list(deviating)}"
        yield remark(Check.PROTOCOL_DEVIATION, case_id, what, len(deviating), 0.0, "parameters")
    unknown = [j for j in judged if j.verdict is Verdict.UNKNOWN]
    if unknown:
        what = "; ".join(_say_unknown(unknown, ruled))
        yield remark(Check.PROTOCOL_UNKNOWN, case_id, what, len(unknown), 0.0, "parameters", Severity.INFO)


def _say_unknown(unknown: Sequence[Judged], ruled: int) -> Iterator[str]:
    for verb, contradicted in (("do not tell", False), ("contradict each other about", True)):
        some = [j for j in unknown if j.contradicted is contradicted]
        if some:
            yield f"the headers {verb} {len(some)} of {ruled} parameters of the protocol: {_list(some)}"


def require_conformance(roi_id: str, judged: Sequence[Judged]) -> None:
    """Refuse an ROI of an image that does not conform where the protocol requires it.

    Raises
    ------
    CaseError
        With reason ``QC_EXCLUDED``; the message names the parameters.
    """
    failed = [j for j in judged if j.required and j.verdict is not Verdict.CONFORM]
    if failed:
        raise CaseError(
            f"excluded because the protocol requires what the image does not show: {_list(failed)}",
            reason=Reason.QC_EXCLUDED,
            key=roi_id,
            remedy="Ask the site for the series that the protocol describes",
        )


def _list(some: Sequence[Judged]) -> str:
    return ", ".join(j.sentence for j in some)


def _show(value: float | str | None, unit: str | None) -> str:
    if value is None:
        return ""
    return f"{show_text(value)} " if isinstance(value, str) else f"{value:.6g} {unit} "
