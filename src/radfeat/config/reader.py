"""Reading a study's settings: the configuration file, and the files that it names."""

from pathlib import Path
from typing import Any

from radfeat.config.model import StudySettings
from radfeat.config.parameter_file import read_parameter_file
from radfeat.config.yaml_file import FileKind, read_yaml
from radfeat.core.errors import SettingsError
from radfeat.qc.protocol import Protocol

CONFIGURATION = FileKind(
    StudySettings,
    name="configuration file",
    first_line="images: images.csv",
    if_absent="Name one (`radfeat run study/config.yaml`), or write one with `radfeat init FOLDER`",
    if_wrong="See `radfeat settings` for what is allowed",
)
PROTOCOL = FileKind(
    Protocol,
    name="protocol file",
    first_line="modalities: {CT: {slice_spacing: {max: 3}}}",
    if_absent="Mend `protocol_file`; the path hangs from the folder of the configuration file",
    if_wrong="See docs/protocol.md for what is allowed",
)


def read_settings(path: Path) -> StudySettings:
    """Read, check and complete the settings of a study.

    Raises
    ------
    SettingsError
        If a file cannot be read or any setting is wrong; the message lists every fault.
    """
    settings, data = read_yaml(path, CONFIGURATION)
    return _apply_protocol_file(_apply_parameter_file(settings, data, path), path)


def _apply_parameter_file(settings: StudySettings, data: dict[str, Any], path: Path) -> StudySettings:
    if settings.parameter_file is None:
        return settings
    clash = [name for name in ("prepare", "features") if set(data.get(name) or {}) - {"keep"}]
    if clash:
        raise SettingsError(
            f"`parameter_file` is given together with `{'` and `'.join(clash)}`",
            key=path.name,
            remedy="Keep the parameter file or the sections, not both; `prepare.keep` may stay",
        )
    given = read_parameter_file(path.parent / settings.parameter_file)
    update: dict[str, Any] = {
        "prepare": given.prepare.model_copy(update={"keep": settings.prepare.keep}),
        "features": given.features,
    }
    return settings.model_copy(update=update)


def _apply_protocol_file(settings: StudySettings, path: Path) -> StudySettings:
    if settings.protocol_file is None:
        return settings
    if settings.qc.protocol is not None:
        raise SettingsError(
            "`protocol_file` is given together with `qc.protocol`",
            key=path.name,
            remedy="Keep the file or the section, not both",
        )
    protocol, _ = read_yaml(path.parent / settings.protocol_file, PROTOCOL)
    return settings.model_copy(update={"qc": settings.qc.model_copy(update={"protocol": protocol})})
