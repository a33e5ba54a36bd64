"""`flask earning …`: the operator's hand on the earning rule, and the reason for every point."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from miniprogram_api.commands import AppGroup, a_file, actor, read_json
from miniprogram_api.core.clock import in_shop_time, now, shop_zone, today
from miniprogram_api.core.db import db

from . import audit, replay, rule_book
from .awards import award_of
from .example import EXAMPLE
from .explaining import sentences
from .facts import Past
from .history import member_numbers
from .models import EarningRule
from .personal import told
from .replay import WhatIf
from .rule_file import read

earning_cli = AppGroup("earning", help="消费得积分 · What purchases earn.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
FINDINGS_SHOWN = 100


@earning_cli.command("rules")
@click.option("--all", "show_all", is_flag=True, help="所有版本 · every version, the newest first")
@as_json
def rules_command(*, show_all: bool, as_json: bool) -> None:
    """现行规则 · The rule in force now, or every version."""
    rule = rule_book.in_force(db.session(), now())
    withdrawn = rule_book.withdrawn(db.session())
    found = [
        {**_told_rule(row), "is_withdrawn": row.version in withdrawn}
        for row in rule_book.versions(db.session())
    ]
    if not show_all:
        current = next((one for one in found if rule and one["version"] == rule.version), None)
        if current is None:
            raise click.ClickException("还没有生效的规则 · no rule is in force yet")
        click.echo(_spelt(current, as_json=as_json))
        return
    if as_json:
        click.echo(_spelt(found, as_json=True))
        return
    for one in found:
        mark = (
            "▶" if rule and one["version"] == rule.version else "✗" if one["is_withdrawn"] else " "
        )
        click.echo(f"{mark} {one['version']:>4}  {one['starts_at']}  {one['actor']}  {one['note']}")


@earning_cli.command("example")
def example_command() -> None:
    """示例规则 · A rule with everything in it, as a file to change."""
    click.echo(_spelt(EXAMPLE.as_json(), as_json=False))


@earning_cli.command("publish")
@a_file
@click.option(
    "--starts-at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="生效时间（商城时区），默认现在 · by the shop's clock; default: now. Not in the past.",
)
@click.option("--note", default="", help="为什么 · for people: why")
@as_json
def publish_command(file: Path, starts_at: datetime | None, note: str, *, as_json: bool) -> None:
    """发布 FILE 为新版本 · Publish FILE as a new version. Exit code 1: refused, nothing changed."""
    begins = starts_at.replace(tzinfo=shop_zone()) if starts_at else None
    terms = read_json(file, read, "规则")
    rule = rule_book.publish(terms, begins, note=note, actor=actor())
    shown = in_shop_time(rule.starts_at).isoformat()
    plain = f"版本 version {rule.version}，自 from {shown} 起生效"
    answer = {"version": rule.version, "starts_at": shown}
    click.echo(_spelt(answer, as_json=True) if as_json else plain)


@earning_cli.command("withdraw")
@click.argument("version", type=int)
@click.option("--note", default="", help="为什么 · for people: why")
def withdraw_command(version: int, note: str) -> None:
    """撤回未生效的版本 · Withdraw a version before it begins. Exit code 1: refused, nothing changed."""
    rule_book.withdraw(version, note=note, actor=actor())
    click.echo(f"已撤回 withdrawn: {version}")


@earning_cli.command("explain")
@click.argument("reference")
@as_json
def explain_command(reference: str, *, as_json: bool) -> None:
    """一笔消费为什么得这些积分 · Why a purchase earned what it did: `purchase:<source>:<id>`."""
    row = award_of(reference)
    if as_json:
        click.echo(_spelt(told(row), as_json=True))
        return
    click.echo(f"{row.reference}  {in_shop_time(row.occurred_at).isoformat()}")
    for sentence in sentences(row.explanation):
        click.echo(sentence)


@earning_cli.command("what-if")
@a_file
@click.option("--days", type=click.IntRange(1, 3660), default=30, show_default=True,
              help="回放最近几天 · how many days, today included")  # fmt: skip
@click.option("--top", type=click.IntRange(0, 1000), default=replay.TOP, show_default=True,
              help="列出几位会员 · how many members are named")  # fmt: skip
@as_json
def what_if_command(file: Path, days: int, top: int, *, as_json: bool) -> None:
    """按 FILE 草案回放历史消费：成本、谁得谁失 · What a draft would have cost, who gains, who loses."""
    terms = read_json(file, read, "规则")
    last = today()
    past = replay.history(last - timedelta(days=days - 1), last)
    found = replay.replay(_counted(past, shown=not as_json), terms, top=top)
    if as_json:
        click.echo(_spelt(_numbered(found), as_json=True))
        return
    _show(found)


@earning_cli.command("verify")
@as_json
def verify_command(*, as_json: bool) -> None:
    """按各自的规则版本重判每一笔，并与账目核对；退出码 1 为有差异 · Prove every award again."""
    found = list(audit.findings(db.session()))
    if as_json:
        click.echo(_spelt([asdict(item) for item in found], as_json=True))
    else:
        for item in found[:FINDINGS_SHOWN]:
            click.echo(str(item))
        click.echo(f"{len(found)} differences · 差异 {len(found)} 处")
    sys.exit(1 if found else 0)


def _counted(past: Iterable[Past], *, shown: bool) -> Iterator[Past]:
    """The same, while a line tells how many have gone by."""
    columns = SpinnerColumn(), TextColumn("回放 · replaying {task.completed}"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), disable=not shown) as progress:
        task = progress.add_task("", total=None)
        for one in past:
            yield one
            progress.advance(task)


def _show(found: WhatIf) -> None:
    click.echo(f"{found.members} 位会员 members，{found.purchases} 笔消费 purchases")
    click.echo(
        f"积分 points  {found.points_before} → {found.points_after}（{found.cost_points:+}）"
    )
    click.echo(f"返现 cashback  {found.cashback_before_fen} → {found.cashback_after_fen} 分 fen")
    numbers = _member_numbers(found)
    for title, count, members in (
        ("受益 gain", found.gaining, found.gainers),
        ("受损 lose", found.losing, found.losers),
    ):
        click.echo(f"{title}  {count}")
        for one in members:
            click.echo(f"  {numbers[one.member_id]}  {one.before} → {one.after}（{one.gain:+}）")


def _numbered(found: WhatIf) -> dict[str, Any]:
    """As JSON, with members by their numbers."""
    numbers = _member_numbers(found)
    members = {
        name: [
            {"member_no": numbers[one.member_id], "before": one.before, "after": one.after}
            for one in changes
        ]
        for name, changes in (("gainers", found.gainers), ("losers", found.losers))
    }
    return {**asdict(found), "cost_points": found.cost_points, **members}


def _member_numbers(found: WhatIf) -> dict[int, str]:
    """The numbers of the members who are named."""
    return member_numbers(change.member_id for change in (*found.gainers, *found.losers))


def _told_rule(row: EarningRule) -> dict[str, Any]:
    return {
        "version": row.version,
        "starts_at": in_shop_time(row.starts_at).isoformat(),
        "note": row.note,
        "actor": row.actor,
        "created_at": in_shop_time(row.created_at).isoformat(),
        "terms": row.terms,
    }


def _spelt(answer: Any, *, as_json: bool) -> str:
    return json.dumps(answer, ensure_ascii=False, indent=None if as_json else 2)
