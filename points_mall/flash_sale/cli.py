"""`flask flash-sale …`: the merchant's hand on sales, until pages take it over."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa

from miniprogram_api.commands import AppGroup, a_file, actor, read_json
from miniprogram_api.core.clock import in_shop_time, now, shop_zone
from miniprogram_api.core.db import db
from points_mall.stock.remaining import remaining_of

from . import services
from .models import FlashSale
from .sale_file import read
from .sales import Sale, read_all

flash_sale_cli = AppGroup("flash-sale", help="积分秒杀 · Flash sales.")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
by_count = click.option("--by", "count", type=click.IntRange(1), required=True, help="件数 · units")
a_moment = click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"])


@flash_sale_cli.command("create")
@a_file
def create_command(file: Path) -> None:
    """发布 FILE（JSON）中的场次 · Publish the sales of FILE. Exit code 1: refused, nothing changed."""
    terms = read_json(file, read, "活动")
    sale_ids = services.create(terms, actor=actor())
    click.echo(json.dumps({"flash_sale_ids": [str(sale_id) for sale_id in sale_ids]}))


@flash_sale_cli.command("list")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@as_json
def list_command(limit: int, *, as_json: bool) -> None:
    """场次、商品与剩余数量，最近的在前 · Sales, the latest first, with what is left."""
    ids = db.session.scalars(
        sa.select(FlashSale.id).order_by(FlashSale.starts_at.desc(), FlashSale.id).limit(limit)
    ).all()
    found = [_spelt(sale) for sale in read_all(ids)]
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False))
        return
    for sale in found:
        click.echo(f"#{sale['id']} {sale['state']:<8} {sale['starts_at']} {sale['title']}")
        for item in sale["items"]:
            left = f"{item['remaining']}/{item['stock']}"
            click.echo(f"    item {item['id']}: {left} × {item['points_price']} {item['title']}")


@flash_sale_cli.command("change")
@click.argument("sale_id", type=int)
@click.option("--title", help="名称 · its name")
@click.option("--starts-at", type=a_moment, help="开始，商城时间 · by the shop's clock")
@click.option("--ends-at", type=a_moment, help="结束，商城时间 · by the shop's clock")
def change_command(
    sale_id: int, title: str | None, starts_at: datetime | None, ends_at: datetime | None
) -> None:
    """修改名称或时间；库存与订单不变 · Change name or times; units and orders stay."""
    services.change(
        sale_id, title=title, starts_at=_shop_time(starts_at), ends_at=_shop_time(ends_at)
    )
    click.echo("changed")


@flash_sale_cli.command("close")
@click.argument("sale_id", type=int)
def close_command(sale_id: int) -> None:
    """立即结束一个场次 · End a sale now; its orders stay."""
    services.close(sale_id)
    click.echo("closed")


@flash_sale_cli.command("raise")
@click.argument("item_id", type=int)
@by_count
def raise_command(item_id: int, count: int) -> None:
    """增加库存 · Add units to an item, while it runs."""
    stock = services.change_stock(item_id, count)
    click.echo(f"库存 stock {stock}")


@flash_sale_cli.command("lower")
@click.argument("item_id", type=int)
@by_count
def lower_command(item_id: int, count: int) -> None:
    """减少库存，只减未售出的 · Take free units away; owned ones stay."""
    stock = services.change_stock(item_id, -count)
    click.echo(f"库存 stock {stock}")


def _shop_time(wall_clock: datetime | None) -> datetime | None:
    return wall_clock and wall_clock.replace(tzinfo=shop_zone())


def _spelt(sale: Sale) -> dict[str, Any]:
    left = remaining_of(item.pool_id for item in sale.items)
    return {
        "id": str(sale.id),
        "campaign": sale.campaign,
        "title": sale.title,
        "state": sale.state_at(now()).value,
        "starts_at": in_shop_time(sale.starts_at).isoformat(),
        "ends_at": in_shop_time(sale.over_at).isoformat(),
        "items": [
            {
                "id": str(item.id),
                "title": item.title,
                "points_price": item.points_price,
                "stock": item.stock,
                "remaining": left[item.pool_id],
            }
            for item in sale.items
        ],
    }
