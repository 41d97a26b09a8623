"""De-identification after DICOM PS3.15 Annex E: see docs/deidentify.md."""
