"""What findings lead to: an excluded ROI, or a run that stops at the gate."""

from collections.abc import Sequence

from radfeat.core.errors import CaseError
from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Reason, Severity
from radfeat.qc.check_names import Check
from radfeat.qc.settings import QcSettings


def require_not_excluded(roi_id: str, findings: Sequence[Finding], settings: QcSettings) -> None:
    """Refuse an ROI for which a check spoke that the settings name in ``exclude``.

    Raises
    ------
    CaseError
        With reason ``QC_EXCLUDED``; the message names the checks.
    """
    barred = {check.value for check in settings.exclude}
    spoke = sorted({finding.check for finding in findings if finding.check in barred})
    if spoke:
        raise CaseError(
            f"excluded by qc.exclude because of {', '.join(spoke)}",
            reason=Reason.QC_EXCLUDED,
            key=roi_id,
            remedy="See the findings of these checks",
        )


def require_kept(roi_id: str, exclude_reason: str | None) -> None:
    """Refuse an ROI that a person excluded in the image sheet.

    Raises
    ------
    CaseError
        With reason ``QC_EXCLUDED``; the message holds the person's reason.
    """
    if exclude_reason is not None:
        raise CaseError(
            f"excluded by hand: {exclude_reason.removesuffix('.')}",
            reason=Reason.QC_EXCLUDED,
            key=roi_id,
            remedy="Empty exclude_reason in the image sheet to have it back",
        )


def check_gate(failed: int, total: int, settings: QcSettings) -> Finding | None:
    """Judge a whole run: None where it passes, else the finding that stops it.

    Parameters
    ----------
    failed, total
        ROIs without features, and all ROIs.
    settings
        The limits.
    """
    most, share = settings.max_failed_rois, failed / total if total else 0.0
    if most is not None and failed > most:
        what = f"{failed} of {total} ROIs have no features; qc.max_failed_rois allows {most}"
        return remark(Check.GATE_FAILED_ROIS, "", what, failed, float(most), "ROIs", Severity.ERROR)
    limit = settings.max_failed_share
    if limit is not None and share > limit:
        what = (
            f"{failed} of {total} ROIs ({share:.1%}) have no features; qc.max_failed_share allows {limit:.1%}"
        )
        return remark(Check.GATE_FAILED_SHARE, "", what, share, limit, "share", Severity.ERROR)
    return None
