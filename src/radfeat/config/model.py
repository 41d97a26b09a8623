"""The settings of a study as one frozen value: one section per room, and where the sheets lie."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from radfeat.config.candidates import require_measured
from radfeat.config.recipes import require_one_recipe
from radfeat.core.digest import compute_json_digest
from radfeat.core.version import NUMBERS_VERSION
from radfeat.core.vocabulary import RepeatSource
from radfeat.features.settings import FeatureSettings
from radfeat.ingest.settings import IngestSettings
from radfeat.modelling.settings import ModellingSettings
from radfeat.perturb.settings import PerturbSettings
from radfeat.prepare.settings import PrepareSettings
from radfeat.qc.repeatability_settings import RepeatabilitySettings
from radfeat.qc.settings import GATE_LIMITS, QcSettings
from radfeat.report.settings import ReportSettings
from radfeat.tables.settings import TableSettings


class StudySettings(BaseModel):
    """Everything that a run needs to know, besides the sheets themselves.

    Paths are relative to the folder of the configuration file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    study: str = Field(
        default="study",
        min_length=1,
        max_length=120,
        description="Title of the study, for the report's head. It enters no number and no digest.",
    )
    images: str = Field(
        default="images.csv",
        min_length=1,
        description="The image sheet: one row per image and mask. No arm and no outcome in it.",
    )
    clinical: str | None = Field(
        default=None,
        description=(
            "The clinical sheet: arms, endpoints, covariates; one row per subject. Without it the run "
            "ends with the blinded tables and their report."
        ),
    )
    results: str = Field(
        default="results", min_length=1, description="Folder for everything that the run writes."
    )
    parameter_file: str | None = Field(
        default=None,
        description=(
            "A PyRadiomics parameter file (YAML), taken as it is. It replaces the sections `prepare` and "
            "`features`, which then may hold only `prepare.keep`."
        ),
    )
    protocol_file: str | None = Field(
        default=None,
        description=(
            "The imaging protocol (YAML): what is allowed of slice spacing, kernel, tube voltage, uptake "
            "time and so on, by modality. It is the section `qc.protocol`, which must then be absent."
        ),
    )
    ibsi_phantom: str | None = Field(
        default=None,
        min_length=1,
        description=(
            "Folder of IBSI's CT phantom, so that the report says how far this installation conforms to "
            "IBSI-1 in configurations A to E as well; the digital phantom is always measured. Default: "
            "not given. It alters no number."
        ),
    )
    ingest: IngestSettings = Field(default_factory=IngestSettings, description="Reading images and masks.")
    prepare: PrepareSettings = Field(
        default_factory=PrepareSettings, description="From the image as read to the image as measured."
    )
    features: FeatureSettings = Field(default_factory=FeatureSettings, description="What is measured.")
    qc: QcSettings = Field(default_factory=QcSettings, description="Checks of images, masks and tables.")
    repeatability: RepeatabilitySettings = Field(
        default_factory=RepeatabilitySettings,
        description="Which rows of the image sheet repeat each other, and how that is measured.",
    )
    perturb: PerturbSettings = Field(
        default_factory=PerturbSettings,
        description="Image and mask altered at random and measured again, as a source of repeats.",
    )
    tables: TableSettings = Field(
        default_factory=TableSettings,
        description="How the blinded tables lie on the disk; alters no value and no digest of a table.",
    )
    modelling: ModellingSettings = Field(
        default_factory=ModellingSettings, description="Endpoints, arms and models."
    )
    report: ReportSettings = Field(default_factory=ReportSettings, description="The report.")

    @model_validator(mode="before")
    @classmethod
    def _features_follow_the_recipe(cls, data: Any) -> Any:
        """The recipe is said once, in `prepare`; the features are measured by the same one."""
        if not isinstance(data, dict):
            return data
        prepare, features = data.get("prepare"), data.get("features", {})
        recipe = prepare.get("recipe") if isinstance(prepare, dict) else getattr(prepare, "recipe", None)
        if recipe is None or not isinstance(features, dict | None) or "recipe" in (features or {}):
            return data
        return {**data, "features": {**(features or {}), "recipe": recipe}}

    @model_validator(mode="after")
    def _one_recipe(self) -> Self:
        require_one_recipe(self.prepare, self.features)
        return self

    @model_validator(mode="after")
    def _candidates_are_measured(self) -> Self:
        require_measured(self.features, self.modelling)
        return self

    @model_validator(mode="after")
    def _endpoints_need_a_sheet(self) -> Self:
        if self.modelling.endpoints and self.clinical is None:
            raise ValueError(
                "modelling.endpoints are declared but `clinical` names no clinical sheet: "
                "add `clinical: clinical.csv`, or remove the endpoints"
            )
        return self

    @model_validator(mode="after")
    def _endpoints_need_arms(self) -> Self:
        if self.modelling.endpoints and not self.modelling.arms:
            raise ValueError(
                "modelling.endpoints are declared but modelling.arms names no arm: "
                "list the arms of the clinical sheet, the reference first (one arm is allowed)"
            )
        return self

    @model_validator(mode="after")
    def _filter_has_a_source(self) -> Self:
        wanted = self.modelling.repeatability.source if self.modelling.repeatability else None
        if wanted is RepeatSource.PERTURBATION and not self.perturb.is_on:
            raise ValueError(
                "modelling.repeatability filters by perturbation but perturb.repeats is 0: "
                "set perturb.repeats, or name another source"
            )
        scans = self.repeatability.retest_timepoints or self.repeatability.retest_images
        if wanted is RepeatSource.TEST_RETEST and not scans:
            raise ValueError(
                "modelling.repeatability filters by test_retest but no scan is declared to be repeated: "
                "set repeatability.retest_timepoints or repeatability.retest_images"
            )
        return self

    @property
    def stratifies(self) -> bool:
        """Whether the run goes on to the unblinded half: clinical sheet, endpoints and arms are declared."""
        return self.clinical is not None and bool(self.modelling.endpoints) and bool(self.modelling.arms)


def section(settings: StudySettings, name: str) -> dict[str, Any]:
    """One section of the settings as plain JSON values, defaults included."""
    value: dict[str, Any] = settings.model_dump(mode="json", include={name})[name]
    return value


def compute_extraction_digest(settings: StudySettings) -> str:
    """Digest of all that can alter a feature value: ingest, prepare, features, the numbers version.

    ``prepare.keep`` only keeps copies and does not enter.
    """
    prepare = section(settings, "prepare")
    prepare.pop("keep", None)
    return compute_json_digest(
        {
            "ingest": section(settings, "ingest"),
            "prepare": prepare,
            "features": section(settings, "features"),
            "numbers_version": NUMBERS_VERSION,
        }
    )


def compute_measurement_digest(settings: StudySettings) -> str:
    """Digest of what a feature value depends on besides the image as read: prepare, features, the numbers.

    Two runs with one digest may read different files; a model of one can score the subjects of the other.
    """
    prepare = section(settings, "prepare")
    prepare.pop("keep", None)
    return compute_json_digest(
        {"prepare": prepare, "features": section(settings, "features"), "numbers_version": NUMBERS_VERSION}
    )


def compute_case_digest(settings: StudySettings) -> str:
    """Digest of all that can alter a case's record: its values, its findings, the copies kept.

    The gate's limits judge a finished run and do not enter.
    """
    return compute_json_digest(
        {
            "extraction": compute_extraction_digest(settings),
            "qc": {k: v for k, v in section(settings, "qc").items() if k not in GATE_LIMITS},
            "keep": settings.prepare.keep,
        }
    )


def compute_perturb_digest(settings: StudySettings) -> str:
    """Digest of all that can alter a perturbed measurement: how it is altered, measured, and excluded."""
    qc = {k: v for k, v in section(settings, "qc").items() if k not in GATE_LIMITS}
    return compute_json_digest([compute_extraction_digest(settings), qc, section(settings, "perturb")])


def compute_repeatability_digest(settings: StudySettings) -> str:
    """Digest of all that can alter the table of repeatability."""
    parts = [compute_case_digest(settings), compute_perturb_digest(settings)]
    return compute_json_digest([*parts, section(settings, "repeatability")])


def compute_modelling_digest(settings: StudySettings) -> str:
    """Digest of the analysis settings."""
    return compute_json_digest(section(settings, "modelling"))
