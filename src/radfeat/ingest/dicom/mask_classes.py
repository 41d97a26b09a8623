"""SOP classes of what holds drawn regions. Reference: DICOM PS3.4, B.5."""

from pydicom import uid

STRUCTURE_SETS = frozenset({str(uid.RTStructureSetStorage)})
SEGMENTATIONS = frozenset({str(uid.SegmentationStorage), "1.2.840.10008.5.1.4.1.1.66.7"})
"""The last is Label Map Segmentation Storage, which pydicom does not name yet."""
