"""What the workflow asks for its jobs before any image is looked at: tries, and memory of those that join."""

ATTEMPTS = 3
"""Tries of a job; each has twice the memory of the one before."""
_BASE_MB = 1_500
"""Libraries, one range of rows while it is sorted and written, and the chunk that is being read."""
_PER_MILLION_ROIS_MB = 2_000
"""The few columns that the checks of the cohort hold of every ROI and image."""


def estimate_collect_mb(rois: int) -> int:
    """Memory in MB for collecting so many ROIs; the number of features hardly matters."""
    return _BASE_MB + _PER_MILLION_ROIS_MB * rois // 1_000_000
