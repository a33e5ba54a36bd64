"""What every `flask …` command shares: how it refuses, how it reads a file, in whose name it acts.

A refusal of the shop flies to here and becomes one sentence with exit code 1, as `http.problems`
makes it a problem; no command translates it by itself. Options and arguments that cannot be
understood are click's to refuse, with exit code 2.
"""

import getpass
import json
import os
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import flask.cli
from marshmallow import ValidationError

from .core import strict_json
from .core.errors import DomainError

T = TypeVar("T")
ACTOR_LENGTH = 64

EXISTING_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
a_file = click.argument("file", type=EXISTING_FILE)


class AppCommand(click.Command):
    """A command of which a `DomainError` is told as a sentence, in Chinese and English."""

    def invoke(self, ctx: click.Context) -> Any:
        """Carry the command out.

        :raises ClickException: the shop refused.
        """
        try:
            return super().invoke(ctx)
        except DomainError as refusal:
            detail = str(refusal) or refusal.title_en
            raise click.ClickException(f"{refusal.title_zh} · {detail}") from None


class AppGroup(AppCommand, flask.cli.AppGroup):
    """Commands that run within the application, all of which refuse in the same way."""


def read_json(file: Path, read: Callable[[Any], T], what: str = "") -> T:
    """What a JSON file spells.

    :param read: makes sense of it; raises marshmallow's `ValidationError`, or refuses.
    :param what: what it ought to be, in Chinese.
    :raises ClickException: it is no JSON, or not of that form.
    """
    try:
        given = strict_json.decode(file.read_bytes().removeprefix(BOM_UTF8))  # Notepad writes it
    except strict_json.NotStrictJson as error:
        raise click.ClickException(f"不是 JSON · not JSON: {error}") from None
    return read_given(given, read, what)


def read_given(given: Any, read: Callable[[Any], T], what: str = "") -> T:
    """What somebody has given, as `read_json` reads what a file holds.

    :raises ClickException: a field has not the form that it must have.
    """
    try:
        return read(given)
    except ValidationError as error:
        told = json.dumps(error.messages, ensure_ascii=False)
        raise click.ClickException(f"{what}格式有误 · wrong form: {told}") from None


def actor() -> str:
    """Who acts, as records name them: `cli:` and the user of the operating system."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have a number and no name
        user = str(os.getuid())
    return f"cli:{user}"[:ACTOR_LENGTH]
