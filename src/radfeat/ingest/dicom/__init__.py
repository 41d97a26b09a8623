"""DICOM at the door: headers, series, structure sets, segmentations."""
