"""Collecting: the chunks' tables become the study's blinded tables, with all that explains them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from radfeat.config.model import StudySettings, compute_measurement_digest
from radfeat.core.files import write_text
from radfeat.core.vocabulary import Modality, Status
from radfeat.features.catalogue import build_catalogue, order_features
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.image_sheet import check_image_files
from radfeat.pipeline.chunk import number_findings
from radfeat.pipeline.folders import CHUNK_TABLES, ResultsFolder
from radfeat.pipeline.manifest import read_manifest
from radfeat.pipeline.plan import Plan, read_plan
from radfeat.pipeline.records import Row, finding_to_row
from radfeat.pipeline.sweep import sweep
from radfeat.qc.cohort_checks import check_cohort
from radfeat.qc.settings import QcSettings
from radfeat.qc.verdict import check_gate
from radfeat.tables.codebook import write_codebook
from radfeat.tables.combine import combine_tables
from radfeat.tables.conform import list_features
from radfeat.tables.datapackage import write_datapackage
from radfeat.tables.parquet import build_table, read_table, write_table
from radfeat.tables.readers import write_readers
from radfeat.tables.reshape import lengthen
from radfeat.tables.schemas import FEATURE_CATALOGUE, FEATURES, FINDINGS, PERTURBED_FEATURES, ROIS, TABLES


@dataclass(frozen=True, slots=True)
class FailureCounts:
    """How many ROIs there are, how many have no features, and for which reasons."""

    rois: int
    failed: int
    reasons: dict[str, int]

    @property
    def sentence(self) -> str:
        """``5 of 60 ROIs failed: 1 GEOMETRY, ...``, or that none did."""
        if not self.failed:
            return f"0 of {self.rois} ROIs failed"
        reasons = ", ".join(f"{n} {reason}" for reason, n in sorted(self.reasons.items()))
        return f"{self.failed} of {self.rois} ROIs failed: {reasons}"


def count_failures(rois: pa.Table) -> FailureCounts:
    """Count the ROIs of a ``rois`` table that have no features, by reason."""
    failed = rois.filter(pc.equal(rois["status"], Status.FAILED.value))
    counts = {v["values"]: v["counts"] for v in pc.value_counts(failed["reason"]).to_pylist()}
    return FailureCounts(rois.num_rows, failed.num_rows, counts)


def collect(folder: ResultsFolder) -> FailureCounts:
    """Write every blinded table of the study, the codebook, the data package and the readers."""
    plan = read_plan(folder)
    settings = json.loads(folder.extraction_settings.read_text(encoding="utf-8"))
    tables = {name: _combine(folder, plan, name) for name in CHUNK_TABLES}
    names = order_features([n for n in tables["features"].column_names if n not in FEATURES.column_names])
    tables["features"] = tables["features"].select([*FEATURES.column_names, *names])
    tables["findings"] = _with_cohort_findings(tables, QcSettings.model_validate(settings["qc"]))
    modalities = [Modality(name) for name in tables["series"]["modality"].unique().to_pylist()]
    every = order_features(sorted({*names, *_list_perturbed(folder)}))
    catalogue = build_catalogue(every, FeatureSettings.model_validate(settings["features"]), modalities)
    tables["feature_catalogue"] = build_table(FEATURE_CATALOGUE, catalogue)
    tables["features_long"] = lengthen(tables["features"])
    study = StudySettings.model_validate(settings)
    marks = {"recipe": study.prepare.recipe.value, "measurement": compute_measurement_digest(study)}
    for name, table in tables.items():
        write_table(
            folder.blinded / f"{name}.parquet",
            table,
            TABLES[name],
            settings_digest=plan.case_digest,
            run_id=plan.run_id,
            marks=marks,
        )
    describe_tables(folder.blinded, blinded=True, facts={"recipe": settings["prepare"]["recipe"]})
    sweep(folder, plan, tables["series"], tables["rois"], keep=settings["prepare"]["keep"])
    return count_failures(tables["rois"])


def _list_perturbed(folder: ResultsFolder) -> tuple[str, ...]:
    """Features of the perturbed measurements: the catalogue knows them even where no other ROI has any."""
    path = folder.blinded / f"{PERTURBED_FEATURES.name}.parquet"
    return list_features(read_table(path, PERTURBED_FEATURES), PERTURBED_FEATURES) if path.is_file() else ()


def describe_tables(folder: Path, *, blinded: bool, facts: Mapping[str, str] = MappingProxyType({})) -> None:
    """Write codebook, data package (with what is true of all its tables) and readers beside one half."""
    schemas = [schema for schema in TABLES.values() if schema.blinded is blinded]
    present = [schema for schema in schemas if (folder / f"{schema.name}.parquet").is_file()]
    write_codebook(folder, present)
    write_datapackage(folder, present, facts)
    write_readers(folder)


def _combine(folder: ResultsFolder, plan: Plan, name: str) -> pa.Table:
    paths = [folder.work(bucket) / f"{name}.parquet" for bucket in plan.buckets]
    return combine_tables(paths, TABLES[name])


def _with_cohort_findings(tables: dict[str, pa.Table], settings: QcSettings) -> pa.Table:
    found = check_cohort(tables["series"], tables["rois"], tables["acquisition"], settings)
    sites = _sites(tables)
    rows: list[Row] = [
        {k: v for k, v in row.items() if k != "ordinal"} for row in tables["findings"].to_pylist()
    ]
    rows += [finding_to_row(f, sites.get(f.key, "")) for f in found]
    return build_table(FINDINGS, number_findings(rows))


def _sites(tables: dict[str, pa.Table]) -> dict[str, str]:
    # What is said of a site as a whole has the site as its key.
    sites: dict[str, str] = {site: site for site in tables["series"]["site_id"].unique().to_pylist()}
    for name, key in (("series", "case_id"), ("rois", "roi_id")):
        table = tables[name]
        sites |= dict(zip(table[key].to_pylist(), table["site_id"].to_pylist(), strict=True))
    return sites


def validate_images(folder: ResultsFolder) -> Sequence[str]:
    """Look for the sheet's files and note what is missing; the run goes on, each a failed row."""
    plan = read_plan(folder)
    base = (folder.root / plan.base).resolve()
    rows = [row for bucket in plan.buckets for row in read_manifest(folder, bucket, base)]
    sentences = [fault.sentence for fault in check_image_files(rows)]
    write_text(folder.validated, json.dumps(sentences, indent=1, ensure_ascii=False) + "\n")
    return sentences


def judge_gate(folder: ResultsFolder) -> str | None:
    """The QC gate: None, or the sentence that stops the run; writes its verdict where it passes."""
    settings = json.loads(folder.extraction_settings.read_text(encoding="utf-8"))
    counts = count_failures(read_table(folder.blinded / "rois.parquet", ROIS))
    finding = check_gate(counts.failed, counts.rois, QcSettings.model_validate(settings["qc"]))
    if finding is not None:
        return finding.sentence
    write_text(folder.gate, json.dumps(asdict(counts), indent=1) + "\n")
    return None
