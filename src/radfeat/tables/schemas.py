"""Every table that radfeat writes: its columns, units, meaning, key and side of the blind.

A table's schema is versioned; a change of meaning raises the major version. ``features`` and nothing
else has further columns than those listed: one float64 column per feature, described by
``feature_catalogue``.
"""

from dataclasses import dataclass
from enum import StrEnum

from radfeat.core.vocabulary import Reason


class ColumnType(StrEnum):
    """Logical type of a column; every number is float64 unless it counts something."""

    STRING = "string"
    FLOAT = "float64"
    INTEGER = "int64"
    BOOLEAN = "bool"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``description`` is one sentence; ``values`` lists the allowed texts, if closed."""

    name: str
    type: ColumnType
    description: str
    unit: str = ""
    nullable: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table: rows are unique by and sorted by ``key``."""

    name: str
    version: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    blinded: bool
    feature_columns: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the fixed columns, in order."""
        return tuple(c.name for c in self.columns)


def _text(name: str, description: str, *, nullable: bool = False, values: tuple[str, ...] = ()) -> Column:
    return Column(name, ColumnType.STRING, description, nullable=nullable, values=values)


def _real(name: str, description: str, unit: str = "1", *, nullable: bool = True) -> Column:
    return Column(name, ColumnType.FLOAT, description, unit, nullable)


def _count(name: str, description: str, unit: str = "count", *, nullable: bool = False) -> Column:
    return Column(name, ColumnType.INTEGER, description, unit, nullable)


def _flag(name: str, description: str, *, nullable: bool = False) -> Column:
    return Column(name, ColumnType.BOOLEAN, description, nullable=nullable)


_CASE = (
    _text("case_id", "Canonical identifier of the image: study/site/subject/timepoint/image."),
    _text("study_id", "Study."),
    _text("site_id", "Site that acquired the image."),
    _text("subject_id", "Subject, as the sheet names it."),
    _text("timepoint", "Visit or timepoint."),
    _text("image_id", "Image of that subject and timepoint."),
)
_ROI = (
    _text("roi_id", "Canonical identifier of the ROI: case_id/roi, or case_id/roi/lesion."),
    *_CASE,
    _text("roi", "Name of the drawn region."),
    _text("lesion_id", "Lesion drawn in the region.", nullable=True),
)
_REASONS = tuple(reason.value for reason in Reason)
_STATUS = (
    _text("status", "OK, or FAILED with a reason.", values=("OK", "FAILED")),
    _text("reason", "Why there are no features; NULL where status is OK.", nullable=True, values=_REASONS),
)

SERIES = TableSchema(
    "series",
    "1.0",
    "One row per image: geometry, intensities and digests.",
    (
        *_CASE,
        _text("modality", "DICOM modality, from the sheet."),
        _text("scanner", "Scanner, from the sheet.", nullable=True),
        Column("day", ColumnType.FLOAT, "Study day of the image, from the sheet.", "d", nullable=True),
        *_STATUS,
        _text("unit", "Unit of the intensities.", nullable=True),
        _text("voxel_type", "Number type of the voxels in the file.", nullable=True),
        _count("size_x", "Voxels along x.", "voxel", nullable=True),
        _count("size_y", "Voxels along y.", "voxel", nullable=True),
        _count("size_z", "Voxels along z.", "voxel", nullable=True),
        _real("spacing_x_mm", "Voxel spacing along x.", "mm"),
        _real("spacing_y_mm", "Voxel spacing along y.", "mm"),
        _real("spacing_z_mm", "Voxel spacing along z.", "mm"),
        _real("intensity_min", "Least intensity in the image, in the image's unit.", "intensity"),
        _real("intensity_max", "Greatest intensity in the image, in the image's unit.", "intensity"),
        _text("image_sha256", "SHA-256 of the image file.", nullable=True),
        _text("voxel_digest", "SHA-256 of voxels and geometry, whatever the container.", nullable=True),
    ),
    ("case_id",),
    blinded=True,
)

ROIS = TableSchema(
    "rois",
    "1.0",
    "One row per ROI: size, place and what became of it.",
    (
        *_ROI,
        _text("role", "Role of the ROI (GTV, node, ...), from the sheet.", nullable=True),
        _text("reader_id", "Who drew it, from the sheet.", nullable=True),
        *_STATUS,
        _text("sentence", "The reason in one sentence.", nullable=True),
        _count("voxels", "Voxels of the mask as drawn.", "voxel", nullable=True),
        _real("volume_mm3", "Voxels as drawn times voxel volume.", "mm3"),
        _count("bbox_x", "First voxel of the bounding box as drawn, x.", "voxel", nullable=True),
        _count("bbox_y", "First voxel of the bounding box as drawn, y.", "voxel", nullable=True),
        _count("bbox_z", "First voxel of the bounding box as drawn, z.", "voxel", nullable=True),
        _count("bbox_size_x", "Extent of the bounding box as drawn, x.", "voxel", nullable=True),
        _count("bbox_size_y", "Extent of the bounding box as drawn, y.", "voxel", nullable=True),
        _count("bbox_size_z", "Extent of the bounding box as drawn, z.", "voxel", nullable=True),
        _count("components", "26-connected components of the mask as drawn.", nullable=True),
        _count("prepared_voxels", "Voxels of the intensity mask after preparation.", "voxel", nullable=True),
        _text("mask_sha256", "SHA-256 of the mask file.", nullable=True),
        _text("mask_voxel_digest", "SHA-256 of mask voxels and geometry.", nullable=True),
        _text("steps", "The preparation steps carried out, as JSON.", nullable=True),
        _text("preview", "File name of the picture in previews/.", nullable=True),
    ),
    ("roi_id",),
    blinded=True,
)

FEATURES = TableSchema(
    "features",
    "1.0",
    "One row per ROI, one column per feature; the table for modelling.",
    (*_ROI, *_STATUS),
    ("roi_id",),
    blinded=True,
    feature_columns=True,
)

FEATURES_LONG = TableSchema(
    "features_long",
    "1.0",
    "One row per ROI and feature; holds exactly what features holds.",
    (
        *_ROI,
        _text("feature", "Feature, as in the columns of features."),
        _real("value", "The value; NULL with a reason where there is none.", "see feature_catalogue"),
        *_STATUS,
    ),
    ("roi_id", "feature"),
    blinded=True,
)

FEATURE_CATALOGUE = TableSchema(
    "feature_catalogue",
    "1.0",
    "One row per feature column: what it is.",
    (
        _text("feature", "Column name in features: PyRadiomics' own key."),
        _text("code", "Stable 8-character code, a legal SAS name; never changed, never reused."),
        _text("image_type", "Image type (original, LoG, wavelet, ...)."),
        _text("image_parameters", "Parameters of the image type and its discretisation, as JSON."),
        _text("family", "Feature family (shape, firstorder, glcm, ...)."),
        _text("name", "Feature name in its family."),
        _text("ibsi_code", "IBSI code of the feature, where there is a counterpart.", nullable=True),
        _text("unit", "Unit; 'intensity' is the image's own unit."),
        _text("ibsi_deviation", "How the definition deviates from IBSI; NULL if it does not.", nullable=True),
        _text("description", "The feature in one sentence."),
    ),
    ("feature",),
    blinded=True,
)

FINDINGS = TableSchema(
    "findings",
    "1.0",
    "One row per check that spoke.",
    (
        _text("key", "case_id or roi_id that the finding is about."),
        _text("check", "Name of the check."),
        _count("ordinal", "Number of the finding within key and check, from 1."),
        _text("site_id", "Site of the key."),
        _text("severity", "INFO, WARNING or ERROR.", values=("INFO", "WARNING", "ERROR")),
        _real("measured", "What was measured.", "see unit"),
        _real("limit", "What is allowed.", "see unit"),
        _text("unit", "Unit of measured and limit.", nullable=True),
        _text("sentence", "The finding in one sentence."),
    ),
    ("key", "check", "ordinal"),
    blinded=True,
)

_ENDPOINT = _text("endpoint", "Endpoint, as named in the settings.")
_ARM = _text("arm", "Arm that the model was fitted in.")

FEASIBILITY = TableSchema(
    "feasibility",
    "1.0",
    "One row per endpoint and arm: whether there is enough to fit a model, and why not.",
    (
        _ENDPOINT,
        _ARM,
        _count("n", "Subjects with features and outcome."),
        _count("events", "Events (time-to-event) or subjects of the positive class (binary)."),
        _count("non_events", "Censored subjects, or subjects of the negative class."),
        _count("sites", "Sites."),
        _count("predictors", "Predictors offered to the model after the outcome-blind filters."),
        _count("min_events", "Fewest events (or subjects per class) with which a model is fitted."),
        _flag("feasible", "Whether a model was fitted."),
        _text("sentence", "The verdict in one sentence."),
    ),
    ("endpoint", "arm"),
    blinded=False,
)

PREDICTIONS = TableSchema(
    "predictions",
    "1.0",
    "One row per subject, model and repeat: the score by a model that did not see the subject.",
    (
        _ENDPOINT,
        _text("model_arm", "Arm that the model was fitted in."),
        _text("subject_id", "Subject."),
        _count("repeat", "Repeat of the cross-validation, from 1."),
        _text("arm", "Arm of the subject (equal to model_arm, or scored from outside)."),
        _text("site_id", "Site of the subject."),
        _count("fold", "Outer fold whose model gave the score, from 1."),
        _real("score", "Linear predictor, standardised by the training fold; higher means more risk."),
        _text("stratum", "Class by the training fold's cut.", nullable=True, values=("low", "high")),
        _real("time", "Time to event or censoring, unit of the endpoint; NULL if binary.", "time"),
        _flag("event", "Event, or positive class."),
    ),
    ("endpoint", "model_arm", "subject_id", "repeat"),
    blinded=False,
)

PERFORMANCE = TableSchema(
    "performance",
    "1.0",
    "One row per endpoint, arm and metric.",
    (
        _ENDPOINT,
        _ARM,
        _text("model", "Which model: radiomics, or a comparator."),
        _text("metric", "harrell_c, auc, logrank_chi2, logrank_p, hazard_ratio_high_low, ..."),
        _real("estimate", "The estimate."),
        _real("lo", "Lower confidence limit."),
        _real("hi", "Upper confidence limit."),
        _real("level", "Confidence level."),
        _count("n", "Subjects."),
        _count("events", "Events or positive class."),
        _text("method", "How estimate and interval were computed, in one sentence."),
    ),
    ("endpoint", "arm", "model", "metric"),
    blinded=False,
)

COEFFICIENTS = TableSchema(
    "coefficients",
    "1.0",
    "One row per predictor of the model fitted on the whole arm.",
    (
        _ENDPOINT,
        _ARM,
        _text("feature", "Predictor."),
        _real("coefficient", "Per standard deviation of the transformed predictor.", nullable=False),
        _real("centre", "Mean of the transformed predictor in the arm.", "predictor", nullable=False),
        _real("scale", "SD of the transformed predictor in the arm.", "predictor", nullable=False),
        _count("cluster", "Correlation cluster that the predictor stands for, from 1."),
    ),
    ("endpoint", "arm", "feature"),
    blinded=False,
)

SELECTION = TableSchema(
    "selection",
    "1.0",
    "One row per predictor: how often the folds selected it.",
    (
        _ENDPOINT,
        _ARM,
        _text("feature", "Predictor."),
        _count("fits", "Outer-fold models fitted."),
        _count("selected", "Of these, models with a non-zero coefficient."),
        _real("frequency", "selected / fits.", nullable=False),
        _real("mean_coefficient", "Mean coefficient over all fits, zero where not selected.", nullable=False),
    ),
    ("endpoint", "arm", "feature"),
    blinded=False,
)

INTERACTIONS = TableSchema(
    "interactions",
    "1.0",
    "One row per endpoint, contrast of arms and biomarker: does the treatment effect differ with it?",
    (
        _ENDPOINT,
        _text("experimental_arm", "Arm coded 1."),
        _text("reference_arm", "Arm coded 0."),
        _text(
            "kind",
            "score (out-of-fold), candidate (prespecified) or screen.",
            values=("score", "candidate", "screen"),
        ),
        _text("biomarker", "score:<arm of the model>, or the feature."),
        _count("n", "Subjects in both arms."),
        _count("events", "Events or positive class in both arms."),
        _real("hr_experimental", "Hazard (or odds) ratio per SD of the biomarker, experimental arm."),
        _real("hr_experimental_lo", "Its lower limit."),
        _real("hr_experimental_hi", "Its upper limit."),
        _real("hr_reference", "Hazard (or odds) ratio per SD of the biomarker, reference arm."),
        _real("hr_reference_lo", "Its lower limit."),
        _real("hr_reference_hi", "Its upper limit."),
        _real("ratio", "Ratio of the two: the exponential of the interaction coefficient."),
        _real("ratio_lo", "Its lower limit."),
        _real("ratio_hi", "Its upper limit."),
        _real("level", "Confidence level."),
        _real("lrt_chi2", "Likelihood-ratio statistic of the interaction, 1 degree of freedom."),
        _real("p", "Its p-value."),
        _real("p_adjusted", "p adjusted for multiplicity within the family."),
        _text("adjustment", "holm or benjamini-hochberg, and the size of the family."),
        _flag("claim", "Whether the prespecified rule for claiming a predictive biomarker is met."),
        _text("sentence", "The result in one sentence."),
    ),
    ("endpoint", "experimental_arm", "reference_arm", "kind", "biomarker"),
    blinded=False,
)

SURVIVAL_CURVES = TableSchema(
    "survival_curves",
    "1.0",
    "Kaplan-Meier estimate per endpoint, model, arm and stratum, one row per distinct time.",
    (
        _ENDPOINT,
        _text("model_arm", "Arm that the model was fitted in."),
        _text("arm", "Arm of the subjects: that of the model, or another that it scored."),
        _text("stratum", "Stratum of the out-of-fold score, or 'all'.", values=("all", "low", "high")),
        _real("time", "Time, unit of the endpoint.", "time", nullable=False),
        _count("at_risk", "Subjects at risk just before the time."),
        _count("events", "Events at the time."),
        _count("censored", "Subjects censored at the time."),
        _real("survival", "Kaplan-Meier estimate just after the time.", nullable=False),
        _real("lo", "Lower limit (log-log Greenwood)."),
        _real("hi", "Upper limit (log-log Greenwood)."),
    ),
    ("endpoint", "model_arm", "arm", "stratum", "time"),
    blinded=False,
)

SUBJECTS = TableSchema(
    "subjects",
    "1.1",
    "One row per subject of the clinical sheet: what became of the subject, for the flow diagram.",
    (
        _text("subject_id", "Subject."),
        _text("arm", "Arm."),
        _text("site_id", "Site, from the images; NULL if the subject has none.", nullable=True),
        _text("roi_id", "ROI whose features stand for the subject.", nullable=True),
        _flag("has_image", "Whether the image sheet names the subject."),
        _flag("has_features", "Whether an ROI of the subject has features."),
        _text("excluded", "Why the subject enters no model; NULL if it does.", nullable=True),
        _text(
            "note",
            "Lesions without features that the lesion rule would have counted, and why; NULL if none.",
            nullable=True,
        ),
    ),
    ("subject_id",),
    blinded=False,
)

BLINDED_TABLES = (SERIES, ROIS, FEATURES, FEATURES_LONG, FEATURE_CATALOGUE, FINDINGS)
UNBLINDED_TABLES = (
    SUBJECTS,
    FEASIBILITY,
    PREDICTIONS,
    PERFORMANCE,
    COEFFICIENTS,
    SELECTION,
    INTERACTIONS,
    SURVIVAL_CURVES,
)
TABLES = {schema.name: schema for schema in (*BLINDED_TABLES, *UNBLINDED_TABLES)}
