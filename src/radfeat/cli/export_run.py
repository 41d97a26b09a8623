"""What both exports share: options, progress, and the account of what was written and what was not."""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radfeat.cli.bar import show_progress
from radfeat.cli.options import ANY_PATH, resolve_config
from radfeat.core.errors import ExportError
from radfeat.pipeline.folders import ResultsFolder

if TYPE_CHECKING:
    from radfeat.pipeline.export import CaseExport

MOST_SENTENCES = 10
"""How many sentences are printed; the list in the export folder holds them all."""

to_option = click.option(
    "--to", type=ANY_PATH, required=True, help="Folder for the objects, outside the results; made if absent."
)
workers_option = click.option(
    "--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes."
)


def run_export(config: Path, to: Path, workers: int, *, features: bool) -> None:
    """Export a study's run, list what became of each case, and say it in short.

    Raises
    ------
    TableError
        If sheet, settings or version have changed since the run.
    ExportError
        If not one case could be exported.
    """
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.export import export_cases, make_export_folder, write_list
    from radfeat.pipeline.export_tasks import plan_export
    from radfeat.pipeline.planning import require_present_plan

    file = resolve_config(config)
    settings = read_settings(file)
    folder = ResultsFolder(file.parent / settings.results)
    require_present_plan(folder, settings, file.parent)
    plan = plan_export(folder, features=features)
    make_export_folder(to, folder.root)
    with show_progress("cases") as tell:
        cases = export_cases(plan, to, workers=workers, on_progress=partial(tell, "export"))
    listed = to / ("features.csv" if features else "masks.csv")
    write_list(listed, cases)
    _summarise(cases, listed)


def _summarise(cases: Sequence["CaseExport"], listed: Path) -> None:
    from radfeat.pipeline.export import EXPORTED, Outcome

    sentences = [case.sentence for case in cases if case.sentence]
    for sentence in sentences[:MOST_SENTENCES]:
        click.echo(sentence, err=True)
    if len(sentences) > MOST_SENTENCES:
        click.echo(f"... and {len(sentences) - MOST_SENTENCES} more, in {listed}", err=True)
    counts = Counter(case.outcome for case in cases)
    done = [case for case in cases if case.outcome in EXPORTED]
    segments, values = sum(c.segments for c in done), sum(c.values for c in done)
    account = ", ".join(f"{counts[o]} {o.value}" for o in Outcome if counts[o])
    click.echo(f"{len(done)} of {len(cases)} images exported ({account})")
    click.echo(f"  {segments} segments" + (f", {values} values" if values else ""))
    click.echo(f"  list  {listed}")
    if not done:
        raise ExportError(
            "not one image could be exported",
            measured=account,
            remedy=f"See {listed} for the reason of each",
        )
