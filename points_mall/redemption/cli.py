"""`flask redemptions …`: orders at the counter and in the post room, until pages take them over."""

import json
from typing import Any

import click

from miniprogram_api.commands import AppGroup

from . import services
from .answers import told_in_full, told_order
from .models import RedemptionOrder
from .orders import order_with, recent
from .personal import reseal_addresses
from .pickup import confirm_pickup, look_up_pickup
from .states import OrderStatus

CALLER = "cli"

redemptions_cli = AppGroup("redemptions", help="积分兑换订单 · Orders paid in points.")
by_number = click.argument("order_no")


@redemptions_cli.command("pickup")
@click.argument("code")
@click.option("--look", is_flag=True, help="只查询，不核销 · look it up, hand nothing over")
def pickup_command(code: str, *, look: bool) -> None:
    """核销 CODE · Hand over the order of a pick-up code. Exit code 1: refused."""
    act = look_up_pickup if look else confirm_pickup
    _show(act(code, caller=CALLER))


@redemptions_cli.command("ready")
@by_number
def ready_command(order_no: str) -> None:
    """到店可取 · The reward waits at the counter now."""
    services.mark_ready(order_no)
    _show(order_with(order_no))


@redemptions_cli.command("ship")
@by_number
@click.option("--carrier", required=True, help="快递公司 · who carries it")
@click.option("--tracking-no", required=True, help="运单号 · the carrier's number")
def ship_command(order_no: str, carrier: str, tracking_no: str) -> None:
    """发货 · The reward is on its way."""
    services.ship(order_no, carrier, tracking_no)
    _show(order_with(order_no))


@redemptions_cli.command("receive")
@by_number
def receive_command(order_no: str) -> None:
    """已签收 · The parcel has arrived."""
    services.receive(order_no)
    _show(order_with(order_no))


@redemptions_cli.command("show")
@by_number
@click.option("--address", is_flag=True, help="显示收货地址 · with the address, for who sends it")
def show_command(order_no: str, *, address: bool) -> None:
    """查看订单 · One order."""
    order = order_with(order_no)
    told = told_in_full(order) if address else told_order(order)
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))


@redemptions_cli.command("list")
@click.option("--status", type=click.Choice([status.value for status in OrderStatus]))
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_command(status: str | None, limit: int, *, as_json: bool) -> None:
    """最近的订单 · The latest orders."""
    found = recent(OrderStatus(status) if status else None, limit)
    if as_json:
        told = [told_order(order) for order in found]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for order in found:
        _show(order)


@redemptions_cli.command("reseal")
def reseal_command() -> None:
    """更换 FIELD_KEYS 后，用最新密钥重新加密收货地址 · Encrypt addresses anew with the newest key."""
    total, after_id = 0, 0
    while True:
        count, last = reseal_addresses(after_id=after_id)
        total += count
        if last is None:
            break
        after_id = last
    click.echo(f"{total} resealed")


def _show(order: RedemptionOrder) -> None:
    facts: tuple[Any, ...] = (order.order_no, order.status, order.quantity, order.title)
    click.echo("  ".join(map(str, facts)))
