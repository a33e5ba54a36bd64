"""`flask setup`: the link by which a new shop is set up, and its keys where there are none."""

import os
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from miniprogram_api.commands import AppCommand
from miniprogram_api.core.crypto import FRESH_KEYS
from miniprogram_api.core.log import log
from miniprogram_api.core.settings import Origin, origin_of, settings
from miniprogram_api.http.health import migrations_are_run

from . import config_file, links

_log = log(__name__)


@click.command("setup", cls=AppCommand)
@click.option(
    "--url",
    default=lambda: f"http://127.0.0.1:{os.environ.get('MALL_PORT', '8000')}",
    help="浏览器里本店的地址 · where browsers find this shop",
)
@with_appcontext
def setup_command(url: str) -> None:
    """开店：生成密钥和一次性链接 · Set up a real shop: its keys, and a one-time link for a browser."""
    if not migrations_are_run():
        raise click.ClickException(
            "请先建表：flask db upgrade · make the tables first: flask db upgrade"
        )
    token = links.issue()
    made = _complete()
    if made:
        click.echo(f"已写入 instance/config.py · written: {', '.join(made)}")
        click.echo("请（重新）启动全部进程 · (re)start all processes")
    click.echo(
        "用浏览器打开，24 小时内有效，只能用一次 · open this in a browser, once, within 24 hours:"
    )
    click.echo(f"  {url.rstrip('/')}/setup/{token}")


def announce(app: Flask) -> None:
    """Print the link where a shop that serves real shoppers starts without anybody to run it."""
    with app.app_context():
        if not settings().is_production or not migrations_are_run() or links.has_staff_now():
            return
        if links.is_open():
            _log.warning("set_up_is_waiting", remedy="open the link, or get a new one: flask setup")
            return
        address = os.environ.get("MALL_PORT", "8000")
        click.echo(
            "店里还没有人。用浏览器开店 · nobody works here yet, set up the shop:\n"
            f"  http://127.0.0.1:{address}/setup/{links.issue()}",
            err=True,
        )


def _complete() -> list[str]:
    """Write the keys that nobody has set, and that this is no demo; what is there is never replaced."""
    instance = Path(current_app.instance_path)
    held = config_file.values(instance)
    missing: dict[str, object] = {
        name.upper(): make()
        for name, make in FRESH_KEYS.items()
        if not getattr(settings(), name) and not held.get(name.upper())
    }
    if origin_of("ENVIRONMENT") is Origin.DEFAULT:
        missing["ENVIRONMENT"] = "production"
    config_file.write(instance, missing)
    return list(missing)
