"""Fetching series from a PACS, by DICOMweb or DIMSE, and saying whether all have come."""
