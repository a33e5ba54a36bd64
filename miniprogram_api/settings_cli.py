"""`flask settings …`: what can be set."""

import click

from .commands import AppGroup
from .core import settings

settings_cli = AppGroup("settings", help="What can be set.")


@settings_cli.command("example")
def example_command() -> None:
    """Print instance/config.example.py: every setting at its default, with unit and meaning."""
    click.echo(settings.example(), nl=False)
