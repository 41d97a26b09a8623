"""``radfeat simulate``: a trial with planted truth."""

from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH


@click.command(
    epilog="\b\nExamples:\n  radfeat simulate trial --broken 5\n"
    "  radfeat simulate null-trial --truth null --seed 2\n"
    "  radfeat simulate big --subjects 1000 --sites 12 && radfeat run big"
)
@click.argument("folder", type=ANY_PATH)
@click.option("--subjects", type=click.IntRange(min=1), help="Subjects randomised (default 60).")
@click.option("--arms", type=click.IntRange(min=1), help="Arms, the first of them the control (default 2).")
@click.option(
    "--sites", type=click.IntRange(min=1), help="Sites, each with a scanner of its own (default 3)."
)
@click.option("--modality", type=click.Choice(["CT", "MR"]), help="CT or MR (default CT).")
@click.option(
    "--truth",
    type=click.Choice(["predictive", "prognostic_only", "null"]),
    help="Which texture effects are planted (default predictive).",
)
@click.option("--broken", type=click.IntRange(min=0), help="Inputs to break (default 0).")
@click.option("--lesions", type=click.IntRange(min=1), help="Lesions per image (default 1).")
@click.option("--timepoints", type=click.IntRange(min=1), help="Visits with a scan (default 1).")
@click.option(
    "--scanner-differences", type=click.FloatRange(min=0), help="0: none, 1: as usual, 3: no protocol."
)
@click.option("--seed", type=click.IntRange(min=0), help="Master seed.")
def simulate(folder: Path, **options: object) -> None:
    """Write a multi-site trial into FOLDER: scans, masks, sheets, settings, and truth.json."""
    from pydantic import ValidationError

    from radfeat.core.errors import SettingsError
    from radfeat.simulate.settings import SimulationSettings
    from radfeat.simulate.trial import write_trial

    given = {name: value for name, value in options.items() if value is not None}
    try:
        settings = SimulationSettings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = "--" + str(first["loc"][-1]).replace("_", "-") if first["loc"] else "the options"
        raise SettingsError(first["msg"], key=name, remedy="See `radfeat simulate --help`") from None
    summary = write_trial(folder, settings)
    click.echo(summary.sentence)
    click.echo(f"Next: `radfeat run {folder}`.")
