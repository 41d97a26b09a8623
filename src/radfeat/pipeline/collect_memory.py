"""How much memory the jobs that join the chunks need, from the plan alone."""

_BASE_MB = 1_500
"""Libraries, one range of rows while it is sorted and written, and the chunk that is being read."""
_PER_MILLION_ROIS_MB = 2_000
"""The few columns that the checks of the cohort hold of every ROI and image."""


def estimate_collect_mb(rois: int) -> int:
    """Memory in MB for collecting so many ROIs; the number of features hardly matters."""
    return _BASE_MB + _PER_MILLION_ROIS_MB * rois // 1_000_000
