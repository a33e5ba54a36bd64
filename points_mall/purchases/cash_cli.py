"""`flask purchases refund | refunds | reconcile`: money that goes back, and what WeChat knows of it."""

import json
from dataclasses import asdict
from typing import Any

import click
import sqlalchemy as sa

from miniprogram_api.commands import actor
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db

from . import reconciling
from .cli import as_json, limit, purchases_cli
from .facts import Outcome, RecordedRefund
from .refunding import refund_purchase
from .wechat_models import RefundStage, WechatRefund

HAPPENED = {
    Outcome.WAITING: "已申请，等待微信退款 · asked of WeChat",
    Outcome.RECORDED: "已退款 · refunded",
    Outcome.REPEATED: "之前已申请过 · asked for before",
}


class LineAmount(click.ParamType[tuple[int, int]]):
    """`2:9900`: so many fen of that line."""

    name = "LINE:FEN"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        """Read a line and its amount."""
        line_no, _, fen = str(value).partition(":")
        if not (line_no.isascii() and line_no.isdigit() and fen.isascii() and fen.isdigit()):
            self.fail("写成 行号:金额（分） · write LINE:FEN, as 2:9900", param, ctx)
        return int(line_no), int(fen)


@purchases_cli.command("refund")
@click.argument("purchase_no")
@click.option("--amount-fen", type=click.IntRange(1), help="退款总值（分） · value to give back")
@click.option("--line", "lines", type=LineAmount(), multiple=True, help="按行退款 · by line")
@click.option("--all", "is_all", is_flag=True, help="退还剩余全部 · all that is left")
@click.option("--reason", required=True, help="原因，顾客可见 · why; the shopper sees it")
@click.option("--reference", help="同一原因只退一次 · of the cause, so that a repeat refunds once")
@click.option("--dry-run", is_flag=True, help="只试算 · tell what it would move")
@as_json
def refund_command(
    purchase_no: str,
    amount_fen: int | None,
    lines: tuple[tuple[int, int], ...],
    *,
    is_all: bool,
    reason: str,
    reference: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """为一笔消费退款 · Refund a purchase. Exit code 1: refused, nothing moved."""
    if (amount_fen is not None) + bool(lines) + is_all != 1:
        raise click.UsageError("--amount-fen, --line, --all: 选其一 · give one of them")
    if len(dict(lines)) != len(lines):
        raise click.UsageError("--line: 同一行写了两次 · a line is named twice")
    done = refund_purchase(
        purchase_no,
        amount_fen=amount_fen,
        lines=dict(lines) or None,
        reason=reason,
        actor=actor(),
        reference=reference,
        dry_run=dry_run,
    )
    _show(done, is_dry=dry_run, as_json=as_json)


@purchases_cli.command("refunds")
@click.option("--state", type=click.Choice([stage.value for stage in RefundStage]))
@limit
@as_json
def refunds_command(state: str | None, limit: int, *, as_json: bool) -> None:
    """退回微信的现金到了哪一步 · How far the cash of refunds is, the latest first."""
    query = sa.select(WechatRefund).order_by(WechatRefund.id.desc()).limit(limit)
    found = db.session.scalars(query if state is None else query.filter_by(state=state))
    told = [_told(one) for one in found]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for one in told:
        facts = (one["out_refund_no"], one["state"], one["refund_fen"], one["asked_at"])
        click.echo("  ".join(map(str, facts)) + (f"  {one['note']}" if one["note"] else ""))


@purchases_cli.command("reconcile")
def reconcile_command() -> None:
    """向微信查询未知结果的付款与退款 · Ask WeChat about what nobody told us."""
    click.echo(f"{reconciling.reconcile()} settled")


def _show(done: RecordedRefund, *, is_dry: bool, as_json: bool) -> None:
    figures = asdict(done)
    figures.pop("refusal")
    figures["outcome"] = "dry_run" if is_dry else done.outcome.value
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False))
        return
    happened = "试算 · dry run" if is_dry else HAPPENED[done.outcome]
    click.echo(f"{happened}  {done.refund_no}")
    for name, figure in figures.items():
        if isinstance(figure, int) and figure:
            click.echo(f"  {name}  {figure}")


def _told(refund: WechatRefund) -> dict[str, Any]:
    return {
        "out_refund_no": refund.out_refund_no,
        "purchase_no": refund.out_trade_no,
        "refund_no": refund.refund_no,
        "refund_fen": refund.refund_fen,
        "state": refund.state,
        "note": refund.note,
        "attempts": refund.attempts,
        "asked_at": in_shop_time(refund.asked_at).isoformat(),
    }
