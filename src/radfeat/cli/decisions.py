"""``radfeat freeze`` and ``radfeat override``: decisions of a person, whose reason the audit trail keeps."""

from pathlib import Path

import click

from radfeat.cli.options import config_argument, resolve_config
from radfeat.cli.witness import witness
from radfeat.core.audit import AuditAction, append_events
from radfeat.core.errors import SettingsError

reason_option = click.option("--reason", required=True, help="Why, in a sentence; the audit trail keeps it.")


@click.command(
    epilog='\b\nExamples:\n  radfeat freeze my-study --reason "Data cut-off of 1 March, queries closed"\n'
    '  radfeat freeze my-study --lift --reason "Site S02 sent a corrected scan"'
)
@config_argument
@reason_option
@click.option("--lift", is_flag=True, help="Let the inputs change again.")
def freeze(config: Path, reason: str, lift: bool) -> None:
    """Lock the inputs: from now on a run stops, and names it, where an image, mask or sheet is another."""
    from radfeat.cli.run_parts import find_results, hold_study
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.inputs_lock import lift_lock, lock_inputs

    file, reason = resolve_config(config), _require_reason(reason)
    folder = find_results(file)
    with hold_study(file):
        if lift:
            lift_lock(folder)
            event = witness(AuditAction.INPUTS_UNLOCKED, "all inputs", reason=reason)
        else:
            digest = lock_inputs(folder, read_settings(file), file.parent)
            event = witness(AuditAction.INPUTS_LOCKED, "all inputs", digest=digest, reason=reason)
        append_events(folder.audit, [event])
    click.echo("the inputs may change again" if lift else f"the inputs are locked, as {event.digest}")


@click.command(
    epilog='\b\nExample:\n  radfeat override my-study --reason "Site S02 sent none; note to file 7"'
)
@config_argument
@reason_option
def override(config: Path, reason: str) -> None:
    """Open the QC gate although more ROIs failed than `qc` allows; for these failures and no others."""
    from radfeat.cli.run_parts import find_results, hold_study
    from radfeat.pipeline.gate import override_gate

    file, reason = resolve_config(config), _require_reason(reason)
    folder = find_results(file)
    with hold_study(file):
        verdict = override_gate(folder, reason)
        said = f"{reason.removesuffix('.')}. Overridden: {verdict.sentence}"
        event = witness(AuditAction.GATE_OVERRIDDEN, "QC gate", digest=verdict.digest, reason=said)
        append_events(folder.audit, [event])
    click.echo(f"overridden: {verdict.sentence} Run the study to go on.")


def _require_reason(reason: str) -> str:
    if not reason.strip():
        raise SettingsError("the reason is empty", key="--reason", remedy="Write why, in a sentence")
    return reason.strip()
