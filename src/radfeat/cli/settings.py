"""``radfeat settings``: the settings with every default, explained, or their JSON schema."""

import json
from pathlib import Path

import click
import yaml

from radfeat.cli.options import ANY_PATH, resolve_config


@click.command(
    epilog="\b\nExamples:\n  radfeat settings my-study/config.yaml\n"
    "  radfeat settings --schema > config.schema.json"
)
@click.argument("config", type=ANY_PATH, required=False)
@click.option("--schema", is_flag=True, help="Print the JSON schema of config.yaml.")
def settings(config: Path | None, schema: bool) -> None:
    """Print the settings of a study with every default written out (without CONFIG: the defaults)."""
    from radfeat.config.model import StudySettings
    from radfeat.config.reader import read_settings
    from radfeat.config.schema import build_config_schema

    if schema:
        click.echo(json.dumps(build_config_schema(), indent=2, ensure_ascii=False))
        return
    value = StudySettings() if config is None else read_settings(resolve_config(config))
    click.echo(yaml.safe_dump(value.model_dump(mode="json"), sort_keys=False, allow_unicode=True), nl=False)
