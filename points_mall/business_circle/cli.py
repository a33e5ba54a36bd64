"""`flask circle …`: what WeChat was told of purchases in the mall, authorisations, parking."""

import json
from datetime import datetime
from typing import Any

import click

from miniprogram_api.commands import AppGroup
from miniprogram_api.core.clock import in_shop_time, now, shop_zone
from miniprogram_api.members.accounts import member_id_of_no

from . import authorizing, parked, parking, syncing
from .models import CircleSync
from .states import SyncState

STATES = [state.value for state in SyncState]

circle_cli = AppGroup("circle", help="智慧商圈 · The business circle: points syncs, parking.")
member = click.argument("member_no")


@circle_cli.command("list")
@click.option("--state", type=click.Choice(STATES), help="只看某一状态 · only these")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_command(state: str | None, limit: int, *, as_json: bool) -> None:
    """商圈交易与积分同步 · The latest purchases in the mall, and what WeChat knows of them."""
    found = [_told(sync) for sync in syncing.recent(SyncState(state) if state else None, limit)]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for one in found:
        click.echo("  ".join("-" if value is None else str(value) for value in one.values()))


@circle_cli.command("retry")
@click.argument("transaction_id")
def retry_command(transaction_id: str) -> None:
    """再次同步被拒的交易 · Tell WeChat of a refused purchase once more."""
    syncing.try_again(transaction_id)
    click.echo("queued · 已排队")


@circle_cli.command("sync")
def sync_command() -> None:
    """立即同步到期的交易 · Tell WeChat now what is due."""
    click.echo(f"{syncing.tell_due()} told · 已同步")


@circle_cli.command("claim")
def claim_command() -> None:
    """补发入会前的消费积分 · Give new members the purchases of the days before."""
    click.echo(f"{parked.claim()} claimed · 已补发")


@circle_cli.command("check")
@member
def check_command(member_no: str) -> None:
    """查询会员授权 · Ask WeChat whether a member has authorised."""
    shopper = authorizing.ask_about(member_id_of_no(member_no))
    click.echo(shopper.state)


@circle_cli.command("commit-status")
@member
def commit_status_command(member_no: str) -> None:
    """查询待领积分 · Whether purchases wait for the member to claim points."""
    click.echo(parking.commit_status(member_id_of_no(member_no)))


@circle_cli.command("parking")
@member
@click.argument("plate")
@click.argument("direction", type=click.Choice(["IN", "OUT"], case_sensitive=False))
@click.option("--at", type=click.DateTime(), help="商店时间；默认现在 · by the shop's clock")
def parking_command(member_no: str, plate: str, direction: Any, at: datetime | None) -> None:
    """上报停车 · Tell WeChat that a member drove in or out."""
    moment = at.replace(tzinfo=shop_zone()) if at else now()
    parking.report_parking(member_id_of_no(member_no), plate, direction.upper(), moment)
    click.echo("reported · 已上报")


def _told(sync: CircleSync) -> dict[str, Any]:
    return {
        "transaction_id": sync.transaction_id,
        "state": sync.state,
        "amount_fen": sync.amount_fen,
        "points": sync.points,
        "remark": sync.remark,
        "paid_at": in_shop_time(sync.paid_at).isoformat(),
        "attempts": sync.attempts,
        "error": sync.error,
    }
