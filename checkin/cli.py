"""`flask checkin rules …`: the operator's hand on the rule, until pages take it over."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from miniprogram_api.commands import AppGroup, a_file, actor, read_json
from miniprogram_api.core.clock import in_shop_time, today
from miniprogram_api.core.db import db

from . import rule_book
from .models import CheckInRule
from .rule_file import read
from .terms import FIRST_TERMS

checkin_cli = AppGroup("checkin", help="签到 · Daily check-in.")
rules_cli = AppGroup("rules", help="签到规则 · The versions of the check-in rule.")
checkin_cli.add_command(rules_cli)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@rules_cli.command("show")
@click.option("--all", "show_all", is_flag=True, help="Every version, the newest first.")
@as_json
def show_command(*, show_all: bool, as_json: bool) -> None:
    """The rule in force today, or every version."""
    rule = rule_book.in_force(db.session(), today())
    if not show_all:
        told = {
            "version": rule.version,
            "effective_on": rule.effective_on.isoformat(),
            "terms": rule.terms.as_json(),
        }
        click.echo(_spelt(told, as_json=as_json))
        return
    withdrawn = rule_book.withdrawn(db.session())
    found = [
        {**_told(row), "is_withdrawn": row.version in withdrawn}
        for row in rule_book.versions(db.session())
    ]
    if as_json:
        click.echo(_spelt(found, as_json=True))
        return
    for one in found:
        mark = "▶" if one["version"] == rule.version else "✗" if one["is_withdrawn"] else " "
        click.echo(
            f"{mark} {one['version']:>4}  {one['effective_on']}  {one['actor']}  {one['note']}"
        )


@rules_cli.command("example")
def example_command() -> None:
    """The rule that a new shop has, as a file to change."""
    click.echo(_spelt(FIRST_TERMS.as_json(), as_json=False))


@rules_cli.command("set")
@a_file
@click.option(
    "--effective-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day of the shop; default: tomorrow. Days that have begun are refused.",
)
@click.option("--note", default="", help="For people: why.")
@as_json
def set_command(file: Path, effective_on: datetime | None, note: str, *, as_json: bool) -> None:
    """Publish the rule of FILE as a new version. Exit code 1: refused, and nothing changed."""
    terms = read_json(file, read, "规则")
    day = effective_on.date() if effective_on else today() + timedelta(days=1)
    rule = rule_book.publish(terms, day, note=note, actor=actor())
    told = {"version": rule.version, "effective_on": rule.effective_on.isoformat()}
    plain = f"版本 version {rule.version}，自 from {rule.effective_on} 起生效"
    click.echo(_spelt(told, as_json=True) if as_json else plain)


@rules_cli.command("withdraw")
@click.argument("version", type=int)
@click.option("--note", default="", help="For people: why.")
def withdraw_command(version: int, note: str) -> None:
    """Withdraw a version before it begins. Exit code 1: refused, and nothing changed."""
    rule_book.withdraw(version, note=note, actor=actor())
    click.echo(f"已撤回 withdrawn: {version}")


def _told(row: CheckInRule) -> dict[str, Any]:
    return {
        "version": row.version,
        "effective_on": row.effective_on.isoformat(),
        "note": row.note,
        "actor": row.actor,
        "created_at": in_shop_time(row.created_at).isoformat(),
        "terms": row.terms,
    }


def _spelt(told: Any, *, as_json: bool) -> str:
    return json.dumps(told, ensure_ascii=False, indent=None if as_json else 2)
