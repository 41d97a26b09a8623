"""Per-arm models of declared endpoints, out of fold, and treatment-by-biomarker interactions."""
