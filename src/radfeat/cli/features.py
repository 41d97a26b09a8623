"""``radfeat features``: one image and mask, without a study."""

import csv
import sys
from pathlib import Path

import click

from radfeat.cli.pair_options import pair_parameters, parse_label, read_case_settings
from radfeat.core.vocabulary import Unit

FORMATS = ("table", "csv")


@click.command(
    epilog="\b\nExamples:\n  radfeat features ct.nii.gz mask.nii.gz --modality CT\n"
    "  radfeat features ct_series/ structures.dcm --label GTV\n"
    "  radfeat features mr.nrrd seg.seg.nrrd --label tumour --config study/config.yaml --csv > values.csv"
)
@pair_parameters
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV: feature, value, unit, IBSI code.")
def features(
    image: Path, mask: Path, modality: str | None, label: str | None, config: Path | None, as_csv: bool
) -> None:
    """Measure one ROI of IMAGE, drawn in MASK, and print its features."""
    from radfeat.pipeline.pair import measure_pair

    chosen, settings = parse_label(label), read_case_settings(config)
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
