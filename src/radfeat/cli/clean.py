"""``radfeat clean``: take away what a results folder need not keep."""

from pathlib import Path

import click

from radfeat.cli.options import config_argument, resolve_config


@click.command(
    epilog="\b\nExamples:\n  radfeat clean my-study            # what killed jobs and former settings left\n"
    "  radfeat clean my-study --cache    # also what only saves time\n"
    "  radfeat clean my-study --results --dry-run"
)
@config_argument
@click.option("--cache", is_flag=True, help="Also cache, chunks and crops: the next run measures all again.")
@click.option(
    "--results",
    is_flag=True,
    help="Also the results; refused where the arms were read: they are locked then.",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
def clean(config: Path, cache: bool, results: bool, dry_run: bool) -> None:
    """Take away leftovers; never inputs, a locked result, or a file that radfeat did not write."""
    from radfeat.cli.run_parts import hold_study
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.clean import Extent, list_removals, remove
    from radfeat.pipeline.folders import ResultsFolder
    from radfeat.pipeline.plan import read_plan

    file = resolve_config(config)
    settings = read_settings(file)
    folder = ResultsFolder(file.parent / settings.results)
    extent = Extent.RESULTS if results else Extent.CACHE if cache else Extent.LEFTOVERS
    plan = read_plan(folder)
    with hold_study(file):
        removal = list_removals(folder, plan, settings, extent)
        for path in removal.paths:
            click.echo(str(path.relative_to(folder.root)))
        if not dry_run:
            remove(removal)
    would = "would be" if dry_run else "are"
    click.echo(f"{len(removal.paths)} files and folders {would} removed, {removal.size / 1e6:.1f} MB")
