"""Where everything lies in a results folder; no other module spells these names."""

from dataclasses import dataclass
from pathlib import Path

CHUNK_TABLES = ("series", "rois", "features", "acquisition", "findings")
BLINDED_TABLES = (
    "series",
    "rois",
    "features",
    "features_long",
    "feature_catalogue",
    "acquisition",
    "findings",
    "repeatability",
    "perturbed_features",
)
REPEAT_TABLES = ("repeatability", "perturbed_features")
"""Those of the blinded tables that are written before the others are collected."""
DESCRIPTIONS = ("codebook.csv", "datapackage.json", "read.R", "read.py", "read.sql")
"""What lies beside the tables of either half."""
CONFORMANCE_PAGE = "conformance.html"
CONFORMANCE_FILES = (CONFORMANCE_PAGE, "conformance.parquet", "codebook.csv", "datapackage.json")
"""What lies in the folder about the installation."""
ARM_TABLES = (
    "feasibility",
    "predictions",
    "performance",
    "coefficients",
    "selection",
    "survival_curves",
    "cumulative_incidence",
    "restricted_means",
    "calibration",
    "decision_curves",
    "model_scores",
    "risks",
)
STUDY_TABLES = ("interactions", "analyses")
"""What the unblinded half has beside the tables of the arms."""


def list_blinded_tables(long: bool) -> tuple[str, ...]:
    """The blinded tables of a run, with the long table of features or without."""
    return tuple(name for name in BLINDED_TABLES if long or name != "features_long")


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    """A results folder; ``blinded`` and ``unblinded`` are its two halves."""

    root: Path

    @property
    def run_config(self) -> Path:
        """The settings of the run with every default written out."""
        return self.root / "run_config.yaml"

    @property
    def plan(self) -> Path:
        """What is to be done: sizes, digests, buckets."""
        return self.root / "plan" / "plan.json"

    @property
    def retries(self) -> Path:
        """How often the failed cases of each bucket were asked to be measured again."""
        return self.root / "plan" / "retries.json"

    @property
    def image_sizes(self) -> Path:
        """How many voxels images have, as their headers said."""
        return self.root / "plan" / "image_sizes.json"

    @property
    def run_lock(self) -> Path:
        """Who is at work in this folder."""
        return self.root / "run.lock"

    @property
    def audit(self) -> Path:
        """The audit trail; its head lies beside it."""
        return self.root / "audit.jsonl"

    @property
    def audit_notes(self) -> Path:
        """Events of jobs that the audit trail has not taken in yet."""
        return self.root / "audit.d"

    @property
    def inputs_seen(self) -> Path:
        """Digest of every input as the last run found it, by key."""
        return self.root / "plan" / "inputs.txt"

    @property
    def inputs_lock(self) -> Path:
        """Digest of every input as it was when the inputs were locked; absent while they are not."""
        return self.root / "plan" / "inputs_lock.json"

    @property
    def override(self) -> Path:
        """The verdict of the QC gate that a person overrode, and why."""
        return self.root / "plan" / "override.json"

    @property
    def extraction_settings(self) -> Path:
        """The settings that the blinded half may know."""
        return self.root / "plan" / "extraction.json"

    @property
    def blinded_settings(self) -> Path:
        """The settings that the blinded report may know and shows."""
        return self.root / "plan" / "blinded.json"

    @property
    def validated(self) -> Path:
        """What the validate stage found in the image sheet."""
        return self.root / "plan" / "validated.json"

    @property
    def gate(self) -> Path:
        """The verdict of the QC gate."""
        return self.root / "plan" / "gate.json"

    @property
    def analysis(self) -> Path:
        """What the unblinded half is to do: endpoints, arms and their folders."""
        return self.root / "plan" / "analysis.json"

    @property
    def readings(self) -> Path:
        """The analyses with which the arms were read; ``first.json`` is the first of them."""
        return self.root / "plan" / "readings"

    @property
    def lock(self) -> Path:
        """The locked analysis, beside the present one."""
        return self.root / "unblinded" / "analysis_lock.json"

    def manifest(self, bucket: str) -> Path:
        """The cases of one bucket."""
        return self.root / "plan" / f"bucket-{bucket}.json"

    def work(self, bucket: str) -> Path:
        """The tables of one bucket, before they are collected."""
        return self.root / "work" / f"bucket-{bucket}"

    def perturbed(self, bucket: str) -> Path:
        """The perturbed measurements of one bucket."""
        return self.work(bucket) / "perturbed_features.parquet"

    @property
    def spill(self) -> Path:
        """Room for rows on their way into the collected tables; empty but for a collection at work."""
        return self.root / "work" / "collect"

    def progress(self, bucket: str) -> Path:
        """How far one bucket is."""
        return self.root / "progress" / f"bucket-{bucket}.json"

    @property
    def cache(self) -> Path:
        """One record per case and settings: what a rerun need not compute again."""
        return self.root / "cache"

    @property
    def prepared(self) -> Path:
        """Prepared crops, kept where ``prepare.keep`` is set; one folder for the settings that made them."""
        return self.root / "prepared"

    def prepared_by(self, settings_digest: str) -> Path:
        """The prepared crops made with some settings."""
        return self.prepared / settings_digest[:12]

    @property
    def blinded(self) -> Path:
        """The blinded tables, their codebook, readers, pictures and report."""
        return self.root / "blinded"

    @property
    def previews(self) -> Path:
        """Pictures of the ROIs."""
        return self.blinded / "previews"

    @property
    def conformance(self) -> Path:
        """What the installation measures on IBSI's phantoms; true of any study, and described by itself."""
        return self.blinded / "conformance"

    @property
    def unblinded(self) -> Path:
        """The tables that know the arms and the outcomes."""
        return self.root / "unblinded"

    def model(self, endpoint_slug: str, arm_slug: str) -> Path:
        """The tables and the model of one endpoint in one arm."""
        return self.unblinded / "models" / endpoint_slug / arm_slug

    def contrasts(self, endpoint_slug: str) -> Path:
        """The interaction table of one endpoint."""
        return self.unblinded / "models" / endpoint_slug / "interactions.parquet"

    @property
    def blinded_report(self) -> Path:
        """The report that no arm and no outcome entered."""
        return self.blinded / "report.html"

    @property
    def report(self) -> Path:
        """The report of the whole run."""
        return self.root / "report.html"

    @property
    def evidence(self) -> Path:
        """Checklists answered from the run."""
        return self.root / "evidence"

    @property
    def logs(self) -> Path:
        """One log per job."""
        return self.root / "logs"
