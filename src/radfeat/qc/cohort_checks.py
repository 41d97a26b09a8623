"""Checks that need the whole cohort: copies, outliers, sites that stand out. Blind to arms."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy.stats import hypergeom

from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Status
from radfeat.qc.check_names import Check
from radfeat.qc.scanner_checks import IMAGE_COLUMNS, check_scanners
from radfeat.qc.settings import QcSettings
from radfeat.tables.split import split_table

Row = Mapping[str, Any]

SERIES_COLUMNS = tuple(
    dict.fromkeys(
        (
            *("case_id", "site_id", "subject_id", "timepoint", "image_id", "modality"),
            *("spacing_x_mm", "spacing_y_mm", "spacing_z_mm", "image_sha256", "voxel_digest"),
            *IMAGE_COLUMNS,
        )
    )
)
"""Columns of ``series`` that the checks look at."""
ROI_COLUMNS = (
    *("roi_id", "case_id", "site_id", "subject_id", "timepoint", "roi", "status", "volume_mm3"),
    "mask_voxel_digest",
)
"""Columns of ``rois`` that the checks look at."""
_SITE_LEVEL = 0.01
"""Chance, over all sites, of remarking on a site though it is like the others."""
_LEAST_FACTOR = 1.5
"""Values closer to the median than this factor are never outliers, however alike the others are."""
_MOST_SHOWN = 5


def check_cohort(
    series: pa.Table, rois: pa.Table, acquisition: pa.Table, settings: QcSettings
) -> tuple[Finding, ...]:
    """What is remarkable about the images and ROIs of a study among each other.

    Parameters
    ----------
    series, rois, acquisition
        The tables of these names, or of their columns ``SERIES_COLUMNS``, ``ROI_COLUMNS``, and
        ``ACQUISITION_COLUMNS`` of the parameters ``TOLD``; rows that failed take part where they have the
        value in question.
    settings
        What to compare with.

    Returns
    -------
    tuple of Finding
        Keyed by ``case_id``, ``roi_id``, or, for what concerns a site, by ``site_id``.
    """
    return (
        *_check_copied_images(series),
        *_check_copied_masks(rois),
        *_check_sites(rois),
        *check_scanners(series, acquisition),
        *_check_spacings(series, settings),
        *_check_volumes(rois, series, settings),
    )


def _visit(row: Row) -> tuple[str, str]:
    return row["subject_id"], row["timepoint"]


# -- copies --------------------------------------------------------------------------------------------------


def _group_repeated(table: pa.Table, name: str) -> Iterator[list[Row]]:
    """The rows that share a value with another row, value by value; most studies have none."""
    counts = pc.value_counts(table[name].drop_null())
    repeated = counts.field("values").filter(pc.greater(counts.field("counts"), 1))
    rows = table.filter(pc.is_in(table[name], value_set=repeated)) if len(repeated) else table.slice(0, 0)
    for _, group in split_table(rows, name):
        yield group.to_pylist()


def _check_copied_images(series: pa.Table) -> Iterator[Finding]:
    """One image under two subjects or timepoints: the same file, or another file of the same voxels."""
    for rows in _group_repeated(series, "voxel_digest"):
        ordered = sorted(rows, key=lambda row: row["case_id"])
        visits = Counter(_visit(row) for row in rows)
        files = Counter(row["image_sha256"] for row in rows)
        here = Counter((row["image_sha256"], _visit(row)) for row in rows)
        for row in rows:
            count = len(rows) - visits[_visit(row)]
            if count:
                same = files[row["image_sha256"]] > here[row["image_sha256"], _visit(row)]
                others = (o["case_id"] for o in ordered if _visit(o) != _visit(row))
                yield _name_copies(row, others, count, same_file=same)


def _name_copies(row: Row, others: Iterable[str], count: int, *, same_file: bool) -> Finding:
    if same_file:
        check, copy = Check.COHORT_SAME_IMAGE, "the image is the very file of"
    else:
        check, copy = Check.COHORT_SAME_VOXELS, "the image has, in another file, the very voxels of"
    return remark(check, row["case_id"], f"{copy} {_list(others, count)}", count, 0.0, "images")


def _check_copied_masks(rois: pa.Table) -> Iterator[Finding]:
    """One drawing under two visits, or twice on one image; several images of one visit may share it."""
    for rows in _group_repeated(rois, "mask_voxel_digest"):
        ordered = sorted(rows, key=lambda row: row["roi_id"])
        visits = Counter(_visit(row) for row in rows)
        # An image that is in two visits is two images: only rows of the row's own visit are left out.
        cases = Counter((row["case_id"], _visit(row)) for row in rows)
        for row in rows:
            count = len(rows) - visits[_visit(row)] + cases[row["case_id"], _visit(row)] - 1
            if count:
                listed = _list((o["roi_id"] for o in ordered if _is_copy(row, o)), count)
                what = f"the mask is voxel for voxel that of {listed}"
                yield remark(Check.COHORT_SAME_MASK, row["roi_id"], what, count, 0.0, "masks")


def _is_copy(row: Row, other: Row) -> bool:
    if other["roi_id"] == row["roi_id"]:
        return False
    return bool(other["case_id"] == row["case_id"]) or _visit(other) != _visit(row)


def _list(ordered: Iterable[str], count: int) -> str:
    """The first few of ``count`` ordered names, and how many more there are."""
    more = f" and {count - _MOST_SHOWN} more" if count > _MOST_SHOWN else ""
    return ", ".join(islice(ordered, _MOST_SHOWN)) + more


# -- sites ---------------------------------------------------------------------------------------------------


def _check_sites(rois: pa.Table) -> Iterator[Finding]:
    """Sites with more failed ROIs than chance would deal them (hypergeometric, Bonferroni over sites)."""
    failing = rois.filter(pc.equal(rois["status"], Status.FAILED.value))
    sites, failed = _count(rois["site_id"]), _count(failing["site_id"])
    total, bad = rois.num_rows, failing.num_rows
    for site in sorted(sites):
        n, k = sites[site], failed[site]
        if k and float(hypergeom.sf(k - 1, total, bad, n)) < _SITE_LEVEL / len(sites):
            share, elsewhere = k / n, (bad - k) / (total - n)
            what = (
                f"{k} of {n} ROIs of the site failed ({share:.0%}), "
                f"elsewhere {bad - k} of {total - n} ({elsewhere:.0%})"
            )
            yield remark(Check.COHORT_SITE_FAILURES, site, what, share, elsewhere, "share")


def _count(column: pa.ChunkedArray) -> Counter[str]:
    counts = pc.value_counts(column)
    return Counter(
        dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))
    )


# -- outliers ------------------------------------------------------------------------------------------------


def find_outliers(
    values: Sequence[float] | npt.NDArray[np.float64], settings: QcSettings
) -> tuple[float, tuple[int, ...]]:
    """The median of positive values, and the places of those far from it on a log scale.

    Where more than half of the values are equal, their robust standard deviation is 0 and only the least
    factor decides.
    """
    logs = np.log(np.asarray(values, dtype=np.float64))
    centre = float(np.median(logs))
    gaps = np.abs(logs - centre)
    scale = 1.4826 * float(np.median(gaps))
    far = (gaps > settings.outlier_distance * scale) & (gaps > math.log(_LEAST_FACTOR))
    return math.exp(centre), tuple(int(place) for place in np.flatnonzero(far))


def _check_spacings(series: pa.Table, settings: QcSettings) -> Iterator[Finding]:
    known = series.filter(pc.is_valid(series["spacing_x_mm"]))
    for (modality, _), images in split_table(known, "modality", "image_id"):
        if images.num_rows < settings.min_group:
            continue
        for axis in "xyz":
            values = images[f"spacing_{axis}_mm"].to_numpy()
            median, places = find_outliers(values, settings)
            for place in places:
                what = (
                    f"the spacing along {axis} is {values[place]:.3g} mm; "
                    f"the median of {len(values)} {modality} images is {median:.3g} mm"
                )
                key = images["case_id"][place].as_py()
                yield remark(Check.COHORT_SPACING_OUTLIER, key, what, values[place], median, "mm")


def _check_volumes(rois: pa.Table, series: pa.Table, settings: QcSettings) -> Iterator[Finding]:
    places = pc.index_in(rois["case_id"], value_set=series["case_id"].combine_chunks())
    drawn = rois.append_column("modality", series["modality"].take(places))
    known = drawn.filter(pc.greater(drawn["volume_mm3"], 0.0))
    for (kind, roi), rows in split_table(known, "modality", "roi"):
        if rows.num_rows < settings.min_group:
            continue
        volumes = rows["volume_mm3"].to_numpy()
        median, far = find_outliers(volumes, settings)
        for place in far:
            volume = volumes[place]
            what = (
                f"the volume is {volume / 1000:.3g} cm3; "
                f"the median of {len(volumes)} ROIs '{roi}' on {kind} is {median / 1000:.3g} cm3"
            )
            key = rows["roi_id"][place].as_py()
            yield remark(Check.COHORT_VOLUME_OUTLIER, key, what, volume, median, "mm3")
