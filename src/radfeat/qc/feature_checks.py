"""Checks of how the features of one ROI were measured."""

from collections.abc import Iterator, Sequence

from radfeat.core.findings import Finding, remark
from radfeat.core.grey_levels import GreyLevels
from radfeat.core.vocabulary import Unit
from radfeat.qc.check_names import Check
from radfeat.qc.settings import QcSettings

ORIGINAL = "Original"
"""The image type whose intensities have the image's own unit."""


def check_grey_levels(
    found: Sequence[GreyLevels], unit: Unit, roi_id: str, settings: QcSettings
) -> Iterator[Finding]:
    """One finding per image type on which the ROI spans too few grey levels for texture.

    Parameters
    ----------
    found
        Grey levels on each image that was discretised, none where shape alone was measured. Of the images
        of one type, that with the fewest speaks.
    unit
        Unit of the prepared image.
    roi_id
        The ROI.
    settings
        ``few_grey_levels`` is the limit; a bin count that is less is a limit of its own.

    Reference: Zwanenburg et al., Radiology 2020; 295:328 (IBSI): the discretisation decides texture.
    """
    fewest: dict[str, GreyLevels] = {}
    for one in found:
        known = fewest.setdefault(one.image_type, one)
        if one.levels < known.levels:
            fewest[one.image_type] = one
    for one in fewest.values():
        limit = min(settings.few_grey_levels, one.bin_count or settings.few_grey_levels)
        if one.levels < limit:
            yield remark(
                Check.FEATURE_FEW_BINS, roi_id, _say(one, unit), one.levels, float(limit), "grey levels"
            )


def _say(one: GreyLevels, unit: Unit) -> str:
    spans = f"the ROI spans {one.levels} grey level{'' if one.levels == 1 else 's'} on {one.image}"
    if one.bin_width is None:
        return f"{spans}, as all its intensities are equal; its texture says nothing"
    named = f" {unit.value}" if one.image_type == ORIGINAL and unit is not Unit.ARBITRARY else ""
    verdict = "nothing" if one.levels == 1 else "little"
    return (
        f"{spans} at a bin width of {one.bin_width:g}{named}; its texture says {verdict}; choose a bin_width "
        "with which ROIs span 16 to 128"
    )
