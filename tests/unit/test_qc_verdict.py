import pytest
from pydantic import ValidationError

from radfeat.core.errors import CaseError
from radfeat.core.findings import remark
from radfeat.core.vocabulary import Reason, Severity
from radfeat.qc.check_names import MASK_CHECKS, Check
from radfeat.qc.settings import QcSettings
from radfeat.qc.verdict import check_gate, require_not_excluded

SMALL = remark(Check.MASK_SMALL, "S/1/GTV", "the ROI holds 12 voxels", 12, 64.0, "voxels")
BORDER = remark(Check.MASK_TOUCHES_BORDER, "S/1/GTV", "the ROI touches the border", 1, 0.0, "faces")


def test_findings_exclude_nothing_by_themselves():
    require_not_excluded("S/1/GTV", [SMALL, BORDER], QcSettings())


def test_a_named_check_excludes_where_it_spoke():
    settings = QcSettings(exclude=("mask.small", "mask.gap"))
    with pytest.raises(CaseError) as caught:
        require_not_excluded("S/1/GTV", [BORDER, SMALL], settings)
    assert caught.value.reason is Reason.QC_EXCLUDED
    assert caught.value.sentence.startswith("S/1/GTV: excluded by qc.exclude because of mask.small.")
    require_not_excluded("S/1/GTV", [BORDER], settings)


@pytest.mark.parametrize("name", ["image.constant", "cohort.same_mask", "gate.failed_rois", "mask.smal"])
def test_only_checks_of_masks_can_exclude(name):
    with pytest.raises(ValidationError, match=r"mask\.small"):
        QcSettings(exclude=(name,))
    assert all(QcSettings(exclude=(check,)).exclude == (check,) for check in MASK_CHECKS)


def test_without_limits_every_run_passes_the_gate():
    assert check_gate(10, 10, QcSettings()) is None


@pytest.mark.requirement("R-QC-2")
def test_gate_by_number_counts_to_its_limit():
    settings = QcSettings(max_failed_rois=2)
    assert check_gate(2, 10, settings) is None
    finding = check_gate(3, 10, settings)
    assert (finding.check, finding.severity) == (Check.GATE_FAILED_ROIS, Severity.ERROR)
    assert finding.sentence == "3 of 10 ROIs have no features; qc.max_failed_rois allows 2."


@pytest.mark.requirement("R-QC-2")
def test_gate_by_share_counts_to_its_limit():
    settings = QcSettings(max_failed_share=0.2)
    assert check_gate(2, 10, settings) is None
    finding = check_gate(3, 10, settings)
    assert (finding.check, finding.measured, finding.limit) == (Check.GATE_FAILED_SHARE, 0.3, 0.2)
    assert finding.sentence == "3 of 10 ROIs (30.0%) have no features; qc.max_failed_share allows 20.0%."


def test_a_run_without_rois_passes_the_gate():
    assert check_gate(0, 0, QcSettings(max_failed_share=0.0, max_failed_rois=0)) is None
