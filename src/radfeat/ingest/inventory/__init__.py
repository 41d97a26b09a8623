"""The inventory of a DICOM tree: which series there are, what they are good for, what was drawn in them."""
