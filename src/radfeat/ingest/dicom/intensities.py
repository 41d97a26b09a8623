"""What the numbers of a series mean: how each slice is rescaled, and the unit that results."""

from collections.abc import Sequence
from dataclasses import dataclass

from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Modality, Severity, Unit
from radfeat.ingest.dicom.frames import Frame
from radfeat.ingest.dicom.headers import HeaderError, read_private
from radfeat.ingest.dicom.instances import Instance
from radfeat.ingest.dicom.mapping import choose_mapping
from radfeat.ingest.dicom.rescaling import Rescale, list_rescales
from radfeat.ingest.dicom.series_checks import SeriesCheck
from radfeat.ingest.dicom.suv import read_suv_factor
from radfeat.ingest.settings import IngestSettings
from radfeat.ingest.source import Source

_DIFFUSION = {
    "mm2/s": Unit.MM2_PER_S,
    "um2/s": Unit.UM2_PER_S,
    "10*-6.mm2/s": Unit.UM2_PER_S,
    "10-6.mm2/s": Unit.UM2_PER_S,
}
"""UCUM codes of diffusion coefficients, as scanners write them."""
_DIFFUSION_TYPES = {
    "mm2/s": Unit.MM2_PER_S,
    "um2/s": Unit.UM2_PER_S,
    "10^-6 mm2/s": Unit.UM2_PER_S,
    "10^-6 mm^2/s": Unit.UM2_PER_S,
    "1e-6 mm2/s": Unit.UM2_PER_S,
}
"""Values of RescaleType that say the same."""
_ACTIVITY = {"Bq/ml": "BQML"}
_UPTAKE = {"g/ml{SUVbw}": "GML", "{SUVbw}g/ml": "GML"}
UCUM_CODES = frozenset((*_DIFFUSION, *_ACTIVITY, *_UPTAKE))
"""All units that change what a stored value means: whoever writes objects anew must keep them."""
_PHILIPS_GROUP, _PHILIPS_CREATOR, _PHILIPS_SCALE = 0x2005, "Philips MR Imaging DD 001", 0x0E


@dataclass(frozen=True, slots=True)
class Meaning:
    """How the stored values of each frame become intensities, in which unit, and what was remarked."""

    rescales: tuple[Rescale, ...]
    unit: Unit
    findings: tuple[Finding, ...]


def read_meaning(
    source: Source,
    instances: Sequence[Instance],
    frames: Sequence[Frame],
    modality: Modality,
    settings: IngestSettings,
) -> Meaning:
    """What the stored values of a series mean; ``frames`` are those of its ``instances``, in order of slices.

    Raises
    ------
    InputError
        If rescale values are missing or impossible, or a PET cannot become SUV.
    """
    if modality is Modality.PT:
        return _read_pet(source, instances, frames, settings)
    if modality is Modality.MR:
        return _read_mr(source, frames)
    rescales = list_rescales(source, frames, modality)
    return Meaning(rescales, *_read_ct_unit(source, frames, rescales))


def _read_pet(
    source: Source, instances: Sequence[Instance], frames: Sequence[Frame], settings: IngestSettings
) -> Meaning:
    stated = all(frame.has("Units") for frame in frames)
    mapped = None
    if not stated:
        mapped = choose_mapping(source, frames, _ACTIVITY) or choose_mapping(source, frames, _UPTAKE)
    rescales = list_rescales(source, frames, Modality.PT) if mapped is None else mapped[1]
    suv = read_suv_factor(source, instances, settings.suv, None if mapped is None else mapped[0])
    findings = (*_remark_intercept(source, rescales), *suv.findings)
    return Meaning(tuple(r.times(suv.factor) for r in rescales), suv.unit, findings)


def _remark_intercept(source: Source, rescales: Sequence[Rescale]) -> tuple[Finding, ...]:
    """By the standard a PET has none; it is added all the same, as slope and intercept are one transform."""
    shifted = sum(rescale.intercept != 0 for rescale in rescales)
    if not shifted:
        return ()
    what = "slices of the PET have a RescaleIntercept that is not 0; it was added"
    return (remark(SeriesCheck.PET_INTERCEPT, source.key, what, shifted, 0, "slices"),)


def _read_mr(source: Source, frames: Sequence[Frame]) -> Meaning:
    """Diffusion coefficients where the header says so; else arbitrary, after the header's slope if any."""
    mapped = choose_mapping(source, frames, _DIFFUSION)
    if mapped is not None:
        return Meaning(mapped[1], mapped[0], ())
    rescales = list_rescales(source, frames, Modality.MR)
    stated = {_DIFFUSION_TYPES.get(frame.text("RescaleType") or "") for frame in frames}
    unit = stated.pop() if len(stated) == 1 else None
    findings = _remark_change(source, rescales)
    if any(_has_philips_scale(frame) for frame in frames):
        what = "Philips' private scale slope was not used; intensities are arbitrary"
        findings += (remark(SeriesCheck.MR_SCALE, source.key, what, severity=Severity.INFO),)
    return Meaning(rescales, unit or Unit.ARBITRARY, findings)


def _read_ct_unit(
    source: Source, frames: Sequence[Frame], rescales: Sequence[Rescale]
) -> tuple[Unit, tuple[Finding, ...]]:
    findings = _remark_change(source, rescales)
    if {frame.text("RescaleType") for frame in frames} <= {"HU", None}:
        return Unit.HU, findings
    what = "RescaleType does not say HU; the intensities count as arbitrary"
    return Unit.ARBITRARY, (*findings, remark(SeriesCheck.CT_UNIT, source.key, what))


def _remark_change(source: Source, rescales: Sequence[Rescale]) -> tuple[Finding, ...]:
    """In CT and MR one scale serves the whole series; one for each slice is legal and odd."""
    count = len(set(rescales))
    if count == 1:
        return ()
    what = "slope or intercept change from slice to slice"
    return (remark(SeriesCheck.CHANGING_RESCALE, source.key, what, count, 1, "pairs"),)


def _has_philips_scale(frame: Frame) -> bool:
    try:
        return read_private(frame.header, _PHILIPS_GROUP, _PHILIPS_CREATOR, _PHILIPS_SCALE) is not None
    except HeaderError:
        return True  # it is there, whatever it says
