"""The tables of the blinded half: made from scans and masks, without arms and outcomes."""

from radfeat.core.acquisition import Parameter
from radfeat.core.vocabulary import Agreement, Configuration, PhantomSource, Reason, Verdict
from radfeat.tables.columns import TableSchema, count, flag, real, text

_CASE = (
    text("case_id", "Canonical identifier of the image: study/site/subject/timepoint/image."),
    text("study_id", "Study."),
    text("site_id", "Site that acquired the image."),
    text("subject_id", "Subject, as the sheet names it."),
    text("timepoint", "Visit or timepoint."),
    text("image_id", "Image of that subject and timepoint."),
)
ROI_COLUMNS = (
    text("roi_id", "Canonical identifier of the ROI: case_id/roi, or case_id/roi/lesion."),
    *_CASE,
    text("roi", "Name of the drawn region."),
    text("lesion_id", "Lesion drawn in the region.", nullable=True),
)
_REASONS = tuple(reason.value for reason in Reason)
_PARAMETERS = tuple(parameter.value for parameter in Parameter)
_VERDICTS = tuple(verdict.value for verdict in Verdict)
STATUS_COLUMNS = (
    text("status", "OK, or FAILED with a reason.", values=("OK", "FAILED")),
    text("reason", "Why there are no features; NULL where status is OK.", nullable=True, values=_REASONS),
)

SERIES = TableSchema(
    "series",
    "1.0",
    "One row per image: geometry, intensities and digests.",
    (
        *_CASE,
        text("modality", "DICOM modality, from the sheet."),
        text("scanner", "Scanner, from the sheet; else maker and model, from the headers.", nullable=True),
        real("day", "Study day of the image, from the sheet.", "d"),
        *STATUS_COLUMNS,
        text("unit", "Unit of the intensities.", nullable=True),
        text("voxel_type", "Number type of the voxels in the file.", nullable=True),
        count("size_x", "Voxels along x.", "voxel", nullable=True),
        count("size_y", "Voxels along y.", "voxel", nullable=True),
        count("size_z", "Voxels along z.", "voxel", nullable=True),
        real("spacing_x_mm", "Voxel spacing along x.", "mm"),
        real("spacing_y_mm", "Voxel spacing along y.", "mm"),
        real("spacing_z_mm", "Voxel spacing along z.", "mm"),
        real("intensity_min", "Least intensity in the image, in the image's unit.", "intensity"),
        real("intensity_max", "Greatest intensity in the image, in the image's unit.", "intensity"),
        text("image_sha256", "SHA-256 of the image file.", nullable=True),
        text("voxel_digest", "SHA-256 of voxels and geometry, whatever the container.", nullable=True),
    ),
    ("case_id",),
    blinded=True,
)

ROIS = TableSchema(
    "rois",
    "1.0",
    "One row per ROI: size, place and what became of it.",
    (
        *ROI_COLUMNS,
        text("role", "Role of the ROI (GTV, node, ...), from the sheet.", nullable=True),
        text("reader_id", "Who drew it, from the sheet.", nullable=True),
        *STATUS_COLUMNS,
        text("sentence", "The reason in one sentence.", nullable=True),
        count("voxels", "Voxels of the mask as drawn.", "voxel", nullable=True),
        real("volume_mm3", "Voxels as drawn times voxel volume.", "mm3"),
        count("bbox_x", "First voxel of the bounding box as drawn, x.", "voxel", nullable=True),
        count("bbox_y", "First voxel of the bounding box as drawn, y.", "voxel", nullable=True),
        count("bbox_z", "First voxel of the bounding box as drawn, z.", "voxel", nullable=True),
        count("bbox_size_x", "Extent of the bounding box as drawn, x.", "voxel", nullable=True),
        count("bbox_size_y", "Extent of the bounding box as drawn, y.", "voxel", nullable=True),
        count("bbox_size_z", "Extent of the bounding box as drawn, z.", "voxel", nullable=True),
        count("components", "26-connected components of the mask as drawn.", nullable=True),
        count("prepared_voxels", "Voxels of the intensity mask after preparation.", "voxel", nullable=True),
        text("mask_sha256", "SHA-256 of the mask file.", nullable=True),
        text("mask_voxel_digest", "SHA-256 of mask voxels and geometry.", nullable=True),
        text("steps", "The preparation steps carried out, as JSON.", nullable=True),
        text("preview", "File name of the picture in previews/.", nullable=True),
    ),
    ("roi_id",),
    blinded=True,
)

FEATURES = TableSchema(
    "features",
    "1.0",
    "One row per ROI, one column per feature; the table for modelling.",
    (*ROI_COLUMNS, *STATUS_COLUMNS),
    ("roi_id",),
    blinded=True,
    feature_columns=True,
)

FEATURES_LONG = TableSchema(
    "features_long",
    "1.0",
    "One row per ROI and feature; holds exactly what features holds.",
    (
        *ROI_COLUMNS,
        text("feature", "Feature, as in the columns of features."),
        real("value", "The value; NULL with a reason where there is none.", "see feature_catalogue"),
        *STATUS_COLUMNS,
    ),
    ("roi_id", "feature"),
    blinded=True,
)

FEATURE_CATALOGUE = TableSchema(
    "feature_catalogue",
    "1.0",
    "One row per feature column: what it is.",
    (
        text("feature", "Column name in features: PyRadiomics' own key."),
        text("code", "Stable 8-character code, a legal SAS name; never changed, never reused."),
        text("image_type", "Image type (original, LoG, wavelet, ...)."),
        text(
            "image_parameters",
            "Parameters of the image type and its discretisation, as JSON; those that differ between "
            "modalities in 'by_modality'.",
        ),
        text("family", "Feature family (shape, firstorder, glcm, ...)."),
        text("name", "Feature name in its family."),
        text("ibsi_code", "IBSI code of the feature, where there is a counterpart.", nullable=True),
        text("unit", "Unit; 'intensity' is the image's own unit."),
        text("ibsi_deviation", "How the definition deviates from IBSI; NULL if it does not.", nullable=True),
        text("description", "The feature in one sentence."),
    ),
    ("feature",),
    blinded=True,
)

ACQUISITION = TableSchema(
    "acquisition",
    "1.0",
    "One row per image and acquisition parameter that is known or that the protocol names, with the verdict.",
    (
        *_CASE,
        text("modality", "DICOM modality, from the sheet."),
        text("scanner", "Scanner, as in series.", nullable=True),
        text("parameter", "Acquisition parameter; docs/protocol.md explains each.", values=_PARAMETERS),
        real("number", "Its value, where it is a number; NULL if unknown.", "see unit"),
        text("text", "Its value, where it is a text, in capitals; NULL if unknown.", nullable=True),
        text("unit", "Unit of number; NULL for texts.", nullable=True),
        text("allowed", "What the protocol allows, in words; NULL if it does not say.", nullable=True),
        flag("required", "Whether an ROI of an image that does not conform here is excluded."),
        text("verdict", "Whether the value is what the protocol allows.", values=_VERDICTS),
    ),
    ("case_id", "parameter"),
    blinded=True,
)

FINDINGS = TableSchema(
    "findings",
    "1.0",
    "One row per check that spoke.",
    (
        text("key", "case_id or roi_id that the finding is about."),
        text("check", "Name of the check."),
        count("ordinal", "Number of the finding within key and check, from 1."),
        text("site_id", "Site of the key."),
        text("severity", "INFO, WARNING or ERROR.", values=("INFO", "WARNING", "ERROR")),
        real("measured", "What was measured.", "see unit"),
        real("limit", "What is allowed.", "see unit"),
        text("unit", "Unit of measured and limit.", nullable=True),
        text("sentence", "The finding in one sentence."),
    ),
    ("key", "check", "ordinal"),
    blinded=True,
)

AGGREGATIONS = (
    *("none", "2d", "2.5d", "3d"),
    *("2d_averaged", "2d_slice_merged", "2.5d_direction_merged", "2.5d_merged", "3d_averaged", "3d_merged"),
)
"""How texture is aggregated over slices and directions; ``none`` where there is nothing to aggregate."""

CONFORMANCE = TableSchema(
    "conformance",
    "1.0",
    "One row per reference value of IBSI-1: what this installation measures on IBSI's phantoms.",
    (
        text(
            "configuration",
            "Phantom and preparation, by IBSI's letters.",
            values=tuple(c.value for c in Configuration),
        ),
        text(
            "source",
            "From what the phantom was read.",
            values=tuple(source.value for source in PhantomSource),
        ),
        text("feature", "Feature, as in the columns of features."),
        text("aggregation", "How texture was aggregated.", values=AGGREGATIONS),
        text("aggregation_code", "IBSI code of the aggregation; NULL where there is none.", nullable=True),
        text("family", "Feature family, by IBSI's name."),
        text("ibsi_name", "IBSI's name of the feature."),
        text("ibsi_code", "IBSI code of the feature."),
        real("value", "The value measured; NULL where there is none.", "that of the feature"),
        real("reference", "IBSI's reference value, of three digits.", "that of the feature", nullable=False),
        real("tolerance", "IBSI's tolerance.", "that of the feature", nullable=False),
        text(
            "consensus",
            "How many teams of IBSI found the reference value.",
            values=("moderate", "strong", "very strong"),
        ),
        text(
            "agreement",
            "Whether the value, or the value rounded to three digits, lies within the tolerance.",
            values=tuple(agreement.value for agreement in Agreement),
        ),
    ),
    ("configuration", "source", "feature", "aggregation"),
    blinded=True,
)
