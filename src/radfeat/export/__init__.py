"""Back to the clinic: masks as DICOM segmentations, features as structured reports."""
