"""What a run has to do: the sheet's cases dealt into buckets, each with a digest of its rows.

Planning reads the configuration and the image sheet and asks the file system for the size and time of
each file; of images it reads headers alone (of `.mhd` and `.nhdr`, which name a data file, and of the
largest files of each chunk), and no clinical sheet. Files are rewritten only where their content changes, so
that Snakemake sees a change exactly where there is one.
"""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from radfeat.config.lock import compute_lock_parts
from radfeat.config.model import (
    StudySettings,
    compute_case_digest,
    compute_modelling_digest,
    compute_repeatability_digest,
    section,
)
from radfeat.core.digest import compute_json_digest
from radfeat.core.errors import TableError
from radfeat.core.files import write_text_if_changed
from radfeat.core.pause import paused_collector
from radfeat.core.version import VERSION
from radfeat.ingest.image_sheet import ImageRow, read_image_sheet
from radfeat.pipeline.buckets import choose_bucket_count, name_bucket
from radfeat.pipeline.code import compute_feature_code_digest, compute_model_code_digest
from radfeat.pipeline.ct_phantom import require_ct_phantom
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.inputs_lock import require_locked_inputs
from radfeat.pipeline.manifest import Stats, list_stats, row_to_json
from radfeat.pipeline.memory_need import estimate_memory
from radfeat.pipeline.perturb_plan import digest_perturbed
from radfeat.pipeline.plan import AnalysisPlan, Plan, Slugged, read_plan
from radfeat.pipeline.sheets_match import require_protocol_images, require_repeats

_OWN_FILE = 0o600


BLINDED_SECTIONS = ("ingest", "prepare", "features", "qc", "repeatability", "perturb", "tables")


@paused_collector()
def build_plan(settings: StudySettings, base: Path, folder: ResultsFolder) -> Plan:
    """Read the image sheet, deal its cases into buckets and write the plan.

    Parameters
    ----------
    settings
        The study's settings.
    base
        Folder of the configuration file; the sheet's paths hang from the sheet's own folder.
    folder
        The results folder, made if it is not there.

    Raises
    ------
    TableError
        If the image sheet has faults; the message lists all of them. Or if the inputs are locked, and one is
        not as it was.
    SettingsError
        If the protocol, or the settings of repeats, name images or others that the sheet does not have, or
        ``ibsi_phantom`` names no phantom.
    """
    # Links are followed once, here: a path that climbs out of a linked folder ends elsewhere.
    base = base.resolve()
    rows = _read_rows(settings, base)
    require_protocol_images(rows, settings.qc)
    require_ct_phantom(settings.ibsi_phantom, base)
    require_repeats(rows, settings.repeatability, settings.perturb)
    require_locked_inputs(folder, rows, settings, base)
    _make_own_folder(folder.plan.parent)
    dealt = _deal(rows, base, cache(list_stats))  # the rows of one image name its files again
    buckets = tuple(sorted(dealt))
    plan = Plan(
        version=VERSION,
        base=os.path.relpath(base, folder.root.resolve()),
        cases=len({row.key.case for row in rows}),
        rois=len(rows),
        buckets=buckets,
        row_digests={b: compute_json_digest(dealt[b]) for b in buckets},
        case_digest=compute_case_digest(settings),
        code_digest=compute_feature_code_digest(),
        run_id=_run_id(dealt, settings),
        qc_digest=compute_json_digest(section(settings, "qc")),
        report_digest=compute_json_digest(_show_blinded(settings)),
        perturb_digests=digest_perturbed(rows, settings),
        repeatability_digest=compute_repeatability_digest(settings),
        memory_mb=estimate_memory(dealt, base, (settings.prepare, settings.features), folder.image_sizes),
    )
    _write_plan(plan, dealt, settings, folder)
    return plan


def require_present_plan(folder: ResultsFolder, settings: StudySettings, base: Path) -> None:
    """Refuse to go on where sheet, settings or version are not those that the plan was made of.

    Parameters
    ----------
    folder
        A results folder with a plan.
    settings, base
        The study's settings as they are now, and the folder of the configuration file.

    Raises
    ------
    TableError
        If they differ; the files' own content is no part of the plan's identity.
    """
    plan, base = read_plan(folder), base.resolve()
    if plan.version != VERSION:
        changed = f"version {plan.version} of radfeat made it, this is {VERSION}"
    elif plan.case_digest != compute_case_digest(settings):
        changed = "the settings have changed since"
    elif plan.run_id != _run_id(_deal(_read_rows(settings, base), base, lambda _: ()), settings):
        changed = "the image sheet has changed since"
    else:
        return
    raise TableError(
        f"the plan is not that of the present study: {changed}",
        key=folder.plan.name,
        remedy="Run the study again",
    )


def _read_rows(settings: StudySettings, base: Path) -> tuple[ImageRow, ...]:
    rows = read_image_sheet(base / settings.images)
    if not rows:
        raise TableError(
            "the image sheet has no rows", key=settings.images, remedy="Add one row per image and mask"
        )
    return rows


def _deal(rows: Sequence[ImageRow], base: Path, stats: Stats) -> dict[str, list[dict[str, Any]]]:
    """The rows by bucket, in the order of their keys."""
    count = choose_bucket_count(len({row.key.case for row in rows}))
    dealt: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=_order):
        dealt.setdefault(name_bucket(row.key.case, count), []).append(row_to_json(row, base, stats))
    return dealt


def _order(row: ImageRow) -> tuple[str, ...]:
    """The order of the keys, as a tuple: comparing the values of two keys would build four."""
    case = row.key.case
    names = (case.study_id, case.site_id, case.subject_id, case.timepoint, case.image_id)
    return (*names, row.key.roi, row.key.lesion_id)


def _run_id(dealt: dict[str, list[dict[str, Any]]], settings: StudySettings) -> str:
    """Identity of sheet, blinded settings and code: the same on any machine and day, in any chunks."""
    rows = [{k: v for k, v in row.items() if k != "stat"} for chunk in dealt.values() for row in chunk]
    rows.sort(key=lambda row: (row["case"], row["roi"], row["lesion_id"]))
    return compute_json_digest([rows, compute_case_digest(settings), VERSION])[:16]


def _write_plan(
    plan: Plan, dealt: dict[str, list[dict[str, Any]]], settings: StudySettings, folder: ResultsFolder
) -> None:
    for bucket, rows in dealt.items():
        write_text_if_changed(folder.manifest(bucket), _rows_to_json(rows))
        folder.manifest(bucket).chmod(_OWN_FILE)
    blinded = {name: section(settings, name) for name in BLINDED_SECTIONS}
    write_text_if_changed(folder.extraction_settings, _to_json(blinded))
    write_text_if_changed(folder.blinded_settings, _to_json(_show_blinded(settings)))
    resolved = settings.model_dump(mode="json")
    write_text_if_changed(
        folder.run_config, yaml.safe_dump(resolved, sort_keys=False, allow_unicode=True, width=100)
    )
    analysis = build_analysis_plan(settings)
    write_text_if_changed(folder.analysis, _to_json(None if analysis is None else asdict(analysis)))
    write_text_if_changed(folder.plan, _to_json(asdict(plan)))


def _make_own_folder(path: Path) -> None:
    """Only its owner may enter: manifests name the files as the sites named them, perhaps after someone."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def _show_blinded(settings: StudySettings) -> dict[str, Any]:
    """The settings that the blinded report may know and shows; named one by one, none taken away."""
    shown = settings.model_dump(mode="json")
    names = (
        "study",
        "images",
        "parameter_file",
        "protocol_file",
        "ibsi_phantom",
        *BLINDED_SECTIONS,
        "report",
    )
    return {name: shown[name] for name in names}


def build_analysis_plan(settings: StudySettings) -> AnalysisPlan | None:
    """The unblinded half of the plan, or None where nothing is to be stratified."""
    if not settings.stratifies or settings.clinical is None:
        return None
    return AnalysisPlan(
        endpoints=_slugs([e.name for e in settings.modelling.endpoints]),
        arms=_slugs(list(settings.modelling.arms)),
        clinical=settings.clinical,
        digest=compute_modelling_digest(settings),
        code_digest=compute_model_code_digest(),
        lock=compute_json_digest(compute_lock_parts(settings)),
    )


def _slugs(names: list[str]) -> tuple[Slugged, ...]:
    """Folder names: a number and the plain letters of the name, whatever else the name holds."""
    return tuple(
        Slugged(name, f"{i:02d}-{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')[:40]}".rstrip("-"))
        for i, name in enumerate(names, start=1)
    )


def _rows_to_json(rows: Sequence[dict[str, Any]]) -> str:
    """A row on a line: with indents Python's encoder of JSON takes ten times as long."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
    return f"[\n{lines}\n]\n"


def _to_json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
