"""``radfeat ingest``: what happens to DICOM before a study is run."""

import click

from radfeat.cli.lazy import LazyGroup

INGEST_COMMANDS = {
    "inventory": ("ingest_inventory", "List the series of a DICOM folder; draft the image sheet."),
    "deidentify": ("ingest_deidentify", "Copy DICOM without identities (PS3.15 Annex E)."),
    "pull": ("ingest_pull", "Fetch series from a PACS, and say whether all have come."),
}


@click.group(
    cls=LazyGroup,
    sections={"Commands": INGEST_COMMANDS},
    epilog="""\b
Example:
  radfeat ingest inventory dicom  # series table and draft image sheet
""",
)
def ingest() -> None:
    """Take in DICOM: what there is, what can be used, and whose it must not say it is."""
