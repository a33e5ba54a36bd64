"""`flask goods …`: the merchant's hand on what is sold for money."""

import json
from pathlib import Path
from typing import Any

import click

from miniprogram_api.commands import AppGroup, a_file, read_json

from . import goods
from .goods_file import read
from .models import Product

goods_cli = AppGroup("goods", help="在售商品 · What is sold for money.")
by_sku = click.argument("sku")


@goods_cli.command("load")
@a_file
def load_command(file: Path) -> None:
    """按 FILE（JSON）上架或更新商品 · Put the goods of FILE on sale, or change them.

    Exit code 1: refused, nothing changed.
    """
    found = read_json(file, read, "商品")
    count = goods.load(found)
    click.echo(f"{count} loaded")


@goods_cli.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
def list_command(*, as_json: bool) -> None:
    """所有商品与价格 · Every product with its price."""
    found = goods.everything()
    if as_json:
        click.echo(json.dumps([_spelt(one) for one in found], ensure_ascii=False))
        return
    for one in found:
        mark = " " if one.is_listed else "✗"
        click.echo(f"{mark} {one.sku:<16} {one.price_fen:>9}  {one.category:<12} {one.title}")


@goods_cli.command("unlist")
@by_sku
@click.option("--back", is_flag=True, help="重新上架 · sell it again")
def unlist_command(sku: str, *, back: bool) -> None:
    """下架 · Sell a product no longer."""
    goods.set_listed(sku, is_listed=back)
    click.echo("listed" if back else "unlisted")


def _spelt(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "title": product.title,
        "category": product.category,
        "price_fen": product.price_fen,
        "is_listed": product.is_listed,
    }
