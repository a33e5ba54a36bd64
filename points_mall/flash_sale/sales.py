"""Sales as claims and lists need them: immutable facts, read at most once a second by a process."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa

from miniprogram_api.core.bulk import among
from miniprogram_api.core.clock import in_shop_time
from miniprogram_api.core.db import db
from miniprogram_api.core.memory import Memory
from points_mall.redemption import reasons
from points_mall.redemption.placing import Offer

from . import states
from .errors import NoSuchItem, NoSuchSale
from .models import FlashSale, FlashSaleItem
from .states import SaleState

SOURCE = "flash_sale"

_sales = cast(sa.Table, FlashSale.__table__)
_items = cast(sa.Table, FlashSaleItem.__table__)
_SALES = sa.select(_sales).where(among(_sales.c.id, "ids"))
_ITEMS = (
    sa.select(_items).where(among(_items.c.sale_id, "ids")).order_by(_items.c.sale_id, "position")
)


@dataclass(frozen=True)
class SaleItem:
    """An item of a sale, and the offer that a claim of it places."""

    id: int
    title: str
    points_price: int
    cash_fen: int
    stock: int
    allowance: int | None
    min_tier_rank: int
    fulfilment: str
    reward_id: int | None
    pool_id: int
    offer: Offer


@dataclass(frozen=True)
class Sale:
    """A sale and its items, in the merchant's order."""

    id: int
    campaign: str
    title: str
    starts_at: datetime
    ends_at: datetime
    closed_at: datetime | None
    items: tuple[SaleItem, ...]

    def state_at(self, moment: datetime) -> SaleState:
        """Where it stands at a moment."""
        return states.state_at(moment, self.starts_at, self.ends_at, self.closed_at)

    @property
    def over_at(self) -> datetime:
        """When it ends, or was ended."""
        return states.end_of(self.starts_at, self.ends_at, self.closed_at)

    def item(self, item_id: int) -> SaleItem:
        """One of its items.

        :raises NoSuchItem: it is none of this sale's.
        """
        for item in self.items:
            if item.id == item_id:
                return item
        raise NoSuchItem(f"flash sale {self.id} has no item {item_id}")


def sale_of(sale_id: int) -> Sale:
    """A sale as this process has read it, a second ago at most.

    :raises NoSuchSale: there is none.
    """
    sale = _facts.get(sale_id)
    if sale is None:
        raise NoSuchSale(f"no flash sale {sale_id}")
    return sale


def read_all(sale_ids: Sequence[int]) -> list[Sale]:
    """Sales as the database has them, in the order of `sale_ids`, in two statements."""
    rows = db.session.execute(_SALES, {"ids": list(sale_ids)}).all()
    items = defaultdict(list)
    for row in db.session.execute(_ITEMS, {"ids": list(sale_ids)}):
        items[row.sale_id].append(_item(row))
    sales = {row.id: _sale(row, items[row.id]) for row in rows}
    return [sales[sale_id] for sale_id in sale_ids if sale_id in sales]


def forget_cached() -> None:
    """Read sales anew at the next question (for tests, and after a change by this process)."""
    _facts.forget()


def _read(sale_id: int) -> Sale | None:
    found = read_all([sale_id])
    return found[0] if found else None


_facts = Memory("flash_sale.facts", _read)


def _sale(row: Any, items: Iterable[SaleItem]) -> Sale:
    return Sale(
        row.id,
        row.campaign,
        row.title,
        row.starts_at,
        row.ends_at,
        row.closed_at,
        tuple(items),
    )


def _item(row: Any) -> SaleItem:
    return SaleItem(
        id=row.id,
        title=row.title,
        points_price=row.points_price,
        cash_fen=row.cash_fen,
        stock=row.stock,
        allowance=row.allowance,
        min_tier_rank=row.min_tier_rank,
        fulfilment=row.fulfilment,
        reward_id=row.reward_id,
        pool_id=row.pool_id,
        offer=_offer(row),
    )


def _offer(row: Any) -> Offer:
    return Offer(
        source=SOURCE,
        source_id=row.id,
        pool_id=row.pool_id,
        title=row.title,
        points=row.points_price,
        cash_fen=row.cash_fen,
        fulfilment=row.fulfilment,
        is_stocked=row.is_stocked,
        reason=reasons.FLASH_SALE,
        describe=_described,
        is_cancellable=row.is_cancellable,
    )


def _described(order: dict[str, Any], points_available: int) -> dict[str, Any]:
    """The answer to a claim, kept for its repeats."""
    told = {
        "order_no": order["order_no"],
        "item_id": str(order["source_id"]),
        "points": order["points"],
        "status": str(order["status"]),
        "points_available": points_available,
    }
    if order["pickup_code"] is not None:
        told["pickup_code"] = order["pickup_code"]
    if order["pay_by"] is not None:
        told["cash_fen"] = order["cash_fen"]
        told["pay_by"] = in_shop_time(order["pay_by"]).isoformat()
    return told
