"""The batch of each subject: its site, or the scanner of its images."""

from collections.abc import Mapping, Sequence

import pyarrow as pa

from radfeat.modelling.settings import BatchLabel, ModellingSettings


def find_scanners(features: pa.Table, series: pa.Table, settings: ModellingSettings) -> dict[str, str]:
    """Scanner of the images of each subject that enter, of several joined by `` + ``.

    ``features`` says which images (its ``case_id``) are a subject's at the declared timepoint (or the two of
    a change), of the declared image and ROIs; ``series`` has their scanners. A subject without a named
    scanner is left out.
    """
    named = dict(zip(series["case_id"].to_pylist(), series["scanner"].to_pylist(), strict=True))
    found: dict[str, set[str]] = {}
    columns = (features[n].to_pylist() for n in ("subject_id", "case_id", "timepoint", "image_id", "roi"))
    for subject, case, *place in zip(*columns, strict=True):
        if _enters(settings, *place) and named.get(case):
            found.setdefault(subject, set()).add(named[case])
    return {subject: " + ".join(sorted(scanners)) for subject, scanners in found.items()}


def label_batches(
    subjects: Sequence[str],
    sites: Mapping[str, str],
    scanners: Mapping[str, str],
    settings: ModellingSettings,
) -> tuple[str, ...]:
    """The batch of each subject; its site, in brackets, where it is to be a scanner and none is named."""
    if settings.batch is BatchLabel.SITE:
        return tuple(sites[s] for s in subjects)
    return tuple(scanners.get(s) or f"(site {sites[s]})" for s in subjects)


def _enters(settings: ModellingSettings, timepoint: str, image: str, roi: str) -> bool:
    delta = settings.delta
    visits = (settings.timepoint or timepoint,) if delta is None else (delta.baseline, delta.followup)
    return timepoint in visits and settings.image_id in (None, image) and roi in (settings.rois or (roi,))
