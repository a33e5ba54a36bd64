"""Goods: what the shop sells for money, with its price and the category that earning rules know."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import cast

import sqlalchemy as sa

from miniprogram_api.core import bulk
from miniprogram_api.core.clock import now
from miniprogram_api.core.db import db, retrying, transaction

from .errors import GoodsNotValid, NoSuchProduct
from .models import Product
from .terms import is_picture

RESERVED_CATEGORIES = frozenset({"top_up", "redemption", "shipping"})
"""What the shop itself calls a stored value and the cash half of an order; no product may."""

table = cast(sa.Table, Product.__table__)


@dataclass(frozen=True)
class Goods:
    """A product as the merchant writes it down; see `models.Product`."""

    sku: str
    title: str
    category: str
    price_fen: int
    picture: str = ""
    position: int = 0
    is_listed: bool = True


@retrying
def load(goods: Sequence[Goods]) -> int:
    """Put goods on sale, or change those whose sku is known; answer how many that were.

    What was bought before keeps the price that it had.

    :raises GoodsNotValid: one of them cannot be sold so; nothing has changed.
    """
    _check(goods)
    moment = now()
    rows = [{**asdict(one), "changed_at": moment} for one in goods]
    with transaction() as session:
        bulk.insert_missing(session, table, rows)
        bulk.update(session, table, rows, key=("sku",))
    return len(rows)


@retrying
def set_listed(sku: str, *, is_listed: bool) -> None:
    """Sell a product, or sell it no longer.

    :raises NoSuchProduct: there is none.
    """
    with transaction() as session:
        product = session.scalar(sa.select(Product).filter_by(sku=sku).with_for_update())
        if product is None:
            raise NoSuchProduct(f"no product {sku}")
        product.is_listed, product.changed_at = is_listed, now()


def listed() -> sa.Select[Product]:
    """Every product that is on sale."""
    return sa.select(Product).where(Product.is_listed)


def everything() -> list[Product]:
    """Every product, on sale or not, as the shelf is ordered."""
    query = sa.select(Product).order_by(Product.position.desc(), Product.id.desc())
    return list(db.session.scalars(query))


def on_sale(skus: Iterable[str]) -> dict[str, Product]:
    """The products of these skus, as they are sold right now.

    :raises NoSuchProduct: one is not on sale.
    """
    wanted = sorted(set(skus))
    found = {one.sku: one for one in db.session.scalars(listed().where(table.c.sku.in_(wanted)))}
    for sku in wanted:
        if sku not in found:
            raise NoSuchProduct(f"no product {sku} is on sale", sku=sku)
    return found


def _check(goods: Sequence[Goods]) -> None:
    skus = [one.sku for one in goods]
    if len(set(skus)) != len(skus):
        raise GoodsNotValid("two products have one sku")
    for one in goods:
        if one.price_fen <= 0:
            raise GoodsNotValid(f"{one.sku}: price_fen must be above zero")
        if one.category in RESERVED_CATEGORIES:
            raise GoodsNotValid(f"{one.sku}: the category {one.category} is the shop's own")
        if one.picture and not is_picture(one.picture):
            raise GoodsNotValid(f"{one.sku}: pictures are https addresses or paths under /static/")
