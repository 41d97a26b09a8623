"""``radfeat apply``: new subjects scored by a model of an earlier run."""

from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH


@click.command(
    epilog="\b\nExamples:\n"
    "  radfeat apply trial/results/unblinded/models/01-os/01-control/model.json \\\n"
    "      new/results/blinded/features.parquet --out scores.parquet\n"
    "  radfeat apply model.json features.parquet --roi GTVp --timepoint week0"
)
@click.argument("model", type=ANY_PATH)
@click.argument("features", type=ANY_PATH)
@click.option(
    "--out",
    type=ANY_PATH,
    default=Path("applied_scores.parquet"),
    show_default=True,
    help="Table of scores to write.",
)
@click.option(
    "--roi", "rois", multiple=True, help="ROI that enters, if it has another name there; repeatable."
)
@click.option("--timepoint", help="Timepoint that enters, if it has another name there.")
@click.option("--image", help="Image that enters, if it has another name there.")
def apply(
    model: Path, features: Path, out: Path, rois: tuple[str, ...], timepoint: str | None, image: str | None
) -> None:
    """Score the subjects of a run with the model of another run.

    MODEL is a model.json, FEATURES the features.parquet of the new run's blinded half, with rois, series
    and feature_catalogue beside it. Features of other names, parameters, units or settings than the model's
    are refused.
    """
    from radfeat.modelling.apply import Selection
    from radfeat.pipeline.apply import apply_to_run, describe_scores

    scores = apply_to_run(model, features, out, Selection(rois, timepoint, image))
    for line in describe_scores(scores):
        click.echo(line)
    click.echo(f"written to {out}")
