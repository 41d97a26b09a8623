"""Which pictures of ROIs are shown: failed ones first, then those with warnings, then the others in turn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from radfeat.core.vocabulary import Severity, Status
from radfeat.report.inputs import Row, Rows
from radfeat.report.wording import explain_reason


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture and what stands under it; ``rank`` is 0 if failed, 1 with warnings, 2 otherwise."""

    site: str
    title: str
    file: str
    volume_ml: float | None
    rank: int
    remark: str


def choose_pictures(rois: Rows, findings: Rows) -> tuple[Picture, ...]:
    """Every ROI that has a picture, in the order in which they are worth looking at.

    Within one rank the sites take turns, so that a limit leaves none of them out.
    """
    warned: dict[str, list[str]] = {}
    for row in findings:
        if row["severity"] == Severity.WARNING.value:
            warned.setdefault(row["key"], []).append(row["check"])
    pictures = [_describe(row, warned) for row in rois if row["preview"]]
    return tuple(
        picture for rank in range(3) for picture in _take_turns([p for p in pictures if p.rank == rank])
    )


def _describe(row: Row, warned: dict[str, list[str]]) -> Picture:
    parts = (row["subject_id"], row["timepoint"], row["image_id"], row["roi"], row["lesion_id"])
    checks = sorted({*warned.get(row["roi_id"], []), *warned.get(row["case_id"], [])})
    failed = row["status"] == Status.FAILED.value
    if failed:
        rank, remark = 0, f"failed: {explain_reason(row['reason'])}"
    else:
        rank, remark = (1, f"warning: {', '.join(checks)}") if checks else (2, "")
    volume = row["volume_mm3"]
    return Picture(
        site=row["site_id"],
        title=" · ".join(part for part in parts if part),
        file=row["preview"],
        volume_ml=None if volume is None else volume / 1000,
        rank=rank,
        remark=remark,
    )


def _take_turns(pictures: Sequence[Picture]) -> Iterable[Picture]:
    by_site: dict[str, list[Picture]] = {}
    for picture in pictures:
        by_site.setdefault(picture.site, []).append(picture)
    rounds = zip_longest(*(by_site[site] for site in sorted(by_site)))
    return (picture for turn in rounds for picture in turn if picture is not None)
