"""``radfeat ibsi``: what this installation measures on IBSI's phantoms."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from radfeat.cli.options import ANY_PATH, EXISTING_FOLDER, require_writable
from radfeat.core.errors import GateError, SettingsError

if TYPE_CHECKING:
    from radfeat.core.vocabulary import PhantomSource
    from radfeat.ibsi.comparison import Comparison, ConfigurationResult
    from radfeat.pipeline.ct_phantom import PhantomFiles


@click.command(
    epilog="\b\nExamples:\n  radfeat ibsi                     # the digital phantom\n"
    "  radfeat ibsi --data data_sets    # and the CT phantom, where IBSI's data_sets lie\n"
    "\b\nExit codes: 0 all values agree, 2 no phantom there or no place to write,\n"
    "3 the CT phantom cannot be read, 4 a value is out of tolerance."
)
@click.option(
    "--data",
    type=EXISTING_FOLDER,
    help="Folder of the CT phantom, or of IBSI's data_sets; configurations A to E need it.",
)
@click.option(
    "--out",
    type=ANY_PATH,
    default=Path("ibsi-conformance"),
    show_default=True,
    help="Where to write table and page.",
)
@click.option("--no-gate", is_flag=True, help="Exit with 0 even where a value is out of tolerance.")
def ibsi(data: Path | None, out: Path, no_gate: bool) -> None:
    """Measure IBSI's phantoms and hold every value against the reference values of IBSI-1."""
    from radfeat.core.vocabulary import Configuration
    from radfeat.ibsi.wording import name_configurations, summarise
    from radfeat.pipeline.code import describe_installation
    from radfeat.pipeline.conformance import list_missing, write_conformance
    from radfeat.pipeline.ct_phantom import WHERE_TO_GET_IT
    from radfeat.pipeline.folders import CONFORMANCE_FILES
    from radfeat.pipeline.ibsi import measure_phantoms

    require_writable(out)
    found = _find(data) if data is not None else {}
    click.echo(", ".join(f"{name} {version}" for name, version in describe_installation()))
    results = _tell(measure_phantoms(found))
    missing = list_missing(results)
    if missing:
        click.echo(
            f"\nNot run, for want of the CT phantom (no --data was given): {name_configurations(missing)}."
        )
        click.echo(f"{WHERE_TO_GET_IT}; then: radfeat ibsi --data FOLDER")
    failing = [c for result in results for c in result.failing]
    _tell_failing(failing)
    write_conformance(out, results)
    click.echo(f"\n{summarise(results)}")
    click.echo(f"Written to {out}: {', '.join(CONFORMANCE_FILES)}")
    if failing and not no_gate:
        worst = {c.expected.configuration for c in failing}
        names = ", ".join(c.value for c in Configuration if c in worst)
        raise GateError(
            "this installation does not conform to IBSI-1",
            measured=f"{len(failing)} values out of tolerance ({names})",
            allowed="none",
            remedy="Install the versions of requirements.lock, and see docs/ibsi.md",
        )


def _find(data: Path) -> "Mapping[PhantomSource, PhantomFiles]":
    """The CT phantom that was asked for: where it is not, nothing is run and nothing called conformant."""
    from radfeat.pipeline.ct_phantom import WHERE_TO_GET_IT, find_ct_phantom

    found = find_ct_phantom(data)
    if not found:
        raise SettingsError(
            "the CT phantom of IBSI is not in this folder",
            key=str(data),
            remedy=f"Mend --data, or leave it out to measure the digital phantom alone. {WHERE_TO_GET_IT}",
        )
    return found


def _tell(results: Iterable["ConfigurationResult"]) -> list["ConfigurationResult"]:
    """Print a line for each configuration and source as soon as it is measured."""
    from radfeat.ibsi.wording import SOURCE_WORDS
    from radfeat.pipeline.ibsi import SETUPS

    words = {setup.configuration: setup.words for setup in SETUPS}
    click.echo("\nconfiguration  read from       agree  preparation")
    told = []
    for result in results:
        counts = f"{result.agreeing} of {len(result.comparisons)}"
        click.echo(
            f"{result.configuration.value:<13}  {SOURCE_WORDS[result.source]:<9}  {counts:>10}  "
            f"{words[result.configuration]}"
        )
        told.append(result)
    return told


def _tell_failing(failing: Sequence["Comparison"]) -> None:
    if not failing:
        return
    rows = [_describe(c) for c in failing]
    heads = ("", "read from", "feature", "code", "aggregation", "value", "reference", "tolerance")
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    click.echo("\nOut of tolerance:")
    for row in (heads, *rows):
        texts = [f"{t:<{w}}" for t, w in zip(row[:5], widths[:5], strict=True)]
        numbers = [f"{t:>{w}}" for t, w in zip(row[5:], widths[5:], strict=True)]
        click.echo("  ".join([*texts, *numbers]).rstrip())


def _describe(comparison: "Comparison") -> tuple[str, ...]:
    from radfeat.ibsi.wording import SOURCE_WORDS, format_reference, format_value, name_aggregation

    e = comparison.expected
    return (
        e.configuration.value,
        SOURCE_WORDS[comparison.source],
        e.feature.removeprefix("original_"),
        e.ibsi_code,
        name_aggregation(e.aggregation),
        format_value(comparison.value),
        format_reference(e.value),
        format_reference(e.tolerance),
    )
