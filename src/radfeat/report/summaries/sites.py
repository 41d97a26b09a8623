"""Which sites have a column or row of their own, and which are shown together."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from radfeat.report.wording import count_of


@dataclass(frozen=True, slots=True)
class Sites:
    """``labels`` in the order shown; ``label_of`` gives the label of each site of the table ``rois``."""

    labels: tuple[str, ...]
    label_of: Mapping[str, str]
    rois: Mapping[str, int]
    count: int


def group_sites(sites: Iterable[str], limit: int) -> Sites:
    """Keep the ``limit`` sites with the most ROIs, in the order of their names, and put the others together.

    ``sites`` has one entry per ROI.
    """
    counts = Counter(sites)
    ranked = sorted(counts, key=lambda s: (-counts[s], s))
    kept = set(ranked if len(ranked) <= limit else ranked[: limit - 1])
    rest = count_of(len(ranked) - len(kept), "other site")
    label_of = {s: s if s in kept else rest for s in ranked}
    rois: Counter[str] = Counter()
    for site, n in counts.items():
        rois[label_of[site]] += n
    labels = (*sorted(kept), *([rest] if len(kept) < len(ranked) else []))
    return Sites(labels, label_of, dict(rois), len(ranked))
