"""Features as a structured report (SR TID 1500): IBSI codes, exact values, the segments measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom as hd
from highdicom import sr
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from radfeat.core.version import VERSION
from radfeat.export.ibsi import DESIGNATOR, build_scheme
from radfeat.export.meanings import choose_codes
from radfeat.export.quiet import explain_libraries, quiet
from radfeat.export.segmentation import MAKER, Segment, clean_text, drop_own_elements, tracking_uid
from radfeat.export.sources import SourceImages
from radfeat.export.uids import UNSETTLED_UID, derive_uid, settle_uid

_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")


@dataclass(frozen=True, slots=True)
class CodedValue:
    """One feature: its IBSI code, its value, its UCUM unit, and how it deviates from IBSI's definition."""

    code: Code
    value: float
    unit: Code
    deviation: str | None = None


@dataclass(frozen=True, slots=True)
class MeasuredSegment:
    """The features of one segment; ``parameters`` are sentences on how they were measured."""

    number: int
    segment: Segment
    values: Sequence[CodedValue]
    parameters: Sequence[str] = ()


def build_feature_report(
    source: SourceImages, segmentation: hd.seg.Segmentation, measured: Sequence[MeasuredSegment]
) -> sr.Comprehensive3DSR:
    """A report of the features of one image.

    Parameters
    ----------
    source
        The image.
    segmentation
        Its segmentation object, whose segments the measurements refer to.
    measured
        One or more segments with one or more values each.

    Returns
    -------
    highdicom.sr.Comprehensive3DSR
        Each value stands in it as decimal text (16 characters) and as the very double (0040,A161). The
        same object, UID and all, whenever source, segments and values are the same.

    Raises
    ------
    ExportError
        If highdicom does not accept what the source's headers hold.
    """
    with quiet(), explain_libraries(measured[0].segment.mask.roi.case.case_id):
        content = sr.MeasurementReport(
            observation_context=sr.ObservationContext(observer_device_context=_observe()),
            procedure_reported=_PROCEDURE,
            imaging_measurements=[_group(source, segmentation, m) for m in measured],
        )
        built = sr.Comprehensive3DSR(
            evidence=[*source.headers, segmentation],
            content=content,
            series_instance_uid=derive_uid("report series", source.series_uid),
            series_number=10 * source.series_number + 2,
            sop_instance_uid=UNSETTLED_UID,
            instance_number=1,
            manufacturer=MAKER,
            is_complete=True,
            manufacturer_model_name=MAKER,
            software_versions=VERSION,
            series_description="radfeat features",
            coding_schemes=[build_scheme()],
            content_date=source.date,
            content_time=source.time,
            specific_character_set="ISO_IR 192",
        )
        drop_own_elements(built)
        settle_uid(built)
    return built


def read_feature_report(path: Path) -> dict[tuple[int, str], float]:
    """The values of a report by segment number and IBSI code, as a reader of DICOM finds them."""
    with quiet():
        content: Any = sr.srread(path).content
        return {
            (_segment_number(group), str(measurement.name.value)): float(measurement.value)
            for group in content.get_volumetric_roi_measurement_groups()
            for measurement in group.get_measurements()
            if measurement.name.scheme_designator == DESIGNATOR
        }


def _segment_number(group: Any) -> int:
    return int(group.referenced_segment[0].referenced_segment_numbers[0])


def _observe() -> sr.ObserverContext:
    return sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=derive_uid("device", VERSION), name=MAKER, manufacturer_name=MAKER, model_name=MAKER
        ),
    )


def _group(
    source: SourceImages, segmentation: hd.seg.Segmentation, measured: MeasuredSegment
) -> sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    segment = measured.segment
    meaning = choose_codes(segment.role)
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(
            uid=tracking_uid(source, segment), identifier=clean_text(segment.name, 1024)
        ),
        referenced_segment=sr.ReferencedSegment(
            sop_class_uid=segmentation.SOPClassUID,
            sop_instance_uid=segmentation.SOPInstanceUID,
            segment_number=measured.number,
            source_series=sr.SourceSeriesForSegmentation(source.series_uid),
        ),
        finding_category=meaning.category,
        finding_type=meaning.type,
        algorithm_id=_identify(measured.parameters),
        measurements=[_measure(value) for value in measured.values],
    )


def _measure(value: CodedValue) -> sr.Measurement:
    deviation = None if value.deviation is None else _identify([f"deviation from IBSI: {value.deviation}"])
    return sr.Measurement(name=value.code, value=float(value.value), unit=value.unit, algorithm_id=deviation)


def _identify(parameters: Sequence[str]) -> sr.AlgorithmIdentification:
    return sr.AlgorithmIdentification(name=MAKER, version=VERSION, parameters=list(parameters))
