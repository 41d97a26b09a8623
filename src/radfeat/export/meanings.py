"""What the sheet's words mean in SNOMED CT: the role of an ROI to the codes of a segment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code


@dataclass(frozen=True, slots=True)
class PropertyCodes:
    """Category (DICOM CID 7150) and type (CID 7151 and kin) of what a segment shows."""

    category: Code
    type: Code


_TUMOUR = PropertyCodes(codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm)
_PRIMARY = PropertyCodes(codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.NeoplasmPrimary)
_METASTASIS = PropertyCodes(codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.NeoplasmMetastatic)
_LESION = PropertyCodes(codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion)
_NODE = PropertyCodes(codes.SCT.AnatomicalStructure, codes.SCT.LymphNode)
_ORGAN = PropertyCodes(codes.SCT.AnatomicalStructure, codes.SCT.Organ)
REGION = PropertyCodes(codes.SCT.SpatialAndRelationalConcept, codes.DCM.SelectedRegion)
"""A region of which nothing more is known."""

_BY_WORD: Mapping[str, PropertyCodes] = {
    "gtv": _TUMOUR,
    "tumour": _TUMOUR,
    "tumor": _TUMOUR,
    "neoplasm": _TUMOUR,
    "gtvp": _PRIMARY,
    "primary": _PRIMARY,
    "metastasis": _METASTASIS,
    "metastases": _METASTASIS,
    "lesion": _LESION,
    "gtvn": _NODE,
    "node": _NODE,
    "nodes": _NODE,
    "lymphnode": _NODE,
    "lymphnodes": _NODE,
    "organ": _ORGAN,
    "oar": _ORGAN,
}


def choose_codes(role: str | None) -> PropertyCodes:
    """The codes of a role of the sheet; a role that is absent or not listed is a selected region, no more."""
    return _BY_WORD.get(re.sub(r"[\W_]+", "", (role or "").casefold()), REGION)
