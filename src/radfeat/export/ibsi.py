"""Codes of the Image Biomarker Standardisation Initiative as DICOM writes them (PS3.16, table 8-1)."""

from collections.abc import Mapping
from functools import cache

from highdicom.coding_schemes import CodingSchemeIdentificationItem
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

DESIGNATOR = "IBSI"
SCHEME_UID = "1.2.840.10008.2.16.13"
SCHEME_NAME = "Image Biomarker Standardisation Initiative"

INTENSITY_NAMES: Mapping[str, str] = {
    "QG58": "10th intensity percentile",
    "8DWT": "90th intensity percentile",
    "N8CA": "Intensity-based energy",
    "SALO": "Intensity interquartile range",
    "IPH6": "(Excess) intensity kurtosis",
    "84IY": "Maximum intensity",
    "4FUA": "Intensity-based mean absolute deviation",
    "Q4LE": "Mean intensity",
    "Y12H": "Median intensity",
    "1GSF": "Minimum intensity",
    "2OJQ": "Intensity range",
    "1128": "Intensity-based robust mean absolute deviation",
    "5ZWQ": "Root mean square intensity",
    "KE2A": "Intensity skewness",
    "ECT3": "Intensity variance",
}
"""IBSI's names of the intensity statistics, which DICOM's own lists do not repeat (IBSI 1, chapter 3.3)."""

OTHER_QUANTITIES = frozenset({"IPH6"})
"""Codes whose quantity is another one where the catalogue notes a deviation.

PyRadiomics' kurtosis is not in excess of 3: under IBSI's code it would be read wrongly by 3, so it is left
out. The other deviations alter how a quantity is computed, not what it is; they are said beside the value.
"""


@cache
def _dicom_names() -> Mapping[str, str]:
    listed = [getattr(codes.IBSI, name) for name in codes.IBSI.dir()]
    return {code.value: code.meaning for code in listed}


def describe_code(code: str, fallback: str) -> Code:
    """An IBSI code with its meaning: DICOM's, else IBSI's, else ``fallback`` (at most 64 characters)."""
    meaning = _dicom_names().get(code) or INTENSITY_NAMES.get(code) or fallback
    return Code(code, DESIGNATOR, meaning[:64])


def build_scheme() -> CodingSchemeIdentificationItem:
    """What the coding scheme is, for readers that do not know its designator."""
    item = CodingSchemeIdentificationItem(DESIGNATOR, name=SCHEME_NAME, responsible_organization="IBSI")
    item.CodingSchemeUID = SCHEME_UID
    return item
