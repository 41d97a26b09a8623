"""Groups of commands whose modules are imported only when a command is called: start-up stays short."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

Section = Mapping[str, tuple[str, str]]
"""Name of a command to its module in ``radfeat.cli`` and its line in the help."""


class LazyGroup(click.Group):
    """A group that lists its commands by section and imports a command's module when it is called.

    The function of a command has the command's name, with underscores for hyphens.
    """

    def __init__(self, *args: Any, sections: Mapping[str, Section], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, in the order of the help."""
        return [name for section in self.sections.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and take the command from it."""
        for section in self.sections.values():
            if cmd_name in section:
                module = importlib.import_module(f"radfeat.cli.{section[cmd_name][0]}")
                command: click.Command = getattr(module, cmd_name.replace("-", "_"))
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands by section, without importing any."""
        for title, section in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, text) for name, (_, text) in section.items()])
