"""`flask purchases …`: what was bought, what was told of it, and the proof that both agree."""

import json
import sys
from datetime import datetime
from typing import Any

import click
import sqlalchemy as sa

from miniprogram_api.commands import AppGroup
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.members.accounts import member_id_of_no

from . import audit, draining, loading
from .loading import purchases
from .models import PaymentNotice, Purchase, PurchaseRefund
from .states import NoticeState, PurchaseStatus

purchases_cli = AppGroup(
    "purchases", help="消费与退款 · What members bought, and what was refunded."
)
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
limit = click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
FINDINGS_SHOWN = 100


@purchases_cli.command("list")
@click.option("--member", "member_no", help="会员号 · of this member only")
@click.option("--status", type=click.Choice([status.value for status in PurchaseStatus]))
@limit
@as_json
def list_command(member_no: str | None, status: str | None, limit: int, *, as_json: bool) -> None:
    """最近的消费 · The latest purchases."""
    query = sa.select(Purchase).order_by(Purchase.id.desc()).limit(limit)
    if status:
        query = query.filter_by(status=status)
    if member_no:
        query = query.filter_by(member_id=member_id_of_no(member_no))
    found = list(db.session.scalars(query))
    if as_json:
        click.echo(json.dumps([_told(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        facts = (one.purchase_no, one.status, one.source, one.total_fen, one.refunded_fen)
        click.echo("  ".join(map(str, (*facts, one.points_earned, one.title))))


@purchases_cli.command("show")
@click.argument("purchase_no")
def show_command(purchase_no: str) -> None:
    """查看一笔消费 · One purchase, with its lines and everything told of its refunds."""
    session = db.session()
    rows = session.execute(sa.select(purchases).filter_by(purchase_no=purchase_no)).all()
    for purchase in loading.with_lines(session, rows).values():
        refunds = session.scalars(
            sa.select(PurchaseRefund)
            .filter_by(purchase_source=purchase.source, purchase_external_id=purchase.external_id)
            .order_by(PurchaseRefund.id)
        )
        told = {
            **_plain(vars(purchase) | {"lines": [vars(line) for line in purchase.lines]}),
            "refunds": [_told(refund) for refund in refunds],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    raise click.ClickException(f"没有这笔消费 · no purchase {purchase_no}")


@purchases_cli.command("notices")
@click.option("--state", type=click.Choice([state.value for state in NoticeState]))
@limit
@as_json
def notices_command(state: str | None, limit: int, *, as_json: bool) -> None:
    """收到的支付通知 · What payment systems told us, the latest first, and what became of it."""
    query = sa.select(PaymentNotice).order_by(PaymentNotice.id.desc()).limit(limit)
    found = list(db.session.scalars(query.filter_by(state=state) if state else query))
    if as_json:
        told = [_told(one, without=("resource",)) for one in found]  # it names its payer
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in found:
        facts = (one.id, one.state, one.source, one.event_type, one.notice_id, one.note or "")
        click.echo("  ".join(map(str, facts)).rstrip())


@purchases_cli.command("drain")
@click.option("--failed", multiple=True, type=int, help="重试失败通知 · a failed notice, again")
@click.option("--waiting", is_flag=True, help="重试待处理通知 · those that wait, again")
def drain_command(failed: tuple[int, ...], *, waiting: bool) -> None:
    """处理收件箱 · Apply what the inbox holds. Exit code 1: a notice named by --failed is not there."""
    again = draining.try_failed_again(failed) if failed else 0
    if waiting:
        draining.try_again()
    click.echo(f"{draining.drain()} applied")
    if again < len(set(failed)):
        raise click.ClickException(f"{len(set(failed)) - again} 条不是失败通知 · had not failed")


@purchases_cli.command("verify")
@as_json
def verify_command(*, as_json: bool) -> None:
    """核对消费 · Compare purchases with points, wallets and growth. Exit code 1: something differs."""
    db.session.rollback()
    found = list(audit.findings(db.session()))
    if as_json:
        told = {"findings": [audit.as_json(one) for one in found]}
        click.echo(json.dumps(told, ensure_ascii=False, default=str))
    else:
        for one in found[:FINDINGS_SHOWN]:
            click.echo(str(one))
        click.echo(f"{len(found)} findings")
    if found:
        sys.exit(1)


def _told(row: Any, without: tuple[str, ...] = ()) -> dict[str, Any]:
    names = (column.key for column in row.__table__.columns if column.key not in without)
    return _plain({name: getattr(row, name) for name in names})


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        name: in_shop_time(value).isoformat() if isinstance(value, datetime) else value
        for name, value in facts.items()
    }
