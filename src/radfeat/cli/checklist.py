"""``radfeat checklist``: METRICS, CLEAR and IBSI's reporting guidelines, answered from a run."""

from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH, config_argument, require_writable, resolve_config


@click.command(
    epilog="\b\nExamples:\n  radfeat checklist my-study --draft > my-study/study.yaml\n"
    "  radfeat checklist my-study\n"
    "  radfeat checklist my-study --study declarations.yaml --to evidence"
)
@config_argument
@click.option("--study", type=ANY_PATH, help="What the study declares; study.yaml beside the settings.")
@click.option("--to", type=ANY_PATH, help="Folder for page and JSON; the results' own folder evidence.")
@click.option("--draft", is_flag=True, help="Print a study.yaml that asks what the run does not show.")
def checklist(config: Path, study: Path | None, to: Path | None, draft: bool) -> None:
    """Answer METRICS, CLEAR and IBSI's reporting guidelines from a run and from study.yaml.

    Each item is derived (a file shows it), declared (study.yaml says it), not met or unanswered.
    """
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.evidence import STUDY_FILE, read_declarations, read_evidence, write_checklists
    from radfeat.pipeline.folders import ResultsFolder
    from radfeat.submission.checklist import TITLES, ChecklistName, count_statuses, draft_study
    from radfeat.submission.evidence import StudyDeclarations

    file = resolve_config(config)
    folder = ResultsFolder(file.parent / read_settings(file).results)
    if draft:
        click.echo(draft_study(read_evidence(folder)), nl=False)
        return
    own = file.parent / STUDY_FILE
    path = study or (own if own.is_file() else None)
    declarations = read_declarations(path) if path else StudyDeclarations()
    to = to or folder.evidence
    require_writable(to)
    judged = write_checklists(folder, declarations, to)
    for name in ChecklistName:
        counts = count_statuses(judged, name)
        click.echo(f"{TITLES[name]:<26}{', '.join(f'{n} {s.value}' for s, n in counts.items())}")
    click.echo(f"  written to {to}")
