"""What an instance is, by its SOP class and modality. Reference: DICOM PS3.4, B.5; PS3.3, C.7.3.1.1.1."""

from radfeat.ingest.dicom.instances import CLASSIC, ENHANCED
from radfeat.ingest.dicom.mask_classes import SEGMENTATIONS, STRUCTURE_SETS
from radfeat.ingest.inventory.records import Kind

VOLUMES = CLASSIC | ENHANCED
"""What can hold slices of a volume in intensities, and its modality."""

NO_IMAGES = frozenset(
    (
        *("RTSTRUCT", "SEG", "RTDOSE", "RTPLAN", "RTRECORD", "RTINTENT", "SR", "PR", "KO", "REG", "FID"),
        *("DOC", "PLAN", "ANN", "M3D", "RWV", "STAIN", "SMR", "TEXTUREMAP", "ECG", "HD", "AU", "POS"),
    )
)
"""Modalities of objects that are no images, or whose pixels are no intensities."""

KNOWN_MODALITIES = NO_IMAGES | frozenset(
    (
        *(
            "CT",
            "MR",
            "PT",
            "NM",
            "US",
            "CR",
            "DX",
            "DR",
            "MG",
            "XA",
            "RF",
            "OT",
            "SC",
            "XC",
            "ES",
            "RTIMAGE",
        ),
        *("IO", "PX", "SM", "GM", "BI", "BMD", "EC", "EPS", "IVUS", "IVOCT", "OCT", "OP", "OPT", "TG", "XRF"),
    )
)
"""Those that a table may name; any other text could be a name."""


def classify(sop_class: str, modality: str, has_rows: bool) -> Kind:
    """Kind of an instance; ``has_rows`` if its header says how many rows its pixels have."""
    if sop_class in STRUCTURE_SETS:
        return Kind.STRUCTURE_SET
    if sop_class in SEGMENTATIONS:
        return Kind.SEGMENTATION
    if sop_class in VOLUMES or (has_rows and modality not in NO_IMAGES):
        return Kind.IMAGE
    return Kind.OTHER
