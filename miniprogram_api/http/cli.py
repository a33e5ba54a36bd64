"""Commands that write what the documentation shows: the OpenAPI document, the list of problems."""

from pathlib import Path

import click
from flask import current_app

from miniprogram_api.commands import AppGroup

from . import problem_list

openapi = AppGroup("openapi", help="The OpenAPI document.")
problems = AppGroup("problems", help="The list of problems.")


def openapi_text() -> str:
    """The OpenAPI document, as /openapi.json shows it."""
    text: str = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].text
    return text


@openapi.command("write")
@click.argument(
    "path", type=click.Path(dir_okay=False, path_type=Path), default="docs/openapi.json"
)
def write_openapi(path: Path) -> None:
    """Write the OpenAPI document to PATH."""
    _write(path, openapi_text())


@problems.command("write")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default="docs/problems.md")
def write_problems(path: Path) -> None:
    """Write the list of problems to PATH."""
    _write(path, problem_list.markdown())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    click.echo(f"{path}: {len(text.splitlines())} lines")
