"""Taking away what no row names any more: pictures, crops and records of subjects who left the sheet."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from radfeat.core.keys import stem_of
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan


def sweep(folder: ResultsFolder, plan: Plan, series: pa.Table, rois: pa.Table, *, keep: bool) -> None:
    """Remove pictures, prepared crops, cache records and chunks that the collected tables do not stand for.

    A subject who withdraws is taken out of the sheet; nothing of the scan may stay behind then. Crops of
    other settings than the present ones go as well, and all of them where ``keep`` is false.
    """
    for path in _list_leftovers(folder, plan, series, rois, keep):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _list_leftovers(
    folder: ResultsFolder, plan: Plan, series: pa.Table, rois: pa.Table, keep: bool
) -> Iterator[Path]:
    pictures = set(rois["preview"].to_pylist())
    yield from (p for p in folder.previews.glob("*.png") if p.name not in pictures)
    cases = {stem_of(case_id) for case_id in series["case_id"].to_pylist()}
    yield from (p for p in folder.cache.glob("*/*.json.gz") if p.name.split("-")[0] not in cases)
    present = folder.prepared_by(plan.case_digest)
    yield from (p for p in folder.prepared.glob("*") if not keep or p != present)
    stems = {stem_of(roi_id) for roi_id in rois["roi_id"].to_pylist()}
    if keep:
        yield from (p for p in present.glob("*.nii.gz") if p.name.split("_")[0] not in stems)
    chunks = {folder.work(b).name for b in plan.buckets}
    for parent in (folder.plan.parent, folder.work("0").parent, folder.progress("0").parent):
        yield from (p for p in parent.glob("bucket-*") if p.name.split(".")[0] not in chunks)
