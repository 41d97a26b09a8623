"""The tables of repeated measurements, on the blinded side."""

from radfeat.core.vocabulary import IccForm, RepeatSource
from radfeat.tables.blinded_schemas import ROI_COLUMNS, STATUS_COLUMNS
from radfeat.tables.columns import Column, TableSchema, count, flag, real, text

PERTURBED_FEATURES = TableSchema(
    "perturbed_features",
    "1.0",
    "One row per ROI and perturbed measurement of it, one column per feature; enters no model.",
    (
        *ROI_COLUMNS,
        count("repeat", "Number of the perturbed measurement of the ROI, from 1."),
        *STATUS_COLUMNS,
        text(
            "sentence", "Why there are no features, in one sentence; NULL where status is OK.", nullable=True
        ),
        text("perturbation", "What was done to image and mask, as JSON; NULL if nothing was.", nullable=True),
    ),
    ("roi_id", "repeat"),
    blinded=True,
    feature_columns=True,
)

_FORMS = {
    IccForm.ONE_WAY: "Intraclass correlation (1,1): one-way random, single measurement.",
    IccForm.AGREEMENT: "Intraclass correlation (2,1): two-way, absolute agreement, single measurement.",
    IccForm.CONSISTENCY: "Intraclass correlation (3,1): two-way, consistency, single measurement.",
}


def _limited(name: str, description: str, unit: str = "1") -> tuple[Column, ...]:
    return (
        real(name, description, unit),
        real(f"{name}_lo", "Its lower confidence limit.", unit),
        real(f"{name}_hi", "Its upper confidence limit.", unit),
    )


_FEATURE_UNIT = "see feature_catalogue"

REPEATABILITY = TableSchema(
    "repeatability",
    "1.0",
    "One row per source of repeats, image, region and feature: how far repeated measurements agree.",
    (
        text(
            "source",
            "Where the repeats come from: scans repeated, several readers, or perturbation.",
            values=tuple(source.value for source in RepeatSource),
        ),
        text("image_id", "Image; of repeated scans the one named first. Images are never pooled."),
        text("region", "Role of the ROIs, or their name where the sheet gives no role."),
        text("feature", "Feature, as in the columns of features."),
        count("targets", "Lesions (or ROIs) with at least two repeats."),
        count("complete", "Of these, with a value at every repeat: the correlations rest on them."),
        count("subjects", "Subjects whom the complete targets belong to."),
        count("repeats", "Repeats: scans, readers, or perturbed measurements."),
        count("missing", "Measurements of the targets, of targets x repeats, that have no value."),
        flag("balanced", "Whether every target has a value at every repeat."),
        real("mean", "Mean of all values of the targets.", _FEATURE_UNIT),
        real("ms_between", "Mean square between the complete targets.", "square of the unit"),
        real("ms_repeats", "Mean square between repeats.", "square of the unit"),
        real("ms_error", "Mean square of the residual.", "square of the unit"),
        *(column for form, words in _FORMS.items() for column in _limited(form.value, words)),
        count("degrees", "Degrees of freedom of what varies within targets: values less targets."),
        *_limited("within_sd", "Standard deviation within targets, over all repeats.", _FEATURE_UNIT),
        *_limited(
            "within_cv", "Coefficient of variation within targets; NULL unless all values are above 0."
        ),
        *_limited("repeatability_coefficient", "1.96 x sqrt(2) x within_sd.", _FEATURE_UNIT),
        text("cv_method", "How within_cv was computed.", values=("root_mean_square", "log")),
        real("level", "Confidence level of all limits.", nullable=False),
        text("note", "Why there is no intraclass correlation; NULL where there is one.", nullable=True),
    ),
    ("source", "image_id", "region", "feature"),
    blinded=True,
)
