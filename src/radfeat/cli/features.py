"""``radfeat features``: one image and mask, without a study."""

import csv
import sys
from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH, resolve_config
from radfeat.core.vocabulary import Unit

FORMATS = ("table", "csv")


@click.command(
    epilog="\b\nExamples:\n  radfeat features ct.nii.gz mask.nii.gz --modality CT\n"
    "  radfeat features ct_series/ structures.dcm --label GTV\n"
    "  radfeat features mr.nrrd seg.seg.nrrd --label tumour --config study/config.yaml --csv > values.csv"
)
@click.argument("image", type=ANY_PATH)
@click.argument("mask", type=ANY_PATH)
@click.option(
    "--modality",
    type=click.Choice(["CT", "MR", "PT", "US", "OT"]),
    help="Default: what a DICOM image says, else OT.",
)
@click.option("--label", help="Number or name of the label; needed where the mask holds several.")
@click.option("--config", type=ANY_PATH, help="Take ingest, prepare, features and qc from this study.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: feature, value, unit, IBSI code.")
def features(
    image: Path, mask: Path, modality: str | None, label: str | None, config: Path | None, as_csv: bool
) -> None:
    """Measure one ROI of IMAGE, drawn in MASK, and print its features."""
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.case import CaseSettings
    from radfeat.pipeline.pair import measure_pair

    settings = CaseSettings()
    if config is not None:
        study = read_settings(resolve_config(config))
        settings = CaseSettings(study.ingest, study.prepare, study.features, study.qc)
    chosen: int | str | None = int(label) if label is not None and label.isdigit() else label
    result = measure_pair(image, mask, modality=modality, label=chosen, settings=settings)
    rows = [
        (
            str(entry["feature"]),
            result.features[str(entry["feature"])],
            _name_unit(str(entry["unit"]), result.source.image.unit),
            entry["ibsi_code"] or "",
        )
        for entry in result.catalogue()
    ]
    for finding in result.findings:
        click.echo(f"{finding.severity.value}: {finding.sentence}", err=True)
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("feature", "value", "unit", "ibsi_code"))
        writer.writerows([(f, "" if v is None else repr(v), u, c) for f, v, u, c in rows])
        return
    width = max(len(row[0]) for row in rows)
    for name, value, unit, code in rows:
        shown = "undefined" if value is None else f"{value:.10g}"
        click.echo(f"{name:<{width}}  {shown:>18}  {unit:<11} {code}".rstrip())


def _name_unit(unit: str, intensity: Unit) -> str:
    """The unit of a feature of this image, whose intensities may have a name: HU^2 for intensity^2."""
    return unit if intensity is Unit.ARBITRARY else unit.replace("intensity", intensity.value)
