"""The public list of sales, with what is left of each item: at most a second old."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from miniprogram_api.core.clock import in_shop_time, now
from miniprogram_api.core.db import db
from miniprogram_api.core.memory import Memory
from miniprogram_api.http.language import language
from points_mall.catalogue.shipping import shipping_fen
from points_mall.stock.remaining import remaining_of
from points_mall.tiers.ladder import tier_of_rank

from .models import FlashSale
from .sales import Sale, SaleItem, read_all, sale_of
from .states import SaleState

AHEAD, BACK = timedelta(days=7), timedelta(days=1)
MOST_SHOWN = 50

Shown = list[tuple[Sale, dict[str, Any]]]

_ORDER = {SaleState.RUNNING: 0, SaleState.UPCOMING: 1, SaleState.ENDED: 2}


def shown_sales() -> dict[str, Any]:
    """Sales of the next seven days and of the last one: running, then coming, then over.

    States are of this very moment, whatever was kept.
    """
    moment = now()
    kept = _list.get(language()) or []
    told = [(sale, body, sale.state_at(moment)) for sale, body in kept]
    told.sort(key=lambda one: _place(one[0], one[2]))
    return {
        "items": [{**body, "state": state.value} for _, body, state in told],
        "next_cursor": None,
        "server_time": _told(moment),
    }


def shown_sale(sale_id: int) -> dict[str, Any]:
    """One sale, however long ago it was.

    :raises NoSuchSale: there is none.
    """
    sale, moment = sale_of(sale_id), now()
    body = _body(sale, remaining_of(item.pool_id for item in sale.items))
    return {**body, "state": sale.state_at(moment).value, "server_time": _told(moment)}


def forget_cached() -> None:
    """Read the list anew at the next question (for tests)."""
    _list.forget()


def _read(_language: str) -> Shown:
    moment = now()
    ids = db.session.scalars(
        sa.select(FlashSale.id)
        .where(FlashSale.ends_at > moment - BACK, FlashSale.starts_at < moment + AHEAD)
        .where(sa.or_(FlashSale.closed_at.is_(None), FlashSale.closed_at > moment - BACK))
        .order_by(FlashSale.ends_at.desc(), FlashSale.id)
        .limit(10 * MOST_SHOWN)
    ).all()
    sales = sorted(read_all(ids), key=lambda sale: _place(sale, sale.state_at(moment)))
    left = remaining_of(item.pool_id for sale in sales[:MOST_SHOWN] for item in sale.items)
    return [(sale, _body(sale, left)) for sale in sales[:MOST_SHOWN]]


_list = Memory("flash_sale.shown", _read)


def _place(sale: Sale, state: SaleState) -> tuple[int, float, int]:
    """What ends soonest, what starts soonest, what ended last."""
    at = {
        SaleState.RUNNING: sale.over_at.timestamp(),
        SaleState.UPCOMING: sale.starts_at.timestamp(),
        SaleState.ENDED: -sale.over_at.timestamp(),
    }
    return _ORDER[state], at[state], sale.id


def _body(sale: Sale, left: Mapping[int, int]) -> dict[str, Any]:
    return {
        "id": str(sale.id),
        "campaign": sale.campaign,
        "title": sale.title,
        "starts_at": _told(sale.starts_at),
        "ends_at": _told(sale.over_at),
        "items": [_item(item, left[item.pool_id]) for item in sale.items],
    }


def _item(item: SaleItem, remaining: int) -> dict[str, Any]:
    return {
        "id": str(item.id),
        "title": item.title,
        "points_price": item.points_price,
        "cash_fen": item.cash_fen,
        "shipping_fen": shipping_fen(item.fulfilment),
        "stock": item.stock,
        "remaining": max(0, remaining),
        "allowance": item.allowance,
        "min_tier": _tier(item.min_tier_rank),
        "fulfilment": item.fulfilment,
        "reward_id": item.reward_id and str(item.reward_id),
    }


def _tier(rank: int) -> dict[str, str] | None:
    if rank == 0:
        return None
    tier = tier_of_rank(rank)
    return {"code": tier.code, "name": tier.name(language())}


def _told(moment: datetime) -> str:
    return in_shop_time(moment).isoformat()
