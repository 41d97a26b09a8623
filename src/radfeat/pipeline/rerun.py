"""A package run again: its settings, sheets and inputs laid out in a fresh folder as they lay at home."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from radfeat.config.model import StudySettings
from radfeat.core.errors import SubmissionError
from radfeat.core.files import write_text
from radfeat.pipeline.folders import ResultsFolder
from radfeat.pipeline.package_inputs import SHEET_ROLES, find_layout
from radfeat.pipeline.package_source import Source
from radfeat.pipeline.run_pairs import PACKAGED_OUTPUTS

RESULTS = "results"


def read_packaged_settings(package: Path) -> StudySettings:
    """The settings of a package, every default written out."""
    path = package / "data" / "config" / "settings.yaml"
    data: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return StudySettings.model_validate(data)


def lay_out(package: Path, source: Source, root: Path) -> Path:
    """Make the folder of a rerun; returns its ``config.yaml``.

    Sheets are copied, images and masks linked: a rerun writes to none of them. The records of which analysis
    was locked when the arms were first read are carried over, so that an exploratory analysis stays one. An
    override of the QC gate is too; it opens the gate for the same failures under the same limits alone.

    Parameters
    ----------
    package, source
        The package, and where its inputs lie.
    root
        An empty folder.

    Raises
    ------
    SubmissionError
        The folder is not empty.
    """
    if root.exists() and any(root.iterdir()):
        raise SubmissionError(
            "the folder of the rerun is not empty", key=str(root), remedy="Name another one"
        )
    layout = find_layout(source.manifest)
    sheets = {item.path for item in source.manifest.objects if item.role in SHEET_ROLES}
    for path in source.manifest.list_files():
        target, origin = root / layout.place(path), source.locate(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path in sheets:
            shutil.copyfile(origin, target)
        elif origin.is_file():
            target.symlink_to(origin.resolve())
    config = root / layout.study / "config.yaml"
    _write_settings(package, config)
    _carry_over(ResultsFolder(package / PACKAGED_OUTPUTS), ResultsFolder(config.parent / RESULTS))
    return config


def _carry_over(packaged: ResultsFolder, fresh: ResultsFolder) -> None:
    """What no rerun can compute: with which analyses the arms were read, and a person's override."""
    if packaged.readings.is_dir():
        shutil.copytree(packaged.readings, fresh.readings, copy_function=shutil.copyfile)
    if packaged.override.is_file():
        fresh.override.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(packaged.override, fresh.override)


def _write_settings(package: Path, config: Path) -> None:
    """The packaged settings, but for the files whose content they hold already and the place of results."""
    settings = read_packaged_settings(package)
    data = settings.model_dump(mode="json")
    data |= {"results": RESULTS, "parameter_file": None, "protocol_file": None}
    config.parent.mkdir(parents=True, exist_ok=True)
    write_text(config, yaml.safe_dump(data, sort_keys=False, allow_unicode=True))
