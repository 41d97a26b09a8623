"""Differences that look like one voxel that jumped over the edge of a grey-level bin.

Where another library changes the last digit of an intensity, a voxel that lay on the edge of a bin may end
in the next: every texture matrix of that image changes at once, by far more than a last digit, while
nothing that is computed from the intensities themselves does.
"""

from collections.abc import Sequence
from dataclasses import replace

from radfeat.submission.levels import Difference, Kind

MATRIX_FAMILIES = frozenset({"glcm", "glrlm", "glszm", "gldm", "ngtdm", "histogram"})
BINNED = frozenset({("firstorder", "Entropy"), ("firstorder", "Uniformity")})
NOTE = "discretisation flip"


def mark_flips(differences: Sequence[Difference], columns: Sequence[str]) -> list[Difference]:
    """Mark the differences of ``features`` that are as a flip leaves them.

    Parameters
    ----------
    differences
        The differences of the table.
    columns
        The feature columns of the table.

    A flip is called what differs in one ROI and one image type where every texture family that was measured
    differs somewhere, at least two values do, and none that is computed without bins.
    """
    groups: dict[tuple[str, str], list[Difference]] = {}
    for difference in differences:
        if difference.kind is Kind.VALUE and "_" in difference.column:
            groups.setdefault((difference.key, _split(difference.column)[0]), []).append(difference)
    flips = {id(d) for (_, image), group in groups.items() if _is_flip(image, group, columns) for d in group}
    return [replace(d, note=NOTE) if id(d) in flips else d for d in differences]


def _is_flip(image: str, group: Sequence[Difference], columns: Sequence[str]) -> bool:
    differing = {_split(d.column)[1:] for d in group}
    measured = {_split(c)[1] for c in columns if "_" in c and _split(c)[0] == image} & MATRIX_FAMILIES
    if len(differing) < 2 or not measured:
        return False
    return all(map(_is_binned, differing)) and measured <= {family for family, _ in differing}


def _is_binned(feature: tuple[str, str]) -> bool:
    return feature[0] in MATRIX_FAMILIES or feature in BINNED


def _split(column: str) -> tuple[str, str, str]:
    """Image type, family and name of a feature column."""
    parts = column.rsplit("_", 2)
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", parts[0], parts[-1])
