"""The marks that a de-identified object carries, and the frame of its file, made anew."""

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from radfeat.core.version import VERSION
from radfeat.ingest.deidentify.journal import Journal
from radfeat.ingest.deidentify.table import EDITION

METHOD = (f"radfeat {VERSION}", f"DICOM PS3.15 {EDITION} Annex E, Basic Profile; see the codes")

BASIC = ("113100", "Basic Application Confidentiality Profile")
DESCRIPTORS = ("113105", "Clean Descriptors Option")
DATES = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
CHARACTERISTICS = ("113108", "Retain Patient Characteristics Option")
SAFE_PRIVATE = ("113111", "Retain Safe Private Option")
"""De-identification methods, PS3.16 CID 7050."""

CONSTANTS = (*METHOD, *(text for _, text in (BASIC, DESCRIPTORS, DATES, CHARACTERISTICS, SAFE_PRIVATE)))
"""Texts that every object carries: they are no trace of a person who is called, say, *Patient*."""


def add_markers(dataset: Dataset, journal: Journal) -> None:
    """Say in the object that it is de-identified, and by which profile and options, as applied to it."""
    codes = [BASIC, DESCRIPTORS, DATES]
    codes += [CHARACTERISTICS] if journal.kept_characteristics else []
    codes += [SAFE_PRIVATE] if journal.kept_private else []
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientIdentityRemoved = "YES"
    dataset.DeidentificationMethod = list(METHOD)
    dataset.DeidentificationMethodCodeSequence = Sequence([_code(*code) for code in codes])
    dataset.LongitudinalTemporalInformationModified = "MODIFIED"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def build_file_meta(source: Dataset, result: Dataset) -> FileMetaDataset:
    """File meta information without application entities; deflated files are written plain."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = result.SOPClassUID
    meta.MediaStorageSOPInstanceUID = result.SOPInstanceUID
    syntax = source.file_meta.TransferSyntaxUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian if syntax == DeflatedExplicitVRLittleEndian else syntax
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    meta.ImplementationVersionName = f"RADFEAT {VERSION}"[:16]
    return meta
