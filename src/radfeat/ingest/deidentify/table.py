"""The actions of DICOM PS3.15 Table E.1-1, as dicom-anonymizer lists them, and the choices made beyond it.

The order in which an element is judged, first match first, is that of ``elements.clean_element``.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector
from pydicom.datadict import tag_for_keyword
from pydicom.tag import BaseTag, Tag

EDITION = "2026c"
"""Edition of the standard whose table is used; dicom-anonymizer names its list by it."""

TABLE_SIZE = 655
"""Rows of that list; a test holds the installed list to it."""


class Action(StrEnum):
    """What is done with an element."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    UID = "U"
    CLEAN = "C"
    KEEP = "K"


_ACTIONS: Mapping[str, Action] = {
    "X_TAGS": Action.REMOVE,
    "Z_TAGS": Action.EMPTY,
    "X_Z_TAGS": Action.EMPTY,
    "D_TAGS": Action.DUMMY,
    "Z_D_TAGS": Action.DUMMY,
    "X_D_TAGS": Action.DUMMY,
    "X_Z_D_TAGS": Action.DUMMY,
    "U_TAGS": Action.UID,
    "X_Z_U_STAR_TAGS": Action.UID,
}
"""Where the table leaves a choice by the type of the attribute, the one that keeps every object valid; an
empty value and a dummy say nothing more than an absent one. A sequence under D is removed."""


def _read_table() -> dict[BaseTag, Action]:
    groups = dicom_anonymization_database_selector(f"dicomfields_{EDITION}")
    return {Tag(tag): action for group, action in _ACTIONS.items() for tag in groups[group] if len(tag) == 2}


def tags_of(keywords: Iterable[str]) -> frozenset[BaseTag]:
    """The tags of these keywords.

    Raises
    ------
    KeyError
        If the dictionary lacks one.
    """
    found = {keyword: tag_for_keyword(keyword) for keyword in keywords}
    unknown = sorted(keyword for keyword, tag in found.items() if tag is None)
    if unknown:
        raise KeyError(f"no such keywords: {', '.join(unknown)}")
    return frozenset(BaseTag(tag) for tag in found.values() if tag is not None)


TABLE = _read_table()
"""Action by tag. Its repeating groups, curves and overlays, are removed whole: see ``is_removed_group``."""

SUBJECT = tags_of(("PatientName", "PatientID"))
"""Replaced by the subject's name in the trial, at any depth."""

REMOVED = tags_of(
    (
        "PatientBirthDate", "PatientBirthTime", "PatientBirthDateInAlternativeCalendar", "LastMenstrualDate",
        "DateOfManufacture", "DateOfInstallation", "DateOfLastCalibration", "TimeOfLastCalibration",
        "DateOfLastDetectorCalibration", "TimeOfLastDetectorCalibration", "DateTimeOfLastCalibration",
        "AdmittingDate", "AdmittingTime", "DischargeDate", "DischargeTime", "GPSDateStamp", "GPSTimeStamp",
        "ProcedureCodeSequence", "RequestedProcedureCodeSequence", "PerformedProtocolCodeSequence",
        "ScheduledProtocolCodeSequence", "CodingSchemeIdentificationSequence", "CodingSchemeUID",
        "ContextUID", "MappingResourceUID", "ContributingEquipmentSequence", "PatientIdentityRemoved",
        "DeidentificationMethod", "DeidentificationMethodCodeSequence", "SpecificCharacterSet",
        "LongitudinalTemporalInformationModified", "DataSetTrailingPadding", "IconImageSequence",
        "PrivateDataElementCharacteristicsSequence",
    )
)  # fmt: skip
"""Removed whatever the table says: dates that are no part of the imaging, local codes, equipment on the way,
earlier marks of de-identification, and the character set, since all is written anew in UTF-8."""

EMPTIED = tags_of(("PatientBirthDate",))
"""Present in every object by its type, hence emptied."""

CHARACTERISTICS = tags_of(("PatientSex", "PatientSize", "PatientWeight"))
"""Retained patient characteristics, beside the age: SUV needs them."""

KEPT_TEXT = tags_of(
    (
        "Manufacturer", "ManufacturerModelName", "SoftwareVersions", "ConvolutionKernel", "FilterType",
        "ReconstructionMethod", "AttenuationCorrectionMethod", "ScatterCorrectionMethod", "RescaleType",
        "ModalityLUTType", "SequenceName", "PulseSequenceName", "ImagedNucleus", "TransmitCoilName",
        "ReceiveCoilName", "StackID", "CodingSchemeVersion",
    )
)  # fmt: skip
"""Texts of the acquisition set, which conformance and reading need; kept unless they name someone."""

DESCRIPTORS: Mapping[BaseTag, str] = {
    BaseTag(tag): dummy
    for keyword, dummy in {
        "StudyDescription": "",
        "SeriesDescription": "",
        "ProtocolName": "",
        "AcquisitionProtocolName": "",
        "BodyPartExamined": "",
        "Radiopharmaceutical": "",
        "ContrastBolusAgent": "CONTRAST AGENT",
        "ContrastBolusRoute": "",
        "StructureSetLabel": "STRUCTURES",
        "ROIName": "WITHHELD",
        "ROIObservationLabel": "",
        "SegmentLabel": "WITHHELD",
        "SegmentAlgorithmName": "ALGORITHM",
        "CodeMeaning": "withheld",
        "ContentLabel": "CONTENT",
    }.items()
    if (tag := tag_for_keyword(keyword)) is not None
}
"""Cleaned descriptors: kept where they consist of words of the trade, else replaced by this, or removed. Of
regions a number follows, and no region that is kept can be called so."""

CODES = tags_of(("CodeValue", "CodingSchemeDesignator"))

BYTES = tags_of(
    (
        "PixelData", "FloatPixelData", "DoubleFloatPixelData", "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
        "BluePaletteColorLookupTableData", "LUTData",
    )
)  # fmt: skip
"""The only values of bytes that are kept."""

SAFE_PRIVATE: Mapping[tuple[int, str, int], str] = {
    (0x7053, "Philips PET Private Group", 0x00): "DS",
    (0x7053, "Philips PET Private Group", 0x09): "DS",
    (0x0009, "GEMS_PETD_01", 0x0D): "DT",
}
"""Group, creator and offset of the private elements that SUV needs, with their value representation: Philips'
factors from counts to SUV and to Bq/ml (PS3.15 Table E.3.10-1), and the time to which GE corrects decay."""


def is_removed_group(tag: BaseTag) -> bool:
    """Whether an element belongs to curves (50xx), overlays (60xx), group lengths, or to a file's frame."""
    return (
        tag.group in range(0x5000, 0x5100)
        or tag.group in range(0x6000, 0x6100)
        or tag.element == 0
        or tag.group <= 0x0006
        or tag.group in (0x4FFE, 0xFFFA, 0xFFFC)
    )
