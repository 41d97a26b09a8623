"""``radfeat audit``: the audit trail of a results folder."""

import click

from radfeat.cli.lazy import LazyGroup

AUDIT_COMMANDS = {
    "show": ("audit_show", "Show who did what when."),
    "verify": ("audit_verify", "Look for edited, inserted, moved and deleted lines."),
    "record": ("audit_record", "Take in what the jobs noted (called by the workflow)."),
}


@click.group(
    cls=LazyGroup,
    sections={"Commands": AUDIT_COMMANDS},
    epilog="""\b
Example:
  radfeat audit verify my-study/results  # 3 where a line was altered
""",
)
def audit() -> None:
    """Show and check the audit trail: who did what when, with which inputs and settings."""
