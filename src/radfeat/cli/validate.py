"""``radfeat validate``: every fault of settings and sheets at once."""

from collections.abc import Sequence
from pathlib import Path

import click

from radfeat.cli.options import config_argument, resolve_config
from radfeat.config.model import StudySettings
from radfeat.core.errors import RadfeatError, TableError


@click.command(
    epilog="\b\nExamples:\n  radfeat validate my-study/config.yaml\n  radfeat validate my-study --blinded"
)
@config_argument
@click.option("--blinded", is_flag=True, help="Leave the clinical sheet unread.")
def validate(config: Path, blinded: bool) -> None:
    """Check settings, image sheet, files and clinical sheet; exit with 0 only if all is well."""
    from radfeat.config.reader import read_settings
    from radfeat.pipeline.ct_phantom import require_ct_phantom

    file = resolve_config(config)
    settings = read_settings(file)
    require_ct_phantom(settings.ibsi_phantom, file.parent)
    faults = [*_image_faults(settings, file.parent)]
    if settings.stratifies and not blinded:
        faults += _clinical_faults(settings, file.parent)
    for sentence in faults:
        click.echo(sentence, err=True)
    if faults:
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        raise TableError(f"{count} in the sheets (listed above)", remedy="Mend them and validate again")
    click.echo(f"{file.name}: settings and sheets are in order.")
    for line in _say_what_was_seen(settings, file.parent, blinded=blinded):
        click.echo(f"  {line}")


def _say_what_was_seen(settings: StudySettings, base: Path, *, blinded: bool) -> Sequence[str]:
    from radfeat.ingest.image_sheet import read_image_sheet
    from radfeat.modelling.clinical import read_clinical_sheet
    from radfeat.pipeline.sheets_match import list_absent_modalities, list_unmatched_subjects

    rows = read_image_sheet(base / settings.images)
    cases = {row.key.case for row in rows}
    subjects = {case.subject_id for case in cases}
    lines = [
        f"{settings.images}: {len(rows)} ROIs in {len(cases)} images of {len(subjects)} subjects; "
        "every file is there, none was opened",
        *list_absent_modalities(rows, settings.prepare, settings.features),
    ]
    if settings.protocol_file is not None:
        lines.append(f"{settings.protocol_file}: read")
    if settings.stratifies:
        lines.append(f"{settings.clinical}: {'left unread' if blinded else 'read'}")
    if settings.stratifies and not blinded:
        clinical = read_clinical_sheet(base / str(settings.clinical), settings.modelling)
        lines += list_unmatched_subjects(rows, clinical)
    return lines


def _image_faults(settings: StudySettings, base: Path) -> Sequence[str]:
    from radfeat.ingest.image_sheet import check_image_files, check_image_sheet, read_image_sheet
    from radfeat.pipeline.sheets_match import require_protocol_images

    sheet = base / settings.images
    faults = check_image_sheet(sheet)
    if not faults:
        rows = read_image_sheet(sheet)
        require_protocol_images(rows, settings.qc)
        faults = check_image_files(rows)
    return [fault.sentence for fault in faults]


def _clinical_faults(settings: StudySettings, base: Path) -> Sequence[str]:
    from radfeat.ingest.image_sheet import check_image_sheet, read_image_sheet
    from radfeat.modelling.clinical import read_clinical_sheet
    from radfeat.pipeline.sheets_match import check_sheets_match

    try:
        clinical = read_clinical_sheet(base / str(settings.clinical), settings.modelling)
    except RadfeatError as error:
        return error.sentence.splitlines()
    sheet = base / settings.images
    if check_image_sheet(sheet):
        return []  # said already; what the sheets share can be asked once they can be read
    return check_sheets_match(read_image_sheet(sheet), clinical, settings.modelling)
