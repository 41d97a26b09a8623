"""``radfeat export``: results as DICOM objects, and as data sets for a submission."""

import click

from radfeat.cli.lazy import LazyGroup

EXPORT_COMMANDS = {
    "masks": ("export_masks", "Write the ROIs of a run as DICOM segmentations."),
    "features": ("export_features", "Write features as structured reports (SR TID 1500)."),
    "adam": ("export_adam", "Write scores, strata, features as XPT and Dataset-JSON."),
}


@click.group(
    cls=LazyGroup,
    sections={"Commands": EXPORT_COMMANDS},
    epilog="""\b
Example:
  radfeat export masks my-study --to seg        # one segmentation per image
  radfeat export adam my-study --to submission  # a data set for statisticians
""",
)
def export() -> None:
    """Give results back: as DICOM objects beside the images, as a data set for a submission."""
