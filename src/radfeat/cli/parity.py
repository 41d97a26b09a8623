"""``radfeat parity``: one image and mask by both engines."""

import sys
import time
from pathlib import Path

import click

from radfeat.cli.options import ANY_PATH, resolve_config

SHOWN = 20


@click.command(
    epilog="\b\nExamples:\n  radfeat parity ct.nii.gz mask.nii.gz --modality CT\n"
    "  radfeat parity mr.nrrd seg.seg.nrrd --label tumour --config study/config.yaml"
)
@click.argument("image", type=ANY_PATH)
@click.argument("mask", type=ANY_PATH)
@click.option(
    "--modality",
    type=click.Choice(["CT", "MR", "PT", "US", "OT"]),
    help="Default: what a DICOM image says, else OT.",
)
@click.option("--label", help="Number or name of the label; needed where the mask holds several.")
@click.option("--config", type=ANY_PATH, help="Take ingest, prepare and features from this study.")
def parity(image: Path, mask: Path, modality: str | None, label: str | None, config: Path | None) -> None:
    """Measure one ROI of IMAGE, drawn in MASK, by PyRadiomics and by the native engine, and compare.

    Exit code 1 if a feature differs by more than 1e-9: relative, or of its scale where its definition
    cancels.
    """
    from radfeat.config.reader import read_settings
    from radfeat.core.vocabulary import Engine
    from radfeat.features.parity import TOLERANCE, compare_engines
    from radfeat.pipeline.case import CaseSettings
    from radfeat.pipeline.pair import read_roi
    from radfeat.pipeline.parity import measure_by

    settings = CaseSettings()
    if config is not None:
        study = read_settings(resolve_config(config))
        settings = CaseSettings(study.ingest, study.prepare, study.features, study.qc)
    chosen: int | str | None = int(label) if label is not None and label.isdigit() else label
    roi = read_roi(image, mask, modality=modality, label=chosen, settings=settings.ingest)
    settings = settings.resolve(roi.row.modality)
    values, seconds = {}, {}
    for engine in (Engine.PYRADIOMICS, Engine.NATIVE):
        start = time.process_time()
        values[engine] = measure_by(engine, roi, settings)
        seconds[engine] = time.process_time() - start
    compared = compare_engines(values[Engine.PYRADIOMICS], values[Engine.NATIVE])
    unequal = [c for c in compared if not c.is_equal]
    for c in unequal[:SHOWN]:
        click.echo(f"{c.feature}: pyradiomics {c.reference!r}, native {c.native!r}")
    worst = max(compared, key=lambda c: c.difference)
    click.echo(
        f"{len(compared) - len(unequal)} of {len(compared)} features equal within {TOLERANCE:g}; greatest "
        f"difference {worst.difference:.1e} ({worst.feature})."
    )
    click.echo(
        "Processor time of preparing and measuring, each for the first time: "
        f"pyradiomics {seconds[Engine.PYRADIOMICS]:.2f} s, native {seconds[Engine.NATIVE]:.2f} s."
    )
    if unequal:
        sys.exit(1)
