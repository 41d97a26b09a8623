"""``radfeat parity``: one image and mask by both engines."""

import sys
import time
from pathlib import Path

import click

from radfeat.cli.pair_options import pair_parameters, parse_label, read_case_settings

SHOWN = 20


@click.command(
    epilog="\b\nExamples:\n  radfeat parity ct.nii.gz mask.nii.gz --modality CT\n"
    "  radfeat parity mr.nrrd seg.seg.nrrd --label tumour --config study/config.yaml"
)
@pair_parameters
def parity(image: Path, mask: Path, modality: str | None, label: str | None, config: Path | None) -> None:
    """Measure one ROI of IMAGE, drawn in MASK, by PyRadiomics and by the native engine, and compare.

    Exit code 1, a bug of radfeat to be reported, if a feature differs by more than 1e-9: relative, or of its
    scale where its definition cancels.
    """
    from radfeat.core.vocabulary import Engine, ExitCode
    from radfeat.features.parity import TOLERANCE, compare_engines
    from radfeat.pipeline.pair import read_roi
    from radfeat.pipeline.parity import measure_by, require_both_engines

    settings = read_case_settings(config)
    require_both_engines(settings.features)
    roi = read_roi(image, mask, modality=modality, label=parse_label(label), settings=settings.ingest)
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
        "Processor time of preparing and measuring, with what an engine loads when it is first used: "
        f"pyradiomics {seconds[Engine.PYRADIOMICS]:.2f} s, native {seconds[Engine.NATIVE]:.2f} s."
    )
    if unequal:
        sys.exit(ExitCode.BUG)
