"""Errors. Two levels, no class per sentence; each carries key, measured, allowed and remedy."""

from radfeat.core.vocabulary import ExitCode, Reason


class RadfeatError(Exception):
    """Something that the user can understand and act on.

    Parameters
    ----------
    what
        What is wrong, without a full stop: ``"mask spacing 0.98 mm, image 1.00 mm"``.
    key
        Which case, ROI, file or setting; comes first in the message.
    measured, allowed
        The value found and the value permitted, where there are such values.
    remedy
        What to do, as a sentence without a full stop.
    """

    exit_code = ExitCode.DATA

    def __init__(
        self, what: str, *, key: str = "", measured: str = "", allowed: str = "", remedy: str = ""
    ) -> None:
        self.what = what
        self.key = key
        self.measured = measured
        self.allowed = allowed
        self.remedy = remedy
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """One sentence: what, where, measured, allowed, remedy."""
        head = f"{self.key}: {self.what}" if self.key else self.what
        numbers = ", ".join(
            text
            for text in (
                f"found {self.measured}" if self.measured else "",
                f"allowed {self.allowed}" if self.allowed else "",
            )
            if text
        )
        body = f"{head} ({numbers})." if numbers else f"{head}."
        return f"{body} {self.remedy}." if self.remedy else body

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not survive a process pool without this.
        return (_rebuild, (type(self), dict(self.__dict__)))


def _rebuild(cls: type[RadfeatError], state: dict[str, object]) -> RadfeatError:
    error = cls.__new__(cls)
    error.__dict__.update(state)
    Exception.__init__(error, error.sentence)
    return error


class SettingsError(RadfeatError):
    """A setting is wrong; nothing was run. Exit code 2."""

    exit_code = ExitCode.SETTINGS


class GateError(RadfeatError):
    """A QC gate that the settings declare was not passed. Exit code 4."""

    exit_code = ExitCode.QC_GATE


class TableError(RadfeatError):
    """A sheet or a table does not keep its schema. Exit code 3."""


class CohortError(RadfeatError):
    """The subjects cannot be analysed as asked (leakage, unknown arm, no events). Exit code 3."""


class SubmissionError(RadfeatError):
    """A package cannot be assembled or verified. Exit code 3."""


class ExportError(RadfeatError):
    """A result cannot become a DICOM object, or would take the place of another. Exit code 3."""


class WorkerError(RadfeatError):
    """A worker process was killed; what was written before is whole. Exit code 3."""


class CaseError(RadfeatError):
    """A case or an ROI cannot yield features: it becomes a row with ``reason``, and the run goes on."""

    default_reason = Reason.COMPUTE_ERROR

    def __init__(
        self,
        what: str,
        *,
        reason: Reason | None = None,
        key: str = "",
        measured: str = "",
        allowed: str = "",
        remedy: str = "",
    ) -> None:
        self.reason = reason or self.default_reason
        super().__init__(what, key=key, measured=measured, allowed=allowed, remedy=remedy)


class InputError(CaseError):
    """A file is missing, unreadable, ambiguous, or does not hold the ROI."""

    default_reason = Reason.UNREADABLE


class GeometryError(CaseError):
    """Image and mask do not lie on one grid."""

    default_reason = Reason.GEOMETRY


class EmptyRoiError(CaseError):
    """The ROI has no voxels, or too few, before or after re-segmentation."""

    default_reason = Reason.ROI_EMPTY


class ExtractionError(CaseError):
    """The engine could not compute a whole ROI."""

    default_reason = Reason.COMPUTE_ERROR
