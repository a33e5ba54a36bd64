"""`flask tiers …`: the ladder, where members stand, and judging them anew."""

import json
import sys
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from miniprogram_api.commands import AppGroup, a_file, actor, read_json
from miniprogram_api.core.clock import in_shop_time, to_day, today
from miniprogram_api.members.accounts import member_id_of_no

from . import audit, ladder, publishing, requalifying, services, shown
from .ladder_file import read
from .steps import Tier
from .terms import FIRST_TERMS

tiers_cli = AppGroup("tiers", help="会员等级 · Members' tiers.")
ladder_cli = AppGroup("ladder", help="等级规则 · The versions of the ladder.")
tiers_cli.add_command(ladder_cli)
of_member = click.option("--member", "member_no", required=True, help="会员号 · member number")
FINDINGS_SHOWN = 100
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


@tiers_cli.command("set")
@of_member
@click.option("--why", default="", help="给人看的原因 · for people; kept for ever")
@click.argument("code")
def set_command(member_no: str, code: str, why: str) -> None:
    """调整会员等级 · Move a member to a tier."""
    tier = services.set_tier(member_id_of_no(member_no), code, why=why, actor=actor())
    click.echo(_spelt(tier))


@tiers_cli.command("show")
@of_member
def show_command(member_no: str) -> None:
    """查看会员等级 · The tier of a member."""
    click.echo(_spelt(services.tier_of(member_id_of_no(member_no))))


@tiers_cli.command("history")
@of_member
@as_json
def history_command(member_no: str, *, as_json: bool) -> None:
    """等级变动记录 · How a member came to stand there, the newest first."""
    found = shown.history_of(member_id_of_no(member_no))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        until = one["keep_until"] or "-"
        click.echo(
            f"{one['changed_at']}  {one['code_before']} → {one['code']}  {one['reason']}  "
            f"{one['reference'] or one['actor']}  {until}"
        )


@tiers_cli.command("requalify")
@as_json
def requalify_command(*, as_json: bool) -> None:
    """全部会员重新评定 · Judge every member anew, with progress. Interrupted: run it again."""
    with Progress(console=Console(stderr=True), disable=as_json) as progress:
        total = requalifying.members_to_look_at()
        task = progress.add_task("评定 · requalifying", total=total)
        counts = requalifying.requalify(lambda step: progress.advance(task, step))
    if as_json:
        click.echo(json.dumps(vars(counts)))
        return
    click.echo(
        f"会员 members {counts.looked_at} · 升级 risen {counts.risen} · 保级 kept {counts.kept} · "
        f"宽限 in grace {counts.in_grace} · 降级 fallen {counts.fallen}"
    )


@tiers_cli.command("verify")
@as_json
def verify_command(*, as_json: bool) -> None:
    """核对等级 · Tell every standing anew and compare. Exit code 1: something differs, and is listed."""
    found = list(audit.findings())
    if as_json:
        click.echo(json.dumps([asdict(item) for item in found], ensure_ascii=False))
    else:
        for item in found[:FINDINGS_SHOWN]:
            click.echo(str(item))
        click.echo(f"{len(found)} differences · 差异 {len(found)} 处")
    sys.exit(1 if found else 0)


@ladder_cli.command("show")
@click.option("--all", "show_all", is_flag=True, help="Every version, the newest first.")
@as_json
def show_ladder_command(*, show_all: bool, as_json: bool) -> None:
    """现行等级规则 · The ladder in force, or every version."""
    if show_all:
        withdrawn = publishing.withdrawn()
        told = [
            {**_told(row), "is_withdrawn": row.version in withdrawn}
            for row in publishing.all_versions()
        ]
        click.echo(_dumped(told, as_json=as_json))
        return
    now = ladder.current()
    told_now = {
        "version": now.version,
        "starts_at": in_shop_time(now.starts_at).isoformat(),
        "terms": now.terms.as_json(),
    }
    click.echo(_dumped(told_now, as_json=as_json))


@ladder_cli.command("example")
def example_command() -> None:
    """新店的等级规则，可修改后发布 · The ladder of a new shop, as a file to change."""
    click.echo(_dumped(FIRST_TERMS.as_json(), as_json=False))


@ladder_cli.command("publish")
@a_file
@click.option(
    "--starts-on",
    type=click.DateTime(["%Y-%m-%d"]),
    help="First day of the shop; default: tomorrow. Days that have begun are refused.",
)
@click.option("--note", default="", help="For people: why.")
@as_json
def publish_command(file: Path, starts_on: datetime | None, note: str, *, as_json: bool) -> None:
    """发布 FILE（JSON）为新版本 · Publish the ladder of FILE. Exit code 1: refused, nothing changed."""
    terms = read_json(file, read, "规则")
    day = starts_on.date() if starts_on else today() + timedelta(days=1)
    new = publishing.publish(terms, day, note=note, actor=actor())
    told = {"version": new.version, "starts_on": to_day(new.starts_at).isoformat()}
    plain = f"版本 version {new.version}，自 from {told['starts_on']} 起生效"
    click.echo(_dumped(told, as_json=True) if as_json else plain)


@ladder_cli.command("withdraw")
@click.argument("version", type=int)
@click.option("--note", default="", help="For people: why.")
def withdraw_command(version: int, note: str) -> None:
    """撤回未生效的版本 · Withdraw a version before it begins. Exit code 1: refused, nothing changed."""
    publishing.withdraw(version, note=note, actor=actor())
    click.echo(f"已撤回 withdrawn: {version}")


def _spelt(tier: Tier) -> str:
    told = {"code": tier.code, "rank": tier.rank, "name": tier.name_zh, "card": tier.card_zh}
    return json.dumps(told, ensure_ascii=False)


def _told(row: Any) -> dict[str, Any]:
    return {
        "version": row.version,
        "starts_at": in_shop_time(row.starts_at).isoformat(),
        "note": row.note,
        "actor": row.actor,
        "created_at": in_shop_time(row.created_at).isoformat(),
        "terms": row.terms,
    }


def _dumped(told: Any, *, as_json: bool) -> str:
    return json.dumps(told, ensure_ascii=False, indent=None if as_json else 2)
