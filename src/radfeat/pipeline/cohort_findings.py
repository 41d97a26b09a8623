"""What is remarkable about a study as a whole, read from its collected tables."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from radfeat.core.findings import Finding
from radfeat.pipeline.finding_rows import finding_to_row, number_findings
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.plan import Plan
from radfeat.qc.cohort_checks import ROI_COLUMNS, SERIES_COLUMNS, check_cohort
from radfeat.qc.scanner_checks import ACQUISITION_COLUMNS, TOLD
from radfeat.qc.settings import QcSettings
from radfeat.tables.describe import locate_table
from radfeat.tables.parquet import build_table, iterate_table, read_columns, write_table
from radfeat.tables.schemas import ACQUISITION, FINDINGS, ROIS, SERIES

_BLOCK_ROWS = 131_072


def write_cohort_findings(folder: ResultsFolder, plan: Plan, settings: QcSettings) -> Path:
    """Check the cohort and write its findings as one more table to be collected; returns where.

    The tables ``series``, ``rois`` and ``acquisition`` are collected already. Checks of the cohort have names
    of their own, so that numbering their findings by themselves numbers them among all.
    """
    series = read_columns(locate_table(folder.blinded, SERIES), SERIES, SERIES_COLUMNS)
    rois = read_columns(locate_table(folder.blinded, ROIS), ROIS, ROI_COLUMNS)
    found = check_cohort(series, rois, _read_scanners(folder), settings)
    sites = _find_sites(found, series, rois)
    rows = number_findings([finding_to_row(f, sites.get(f.key, "")) for f in found])
    path = folder.spill / "cohort" / f"{FINDINGS.name}.parquet"
    write_table(
        path,
        build_table(FINDINGS, rows),
        FINDINGS,
        settings_digest=plan.case_digest,
        run_id=plan.run_id,
    )
    return path


def _read_scanners(folder: ResultsFolder) -> pa.Table:
    """The rows of ``acquisition`` that tell of scanners: three of some twenty per image."""
    wanted = pa.array(sorted(parameter.value for parameter in TOLD))
    blocks = iterate_table(locate_table(folder.blinded, ACQUISITION), ACQUISITION, _BLOCK_ROWS)
    kept = [
        block.filter(pc.is_in(block["parameter"], value_set=wanted)).select(list(ACQUISITION_COLUMNS))
        for block in blocks
    ]
    empty = build_table(ACQUISITION, []).select(list(ACQUISITION_COLUMNS))
    return pa.concat_tables([empty, *kept])


def _find_sites(found: Sequence[Finding], series: pa.Table, rois: pa.Table) -> dict[str, str]:
    """Site of each key of a finding; what is said of a site as a whole has the site as its key."""
    keys = pa.array(sorted({finding.key for finding in found}), pa.string())
    sites: dict[str, str] = {site: site for site in series["site_id"].unique().to_pylist()}
    for table, key in ((series, "case_id"), (rois, "roi_id")):
        named = table.filter(pc.is_in(table[key], value_set=keys)).select([key, "site_id"])
        sites |= dict(zip(named[key].to_pylist(), named["site_id"].to_pylist(), strict=True))
    return sites
