"""``radfeat export``: results as DICOM objects."""

import click

from radfeat.cli.lazy import LazyGroup

EXPORT_COMMANDS = {
    "masks": ("export_masks", "Write the ROIs of a run as DICOM segmentations."),
    "features": ("export_features", "Write features as structured reports (SR TID 1500)."),
}


@click.group(
    cls=LazyGroup,
    sections={"Commands": EXPORT_COMMANDS},
    epilog="""\b
Example:
  radfeat export masks my-study --to seg  # one segmentation per image
""",
)
def export() -> None:
    """Give results back as DICOM objects that a PACS can keep beside the images."""
