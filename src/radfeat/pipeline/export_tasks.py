"""What there is to export: the tables of a run and the rows of its sheet, put together case by case."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from radfeat.core.errors import TableError
from radfeat.core.keys import stem_of
from radfeat.core.vocabulary import Modality, Status, Unit
from radfeat.export.coded_features import CodedFeature, Row, choose_coded_features
from radfeat.features.catalogue import build_catalogue
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.image_sheet import ImageRow
from radfeat.ingest.settings import IngestSettings
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.plan import Plan, read_plan
from radfeat.tables.parquet import read_identity, read_table
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES, ROIS, SERIES, TableSchema

Rows = Mapping[str, Mapping[str, object]]
"""Rows of a table by their key."""


@dataclass(frozen=True, slots=True)
class MeasuredRoi:
    """An ROI that was measured: its row of the sheet, the digest of its mask, its steps (JSON) and values."""

    row: ImageRow
    mask_voxel_digest: str
    steps: str
    values: Mapping[str, float | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExportTask:
    """One case; ``rois`` are those that were measured, ``reasons`` those why the others were not."""

    case_id: str
    image: Path
    voxel_digest: str
    unit: Unit
    rois: tuple[MeasuredRoi, ...]
    reasons: tuple[str, ...]

    @property
    def stem(self) -> str:
        """A name for the case's files, without identity."""
        return stem_of(self.case_id)


@dataclass(frozen=True, slots=True)
class ReportPlan:
    """What reports are made with: the coded features, the catalogue's rows, the digest of the settings."""

    features: tuple[CodedFeature, ...]
    catalogue: tuple[Row, ...]
    settings_digest: str


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What a run has to export; ``reports``, by modality, is None where only masks are wanted."""

    tasks: tuple[ExportTask, ...]
    ingest: IngestSettings
    reports: Mapping[Modality, ReportPlan] | None


def plan_export(folder: ResultsFolder, *, features: bool) -> ExportPlan:
    """Read what a run has to export.

    Parameters
    ----------
    folder
        The results of a run.
    features
        Whether values are wanted beside the masks.

    Raises
    ------
    TableError
        If there are no results, or not those of the present plan.
    """
    plan = read_plan(folder)
    settings = json.loads(folder.extraction_settings.read_text(encoding="utf-8"))
    tables = {schema: _read(folder, plan, schema) for schema in (SERIES, ROIS)}
    modalities = [Modality(name) for name in tables[SERIES]["modality"].unique().to_pylist()]
    measured = FeatureSettings.model_validate(settings["features"])
    reports = {m: _plan_reports(folder, plan, measured, m) for m in modalities} if features else None
    values = {} if reports is None else _read_values(folder, plan, reports)
    series = _by_key(tables[SERIES], "case_id")
    rois = _by_key(tables[ROIS], "roi_id")
    base = (folder.root / plan.base).resolve()
    rows = sorted((r for b in plan.buckets for r in read_manifest(folder, b, base)), key=lambda r: r.key)
    cases = [tuple(group) for _, group in groupby(rows, key=lambda row: row.key.case)]
    return ExportPlan(
        tuple(_build_task(case, series, rois, values) for case in cases),
        IngestSettings.model_validate(settings["ingest"]),
        reports,
    )


def _read(folder: ResultsFolder, plan: Plan, schema: TableSchema) -> pa.Table:
    path = folder.blinded / f"{schema.name}.parquet"
    table = read_table(path, schema)
    identity = read_identity(path)
    if (identity.run_id, identity.settings_digest) != (plan.run_id, plan.case_digest):
        raise TableError(
            "the table is not of the present plan: sheet or settings have changed since",
            key=path.name,
            remedy="Run the study again, then export",
        )
    return table


def _plan_reports(
    folder: ResultsFolder, plan: Plan, settings: FeatureSettings, modality: Modality
) -> ReportPlan:
    """The catalogue as it holds for the images of one modality."""
    names = _read(folder, plan, FEATURE_CATALOGUE)["feature"].to_pylist()
    catalogue = tuple(build_catalogue(names, settings, [modality]))
    features = choose_coded_features(catalogue)
    if not features:
        raise TableError(
            "no feature of the original image has an IBSI code",
            key=f"{FEATURE_CATALOGUE.name}.parquet",
            remedy="Measure the image type Original, or export masks alone",
        )
    return ReportPlan(features, catalogue, plan.case_digest)


def _read_values(
    folder: ResultsFolder, plan: Plan, reports: Mapping[Modality, ReportPlan]
) -> Mapping[str, Mapping[str, float | None]]:
    columns = dict.fromkeys(f.column for report in reports.values() for f in report.features)
    table = _read(folder, plan, FEATURES)
    measured = table.filter(pc.equal(table["status"], Status.OK.value))
    chosen = measured.select(list(columns))
    return dict(zip(measured["roi_id"].to_pylist(), chosen.to_pylist(), strict=True))


def _by_key(table: pa.Table, key: str) -> Rows:
    return {row[key]: row for row in table.to_pylist()}


def _build_task(
    case: tuple[ImageRow, ...],
    series: Rows,
    rois: Rows,
    values: Mapping[str, Mapping[str, float | None]],
) -> ExportTask:
    image = series[case[0].key.case.case_id]
    measured = [row for row in case if rois[row.key.roi_id]["status"] == Status.OK.value]
    others = [rois[row.key.roi_id] for row in case if row not in measured]
    return ExportTask(
        case[0].key.case.case_id,
        case[0].image,
        str(image["voxel_digest"]),
        Unit(str(image["unit"])) if measured else Unit.ARBITRARY,
        tuple(_build_roi(row, rois[row.key.roi_id], values) for row in measured),
        tuple(str(roi["reason"]) for roi in others),
    )


def _build_roi(
    row: ImageRow, roi: Mapping[str, object], values: Mapping[str, Mapping[str, float | None]]
) -> MeasuredRoi:
    return MeasuredRoi(row, str(roi["mask_voxel_digest"]), str(roi["steps"]), values.get(row.key.roi_id, {}))
