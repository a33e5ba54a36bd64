"""`flask demo`: everything that a newcomer needs, in the foreground."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import ScriptInfo, with_appcontext
from rich.console import Console

from miniprogram_api.commands import AppCommand
from miniprogram_api.core.settings import settings

from .children import GivenUp
from .ports import Taken
from .supervisor import Demo, NotReady, Plan
from .valkey import ValkeyUnavailable


@click.command("demo", cls=AppCommand)
@with_appcontext
def demo() -> None:
    """Open the whole shop with demo data, and close it on Ctrl-C.

    Ports: MALL_PORT (8000) and MALL_SIMULATOR_PORT (8001). Folder: MALL_INSTANCE. With DATABASE_URL
    or REDIS_URL set, those are used and nothing is embedded in their place.
    """
    if settings().is_production:
        raise click.ClickException(
            "演示只用于电脑上试用，不在生产环境运行。The demo is for a laptop, not for production."
        )
    plan = Plan(
        root=Path(current_app.root_path),
        instance=Path(current_app.instance_path),
        port=_port("MALL_PORT", 8000),
        simulator_port=_port("MALL_SIMULATOR_PORT", 8001),
    )
    try:
        Demo(plan, _app_maker(), Console()).run(settings())
    except (GivenUp, NotReady, Taken, ValkeyUnavailable) as error:
        raise click.ClickException(str(error)) from None


@click.command(
    "simulator",
    cls=AppCommand,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    add_help_option=False,
)
@click.pass_context
def simulator(context: click.Context) -> None:
    """WeChat's stand-in on this machine, a program of its own: `flask simulator --help`."""
    command = [sys.executable, "-m", "miniprogram_api.wechat.simulator", *context.args]
    os.execv(sys.executable, command)  # noqa: S606 - our own module, arguments as given


def _app_maker() -> Callable[[], Flask]:
    """How to put the application together again, once its secrets and its Redis are known."""
    info = click.get_current_context().ensure_object(ScriptInfo)

    def make() -> Flask:
        return ScriptInfo(info.app_import_path, info.create_app).load_app()

    return make


def _port(variable: str, default: int) -> int:
    given = os.environ.get(variable, str(default))
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise click.ClickException(
            f"{variable} 必须是 1 到 65535 之间的端口号。{variable} must be a port from 1 to 65535."
        )
    return int(given)
