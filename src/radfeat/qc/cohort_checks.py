"""Checks that need the whole cohort: copies, outliers, sites that stand out. Blind to arms."""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.stats import hypergeom

from radfeat.core.findings import Finding, remark
from radfeat.core.vocabulary import Status
from radfeat.qc.check_names import Check
from radfeat.qc.scanner_checks import check_scanners
from radfeat.qc.settings import QcSettings

Row = Mapping[str, Any]

_SERIES = ("case_id", "site_id", "subject_id", "timepoint", "image_id", "modality")
_GEOMETRY = ("spacing_x_mm", "spacing_y_mm", "spacing_z_mm", "image_sha256", "voxel_digest")
_ROIS = ("roi_id", "case_id", "site_id", "subject_id", "timepoint", "roi", "status", "volume_mm3")
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
        The tables of these names; rows that failed take part where they have the value in question.
    settings
        What to compare with.

    Returns
    -------
    tuple of Finding
        Keyed by ``case_id``, ``roi_id``, or, for what concerns a site, by ``site_id``.
    """
    images = series.select([*_SERIES, *_GEOMETRY]).to_pylist()
    drawn = rois.select([*_ROIS, "mask_voxel_digest"]).to_pylist()
    modality = {row["case_id"]: row["modality"] for row in images}
    return (
        *_check_copied_images(images),
        *_check_copied_masks(drawn),
        *_check_sites(drawn),
        *check_scanners(series, acquisition),
        *_check_spacings(images, settings),
        *_check_volumes(drawn, modality, settings),
    )


def _group(rows: Iterable[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    """Rows by the values of some columns; rows without one of them are left out."""
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        key = tuple(row[name] for name in names)
        if None not in key:
            groups[key].append(row)
    return groups


def _visit(row: Row) -> tuple[str, str]:
    return row["subject_id"], row["timepoint"]


# -- copies --------------------------------------------------------------------------------------------------


def _check_copied_images(images: Sequence[Row]) -> Iterator[Finding]:
    """One image under two subjects or timepoints: the same file, or another file of the same voxels."""
    for rows in _group(images, "voxel_digest").values():
        for row in rows:
            others = [other for other in rows if _visit(other) != _visit(row)]
            if others:
                yield _name_copies(row, others)


def _name_copies(row: Row, others: Sequence[Row]) -> Finding:
    if any(other["image_sha256"] == row["image_sha256"] for other in others):
        check, copy = Check.COHORT_SAME_IMAGE, "the image is the very file of"
    else:
        check, copy = Check.COHORT_SAME_VOXELS, "the image has, in another file, the very voxels of"
    listed = _list(other["case_id"] for other in others)
    return remark(check, row["case_id"], f"{copy} {listed}", len(others), 0.0, "images")


def _check_copied_masks(rois: Sequence[Row]) -> Iterator[Finding]:
    """One drawing under two visits, or twice on one image; several images of one visit may share it."""
    for rows in _group(rois, "mask_voxel_digest").values():
        for row in rows:
            others = [other for other in rows if _is_copy(row, other)]
            if others:
                what = f"the mask is voxel for voxel that of {_list(other['roi_id'] for other in others)}"
                yield remark(Check.COHORT_SAME_MASK, row["roi_id"], what, len(others), 0.0, "masks")


def _is_copy(row: Row, other: Row) -> bool:
    if other["roi_id"] == row["roi_id"]:
        return False
    return bool(other["case_id"] == row["case_id"]) or _visit(other) != _visit(row)


def _list(keys: Iterable[str]) -> str:
    names = sorted(keys)
    more = f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
    return ", ".join(names[:_MOST_SHOWN]) + more


# -- sites ---------------------------------------------------------------------------------------------------


def _check_sites(rois: Sequence[Row]) -> Iterator[Finding]:
    """Sites with more failed ROIs than chance would deal them (hypergeometric, Bonferroni over sites)."""
    sites = _group(rois, "site_id")
    failed = {site: sum(r["status"] == Status.FAILED.value for r in rows) for site, rows in sites.items()}
    total, bad = len(rois), sum(failed.values())
    for site in sorted(sites):
        (name,), n, k = site, len(sites[site]), failed[site]
        if k and float(hypergeom.sf(k - 1, total, bad, n)) < _SITE_LEVEL / len(sites):
            share, elsewhere = k / n, (bad - k) / (total - n)
            what = (
                f"{k} of {n} ROIs of the site failed ({share:.0%}), "
                f"elsewhere {bad - k} of {total - n} ({elsewhere:.0%})"
            )
            yield remark(Check.COHORT_SITE_FAILURES, name, what, share, elsewhere, "share")


# -- outliers ------------------------------------------------------------------------------------------------


def find_outliers(values: Sequence[float], settings: QcSettings) -> tuple[float, tuple[int, ...]]:
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


def _check_spacings(images: Sequence[Row], settings: QcSettings) -> Iterator[Finding]:
    for (modality, _), rows in sorted(_group(images, "modality", "image_id").items()):
        measured = [row for row in rows if row["spacing_x_mm"] is not None]
        if len(measured) < settings.min_group:
            continue
        for axis in "xyz":
            values = [row[f"spacing_{axis}_mm"] for row in measured]
            median, places = find_outliers(values, settings)
            for place in places:
                what = (
                    f"the spacing along {axis} is {values[place]:.3g} mm; "
                    f"the median of {len(values)} {modality} images is {median:.3g} mm"
                )
                key = measured[place]["case_id"]
                yield remark(Check.COHORT_SPACING_OUTLIER, key, what, values[place], median, "mm")


def _check_volumes(
    rois: Sequence[Row], modality: Mapping[str, str], settings: QcSettings
) -> Iterator[Finding]:
    known = [{**row, "modality": modality.get(row["case_id"])} for row in rois if row["volume_mm3"]]
    for (kind, roi), rows in sorted(_group(known, "modality", "roi").items()):
        if len(rows) < settings.min_group:
            continue
        median, places = find_outliers([row["volume_mm3"] for row in rows], settings)
        for place in places:
            volume = rows[place]["volume_mm3"]
            what = (
                f"the volume is {volume / 1000:.3g} cm3; "
                f"the median of {len(rows)} ROIs '{roi}' on {kind} is {median / 1000:.3g} cm3"
            )
            yield remark(Check.COHORT_VOLUME_OUTLIER, rows[place]["roi_id"], what, volume, median, "mm3")
