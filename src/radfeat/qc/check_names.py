"""The stable names of the checks; ``docs/findings.md`` says of each what it means and what to do."""

from enum import StrEnum


class Check(StrEnum):
    """Every check of this room. A name never changes its meaning and is never used again."""

    IMAGE_CONSTANT = "image.constant"
    IMAGE_FEW_INTENSITIES = "image.few_intensities"
    IMAGE_EIGHT_BIT = "image.eight_bit"
    IMAGE_ANISOTROPIC = "image.anisotropic"
    IMAGE_CT_NOT_HU = "image.ct_not_hu"
    IMAGE_CT_PADDING = "image.ct_padding"
    IMAGE_NEGATIVE_PET = "image.negative_pet"

    PROTOCOL_DEVIATION = "protocol.deviation"
    PROTOCOL_UNKNOWN = "protocol.unknown"

    MASK_TOUCHES_BORDER = "mask.touches_border"
    MASK_COMPONENTS = "mask.components"
    MASK_GAP = "mask.gap"
    MASK_ONE_SLICE = "mask.one_slice"
    MASK_SMALL = "mask.small"
    MASK_FILLS_IMAGE = "mask.fills_image"
    MASK_CONSTANT = "mask.constant"
    MASK_CT_AIR = "mask.ct_air"
    MASK_CT_METAL = "mask.ct_metal"
    MASK_CT_PADDING = "mask.ct_padding"
    MASK_GRID_ROUNDING = "mask.grid_rounding"

    FEATURE_FEW_BINS = "feature.few_bins"

    COHORT_SAME_IMAGE = "cohort.same_image"
    COHORT_SAME_VOXELS = "cohort.same_voxels"
    COHORT_SAME_MASK = "cohort.same_mask"
    COHORT_SITE_FAILURES = "cohort.site_failures"
    COHORT_SITE_SCANNERS = "cohort.site_scanners"
    COHORT_SITE_SOFTWARE = "cohort.site_software"
    COHORT_SCANNER_NAME = "cohort.scanner_name"
    COHORT_SCANNER_CHANGE = "cohort.scanner_change"
    COHORT_SOFTWARE_CHANGE = "cohort.software_change"
    COHORT_SPACING_OUTLIER = "cohort.spacing_outlier"
    COHORT_VOLUME_OUTLIER = "cohort.volume_outlier"

    GATE_FAILED_ROIS = "gate.failed_rois"
    GATE_FAILED_SHARE = "gate.failed_share"


MASK_CHECKS = tuple(check for check in Check if check.value.startswith("mask."))
"""Checks of one ROI before it is measured: those that ``qc.exclude`` may name."""
